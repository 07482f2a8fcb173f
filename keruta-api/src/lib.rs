//! The wire types of the keruta API: what the server, the agent and other clients send each other, and no logic.
//!
//! JSON in camelCase; times are RFC 3339 in UTC; errors are problem documents ([RFC 9457]).
//!
//! [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457

mod access;
mod artifact;
mod attempt;
mod audit;
#[cfg(feature = "client")]
pub mod client;
mod document;
mod event;
mod log;
mod notification;
mod operation;
mod page;
mod problem;
mod receipt;
mod repository;
mod role;
mod secret;
mod settings;
mod statistics;
mod status;
mod storage;
mod task;
#[cfg(feature = "wire")]
pub mod wire;

pub use access::{
    CreatedToken, Login, Me, NewToken, NewUser, PasswordChange, Session, SignInMethods, SignInProvider, Token, User,
    UserUpdate,
};
pub use artifact::Artifact;
pub use attempt::{
    AttemptPhase, AttemptStatus, AttemptVerdict, CapturedEntry, CapturedGap, CapturedLine, CapturedLog, LogCursor,
};
pub use audit::AuditEntry;
pub use document::{Document, DocumentUpdate, NewDocument};
pub use event::TaskEvent;
pub use log::{
    LogAppended, LogHit, LogHits, LogLevel, LogLevels, LogLine, LogPage, LogRecord, LogSourceSummary, LogSummary,
};
pub use notification::{
    ChannelTarget, EmailTarget, ErrorLogged, Notification, NotificationChannel, NotificationChannelSpec,
    NotificationEvent, NotificationRule, NotificationRuleSpec, NotificationScope, NotificationState,
    NotificationTrigger, SlackTarget, SmtpSecurity, TaskFailed, TaskStuck, UnknownWord,
};
pub use operation::{
    BackgroundJob, BackgroundJobProgress, BackgroundJobState, ClusterCheck, ClusterCheckResult, ClusterTest,
    ServerSettingsDocument, TaskRemoval, TaskRemovalState,
};
pub use page::Page;
pub use problem::{FieldProblem, Problem};
pub use receipt::{Receipt, ReceiptOutcome};
pub use repository::{NewRepository, Repository, RepositoryUpdate};
pub use role::{Role, UnknownRole};
pub use secret::SecretReference;
pub use settings::{SettingChange, SettingOrigin, SettingsDocument};
pub use statistics::{Statistics, StatisticsPart, StatusCounts};
pub use status::TaskStatus;
pub use storage::{ArtifactUse, LogUse, StorageUse};
pub use task::{NewEpoch, ProgressUpdate, Status, StatusUpdate, Task, TaskProgress};

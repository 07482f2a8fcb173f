//! Notifications: people are told of tasks that failed, of errors in logs, and of tasks that are stuck.
//!
//! What is to be told stands in the store's outbox, written in the transaction of what it tells of. The replica that runs the
//! tasks sends it ([`Notifier`]): at least once, several in one message under a burst.

mod address;
mod check;
mod email;
mod failure;
mod message;
mod plan;
mod scope;
mod sender;
mod slack;
mod text;

pub use check::{Channel, Rule};
pub use failure::SendError;
pub use message::Message;
pub use sender::{Notifier, NotifyOptions};

pub use plan::Due;
pub(crate) use plan::{TRIES, backoff};
pub(crate) use scope::covers;
pub(crate) use text::{REASON_MAX, one_line};

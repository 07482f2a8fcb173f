//! Notifications: who is told of what, and what became of it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::SecretReference;

/// A way to reach people: mailboxes, or a channel of Slack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NotificationChannel {
    /// What a rule's `channelId` names.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// Where it leads.
    pub target: ChannelTarget,
    /// Nothing is sent before this time: the other side asked for a pause, or did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub held_until: Option<Timestamp>,
    /// Grows with every change by a person; the `ETag`.
    pub version: i64,
    /// When it was created.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When a person last changed it.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub updated_at: Timestamp,
}

/// What a channel is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NotificationChannelSpec {
    /// A name for people: one line.
    pub name: String,
    /// Where it leads.
    pub target: ChannelTarget,
}

/// Where a channel leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ChannelTarget {
    /// To mailboxes, by SMTP.
    Email(EmailTarget),
    /// To a channel of Slack, by an incoming webhook.
    Slack(SlackTarget),
}

/// Mailboxes, and the server that takes mail for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailTarget {
    /// The SMTP server.
    pub host: String,
    /// Its port; 587 with STARTTLS and 465 with TLS where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How the connection is encrypted.
    #[serde(default)]
    pub security: SmtpSecurity,
    /// A certificate authority that is trusted beside the system's, in PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_certificate: Option<String>,
    /// Who signs in there; nobody where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Where the password is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretReference>,
    /// The sender: `keruta@example.com`, `Keruta <keruta@example.com>`.
    pub from: String,
    /// The recipients.
    pub to: Vec<String>,
}

/// How a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    /// From its second word on; a server that cannot is left.
    #[default]
    StartTls,
    /// From the start.
    Tls,
}

/// An incoming webhook of Slack, or of what speaks as it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SlackTarget {
    /// Where the webhook's URL is, which is a secret.
    pub webhook_url: SecretReference,
}

/// A rule: of what, of which tasks, and by which channel somebody is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NotificationRule {
    /// Its id.
    pub id: String,
    /// A name for people: one line.
    pub name: String,
    /// Whether it is in force.
    pub enabled: bool,
    /// The channel.
    pub channel_id: String,
    /// Of what.
    pub trigger: NotificationTrigger,
    /// Of which tasks.
    pub scope: NotificationScope,
    /// Of one task there is one notification in so many seconds.
    pub window_seconds: u32,
    /// Grows with every change; the `ETag`.
    pub version: i64,
    /// When it was created.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When it last changed.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub updated_at: Timestamp,
}

/// What a rule is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NotificationRuleSpec {
    /// A name for people: one line.
    pub name: String,
    /// Whether it is in force.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The channel.
    pub channel_id: String,
    /// Of what.
    pub trigger: NotificationTrigger,
    /// Of which tasks; of all where it is absent.
    #[serde(default)]
    pub scope: NotificationScope,
    /// Of one task there is one notification in so many seconds; what else happens meanwhile is counted in it. 0 tells of
    /// everything.
    #[serde(default = "window")]
    #[cfg_attr(feature = "openapi", schema(maximum = 2_592_000))]
    pub window_seconds: u32,
}

const fn yes() -> bool {
    true
}

const fn window() -> u32 {
    900
}

/// Of what somebody is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum NotificationTrigger {
    /// An attempt has failed for good.
    TaskFailed(TaskFailed),
    /// A line of the level ERROR stands in a log.
    ErrorLogged(ErrorLogged),
    /// A task waits or runs for too long; told once of each attempt's waiting, and once of its running.
    TaskStuck(TaskStuck),
}

/// An attempt has failed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaskFailed {}

/// A line of the level ERROR stands in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErrorLogged {}

/// A task waits or runs for too long. One of the two is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaskStuck {
    /// It is PENDING for longer than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub waiting_seconds: Option<u32>,
    /// It is `IN_PROGRESS` or `WAITING_FOR_INPUT` for longer than this since it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub running_seconds: Option<u32>,
}

/// Of which tasks: those that fit every list that is not empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NotificationScope {
    /// Of one of these namespaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Of one of these repositories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repository_ids: Vec<String>,
    /// Of one of these Kueue queues.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<String>,
    /// One of these tasks, or of their children's children.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub root_task_ids: Vec<String>,
}

/// Something that somebody is, or was, to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Its id.
    pub id: String,
    /// Of what.
    pub event: NotificationEvent,
    /// The rule; a test has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<String>,
    /// The channel.
    pub channel_id: String,
    /// The task; a test has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The task's title, as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The namespace of the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What happened, in a sentence.
    pub reason: String,
    /// How often, with what was not told again.
    pub occurrences: u64,
    /// What became of it.
    pub state: NotificationState,
    /// How often it was tried to send it.
    pub tries: u32,
    /// What went wrong the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When it happened first.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When it is tried next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub next_try_at: Option<Timestamp>,
    /// When it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub sent_at: Option<Timestamp>,
}

/// Of what somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum NotificationEvent {
    /// An attempt has failed for good.
    TaskFailed,
    /// A line of the level ERROR stands in a log.
    ErrorLogged,
    /// A task waits or runs for too long.
    TaskStuck,
    /// Somebody tries a channel.
    Test,
}

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum NotificationState {
    /// It is to be sent.
    Pending,
    /// It is being sent.
    Sending,
    /// The other side has taken it.
    Sent,
    /// It was given up.
    Failed,
}

/// A word that is not in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownWord;

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is not known here")
    }
}

impl std::error::Error for UnknownWord {}

macro_rules! words {
    ($($name:ident { $($variant:ident = $word:literal),+ })+) => { $(
        impl $name {
            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word { $($word => Ok(Self::$variant),)+ _ => Err(UnknownWord) }
            }
        }
    )+ };
}

words! {
    NotificationEvent { TaskFailed = "taskFailed", ErrorLogged = "errorLogged", TaskStuck = "taskStuck", Test = "test" }
    NotificationState { Pending = "pending", Sending = "sending", Sent = "sent", Failed = "failed" }
}

impl NotificationTrigger {
    /// The event that it waits for.
    ///
    /// ```
    /// use keruta_api::{NotificationEvent, NotificationTrigger, TaskStuck};
    ///
    /// let stuck = NotificationTrigger::TaskStuck(TaskStuck { waiting_seconds: Some(600), running_seconds: None });
    /// assert_eq!(stuck.event(), NotificationEvent::TaskStuck);
    /// assert_eq!(serde_json::to_string(&stuck).unwrap(), r#"{"taskStuck":{"waitingSeconds":600}}"#);
    /// ```
    #[must_use]
    pub const fn event(&self) -> NotificationEvent {
        match self {
            Self::TaskFailed(_) => NotificationEvent::TaskFailed,
            Self::ErrorLogged(_) => NotificationEvent::ErrorLogged,
            Self::TaskStuck(_) => NotificationEvent::TaskStuck,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_wire() {
        for event in ["taskFailed", "errorLogged", "taskStuck", "test"] {
            let word: NotificationEvent = serde_json::from_value(event.into()).unwrap();
            assert_eq!((word.as_str(), event.parse()), (event, Ok(word)));
        }
        for state in ["pending", "sending", "sent", "failed"] {
            let word: NotificationState = serde_json::from_value(state.into()).unwrap();
            assert_eq!((word.as_str(), state.parse()), (state, Ok(word)));
        }
        assert_eq!("Sent".parse::<NotificationState>(), Err(UnknownWord));
    }

    #[test]
    fn a_rule_is_read_with_its_defaults() {
        let rule: NotificationRuleSpec =
            serde_json::from_str(r#"{"name": "n", "channelId": "c", "trigger": {"taskFailed": {}}}"#).unwrap();
        assert!(rule.enabled && rule.window_seconds == 900 && rule.scope == NotificationScope::default());
        let unknown = r#"{"name": "n", "channelId": "c", "trigger": {"taskFailed": {"x": 1}}}"#;
        assert!(serde_json::from_str::<NotificationRuleSpec>(unknown).is_err());
    }
}

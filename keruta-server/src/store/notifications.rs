//! Notifications: channels, rules, and the outbox, which is written in the transaction of what is told.

mod causes;
mod channels;
mod outbox;
mod rules;
mod stuck;

pub(super) use causes::{LoggedErrors, errors_logged, task_failed};
pub use outbox::{OutboxFilter, OutboxMessage, Outcome};

/// An object of the audit log.
fn object(kind: &str, id: &str) -> String {
    format!("{kind}/{id}")
}

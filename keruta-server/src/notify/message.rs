//! What a message says. Pure.

use std::fmt::Write as _;

use keruta_api::{Notification, NotificationEvent};

use super::text::{REASON_MAX, one_line};
use crate::external::ExternalUrl;

/// How many notifications a digest names.
const NAMED: usize = 20;
const ID_MAX: usize = 80;
const TITLE_MAX: usize = 100;

/// A message of one or several notifications: plain text.
///
/// ```
/// use keruta_api::Notification;
/// use keruta_server::notify::Message;
///
/// let failed: Notification = serde_json::from_str(
///     r#"{"id": "n", "event": "taskFailed", "channelId": "c", "taskId": "task-1", "title": "Fix\r\nBcc: x", "attempt": 2,
///         "reason": "the container main ended with 3", "occurrences": 1, "state": "pending", "tries": 0,
///         "createdAt": "2027-01-15T08:00:00Z"}"#,
/// ).unwrap();
/// let server = "https://keruta.example.com".parse().unwrap();
/// let message = Message::of("n", &[failed], Some(&server));
/// assert_eq!(message.subject, "[keruta] task-1 failed: Fix Bcc: x");
/// assert!(message.text.contains("the container main ended with 3"));
/// assert!(message.text.ends_with("https://keruta.example.com/tasks/task-1\n"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same for the same message sent again.
    pub id: String,
    /// One line.
    pub subject: String,
    /// Lines.
    pub text: String,
}

impl Message {
    /// The message of notifications that are sent together, with links to where more is told.
    #[must_use]
    pub fn of(id: &str, together: &[Notification], links: Option<&ExternalUrl>) -> Self {
        let (subject, mut text) = match together {
            [one] => (headline(one), detail(one)),
            several => (summary(several), list(several)),
        };
        if let Some(url) = links {
            let place = match together {
                [Notification { task_id: Some(task), .. }] => url.at(["tasks", task]),
                _ => url.at(["notifications"]),
            };
            let _ = writeln!(text, "\n{place}");
        }
        Self { id: id.to_owned(), subject: format!("[keruta] {subject}"), text }
    }
}

fn task_of(notification: &Notification) -> String {
    one_line(notification.task_id.as_deref().unwrap_or("a task"), ID_MAX)
}

fn what(notification: &Notification) -> String {
    match notification.event {
        NotificationEvent::TaskFailed => "failed".to_owned(),
        NotificationEvent::ErrorLogged if notification.occurrences > 1 => {
            format!("logged {} errors", notification.occurrences)
        }
        NotificationEvent::ErrorLogged => "logged an error".to_owned(),
        NotificationEvent::TaskStuck => "is stuck".to_owned(),
        NotificationEvent::Test => "is a test".to_owned(),
    }
}

/// `task-1 failed: Fix the login`.
fn headline(notification: &Notification) -> String {
    if notification.event == NotificationEvent::Test {
        return "test of a notification channel".to_owned();
    }
    let mut line = format!("{} {}", task_of(notification), what(notification));
    let title = one_line(notification.title.as_deref().unwrap_or_default(), TITLE_MAX);
    if !title.is_empty() {
        let _ = write!(line, ": {title}");
    }
    line
}

fn detail(notification: &Notification) -> String {
    let mut text = format!("{}\n\n{}\n\n", headline(notification), one_line(&notification.reason, REASON_MAX));
    if let Some(namespace) = &notification.namespace {
        let _ = writeln!(text, "Namespace: {}", one_line(namespace, ID_MAX));
    }
    if let Some(attempt) = notification.attempt {
        let _ = writeln!(text, "Attempt: {attempt}");
    }
    if notification.occurrences > 1 && notification.event != NotificationEvent::ErrorLogged {
        let _ = writeln!(text, "Times: {}", notification.occurrences);
    }
    let _ = writeln!(text, "At: {}", notification.created_at);
    text
}

/// `57 notifications: 40 failed, 17 logged errors`.
fn summary(several: &[Notification]) -> String {
    let count = |event| several.iter().filter(|notification| notification.event == event).count();
    let kinds = [
        (count(NotificationEvent::TaskFailed), "failed"),
        (count(NotificationEvent::ErrorLogged), "logged errors"),
        (count(NotificationEvent::TaskStuck), "stuck"),
    ];
    let kinds: Vec<String> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    format!("{} notifications: {}", several.len(), kinds.join(", "))
}

fn list(several: &[Notification]) -> String {
    let mut text = format!("{}\n\n", summary(several));
    for notification in several.iter().take(NAMED) {
        let _ = writeln!(text, "- {} ({})", headline(notification), one_line(&notification.reason, TITLE_MAX));
    }
    if several.len() > NAMED {
        let _ = writeln!(text, "\nand {} more; GET /api/v1/notifications lists them all", several.len() - NAMED);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::notification;
    use super::*;

    #[test]
    fn a_burst_is_told_in_a_few_lines() {
        let several: Vec<Notification> = (0..57)
            .map(|index| {
                let event = if index < 40 { NotificationEvent::TaskFailed } else { NotificationEvent::TaskStuck };
                notification(&index.to_string(), event)
            })
            .collect();
        let message = Message::of("0", &several, None);
        assert_eq!(message.subject, "[keruta] 57 notifications: 40 failed, 17 stuck");
        assert!(message.text.contains("- task-0 failed (it failed)\n") && message.text.contains("and 37 more"));
        assert_eq!(message.text.lines().count(), 2 + NAMED + 2);
        assert_eq!(Message::of("0", &several, None), message);
    }

    #[test]
    fn what_a_task_writes_is_one_line_each() {
        let mut hostile = notification("1", NotificationEvent::ErrorLogged);
        hostile.title = Some("x\n\nNamespace: prod\u{202e}".to_owned());
        hostile.reason = "<!channel>\u{1b}[2J\r\n.\r\nQUIT".to_owned();
        hostile.occurrences = 3;
        let message = Message::of("1", &[hostile], None);
        assert_eq!(message.subject, "[keruta] task-1 logged 3 errors: x Namespace: prod");
        assert!(!message.subject.contains(char::is_control));
        assert!(!message.text.chars().any(|character| character.is_control() && character != '\n'));
        assert!(message.text.contains("<!channel> [2J . QUIT\n"), "{}", message.text);
    }
}

//! What a run says of its own doing.

use std::time::Duration;

use keruta_input::diagnostic::human::Message;
use keruta_submitter::watch::WatchError;
use keruta_submitter::{Cause, Evidence, Outcome, Verdict};

use crate::cli::view::{self, Ended};

/// How to come back to tasks that go on.
pub(super) fn way_back(left: &[Ended]) -> Option<Message> {
    let first = &left.first()?.attempt;
    let what = match left.len() {
        1 => format!("{} goes on", first.task),
        many => format!("{many} tasks go on"),
    };
    let namespace = &first.namespace;
    let task = if left.len() == 1 { first.task.as_str() } else { "TASK" };
    let back = format!("keruta-submitter logs -f -n {namespace} {task}\nkeruta-submitter status -n {namespace}");
    Some(Message::warning(what).help(format!("to look on:\n{back}\nto see it through: the same command again")))
}

/// That nothing is heard from the cluster, or is again.
pub(in crate::cli::commands) fn silence(error: Option<&WatchError>) -> Message {
    match error {
        Some(error) => Message::warning(format!("nothing is heard from the cluster: {error}"))
            .help("nothing is to be done: what was submitted goes on there, and this goes on when the cluster answers"),
        None => Message::warning("the cluster answers again"),
    }
}

/// What a second Ctrl-C makes of a task.
pub(super) fn cancelled() -> Verdict {
    let evidence = Evidence { summary: "Ctrl-C was pressed twice".to_owned(), ..Evidence::default() };
    Verdict { outcome: Outcome::Cancelled, retryable: false, evidence }
}

/// What `--timeout` makes of a task.
pub(super) fn timed_out(limit: Duration, doing: Option<String>) -> Verdict {
    let evidence = Evidence {
        summary: match doing {
            Some(doing) => format!("it had not ended {} after its submission: {doing}", view::seconds(limit)),
            None => format!("it had not ended {} after its submission", view::seconds(limit)),
        },
        cure: Some("give it more time with --timeout, or find out what it waits for".to_owned()),
        ..Evidence::default()
    };
    Verdict { outcome: Outcome::Failed(Cause::Deadline), retryable: false, evidence }
}

//! Evidence, and sentences for a person.

use crate::observe::{ObservedContainer, ObservedPod, Termination};
use crate::verdict::{Cause, Evidence, Outcome, Verdict};

/// A failure with its evidence.
pub(super) const fn failed(cause: Cause, retryable: bool, evidence: Evidence) -> Verdict {
    Verdict { outcome: Outcome::Failed(cause), retryable, evidence }
}

/// Evidence that names a Pod.
pub(super) fn of_pod(pod: &ObservedPod) -> Evidence {
    Evidence {
        pod: Some(pod.name.to_string()),
        node: pod.node.as_deref().map(str::to_owned),
        reason: pod.reason.as_deref().map(str::to_owned),
        message: pod.message.as_deref().map(str::to_owned),
        ..Evidence::default()
    }
}

/// Evidence that names a container and how it ended. The exit code of one that never started is not its own, and left out.
pub(super) fn of_end(pod: &ObservedPod, container: &ObservedContainer, end: &Termination) -> Evidence {
    Evidence {
        container: Some(container.name.to_string()),
        exit_code: end.started_at.map(|_| end.exit_code),
        signal: end.started_at.and_then(|_| end.signal()),
        reason: end.reason.as_deref().map(str::to_owned),
        message: end.message.as_deref().map(str::to_owned),
        started_at: end.started_at,
        finished_at: end.finished_at,
        ..of_pod(pod)
    }
}

/// "ended with exit code 3", "was ended by signal 9 (SIGKILL)".
pub(super) fn how_ended(end: &Termination) -> String {
    match end.signal() {
        Some(signal) => match signal_name(signal) {
            Some(name) => format!("was ended by signal {signal} ({name})"),
            None => format!("was ended by signal {signal}"),
        },
        None => format!("ended with exit code {}", end.exit_code),
    }
}

/// The last line of a text, cut to what fits into a sentence.
pub(super) fn last_line(text: Option<&str>) -> Option<String> {
    const MOST: usize = 160;
    let line = text?.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    let mut short: String = line.chars().filter(|char| !char.is_control()).take(MOST).collect();
    if line.chars().count() > MOST {
        short.push('…');
    }
    Some(short)
}

/// `sentence: detail`, or the sentence alone.
pub(super) fn with_detail(sentence: String, detail: Option<&str>) -> String {
    match last_line(detail) {
        Some(detail) => format!("{sentence}: {detail}"),
        None => sentence,
    }
}

/// The signals that end containers in practice, as Linux numbers them on x86-64 and ARM.
const fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return None,
    })
}

//! Evidence, and sentences for a person.

use anstream::adapter::strip_str;

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

/// The line of a text that tells most: the last one that speaks of an error, else the last. Standard output and error reach
/// the log in no certain order, so the very last line need not be it. Of a long line, its beginning and its end, where
/// chains of errors have their cause.
fn telling_line(text: Option<&str>) -> Option<String> {
    const HEAD: usize = 90;
    const TAIL: usize = 130;
    const SIGNS: [&str; 6] = ["error", "fatal", "panic", "exception", "failed", "cannot"];
    let plain = strip_str(text?).to_string();
    // Of a progress bar, which writes one line many times, what it ended with.
    let last_writing = |line| str::trim_end(line).rsplit('\r').next().unwrap_or_default().trim();
    let mut lines = plain.lines().rev().map(last_writing).filter(|line| !line.is_empty());
    let speaks = |line: &str| {
        let line = line.to_ascii_lowercase();
        SIGNS.iter().any(|sign| line.contains(sign))
    };
    let line = lines.clone().find(|line| speaks(line)).or_else(|| lines.next())?;
    let chars: Vec<char> = line.chars().filter(|char| !char.is_control()).collect();
    match (chars.get(..HEAD), chars.len().checked_sub(TAIL).and_then(|start| chars.get(start..))) {
        (Some(head), Some(tail)) if chars.len() > HEAD + TAIL => {
            Some(head.iter().chain(&[' ', '…', ' ']).chain(tail).collect())
        }
        _ => Some(chars.into_iter().collect()),
    }
}

/// `sentence: detail`, or the sentence alone.
pub(super) fn with_detail(sentence: String, detail: Option<&str>) -> String {
    match telling_line(detail) {
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

#[cfg(test)]
mod tests {
    use super::telling_line;

    #[test]
    fn a_line_is_quoted_as_a_person_saw_it() {
        for (text, told) in [
            (
                "\u{1b}[1mok\u{1b}[0m\n\u{1b}[1;31mtest result: FAILED\u{1b}[0m. 1 failed\n",
                "test result: FAILED. 1 failed",
            ),
            ("\u{1b}]0;title\u{7}bye", "bye"),
            ("10%\r55%\r100%\r\n", "100%"),
            ("an error\nbye\n", "an error"),
            ("a\u{8}b\tc", "abc"),
        ] {
            assert_eq!(telling_line(Some(text)).as_deref(), Some(told), "{text:?}");
        }
        assert_eq!(telling_line(Some("\u{1b}[0m\n \n")), None);
    }
}

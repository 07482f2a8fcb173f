//! What the agent leaves in a container's termination message.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How a container's run of a task ended, as its agent saw it: one line of JSON in the container's termination message.
///
/// It is known by its `kerutaReceipt`, the version of its form; whoever reads an unknown version takes the message for a text.
///
/// ```
/// use keruta_api::{Receipt, ReceiptOutcome};
///
/// let line = r#"{"kerutaReceipt":1,"task":"a","attempt":1,"outcome":"interrupted","exitCode":143,"signal":15,
///     "startedAt":"2026-11-30T10:00:00Z","finishedAt":"2026-11-30T10:00:09Z"}"#;
/// let receipt = Receipt::read(line).unwrap();
/// assert_eq!(receipt.outcome, ReceiptOutcome::Interrupted);
/// assert_eq!(Receipt::read("panic: out of cheese"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The version of the form: [`Receipt::VERSION`].
    pub keruta_receipt: u32,
    /// The task.
    pub task: String,
    /// The attempt, from 1; 0 where the agent was not told.
    pub attempt: u32,
    /// What became of the run.
    pub outcome: ReceiptOutcome,
    /// What the container ended with.
    pub exit_code: u8,
    /// The signal that ended the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// In a sentence, where there is more to say than the outcome does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the agent began.
    pub started_at: Timestamp,
    /// When the command had ended.
    pub finished_at: Timestamp,
    /// Whether the agent was to send the log, and did: what [`Receipt::lines_lost`] does not count has reached the API.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub log_sent: bool,
    /// Lines of the log that did not reach the API, where the agent was to send it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lines_lost: u64,
    /// The last lines of the output.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tail: String,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReceiptOutcome {
    /// The command ended with 0, and nobody had told it to end.
    Completed,
    /// The command ended by itself, and not with 0; or it could not be started.
    Failed,
    /// It took longer than its time limit.
    TimedOut,
    /// The API told the agent that the task is cancelled.
    Cancelled,
    /// The container was told to end by a signal before the command had: its Pod was evicted, preempted, drained or deleted.
    Interrupted,
}

impl Receipt {
    /// The version that is written.
    pub const VERSION: u32 = 1;
    /// The longest termination message that the kubelet keeps.
    /// [Source](https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/).
    pub const LONGEST: usize = 4096;

    /// Reads a termination message; `None` where it is no receipt of a version that is known.
    #[must_use]
    pub fn read(message: &str) -> Option<Self> {
        let message = message.trim();
        if !message.starts_with('{') || message.len() > Self::LONGEST {
            return None;
        }
        let receipt: Self = serde_json::from_str(message).ok()?;
        (receipt.keruta_receipt == Self::VERSION).then_some(receipt)
    }

    /// The line, at most [`Receipt::LONGEST`] bytes: where it would be longer, the tail loses its beginning, and then the reason
    /// its end.
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut receipt = self.clone();
        loop {
            // Texts and numbers always serialize.
            let line = serde_json::to_string(&receipt).unwrap_or_default();
            let Some(over) = line.len().checked_sub(Self::LONGEST).filter(|over| *over > 0) else { return line };
            if !receipt.tail.is_empty() {
                // An escaped character takes more room in the line than in the text, so this may need a few rounds.
                let cut = over.div_ceil(6).max(1).min(receipt.tail.len());
                let cut = (cut..=receipt.tail.len()).find(|&at| receipt.tail.is_char_boundary(at));
                receipt.tail.drain(..cut.unwrap_or(receipt.tail.len()));
            } else if let Some(reason) = receipt.reason.as_mut().filter(|reason| !reason.is_empty()) {
                let keep = reason.len().saturating_sub(over.div_ceil(6).max(1));
                let keep = (0..=keep).rev().find(|&at| reason.is_char_boundary(at)).unwrap_or(0);
                reason.truncate(keep);
            } else {
                return line;
            }
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(tail: &str, reason: Option<&str>) -> Receipt {
        Receipt {
            keruta_receipt: Receipt::VERSION,
            task: "a".to_owned(),
            attempt: 1,
            outcome: ReceiptOutcome::Failed,
            exit_code: 3,
            signal: None,
            reason: reason.map(str::to_owned),
            started_at: Timestamp::UNIX_EPOCH,
            finished_at: Timestamp::UNIX_EPOCH,
            log_sent: false,
            lines_lost: 0,
            tail: tail.to_owned(),
        }
    }

    #[test]
    fn a_line_reads_back() {
        let receipt = receipt("one\ntwo \u{1b}[31m\"", Some("why"));
        assert_eq!(Receipt::read(&receipt.to_line()), Some(receipt));
    }

    #[test]
    fn a_long_one_keeps_its_end_and_never_more_than_fits() {
        for filling in ["x", "\"", "\u{1}", "日本", "é\n"] {
            let tail = format!("{}END", filling.repeat(5000));
            let line = receipt(&tail, Some(&"why ".repeat(2000))).to_line();
            assert!(line.len() <= Receipt::LONGEST, "{filling:?}: {}", line.len());
            assert!(line.len() > Receipt::LONGEST - 200, "{filling:?}: {}", line.len());
            let line = receipt(&tail, None).to_line();
            assert!(line.len() > Receipt::LONGEST - 20, "{filling:?}: {}", line.len());
            assert!(Receipt::read(&line).unwrap().tail.ends_with("END"));
        }
    }

    #[test]
    fn what_is_no_receipt_is_a_text() {
        for text in ["", "{}", "error: x", "{\"kerutaReceipt\":2}", "[1]"] {
            assert_eq!(Receipt::read(text), None, "{text}");
        }
        let newer = receipt("", None).to_line().replace("\"kerutaReceipt\":1", "\"kerutaReceipt\":2");
        assert_eq!(Receipt::read(&newer), None);
    }
}

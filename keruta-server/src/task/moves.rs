//! Which status may follow which.

use keruta_api::TaskStatus;

use super::QueueState;

/// Whether an attempt that stands at `from` may come to stand at `to`. A final status never changes; only a retry, which is
/// another attempt, leads on from it.
///
/// ```
/// use keruta_api::TaskStatus::{Completed, Failed, InProgress, Pending};
/// use keruta_server::task::can_follow;
///
/// assert!(can_follow(Pending, InProgress) && can_follow(Pending, Failed));
/// assert!(!can_follow(Completed, Failed) && !can_follow(InProgress, Pending));
/// ```
#[must_use]
pub const fn can_follow(from: TaskStatus, to: TaskStatus) -> bool {
    use TaskStatus::{Cancelled, Completed, Failed, InProgress, Pending, WaitingForInput};
    match (from, to) {
        // A quick one is seen at its end for the first time.
        (Pending, InProgress | WaitingForInput)
        | (InProgress, WaitingForInput)
        | (WaitingForInput, InProgress)
        | (Pending | InProgress | WaitingForInput, Completed | Failed | Cancelled) => true,
        (Pending | InProgress | WaitingForInput | Completed | Failed | Cancelled, _) => false,
    }
}

/// Whether what was asked for may be changed: not while an attempt at it is under way, which would then not be what the task
/// says.
#[must_use]
pub const fn is_editable(state: QueueState) -> bool {
    matches!(state, QueueState::Queued | QueueState::Ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_an_end_and_every_task_can_end() {
        for from in TaskStatus::ALL {
            for to in TaskStatus::ALL {
                assert!(!(from.is_final() && can_follow(from, to)), "{from} to {to}");
                assert!(from != to || !can_follow(from, to), "{from}");
                assert!(from.is_final() || !to.is_final() || can_follow(from, to), "{from} to {to}");
                assert!(to != TaskStatus::Pending || !can_follow(from, to), "{from} to {to}");
            }
        }
    }
}

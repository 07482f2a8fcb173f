//! What the agent ends with.
//!
//! A command's own exit code is handed through, and `128 + n` stands for its end by signal `n`, as in a shell. The codes from 240
//! to 243 are the agent's own: the Job's `podFailurePolicy` names them, so that none of them is tried again.

/// The task is not valid: it does not exist, or has nothing to run.
pub const INVALID_TASK: u8 = 240;
/// The API refused the agent.
pub const REFUSED: u8 = 241;
/// The task ran out of its time.
pub const OUT_OF_TIME: u8 = 242;
/// The task was cancelled.
pub const CANCELLED: u8 = 243;

/// The agent was called in a way that it does not know.
pub const USAGE: u8 = 2;
/// What a utility of the agent was asked for did not work.
pub const UTILITY: u8 = 1;
/// The command cannot be run: it is no program, or may not be run.
pub const NOT_EXECUTABLE: u8 = 126;
/// There is no such command.
pub const NOT_FOUND: u8 = 127;
/// A failure of the agent's own that another Pod may not have.
pub const AGENT: u8 = 125;

/// The exit code that stands for the end by a signal.
#[must_use]
pub fn of_signal(signal: i32) -> u8 {
    // Signals are numbers from 1 to 64.
    u8::try_from(signal).map_or(AGENT, |signal| signal.saturating_add(128))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_signal_is_told_as_a_shell_does() {
        assert_eq!((super::of_signal(15), super::of_signal(9)), (143, 137));
    }
}

//! How the program ends.

use std::process::ExitCode;

use keruta_submitter::{Cause, Outcome, Verdict};

/// What an exit code says; the codes are part of the program's contract. Of several, the last of this list counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// All is well: the task is completed.
    Fine,
    /// A task or the settings are invalid.
    Invalid,
    /// A task was cancelled or timed out.
    Stopped,
    /// A task failed, or a check did.
    Failed,
    /// A task failed with this exit code, and the code was asked for.
    OfTask(u8),
    /// The cluster could not or would not, or a file could not be read or written.
    Cluster,
    /// The command line makes no sense.
    Usage,
    /// The user went away before the end; the tasks go on.
    Detached,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Invalid => 3,
            Self::Stopped => 4,
            Self::Cluster => 5,
            // What a shell says of a program that Ctrl-C ended.
            Self::Detached => 130,
            Self::OfTask(code) => code,
        }
    }

    /// What a verdict makes of a run; with the container's own code where that is asked for.
    pub(crate) fn of_verdict(verdict: &Verdict, from_task: bool) -> Self {
        match verdict.outcome {
            Outcome::Completed => Self::Fine,
            Outcome::Cancelled | Outcome::Failed(Cause::Deadline) => Self::Stopped,
            Outcome::Failed(_) => {
                let code = verdict.evidence.exit_code.and_then(|code| u8::try_from(code).ok()).filter(|code| *code > 0);
                code.filter(|_| from_task).map_or(Self::Failed, Self::OfTask)
            }
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl From<keruta_input::exit::Exit> for Exit {
    fn from(exit: keruta_input::exit::Exit) -> Self {
        use keruta_input::exit::Exit as Input;
        match exit {
            Input::Fine => Self::Fine,
            Input::Findings => Self::Failed,
            Input::Usage => Self::Usage,
            Input::Invalid => Self::Invalid,
            Input::Io => Self::Cluster,
        }
    }
}

#[cfg(test)]
mod tests {
    use keruta_submitter::Evidence;

    use super::*;

    #[test]
    fn a_container_gives_its_code_where_asked() {
        let verdict = |outcome, exit_code| Verdict {
            outcome,
            retryable: false,
            evidence: Evidence { exit_code, ..Evidence::default() },
        };
        let failed = verdict(Outcome::Failed(Cause::CommandFailed), Some(42));
        assert_eq!(Exit::of_verdict(&failed, true).code(), 42);
        assert_eq!(Exit::of_verdict(&failed, false).code(), 1);
        assert_eq!(Exit::of_verdict(&verdict(Outcome::Failed(Cause::Evicted), Some(0)), true).code(), 1);
        assert_eq!(Exit::of_verdict(&verdict(Outcome::Failed(Cause::Unknown), Some(-1)), true).code(), 1);
        assert_eq!(Exit::of_verdict(&verdict(Outcome::Failed(Cause::Deadline), Some(143)), true).code(), 4);
        assert_eq!(Exit::of_verdict(&verdict(Outcome::Completed, Some(0)), true).code(), 0);
    }
}

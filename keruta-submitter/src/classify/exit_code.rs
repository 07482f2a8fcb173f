//! What the exit codes of keruta's own steps and agent mean, in words.

use keruta_manifest::plan::{AGENT_FATAL_EXIT_CODES, STEP_FATAL_EXIT_CODES};

/// The meaning of an exit code, what to do about it (or nothing), and whether another attempt may fare better.
pub(super) struct Meaning {
    pub(super) words: &'static str,
    pub(super) cure: &'static str,
    pub(super) retryable: bool,
}

/// The init steps that keruta names itself.
const OWN_STEPS: [&str; 2] = ["git-clone", "setup"];

/// What an exit code of one of keruta's own init steps means; `None` for the steps that the task names.
///
/// Codes from 10 to 19 tell of the network or a lock, which may be better the next time. Those of
/// [`STEP_FATAL_EXIT_CODES`] stay.
pub(super) fn of_step(step: &str, code: i32) -> Option<Meaning> {
    if !OWN_STEPS.contains(&step) {
        return None;
    }
    let is_clone = step == "git-clone";
    let (words, cure) = match code {
        2 => ("it was called with wrong arguments", "correct the task's repository fields"),
        10 if is_clone => ("the repository's server could not be reached", AGAIN),
        10 => ("the keruta API did not answer", AGAIN),
        11 => ("another Pod held the workspace's lock for too long", AGAIN),
        20 if is_clone => (
            "the repository or ref does not exist, or access was refused",
            "correct the repository's URL or ref, or give the task credentials for it",
        ),
        20 => ("the keruta API refused it", "look at the task's repositoryId, documentId and API token"),
        21 if is_clone => (
            "the workspace holds something that the checkout would destroy",
            "save what lies in the workspace, or take another one",
        ),
        21 => ("the workspace is not writable", "let the Pod's user or fsGroup write to the workspace"),
        22 => {
            ("its image lacks a tool", "take the image that the settings name by default, or one with the same tools")
        }
        30 => ("the repository's setup script failed", "look at the step's log, and mend the script"),
        _ => return None,
    };
    let retryable = !STEP_FATAL_EXIT_CODES.contains(&code) && (10..20).contains(&code);
    Some(Meaning { words, cure, retryable })
}

const AGAIN: &str = "start another attempt";

/// What a reserved exit code of the agent means. Other programs may end with it too: ask only where the Job has ended by its
/// `podFailurePolicy`, which reserves them.
pub(super) fn of_agent(code: i32) -> Option<Meaning> {
    if !AGENT_FATAL_EXIT_CODES.contains(&code) {
        return None;
    }
    let (words, cure) = match code {
        240 => ("the agent found the task invalid", "correct the task"),
        241 => ("the keruta API refused the agent", "look at the API token that the task was given"),
        AGENT_OUT_OF_TIME => ("the agent says that the task ran out of its time", "raise timeoutSeconds"),
        AGENT_CANCELLED => ("the agent was told to cancel", ""),
        _ => ("the agent gave up", ""),
    };
    Some(Meaning { words, cure, retryable: false })
}

/// The agent's code for a task that took longer than its limit.
pub(super) const AGENT_OUT_OF_TIME: i32 = 242;

/// The agent's code for a task that was cancelled.
pub(super) const AGENT_CANCELLED: i32 = 243;

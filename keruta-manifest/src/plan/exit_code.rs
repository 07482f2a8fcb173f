//! Exit codes that end a Job at once, because a retry cannot help.

/// What the agent ends with when it, and not the task's command, has failed for good: 240 the task is not valid,
/// 241 the API refused the agent, 242 the task ran out of its time, 243 it was cancelled.
pub const AGENT_FATAL_EXIT_CODES: [i32; 4] = [240, 241, 242, 243];

/// What keruta's own init steps end with when a retry cannot help: 2 wrong arguments, 20 refused or missing,
/// 21 the workspace holds something that would be lost, 22 the image lacks a tool.
pub const STEP_FATAL_EXIT_CODES: [i32; 4] = [2, 20, 21, 22];

//! The labels and annotations by which keruta knows its objects: what [`render`](crate::render::render) writes and a
//! submitter reads.

/// The label `app`, whose value is [`APP_NAME`], on every object of a task and on its Pods.
pub const APP: &str = "app";
/// The value of the labels [`APP`] and [`MANAGED_BY`].
pub const APP_NAME: &str = "keruta";
/// The label that says which tool manages an object; absent under the Kotlin preset.
/// [Source](https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/).
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The label with the task's id, or with its rewritten form under `names: hashed`. The annotation of
/// [`FULL_TASK_ID`] then holds the id itself.
pub const TASK_ID: &str = "task-id";
/// The label with the id of the root task, which all Pods of one workspace share.
pub const WORKSPACE: &str = "keruta.dev/workspace";

/// The Job's annotation with the number of the attempt, counted from 1.
pub const ATTEMPT: &str = "keruta.dev/attempt";
/// The Job's annotation with the whole title.
pub const TITLE: &str = "keruta.dev/title";
/// The Job's annotation with the parent's task id.
pub const PARENT: &str = "keruta.dev/parent";
/// The Job's annotation with the whole task id, where the label holds a rewritten one.
pub const FULL_TASK_ID: &str = "keruta.dev/task-id";
/// The Job's annotation with the SHA-256 of what it does: equal for two renderings of one attempt, however the task's
/// status and time of change differ.
pub const SPEC_HASH: &str = "keruta.dev/spec-hash";
/// The claim's annotation that tells a reaper what becomes of it: `delete-with-task`, or `after 72h`; absent to keep it.
pub const RETENTION: &str = "keruta.dev/retention";
/// The Pod's annotation with the name of the container whose log its agent sends to the API, so that nobody else reads it as long as
/// the agent does.
pub const AGENT_LOG: &str = "keruta.dev/agent-log";

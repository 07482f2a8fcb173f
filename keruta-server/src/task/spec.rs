//! What was asked for.

use keruta_manifest::Task;
use keruta_manifest::problem::Problems;
use serde_json::{Map, Value};

/// The fields that say where a task stands ([`keruta_api::Task`]): the server's to fill, not part of what was asked for.
const SERVERS: [&str; 13] = [
    "status",
    "attempt",
    "version",
    "rootTaskId",
    "createdAt",
    "updatedAt",
    "startedAt",
    "finishedAt",
    "jobName",
    "phase",
    "progress",
    "waitingFor",
    "verdict",
];

/// What was asked for: a task that the manifest library has accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskSpec(Box<Task>);

impl TaskSpec {
    /// Reads it from JSON. What only the server may say (`status`, `attempt`, `version`, times and so on) is passed over, so
    /// that a task as the API gave it can be given back.
    ///
    /// # Errors
    ///
    /// Every problem of the text.
    ///
    /// ```
    /// use keruta_server::task::TaskSpec;
    ///
    /// let spec = TaskSpec::from_json(r#"{"id": "task-1", "priority": 3, "status": "FAILED", "version": 7}"#).unwrap();
    /// assert_eq!((spec.id(), spec.priority()), ("task-1", 3));
    /// assert!(spec.to_json().get("status").is_none());
    /// ```
    pub fn from_json(text: &str) -> Result<Self, Problems> {
        let mine = match serde_json::from_str(text) {
            Ok(Value::Object(mut fields)) if SERVERS.iter().any(|name| fields.contains_key(*name)) => {
                fields.retain(|name, _| !SERVERS.contains(&name.as_str()));
                Some(Value::Object(fields).to_string())
            }
            // What is no object is the parser's to complain of.
            _ => None,
        };
        Task::from_json(mine.as_deref().unwrap_or(text)).map(Self::of)
    }

    /// Takes a task that is there already.
    #[must_use]
    pub fn of(mut task: Task) -> Self {
        (task.status, task.created_at, task.updated_at, task.attempt, task.root_task_id) =
            (None, None, None, None, None);
        Self(Box::new(task))
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.id.as_str()
    }

    /// The task that it continues.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        self.0.parent_id.as_ref().map(keruta_manifest::value::TaskId::as_str)
    }

    /// The queue's priority, higher first; 0 where nothing is said.
    #[must_use]
    pub fn priority(&self) -> i64 {
        self.0.priority.unwrap_or(0)
    }

    /// One line that says what it is.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.0.title.as_ref().map(keruta_manifest::value::Text::as_str)
    }

    /// The namespace that it names.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.0.namespace.as_ref().map(keruta_manifest::value::DnsLabel::as_str)
    }

    /// The whole of it.
    #[must_use]
    pub const fn task(&self) -> &Task {
        &self.0
    }

    /// As JSON, without the fields that say where a task stands.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        // A task is made of texts, numbers and maps with texts as keys: always JSON.
        let Ok(Value::Object(mut fields)) = serde_json::to_value(&*self.0) else { return Map::new() };
        fields.retain(|name, _| !SERVERS.contains(&name.as_str()));
        fields
    }
}

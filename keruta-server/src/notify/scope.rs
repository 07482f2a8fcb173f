//! Which tasks a rule is about. Pure.

use keruta_api::NotificationScope;
use keruta_manifest::value::LabelValue;

use crate::task::StoredTask;

/// Whether a task is one of those that a rule is about.
pub(crate) fn covers(scope: &NotificationScope, task: &StoredTask) -> bool {
    let asked = task.spec.task();
    let any = |list: &[String], value: Option<&str>| {
        list.is_empty() || value.is_some_and(|value| list.iter().any(|item| item == value))
    };
    any(&scope.namespaces, Some(&task.namespace))
        && any(&scope.repository_ids, asked.repository_id.as_ref().map(LabelValue::as_str))
        && any(&scope.queues, asked.queue.as_ref().map(LabelValue::as_str))
        && any(&scope.root_task_ids, Some(&task.root_id))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use keruta_api::TaskStatus;

    use super::*;
    use crate::task::{QueueState, TaskSpec};

    #[test]
    fn every_list_that_is_not_empty_must_have_it() {
        let now = Timestamp::UNIX_EPOCH;
        let spec = r#"{"id": "child", "repositoryId": "r-1", "queue": "gpu", "parentId": "root"}"#;
        let task = StoredTask {
            spec: TaskSpec::from_json(spec).unwrap(),
            namespace: "team-a".to_owned(),
            root_id: "root".to_owned(),
            position: 1,
            status: TaskStatus::Failed,
            state: QueueState::Ended,
            attempt: 1,
            epoch: 0,
            version: 1,
            not_before: None,
            waiting_for: None,
            cancel: None,
            job_name: None,
            phase: None,
            progress: None,
            verdict: None,
            created_at: now,
            updated_at: now,
            started_at: None,
            finished_at: None,
        };
        for (scope, covered) in [
            (r"{}", true),
            (r#"{"namespaces": ["team-b", "team-a"]}"#, true),
            (r#"{"namespaces": ["team-b"]}"#, false),
            (r#"{"namespaces": ["team"]}"#, false),
            (r#"{"repositoryIds": ["r-1"], "queues": ["gpu"]}"#, true),
            (r#"{"repositoryIds": ["r-1"], "queues": ["cpu"]}"#, false),
            (r#"{"rootTaskIds": ["root"]}"#, true),
            (r#"{"rootTaskIds": ["child"]}"#, false),
        ] {
            let scope: NotificationScope = serde_json::from_str(scope).unwrap();
            assert_eq!(covers(&scope, &task), covered, "{scope:?}");
        }
        let bare = StoredTask { spec: TaskSpec::from_json(r#"{"id": "a"}"#).unwrap(), ..task };
        let scope = NotificationScope { queues: vec!["gpu".to_owned()], ..NotificationScope::default() };
        assert!(!covers(&scope, &bare));
    }
}

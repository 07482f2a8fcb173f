//! What `kubectl apply` says to a stream, the first time and later.

use serde_json::json;

use crate::case::{Case, has_line};

/// No repository, no settings but the defaults; the API's token does not exist.
pub(crate) fn a_minimal_task_completes(case: &Case<'_>) {
    case.runs(
        &json!({"id": "minimal", "script": "echo \"hello from $KERUTA_TASK_ID\""}),
        "Complete: CompletionsReached",
    );
    assert_eq!(case.said("minimal"), "hello from minimal\n");
}

pub(crate) fn what_was_applied_is_unchanged_and_another_status_is_refused(case: &Case<'_>) {
    let task = |status: &str| {
        json!({
            "id": "again", "title": "Once more: $(HOME)", "status": status, "backoffLimit": 0,
            "script": "#!/bin/sh\ncat /etc/file.txt", "workspace": {"kind": "pvc"},
            "files": [{"path": "/etc/file.txt", "content": "content\n"}],
            "initSteps": [{"sleep": {"duration": "1s"}}],
            "timeoutSeconds": "10m",
        })
    };
    let manifest = case.render(&[task("PENDING")]);
    let first = case.apply(&manifest);
    assert!(first.lines().count() == 3 && first.lines().all(|line| line.ends_with(" created")), "{first}");
    case.ends("keruta-job-again", "Complete: CompletionsReached");
    has_line(&case.said("again"), "content");

    let second = case.apply(&manifest);
    assert!(second.lines().all(|line| line.ends_with(" unchanged")), "{second}");
    let diff = case.lab.try_kubectl(&["diff", "-f", "-"], &manifest);
    assert!(diff.status.success(), "{}", String::from_utf8_lossy(&diff.stdout));

    let other = case.try_apply(&case.render(&[task("IN_PROGRESS")]));
    let refusal = String::from_utf8_lossy(&other.stderr);
    assert!(!other.status.success() && refusal.contains("field is immutable"), "{refusal}");
}

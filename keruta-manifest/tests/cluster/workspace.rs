//! The checkout, who can write to it, and who shares it.

use serde_json::{Value, json};

use crate::case::{Case, has_line};

const DONE: &str = "Complete: CompletionsReached";
/// What a checkout of main is after the setup step.
const LOOK: &str = "id -u; git rev-parse --abbrev-ref HEAD; git status --porcelain; cat .keruta/README.md; echo";

fn with(mut task: Value, fields: &Value) -> Value {
    let (task_fields, fields) = (task.as_object_mut().unwrap(), fields.as_object().unwrap());
    task_fields.extend(fields.clone());
    task
}

/// A task that is set up by the API.
fn set_up(case: &Case<'_>, id: &str, script: &str) -> Value {
    with(case.task(id, script), &json!({"repositoryId": "r1", "documentId": "d1"}))
}

#[track_caller]
fn looks_right(said: &str, user: &str) {
    for line in [user, "main", "?? made-by-setup", "# The document 文書"] {
        has_line(said, line);
    }
}

pub(crate) fn a_root_has_checkout_script_and_document(case: &Case<'_>) {
    case.runs(&set_up(case, "root", LOOK), DONE);
    looks_right(&case.said("root"), "0");
    has_line(&case.log("keruta-job-root", "setup"), "script as 0 in /work, token unset");
    assert_eq!(case.get("pvc/git-repo-pvc-root")["status"]["phase"], "Bound");
}

/// Also where the volume is a host path, which belongs to no group.
pub(crate) fn a_main_container_with_a_user_of_its_own_can_write(case: &Case<'_>) {
    let script = format!("{LOOK}; echo more >>a.txt; git commit -qam 'by 1000'; git log -1 --format=%s");
    let author = json!({"GIT_AUTHOR_NAME": "n", "GIT_AUTHOR_EMAIL": "n@example.org", "GIT_COMMITTER_NAME": "n",
        "GIT_COMMITTER_EMAIL": "n@example.org"});
    let patch = json!({"strategic": {"spec": {"containers": [
        {"name": "main", "securityContext": {"runAsUser": 1000, "runAsGroup": 1000}}]}}});
    case.runs(&with(set_up(case, "user", &script), &json!({"env": author, "podPatch": patch})), DONE);
    looks_right(&case.said("user"), "1000");
    has_line(&case.said("user"), "by 1000");
}

pub(crate) fn a_restricted_task_works_in_an_empty_dir(case: &Case<'_>) {
    let workspace = json!({"workspace": {"kind": "emptyDir", "size": "100Mi"}});
    case.runs(&with(set_up(case, "dir", &format!("{LOOK}; echo more >>a.txt")), &workspace), DONE);
    looks_right(&case.said("dir"), "65532");
}

pub(crate) fn a_restricted_task_works_in_a_claim(case: &Case<'_>) {
    case.runs(&set_up(case, "pvc", &format!("{LOOK}; echo more >>a.txt")), DONE);
    looks_right(&case.said("pvc"), "65532");
}

pub(crate) fn descendants_find_the_work_of_their_root(case: &Case<'_>) {
    let on = |git_ref: &str| json!({"url": case.repository(), "ref": git_ref});
    let root = with(case.task("root", "echo dirty >>a.txt; echo new >new.txt"), &json!({"repository": on("main")}));
    let child = with(
        case.task("child", "git status --porcelain; echo child >child.txt"),
        &json!({"parentId": "root", "repository": on("main")}),
    );
    let grandchild = json!({"id": "grandchild", "parentId": "child", "backoffLimit": 0,
        "script": "git status --porcelain; rm new.txt child.txt; git checkout -q a.txt"});
    let elsewhere = with(
        case.task("elsewhere", "git status --porcelain; git rev-parse --abbrev-ref HEAD; cat a.txt"),
        &json!({"parentId": "root", "repository": on("other")}),
    );
    let tag = with(case.task("tag", "cat a.txt; ls"), &json!({"parentId": "elsewhere", "repository": on("v1")}));
    // Each is rendered with its ancestors, and applied after their end.
    let family = [root, child, grandchild, elsewhere, tag];
    for (count, task) in family.iter().enumerate() {
        let manifest = case.render(&family[..=count]);
        let before = case.render(&family[..count]);
        case.apply(manifest[before.len()..].trim_start_matches("---\n"));
        case.ends(&format!("keruta-job-{}", task["id"].as_str().unwrap()), DONE);
    }
    assert_eq!(case.said("child"), " M a.txt\n?? new.txt\n");
    assert_eq!(case.said("grandchild"), " M a.txt\n?? child.txt\n?? new.txt\n");
    assert_eq!(case.said("elsewhere"), "other\nother\n");
    assert_eq!(case.said("tag"), "one\na.txt\n");
    let claims = case.get("pvc");
    assert_eq!(claims["items"].as_array().unwrap().len(), 1);
}

/// Kubernetes starts all of a stream at once: the clones take turns, and every Job ends well.
pub(crate) fn a_family_applied_at_once_shares_one_checkout(case: &Case<'_>) {
    let script = "git fsck; git status --porcelain; sleep 3";
    let child = |id: &str, parent: &str| with(case.task(id, script), &json!({"parentId": parent}));
    let family = [case.task("a", script), child("b", "a"), child("c", "b")];
    case.apply(&case.render(&family));
    for id in ["a", "b", "c"] {
        case.ends(&format!("keruta-job-{id}"), DONE);
        assert_eq!(case.said(id), "", "{id}");
    }
}

//! A task as people have them: a claim, a clone, a script; and its descendants on the same claim.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use keruta_submitter::Outcome;
use serde_json::json;

use crate::backend::World;
use crate::workload::{Behaviour, Workload};

/// Makes the repository that the step after it clones.
const SEED: &str = "set -e; [ ! -d /work/origin.git ] || exit 0; git init -q --bare /work/origin.git; git init -q /tmp/w; \
                    cd /tmp/w; echo first >a; git add a; git -c user.name=a -c user.email=a@example.com commit -q -m one; \
                    git push -q /work/origin.git HEAD:refs/heads/main; git --git-dir /work/origin.git symbolic-ref HEAD \
                    refs/heads/main";

/// A task with a clone of a repository on its own claim.
fn cloning(id: &str, main: &Behaviour) -> Workload {
    let seed = json!({
        "name": "seed", "image": "alpine/git:v2.49.1", "command": ["/bin/sh", "-c", SEED],
        "volumeMounts": [{"name": "work-volume", "mountPath": "/work"}],
    });
    Workload::of_script(id, main)
        .setting("git", json!({"schemes": ["https", "ssh", "file"]}))
        .with("repository", json!({"url": "file:///work/origin.git", "ref": "main", "pvcStorageSize": "16Mi"}))
        .with("podPatch", json!({"json": [{"op": "add", "path": "/spec/initContainers/0", "value": seed}]}))
}

#[tokio::test]
async fn a_clone_a_script_and_three_generations_on_one_claim() {
    let world = World::start("family").await;
    let root = cloning("root", &Behaviour::new().shell("cat a; echo root >>notes").told("first"));
    let child = cloning("child", &Behaviour::new().shell("cat a notes; echo child >>notes").told("first").told("root"))
        .with("parentId", "root".into());
    // It names no repository, and works in the checkout as it finds it.
    let grandchild = Workload::of_script("grandchild", &Behaviour::new().shell("cat notes").told("root").told("child"))
        .with("parentId", "child".into())
        .with("rootTaskId", "root".into());
    let mut seen = 0;
    for (task, wanted) in [(&root, &["first"][..]), (&child, &["first", "root"]), (&grandchild, &["root", "child"])] {
        let verdict = world.run(task).await;
        assert_eq!(verdict.outcome, Outcome::Completed, "{}: {verdict:#?}", task.id);
        let lines = world.lines("main");
        assert_eq!(lines[seen..], *wanted, "{}", task.id);
        seen = lines.len();
    }
    let claims = world.cluster.list::<PersistentVolumeClaim>(&world.namespace, "app=keruta").await.unwrap();
    let names: Vec<_> = claims.iter().filter_map(|claim| claim.metadata.name.as_deref()).collect();
    assert_eq!(names, ["git-repo-pvc-root"]);
    world.finish().await;
}

/// A retry of a task with a checkout does not stumble over it.
#[tokio::test]
async fn a_second_attempt_finds_the_checkout_of_the_first() {
    let world = World::start("recheck").await;
    let first = cloning("a", &Behaviour::new().line("broken").exit(1));
    assert!(matches!(world.run(&first).await.outcome, Outcome::Failed(_)));
    let second = cloning("a", &Behaviour::new().line("mended")).attempt(2);
    let verdict = world.run(&second).await;
    assert_eq!(verdict.outcome, Outcome::Completed, "{verdict:#?}");
    assert_eq!(world.lines("main"), ["broken", "mended"]);
    world.finish().await;
}

/// `$(NAME)` in a title is text: it must not become the value of another variable, such as a token.
#[tokio::test]
async fn a_title_cannot_steal_a_secret() {
    let world = World::start("title").await;
    let title = "hello $(TOKEN) $$5";
    let main = Behaviour::new().shell("echo \"$KERUTA_TASK_TITLE\"").told(title);
    let task = Workload::new("a", &main).with("title", title.into()).with("env", json!({"TOKEN": "s3cret"}));
    assert_eq!(world.run(&task).await.outcome, Outcome::Completed);
    assert_eq!(world.lines("main"), [title]);
    world.finish().await;
}

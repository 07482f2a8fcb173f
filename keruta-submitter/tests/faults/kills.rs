//! A submitter that is killed, at each of its steps, and started again.

use std::sync::Arc;

use futures::StreamExt;

use crate::killer::Killer;
use crate::plan::{chatty, files, workspace};
use crate::scene::{Died, Scene};
use crate::truth;

/// Kills the first process; where, or `None` where it ended before.
async fn killed(killer: Arc<Killer>) -> Option<String> {
    let mut task = chatty("a", 10, 100, Some(0));
    task.workload = task.workload.with("files", files()).with("workspace", workspace());
    let scene = Scene::of(task).await;
    let Died::Killed(name) = scene.process_with(killer).await else { return None };
    scene.process(None).await;
    assert_eq!(truth::check_with_owners(&scene), Vec::<String>::new(), "killed {name}");
    assert_eq!(scene.verdict().outcome, keruta_submitter::Outcome::Completed, "killed {name}");
    assert_eq!(scene.cleaned().await, Vec::<String>::new(), "killed {name}");
    Some(name)
}

/// Between claim, create, record, log and status; before and after each request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_step_loses_nothing_and_doubles_nothing() {
    let job = "/apis/batch/v1/namespaces/tasks/jobs";
    let mut wanted: Vec<String> = [
        "before the intent",
        "after the intent",
        "before POST /api/v1/namespaces/tasks/configmaps",
        "after POST /api/v1/namespaces/tasks/configmaps",
        "before POST /api/v1/namespaces/tasks/persistentvolumeclaims",
        "after POST /api/v1/namespaces/tasks/persistentvolumeclaims",
        "before PATCH /api/v1/namespaces/tasks/configmaps/",
        "after PATCH /api/v1/namespaces/tasks/configmaps/",
        "before the record",
        "after the record",
        "before log lines",
        "after log lines",
        "before a status",
        "after a status",
        "before PATCH /api/v1/namespaces/tasks/pods/",
        "after PATCH /api/v1/namespaces/tasks/pods/",
    ]
    .map(str::to_owned)
    .into();
    for when in ["before", "after"] {
        wanted.extend([format!("{when} POST {job}"), format!("{when} PATCH {job}/keruta-job-a")]);
    }
    // Each by its number, whatever it is; then by name those which that has not met.
    let by_number = futures::stream::iter(1..=60).map(|step| killed(Killer::at(Some(step)))).buffer_unordered(10);
    let names: Vec<String> = by_number.filter_map(std::future::ready).collect().await;
    wanted.retain(|step| !names.iter().any(|name| name.starts_with(step.as_str())));
    let by_name = futures::stream::iter(&wanted).map(|step| killed(Killer::named(step))).buffer_unordered(10);
    let names: Vec<String> = by_name.filter_map(std::future::ready).collect().await;
    wanted.retain(|step| !names.iter().any(|name| name.starts_with(step.as_str())));
    assert!(wanted.is_empty(), "never killed: {wanted:#?}");
}

/// The Job ran while nobody looked, and the first process never recorded that it had made it.
#[tokio::test]
async fn what_ended_while_nobody_looked_is_judged_by_what_is_left() {
    for exit in [0, 3] {
        let scene = Scene::of(chatty("a", 10, 50, Some(exit))).await;
        let mut step = 1;
        // Between create and record.
        let died = loop {
            match scene.process(Some(step)).await {
                Died::Killed(name) if name == "before the record" => break name,
                _ => step += 1,
            }
        };
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        scene.process(None).await;
        assert_eq!(truth::check(&scene), Vec::<String>::new(), "killed {died}");
    }
}

//! How attempts end, and what is said of it.

use jiff::Timestamp;
use keruta_submitter::Phase;
use keruta_submitter::follow::LogOptions;
use keruta_submitter::journal::Progress;
use keruta_submitter::submit::{SubmitOptions, submit};
use keruta_submitter::{Cause, Outcome, TaskStatus};
use kube::Api;
use kube::api::{DeleteParams, EvictParams};
use scripted_apiserver::{DisruptionKind, ImageTrouble, Trouble};
use serde_json::json;

use crate::backend::World;
use crate::workload::{Behaviour, Workload};

fn waits() -> Behaviour {
    Behaviour::new().line("waiting").forever()
}

#[tokio::test]
async fn a_task_that_works_is_completed() {
    let world = World::start("completes").await;
    let task = Workload::new("a", &Behaviour::new().line("hello").sleep_ms(300))
        .step("prepare", &Behaviour::new().line("preparing"));
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Completed, "{verdict:#?}");
    assert_eq!(world.statuses(&task).last(), Some(&TaskStatus::Completed));
    assert_eq!((world.lines("prepare"), world.lines("main")), (vec!["preparing".to_owned()], vec!["hello".to_owned()]));
    let job = world.job(&task).await.unwrap();
    let recorded = &job.metadata.annotations.unwrap()["keruta.dev/verdict"];
    assert_eq!(serde_json::from_str::<keruta_submitter::Verdict>(recorded).unwrap(), verdict);
    world.finish().await;
}

#[tokio::test]
async fn a_failing_command_tells_its_exit_code_and_last_words() {
    let world = World::start("fails").await;
    let task = Workload::new("a", &Behaviour::new().line("cannot go on").exit(3));
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::CommandFailed), "{verdict:#?}");
    let evidence = &verdict.evidence;
    assert_eq!((evidence.container.as_deref(), evidence.exit_code), (Some("main"), Some(3)));
    assert_eq!(evidence.message.as_deref().map(str::trim_end), Some("cannot go on"));
    world.finish().await;
}

#[tokio::test]
async fn a_failing_step_is_named() {
    let world = World::start("step").await;
    let task = Workload::new("a", &waits())
        .step("first", &Behaviour::new().line("fine"))
        .step("second", &Behaviour::new().line("no such thing").exit(7));
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::InitStepFailed), "{verdict:#?}");
    assert_eq!((verdict.evidence.container.as_deref(), verdict.evidence.exit_code), (Some("second"), Some(7)));
    assert_eq!(world.lines("second"), ["no such thing"]);
    world.finish().await;
}

#[tokio::test]
async fn a_retry_by_the_job_is_one_attempt() {
    let world = World::start("retry").await;
    // On a real cluster, the workspace of another Pod is empty too: the Pod's number is told by its age.
    let main = Behaviour::new().line("once").exit(1);
    let task = Workload::new("a", &main).with("backoffLimit", 1.into()).second_pod(&main);
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::CommandFailed), "{verdict:#?}");
    assert_eq!(world.lines("main"), ["once", "once"]);
    let finals = world.statuses(&task).into_iter().filter(|status| status.is_final()).count();
    assert_eq!(finals, 1);
    world.finish().await;
}

#[tokio::test]
async fn a_bad_image_name_fails_at_once() {
    let world = World::start("badname").await;
    // Kubernetes accepts what is no image name; keruta does not, so the patch brings it in.
    let patch = json!({"strategic": {"spec": {"containers": [{"name": "main", "image": "UPPER CASE"}]}}});
    let task = Workload::new("a", &waits())
        .with("podPatch", patch)
        .scripted(|life| life.image("main", ImageTrouble::InvalidName));
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::ImagePull), "{verdict:#?}");
    assert_eq!(verdict.evidence.reason.as_deref(), Some("InvalidImageName"));
    world.finish().await;
}

#[tokio::test]
async fn an_image_that_is_not_found_fails_after_a_grace() {
    let world = World::start("noimage").await;
    let trouble = Trouble::lasting("registry.invalid/nothing:1: not found");
    let task = Workload::new("a", &waits())
        .with("image", "registry.invalid/nothing:1".into())
        .scripted(|life| life.image("main", ImageTrouble::PullFails(trouble)));
    let start = std::time::Instant::now();
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::ImagePull), "{verdict:#?}");
    assert!(start.elapsed() >= world.grace(), "not before the grace is over");
    world.finish().await;
}

#[tokio::test]
async fn a_missing_secret_key_is_told() {
    let world = World::start("secret").await;
    let task = Workload::new("a", &waits())
        .with("env", json!({"KEY": {"secret": {"name": "absent", "key": "key"}}}))
        .scripted(|life| life.config_error("main", "secret \"absent\" not found"));
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::CreateContainer), "{verdict:#?}");
    assert!(verdict.evidence.message.as_deref().is_some_and(|message| message.contains("absent")), "{verdict:#?}");
    world.finish().await;
}

#[tokio::test]
async fn out_of_memory_is_told_from_a_failing_command() {
    let world = World::start("oom").await;
    let task = Workload::new("a", &Behaviour::new().out_of_memory());
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::OomKilled), "{verdict:#?}");
    world.finish().await;
}

#[tokio::test]
async fn an_evicted_pod_that_ends_well_has_not_completed_its_task() {
    let world = World::start("evicted").await;
    let task = Workload::new("a", &waits().exits_well_on_sigterm());
    world.submit(&task).await;
    let following = world.follow(&[&task]);
    let pod = world.running("main").await;
    let pods: Api<k8s_openapi::api::core::v1::Pod> = world.cluster.api(&world.namespace);
    pods.evict(&pod, &EvictParams::default()).await.unwrap();
    following.ended().await;
    let verdict = world.verdict(&task);
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::Evicted), "{verdict:#?}");
    assert!(verdict.retryable);
    assert_eq!(world.statuses(&task).last(), Some(&TaskStatus::Failed));
    world.finish().await;
}

#[tokio::test]
async fn a_deadline_is_told() {
    let world = World::start("deadline").await;
    let task = Workload::new("a", &waits().exits_well_on_sigterm()).with("timeoutSeconds", 2.into());
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::Deadline), "{verdict:#?}");
    world.finish().await;
}

#[tokio::test]
async fn a_pod_that_fits_on_no_node_fails_after_a_grace() {
    let world = World::start("nonode").await;
    let message = "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate";
    let task = Workload::new("a", &waits())
        .with("resources", json!({"requests": {"cpu": "1000"}}))
        .scripted(|life| life.unschedulable(message));
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::Unschedulable), "{verdict:#?}");
    world.finish().await;
}

#[tokio::test]
async fn what_heals_soon_is_not_worth_a_write() {
    let mut world = World::start("noted").await;
    world.policy.grace.unschedulable = "20s".parse().unwrap();
    let task = Workload::new("a", &waits())
        .with("resources", json!({"requests": {"cpu": "1000"}}))
        .scripted(|life| life.unschedulable("0/1 nodes are available: 1 Insufficient cpu."));
    // Nobody follows it to its end, so its Pod is not kept.
    let options = SubmitOptions::default();
    submit(&world.cluster, &world.ledger, &task.bundle(&world.namespace), &options, Timestamp::now()).await.unwrap();
    let following = world.follow(&[&task]);
    let waiting = |progress: &Progress| matches!(progress.phase, Phase::Scheduling { reason: Some(_) });
    world.until("it waits for a node", async || world.journal.progress_seen().iter().any(waiting).then_some(())).await;
    let noted = async || {
        let job = world.job(&task).await.unwrap();
        job.metadata.annotations.unwrap_or_default().get("keruta.dev/first-seen").cloned()
    };
    assert_eq!(noted().await, None);
    let text = world.until("it is written down", noted).await;
    assert!(text.contains("Unschedulable/"), "{text}");
    following.kill();
    world.finish().await;
}

#[tokio::test]
async fn a_claim_that_stays_unbound_is_told_from_a_full_cluster() {
    let mut world = World::start("unbound").await;
    world.policy.grace.volume_unbound = world.policy.grace.image_pull;
    let workspace = json!({"kind": "pvc", "storageClass": "nowhere"});
    let task = Workload::new("a", &waits()).with("workspace", workspace);
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::VolumeUnbound), "{verdict:#?}");
    world.finish().await;
}

#[tokio::test]
async fn a_deleted_job_is_told() {
    let world = World::start("nojob").await;
    let task = Workload::new("a", &waits());
    let submitted = world.submit(&task).await;
    let following = world.follow(&[&task]);
    world.running("main").await;
    world
        .cluster
        .delete::<k8s_openapi::api::batch::v1::Job>(&world.namespace, &submitted.job, &submitted.job_uid)
        .await
        .unwrap();
    following.ended().await;
    let verdict = world.verdict(&task);
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::Deleted), "{verdict:#?}");
    world.finish().await;
}

#[tokio::test]
async fn a_deleted_pod_is_told() {
    let world = World::start("nopod").await;
    let task = Workload::new("a", &waits().exits_well_on_sigterm());
    world.submit(&task).await;
    let following = world.follow(&[&task]);
    let pod = world.running("main").await;
    let pods: Api<k8s_openapi::api::core::v1::Pod> = world.cluster.api(&world.namespace);
    pods.delete(&pod, &DeleteParams::default()).await.unwrap();
    following.ended().await;
    let verdict = world.verdict(&task);
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::Deleted), "{verdict:#?}");
    world.finish().await;
}

#[tokio::test]
async fn a_sidecar_that_keeps_crashing_ends_the_task_after_a_grace() {
    let world = World::start("sidecar").await;
    let task = Workload::new("a", &waits()).sidecar("database", &Behaviour::new().line("no disk").exit(1));
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::CrashLoop), "{verdict:#?}");
    assert_eq!(verdict.evidence.container.as_deref(), Some("database"));
    assert!(
        world.lines("database").iter().filter(|line| *line == "no disk").count() >= 2,
        "{:?}",
        world.lines("database")
    );
    world.finish().await;
}

#[tokio::test]
async fn a_lost_node_is_no_fault_of_the_task() {
    let world = World::start("nodelost").await;
    if world.scripted.is_none() {
        // A test does not take a node from somebody's cluster.
        return world.finish().await;
    }
    // The Job does not count it, and starts another Pod.
    let task = Workload::new("a", &waits())
        .scripted(|life| life.disrupted(DisruptionKind::NodeLost, 100))
        .second_pod(&Behaviour::new().line("elsewhere"));
    world.submit(&task).await;
    let mut options = world.options();
    // The kubelet of a lost node does not answer; that is not waited for as long as by default.
    let mut logs = LogOptions::default();
    logs.settings.drain_limit = std::time::Duration::from_secs(2);
    options.logs = Some(logs);
    world.follow_into(&world.journal, options, &[&task]).ended().await;
    let verdict = world.verdict(&task);
    assert_eq!(verdict.outcome, Outcome::Completed, "{verdict:#?}");
    assert_eq!(world.lines("main").last().map(String::as_str), Some("elsewhere"));
    world.finish().await;
}

//! What comes over a Pod from outside is no fault of its task: another Pod does the work, within the same attempt.

use k8s_openapi::api::batch::v1::Job;
use keruta_submitter::{Outcome, TaskStatus};
use kube::Api;
use kube::api::EvictParams;
use scripted_apiserver::{DisruptionKind, Refusal};
use serde_json::json;

use crate::backend::World;
use crate::workload::{Behaviour, Workload};

fn waits() -> Behaviour {
    Behaviour::new().line("waiting").forever()
}

fn assert_completed_by_the_second(world: &World, task: &Workload, lines: &[&str]) {
    let verdict = world.verdict(task);
    assert_eq!(verdict.outcome, Outcome::Completed, "{verdict:#?}");
    let statuses = world.statuses(task);
    assert_eq!(statuses.iter().filter(|status| status.is_final()).count(), 1, "{statuses:?}");
    assert_eq!(statuses.last(), Some(&TaskStatus::Completed));
    let kept = world.lines("main");
    // The kubelet may remove an ended container before the last look at its log: that is a gap, and no line.
    let kept: Vec<_> = kept.iter().filter(|line| !line.starts_with("<gap: ")).collect();
    assert_eq!(kept, lines);
}

#[tokio::test]
async fn the_first_pod_fails_and_the_second_succeeds() {
    let world = World::start("retryonce").await;
    let (first, second) = (Behaviour::new().line("first").exit(1), Behaviour::new().line("second"));
    let task = Workload::of_two_pods("a", &first, &second).with("backoffLimit", 1.into());
    world.run(&task).await;
    assert_completed_by_the_second(&world, &task, &["first", "second"]);
    world.finish().await;
}

#[tokio::test]
async fn an_evicted_pod_that_dies_of_it_is_replaced() {
    let world = World::start("evicted143").await;
    let task = Workload::of_two_pods("a", &waits().dies_of_sigterm(), &Behaviour::new().line("again"));
    world.submit(&task).await;
    let following = world.follow(&[&task]);
    let pod = world.running("main").await;
    let pods: Api<k8s_openapi::api::core::v1::Pod> = world.cluster.api(&world.namespace);
    pods.evict(&pod, &EvictParams::default()).await.unwrap();
    following.ended().await;
    assert_completed_by_the_second(&world, &task, &["waiting", "again"]);
    world.finish().await;
}

/// As Kueue does when another Job needs the room: the Pod is deleted, and the Job waits for its turn.
#[tokio::test]
async fn a_job_that_is_suspended_while_it_runs_is_not_stalled_and_goes_on_later() {
    let world = World::start("kueue").await;
    let task = Workload::of_two_pods("a", &waits().dies_of_sigterm(), &Behaviour::new().line("again"));
    let submitted = world.submit(&task).await;
    let following = world.follow(&[&task]);
    world.running("main").await;
    let suspend = async |suspend: bool| {
        let patch = json!({"spec": {"suspend": suspend}});
        let _: Job = world.admin.merge(&world.namespace, &submitted.job, &patch).await.unwrap();
    };
    suspend(true).await;
    // Longer than any grace.
    tokio::time::sleep(2 * world.grace()).await;
    let statuses = world.statuses(&task);
    assert!(statuses.iter().all(|status| !status.is_final()), "{statuses:?}");
    suspend(false).await;
    following.ended().await;
    assert_completed_by_the_second(&world, &task, &["waiting", "again"]);
    world.finish().await;
}

/// The stand-in alone: what a test may not do to somebody's node. The recorded runs of *classify* show the real one.
async fn replaced_after(name: &str, kind: DisruptionKind) {
    let world = World::start(name).await;
    if world.scripted.is_some() {
        let task = Workload::of_two_pods("a", &waits().dies_of_sigterm(), &Behaviour::new().line("again"))
            .scripted(|life| life.disrupted(kind, 150));
        world.run(&task).await;
        assert_completed_by_the_second(&world, &task, &["waiting", "again"]);
    }
    world.finish().await;
}

#[tokio::test]
async fn a_preempted_pod_is_replaced() {
    replaced_after("preempted", DisruptionKind::Preemption).await;
}

#[tokio::test]
async fn a_pod_under_node_pressure_is_replaced() {
    replaced_after("pressure", DisruptionKind::NodePressure).await;
}

#[tokio::test]
async fn a_pod_of_a_node_that_shuts_down_is_replaced() {
    replaced_after("shutdown", DisruptionKind::NodeShutdown).await;
}

#[tokio::test]
async fn a_pod_that_the_kubelet_does_not_take_is_retryable() {
    let world = World::start("rejected").await;
    if world.scripted.is_some() {
        for (number, reason) in ["OutOfcpu", "UnexpectedAdmissionError"].into_iter().enumerate() {
            let refusal = Refusal { reason: reason.to_owned(), message: "Pod was rejected: no room".to_owned() };
            let task = Workload::new(&format!("a{number}"), &waits()).scripted(|mut life| {
                life.rejected = Some(refusal);
                life
            });
            let verdict = world.run(&task).await;
            assert_eq!(verdict.outcome, Outcome::Failed(keruta_submitter::Cause::Evicted), "{verdict:#?}");
            assert_eq!((verdict.retryable, verdict.evidence.reason.as_deref()), (true, Some(reason)));
            assert_eq!(world.lines("main"), [""; 0], "it never ran");
        }
    }
    world.finish().await;
}

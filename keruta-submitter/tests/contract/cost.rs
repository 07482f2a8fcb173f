//! What following costs the API server: watches, writes and lists, however many tasks there are. The stand-in counts.

use std::time::Duration;

use keruta_submitter::stop::Stopped;
use keruta_submitter::{Cause, Outcome, Phase};
use scripted_apiserver::{ApiServer, Settings};
use serde_json::json;

use crate::backend::World;
use crate::cancel::cancel;
use crate::workload::{Behaviour, Workload};

const TASKS: usize = 200;

fn tasks(count: usize, task: impl Fn(&str) -> Workload) -> Vec<Workload> {
    (0..count).map(|number| task(&format!("t{number}"))).collect()
}

/// The requests by their kind.
struct Requests<'a>(&'a ApiServer);

impl Requests<'_> {
    fn of(&self, verb: &str, resource: &str) -> usize {
        self.0.requests().iter().filter(|request| request.verb == verb && request.resource == resource).count()
    }

    /// Of Jobs, and of Pods.
    fn watches(&self) -> (usize, usize) {
        (self.of("watch", "jobs"), self.of("watch", "pods"))
    }

    fn writes(&self) -> usize {
        self.0.requests().iter().filter(|request| request.is_write()).count()
    }

    /// Reads of anything but logs.
    fn reads(&self) -> usize {
        self.told_reads().len()
    }

    fn told_reads(&self) -> Vec<String> {
        let requests = self.0.requests();
        let reads = requests.iter().filter(|it| !it.is_write() && it.verb != "watch" && it.resource != "pods/log");
        reads.map(|it| format!("{} {} {} {}", it.verb, it.resource, it.name, it.query)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_completes_costs_two_writes_and_all_of_them_two_watches() {
    let world = World::start("cost").await;
    let Some(server) = &world.scripted else { return world.finish().await };
    let main = Behaviour::new().line("at work").sleep_ms(300);
    let tasks = tasks(TASKS, |id| Workload::new(id, &main).with("workspace", json!({"kind": "pvc", "size": "16Mi"})));
    let requests = Requests(server);
    for task in &tasks {
        world.submit(task).await;
    }
    assert_eq!(requests.writes(), 1 + 2 * TASKS, "a namespace, the claims and the Jobs");
    server.clear_requests();
    world.follow(&tasks.iter().collect::<Vec<_>>()).ended().await;
    for task in &tasks {
        assert_eq!(world.verdict(task).outcome, Outcome::Completed);
    }
    assert_eq!(requests.watches(), (1, 1));
    // The two lists of the beginning, and now and then a look at what a watch has not brought yet; no polling.
    assert!(requests.reads() <= 2 + TASKS / 10, "{:#?}", requests.told_reads());
    assert_eq!((requests.of("patch", "jobs"), requests.of("patch", "pods")), (TASKS, TASKS));
    assert_eq!(requests.writes(), 2 * TASKS, "the verdict and the finalizer of each");
    world.finish().await;
}

/// Those that run, and those that still wait for a node.
#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_cancelled_costs_one_write_more() {
    let mut world = World::start("cancelcost").await;
    // Nothing is ended for waiting.
    world.policy.grace.unschedulable = "10m".parse().unwrap();
    let Some(server) = &world.scripted else { return world.finish().await };
    let waits = |id: &str| Workload::new(id, &Behaviour::new().line("waiting").forever().exits_well_on_sigterm());
    let message = "0/1 nodes are available: 1 Insufficient cpu.";
    let tasks: Vec<Workload> = tasks(TASKS / 2, waits)
        .into_iter()
        .chain((0..TASKS / 2).map(|number| waits(&format!("n{number}")).scripted(|life| life.unschedulable(message))))
        .collect();
    for task in &tasks {
        world.submit(task).await;
    }
    let following = world.follow(&tasks.iter().collect::<Vec<_>>());
    world
        .until("half of them run, and the others are known to wait", async || {
            let told = world.journal.progress_seen();
            let count = |wanted: fn(&Phase) -> bool| told.iter().filter(|progress| wanted(&progress.phase)).count();
            let waiting = count(|phase| matches!(phase, Phase::Scheduling { reason: Some(_) }));
            (count(|phase| *phase == Phase::Running) == TASKS / 2 && waiting == TASKS / 2).then_some(())
        })
        .await;
    let requests = Requests(server);
    world.until("both watches are open", async || (requests.watches() == (1, 1)).then_some(())).await;
    // An order that meets a change of its Job is given anew.
    let ready = |job: &serde_json::Value| job["status"]["ready"] == 1;
    let all_ready = || server.objects("jobs", &world.namespace).iter().filter(|job| ready(job)).count() == TASKS / 2;
    world.until("the Jobs know that their Pods run", async || all_ready().then_some(())).await;
    server.clear_requests();
    for task in &tasks {
        assert!(matches!(cancel(&world, task).await, Stopped::Stopping { .. }));
    }
    following.ended().await;
    for task in &tasks {
        assert_eq!(world.verdict(task).outcome, Outcome::Cancelled, "{:#?}", world.verdict(task));
    }
    assert_eq!((requests.of("patch", "jobs"), requests.of("patch", "pods")), (2 * TASKS, TASKS));
    assert_eq!(requests.writes(), 3 * TASKS, "the order, the verdict and the finalizer of each");
    assert_eq!(requests.watches(), (0, 0), "the first ones go on");
    // Who cancels reads each Job once.
    assert!(requests.reads() <= TASKS + TASKS / 10, "{:#?}", requests.told_reads());
    world.finish().await;
}

/// Whose Pods are all refused: only Events tell.
#[tokio::test(flavor = "multi_thread")]
async fn however_many_jobs_are_refused_events_are_listed_for_all_of_them_together() {
    let second = Duration::from_millis(300);
    // A real controller doubles its waits.
    let settings = Settings { job_backoff: Duration::from_secs(2), second, ..Settings::default() };
    let Some(world) = World::start_scripted("refusedcost", settings).await else { return };
    let Some(server) = &world.scripted else { return world.finish().await };
    crate::refusals::quota(&world, json!({"pods": "0"})).await;
    let tasks = tasks(TASKS, |id| Workload::new(id, &Behaviour::new().line("never")));
    for task in &tasks {
        world.submit(task).await;
    }
    server.clear_requests();
    let begin = std::time::Instant::now();
    world.follow(&tasks.iter().collect::<Vec<_>>()).ended().await;
    let took = begin.elapsed();
    for task in &tasks {
        assert_eq!(world.verdict(task).outcome, Outcome::Failed(Cause::QuotaExceeded));
    }
    let lists = Requests(server).of("list", "events");
    // Two at most in each half of a second.
    let most = 2 * (1 + usize::try_from(took.as_millis()).unwrap() / 500);
    assert!((1..=most).contains(&lists), "{lists} lists in {took:?}");
    world.finish().await;
}

/// A Job without Pods is no riddle as long as its controller has not come to it.
#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_lags_makes_nobody_ask_for_events() {
    let settings = Settings { job_delay: Duration::from_secs(8), ..Settings::default() };
    let Some(mut world) = World::start_scripted("lagcost", settings).await else { return };
    world.policy.stuck_after = "4s".parse().unwrap();
    let Some(server) = &world.scripted else { return world.finish().await };
    let tasks = tasks(TASKS, |id| Workload::new(id, &Behaviour::new().line("late")));
    for task in &tasks {
        world.submit(task).await;
    }
    let begin = std::time::Instant::now();
    world.follow(&tasks.iter().collect::<Vec<_>>()).ended().await;
    let stuck_after = Duration::from_secs(world.policy.stuck_after.as_secs().into());
    assert!(begin.elapsed() > stuck_after, "the controller was late: {:?}", begin.elapsed());
    for task in &tasks {
        assert_eq!(world.verdict(task).outcome, Outcome::Completed);
    }
    // Pods that are slow to start may be asked about; Jobs without Pods are not.
    let asked: Vec<_> =
        Requests(server).told_reads().into_iter().filter(|read| read.contains("FailedCreate")).collect();
    assert!(asked.is_empty(), "{asked:?}");
    world.finish().await;
}

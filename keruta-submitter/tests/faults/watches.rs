//! Watches that end, stall, repeat themselves, or begin from what is no longer true.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use keruta_submitter::{Cause, Outcome};
use scripted_apiserver::{DisruptionKind, Fault, FaultGuard};

use crate::plan::chatty;
use crate::scene::{NAMESPACE, Scene, Subject};
use crate::truth;

/// A task that works for a while.
fn works() -> Subject {
    chatty("a", 40, 400, Some(0))
}

/// Plays the tasks through under a fault, which must fire, and checks all that must hold.
async fn survives(subjects: Vec<Subject>, fault: Fault) -> Scene {
    let scene = Scene::start(subjects, SignedDuration::ZERO).await;
    let guard = scene.server.faults().add(fault);
    scene.process(None).await;
    guard.assert_fired();
    assert_eq!(truth::check(&scene), Vec::<String>::new());
    scene
}

fn both(fault: fn(Fault) -> Fault) -> [Fault; 2] {
    ["jobs", "pods"].map(|resource| fault(Fault::on("watch", resource)))
}

#[tokio::test]
async fn a_watch_that_is_cut_goes_on() {
    for fault in both(|fault| fault.times(3).cut_after(1)) {
        survives(vec![works()], fault).await;
    }
}

/// kube's `watcher` never lists anew then: <https://github.com/kube-rs/kube/issues/1042>.
#[tokio::test]
async fn http_410_at_the_start_of_a_watch_leads_to_a_list() {
    for resource in ["jobs", "pods"] {
        let scene = survives(vec![works()], Fault::on("watch", resource).times(2).answer(410)).await;
        let lists =
            scene.server.requests().iter().filter(|asked| asked.verb == "list" && asked.resource == resource).count();
        assert!(lists >= 3, "{lists} lists of {resource}");
    }
}

#[tokio::test]
async fn a_410_in_the_stream_leads_to_a_list() {
    for fault in both(|fault| fault.gone_after(1)) {
        survives(vec![works()], fault).await;
    }
}

#[tokio::test]
async fn history_that_is_compacted_between_two_watches_leads_to_a_list() {
    let scene = Scene::of(works()).await;
    let guards = ["jobs", "pods"].map(|kind| scene.server.faults().add(Fault::on("watch", kind).cut_after(1)));
    let compacting = async {
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            scene.server.compact();
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = scene.process(None) => {}
        () = compacting => {}
    }
    guards.into_iter().for_each(FaultGuard::assert_fired);
    assert_eq!(truth::check(&scene), Vec::<String>::new());
}

/// A connection that is open and silent looks like a quiet namespace.
#[tokio::test]
async fn a_watch_that_stalls_is_cut() {
    for fault in both(|fault| fault.stall_after(1)) {
        survives(vec![works()], fault).await;
    }
}

#[tokio::test]
async fn events_that_come_twice_or_late_change_nothing() {
    for fault in both(|fault| fault.duplicate_event(2)) {
        survives(vec![works()], fault).await;
    }
    survives(vec![works(), chatty("b", 40, 400, Some(3))], Fault::on("watch", "pods").reorder_event(1)).await;
}

/// kube's `StreamingList` (`sendInitialEvents`) fails for ever on a server that does not know it; a log's `stream` is refused by
/// default; and server-side apply would make a deleted Job anew and run the task again.
#[tokio::test]
async fn nothing_is_asked_for_that_not_every_server_knows_and_nothing_is_applied() {
    let scene = Scene::of(works()).await;
    scene.process(None).await;
    let requests = scene.server.requests();
    for verb in ["list", "watch", "create", "patch", "get"] {
        assert!(requests.iter().any(|asked| asked.verb == verb), "{verb}: {requests:#?}");
    }
    for word in ["sendInitialEvents", "stream=", "force="] {
        assert!(requests.iter().all(|asked| !asked.query.contains(word)), "{word}: {requests:#?}");
    }
}

#[tokio::test]
async fn two_watches_whatever_the_number_of_tasks() {
    let subjects = (0..8).map(|number| chatty(&format!("t{number}"), 20, 200, Some(0))).collect();
    let scene = Scene::start(subjects, SignedDuration::ZERO).await;
    scene.process(None).await;
    let watches: Vec<_> = scene.server.requests().into_iter().filter(|asked| asked.verb == "watch").collect();
    assert_eq!(watches.len(), 2, "{watches:#?}");
    assert_eq!(truth::check(&scene), Vec::<String>::new());
}

/// An API server that answers from an old cache after a restart shows Pods and Jobs as they were, or not at all.
#[tokio::test]
async fn a_stale_list_does_not_undo_what_was_seen() {
    for resource in ["jobs", "pods"] {
        for versions in [2, 6, 12] {
            let scene = Scene::of(works()).await;
            let cuts = scene.server.faults().add(Fault::on("watch", resource).cut_after(3));
            let gone = scene.server.faults().add(Fault::on("watch", resource).nth(2).answer(410));
            let stale = scene.server.faults().add(Fault::on("list", resource).nth(2).stale_list(versions));
            scene.process(None).await;
            [cuts, gone, stale].into_iter().for_each(FaultGuard::assert_fired);
            assert_eq!(truth::check(&scene), Vec::<String>::new(), "{resource}, {versions}");
        }
    }
}

#[tokio::test]
async fn a_follower_that_starts_from_a_stale_list_comes_to_the_truth() {
    for resource in ["jobs", "pods"] {
        survives(vec![works()], Fault::on("list", resource).stale_list(10)).await;
    }
}

#[tokio::test]
async fn an_api_server_that_restarts_or_is_away_for_a_while() {
    let scene = Scene::of(chatty("a", 60, 1200, Some(0))).await;
    let breaking = async {
        scene.until(300).await;
        scene.server.restart().await;
        scene.until(700).await;
        scene.server.stop().await;
        scene.until(2000).await;
        scene.server.resume().await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = scene.process(None) => {}
        () = breaking => {}
    }
    assert_eq!(truth::check(&scene), Vec::<String>::new());
}

/// The Pod of a Job that ended is asked for before the verdict, also when that fails at first: its exit code and log count.
#[tokio::test]
async fn a_job_that_ended_is_not_judged_by_pods_of_which_nothing_was_heard() {
    let scene = Scene::of(chatty("a", 40, 300, Some(3))).await;
    // As long as a watch may still tell, it is waited for: this one tells nothing for longer.
    let stall = scene.server.faults().add(Fault::on("watch", "pods").stall_after(0).times(8)).may_stay_away();
    let lists = scene.server.faults().add(Fault::on("list", "pods").nth(2).times(2).answer(500));
    scene.process(None).await;
    assert!(stall.fired() > 0);
    lists.assert_fired();
    assert_eq!(truth::check(&scene), Vec::<String>::new());
    assert_eq!(scene.verdict().evidence.exit_code, Some(3));
}

/// Measured: the container exits 0 on SIGTERM, so that the Job reads Complete.
#[tokio::test]
async fn an_evicted_task_that_exits_well_is_not_completed() {
    for clock in [0, 3600, -3600] {
        let mut task = chatty("a", 20, 50, None);
        task.workload = task.workload.scripted(|life| life.disrupted(DisruptionKind::Eviction, 400));
        let scene = Scene::start(vec![task], SignedDuration::from_secs(clock)).await;
        let cut = scene.server.faults().add(Fault::on("watch", "pods").cut_after(2));
        scene.process(None).await;
        cut.assert_fired();
        let verdict = scene.verdict();
        assert_eq!((verdict.outcome, verdict.retryable), (Outcome::Failed(Cause::Evicted), true), "{verdict:#?}");
        assert_eq!(truth::check(&scene), Vec::<String>::new(), "clock {clock}");
    }
}

#[tokio::test]
async fn a_clock_that_differs_changes_neither_verdict_nor_log() {
    for clock in [2, -2, 3600, -3600] {
        for end in [Some(0), Some(3)] {
            let scene = Scene::start(vec![chatty("a", 40, 300, end)], SignedDuration::from_secs(clock)).await;
            let cut = scene.server.faults().add(Fault::on("get", "pods/log").cut_log_after(500));
            scene.process(None).await;
            cut.assert_fired();
            assert_eq!(truth::check(&scene), Vec::<String>::new(), "clock {clock}, exit {end:?}");
        }
    }
}

#[tokio::test]
async fn a_job_that_vanishes_is_told_as_deleted() {
    let scene = Scene::of(chatty("a", 20, 50, None)).await;
    let deleting = async {
        scene.until(500).await;
        assert!(scene.server.delete_job(NAMESPACE, &scene.subjects[0].job()));
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = scene.process(None) => {}
        () = deleting => {}
    }
    assert_eq!(scene.verdict().outcome, Outcome::Failed(Cause::Deleted));
    assert_eq!(truth::check(&scene), Vec::<String>::new());
}

#[tokio::test]
async fn a_pod_that_is_deleted_is_told_as_deleted() {
    let mut task = chatty("a", 20, 50, None);
    task.workload = task.workload.scripted(|life| life.disrupted(DisruptionKind::Deletion, 300));
    let scene = Scene::of(task).await;
    scene.process(None).await;
    assert_eq!(scene.verdict().outcome, Outcome::Failed(Cause::Deleted));
    assert_eq!(truth::check(&scene), Vec::<String>::new());
}

/// A log that is cut in the middle of a line, of the secret, or that falls silent, comes whole and without the secret.
#[tokio::test]
async fn logs_that_are_cut_broken_or_silent_come_whole() {
    let log = || Fault::on("get", "pods/log");
    let whole = 20 * "2026-11-21T00:00:00.000000000Z line 10\n".len();
    for fault in [
        log().cut_log_after(100),
        log().times(3).break_log_after(333),
        log().stall_log_after(50),
        log().cut_log_after(whole + 35),
        log().break_log_after(whole + 40),
        log().times(2).answer(500),
    ] {
        let begun = Instant::now();
        survives(vec![chatty("a", 20, 300, Some(0))], fault.clone()).await;
        assert!(begun.elapsed() < Duration::from_secs(15), "{fault:?}");
    }
}

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::journal::MemoryJournal;
use crate::observe::PodPhase;
use crate::testing::Server;

const NAME: &str = "keruta-job-a";

fn attempt() -> Attempt {
    Attempt { namespace: "tasks".into(), task: "a".into(), number: 1 }
}

/// A follower that has listed everything: nothing.
fn run() -> Run {
    let journal = Arc::new(MemoryJournal::default());
    let mut run = Run::new(&Server::default().cluster(), journal, None, FollowOptions::new("tasks"));
    for change in [Change::ListBegan, Change::ListEnded] {
        run.job(change).unwrap();
    }
    for change in [Change::ListBegan, Change::ListEnded] {
        run.pod(change).unwrap();
    }
    run
}

fn job() -> ObservedJob {
    let job = json!({"metadata": {"name": NAME, "namespace": "tasks", "uid": "1", "labels": {"app": "keruta", "task-id": "a"}}});
    ObservedJob::of(&serde_json::from_value(job).unwrap()).unwrap()
}

fn pod() -> ObservedPod {
    let owner = json!({"apiVersion": "batch/v1", "kind": "Job", "name": NAME, "uid": "1", "controller": true});
    let running = json!({"name": "main", "image": "i", "imageID": "", "ready": true, "restartCount": 0,
        "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}});
    let pod = json!({
        "metadata": {"name": "a-x", "uid": "2", "ownerReferences": [owner]},
        "spec": {"containers": [{"name": "main", "image": "i"}]},
        "status": {"phase": "Running", "containerStatuses": [running]},
    });
    ObservedPod::of(&serde_json::from_value(pod).unwrap()).unwrap()
}

#[tokio::test]
async fn what_is_asked_for_during_a_look_is_looked_at_after_it() {
    let mut run = run();
    run.expect(NAME, attempt());
    assert!(run.requeues.wait(NAME).is_some());
    run.ready.insert(NAME.into());
    let reconciliations = Reconciliations::new();
    run.start(&reconciliations);
    assert!(reconciliations.len() == 1 && run.requeues.wait(NAME).is_none());
    run.expect(NAME, attempt());
    run.ended((NAME.into(), Box::default(), Ok(Reconciled::default())));
    assert!(run.requeues.wait(NAME).is_some_and(|wait| wait > Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_not_left_while_a_log_of_it_is_read() {
    let mut run = run();
    run.expect(NAME, attempt());
    run.job(Change::Seen { uid: "1".to_owned(), object: job() }).unwrap();
    run.pod(Change::Seen { uid: "2".to_owned(), object: pod() }).unwrap();
    let finished = || Reconciled { finished: true, ..Reconciled::default() };
    run.reconciled(&NAME.into(), finished());
    assert!(run.awaited.contains(NAME));
    // There is no such log.
    assert_eq!(&*run.captures.next_drained().await, NAME);
    run.reconciled(&NAME.into(), finished());
    assert!(!run.awaited.contains(NAME));
}

#[tokio::test]
async fn it_says_what_it_sees_and_waits_for() {
    let mut run = run();
    run.expect(NAME, attempt());
    run.job(Change::Seen { uid: "1".to_owned(), object: job() }).unwrap();
    run.pod(Change::Seen { uid: "2".to_owned(), object: pod() }).unwrap();
    run.ready.clear();
    run.requeues.clear(NAME);
    run.failures.insert(NAME.into(), 2);
    let [followed] = &*run.followed() else { panic!("{:?}", run.followed()) };
    assert_eq!(followed.pods, [("a-x".to_owned(), PodPhase::Running, false)]);
    assert_eq!(
        followed.to_string(),
        "tasks/a (attempt 1): Job keruta-job-a is there, Pod a-x Running; no verdict; 1 log is being read; 2 failures in a \
         row; looked at when something changes"
    );
    run.job(Change::Gone { uid: "1".to_owned(), object: job() }).unwrap();
    let text = run.followed()[0].to_string();
    assert!(text.contains("Job keruta-job-a is not there") && text.ends_with("looked at now"), "{text}");
}

fn cut<O>(failures: u32) -> Change<O> {
    Change::Interrupted { error: Arc::new(WatchError::Stalled { after: Duration::from_secs(1) }), failures }
}

#[tokio::test]
async fn silence_is_told_once_and_ends_when_both_watches_are_answered() {
    let mut run = run();
    let silence = super::super::Silence::default();
    let mut told = silence.subscribe();
    run.options.silence = Some(silence);
    run.job(cut(SILENT - 1)).unwrap();
    assert!(!told.has_changed().unwrap(), "a moment is not worth a word");
    run.job(cut(SILENT)).unwrap();
    assert!(told.has_changed().unwrap() && told.borrow_and_update().is_some());
    run.job(cut(SILENT + 1)).unwrap();
    run.pod(cut(SILENT)).unwrap();
    run.job(Change::ListBegan).unwrap();
    assert!(!told.has_changed().unwrap());
    run.job(Change::Resumed).unwrap();
    assert!(!told.has_changed().unwrap(), "nothing is heard of Pods yet");
    run.pod(Change::Resumed).unwrap();
    assert!(told.has_changed().unwrap() && told.borrow_and_update().is_none());
}

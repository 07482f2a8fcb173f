use http::Method;
use serde_json::json;

use super::*;
use crate::follow::secrets::Secrets;
use crate::testing::{Fault, Server};

const EVENTS: &str = "/api/v1/namespaces/tasks/events";

fn requests(server: &Server) -> Requests {
    let cluster = server.cluster();
    let secrets = Arc::new(Secrets::new(&cluster, "tasks", &Arc::default(), false));
    Requests { cluster, namespace: "tasks".to_owned(), secrets }
}

/// An Event about the Job of this uid, so many seconds after the first.
fn event(server: &Server, uid: &str, reason: &str, second: i64) {
    let at = jiff::Timestamp::from_second(1_700_000_000 + second).unwrap().to_string();
    let name = format!("{uid}-{reason}-{second}");
    let event = json!({
        "metadata": {"name": name}, "involvedObject": {"kind": "Job", "uid": uid}, "reason": reason,
        "message": format!("at {second}"), "lastTimestamp": at,
    });
    server.put(&format!("{EVENTS}/{name}"), event);
}

fn want(events: &mut Events, uids: &[&str]) {
    for uid in uids {
        events.want(&(*uid).into(), About::Job((*uid).into()));
    }
}

fn told(answers: &Answers) -> Vec<String> {
    let mut told: Vec<String> = answers
        .iter()
        .map(|(name, events)| {
            let mut events: Vec<_> =
                events.iter().map(|event| format!("{} {}", event.reason, event.message.as_deref().unwrap())).collect();
            events.sort();
            format!("{name}: {}", events.join(", "))
        })
        .collect();
    told.sort();
    told
}

fn lists(server: &Server) -> usize {
    server.0.lock().unwrap().log.len()
}

#[tokio::test(start_paused = true)]
async fn many_are_answered_together_each_with_its_own_newest() {
    let server = Server::default();
    for second in [3, 1, 2] {
        event(&server, "a", "FailedCreate", second);
    }
    event(&server, "a", "SuccessfulCreate", 4);
    event(&server, "b", "FailedCreate", 5);
    event(&server, "other", "FailedCreate", 6);
    let mut events = Events::default();
    want(&mut events, &["a", "b", "c", "d"]);
    let answers = events.next(&requests(&server)).await;
    assert_eq!(told(&answers), ["a: FailedCreate at 3, SuccessfulCreate at 4", "b: FailedCreate at 5", "c: ", "d: "]);
    assert_eq!(lists(&server), 2, "what was refused, and what was let in after all");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_was_refused_one_list_is_enough() {
    let server = Server::default();
    let mut events = Events::default();
    want(&mut events, &["a", "b", "c"]);
    assert_eq!(told(&events.next(&requests(&server)).await), ["a: ", "b: ", "c: "]);
    assert_eq!(lists(&server), 1);
}

#[tokio::test(start_paused = true)]
async fn who_comes_during_a_pause_waits_for_its_end() {
    let server = Server::default();
    let (requests, begin, mut events) = (requests(&server), Instant::now(), Events::default());
    want(&mut events, &["a"]);
    events.next(&requests).await;
    assert!(begin.elapsed() < SHORTEST, "the first does not wait");
    for uid in ["b", "c", "b"] {
        want(&mut events, &[uid]);
        // What else happens drops the future.
        let soon = tokio::time::timeout(SHORTEST / 10, events.next(&requests)).await;
        assert!(soon.is_err(), "{uid}");
    }
    assert_eq!(told(&events.next(&requests).await), ["b: ", "c: "]);
    assert!(begin.elapsed() >= SHORTEST);
    let nobody = tokio::time::timeout(10 * SHORTEST, events.next(&requests)).await;
    assert!(nobody.is_err());
    assert_eq!(lists(&server), 3, "one for a, one for each of b and c");
}

#[test]
fn lists_take_up_a_tenth_of_the_time_at_most() {
    assert_eq!(pause(Duration::from_millis(1)), SHORTEST);
    assert_eq!(pause(Duration::from_secs(2)), Duration::from_secs(18));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_fails_is_made_again_after_a_pause_and_nobody_is_forgotten() {
    let server = Server::default();
    event(&server, "a", "FailedCreate", 1);
    for _ in 0..2 {
        server.fail(Fault {
            method: Method::GET,
            path: "events",
            after: false,
            answer: Some((403, "Forbidden", "events is forbidden")),
        });
    }
    let (begin, mut events) = (Instant::now(), Events::default());
    want(&mut events, &["a", "b", "c"]);
    assert_eq!(told(&events.next(&requests(&server)).await), ["a: FailedCreate at 1", "b: ", "c: "]);
    assert_eq!(server.faults_left(), 0);
    assert!(begin.elapsed() >= PAUSES.wait(0, 0.0) + PAUSES.wait(1, 0.0), "{:?}", begin.elapsed());
}

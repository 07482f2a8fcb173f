//! Senders that are killed, or frozen.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use keruta_api::NotificationState;
use keruta_server::store::{Lease, OutboxMessage, Outcome, StoreError};
use serde_json::json;

use crate::hook::{Answer, Hook};
use crate::scene::{PATIENCE, Scene};
use crate::smtp::{Reply, Smtp};

async fn until(what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_sender_that_is_killed_between_sending_and_recording_sends_again() {
    let smtp = Smtp::start(true).await;
    let target = json!({"email": {
        "host": "localhost", "port": smtp.port(), "security": "tls", "caCertificate": smtp.certificate(),
        "from": "keruta@example.com", "to": ["ada@example.com"],
    }});
    let scene = Scene::with(target, "unused").await;
    scene.rule(json!({})).await;
    // A digest: what was sent together is sent together again.
    for number in 0..5 {
        scene.fail(&format!("task-{number}"), "one", "broken").await;
    }
    // The letter is taken, and the sender dies before it hears so.
    smtp.will([Reply::Hang]);
    let sender = scene.send().await;
    until(|| smtp.letters().len() == 1).await;
    sender.task.abort();
    let _ = sender.task.await;
    assert!(scene.outbox().await.iter().all(|one| one.state == NotificationState::Sending));
    // More happens meanwhile.
    scene.fail("task-late", "late", "broken").await;

    let sender = scene.send().await;
    scene.until_all(NotificationState::Sent).await;
    let letters = smtp.letters();
    let id = |letter: &str| {
        letter
            .lines()
            .find_map(|line| line.strip_prefix("Message-ID: ").map(str::to_owned))
            .expect("a letter has an id")
    };
    assert_eq!(letters.len(), 3);
    assert_eq!(id(&letters[0].data), id(&letters[1].data), "who gets it twice sees that it is the same");
    assert_ne!(id(&letters[0].data), id(&letters[2].data));
    assert!(letters[2].data.contains("task-late"));
    sender.stop().await;
}

#[tokio::test]
async fn a_replica_that_thaws_records_nothing() {
    let hook = Hook::start().await;
    let scene = Scene::slack(&hook.url()).await;
    scene.rule(json!({})).await;
    scene.fail("task-1", "one", "broken").await;
    let frozen = scene.epoch("frozen").await;
    let now = Timestamp::now();
    let (due, _) = scene.store.due_notifications("c", now, now).await.unwrap();
    let message = OutboxMessage {
        id: "m".to_owned(),
        channel: "c".to_owned(),
        notifications: due.into_iter().map(|due| due.notification).collect(),
    };
    let message = scene.store.take_notifications(message, frozen).await.unwrap().unwrap();
    // Its lease expires, and another replica sends.
    let later = now.checked_add(SignedDuration::from_mins(2)).unwrap();
    let lease = scene.store.hold_runner_lease("one", SignedDuration::from_mins(2), later).await.unwrap();
    assert!(matches!(lease, Lease::Held(epoch) if epoch > frozen), "{lease:?}");
    let sender = scene.send().await;
    scene.until_all(NotificationState::Sent).await;
    let failed = Outcome::Failed { error: "late".to_owned(), is_final: true, retry_after: None };
    for outcome in [failed, Outcome::Sent] {
        let late = scene.store.settle_notifications(&message, &outcome, frozen, later).await.unwrap_err();
        assert!(matches!(late, StoreError::Fenced), "{late}");
    }
    assert_eq!(scene.outbox().await[0].state, NotificationState::Sent);
    assert_eq!(hook.received().len(), 1);
    sender.stop().await;
}

#[tokio::test]
async fn the_lease_lost_in_the_middle_ends_the_sending() {
    let hook = Hook::start().await;
    let scene = Scene::slack(&hook.url()).await;
    scene.rule(json!({})).await;
    hook.will([Answer::Status(500)]);
    scene.fail("task-1", "one", "broken").await;
    let sender = scene.send().await;
    scene.until(|outbox| outbox[0].last_error.is_some()).await;
    scene.store.release_runner_lease(sender.epoch).await.unwrap();
    scene.epoch("two").await;
    scene.turn_clock().await;
    // It notices by itself.
    tokio::time::timeout(PATIENCE, sender.task).await.unwrap().unwrap();
    assert_eq!(hook.received().len(), 1);
}

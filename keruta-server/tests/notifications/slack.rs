//! By webhook.

use std::time::Duration;

use jiff::Timestamp;
use keruta_api::{NotificationEvent, NotificationState};
use keruta_server::store::{Author, StoreError};
use serde_json::json;

use crate::hook::{Answer, Hook};
use crate::scene::Scene;

#[tokio::test]
async fn a_failure_arrives_without_markup() {
    let hook = Hook::start().await;
    let scene = Scene::slack(&hook.url()).await;
    scene.rule(json!({})).await;
    scene.fail("task-1", "Fix <!channel> & *bold*\u{1b}[31m\r\nx", "it ended with 3\n<http://evil|here>").await;
    let sender = scene.send().await;
    let sent = scene.until_all(NotificationState::Sent).await;
    assert_eq!(
        (sent[0].event, sent[0].tries, sent[0].task_id.as_deref()),
        (NotificationEvent::TaskFailed, 1, Some("task-1"))
    );
    let received = hook.received();
    assert_eq!((received[0]["mrkdwn"].as_bool(), received.len()), (Some(false), 1));
    let text = &hook.texts()[0];
    assert!(text.contains("task-1 failed: Fix &lt;!channel&gt; &amp; *bold* [31m x\n"), "{text}");
    assert!(text.ends_with("\n\nhttps://keruta.example.com/tasks/task-1\n"), "{text}");
    assert!(text.contains("it ended with 3 &lt;http://evil|here&gt;\n") && !text.contains('\u{1b}'), "{text}");
    sender.stop().await;
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_kept_by_the_whole_channel() {
    let hook = Hook::start().await;
    let scene = Scene::slack(&hook.url()).await;
    scene.rule(json!({})).await;
    hook.will([Answer::TooMany("3600")]);
    scene.fail("task-1", "one", "broken").await;
    let sender = scene.send().await;
    let outbox = scene.until(|outbox| outbox[0].last_error.is_some()).await;
    assert_eq!(outbox[0].state, NotificationState::Pending);
    assert!(outbox[0].last_error.as_ref().unwrap().contains("429"), "{outbox:?}");
    let held = scene.store.notification_channel("c").await.unwrap().held_until.unwrap();
    let pause = held.duration_since(Timestamp::now()).as_secs();
    assert!((3500..=3600).contains(&pause), "{pause}");
    // Neither this one nor the next is sent meanwhile; a test is, and by hand they go at once.
    scene.fail("task-2", "two", "broken").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(hook.received().len(), 1);
    scene.store.test_notification_channel("c", &Author::keruta(), Timestamp::now()).await.unwrap();
    scene.until(|outbox| outbox.iter().any(|one| one.event == NotificationEvent::Test && one.sent_at.is_some())).await;
    scene.hurry().await;
    scene.until_all(NotificationState::Sent).await;
    assert_eq!(hook.received().len(), 4);
    sender.stop().await;
}

#[tokio::test]
async fn what_passes_is_tried_again_and_what_does_not_is_given_up() {
    let hook = Hook::start().await;
    let scene = Scene::slack(&hook.url()).await;
    scene.rule(json!({})).await;
    hook.will([Answer::Status(500), Answer::Status(503), Answer::Status(404)]);
    scene.fail("task-1", "one", "broken").await;
    let sender = scene.send().await;
    for (tries, status) in [(1, "500"), (2, "503")] {
        let outbox = scene.until(|outbox| outbox[0].tries == tries && outbox[0].next_try_at.is_some()).await;
        assert!(outbox[0].last_error.as_ref().unwrap().contains(status), "{outbox:?}");
        assert!(outbox[0].next_try_at.unwrap() > Timestamp::now());
        // By hand the count begins anew, so that only the time is turned here.
        let channel = scene.store.notification_channel("c").await.unwrap();
        assert!(channel.held_until.is_some());
        scene.turn_clock().await;
    }
    let outbox = scene.until_all(NotificationState::Failed).await;
    assert_eq!(outbox[0].tries, 3);
    assert!(outbox[0].last_error.as_ref().unwrap().contains("404"), "{outbox:?}");
    // A person has another try, once.
    let (id, author) = (outbox[0].id.clone(), Author::keruta());
    scene.store.retry_notification(&id, &author, Timestamp::now()).await.unwrap();
    scene.until_all(NotificationState::Sent).await;
    let again = scene.store.retry_notification(&id, &author, Timestamp::now()).await.unwrap_err();
    assert!(matches!(again, StoreError::NotGivenUp { .. }), "{again}");
    assert_eq!(hook.received().len(), 4);
    sender.stop().await;
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_a_private_address_not_sent_to() {
    let (hook, other) = (Hook::start().await, Hook::start().await);
    let scene = Scene::slack(&hook.url()).await;
    scene.rule(json!({})).await;
    hook.will([Answer::Redirect(other.url())]);
    scene.fail("task-1", "one", "broken").await;
    let sender = scene.send().await;
    let outbox = scene.until_all(NotificationState::Failed).await;
    assert!(outbox[0].last_error.as_ref().unwrap().contains("redirects are not followed"), "{outbox:?}");
    assert!(other.received().is_empty());
    sender.stop().await;

    scene.set_secret(&hook.url().replace("http:", "https:"));
    scene.fail("task-2", "two", "broken").await;
    let sender = scene.send_with(|options| options.allow_private = false).await;
    let outbox = scene.until(|outbox| outbox[0].last_error.is_some()).await;
    let error = outbox[0].last_error.as_ref().unwrap();
    assert!(error.contains("127.0.0.1, which is not public") && !error.contains("/services/"), "{error}");
    assert_eq!(hook.received().len(), 1);
    sender.stop().await;
}

#[tokio::test]
async fn a_burst_is_one_message() {
    let hook = Hook::start().await;
    let scene = Scene::slack(&hook.url()).await;
    scene.rule(json!({})).await;
    for number in 0..60 {
        scene.fail(&format!("task-{number}"), "burst", "broken").await;
    }
    let sender = scene.send().await;
    let sent = scene.until_all(NotificationState::Sent).await;
    assert_eq!((sent.len(), hook.received().len()), (60, 1));
    let text = &hook.texts()[0];
    assert!(text.contains("60 notifications: 60 failed") && text.contains("and 40 more"), "{text}");
    sender.stop().await;
}

#[tokio::test]
async fn a_channel_that_hangs_holds_up_no_other() {
    let (slow, quick) = (Hook::start().await, Hook::start().await);
    let scene = Scene::slack(&slow.url()).await;
    scene.rule(json!({})).await;
    let target = json!({"name": "Quick", "target": {"slack": {"webhookUrl": {"file": "quick"}}}});
    let channel = keruta_server::notify::Channel::parse(serde_json::from_value(target).unwrap()).unwrap();
    scene.store.create_notification_channel("q", &channel, &Author::keruta(), Timestamp::now()).await.unwrap();
    scene.write_secret("quick", &quick.url());
    scene.rule(json!({"channelId": "q"})).await;
    slow.will([Answer::Hang]);
    scene.fail("task-1", "one", "broken").await;
    let sender = scene.send_with(|options| options.patience = Duration::from_secs(2)).await;
    let sent = scene.until(|outbox| outbox.iter().any(|one| one.state == NotificationState::Sent)).await;
    assert!(sent.iter().any(|one| one.channel_id == "c" && one.state == NotificationState::Sending), "{sent:?}");
    let outbox = scene.until(|outbox| outbox.iter().any(|one| one.last_error.is_some())).await;
    let hung = outbox.iter().find(|one| one.channel_id == "c").unwrap();
    assert_eq!(hung.last_error.as_deref(), Some("no answer within 2 s"));
    sender.stop().await;
}

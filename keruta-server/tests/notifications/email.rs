//! By mail.

use jiff::Timestamp;
use keruta_api::{NotificationEvent, NotificationState};
use keruta_server::store::Author;
use serde_json::{Value, json};

use crate::scene::Scene;
use crate::smtp::{Reply, Smtp};

fn target(smtp: &Smtp, security: &str) -> Value {
    json!({"email": {
        "host": "localhost", "port": smtp.port(), "security": security, "caCertificate": smtp.certificate(),
        "username": "ada", "password": {"file": "secret"},
        "from": "Keruta <keruta@example.com>", "to": ["ada@example.com", "Bob <bob@example.com>"],
    }})
}

#[tokio::test]
async fn letters_arrive_by_starttls_and_by_tls() {
    for (security, wrapped) in [("starttls", false), ("tls", true)] {
        let smtp = Smtp::start(wrapped).await;
        let scene = Scene::with(target(&smtp, security), "correct horse\n").await;
        scene.rule(json!({})).await;
        scene.fail("task-1", "ログイン\r\nBcc: eve@example.com", "it ended with 3\r\n.\r\nQUIT").await;
        let sender = scene.send().await;
        scene.until_all(NotificationState::Sent).await;
        let letters = smtp.letters();
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].recipients, ["<ada@example.com>", "<bob@example.com>"]);
        // \0ada\0correct horse
        assert_eq!(letters[0].login.as_deref(), Some("AGFkYQBjb3JyZWN0IGhvcnNl"));
        let (head, _) = letters[0].data.split_once("\n\n").unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated") && head.contains("failed: =?utf-8?"), "{head}");
        sender.stop().await;
    }
}

#[tokio::test]
async fn a_server_without_the_right_certificate_gets_no_letter() {
    let (smtp, other) = (Smtp::start(false).await, Smtp::start(false).await);
    let mut wrong = target(&smtp, "starttls");
    wrong["email"]["caCertificate"] = other.certificate().into();
    let scene = Scene::with(wrong, "correct horse").await;
    scene.rule(json!({})).await;
    scene.fail("task-1", "one", "broken").await;
    let sender = scene.send().await;
    let outbox = scene.until(|outbox| outbox[0].last_error.is_some()).await;
    assert!(smtp.letters().is_empty() && outbox[0].state == NotificationState::Pending, "{outbox:?}");
    assert!(outbox[0].last_error.as_ref().unwrap().to_lowercase().contains("certificate"), "{outbox:?}");
    sender.stop().await;
}

#[tokio::test]
async fn what_the_server_says_decides_what_follows() {
    let smtp = Smtp::start(true).await;
    let scene = Scene::with(target(&smtp, "tls"), "correct horse").await;
    scene.rule(json!({})).await;
    smtp.will([Reply::Line("451 try later"), Reply::Line("550 no such user")]);
    scene.fail("task-1", "one", "broken").await;
    let sender = scene.send().await;
    let outbox = scene.until(|outbox| outbox[0].last_error.is_some()).await;
    assert_eq!(outbox[0].state, NotificationState::Pending);
    assert!(outbox[0].last_error.as_ref().unwrap().contains("451"), "{outbox:?}");
    scene.turn_clock().await;
    let outbox = scene.until_all(NotificationState::Failed).await;
    assert!(outbox[0].last_error.as_ref().unwrap().contains("550 no such user"), "{outbox:?}");
    sender.stop().await;
}

#[tokio::test]
async fn a_wrong_password_may_be_mended() {
    let smtp = Smtp::start(true).await;
    let scene = Scene::with(target(&smtp, "tls"), "wrong").await;
    scene.rule(json!({})).await;
    scene.fail("task-1", "one", "broken").await;
    let sender = scene.send().await;
    let outbox = scene.until(|outbox| outbox[0].last_error.is_some()).await;
    assert!(outbox[0].last_error.as_ref().unwrap().contains("535"), "{outbox:?}");
    assert_eq!(outbox[0].state, NotificationState::Pending);
    scene.set_secret("correct horse");
    scene.turn_clock().await;
    scene.until_all(NotificationState::Sent).await;
    sender.stop().await;
}

#[tokio::test]
async fn a_test_is_tried_once() {
    let smtp = Smtp::start(true).await;
    let scene = Scene::with(target(&smtp, "tls"), "correct horse").await;
    smtp.will([Reply::Line("451 try later")]);
    let sender = scene.send().await;
    scene.store.test_notification_channel("c", &Author::keruta(), Timestamp::now()).await.unwrap();
    let outbox = scene.until_all(NotificationState::Failed).await;
    assert_eq!((outbox[0].event, outbox[0].tries), (NotificationEvent::Test, 1));
    assert!(scene.store.notification_channel("c").await.unwrap().held_until.is_none());
    scene.store.test_notification_channel("c", &Author::keruta(), Timestamp::now()).await.unwrap();
    scene.until(|outbox| outbox[0].state == NotificationState::Sent).await;
    assert!(smtp.letters()[1].data.contains("keruta tries whether messages of keruta arrive"));
    sender.stop().await;
}

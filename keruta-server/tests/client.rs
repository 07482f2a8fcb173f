//! The typed client against the server itself, over TCP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use keruta_api::client::{Client, ClientError, LogPlace, LogReading, TaskQuery};
use keruta_api::{LogLevel, LogLine, Role, StatusUpdate, TaskStatus};
use keruta_server::auth::{Access, AccessOptions};
use keruta_server::configuration::{Configuration, Seed};
use keruta_server::http::{ApiParts, api};
use keruta_server::oidc::Oidc;
use keruta_server::operation::Operation;
use keruta_server::runner::{ClusterState, connect_by_settings};
use keruta_server::secret::Secrets;
use keruta_server::store::logs::LogStore;
use keruta_server::store::{Author, Store};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

struct Server {
    address: SocketAddr,
    access: Access,
    admin: String,
    _cluster: watch::Sender<ClusterState>,
    _directory: TempDir,
}

impl Server {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("keruta.db").display());
        let store = Store::open(&url).await.unwrap();
        let configuration = Configuration::start(store.clone(), &Seed::default(), Timestamp::now()).await.unwrap();
        let operation = Operation::start(store.clone()).await.unwrap();
        let access = Access::new(store.clone(), AccessOptions::default()).unwrap();
        let admin = access.first_token(Timestamp::now()).await.unwrap().unwrap();
        let cluster = watch::Sender::new(ClusterState::Standby);
        let parts = ApiParts {
            logs: LogStore::start(store.clone()),
            store,
            configuration: Arc::new(configuration),
            access: access.clone(),
            cluster: cluster.subscribe(),
            metrics: Arc::default(),
            oidc: Oidc::new(operation.settings(), None, Secrets::default()).unwrap(),
            operation: Arc::new(operation),
            connect: connect_by_settings(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = api(&parts).unwrap().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { address, access, admin, _cluster: cluster, _directory: directory }
    }

    fn client(&self) -> Client {
        Client::builder(&format!("http://{}/", self.address)).token(&self.admin).build().unwrap()
    }
}

fn line(text: &str) -> LogLine {
    LogLine { timestamp: Timestamp::from_second(1_800_000_000).unwrap(), level: None, message: text.to_owned() }
}

fn agent() -> LogPlace {
    LogPlace { attempt: 1, container: "agent".to_owned(), ..LogPlace::default() }
}

fn update(status: TaskStatus, attempt: u32) -> StatusUpdate {
    StatusUpdate { attempt: Some(attempt), ..StatusUpdate::to(status) }
}

#[tokio::test]
async fn a_task_from_beginning_to_end() {
    let server = Server::start().await;
    let client = server.client();
    let spec = json!({"id": "task-1", "title": "Fix it", "image": "busybox", "script": "echo $HOME\n"});
    assert_eq!(client.create_task(&spec).await.unwrap().attempt, 1);
    let again = client.create_task(&spec).await.unwrap_err();
    assert_eq!(again.status().unwrap().as_u16(), 409);
    assert!(again.to_string().contains("task-1 already"), "{again}");
    for number in 2..5 {
        client
            .create_task(&json!({"id": format!("task-{number}"), "image": "busybox", "command": ["x"]}))
            .await
            .unwrap();
    }
    let mut wanted = TaskQuery { text: Some("TASK".to_owned()), limit: Some(3), ..TaskQuery::default() };
    let first = client.tasks(&wanted).await.unwrap();
    wanted.cursor = first.next_cursor;
    let rest = client.tasks(&wanted).await.unwrap();
    assert_eq!((first.items.len(), rest.items.len(), rest.next_cursor), (3, 1, None));

    assert_eq!(client.task_script("task-1").await.unwrap().as_deref(), Some("echo $HOME\n"));
    assert_eq!(client.task_script("task-2").await.unwrap(), None);
    assert_eq!(client.repository_script("../none?x").await.unwrap(), None);
    assert_eq!(client.document_content("none").await.unwrap(), None);

    client.set_status("task-1", &update(TaskStatus::InProgress, 1)).await.unwrap();
    let other = client.set_status("task-1", &update(TaskStatus::Completed, 2)).await.unwrap_err();
    assert!(other.to_string().contains("is at attempt 1, not 2"), "{other}");
    client.set_status("task-1", &update(TaskStatus::Failed, 1)).await.unwrap();
    assert_eq!(client.status("task-1").await.unwrap().status, TaskStatus::Failed);
    assert_eq!(client.retry_task("task-1").await.unwrap().attempt, 2);
    let cancelled = client.cancel_task("task-1", Some("no longer needed")).await.unwrap();
    assert_eq!(cancelled.status, TaskStatus::Cancelled);
    assert!(client.status("task-1").await.unwrap().cancel_requested);
    assert_eq!(client.task("none").await.unwrap_err().status().unwrap().as_u16(), 404);
    let wrong = client.create_task(&json!({"id": "task-5", "imagee": 7})).await.unwrap_err();
    assert!(wrong.to_string().contains("/imagee") && !wrong.is_transient(), "{wrong}");
}

#[tokio::test]
async fn an_agent_sends_its_log_and_finds_its_place_again() {
    let server = Server::start().await;
    server.client().create_task(&json!({"id": "task-1", "image": "busybox", "command": ["x"]})).await.unwrap();
    let token = server.access.create_task_token("task-1", 1, SignedDuration::from_hours(1), Timestamp::now()).await;
    let address = format!("http://{}", server.address);
    let client = Client::builder(&address).token(&token.unwrap().secret).build().unwrap();
    let lines = [line("first"), line("[ERROR] second")];
    let kept = client.append_log("task-1", &agent(), 0, &lines, false).await.unwrap();
    assert_eq!((kept.offset, kept.repeated), (2, false));
    assert!(client.append_log("task-1", &agent(), 0, &lines, false).await.unwrap().repeated, "it was not answered");
    let lost = client.append_log("task-1", &agent(), 7, &[line("x")], false).await.unwrap_err();
    assert!(matches!(lost, ClientError::Offset { current: 2 }), "{lost}");
    client.append_log("task-1", &agent(), 2, &[line("日本語 <b>\u{1b}[0m")], true).await.unwrap();
    let page = client.log("task-1", &LogReading { limit: Some(2), ..LogReading::default() }).await.unwrap();
    assert_eq!((page.items.len(), page.items[1].level), (2, LogLevel::Error));
    let cursor = page.next_cursor;
    let rest = client.log("task-1", &LogReading { limit: Some(2), cursor, ..LogReading::default() }).await.unwrap();
    assert_eq!(rest.items[0].message, "日本語 <b>\u{1b}[0m");
    let errors = LogReading { level: Some("ERROR".to_owned()), ..LogReading::default() };
    assert!(client.log_text("task-1", &errors).await.unwrap().ends_with("[agent] [ERROR] second\n"));
    // It opens this task and no other.
    assert_eq!(client.task("other").await.unwrap_err().status().unwrap().as_u16(), 403);
}

#[tokio::test]
async fn a_log_is_followed_through_a_cut_connection() {
    let server = Server::start().await;
    let client = server.client();
    client.create_task(&json!({"id": "task-1", "image": "busybox", "command": ["x"]})).await.unwrap();
    client.append_log("task-1", &agent(), 0, &[line("0"), line("1")], false).await.unwrap();
    // All that is followed goes through here, until it is cut.
    let (proxy, cut) = proxy(server.address).await;
    let follower = Client::builder(&format!("http://{proxy}")).token(&server.admin).build().unwrap();
    let mut log = follower.follow_log("task-1", None);
    for expected in ["0", "1"] {
        assert_eq!(log.next().await.unwrap().unwrap().message, expected);
    }
    cut.send(()).unwrap();
    client.append_log("task-1", &agent(), 2, &[line("2"), line("3")], true).await.unwrap();
    client.set_status("task-1", &update(TaskStatus::Failed, 1)).await.unwrap();
    for expected in ["2", "3"] {
        assert_eq!(log.next().await.unwrap().unwrap().message, expected);
    }
    assert_eq!(log.next().await.unwrap(), None);
    assert_eq!((log.status(), log.next().await.unwrap()), (Some(TaskStatus::Failed), None));
    // From behind a place.
    let mut log = follower.follow_log("task-1", None);
    log.next().await.unwrap();
    let place = log.last_event_id().unwrap().to_owned();
    let mut rest = follower.follow_log("task-1", Some(place));
    assert_eq!(rest.next().await.unwrap().unwrap().message, "1");
}

/// Passes connections on; the first ones are cut when it is told so.
async fn proxy(to: SocketAddr) -> (SocketAddr, tokio::sync::oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (cut, mut told) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut first = tokio::task::JoinSet::new();
        let mut is_cut = false;
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let (mut client, _) = accepted.unwrap();
                    first.spawn(async move {
                        let mut server = TcpStream::connect(to).await.unwrap();
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    });
                }
                _ = &mut told, if !is_cut => {
                    is_cut = true;
                    first.shutdown().await;
                }
            }
        }
    });
    (address, cut)
}

#[tokio::test]
async fn what_stands_in_between_is_told_apart() {
    // Nobody there.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = Client::builder(&format!("http://{free}")).build().unwrap().status("x").await.unwrap_err();
    assert!(matches!(nobody, ClientError::Unreachable(_)) && nobody.is_transient(), "{nobody}");
    for (answer, told, transient) in [
        ("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\n\r\n<html>", "502 Bad Gateway", true),
        ("HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n", "429", true),
        ("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>", "cannot be read", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 60\r\n\r\n{\"status\"", "could not be reached", true),
        ("nonsense\r\n\r\n", "could not be reached", true),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let error = Client::builder(&format!("http://{address}")).build().unwrap().status("x").await.unwrap_err();
        assert!(error.to_string().contains(told), "{answer}: {error}");
        assert_eq!(error.is_transient(), transient, "{error}");
        if let ClientError::Refused { retry_after, .. } = error {
            assert_eq!(retry_after.is_some(), answer.contains("retry-after"));
        }
    }
    // One that takes the request and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::builder(&format!("http://{}", silent.local_addr().unwrap()));
    let began = Instant::now();
    let error = client.timeout(Duration::from_secs(1)).build().unwrap().status("x").await.unwrap_err();
    assert!(matches!(error, ClientError::TimedOut(_)) && began.elapsed() < Duration::from_secs(20), "{error}");
    let made = Server::start().await;
    made.access.create_token("viewer", Role::Viewer, None, &Author::keruta(), Timestamp::now()).await.unwrap();
    let unknown = Client::builder(&format!("http://{}", made.address)).token("keruta_viewer_x").build().unwrap();
    assert_eq!(unknown.status("x").await.unwrap_err().status().unwrap().as_u16(), 401);
}

//! Lines of an agent that are cut off in the middle of a batch.

use std::fmt::Write as _;
use std::time::Duration;

use scripted_apiserver::{Life, Run};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::program::{Program, Stage, client};

fn batch(from: u64, lines: u64) -> String {
    (from..from + lines).fold(String::new(), |mut batch, number| {
        writeln!(batch, r#"{{"timestamp": "2026-11-30T10:00:00Z", "message": "line {number}"}}"#).unwrap();
        batch
    })
}

fn path(offset: u64) -> String {
    format!("/api/v1/tasks/a/logs?attempt=1&container=agent&offset={offset}")
}

/// Sends a batch, and gives back the status and the offset that the server tells; `None` where no answer came.
async fn send(program: &Program, offset: u64, body: String) -> Option<(u16, u64)> {
    let asking = client(Duration::from_secs(10));
    let request = asking.post(format!("{}{}", program.url, path(offset))).bearer_auth(&program.token);
    let answer = request.header("content-type", "application/x-ndjson").body(body).send().await.ok()?;
    let status = answer.status().as_u16();
    let range = answer.headers().get("content-range").map(|range| range.to_str().unwrap().to_owned());
    let text = answer.text().await.ok()?;
    let told = match range {
        Some(range) => range.rsplit('/').next().unwrap().parse().unwrap(),
        None => serde_json::from_str::<serde_json::Value>(&text).unwrap()["offset"].as_u64().unwrap_or_default(),
    };
    Some((status, told))
}

async fn lines(program: &Program) -> Vec<String> {
    let text = program.get("/api/v1/tasks/a/logs?format=raw&container=agent").await;
    text.as_str().unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn half_a_batch_is_none_and_the_same_again_is_one() {
    let stage = Stage::set().await;
    let program = stage.start(&stage.sqlite()).await;
    assert!(program.create("a", &Life::new().container("main", Run::new().forever())).await);
    let body = batch(0, 100);
    let address = program.url.strip_prefix("http://").unwrap();
    for cut in [1, body.len() / 2, body.len() - 1] {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n",
            path(0),
            program.token,
            body.len()
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&body.as_bytes()[..cut]).await.unwrap();
        connection.flush().await.unwrap();
        connection.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(5), connection.read_to_end(&mut answer)).await.unwrap();
        assert!(!String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 200"), "{cut}");
    }
    assert_eq!(lines(&program).await, Vec::<String>::new());
    assert_eq!(send(&program, 0, body.clone()).await, Some((200, 100)));
    assert_eq!(send(&program, 0, body).await, Some((200, 100)), "the answer was lost: once more");
    assert_eq!(send(&program, 90, batch(90, 20)).await, Some((416, 100)));
    assert_eq!(lines(&program).await.len(), 100);
}

#[tokio::test]
async fn a_server_that_is_killed_again_and_again_has_each_line_once() {
    let stage = Stage::set().await;
    let mut program = stage.start(&stage.sqlite()).await;
    assert!(program.create("a", &Life::new().container("main", Run::new().forever())).await);
    let (mut offset, size) = (0_u64, 500);
    for round in 0..5_u64 {
        let begun = Notify::new();
        let sending = async {
            // As an agent does: what was not answered is sent again, from where the server says.
            let mut acknowledged = offset;
            loop {
                match send(&program, acknowledged, batch(acknowledged, size)).await {
                    Some((200 | 416, told)) => {
                        acknowledged = told;
                        begun.notify_one();
                    }
                    _ => return acknowledged,
                }
            }
        };
        let acknowledged = tokio::select! {
            acknowledged = sending => acknowledged,
            () = kill_after(&program, &begun, Duration::from_millis(35 * round)) => unreachable!("the sender ends first"),
        };
        program.kill().await;
        program = stage.start(&stage.sqlite()).await;
        let kept = lines(&program).await.len() as u64;
        assert!(kept >= acknowledged, "{round}: {kept} of {acknowledged} acknowledged lines");
        offset = acknowledged;
    }
    let whole = lines(&program).await;
    assert!(whole.len() as u64 >= 5 * size, "{}", whole.len());
    let wanted: Vec<String> = (0..whole.len()).map(|number| format!("line {number}")).collect();
    assert!(whole == wanted, "each line once and in its place");
}

/// Kills a server so long after a beginning; never ready, so that whoever sends sees it.
async fn kill_after(program: &Program, begun: &Notify, time: Duration) {
    begun.notified().await;
    tokio::time::sleep(time).await;
    program.signal("KILL");
    std::future::pending::<()>().await;
}

//! SQLite that is locked, and a disk that is full.

use std::time::{Duration, Instant};

use http::Method;
use scripted_apiserver::{Life, Run};
use serde_json::json;

use crate::program::Stage;

#[tokio::test]
async fn a_locked_file_is_waited_for_or_told_and_nothing_is_lost() {
    let stage = Stage::set().await;
    let program = stage.start(&stage.sqlite()).await;
    assert!(program.create("before", &Life::new().container("main", Run::new().line("x").sleep(2_000))).await);
    program.until("before", |task| task["status"] == "IN_PROGRESS").await;
    let path = stage.directory.path().join("keruta.db");
    let lock = |milliseconds| {
        let path = path.clone();
        tokio::task::spawn_blocking(move || {
            let other = rusqlite::Connection::open(path).unwrap();
            other.busy_timeout(Duration::from_secs(10)).unwrap();
            other.execute_batch("BEGIN IMMEDIATE").unwrap();
            std::thread::sleep(Duration::from_millis(milliseconds));
            other.execute_batch("ROLLBACK").unwrap();
        })
    };
    // A short lock is waited for.
    let short = lock(1_500);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let began = Instant::now();
    assert!(program.create("meanwhile", &Life::new().container("main", Run::new())).await);
    assert!(began.elapsed() > Duration::from_millis(500), "it was locked");
    short.await.unwrap();
    // A long one is told; reads go on, and the program lives. Writes have their turn one after the other, so that the last may come
    // to its end all the same.
    let long = lock(16_000);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let writes = (0..3).map(|number| {
        let body = json!({"id": format!("late{number}"), "image": "busybox:1.36"});
        let program = &program;
        async move { program.try_send(Method::POST, "/api/v1/tasks", Some(&body)).await.expect("an answer") }
    });
    let writes = futures::future::join_all(writes);
    let reads = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        program.get("/api/v1/tasks/before").await;
    };
    let (answers, ()) = tokio::join!(writes, reads);
    let refused = answers.iter().filter(|(status, problem)| {
        assert!(matches!(status, 201 | 503), "{problem:#}");
        *status == 503 && problem["type"] == "/problems/unavailable"
    });
    assert!(refused.count() > 0, "{answers:#?}");
    long.await.unwrap();
    for id in ["before", "meanwhile"] {
        assert_eq!(program.until_ended(id).await["status"], "COMPLETED", "{id}");
        assert_eq!((stage.jobs_of(id).len(), program.ends(id).await.len()), (1, 1), "{id}");
    }
    assert!(program.create("after", &Life::new().container("main", Run::new())).await);
    assert_eq!(program.until_ended("after").await["status"], "COMPLETED");
    for (number, (status, _)) in answers.iter().enumerate() {
        let found = program.try_send(Method::GET, &format!("/api/v1/tasks/late{number}"), None).await.unwrap();
        assert_eq!(found.0 == 200, *status == 201, "what was acknowledged is there, what was refused is not");
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_what_was_acknowledged_is_there_afterwards() {
    let stage = Stage::set().await;
    stage.start(&stage.sqlite()).await.kill().await;
    // No file may grow beyond 3 MiB; a write that would is refused, as on a disk that is full.
    let program = stage.start_by(&stage.sqlite(), "trap '' XFSZ; ulimit -f 6144; exec \"$@\"").await;
    assert!(program.create("runs", &Life::new().container("main", Run::new().sleep(1_500))).await);
    program.until("runs", |task| task["status"] == "IN_PROGRESS").await;
    let (mut kept, mut refused) = (Vec::new(), None);
    for number in 0..200 {
        let id = format!("d{number}");
        let lines = (0..4000).map(|line| format!("{number} {line} {}\n", line * 7919 % 4001));
        let content = lines.collect::<Vec<_>>().concat();
        let body = json!({"id": id, "title": id, "content": content});
        match program.try_send(Method::POST, "/api/v1/documents", Some(&body)).await {
            Some((201, _)) => kept.push((id, content)),
            answer => {
                refused = answer;
                break;
            }
        }
    }
    let refused = refused.expect("at some time it is full");
    assert_eq!((refused.0, &refused.1["type"]), (503, &json!("/problems/unavailable")), "{refused:#?}");
    assert!(!kept.is_empty());
    // What is there can be read all the same, and the program says that it lives.
    program.get(&format!("/api/v1/documents/{}", kept[0].0)).await;
    program.get("/healthz").await;
    program.kill().await;
    // With room again it goes on.
    let program = stage.start(&stage.sqlite()).await;
    for (id, content) in &kept {
        let read = program.get(&format!("/api/v1/documents/{id}/content")).await;
        assert!(read.as_str() == Some(content), "{id}");
    }
    assert_eq!(program.until_ended("runs").await["status"], "COMPLETED");
    assert_eq!((stage.jobs_of("runs").len(), program.ends("runs").await.len()), (1, 1));
}

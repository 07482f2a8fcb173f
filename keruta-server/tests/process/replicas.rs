//! Two replicas on PostgreSQL, and a PostgreSQL that goes away.

use std::time::{Duration, Instant};

use http::Method;
use scripted_apiserver::{Life, Run};
use serde_json::json;

use crate::postgres::Database;
use crate::program::{PATIENCE, Stage};
use crate::proxy::Proxy;

#[tokio::test]
async fn a_replica_that_was_frozen_and_thaws_runs_nothing_twice() {
    let Some(database) = Database::make().await else { return };
    let stage = Stage::set().await;
    let first = stage.start(&database.url()).await;
    let second = stage.start(&database.url()).await;
    let began = Instant::now();
    let (leader, other) = loop {
        match (first.leads().await, second.leads().await) {
            (true, _) => break (first, second),
            (_, true) => break (second, first),
            _ => assert!(began.elapsed() < PATIENCE, "nobody runs the tasks"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let life = Life::new().container("main", Run::new().line("once").sleep(1_500));
    // Some run, some are about to be submitted, when the leader freezes.
    for number in 0..6 {
        assert!(other.create(&format!("a{number}"), &life).await);
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    leader.signal("STOP");
    for number in 0..4 {
        assert!(other.create(&format!("b{number}"), &life).await);
    }
    let began = Instant::now();
    while !other.leads().await {
        assert!(began.elapsed() < PATIENCE, "nobody takes over");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    leader.signal("CONT");
    for number in 0..4 {
        assert!(leader.create(&format!("c{number}"), &life).await, "it serves the API again");
    }
    for (group, count) in [("a", 6), ("b", 4), ("c", 4)] {
        for number in 0..count {
            let id = format!("{group}{number}");
            let task = other.until_ended(&id).await;
            assert_eq!(task["status"], "COMPLETED", "{task:#}");
            assert_eq!(stage.jobs_of(&id).len(), 1, "{id}");
            assert_eq!(other.ends(&id).await, ["COMPLETED"], "{id}");
            other.until_log(&id, "once\n").await;
        }
    }
    assert!(!(leader.leads().await && other.leads().await), "one runs the tasks");
    leader.kill().await;
    other.kill().await;
    database.drop().await;
}

#[tokio::test]
async fn a_postgresql_that_goes_away_and_comes_back_loses_nothing() {
    let Some(database) = Database::make().await else { return };
    let stage = Stage::set().await;
    let proxy = Proxy::before(database.address().to_owned()).await;
    let url = database.url().replace(database.address(), &proxy.address.to_string());
    let program = stage.start(&url).await;
    let life = Life::new().container("main", Run::new().line("once").sleep(1_200));
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    for round in 0..3 {
        for number in 0..4 {
            let id = format!("r{round}-{number}");
            assert!(program.create(&id, &life).await, "{id}");
            acknowledged.push(id);
        }
        tokio::time::sleep(Duration::from_millis(100 + 300 * round)).await;
        proxy.cut();
        let body = json!({"id": format!("cut{round}"), "image": "busybox:1.36"});
        let answer =
            tokio::time::timeout(Duration::from_secs(35), program.try_send(Method::POST, "/api/v1/tasks", Some(&body)));
        let answer = async { answer.await.unwrap().expect("an answer, if a late one") };
        let mending = async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            proxy.mend();
        };
        let ((status, _), ()) = tokio::join!(answer, mending);
        assert!(matches!(status, 201 | 503), "{status}");
        refused += usize::from(status == 503);
        if status == 201 {
            program.get(&format!("/api/v1/tasks/cut{round}")).await;
        }
    }
    for id in acknowledged {
        let task = program.until_ended(&id).await;
        assert_eq!(task["status"], "COMPLETED", "{task:#}");
        assert_eq!((stage.jobs_of(&id).len(), program.ends(&id).await), (1, vec!["COMPLETED".to_owned()]), "{id}");
        program.until_log(&id, "once\n").await;
    }
    eprintln!("{refused} of 3 were refused while it was away");
    program.kill().await;
    database.drop().await;
}

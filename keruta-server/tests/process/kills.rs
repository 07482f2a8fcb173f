//! `kill -9` at every step of a task's life.

use std::time::{Duration, Instant};

use scripted_apiserver::{Life, Run};

use crate::program::{NAMESPACE, Stage, client};

#[tokio::test]
async fn whenever_it_is_killed_the_next_start_goes_on() {
    let stage = Stage::set().await;
    let life = Life::new().container("main", Run::new().line("once").sleep(900));
    // From before the claim, through the Secret, the ConfigMap, the Job and the run, to after the end.
    let mut program = stage.start(&stage.sqlite()).await;
    for moment in [0, 5, 10, 15, 20, 30, 40, 60, 80, 120, 200, 400, 700, 1000, 1500] {
        let id = format!("t{moment}");
        assert!(program.create(&id, &life).await);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        program.kill().await;
        let started = Instant::now();
        program = stage.start(&stage.sqlite()).await;
        let task = program.until_ended(&id).await;
        assert_eq!(task["status"], "COMPLETED", "{moment}: {task:#}");
        // No waiting for a lease of the dead.
        assert!(started.elapsed() < Duration::from_secs(13), "{moment}: {:?}", started.elapsed());
        assert_eq!(stage.jobs_of(&id).len(), 1, "{moment}");
        assert_eq!(program.ends(&id).await, ["COMPLETED"], "{moment}");
    }
    let began = Instant::now();
    while !stage.cluster.objects("secrets", NAMESPACE).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(30), "{:#?}", stage.cluster.objects("secrets", NAMESPACE));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn whenever_it_is_killed_what_was_acknowledged_is_there() {
    let stage = Stage::set().await;
    let mut program = stage.start(&stage.sqlite()).await;
    let (mut acknowledged, mut number) = (Vec::new(), 0);
    for round in 0..6 {
        // Several writers at once, and the end in their midst.
        let deadline = Instant::now() + Duration::from_millis(60 + 40 * round);
        let life = Life::new().container("main", Run::new());
        loop {
            let first = number;
            let writes = (0..4).map(|offset| {
                let id = format!("t{}", first + offset);
                let (program, life) = (&program, &life);
                async move { program.create(&id, life).await.then_some(id) }
            });
            number += 4;
            acknowledged.extend(futures::future::join_all(writes).await.into_iter().flatten());
            if Instant::now() >= deadline {
                break;
            }
        }
        let writes = tokio::spawn({
            let (url, token) = (program.url.clone(), program.token.clone());
            async move {
                let asking = client(Duration::from_secs(10));
                let mut made = Vec::new();
                for extra in 0..1000 {
                    let id = format!("x{round}-{extra}");
                    let body = format!(r#"{{"id": "{id}", "image": "busybox:1.36"}}"#);
                    let request = asking.post(format!("{url}/api/v1/tasks")).bearer_auth(&token);
                    match request.header("content-type", "application/json").body(body).send().await {
                        Ok(answer) if answer.status() == 201 => made.push(id),
                        _ => break,
                    }
                }
                made
            }
        });
        tokio::time::sleep(Duration::from_millis(80)).await;
        program.kill().await;
        acknowledged.extend(writes.await.unwrap());
        program = stage.start(&stage.sqlite()).await;
    }
    assert!(acknowledged.len() >= 24, "{}", acknowledged.len());
    for id in &acknowledged {
        program.get(&format!("/api/v1/tasks/{id}")).await;
    }
    // And each of them runs once.
    for id in acknowledged.iter().filter(|id| id.starts_with('t')) {
        assert_eq!(program.until_ended(id).await["status"], "COMPLETED");
        assert_eq!(stage.jobs_of(id).len(), 1, "{id}");
    }
}

#[tokio::test]
async fn a_signal_ends_it_in_order() {
    let stage = Stage::set().await;
    let program = stage.start(&stage.sqlite()).await;
    assert!(program.create("a", &Life::new().container("main", Run::new().sleep(600))).await);
    program.until("a", |task| task["status"] == "IN_PROGRESS").await;
    program.signal("TERM");
    assert!(program.ended().await.success());
    let program = stage.start(&stage.sqlite()).await;
    assert_eq!(program.until_ended("a").await["status"], "COMPLETED");
    assert_eq!(stage.jobs_of("a").len(), 1);
}

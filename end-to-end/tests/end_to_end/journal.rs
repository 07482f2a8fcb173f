//! The submitter's journal in a server that keeps tasks and does not run them.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use keruta_api::TaskStatus;
use keruta_api::client::LogReading;
use keruta_manifest::lineage::Lineage;
use keruta_manifest::render::{RenderOptions, render};
use keruta_manifest::{Settings, Task};
use keruta_submitter::bundle::Bundle;
use keruta_submitter::cluster::{Cluster, ClusterConfig, Environment};
use keruta_submitter::follow::{FollowOptions, Follower};
use keruta_submitter::journal::{HttpJournal, Journal, JournalToken, MemoryLedger, Progress, StatusChange};
use keruta_submitter::logs::{Cursor, Gap, Level, LogEntry, LogLine, LogSource};
use keruta_submitter::submit::{SubmitOptions, submit};
use keruta_submitter::{Attempt, Evidence, Outcome, Phase, TaskStatus as Seen, Verdict};
use scripted_apiserver::{Life, Run};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::stage::{NAMESPACE, Stage};

/// What JSON has to escape.
const ODD: &str = "one \"{\"cursor\":\r\u{1}";

async fn stage() -> Stage {
    let stage = Stage::set_with(&["--set", "enabled=false"]).await;
    stage.client.create_task(&json!({"id": "a", "image": "busybox:1.36", "command": ["true"]})).await.unwrap();
    stage
}

fn journal(stage: &Stage) -> HttpJournal {
    HttpJournal::open(&stage.url(), JournalToken::Text(stage.token.clone())).unwrap()
}

fn attempt(task: &str, number: u32) -> Attempt {
    Attempt { namespace: NAMESPACE.into(), task: task.into(), number }
}

fn source() -> LogSource {
    LogSource {
        attempt: attempt("a", 1),
        job: "keruta-job-a".into(),
        pod: "pod".into(),
        pod_uid: "uid".into(),
        container: "main".into(),
        restart: 0,
    }
}

fn line(number: u64, message: impl Into<Vec<u8>>) -> LogEntry {
    let timestamp = Timestamp::from_second(1_700_000_000 + i64::try_from(number).unwrap()).unwrap();
    let message: Vec<u8> = message.into();
    LogEntry::Line(LogLine { number, timestamp, level: Level::Info, message: message.into(), continues: false })
}

fn cursor(lines: u64) -> Cursor {
    let mut cursor = Cursor::default();
    cursor.lines = lines;
    cursor
}

#[tokio::test]
async fn entries_come_back_as_they_were_and_a_batch_is_kept_once() {
    let stage = stage().await;
    let journal = journal(&stage);
    assert_eq!(journal.log_cursor(&source()).await.unwrap(), None);
    let gap = LogEntry::Gap(Gap { after: None, before: None, reason: "why".into() });
    let mut long = line(3, vec![b'x'; 9 << 20]);
    if let LogEntry::Line(line) = &mut long {
        (line.continues, line.level) = (true, Level::Error);
    }
    let mut end = cursor(4);
    end.done = true;
    let batches = [
        (vec![gap, line(1, ODD)], cursor(1)),
        (vec![line(2, b"\xff\xfe".to_vec()), long, line(3, "y"), line(4, "")], cursor(4)),
        (Vec::new(), end),
    ];
    for (entries, cursor) in &batches {
        for _ in 0..2 {
            // As after an answer that did not come.
            journal.log(&source(), entries, cursor).await.unwrap();
            assert_eq!(journal.log_cursor(&source()).await.unwrap().as_ref(), Some(cursor));
        }
    }
    let page = stage.client.log("a", &LogReading { limit: Some(100), ..LogReading::default() }).await.unwrap();
    let kept: Vec<_> = page.items.iter().map(|item| (item.line, item.message.len(), item.continues)).collect();
    assert_eq!(kept[1..], [(1, ODD.len(), false), (2, 6, false), (3, 9 << 20, true), (3, 1, false), (4, 0, false)]);
    assert_eq!(page.items[0].gap.as_deref(), Some("why"));
    assert_eq!((page.items[1].message.as_str(), page.items[2].message_base64.as_deref()), (ODD, Some("//4=")));
    // Another one that reads the same log.
    let error = journal.log(&source(), &[line(2, "other")], &cursor(2)).await.unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("another one reads this log"), "{error}");
    // A later Pod of the same name has a log of its own.
    let later = LogSource { pod_uid: "other".into(), ..source() };
    assert_eq!(journal.log_cursor(&later).await.unwrap(), None);
}

#[tokio::test]
async fn a_status_is_kept_once_with_its_verdict_and_what_is_not_there_is_passed_over() {
    let stage = stage().await;
    let journal = journal(&stage);
    let at = Timestamp::now();
    let mut change = StatusChange { attempt: attempt("a", 1), at, status: Seen::InProgress, verdict: None };
    journal.status(&change).await.unwrap();
    journal.status(&change).await.unwrap();
    let progress = Progress { attempt: attempt("a", 1), at, phase: Phase::Running, pod: Some("pod".into()) };
    journal.progress(&progress).await.unwrap();
    let task = stage.client.task("a").await.unwrap();
    assert_eq!((task.status, &task.phase.unwrap()["pod"]), (TaskStatus::InProgress, &json!("pod")));
    assert_eq!(journal.verdict(&change.attempt).await.unwrap(), None);
    let evidence = Evidence { summary: "it is\0 done".into(), ..Evidence::default() };
    let mut verdict = Verdict { outcome: Outcome::Completed, retryable: false, evidence };
    change.status = Seen::Completed;
    change.verdict = Some(verdict.clone());
    journal.status(&change).await.unwrap();
    journal.status(&change).await.unwrap();
    verdict.evidence.summary = "it is\u{fffd} done".into();
    assert_eq!(journal.verdict(&change.attempt).await.unwrap(), Some(verdict));
    assert_eq!(stage.statuses("a").await, ["IN_PROGRESS", "COMPLETED"]);
    // What is behind a final status changes nothing.
    let late = StatusChange { status: Seen::InProgress, verdict: None, ..change.clone() };
    journal.status(&late).await.unwrap();
    assert_eq!(stage.client.task("a").await.unwrap().status, TaskStatus::Completed);
    for nobody in [attempt("a", 2), attempt("nobody", 1)] {
        journal.status(&StatusChange { attempt: nobody.clone(), ..change.clone() }).await.unwrap();
        assert_eq!(journal.verdict(&nobody).await.unwrap(), None);
        let source = LogSource { attempt: nobody, ..source() };
        journal.log(&source, &[line(1, "x")], &cursor(1)).await.unwrap();
        assert_eq!(journal.log_cursor(&source).await.unwrap(), None);
    }
    let elsewhere = Attempt { namespace: "elsewhere".into(), ..attempt("a", 1) };
    journal.status(&StatusChange { attempt: elsewhere, ..change }).await.unwrap_err();
}

#[tokio::test]
async fn a_server_that_is_away_for_a_while_misses_no_line_and_no_status() {
    let mut stage = stage().await;
    let life = Life::new().container("main", Run::new().line("begin").numbered("line ", 300, 4_000).exit(3));
    let (key, value) = life.annotation();
    let task = json!({
        "id": "a", "image": "busybox:1.36", "command": ["true"], "backoffLimit": 0,
        "podPatch": {"merge": {"metadata": {"annotations": {key: value}}}},
    });
    let task = Task::from_json(&task.to_string()).unwrap();
    let settings = Settings::from_json("{}").unwrap();
    let rendered = render(&task, &settings, &Lineage::of(&task), &RenderOptions::default()).unwrap();
    let bundle = Bundle::of_rendered(rendered, NAMESPACE).unwrap();
    let config = ClusterConfig { kubeconfig: Some(stage.kubeconfig()), ..ClusterConfig::default() };
    let cluster = Cluster::connect(&config, &Environment::of_process()).unwrap();
    let (end, journal) = (CancellationToken::new(), Arc::new(journal(&stage)));
    let follower = Follower::new(cluster.clone(), journal, FollowOptions::new(NAMESPACE));
    let following = tokio::spawn(follower.run(end.clone()));
    let options = SubmitOptions { follow: true, ..SubmitOptions::default() };
    submit(&cluster, &MemoryLedger::default(), &bundle, &options, Timestamp::now()).await.unwrap();

    let mut kept = 0;
    while kept < 20 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        kept = stage.log("a", "main").await.len();
    }
    stage.stop_server().await;
    // Its container goes on meanwhile, and ends before the server is back.
    tokio::time::sleep(Duration::from_secs(5)).await;
    stage.start_server().await;
    let task = stage.until_judged("a").await;
    assert_eq!(task.status, TaskStatus::Failed, "{task:#?}");
    assert_eq!(task.verdict.unwrap()["evidence"]["exitCode"], 3);
    let expected: Vec<String> =
        std::iter::once("begin".to_owned()).chain((1..=300).map(|number| format!("line {number}"))).collect();
    stage.until_log("a", "main", &expected).await;
    assert_eq!(stage.statuses("a").await, ["IN_PROGRESS", "FAILED"]);
    end.cancel();
    following.await.unwrap().unwrap();
}

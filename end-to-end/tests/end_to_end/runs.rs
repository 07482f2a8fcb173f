//! Tasks that complete, fail, are cancelled, are interrupted, and outlive their server.

use std::time::{Duration, Instant};

use keruta_api::client::LogReading;
use keruta_api::{Receipt, ReceiptOutcome, TaskStatus};

use crate::stage::{NAMESPACE, Stage};

#[tokio::test]
async fn a_task_goes_from_the_queue_to_completed() {
    let stage = Stage::set().await;
    let script = r#"
        echo "$KERUTA_TASK_TITLE, attempt $KERUTA_TASK_ATTEMPT"
        echo "a token: ${KERUTA_API_TOKEN:-none}"
        echo careful >&2
        keruta-agent log WARN "half way"
        mkdir -p .keruta/doc/deep
        echo "Done" > .keruta/doc/deep/report.md
        echo early > early.txt
        keruta-agent artifact add early.txt
        printf 'no end of line'
    "#;
    stage.create("a", script).await;
    let (code, message) = stage.run("a").await.finish().await;
    let receipt = Receipt::read(&message).expect("a receipt");
    assert_eq!((code, receipt.outcome, receipt.lines_lost), (0, ReceiptOutcome::Completed, 0));
    assert_eq!((&*receipt.task, receipt.attempt), ("a", 1));

    let task = stage.until_judged("a").await;
    assert_eq!(task.status, TaskStatus::Completed, "{task:#?}");
    assert_eq!(stage.statuses("a").await, ["IN_PROGRESS", "COMPLETED"]);
    // What the script has the agent say comes beside its output, by a way of its own.
    let (said, printed): (Vec<_>, Vec<_>) =
        stage.log("a", "main.stdout").await.into_iter().partition(|line| line == "half way");
    assert_eq!(printed, ["Say $HOME, attempt 1", "a token: none", "no end of line"]);
    assert_eq!(said, ["half way"]);
    let grave = LogReading { level: Some("WARN".to_owned()), limit: Some(10), ..LogReading::default() };
    let grave = stage.client.log("a", &grave).await.unwrap();
    assert_eq!(grave.items.iter().map(|item| &*item.message).collect::<Vec<_>>(), ["half way"]);
    assert_eq!(stage.log("a", "main.stderr").await, ["careful"]);
    let artifacts = stage.get("/api/v1/tasks/a/artifacts").await;
    let paths: Vec<_> = artifacts["items"].as_array().unwrap().iter().map(|artifact| &artifact["path"]).collect();
    assert_eq!(paths, ["deep/report.md", "early.txt"]);
    assert_eq!(stage.get_text("/api/v1/tasks/a/artifacts/deep/report.md").await, "Done\n");
    // The token was the attempt's, and goes with it.
    let began = Instant::now();
    while !stage.cluster.objects("secrets", NAMESPACE).is_empty() && began.elapsed() < Duration::from_mins(1) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(stage.cluster.objects("secrets", NAMESPACE), Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn a_task_that_fails_is_failed_with_its_code_and_its_last_lines() {
    let stage = Stage::set().await;
    let script = "echo working; mkdir -p .keruta/doc; echo why > .keruta/doc/why; echo 'ERROR no cheese' >&2; exit 3";
    stage.create("a", script).await;
    let (code, message) = stage.run("a").await.finish().await;
    assert_eq!((code, Receipt::read(&message).unwrap().outcome), (3, ReceiptOutcome::Failed));
    let task = stage.until_judged("a").await;
    assert_eq!(task.status, TaskStatus::Failed);
    assert_eq!(stage.statuses("a").await, ["IN_PROGRESS", "FAILED"]);
    let verdict = task.verdict.unwrap();
    assert_eq!(verdict["outcome"]["Failed"], "CommandFailed", "{verdict:#}");
    assert_eq!(verdict["evidence"]["exitCode"], 3, "{verdict:#}");
    assert!(verdict["evidence"]["summary"].as_str().unwrap().contains("no cheese"), "{verdict:#}");
    assert_eq!(stage.log("a", "main.stderr").await, ["ERROR no cheese"]);
    assert_eq!(stage.get_text("/api/v1/tasks/a/artifacts/why").await, "why\n", "also what a failed task hands in");
}

#[tokio::test]
async fn a_cancel_reaches_the_command_by_the_answers_to_the_agents_requests() {
    let stage = Stage::set().await;
    // A command that says what it got, and which nobody else tells: this node passes no signals on.
    let script = "trap 'echo told; echo told > told; exit 0' TERM; echo begun > begun; while :; do sleep 0.05; done";
    stage.create("a", script).await;
    let container = stage.run("a").await;
    container.until_file("begun").await;
    let asked = Instant::now();
    stage.client.cancel_task("a", Some("not needed")).await.unwrap();
    container.until_file("told").await;
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    let (code, message) = container.finish().await;
    assert_eq!((code, Receipt::read(&message).unwrap().outcome), (243, ReceiptOutcome::Cancelled));
    let task = stage.until_judged("a").await;
    assert_eq!(task.status, TaskStatus::Cancelled, "{task:#?}");
    assert_eq!(stage.statuses("a").await, ["IN_PROGRESS", "CANCELLED"]);
    assert_eq!(stage.log("a", "main.stdout").await, ["told"]);
}

#[tokio::test]
async fn what_only_the_receipt_tells_is_judged_by_it() {
    let stage = Stage::set().await;
    let script = "trap 'exit 0' TERM; echo begun > begun; while :; do sleep 0.05; done";
    stage.create("a", script).await;
    let container = stage.run("a").await;
    container.until_file("begun").await;
    // The node's doing: nothing of the Pod tells of it, and the command ends well.
    container.signal("TERM");
    let (code, message) = container.finish().await;
    assert_eq!((code, Receipt::read(&message).unwrap().outcome), (143, ReceiptOutcome::Interrupted));
    let task = stage.until_judged("a").await;
    let verdict = task.verdict.unwrap();
    assert_eq!(task.status, TaskStatus::Failed);
    assert_eq!(verdict["outcome"]["Failed"], "Evicted", "{verdict:#}");
    assert_eq!(verdict["retryable"], true, "{verdict:#}");
}

#[tokio::test]
async fn a_server_that_is_killed_and_started_again_has_each_line_once() {
    let mut stage = Stage::set().await;
    let script = r#"
        i=0
        while [ ! -e stop ]; do i=$((i + 1)); echo "line $i"; [ $i != 50 ] || echo 50 > fifty; sleep 0.01; done
        echo $i > count
    "#;
    stage.create("a", script).await;
    let container = stage.run("a").await;
    container.until_file("fifty").await;
    for _ in 0..2 {
        // Wherever the agent is with its batches.
        stage.stop_server().await;
        stage.start_server().await;
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    std::fs::write(container.work_dir.join("stop"), "").unwrap();
    let count: usize = container.until_file("count").await.trim().parse().unwrap();
    let (code, message) = container.finish().await;
    assert_eq!((code, Receipt::read(&message).unwrap().lines_lost), (0, 0));
    let task = stage.until_judged("a").await;
    assert_eq!(task.status, TaskStatus::Completed, "{task:#?}");
    let expected: Vec<String> = (1..=count).map(|number| format!("line {number}")).collect();
    assert_eq!(stage.log("a", "main.stdout").await, expected);
    assert_eq!(stage.statuses("a").await, ["IN_PROGRESS", "COMPLETED"]);
}

//! What may stand in a log, and which logs there are.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use keruta_submitter::logs::Redactor;
use keruta_submitter::{Cause, Outcome};
use kube::Api;
use kube::api::{EvictParams, LogParams};

use crate::backend::{World, runs};
use crate::workload::{Behaviour, Workload};

#[tokio::test]
async fn any_bytes_are_kept_as_they_are() {
    let world = World::start("bytes").await;
    let lines: [&[u8]; 6] = [b"first", b"", b"caf\xe9 \xff\xfe\x80", b"50 %\r100 %", b" \t ", b"\x1b[31mred\x1b[0m"];
    // A lab's kubelet that rotates at 1 MiB does so behind the long line: what nobody has read by then is gone.
    let main =
        lines.iter().fold(Behaviour::new().sleep_ms(1000), |main, line| main.bytes(line)).long(1 << 20).line("last");
    let verdict = world.run(&Workload::new("a", &main.sleep_ms(500))).await;
    assert_eq!(verdict.outcome, Outcome::Completed, "{verdict:#?}");
    let runs = runs(&world.journal, "main");
    let kept = &runs[0].1;
    assert_eq!(kept.len(), lines.len() + 2);
    for (kept, line) in kept.iter().zip(lines) {
        assert_eq!(kept, line, "{}", String::from_utf8_lossy(line));
    }
    let long = &kept[lines.len()];
    assert!(long.len() == 1 << 20 && long.iter().all(|byte| *byte == b'x'), "{}", long.len());
    assert_eq!(kept[lines.len() + 1], b"last");
    world.finish().await;
}

/// containerd takes the last `\r` of a line for a part of its end, other runtimes do not.
#[tokio::test]
async fn a_line_may_end_as_on_windows() {
    let world = World::start("windows").await;
    let main = Behaviour::new().bytes(b"one\r").bytes(b"two\r\r").bytes(b"\r");
    world.run(&Workload::new("a", &main)).await;
    let lines = world.lines("main");
    assert!(lines == ["one", "two\r", ""] || lines == ["one\r", "two\r\r", "\r"], "{lines:?}");
    world.finish().await;
}

#[tokio::test]
async fn known_secrets_are_masked() {
    let world = World::start("redacted").await;
    let task =
        Workload::new("a", &Behaviour::new().line("token=s3cret-token;").line("basic czNjcmV0LXRva2Vu").line("public"));
    world.submit(&task).await;
    let mut options = world.options();
    options.redactor = Arc::new(Redactor::new(["s3cret-token"]).unwrap());
    world.follow_into(&world.journal, options, &[&task]).ended().await;
    assert_eq!(world.lines("main"), ["token=***;", "basic ***", "public"]);
    world.finish().await;
}

#[tokio::test]
async fn every_run_of_a_container_that_crashes_has_its_log() {
    let mut world = World::start("runs").await;
    // A kubelet waits 10 s before the third run, and 20 s before the fourth.
    world.policy.grace.crash_loop = if world.scripted.is_some() { "2s" } else { "25s" }.parse().unwrap();
    let crashing = Behaviour::new().line("starting").sleep_ms(100).line("no disk").exit(1);
    let task = Workload::new("a", &Behaviour::new().forever().exits_well_on_sigterm()).sidecar("database", &crashing);
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::CrashLoop), "{verdict:#?}");
    let runs = runs(&world.journal, "database");
    let restarts: Vec<u32> = runs.iter().map(|(source, _)| source.restart).collect();
    assert!(runs.len() >= 3, "{restarts:?}");
    assert_eq!(restarts, (0..).take(runs.len()).collect::<Vec<u32>>());
    // The last may have been ended with the Pod. Of a run that was over before its log was read, a gap says so: the kubelet
    // serves the run before the present one and no other, and keeps even that not for long.
    for (source, lines) in &runs[..runs.len() - 1] {
        let wanted = ["starting", "no disk"].map(|line| line.as_bytes().to_vec());
        let (last, before) = lines.split_last().unwrap();
        let kept = if last.starts_with(b"<gap: ") { before } else { lines };
        assert!(wanted.starts_with(kept) && (kept.len() < lines.len() || kept == wanted), "{}", source.restart);
    }
    let told = world.lines("database").iter().filter(|line| *line == "no disk").count();
    assert!(told + 1 >= if world.scripted.is_some() { 2 } else { runs.len() }, "{told} of {}", runs.len());
    world.finish().await;
}

#[tokio::test]
async fn what_a_sidecar_says_after_the_end_of_main_is_kept() {
    let world = World::start("afterword").await;
    let pause_ms = if world.scripted.is_some() { 1000 } else { 2500 };
    let sidecar = Behaviour::new().ignores_sigterm().line("up").sleep_ms(pause_ms).line("flushed");
    let task = Workload::new("a", &Behaviour::new().sleep_ms(500).line("done")).sidecar("proxy", &sidecar);
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Completed, "{verdict:#?}");
    let lines = world.lines("proxy");
    assert_eq!(lines[..2], ["up", "flushed"], "{lines:?}");
    world.finish().await;
}

/// The kubelet removes the containers of a Pod that is ended; the finalizer keeps the Pod, not its logs. What the kubelet then
/// says with 200 (`unable to retrieve container logs for containerd://…`) is no line of the task.
#[tokio::test]
async fn a_log_that_is_gone_is_a_gap_and_changes_no_verdict() {
    let world = World::start("gonelog").await;
    let task = Workload::new("a", &Behaviour::new().line("waiting").forever().exits_well_on_sigterm());
    world.submit(&task).await;
    let pod = world.running("main").await;
    let pods: Api<Pod> = world.cluster.api(&world.namespace);
    pods.evict(&pod, &EvictParams::default()).await.unwrap();
    let parameters = LogParams { container: Some("main".to_owned()), timestamps: true, ..LogParams::default() };
    world
        .until("the log is gone", async || {
            let text = pods.logs(&pod, &parameters).await.unwrap_or_default();
            text.starts_with("unable to retrieve container logs").then_some(())
        })
        .await;
    let start = std::time::Instant::now();
    world.follow(&[&task]).ended().await;
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    let verdict = world.verdict(&task);
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::Evicted), "{verdict:#?}");
    let lines = world.lines("main");
    assert!(lines.len() == 1 && lines[0].starts_with("<gap: "), "{lines:?}");
    world.finish().await;
}

#[tokio::test]
async fn a_followed_container_that_is_evicted_keeps_its_lines() {
    let world = World::start("evictedlog").await;
    let task = Workload::new("a", &Behaviour::new().numbered("line ", 500, 300).forever().exits_well_on_sigterm());
    world.submit(&task).await;
    let following = world.follow(&[&task]);
    let pod = world.running("main").await;
    world.until("all is written", async || (world.lines("main").len() >= 500).then_some(())).await;
    let pods: Api<Pod> = world.cluster.api(&world.namespace);
    pods.evict(&pod, &EvictParams::default()).await.unwrap();
    following.ended().await;
    assert_eq!(world.verdict(&task).outcome, Outcome::Failed(Cause::Evicted));
    let lines = world.lines("main");
    let wanted: Vec<String> = (1..=500).map(|number| format!("line {number}")).collect();
    assert_eq!(lines[..500], wanted);
    assert!(lines[500..].iter().all(|line| line.starts_with("<gap: ")) && lines.len() <= 501, "{:?}", &lines[500..]);
    world.finish().await;
}

/// Following ends at a rotation (kubernetes#59902), and what is read later begins behind it.
#[tokio::test(flavor = "multi_thread")]
async fn rotation_under_a_follower_loses_nothing() {
    let world = World::start("rotation").await;
    // A lab's kubelet that rotates at 1 MiB does so four times; an ordinary one never.
    let prefix = format!("{} ", "r".repeat(200));
    let over_ms = if world.scripted.is_some() { 3000 } else { 12_000 };
    let task = Workload::new("a", &Behaviour::new().numbered(&prefix, 20_000, over_ms));
    world.submit(&task).await;
    let following = world.follow(&[&task]);
    if let Some(server) = &world.scripted {
        let pod = server.pod(&world.namespace, &world.running("main").await);
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(pod.rotate_log("main"));
        }
    }
    following.ended().await;
    let lines = world.lines("main");
    let wrong = (1..=20_000).zip(&lines).find(|(number, line)| **line != format!("{prefix}{number}"));
    assert_eq!((lines.len(), wrong), (20_000, None), "{:?}", lines.last());
    world.finish().await;
}

/// What is in the files that are rotated away was read before, though the last one holds nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_empty_at_the_end_leaves_no_gap() {
    let world = World::start("emptyfile").await;
    let prefix = format!("{} ", "r".repeat(200));
    // A lab's kubelet looks every 3 s.
    let silence = if world.scripted.is_some() { 1000 } else { 8000 };
    let task = Workload::new("a", &Behaviour::new().numbered(&prefix, 6000, 1000).sleep_ms(silence));
    world.submit(&task).await;
    let following = world.follow(&[&task]);
    if let Some(server) = &world.scripted {
        let pod = server.pod(&world.namespace, &world.running("main").await);
        world.until("all is written", async || (world.lines("main").len() == 6000).then_some(())).await;
        assert!(pod.rotate_log("main"));
    }
    following.ended().await;
    let wanted: Vec<String> = (1..=6000).map(|number| format!("{prefix}{number}")).collect();
    let lines = world.lines("main");
    assert!(lines == wanted, "{} lines, the last {:?}", lines.len(), lines.last());
    world.finish().await;
}

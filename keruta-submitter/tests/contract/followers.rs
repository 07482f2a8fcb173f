//! Followers: two at once, one that comes late, one without logs.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use keruta_submitter::journal::MemoryJournal;
use keruta_submitter::observe::ObservedJob;
use keruta_submitter::{Cause, Outcome};

use crate::backend::{World, lines, verdict};
use crate::workload::{Behaviour, Workload};

/// Nothing depends on leader election for being right.
#[tokio::test(flavor = "multi_thread")]
async fn two_followers_come_to_one_verdict_and_each_has_all_logs() {
    let world = World::start("twofollow").await;
    let good = Workload::new("good", &Behaviour::new().numbered("line ", 1000, 1000));
    let bad =
        Workload::new("bad", &Behaviour::new().line("broken").exit(3)).step("prepare", &Behaviour::new().line("ready"));
    world.submit(&good).await;
    world.submit(&bad).await;
    let journals: [Arc<MemoryJournal>; 2] = Default::default();
    let [first, second] = journals.each_ref().map(|it| world.follow_into(it, world.options(), &[&good, &bad]));
    tokio::join!(first.ended(), second.ended());
    let [first, second] = &journals;
    for (task, outcome) in [(&good, Outcome::Completed), (&bad, Outcome::Failed(Cause::CommandFailed))] {
        let told = verdict(first, &world.attempt(task));
        assert_eq!(told.outcome, outcome, "{told:#?}");
        assert_eq!(told, verdict(second, &world.attempt(task)));
        let recorded = world.job(task).await.unwrap().metadata.annotations.unwrap();
        assert_eq!(serde_json::from_str::<keruta_submitter::Verdict>(&recorded["keruta.dev/verdict"]).unwrap(), told);
    }
    // Both tasks' main containers, in the order of their first lines.
    let mut wanted: Vec<String> = (1..=1000).map(|number| format!("line {number}")).collect();
    wanted.push("broken".to_owned());
    wanted.sort();
    for journal in &journals {
        let mut kept = lines(journal, "main");
        kept.sort();
        assert_eq!(kept, wanted);
        assert_eq!(lines(journal, "prepare"), ["ready"]);
    }
    world.finish().await;
}

#[tokio::test]
async fn a_follower_that_comes_after_the_end_finds_everything() {
    let world = World::start("latefollow").await;
    let task = Workload::new("a", &Behaviour::new().line("one").line("two").exit(4))
        .step("prepare", &Behaviour::new().line("ready"));
    let submitted = world.submit(&task).await;
    world
        .until("the Job has ended", async || {
            let job: Job = world.cluster.get(&world.namespace, &submitted.job).await.unwrap()?;
            ObservedJob::of(&job)?.is_finished().then_some(())
        })
        .await;
    world.follow(&[&task]).ended().await;
    let verdict = world.verdict(&task);
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::CommandFailed), "{verdict:#?}");
    assert_eq!(verdict.evidence.exit_code, Some(4));
    assert_eq!((world.lines("prepare"), world.lines("main")), (vec!["ready".into()], vec!["one".into(), "two".into()]));
    world.finish().await;
}

#[tokio::test]
async fn a_follower_without_logs_judges_all_the_same() {
    let world = World::start("nologs").await;
    let task = Workload::new("a", &Behaviour::new().line("cannot go on").exit(3));
    world.submit(&task).await;
    let mut options = world.options();
    options.logs = None;
    world.follow_into(&world.journal, options, &[&task]).ended().await;
    let verdict = world.verdict(&task);
    assert_eq!(verdict.outcome, Outcome::Failed(Cause::CommandFailed), "{verdict:#?}");
    assert_eq!(verdict.evidence.message.as_deref().map(str::trim_end), Some("cannot go on"));
    assert!(world.journal.sources().is_empty());
    world.finish().await;
}

/// A verdict that stands is final, whatever is done to the objects afterwards.
#[tokio::test]
async fn a_verdict_outlives_its_job() {
    let world = World::start("outlives").await;
    let task = Workload::new("a", &Behaviour::new().line("done"));
    let submitted = world.submit(&task).await;
    world.follow(&[&task]).ended().await;
    world.cluster.delete::<Job>(&world.namespace, &submitted.job, &submitted.job_uid).await.unwrap();
    world.until("the Job is gone", async || world.job(&task).await.is_none().then_some(())).await;
    world.follow(&[&task]).ended().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(world.verdict(&task).outcome, Outcome::Completed);
    world.finish().await;
}

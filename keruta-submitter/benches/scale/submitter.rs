//! The submitter: all tasks submitted, followed and ended by one process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use keruta_submitter::Phase;
use keruta_submitter::classify::Policy;
use keruta_submitter::cluster::Backoff;
use keruta_submitter::follow::{FollowOptions, Follower};
use keruta_submitter::journal::{FileLedger, Journal, JournalError, Ledger, Progress, StatusChange};
use keruta_submitter::logs::{Cursor, LogEntry, LogSource};
use keruta_submitter::observe::Stop;
use keruta_submitter::stop::{StopTarget, stop};
use keruta_submitter::submit::{SubmitOptions, submit};
use keruta_submitter::{Attempt, Evidence, Outcome as End, Verdict};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::Outcome;
use crate::arguments::Arguments;
use crate::place::{Place, processor, resident};
use crate::report::Ours;
use crate::tasks::Tasks;

/// How long nothing may happen before the phase is given up.
const PATIENCE: Duration = Duration::from_secs(300);

/// Counts what comes, and keeps nothing, so that the memory is the submitter's own.
#[derive(Debug, Default)]
struct Counter {
    /// Attempts that were seen for the first time.
    known: AtomicUsize,
    /// Attempts that were seen to wait for a node: their Pod is known.
    scheduling: AtomicUsize,
    verdicts: AtomicUsize,
}

#[async_trait]
impl Journal for Counter {
    async fn status(&self, change: &StatusChange) -> Result<(), JournalError> {
        let counter = if change.verdict.is_some() { &self.verdicts } else { &self.known };
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn verdict(&self, _: &Attempt) -> Result<Option<Verdict>, JournalError> {
        Ok(None)
    }

    async fn progress(&self, progress: &Progress) -> Result<(), JournalError> {
        if matches!(progress.phase, Phase::Scheduling { reason: Some(_) }) {
            self.scheduling.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn log(&self, _: &LogSource, _: &[LogEntry], _: &Cursor) -> Result<(), JournalError> {
        Ok(())
    }

    async fn log_cursor(&self, _: &LogSource) -> Result<Option<Cursor>, JournalError> {
        Ok(None)
    }
}

pub(crate) async fn measure(arguments: &Arguments, namespace: &str) -> Outcome<Ours> {
    let place = Place::reach().await?;
    let cluster = place.cluster();
    let tasks = Tasks::new(arguments, namespace)?;
    let directory = tempfile::tempdir()?;
    let ledger: Arc<dyn Ledger> = Arc::new(FileLedger::open(directory.path(), &place.server)?);
    let journal = Arc::new(Counter::default());

    let mut options = FollowOptions::new(namespace);
    options.policy = patient();
    let kept: Arc<dyn Journal> = Arc::clone(&journal) as _;
    let follower = Follower::new(cluster.clone(), kept, options).with_ledger(Arc::clone(&ledger));
    let (handle, shutdown) = (follower.handle(), CancellationToken::new());
    let run = tokio::spawn(follower.run(shutdown.clone()));
    // Both lists are made, and what is done once is done, before memory is measured.
    sleep(Duration::from_secs(2)).await;
    drop(tasks.bundle(0)?);
    let rss_before = resident("VmRSS")?;

    let begin = Instant::now();
    let options = SubmitOptions { follow: true, ..SubmitOptions::default() };
    stream::iter(0..arguments.tasks)
        .map(Outcome::Ok)
        .try_for_each_concurrent(arguments.concurrency, |number| {
            let (tasks, cluster, ledger, options, handle) = (&tasks, &cluster, &ledger, &options, &handle);
            async move {
                let bundle = tasks.bundle(number)?;
                let submitted = submit(cluster, &**ledger, &bundle, options, Timestamp::now()).await?;
                handle.expect(bundle.attempt, submitted.job);
                Ok(())
            }
        })
        .await?;
    let submitted = begin.elapsed();
    until(&journal.known, arguments.tasks).await?;
    let known = begin.elapsed();
    until(&journal.scheduling, arguments.tasks).await?;
    let scheduling = begin.elapsed();
    // The scheduler may still have something to say of each.
    sleep(Duration::from_secs(5)).await;
    let requests = place.requests.counts();
    let (rss_tracked, rss_peak_tracked) = (resident("VmRSS")?, resident("VmHWM")?);
    let (cpu_submit, tracked_seconds) = (processor()?, begin.elapsed().as_secs_f64());

    let ending = Instant::now();
    stream::iter(0..arguments.tasks)
        .map(Outcome::Ok)
        .try_for_each_concurrent(arguments.concurrency, |number| {
            let (tasks, cluster, ledger) = (&tasks, &cluster, &ledger);
            async move {
                let target = StopTarget::of_bundle(&tasks.bundle(number)?);
                stop(cluster, &**ledger, &target, &order(), Backoff::default(), Timestamp::now()).await?;
                Ok(())
            }
        })
        .await?;
    let stopped = ending.elapsed();
    until(&journal.verdicts, arguments.tasks).await?;
    let judged = ending.elapsed();
    // The last finalizers go.
    sleep(Duration::from_secs(3)).await;
    shutdown.cancel();
    run.await??;
    Ok(Ours {
        submit_seconds: submitted.as_secs_f64(),
        known_seconds: known.as_secs_f64(),
        pods_seconds: scheduling.as_secs_f64(),
        tracked_seconds,
        cpu_seconds: cpu_submit,
        stop_seconds: stopped.as_secs_f64(),
        verdict_seconds: judged.as_secs_f64(),
        rss_before,
        rss_tracked,
        rss_peak_tracked,
        rss_peak: resident("VmHWM")?,
        ending_requests: since(&requests, place.requests.counts()),
        requests,
    })
}

/// Nothing is given up because the cluster lets it wait.
fn patient() -> Policy {
    let day = keruta_manifest::value::Duration::from_secs(86_400);
    let mut policy = Policy::default();
    policy.grace.unschedulable = day;
    policy.grace.volume_unbound = day;
    policy
}

fn order() -> Stop {
    let evidence = Evidence { summary: "the benchmark is over".to_owned(), ..Evidence::default() };
    let verdict = Verdict { outcome: End::Cancelled, retryable: false, evidence };
    Stop { verdict, at: Timestamp::now(), by: "scale".to_owned() }
}

async fn until(counter: &AtomicUsize, wanted: usize) -> Outcome<()> {
    let (mut last, mut moved) = (0, Instant::now());
    loop {
        let now = counter.load(Ordering::Relaxed);
        if now >= wanted {
            return Ok(());
        }
        if now != last {
            (last, moved) = (now, Instant::now());
        }
        if moved.elapsed() > PATIENCE {
            return Err(format!("{now} of {wanted} after a long wait").into());
        }
        sleep(Duration::from_millis(20)).await;
    }
}

fn since(before: &BTreeMap<String, u64>, after: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let new = after.into_iter().map(|(kind, count)| {
        let count = count - before.get(&kind).copied().unwrap_or(0);
        (kind, count)
    });
    new.filter(|(_, count)| *count > 0).collect()
}

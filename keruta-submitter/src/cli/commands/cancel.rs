//! `cancel`: the end of tasks, also before they start.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use keruta_input::terminal::Stdout;
use keruta_manifest::plan::JobName;
use keruta_submitter::classify::Policy;
use keruta_submitter::cluster::{Backoff, Cluster};
use keruta_submitter::journal::Ledger;
use keruta_submitter::observe::{ObservedJob, ObservedPod, Stop};
use keruta_submitter::stop::{StopTarget, Stopped, stop};
use keruta_submitter::{Attempt, Evidence, Outcome, Verdict};
use serde_json::{Value, json};

use super::super::args::{CancelArgs, Table};
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::session::Session;
use super::super::view::verdict_value;
use super::{found, ledger};

/// How often to look whether Pods have ended.
const LOOK: Duration = Duration::from_millis(500);

pub(super) async fn run(args: &CancelArgs, session: &Session) -> Result<Exit, Failure> {
    let settings = session.settings(&args.namespace.settings())?;
    let cluster = session.cluster(&settings)?;
    let ledger = ledger::open(args.state_dir.as_deref(), &cluster).await?;
    let mut stdout = Stdout::new()?;
    let (mut exit, mut all) = (Exit::Fine, Vec::new());
    for task in &args.tasks {
        let done = one(task, args, &cluster, &*ledger).await;
        let (target, stopped) = match done {
            Ok(done) => done,
            Err(failure) => {
                session.tell(&failure.message());
                exit = exit.max(failure.exit());
                continue;
            }
        };
        if args.wait && matches!(stopped, Stopped::Stopping { .. }) {
            ended(&cluster, &target).await?;
        }
        match args.output {
            Table::Human => stdout.write(&line(&target, &stopped, args.wait))?,
            Table::Json => all.push(value(&target, &stopped)),
        }
    }
    if args.output == Table::Json {
        stdout.write(&format!("{:#}\n", json!({"tasks": all})))?;
    }
    Ok(exit)
}

/// An order to end a Job, given by this program.
pub(super) fn order(verdict: Verdict, now: Timestamp) -> Stop {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    let by = user.map_or_else(|| "keruta-submitter".to_owned(), |user| format!("{user} by keruta-submitter"));
    Stop { verdict, at: now, by }
}

async fn one(
    task: &str,
    args: &CancelArgs,
    cluster: &Cluster,
    ledger: &dyn Ledger,
) -> Result<(StopTarget, Stopped), Failure> {
    let jobs = found::jobs(cluster, task).await?;
    let wanted = args.attempt.map(std::num::NonZeroU32::get);
    let is_it =
        |job: &&Job| wanted.is_none_or(|number| Attempt::of_job(job).is_some_and(|attempt| attempt.number == number));
    let target = match jobs.iter().rev().find(is_it).and_then(StopTarget::of_job) {
        Some(target) => target,
        None => not_started(task, wanted.unwrap_or(1), cluster)?,
    };
    let summary = args.reason.clone().unwrap_or_else(|| "it was cancelled".to_owned());
    let evidence = Evidence { summary, ..Evidence::default() };
    let verdict = Verdict { outcome: Outcome::Cancelled, retryable: false, evidence };
    let now = Timestamp::now();
    let mut stopped = stop(cluster, ledger, &target, &order(verdict, now), Backoff::default(), now).await?;
    if let Stopped::AlreadyEnded { verdict: verdict @ None, .. } = &mut stopped {
        *verdict = unrecorded(cluster, &target, now).await?.map(Box::new);
    }
    Ok((target, stopped))
}

/// How an attempt ended whose verdict nobody has recorded: by what is left of it.
async fn unrecorded(cluster: &Cluster, target: &StopTarget, now: Timestamp) -> Result<Option<Verdict>, Failure> {
    let Some(job) = cluster.get::<Job>(&target.attempt.namespace, &target.job).await? else { return Ok(None) };
    let pods: Vec<ObservedPod> = found::pods(cluster, Some(&job)).await?.iter().filter_map(ObservedPod::of).collect();
    Ok(ObservedJob::of(&job).and_then(|job| found::judge(&job, &pods, &Policy::default(), now).verdict))
}

/// The Job that the attempt would have. Where ids are rewritten, nobody knows it but who renders the task.
fn not_started(task: &str, number: u32, cluster: &Cluster) -> Result<StopTarget, Failure> {
    let job = match number {
        1 => format!("keruta-job-{task}"),
        number => format!("keruta-job-{task}-attempt-{number}"),
    };
    if job.parse::<JobName>().is_err() {
        return Err(found::nothing(task, cluster));
    }
    let attempt = Attempt { namespace: cluster.namespace().to_owned(), task: task.to_owned(), number };
    Ok(StopTarget { attempt, job, task_label: task.to_owned() })
}

/// Waits until the Job's Pods have ended.
async fn ended(cluster: &Cluster, target: &StopTarget) -> Result<(), Failure> {
    loop {
        let job: Option<Job> = cluster.get(&target.attempt.namespace, &target.job).await?;
        if job.as_ref().and_then(ObservedJob::of).is_none_or(|job| job.is_finished()) {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn line(target: &StopTarget, stopped: &Stopped, waited: bool) -> String {
    let job = &target.job;
    match stopped {
        Stopped::Stopping { .. } if waited => format!("job.batch/{job} cancelled\n"),
        Stopped::Stopping { .. } => format!("job.batch/{job} is being cancelled\n"),
        Stopped::Tombstone { .. } => format!("job.batch/{job} cancelled before it started\n"),
        Stopped::AlreadyEnded { verdict, conditions } => {
            let how = match verdict {
                Some(verdict) => verdict.status().to_string(),
                None => {
                    conditions.iter().map(|condition| format!("{:?}", condition.kind)).collect::<Vec<_>>().join(", ")
                }
            };
            let how = if how.is_empty() { String::new() } else { format!(": {how}") };
            format!("job.batch/{job} had ended before{how}\n")
        }
    }
}

fn value(target: &StopTarget, stopped: &Stopped) -> Value {
    let attempt = &target.attempt;
    let mut value = json!({
        "namespace": attempt.namespace, "task": attempt.task, "attempt": attempt.number, "job": target.job,
    });
    value["result"] = match stopped {
        Stopped::Stopping { .. } => "stopping",
        Stopped::Tombstone { .. } => "tombstone",
        Stopped::AlreadyEnded { .. } => "alreadyEnded",
    }
    .into();
    if let Stopped::AlreadyEnded { verdict: Some(verdict), .. } = stopped {
        value["verdict"] = verdict_value(verdict);
    }
    value
}

impl From<keruta_submitter::stop::StopError> for Failure {
    fn from(error: keruta_submitter::stop::StopError) -> Self {
        use keruta_submitter::stop::StopError;
        match error {
            StopError::Cluster(error) => Self::Cluster(error),
            StopError::Ledger(error) => Self::Ledger(error),
            other => Self::because(other.to_string(), "name another task or attempt", Exit::Cluster),
        }
    }
}

impl From<keruta_submitter::follow::FollowError> for Failure {
    fn from(error: keruta_submitter::follow::FollowError) -> Self {
        match error {
            keruta_submitter::follow::FollowError::Refused(error) => Self::Cluster(error),
            other => Self::because(other.to_string(), "look at the program's log (--log-level debug)", Exit::Cluster),
        }
    }
}

//! `status`: where tasks stand.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use keruta_input::terminal::Stdout;
use keruta_submitter::Phase;
use keruta_submitter::classify::Policy;
use keruta_submitter::observe::{ObservedJob, ObservedPod, redact_messages};
use keruta_submitter::{Attempt, TaskStatus, Verdict};
use serde_json::{Value, json};

use super::found;
use crate::cli::args::{Output, StatusArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::redaction::Redaction;
use crate::cli::session::Session;
use crate::cli::view::{Ended, Fate, Paint, by_what_one_knows, phase_words, seconds, table, verdict_value};

pub(super) async fn run(args: &StatusArgs, session: &Session) -> Result<Exit, Failure> {
    let mut redaction = Redaction::read(&args.redact, session)?;
    let settings = session.settings(&args.namespace.settings())?;
    let cluster = session.cluster(&settings)?;
    let (mut exit, mut jobs) = (Exit::Fine, Vec::new());
    for task in &args.tasks {
        let found = found::jobs(&cluster, task).await?;
        if found.is_empty() {
            session.tell(&found::nothing(task, &cluster).message());
            exit = Exit::Cluster;
        }
        jobs.extend(found);
    }
    if args.tasks.is_empty() {
        jobs = found::all_jobs(&cluster).await?;
    }
    if !args.all_attempts {
        jobs = latest(jobs);
    }
    let pods = match jobs.as_slice() {
        [] => Vec::new(),
        [job] => found::pods(&cluster, Some(job)).await?,
        _ => found::pods(&cluster, None).await?,
    };
    redaction.add_secrets(&cluster, jobs.iter()).await?;
    let redactor = redaction.redactor()?;
    let observed = |mut pod| {
        redact_messages(&mut pod, &redactor);
        ObservedPod::of(&pod)
    };
    let pods: Vec<ObservedPod> = pods.into_iter().filter_map(observed).collect();
    let policy = Policy { grace: settings.grace.clone(), ..Policy::default() };
    let now = Timestamp::now();
    let states: Vec<State> =
        jobs.iter().filter_map(ObservedJob::of).map(|job| State::of(job, &pods, &policy, now)).collect();
    tell(&states, args, session, now)?;
    Ok(exit)
}

/// The last attempt of each task; they come with the later attempt behind the earlier.
fn latest(jobs: Vec<Job>) -> Vec<Job> {
    let mut latest: Vec<Job> = Vec::with_capacity(jobs.len());
    let task = |job: &Job| Attempt::of_job(job).map(|attempt| attempt.task);
    for job in jobs {
        match latest.last_mut() {
            Some(last) if task(last) == task(&job) => *last = job,
            _ => latest.push(job),
        }
    }
    latest
}

/// Where an attempt stands.
struct State {
    job: ObservedJob,
    status: TaskStatus,
    phase: Phase,
    verdict: Option<Verdict>,
    /// Whether the verdict stands on the Job, or is only what it looks like now.
    recorded: bool,
}

impl State {
    fn of(job: ObservedJob, pods: &[ObservedPod], policy: &Policy, now: Timestamp) -> Self {
        let judgement = found::judge(&job, pods, policy, now);
        Self {
            recorded: job.verdict.is_some(),
            status: judgement.status,
            phase: judgement.phase,
            verdict: judgement.verdict,
            job,
        }
    }

    /// From the Job's beginning to its end, or to now.
    fn took(&self, now: Timestamp) -> Option<std::time::Duration> {
        let ended = self.verdict.as_ref().map(|verdict| {
            let of_job = self.job.conditions.iter().filter_map(|condition| condition.at).max();
            self.job.completed_at.or(of_job).or(verdict.evidence.finished_at).unwrap_or(now)
        });
        let took = ended.unwrap_or(now).duration_since(self.job.created_at?);
        Some(took.try_into().unwrap_or_default())
    }

    fn what(&self) -> String {
        match &self.verdict {
            Some(verdict) => {
                let ended = self.ended(verdict, None);
                ended.why().lines().next().unwrap_or_default().to_owned()
            }
            None => phase_words(&self.phase),
        }
    }

    fn ended(&self, verdict: &Verdict, took: Option<std::time::Duration>) -> Ended {
        let job = self.job.name.to_string();
        Ended { attempt: self.job.attempt.clone(), job, fate: Fate::Judged(verdict.clone()), took }
    }

    fn value(&self, now: Timestamp) -> Value {
        let attempt = &self.job.attempt;
        let mut value = json!({
            "namespace": attempt.namespace, "task": attempt.task, "attempt": attempt.number,
            "job": &*self.job.name, "status": self.status, "recorded": self.recorded,
        });
        if let Some(created_at) = self.job.created_at {
            value["createdAt"] = json!(created_at);
        }
        if let Some(took) = self.took(now) {
            value["seconds"] = took.as_secs().into();
        }
        match &self.verdict {
            Some(verdict) => value["verdict"] = verdict_value(verdict),
            None => value["progress"] = serde_json::to_value(&self.phase).unwrap_or_default(),
        }
        value
    }
}

fn tell(states: &[State], args: &StatusArgs, session: &Session, now: Timestamp) -> Result<(), Failure> {
    let mut stdout = Stdout::new()?;
    match args.output {
        Output::Json => {
            let tasks: Vec<Value> = states.iter().map(|state| state.value(now)).collect();
            stdout.write(&format!("{:#}\n", json!({"tasks": tasks})))?;
        }
        Output::Ndjson => {
            for state in states {
                stdout.write(&format!("{}\n", state.value(now)))?;
            }
        }
        Output::Human if states.is_empty() => {
            // Of one that was asked for it was told that it is not there.
            if args.tasks.is_empty() {
                session.talk().say("no tasks\n");
            }
        }
        Output::Human => {
            let row = |state: &State| {
                vec![
                    state.job.attempt.task.clone(),
                    state.job.attempt.number.to_string(),
                    state.status.to_string(),
                    state.took(now).map_or_else(|| "-".to_owned(), seconds),
                    state.what(),
                ]
            };
            let rows: Vec<_> = states.iter().map(row).collect();
            let paint = Paint(session.talk().stdout_has_colour());
            stdout.write(&table(&["TASK", "ATTEMPT", "STATUS", "TIME", "WHAT"], &rows, paint))?;
            // One task is told with all that is known of its end.
            if let ([state], [_]) = (states, args.tasks.as_slice())
                && let Some(message) =
                    state.verdict.as_ref().and_then(|verdict| by_what_one_knows(&state.ended(verdict, None)))
            {
                session.tell(&message);
            }
        }
    }
    Ok(())
}

//! `logs`: a task's log, from the cluster or from a journal.

mod kept;
mod live;

use std::num::NonZeroU32;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use keruta_input::terminal::Stdout;
use keruta_submitter::Attempt;
use keruta_submitter::cluster::Cluster;
use keruta_submitter::journal::LogFilter;
use keruta_submitter::logs::{LogEntry, LogSource};
use keruta_submitter::observe::ObservedJob;
use serde_json::{Value, json};

use super::found;
use crate::cli::args::{LogsArgs, Output};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::redaction::Redaction;
use crate::cli::session::Session;
use crate::cli::view::{LogStyle, Paint, log_value};

pub(super) async fn run(args: &LogsArgs, session: &Session) -> Result<Exit, Failure> {
    let mut redaction = Redaction::read(&args.redact, session)?;
    let settings = session.settings(&args.namespace.settings())?;
    let cluster = session.cluster(&settings)?;
    let mut writer = Writer::new(args, session)?;
    let job = match job(&cluster, &args.task, args.attempt).await {
        Ok(job) => job,
        // The journal may have what the cluster does not tell.
        Err(failure) if args.journal.is_none() => return Err(failure),
        Err(failure) => {
            session.tell(&failure.message());
            None
        }
    };
    if let (Some(job), Some(container)) = (&job, &args.container) {
        has_container(job, &args.task, container)?;
    }
    redaction.add_secrets(&cluster, job.iter()).await?;
    let redactor = redaction.redactor()?;
    if args.follow
        && let Some(job) = &job
        // Of an ended task there is nothing to wait for.
        && ObservedJob::of(job).is_some_and(|job| job.verdict.is_none())
    {
        return live::follow(job, &cluster, settings.grace.clone(), redactor, writer, session).await;
    }
    let (mut found, mut trouble) = (Vec::new(), None);
    if let Some(job) = &job {
        (found, trouble) = live::read(job, &cluster, &writer.filter).await?;
    }
    if found.is_empty()
        && let Some(directory) = &args.journal
    {
        let number = args.attempt.map(NonZeroU32::get);
        found = kept::read(directory, cluster.namespace(), &args.task, number, &writer.filter)?;
    }
    if found.is_empty() && job.is_none() {
        return Err(found::nothing(&args.task, &cluster));
    }
    for (source, mut entry) in found {
        if let LogEntry::Line(line) = &mut entry {
            line.message = redactor.redact(std::mem::take(&mut line.message));
        }
        writer.entry(&source, &entry)?;
    }
    writer.end()?;
    match trouble {
        // A part of it could not be read.
        Some(failure) => Err(failure),
        None => Ok(Exit::Fine),
    }
}

/// The Job of the attempt that was asked for, or of the last one.
async fn job(cluster: &Cluster, task: &str, attempt: Option<NonZeroU32>) -> Result<Option<Job>, Failure> {
    let jobs = found::jobs(cluster, task).await?;
    let is_it = |job: &Job| {
        attempt.is_none_or(|number| Attempt::of_job(job).is_some_and(|attempt| attempt.number == number.get()))
    };
    Ok(jobs.into_iter().rev().find(is_it))
}

/// Of a container that the Job does not have, nothing would ever come.
fn has_container(job: &Job, task: &str, name: &str) -> Result<(), Failure> {
    let Some(pod) = job.spec.as_ref().and_then(|spec| spec.template.spec.as_ref()) else { return Ok(()) };
    let containers = pod.init_containers.iter().flatten().chain(&pod.containers);
    let names: Vec<&str> = containers.map(|container| container.name.as_str()).collect();
    if names.contains(&name) {
        return Ok(());
    }
    let cure = format!("name one that is there: {}", names.join(", "));
    Err(Failure::because(format!("the task {task:?} has no container {name:?}"), cure, Exit::Cluster))
}

/// Writes what is wanted of a log.
struct Writer {
    stdout: Stdout,
    output: Output,
    style: LogStyle,
    filter: LogFilter,
    all: Vec<Value>,
}

impl Writer {
    fn new(args: &LogsArgs, session: &Session) -> Result<Self, Failure> {
        let now = Timestamp::now();
        let filter = LogFilter {
            pod: None,
            container: args.container.clone(),
            level: args.level.map(Into::into),
            since: args.since.map(|since| since.from(now)),
            until: args.until.map(|until| until.from(now)),
        };
        let style = LogStyle {
            paint: Paint(session.talk().stdout_has_colour()),
            terminal: std::io::IsTerminal::is_terminal(&std::io::stdout()),
            task: false,
            timestamps: args.timestamps,
        };
        Ok(Self { stdout: Stdout::new()?, output: args.output, style, filter, all: Vec::new() })
    }

    fn entry(&mut self, source: &LogSource, entry: &LogEntry) -> Result<(), Failure> {
        match self.output {
            Output::Human => {
                let mut out = Vec::new();
                self.style.write(&mut out, source, std::slice::from_ref(entry));
                self.stdout.write_bytes(&out)?;
            }
            Output::Ndjson => self.stdout.write(&format!("{}\n", log_value(source, entry)))?,
            Output::Json => self.all.push(log_value(source, entry)),
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Failure> {
        if self.output == Output::Json {
            let lines = std::mem::take(&mut self.all);
            self.stdout.write(&format!("{:#}\n", json!({"logs": lines})))?;
        }
        Ok(())
    }
}

/// Whether an entry is wanted; a gap always is, in its container.
fn wants(filter: &LogFilter, source: &LogSource, entry: &LogEntry) -> bool {
    if filter.container.as_ref().is_some_and(|container| *container != source.container) {
        return false;
    }
    let LogEntry::Line(line) = entry else { return true };
    filter.level.is_none_or(|least| line.level >= least)
        && filter.since.is_none_or(|since| line.timestamp >= since)
        && filter.until.is_none_or(|until| line.timestamp < until)
}

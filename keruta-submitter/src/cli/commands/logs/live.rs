//! What the cluster has of a log.

use std::sync::Arc;

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use keruta_manifest::settings::GraceSettings;
use keruta_submitter::Attempt;
use keruta_submitter::capture::{KubeLogReader, LogReadError, LogReader, LogRequest};
use keruta_submitter::classify::Policy;
use keruta_submitter::cluster::Cluster;
use keruta_submitter::follow::{FollowOptions, Follower, Silence};
use keruta_submitter::journal::LogFilter;
use keruta_submitter::logs::{Level, LogEntry, LogLine, LogSource, Redactor};
use tokio_util::sync::CancellationToken;

use super::{Writer, wants};
use crate::cli::commands::found;
use crate::cli::commands::run::silence_words;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::interrupts::interrupts;
use crate::cli::session::Session;
use crate::cli::view::{Event, Screen, ViewJournal};

/// What was found, and why not all of it, where something could not be read.
type Found = (Vec<(LogSource, LogEntry)>, Option<Failure>);

/// The log of a Job's Pods as it is now.
pub(super) async fn read(job: &Job, cluster: &Cluster, filter: &LogFilter) -> Result<Found, Failure> {
    let Some(attempt) = Attempt::of_job(job) else { return Ok((Vec::new(), None)) };
    let name = job.metadata.name.clone().unwrap_or_default();
    let reader = KubeLogReader::new(cluster.client().clone());
    let (mut found, mut trouble) = (Vec::new(), None);
    for pod in found::pods(cluster, Some(job)).await? {
        for (container, restart, previous) in runs(&pod) {
            let source = LogSource {
                attempt: attempt.clone(),
                job: name.clone(),
                pod: pod.metadata.name.clone().unwrap_or_default(),
                pod_uid: pod.metadata.uid.clone().unwrap_or_default(),
                container,
                restart,
            };
            match one(&reader, &source, previous).await {
                Ok(lines) => {
                    let entries = lines.into_iter().map(LogEntry::Line);
                    let wanted = entries.filter(|entry| wants(filter, &source, entry));
                    found.extend(wanted.map(|entry| (source.clone(), entry)));
                }
                // It has none yet, or none any more.
                Err(LogReadError::NotReady(_) | LogReadError::NotFound(_)) => {}
                Err(error) => trouble = Some(because(&error, &source)),
            }
        }
    }
    // Stable: lines of one container stay in their order.
    found.sort_by_key(|(_, entry)| match entry {
        LogEntry::Line(line) => line.timestamp,
        LogEntry::Gap(gap) => gap.after.unwrap_or(Timestamp::MIN),
    });
    Ok((found, trouble))
}

/// Each run of each container whose log may be there: name, restart count, whether it is the run before the present one.
fn runs(pod: &Pod) -> Vec<(String, u32, bool)> {
    let Some(status) = &pod.status else { return Vec::new() };
    let statuses = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
    let of_one = |status: &ContainerStatus| {
        let restart = u32::try_from(status.restart_count).unwrap_or(0);
        let before = restart.checked_sub(1).map(|before| (status.name.clone(), before, true));
        before.into_iter().chain([(status.name.clone(), restart, false)]).collect::<Vec<_>>()
    };
    statuses.flat_map(of_one).collect()
}

async fn one(reader: &KubeLogReader, source: &LogSource, previous: bool) -> Result<Vec<LogLine>, LogReadError> {
    let request = LogRequest { previous, ..LogRequest::default() };
    let mut stream = reader.open(source, &request).await?;
    let mut bytes = Vec::new();
    while let Some(part) = stream.next().await {
        bytes.extend_from_slice(&part?);
    }
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Ok(lines.zip(1..).filter_map(|(line, number)| of_line(line, number)).collect())
}

/// A line with its time before it; `None` where it has none, as the kubelet's own words have.
fn of_line(line: &[u8], number: u64) -> Option<LogLine> {
    let (time, message) = match memchr::memchr(b' ', line) {
        Some(blank) => (&line[..blank], &line[blank + 1..]),
        None => (line, &[][..]),
    };
    let timestamp = std::str::from_utf8(time).ok()?.parse().ok()?;
    let level = Level::of_line(message);
    Some(LogLine { number, timestamp, level, message: message.to_vec().into(), continues: false })
}

fn because(error: &LogReadError, source: &LogSource) -> Failure {
    let what = format!("the log of {}/{} could not be read: {error}", source.pod, source.container);
    let cure = match error {
        LogReadError::Denied(_) => "grant the verb get on pods/log: keruta-manifest install --only rbac",
        _ => "try again; --journal reads what was kept before",
    };
    Failure::because(what, cure, Exit::Cluster)
}

/// Writes the log until the task has ended. It only looks on.
pub(super) async fn follow(
    job: &Job,
    cluster: &Cluster,
    grace: GraceSettings,
    redactor: Arc<Redactor>,
    writer: Writer,
    session: &Session,
) -> Result<Exit, Failure> {
    let Some(attempt) = Attempt::of_job(job) else { return Ok(Exit::Fine) };
    let closed = CancellationToken::new();
    let screen = Screen::start(Box::new(Filtered(writer)), closed.clone());
    let (journal, _ends) = ViewJournal::new(Arc::clone(&screen), true);
    journal.add(&attempt);
    let labels = job.metadata.labels.as_ref();
    let label = labels.and_then(|labels| labels.get(keruta_manifest::well_known::TASK_ID));
    let mut options = FollowOptions::new(&attempt.namespace).of_task(label.map_or(&attempt.task, |label| label));
    options.policy = Policy { grace, ..Policy::default() };
    options.until_ended = true;
    options.read_only = true;
    options.redactor = redactor;
    let silence = Silence::default();
    let mut silent = silence.subscribe();
    options.silence = Some(silence);
    let follower = Follower::new(cluster.clone(), journal, options);
    follower.handle().expect(attempt, job.metadata.name.clone().unwrap_or_default());
    let shutdown = CancellationToken::new();
    let mut interrupts = interrupts();
    let mut run = Box::pin(follower.run(shutdown.clone()));
    let ended = loop {
        tokio::select! {
            ended = &mut run => break ended.map(|()| Exit::Fine),
            () = closed.cancelled() => break Ok(Exit::Fine),
            _ = interrupts.recv() => break Ok(Exit::Detached),
            Ok(()) = silent.changed() => session.tell(&silence_words(silent.borrow_and_update().as_deref())),
        }
    };
    drop(run);
    shutdown.cancel();
    let exit = ended?;
    match tokio::task::spawn_blocking(|| screen.close()).await {
        Ok(shown) => shown.map(|()| exit).map_err(Failure::from),
        Err(_) => Ok(exit),
    }
}

/// Shows the lines that are wanted.
struct Filtered(Writer);

impl crate::cli::view::Show for Filtered {
    fn show(
        &mut self,
        event: Event,
        _: &mut keruta_input::terminal::Stdout,
    ) -> Result<(), keruta_input::failure::Failure> {
        let Event::Log { source, entries } = event else { return Ok(()) };
        for entry in entries {
            if !wants(&self.0.filter, &source, &entry) {
                continue;
            }
            self.0.entry(&source, &entry).map_err(|failure| match failure {
                Failure::Input(failure) => failure,
                other => keruta_input::failure::Failure::Refused(other.to_string()),
            })?;
        }
        Ok(())
    }
}

impl Drop for Filtered {
    fn drop(&mut self) {
        // A document is written when it is whole; nobody may be reading.
        let _ = self.0.end();
    }
}

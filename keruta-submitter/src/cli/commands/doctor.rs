//! `doctor`: what would keep tasks from running.

mod images;
mod namespace;
mod reach;
mod rights;
mod storage;

use keruta_input::diagnostic::human::Message;
use keruta_input::terminal::Stdout;
use keruta_manifest::Settings;
use keruta_submitter::cluster::{Cluster, ClusterError};
use serde_json::json;

use super::super::args::{DoctorArgs, Table};
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::session::Session;
use super::super::view::Paint;

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Ok,
    /// Nothing was looked at.
    Skip,
    Warn,
    Fail,
}

/// A check, and what came of it.
#[derive(Debug)]
struct Check {
    name: &'static str,
    outcome: Outcome,
    what: String,
    cure: Option<String>,
}

impl Check {
    fn ok(name: &'static str, what: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Ok, what: what.into(), cure: None }
    }

    fn skip(name: &'static str, what: impl Into<String>) -> Self {
        Self { outcome: Outcome::Skip, ..Self::ok(name, what) }
    }

    fn warn(name: &'static str, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { outcome: Outcome::Warn, cure: Some(cure.into()), ..Self::ok(name, what) }
    }

    fn fail(name: &'static str, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { outcome: Outcome::Fail, cure: Some(cure.into()), ..Self::ok(name, what) }
    }

    /// What could not be looked at. Without the right to look, that is no fault of the cluster's.
    fn unseen(name: &'static str, error: &ClusterError) -> Self {
        match error {
            ClusterError::Forbidden { action, .. } => {
                Self::skip(name, format!("not looked at: this needs the right to {action}"))
            }
            error => Self::warn(name, format!("could not be looked at: {error}"), error.cure()),
        }
    }
}

impl Outcome {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skip => "skip",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

pub(super) async fn run(args: &DoctorArgs, session: &Session) -> Result<Exit, Failure> {
    let settings = session.settings(&args.namespace.settings())?;
    let mut report = Report { stdout: Stdout::new()?, output: args.output, session, checks: Vec::new() };
    if settings.enabled {
        report.add(Check::ok("settings", "tasks are run on Kubernetes (enabled: true)"))?;
    } else {
        let cure = "set enabled: true in the settings";
        report.add(Check::fail("settings", "tasks are not run on Kubernetes (enabled: false)", cure))?;
    }
    match session.cluster(&settings) {
        Ok(cluster) => checks(&cluster, &settings, args.probe, &mut report).await?,
        Err(Failure::Cluster(error)) => report.add(Check::fail("cluster", error.to_string(), error.cure()))?,
        Err(other) => return Err(other),
    }
    report.end()
}

async fn checks(cluster: &Cluster, settings: &Settings, probe: bool, report: &mut Report<'_>) -> Result<(), Failure> {
    let reached = reach::check(cluster).await;
    let is_reached = reached.iter().all(|check| check.outcome != Outcome::Fail);
    for check in reached {
        report.add(check)?;
    }
    if !is_reached {
        return Ok(());
    }
    for check in rights::check(cluster).await {
        report.add(check)?;
    }
    for check in namespace::check(cluster, settings).await {
        report.add(check)?;
    }
    report.add(storage::check(cluster, settings).await)?;
    for check in images::check(cluster, settings, probe).await {
        report.add(check)?;
    }
    Ok(())
}

/// The checks as they come.
struct Report<'a> {
    stdout: Stdout,
    output: Table,
    session: &'a Session,
    checks: Vec<Check>,
}

impl Report<'_> {
    fn add(&mut self, check: Check) -> Result<(), Failure> {
        if self.output == Table::Human {
            let paint = Paint(self.session.talk().stdout_has_colour());
            let word = check.outcome.word();
            let blanks = " ".repeat(4_usize.saturating_sub(word.len()));
            self.stdout.write(&format!("{}{blanks}  {}: {}\n", paint.word(word), check.name, check.what))?;
            if let Some(cure) = &check.cure {
                let cure = cure.trim_end().replace('\n', "\n            ");
                self.stdout.write(&format!("      help: {cure}\n"))?;
            }
        }
        self.checks.push(check);
        Ok(())
    }

    fn end(mut self) -> Result<Exit, Failure> {
        let count = |outcome| self.checks.iter().filter(|check| check.outcome == outcome).count();
        let (failed, warned) = (count(Outcome::Fail), count(Outcome::Warn));
        if self.output == Table::Json {
            let value = |check: &Check| {
                let mut value = json!({"check": check.name, "result": check.outcome.word(), "message": check.what});
                if let Some(cure) = &check.cure {
                    value["cure"] = cure.as_str().into();
                }
                value
            };
            let checks: Vec<_> = self.checks.iter().map(value).collect();
            self.stdout.write(&format!("{:#}\n", json!({"checks": checks, "failed": failed, "warned": warned})))?;
        } else if failed + warned > 0 {
            let what = format!("{failed} failed, {warned} to look at, of {} checks", self.checks.len());
            let message = if failed > 0 { Message::error(what) } else { Message::warning(what) };
            self.session.tell(&message);
        }
        Ok(if failed > 0 { Exit::Failed } else { Exit::Fine })
    }
}

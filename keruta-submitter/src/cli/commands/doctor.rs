//! `doctor`: what would keep tasks from running.

use keruta_input::diagnostic::human::Message;
use keruta_input::terminal::Stdout;
use keruta_submitter::doctor::{Check, CheckResult, DoctorOptions, doctor, enabled};
use serde_json::json;

use super::super::args::{DoctorArgs, Table};
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::session::Session;
use super::super::view::Paint;

pub(super) async fn run(args: &DoctorArgs, session: &Session) -> Result<Exit, Failure> {
    let settings = session.settings(&args.namespace.settings())?;
    let mut report = Report { stdout: Stdout::new()?, output: args.output, session, checks: Vec::new() };
    report.add(enabled(&settings))?;
    match session.cluster(&settings) {
        Ok(cluster) => {
            let options = DoctorOptions { probe: args.probe, ..DoctorOptions::default() };
            let mut told = Ok(());
            doctor(&cluster, &settings, &options, |check| {
                if told.is_ok() {
                    told = report.add(check);
                }
            })
            .await;
            told?;
        }
        Err(Failure::Cluster(error)) => report.add(Check::fail("cluster", error.to_string(), error.cure()))?,
        Err(other) => return Err(other),
    }
    report.end()
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
            let word = check.result.as_str();
            let blanks = " ".repeat(4_usize.saturating_sub(word.len()));
            self.stdout.write(&format!("{}{blanks}  {}: {}\n", paint.word(word), check.name, check.message))?;
            if let Some(cure) = &check.cure {
                let cure = cure.trim_end().replace('\n', "\n            ");
                self.stdout.write(&format!("      help: {cure}\n"))?;
            }
        }
        self.checks.push(check);
        Ok(())
    }

    fn end(mut self) -> Result<Exit, Failure> {
        let count = |result| self.checks.iter().filter(|check| check.result == result).count();
        let (failed, warned) = (count(CheckResult::Fail), count(CheckResult::Warn));
        if self.output == Table::Json {
            let value = |check: &Check| {
                let mut value = json!({"check": check.name, "result": check.result.as_str(), "message": check.message});
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

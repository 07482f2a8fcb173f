//! Keeps what is told of a long stream short: the findings of its first tasks in full, of the rest how many there are.

use std::collections::BTreeMap;

use keruta_manifest::review::Severity;

use super::Done;
use crate::diagnostic::LeftOut;
use crate::terminal::Talk;

/// The findings of one check are told in full for so many tasks.
const TASKS_IN_FULL: usize = 3;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detail {
    /// What matters less is not told.
    pub least: Severity,
    /// Whether the findings of every task are told in full.
    pub full: bool,
}

/// The findings of a stream by their checks.
#[derive(Debug, Default)]
pub struct Summary {
    checks: BTreeMap<&'static str, Check>,
}

#[derive(Debug)]
struct Check {
    severity: Severity,
    /// The tasks whose findings are told in full.
    tasks: Vec<String>,
    left_out: usize,
}

impl Summary {
    /// Whether this finding is told in full; otherwise it is counted. An error always is: it names a task that failed.
    pub fn is_told(&mut self, rule: &'static str, severity: Severity, task: Option<&str>) -> bool {
        if severity >= Severity::Error {
            return true;
        }
        let check = self.check(rule, severity);
        let task = task.unwrap_or_default();
        if check.tasks.iter().any(|told| told == task) {
            return true;
        }
        let is_told = check.tasks.len() < TASKS_IN_FULL;
        if is_told {
            check.tasks.push(task.to_owned());
        } else {
            check.left_out += 1;
        }
        is_told
    }

    /// Drops the diagnostics that are not told in full, and counts them with those that were left out before.
    pub fn shorten(&mut self, done: &mut Done) {
        for left_out in done.summary.left_out() {
            self.check(left_out.rule, left_out.severity).left_out += left_out.count;
        }
        done.diagnostics.retain(|found| self.is_told(found.rule, found.severity, found.task.as_deref()));
    }

    /// What was left out, by the checks' ids.
    pub fn left_out(&self) -> impl Iterator<Item = LeftOut> {
        self.checks.iter().filter(|(_, check)| check.left_out > 0).map(|(rule, check)| LeftOut {
            rule,
            severity: check.severity,
            count: check.left_out,
        })
    }

    pub(super) fn clear(&mut self) {
        self.checks.clear();
    }

    fn check(&mut self, rule: &'static str, severity: Severity) -> &mut Check {
        self.checks.entry(rule).or_insert_with(|| Check { severity, tasks: Vec::new(), left_out: 0 })
    }
}

/// Tells on standard error what was found in the tasks of a stream.
#[derive(Debug)]
pub struct Teller {
    talk: Talk,
    detail: Detail,
    summary: Summary,
}

impl Teller {
    /// One that tells so much.
    #[must_use]
    pub fn new(talk: Talk, detail: Detail) -> Self {
        Self { talk, detail, summary: Summary::default() }
    }

    /// Tells what was found in some tasks.
    pub fn tell(&mut self, done: &mut Done) {
        if !self.detail.full {
            self.summary.shorten(done);
        }
        self.talk.tell(&done.diagnostics);
    }

    /// Tells what was left out.
    pub fn end(&self) {
        self.talk.tell_left_out(self.summary.left_out());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostic;

    #[test]
    fn the_first_tasks_are_told_in_full_and_the_others_counted() {
        let (mut summary, mut told) = (Summary::default(), Vec::new());
        for task in 0..10 {
            let id = task.to_string();
            for container in 0..2 {
                if summary.is_told("image-tag-latest", Severity::Warning, Some(&id)) {
                    told.push((task, container));
                }
            }
            assert!(summary.is_told("image-reference", Severity::Error, Some(&id)));
        }
        assert_eq!(told, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
        let left_out = LeftOut { rule: "image-tag-latest", severity: Severity::Warning, count: 14 };
        assert_eq!(summary.left_out().collect::<Vec<_>>(), [left_out]);
    }

    #[test]
    fn parts_of_a_stream_tell_the_same_as_the_whole() {
        let mut whole = Summary::default();
        let mut told = Vec::new();
        for part in 0..5 {
            let mut done = Done::default();
            for task in 0..10 {
                let id = format!("{part}-{task}");
                if done.summary.is_told("a", Severity::Warning, Some(&id)) {
                    done.diagnostics.push(found("a", &id));
                }
            }
            assert!(done.diagnostics.len() < 10);
            whole.shorten(&mut done);
            told.extend(done.diagnostics.into_iter().filter_map(|found| found.task));
        }
        assert_eq!(told, ["0-0", "0-1", "0-2"]);
        assert_eq!(whole.left_out().map(|left_out| left_out.count).sum::<usize>(), 47);
    }

    fn found(rule: &'static str, task: &str) -> Diagnostic {
        Diagnostic {
            severity: Severity::Warning,
            rule,
            reference: "",
            message: String::new(),
            cure: String::new(),
            path: String::new(),
            task: Some(task.to_owned()),
            place: None,
            object: None,
            invalid: false,
        }
    }
}

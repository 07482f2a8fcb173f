//! What is told to people and their tools about an input: one shape for problems and findings.

pub mod human;

use keruta_manifest::problem::{Problem, Rule};
use keruta_manifest::review::{Finding, FindingId, Severity};

use crate::place::{Origin, Place, Source};

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// The stable id of the rule or check.
    pub rule: &'static str,
    /// Where the rule is written down.
    pub reference: &'static str,
    /// What is so.
    pub message: String,
    /// How to mend it.
    pub cure: String,
    /// The field of the task or the settings.
    pub path: String,
    /// The task's id, where it has one.
    pub task: Option<String>,
    /// Where it was written.
    pub place: Option<Place>,
    /// The object and the JSON pointer into it.
    pub object: Option<Target>,
    /// Whether the input is invalid, so that nothing is made from it.
    pub invalid: bool,
}

/// A field of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The kind, such as `Job`.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The RFC 6901 pointer of the field.
    pub pointer: String,
}

/// How many diagnostics of a rule are not told one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// The stable id of the rule or check.
    pub rule: &'static str,
    /// How much each matters.
    pub severity: Severity,
    /// How many.
    pub count: usize,
}

impl LeftOut {
    /// What is told instead of them.
    #[must_use]
    pub fn message(&self) -> String {
        format!("… and {} more in other tasks; --verbose shows all", self.count)
    }
}

impl Diagnostic {
    /// A problem at a place.
    #[must_use]
    pub fn of_problem(problem: &Problem, place: Option<Place>) -> Self {
        // What is wrong with a URL may be the password in it.
        let place = if problem.rule == Rule::GitUrl { place.map(Place::without_login) } else { place };
        Self {
            severity: Severity::Error,
            rule: problem.rule.id(),
            reference: problem.rule.source(),
            message: problem.message.clone(),
            cure: problem.cure.clone(),
            path: problem.path.to_string(),
            task: None,
            place,
            object: None,
            invalid: true,
        }
    }

    /// A problem of a text.
    #[must_use]
    pub fn in_source(problem: &Problem, source: &Source<'_>) -> Self {
        Self::of_problem(problem, Some(source.place_of(problem)))
    }

    /// A finding, with the place of the input that the field came from.
    #[must_use]
    pub fn of_finding(finding: &Finding, place: Option<Place>) -> Self {
        let place = if shows_a_secret(finding.id) { place.map(Place::hidden) } else { place };
        Self {
            severity: finding.severity,
            rule: finding.id.as_str(),
            reference: finding.id.reference(),
            message: finding.message.clone(),
            cure: finding.cure.clone(),
            path: String::new(),
            task: None,
            place,
            object: Some(Target {
                kind: finding.object.kind.clone(),
                name: finding.object.name.clone(),
                pointer: finding.pointer.clone(),
            }),
            invalid: false,
        }
    }

    /// The same, of this task.
    #[must_use]
    pub fn of_task(mut self, task: Option<&str>) -> Self {
        self.task = task.map(str::to_owned);
        self
    }

    /// The message with the path of the field before it.
    #[must_use]
    pub fn headline(&self) -> String {
        if self.path.is_empty() { self.message.clone() } else { format!("{}: {}", self.path, self.message) }
    }

    /// The file, where it was written in one.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match &self.place.as_ref()?.origin {
            Origin::File(name) => Some(name),
            Origin::CommandLine | Origin::Environment => None,
        }
    }
}

/// Whether the field of the finding holds what nobody else should read.
const fn shows_a_secret(id: FindingId) -> bool {
    use FindingId::{SecretInAnnotation, SecretInCommand, SecretInConfigMap, SecretInEnv};
    matches!(id, SecretInEnv | SecretInCommand | SecretInConfigMap | SecretInAnnotation)
}

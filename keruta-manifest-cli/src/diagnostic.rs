//! What is told to people and their tools about an input: one shape for problems and findings.

pub(crate) mod github;
pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod sarif;

use keruta_manifest::problem::{Problem, Rule};
use keruta_manifest::review::{Finding, FindingId, Severity};

use crate::place::{Origin, Place, Source};

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    /// How much it matters.
    pub(crate) severity: Severity,
    /// The stable id of the rule or check.
    pub(crate) rule: &'static str,
    /// Where the rule is written down.
    pub(crate) reference: &'static str,
    /// What is so.
    pub(crate) message: String,
    /// How to mend it.
    pub(crate) cure: String,
    /// The field of the task or the settings.
    pub(crate) path: String,
    /// The task's id, where it has one.
    pub(crate) task: Option<String>,
    /// Where it was written.
    pub(crate) place: Option<Place>,
    /// The object and the JSON pointer into it.
    pub(crate) object: Option<Target>,
    /// Whether the input is invalid, so that nothing is made from it.
    pub(crate) invalid: bool,
}

/// A field of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) pointer: String,
}

impl Diagnostic {
    /// A problem at a place.
    pub(crate) fn of_problem(problem: &Problem, place: Option<Place>) -> Self {
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
    pub(crate) fn in_source(problem: &Problem, source: &Source<'_>) -> Self {
        Self::of_problem(problem, Some(source.place_of(problem)))
    }

    /// A finding, with the place of the input that the field came from.
    pub(crate) fn of_finding(finding: &Finding, place: Option<Place>) -> Self {
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
    pub(crate) fn of_task(mut self, task: Option<&str>) -> Self {
        self.task = task.map(str::to_owned);
        self
    }

    /// The message with the path of the field before it.
    pub(crate) fn headline(&self) -> String {
        if self.path.is_empty() { self.message.clone() } else { format!("{}: {}", self.path, self.message) }
    }

    /// The file, where it was written in one.
    pub(crate) fn file(&self) -> Option<&str> {
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

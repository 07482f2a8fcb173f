//! What is wrong with a manifest stream.

use std::fmt;

/// What keeps an object of a stream from being submitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleProblem {
    /// No object at all.
    #[error("the stream holds no object")]
    Empty,
    /// Neither YAML nor JSON; what follows cannot be read.
    #[error("it is no YAML or JSON: {why}")]
    Syntax {
        /// What the reader says.
        why: String,
    },
    /// No Kubernetes object.
    #[error("it has no apiVersion and kind")]
    NoKind,
    /// A kind that no task has.
    #[error("it is a {kind}, and a task has only ConfigMap, PersistentVolumeClaim and Job")]
    ForeignKind {
        /// Its kind, with its API version where that is the matter.
        kind: String,
    },
    /// A field that the kind does not have.
    #[error("unknown field {path}")]
    UnknownField {
        /// The field: `spec.template.spec.contianers`.
        path: String,
    },
    /// A value of another type than the field's.
    #[error("{why}")]
    Type {
        /// What the reader says.
        why: String,
    },
    /// No name.
    #[error("it has no name")]
    NoName,
    /// None of keruta's.
    #[error("it lacks the labels app: keruta and task-id")]
    NoLabels,
    /// No number of an attempt.
    #[error("{number:?} is no number of an attempt")]
    Attempt {
        /// The annotation's value.
        number: String,
    },
    /// Two objects of one kind and name.
    #[error("it is there twice; the first is document {first}")]
    Twice {
        /// The first one's document.
        first: usize,
    },
    /// Two Jobs of one task.
    #[error("the task {task:?} has another Job in document {first}")]
    TwoJobs {
        /// The task.
        task: String,
        /// The first one's document.
        first: usize,
    },
    /// A claim or ConfigMap without its Job.
    #[error("the Job that it belongs to is not in the stream")]
    NoJob,
    /// Another namespace than its Job's.
    #[error("it is in the namespace {namespace:?}, its Job in {of_job:?}")]
    Namespace {
        /// Its own.
        namespace: String,
        /// The Job's.
        of_job: String,
    },
}

impl BundleProblem {
    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Empty => "pipe in what `keruta-manifest render` prints",
            Self::Syntax { .. } => "mend the syntax; `keruta-manifest render` prints valid YAML and JSON",
            Self::NoKind | Self::ForeignKind { .. } => {
                "apply other objects with kubectl, and keep only the task's here"
            }
            Self::UnknownField { .. } => "mend the field's name, or remove it",
            Self::Type { .. } => "write a value of that type",
            Self::NoName => "give it the name that `keruta-manifest render` gives",
            Self::NoLabels => "add both labels, as `keruta-manifest render` does",
            Self::Attempt { .. } => "count attempts from 1 in keruta.dev/attempt",
            Self::Twice { .. } => "remove one of the two",
            Self::TwoJobs { .. } => "submit one attempt of a task at a time",
            Self::NoJob => "add the Job, or remove the object",
            Self::Namespace { .. } => "put both into one namespace",
        }
        .to_owned()
    }
}

/// A problem and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The document, counted from 1 over the whole stream; each item of a `List` counts.
    pub document: usize,
    /// The object as far as it is known: `Job/keruta-job-task-1`.
    pub object: Option<String>,
    /// What is wrong.
    pub problem: BundleProblem,
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "document {}", self.document)?;
        if let Some(object) = &self.object {
            write!(f, " ({object})")?;
        }
        write!(f, ": {} help: {}", self.problem, self.problem.cure())
    }
}

/// All problems of a stream; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleProblems(Vec<Located>);

impl BundleProblems {
    pub(super) fn one(document: usize, object: Option<String>, problem: BundleProblem) -> Self {
        Self(vec![Located { document, object, problem }])
    }

    pub(super) fn none_of(mut problems: Vec<Located>) -> Result<(), Self> {
        problems.sort_by_key(|located| located.document);
        if problems.is_empty() { Ok(()) } else { Err(Self(problems)) }
    }

    /// The problems, in the order of the documents.
    #[must_use]
    pub fn as_slice(&self) -> &[Located] {
        &self.0
    }
}

impl fmt::Display for BundleProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for BundleProblems {}

//! What can be wrong with a patch.

use thiserror::Error;

/// One thing that is wrong with a patch: where, by which rule; [`PatchError::cure`] says how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PatchError {
    /// The patch, or what a JSON Patch would make of the template, is nested too deep.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// Where in the patch.
        pointer: String,
        /// The deepest nesting that is accepted.
        limit: usize,
    },
    /// A JSON Patch is larger than an API server accepts.
    #[error("a JSON Patch may have at most {limit} {what}")]
    TooLarge {
        /// Where in the patch.
        pointer: String,
        /// What there is too much of.
        what: &'static str,
        /// The API server's limit.
        limit: usize,
    },
    /// The patch does not leave an object.
    #[error("the patched Pod template must be an object, but would be {found}")]
    NotAnObject {
        /// Where in the patch.
        pointer: String,
        /// What it would be.
        found: &'static str,
    },
    /// An element of a list that is merged by a key is no object.
    #[error("an element of `{list}` must be an object, but is {found}")]
    NotAnElement {
        /// Where in the patch.
        pointer: String,
        /// The list.
        list: String,
        /// What the element is.
        found: &'static str,
    },
    /// An element of a list that is merged by a key does not have that key.
    #[error("an element of `{list}` has no `{key}`, by which elements of this list are told apart")]
    NoKey {
        /// Where in the patch.
        pointer: String,
        /// The list.
        list: String,
        /// The field that it needs.
        key: &'static str,
    },
    /// Two elements of a list that is merged by a key have the same key.
    #[error("two elements of `{list}` have the `{key}` {value}, by which elements of this list are told apart")]
    DuplicateKey {
        /// The second of them in the patch.
        pointer: String,
        /// The list.
        list: String,
        /// The key.
        key: &'static str,
        /// Its value, as JSON.
        value: String,
    },
    /// A directive of a strategic merge is not of the form that Kubernetes knows.
    #[error("`{directive}` {problem}")]
    Directive {
        /// Where in the patch.
        pointer: String,
        /// The directive.
        directive: String,
        /// What is wrong with it.
        problem: String,
        /// How to mend it.
        cure: String,
    },
    /// A field that a Pod template does not have (in the Kubernetes version that this program is built for).
    #[error("unknown field `{field}` at {target}")]
    UnknownField {
        /// Where in the patch.
        pointer: String,
        /// Where in the patched template.
        target: String,
        /// The field's name.
        field: String,
        /// The known field whose name is nearest.
        nearest: Option<&'static str>,
    },
    /// A value of a type that the field does not have.
    #[error("wrong type at {target}: {problem}")]
    WrongType {
        /// Where in the patch.
        pointer: String,
        /// Where in the patched template.
        target: String,
        /// What was found, and what is expected.
        problem: String,
    },
    /// Fields that exclude each other are all set after the patch.
    #[error("{target} would have {}, but at most one of them may be set", list(.fields))]
    OneOf {
        /// Where in the patch.
        pointer: String,
        /// Where in the patched template.
        target: String,
        /// The fields that exclude each other; those of the patch first.
        fields: Vec<String>,
    },
    /// An operation of a JSON Patch cannot be carried out.
    #[error("operation {index}, `{op}`: {problem}")]
    Operation {
        /// Where in the patch.
        pointer: String,
        /// The operation's index, from 0.
        index: usize,
        /// Its `op`.
        op: &'static str,
        /// What is wrong with it.
        problem: OperationProblem,
    },
    /// The template itself is no document.
    #[error("the Pod template cannot be written as JSON: {problem}")]
    Template {
        /// What the serializer says.
        problem: String,
    },
}

/// Why an operation of a JSON Patch cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OperationProblem {
    /// A pointer leads nowhere.
    #[error("there is nothing at {missing:?}{}", on_the_way(.missing, .path))]
    NoSuchPath {
        /// The pointer.
        path: String,
        /// The shortest part of it that leads nowhere.
        missing: String,
    },
    /// A `test` did not find what it asks for.
    #[error("the value at {path:?} is {found}, not {expected}")]
    TestFailed {
        /// Where it looked.
        path: String,
        /// What is there, as JSON, shortened.
        found: String,
        /// What it asks for, as JSON, shortened.
        expected: String,
    },
    /// The whole template cannot be removed or moved away.
    #[error("it would remove the Pod template itself")]
    WholeTemplate,
    /// A value cannot be moved into itself.
    #[error("{from:?} cannot be moved into itself, to {path:?}")]
    IntoItself {
        /// From where.
        from: String,
        /// To where.
        path: String,
    },
}

fn list(fields: &[String]) -> String {
    fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(" and ")
}

fn on_the_way(missing: &str, path: &str) -> String {
    if missing == path { String::new() } else { format!(", on the way to {path:?}") }
}

impl PatchError {
    /// The JSON pointer (RFC 6901) of the place in the patch, in its form with the outer key:
    /// `/strategic/spec/hostNetwork`, `/json/0/path`.
    #[must_use]
    pub fn pointer(&self) -> &str {
        match self {
            Self::TooDeep { pointer, .. }
            | Self::TooLarge { pointer, .. }
            | Self::NotAnObject { pointer, .. }
            | Self::NotAnElement { pointer, .. }
            | Self::NoKey { pointer, .. }
            | Self::DuplicateKey { pointer, .. }
            | Self::Directive { pointer, .. }
            | Self::UnknownField { pointer, .. }
            | Self::WrongType { pointer, .. }
            | Self::OneOf { pointer, .. }
            | Self::Operation { pointer, .. } => pointer,
            Self::Template { .. } => "",
        }
    }

    /// How to mend it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::TooDeep { .. } => "write a patch of the depth that a Pod template has".to_owned(),
            Self::TooLarge { .. } => "use a strategic or a merge patch".to_owned(),
            Self::NotAnObject { .. } => "patch fields of the template, not the template as a whole".to_owned(),
            Self::NotAnElement { .. } => "write each element as an object".to_owned(),
            Self::NoKey { key, .. } => format!("add `{key}`, that of the element to change or a new one"),
            Self::DuplicateKey { key, .. } => format!(
                "write both as one element, or give one of them another `{key}`; where Kubernetes allows them to \
                 share it (one port, two protocols), replace the list with `$patch: replace` or use a `json` patch"
            ),
            Self::Directive { cure, .. } => cure.clone(),
            Self::UnknownField { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::UnknownField { .. } => {
                "remove it, or put it where the Pod template has it (kubectl explain pod.spec)".to_owned()
            }
            Self::WrongType { .. } => "give the field a value of its type (kubectl explain pod.spec)".to_owned(),
            Self::OneOf { fields, .. } => format!(
                "set {} to null in the patch, or, in a strategic merge, list every field that stays in `$retainKeys`",
                list(fields.get(1..).unwrap_or_default())
            ),
            Self::Operation { problem, .. } => problem.cure().to_owned(),
            Self::Template { .. } => "this is a fault of the program that made the template".to_owned(),
        }
    }
}

impl OperationProblem {
    const fn cure(&self) -> &'static str {
        match self {
            Self::NoSuchPath { .. } => {
                "check its spelling, where list positions count from 0 and `~1` stands for a `/`; parents are added first"
            }
            Self::TestFailed { .. } => "change the `test`, or remove it if the patch does not depend on it",
            Self::WholeTemplate => "name the field to remove, for example `/spec/hostNetwork`",
            Self::IntoItself { .. } => "use `copy`, or another place",
        }
    }
}

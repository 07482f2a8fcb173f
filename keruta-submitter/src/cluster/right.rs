//! A right that is missing, as the rule that would grant it.

use std::fmt::Write as _;

use super::action::Action;

/// A right that is missing.
///
/// ```
/// use k8s_openapi::api::batch::v1::Job;
/// use keruta_submitter::cluster::{Action, MissingRight, Verb};
///
/// let right = MissingRight::of(&Action::on::<Job>(Verb::Create, "tasks", Some("keruta-job-1")), None);
/// assert!(right.to_role().ends_with("- apiGroups: [\"batch\"]\n  resources: [\"jobs\"]\n  verbs: [\"create\"]\n"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingRight {
    /// Who has not the right, where the API server says so.
    pub user: Option<String>,
    /// The verb.
    pub verb: String,
    /// The API group; empty for the core group.
    pub group: String,
    /// The resource, with its subresource.
    pub resource: String,
    /// The namespace; empty for what has none.
    pub namespace: String,
}

impl MissingRight {
    /// The right that an action needs.
    #[must_use]
    pub fn of(action: &Action, user: Option<&str>) -> Self {
        Self {
            user: user.map(str::to_owned),
            verb: action.verb.to_string(),
            group: action.group.clone(),
            resource: action.resource.clone(),
            namespace: action.namespace.clone(),
        }
    }

    /// Reads `User "u" cannot create resource "jobs" in API group "batch" in the namespace "n"`, as the API server's
    /// `responsewriters.forbiddenMessage` writes it; `None` for any other text.
    pub(super) fn read(message: &str) -> Option<Self> {
        let (head, tail) = message.split_once(" cannot ")?;
        let quoted = |text: &str, before: &str| {
            let (_, rest) = text.split_once(before)?;
            let (_, rest) = rest.split_once('"')?;
            rest.split_once('"').map(|(word, _)| word.to_owned())
        };
        Some(Self {
            user: quoted(head, "User "),
            verb: tail.split_once(" resource ")?.0.to_owned(),
            resource: quoted(tail, " resource ")?,
            group: quoted(tail, "in API group ")?,
            namespace: quoted(tail, "in the namespace ").unwrap_or_default(),
        })
    }

    /// Who has not the right, for the beginning of a sentence.
    #[must_use]
    pub fn who(&self) -> String {
        self.user.as_ref().map_or_else(|| "the submitter".to_owned(), |user| format!("the user {user:?}"))
    }

    /// A Role (or `ClusterRole`) that grants the right, as YAML.
    #[must_use]
    pub fn to_role(&self) -> String {
        let mut out = String::from("apiVersion: rbac.authorization.k8s.io/v1\n");
        let kind = if self.namespace.is_empty() { "ClusterRole" } else { "Role" };
        // Writing to a String cannot fail. JSON's strings are YAML's.
        let _ = writeln!(out, "kind: {kind}\nmetadata:\n  name: keruta-submitter");
        if !self.namespace.is_empty() {
            let _ = writeln!(out, "  namespace: {:?}", self.namespace);
        }
        let _ = writeln!(
            out,
            "rules:\n- apiGroups: [{:?}]\n  resources: [{:?}]\n  verbs: [{:?}]",
            self.group, self.resource, self.verb
        );
        out
    }
}

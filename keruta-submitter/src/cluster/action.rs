//! What was asked of the API server, as an error names it.

use std::fmt;

use kube::Resource;

/// A verb of the Kubernetes API, as RBAC names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// Reads one object.
    Get,
    /// Reads many.
    List,
    /// Follows many.
    Watch,
    /// Makes one.
    Create,
    /// Changes a part of one.
    Patch,
    /// Replaces one.
    Update,
    /// Deletes one.
    Delete,
}

impl Verb {
    /// The verb's name: `create`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Patch => "patch",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// Whether the cluster may be another one afterwards.
    #[must_use]
    pub const fn is_write(self) -> bool {
        matches!(self, Self::Create | Self::Patch | Self::Update | Self::Delete)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One request to the API server, in the words of RBAC.
///
/// ```
/// use k8s_openapi::api::batch::v1::Job;
/// use keruta_submitter::cluster::{Action, Verb};
///
/// let action = Action::on::<Job>(Verb::Create, "keruta-tasks", Some("keruta-job-1"));
/// assert_eq!(action.to_string(), "create jobs.batch \"keruta-job-1\" in the namespace \"keruta-tasks\"");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Action {
    /// What is done.
    pub verb: Verb,
    /// The API group; empty for the core group.
    pub group: String,
    /// The resource, in the plural, with its subresource: `pods/log`.
    pub resource: String,
    /// The namespace; empty for what has none.
    pub namespace: String,
    /// The object; `None` for all.
    pub name: Option<String>,
}

impl Action {
    /// An action on objects of a kind.
    #[must_use]
    pub fn on<K: Resource<DynamicType = ()>>(verb: Verb, namespace: &str, name: Option<&str>) -> Self {
        Self {
            verb,
            group: K::group(&()).into_owned(),
            resource: K::plural(&()).into_owned(),
            namespace: namespace.to_owned(),
            name: name.map(str::to_owned),
        }
    }

    /// The same on a subresource, such as `log`.
    #[must_use]
    pub fn subresource(mut self, name: &str) -> Self {
        self.resource.push('/');
        self.resource.push_str(name);
        self
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        if !self.namespace.is_empty() {
            write!(f, " in the namespace {:?}", self.namespace)?;
        }
        Ok(())
    }
}

//! The parts of an installation that can be asked for one by one.

use std::fmt;
use std::str::FromStr;

/// A part of the installation. The order of the variants is the order in which to apply them.
///
/// ```
/// use keruta_manifest::install::Component;
///
/// assert_eq!("network-policy".parse(), Ok(Component::NetworkPolicy));
/// assert_eq!(Component::Rbac.to_string(), "rbac");
/// assert!(Component::all().iter().all(|component| component.to_string().parse() == Ok(*component)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Component {
    /// `namespace`: the namespaces with their Pod Security labels.
    Namespace,
    /// `service-account`: the accounts of the submitter and of task Pods.
    ServiceAccount,
    /// `rbac`: Roles and `RoleBindings` of the submitter.
    Rbac,
    /// `network-policy`: what task Pods may reach.
    NetworkPolicy,
    /// `resource-quota`: only written where the plan has a quota.
    ResourceQuota,
    /// `limit-range`: only written where the plan has limits.
    LimitRange,
    /// `secret`: the API token's Secret, without a value.
    Secret,
    /// `server`: keruta's server, its claim and its Service; only written where the plan has a server.
    Server,
}

impl Component {
    /// Every component, in the order in which to apply them.
    #[must_use]
    pub const fn all() -> &'static [Self] {
        &[
            Self::Namespace,
            Self::ServiceAccount,
            Self::Rbac,
            Self::NetworkPolicy,
            Self::ResourceQuota,
            Self::LimitRange,
            Self::Secret,
            Self::Server,
        ]
    }

    /// The component's name on a command line, for example `network-policy`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::ServiceAccount => "service-account",
            Self::Rbac => "rbac",
            Self::NetworkPolicy => "network-policy",
            Self::ResourceQuota => "resource-quota",
            Self::LimitRange => "limit-range",
            Self::Secret => "secret",
            Self::Server => "server",
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Component {
    type Err = UnknownComponent;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::all()
            .iter()
            .copied()
            .find(|component| component.as_str() == name)
            .ok_or_else(|| UnknownComponent { name: name.to_owned() })
    }
}

/// A name that is no component.
///
/// ```
/// use keruta_manifest::install::Component;
///
/// let error = "networkpolicy".parse::<Component>().unwrap_err();
/// assert!(error.to_string().starts_with("unknown component `networkpolicy`: did you mean `network-policy`?"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown component `{name}`: {}", self.advice())]
pub struct UnknownComponent {
    name: String,
}

impl UnknownComponent {
    /// The component whose name is most like the one given, if one is.
    #[must_use]
    pub fn nearest(&self) -> Option<Component> {
        let likeness = |component: &Component| strsim::jaro_winkler(&self.name, component.as_str());
        Component::all()
            .iter()
            .copied()
            .filter(|component| likeness(component) > 0.8)
            .max_by(|left, right| likeness(left).total_cmp(&likeness(right)))
    }

    fn advice(&self) -> String {
        let names: Vec<_> = Component::all().iter().map(|component| component.as_str()).collect();
        let nearest = self.nearest().map(|component| format!("did you mean `{component}`? ")).unwrap_or_default();
        format!("{nearest}The components are {}", names.join(", "))
    }
}

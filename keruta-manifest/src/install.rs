//! What a cluster needs to run keruta, and not one permission more.
//!
//! [`InstallPlan`] is a typed builder. Its [`objects`](InstallPlan::objects) are, in the order in which a cluster wants
//! them:
//!
//! | component | objects |
//! |---|---|
//! | [`Namespace`](Component::Namespace) | the system namespace, and each task namespace with its Pod Security labels |
//! | [`ServiceAccount`](Component::ServiceAccount) | one for the submitter; one for task Pods, bound to nothing, without a token |
//! | [`Rbac`](Component::Rbac) | a Role and `RoleBinding` in each task namespace, and one for the submitter's lease |
//! | [`NetworkPolicy`](Component::NetworkPolicy) | deny everything; then DNS, git and the keruta API |
//! | [`ResourceQuota`](Component::ResourceQuota), [`LimitRange`](Component::LimitRange) | only where the plan asks for them |
//! | [`Secret`](Component::Secret) | the API token's Secret without a value |
//! | [`Server`](Component::Server) | the server's claim, Service and Deployment, only where the plan asks for it |
//!
//! Two namespaces, because a namespace is the boundary that Kubernetes itself defends: whoever may create Jobs in a
//! namespace can run a Pod as any `ServiceAccount` and with any Secret of *that* namespace ([RBAC good practices on
//! creating workloads][rbac-good]). The submitter's own account therefore lives where no task runs. Both may be the same
//! namespace; then this boundary is gone, and keruta's own Pods there must not carry the label `app: keruta`, which is
//! how the policies know a task's Pod.
//!
//! The policies need a network plugin that enforces them; on one that does not, they are accepted and do nothing.
//!
//! ```
//! use keruta_manifest::install::{Component, InstallPlan};
//!
//! let plan = InstallPlan::new().only([Component::ServiceAccount]);
//! let names: Vec<_> = plan.objects().iter().map(|object| object.name().to_owned()).collect();
//! assert_eq!(names, ["keruta-submitter", "keruta-task"]);
//! ```
//!
//! [rbac-good]: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation

mod accounts;
mod check;
mod cidr;
mod component;
mod limits;
mod meta;
mod namespace;
mod network;
mod rbac;
mod server;
mod token;

use std::collections::BTreeSet;

pub use check::InstallError;
pub use cidr::{Cidr, CidrError};
pub use component::{Component, UnknownComponent};
pub use limits::{Limits, Quota};
pub use namespace::{PodSecurity, PodSecurityVersion, UnknownPodSecurity, UnknownPodSecurityVersion};
pub use network::{GitPort, Target};
pub use server::Server;

use crate::object::Object;

/// What to install, and under which names.
///
/// Every setter that takes a name checks it at once, so that [`objects`](Self::objects) cannot fail. The same plan
/// always yields the same objects.
///
/// ```
/// use keruta_manifest::install::{GitPort, InstallPlan, PodSecurity, Quota};
///
/// let plan = InstallPlan::new()
///     .task_namespaces(["team-a", "team-b"])?
///     .pod_security(PodSecurity::Restricted)
///     .git_ports([GitPort::Https])
///     .git_cidr("10.20.0.0/16".parse()?)
///     .quota(Quota { pods: Some(20), ..Quota::default() })?;
///
/// let kinds: Vec<_> = plan.objects().iter().map(|object| object.kind()).collect();
/// assert_eq!(kinds.iter().filter(|kind| **kind == "Role").count(), 3);
/// assert_eq!(kinds.iter().filter(|kind| **kind == "ResourceQuota").count(), 2);
/// assert!(!kinds.contains(&"LimitRange"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallPlan {
    system_namespace: String,
    task_namespaces: Vec<String>,
    submitter: String,
    task_account: String,
    pod_security: PodSecurity,
    pod_security_version: PodSecurityVersion,
    isolate_namespace: bool,
    api: Option<Target>,
    dns: Vec<Target>,
    git: network::Git,
    token_secret: String,
    token_key: String,
    task_tokens: bool,
    quota: Option<Quota>,
    limits: Option<Limits>,
    server: Option<Server>,
    components: BTreeSet<Component>,
}

impl Default for InstallPlan {
    fn default() -> Self {
        Self {
            system_namespace: "keruta".to_owned(),
            task_namespaces: vec!["keruta-tasks".to_owned()],
            submitter: "keruta-submitter".to_owned(),
            task_account: "keruta-task".to_owned(),
            pod_security: PodSecurity::default(),
            pod_security_version: PodSecurityVersion::default(),
            isolate_namespace: false,
            api: None,
            dns: Target::cluster_dns(),
            git: network::Git::default(),
            token_secret: "keruta-api-token".to_owned(),
            token_key: "token".to_owned(),
            task_tokens: false,
            quota: None,
            limits: None,
            server: None,
            components: Component::all().iter().copied().collect(),
        }
    }
}

impl InstallPlan {
    /// The defaults: system namespace `keruta`, tasks in `keruta-tasks`, Pod Security `baseline`, every component, no
    /// quota and no limit range.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The namespace of the submitter and the server. Default `keruta`.
    ///
    /// # Errors
    /// If it is no DNS label, or a namespace of Kubernetes itself (`kube-…`), or if the submitter would then share the
    /// task Pods' account.
    pub fn system_namespace(mut self, namespace: impl Into<String>) -> Result<Self, InstallError> {
        self.system_namespace = check::namespace("system namespace", namespace.into())?;
        self.consistent()
    }

    /// The namespaces that tasks run in, in place of the default `keruta-tasks`. A repeated name counts once.
    ///
    /// `default` is allowed. It exists in every cluster and is nobody's to configure, so no Namespace object and hence
    /// no Pod Security label is written for it.
    ///
    /// # Errors
    /// If there is none; if one is no DNS label, or a namespace of Kubernetes itself (`kube-…`); or if the submitter
    /// would then share the task Pods' account.
    pub fn task_namespaces<N: Into<String>>(
        mut self,
        namespaces: impl IntoIterator<Item = N>,
    ) -> Result<Self, InstallError> {
        self.task_namespaces.clear();
        for namespace in namespaces {
            let namespace = check::namespace("task namespace", namespace.into())?;
            if !self.task_namespaces.contains(&namespace) {
                self.task_namespaces.push(namespace);
            }
        }
        if self.task_namespaces.is_empty() {
            return Err(InstallError::NoTaskNamespace);
        }
        self.consistent()
    }

    /// The submitter's ServiceAccount, Role and lease, all of this name. Default `keruta-submitter`.
    ///
    /// # Errors
    /// If it is no DNS subdomain, or the task Pods' account.
    pub fn submitter(mut self, name: impl Into<String>) -> Result<Self, InstallError> {
        self.submitter = check::subdomain("submitter name", name.into())?;
        self.consistent()
    }

    /// The task Pods' ServiceAccount. Default `keruta-task`.
    ///
    /// # Errors
    /// If it is no DNS subdomain, or the submitter's account.
    pub fn task_service_account(mut self, name: impl Into<String>) -> Result<Self, InstallError> {
        self.task_account = check::subdomain("task service account", name.into())?;
        self.consistent()
    }

    /// The Pod Security Standard that task namespaces enforce. Default `baseline`; the system namespace always enforces
    /// `restricted`.
    #[must_use]
    pub const fn pod_security(mut self, level: PodSecurity) -> Self {
        self.pod_security = level;
        self
    }

    /// The version of the Pod Security Standards to hold Pods to. Default: the newest that this library knows.
    #[must_use]
    pub const fn pod_security_version(mut self, version: PodSecurityVersion) -> Self {
        self.pod_security_version = version;
        self
    }

    /// Deny traffic to and from *every* Pod of the task namespaces, not only those labelled `app: keruta`. Default no.
    ///
    /// Worth it in a namespace that holds nothing but tasks: then no Pod escapes by losing its label.
    #[must_use]
    pub const fn isolate_namespace(mut self, isolate: bool) -> Self {
        self.isolate_namespace = isolate;
        self
    }

    /// Where the keruta API answers. Default: the Pods labelled `app.kubernetes.io/name: keruta` and
    /// `app.kubernetes.io/component: api` in the system namespace, on port 8080.
    #[must_use]
    pub fn api(mut self, target: Target) -> Self {
        self.api = Some(target);
        self
    }

    /// Where DNS answers, over UDP and TCP. Default: the Pods labelled `k8s-app: kube-dns` in `kube-system`, port 53.
    ///
    /// A node-local cache answers on an address of the node and needs [`Target::block`] beside the default.
    #[must_use]
    pub fn dns(mut self, targets: impl IntoIterator<Item = Target>) -> Self {
        self.dns = targets.into_iter().collect();
        self
    }

    /// How git may be reached, in place of the default [`GitPort::Https`] and [`GitPort::Ssh`].
    #[must_use]
    pub fn git_ports(mut self, ports: impl IntoIterator<Item = GitPort>) -> Self {
        self.git.ports = ports.into_iter().collect();
        self
    }

    /// Whether git may be anywhere on the public internet. Default yes.
    ///
    /// Private, link-local and other special-purpose ranges are never part of it. With `false`, and without a
    /// [`git_cidr`](Self::git_cidr), tasks reach no git server at all.
    #[must_use]
    pub const fn git_public(mut self, public: bool) -> Self {
        self.git.public = public;
        self
    }

    /// A range in which git servers live, private ones included. The link-local range of the clouds' metadata services
    /// is cut out of a wider range.
    #[must_use]
    pub fn git_cidr(mut self, cidr: Cidr) -> Self {
        self.git.cidrs.insert(cidr);
        self
    }

    /// A public range that tasks must not reach, for example the nodes' own addresses.
    ///
    /// # Errors
    /// If it is the whole internet (`/0`): that is [`git_public(false)`](Self::git_public).
    pub fn git_except(mut self, cidr: Cidr) -> Result<Self, InstallError> {
        if cidr.prefix() == 0 {
            return Err(InstallError::ExceptEverything { cidr });
        }
        self.git.except.insert(cidr);
        Ok(self)
    }

    /// The Secret and key of the token for the keruta API. Default `keruta-api-token` and `token`.
    ///
    /// # Errors
    /// If the name is no DNS subdomain or the key no Secret key.
    pub fn token(mut self, secret: impl Into<String>, key: impl Into<String>) -> Result<Self, InstallError> {
        self.token_secret = check::subdomain("token secret", secret.into())?;
        self.token_key = check::secret_key("token key", key.into())?;
        Ok(self)
    }

    /// Let keruta's server give each attempt a token of its own: it then makes and deletes Secrets in the task namespaces, and reads
    /// none. Default no: the submitter alone needs no right to Secrets.
    #[must_use]
    pub const fn task_tokens(mut self, yes: bool) -> Self {
        self.task_tokens = yes;
        self
    }

    /// Put a `ResourceQuota` into each task namespace. Default none.
    ///
    /// # Errors
    /// If one of its quantities is none.
    pub fn quota(mut self, quota: Quota) -> Result<Self, InstallError> {
        self.quota = Some(quota.checked()?);
        Ok(self)
    }

    /// Put a `LimitRange` into each task namespace. Default none.
    ///
    /// # Errors
    /// If one of its quantities is none.
    pub fn limits(mut self, limits: Limits) -> Result<Self, InstallError> {
        self.limits = Some(limits.checked()?);
        Ok(self)
    }

    /// Run keruta's server in the system namespace, with the submitter's account. Default no.
    #[must_use]
    pub fn server(mut self, server: Server) -> Self {
        self.server = Some(server);
        self
    }

    /// Only these components. Default all.
    #[must_use]
    pub fn only(mut self, components: impl IntoIterator<Item = Component>) -> Self {
        self.components = components.into_iter().collect();
        self
    }

    /// The objects of the chosen components, in the order in which to apply them: by component, then by namespace as
    /// given.
    #[must_use]
    pub fn objects(&self) -> Vec<Object> {
        self.components.iter().flat_map(|component| self.component(*component)).collect()
    }

    fn component(&self, component: Component) -> Vec<Object> {
        match component {
            Component::Namespace => namespace::objects(self),
            Component::ServiceAccount => accounts::objects(self),
            Component::Rbac => rbac::objects(self),
            Component::NetworkPolicy => network::objects(self),
            Component::ResourceQuota => limits::quotas(self),
            Component::LimitRange => limits::ranges(self),
            Component::Secret => token::objects(self),
            Component::Server => server::objects(self),
        }
    }

    /// The submitter's rights must never be a task's rights.
    fn consistent(self) -> Result<Self, InstallError> {
        if self.submitter == self.task_account && self.task_namespaces.contains(&self.system_namespace) {
            return Err(InstallError::SharedAccount { name: self.submitter, namespace: self.system_namespace });
        }
        Ok(self)
    }
}

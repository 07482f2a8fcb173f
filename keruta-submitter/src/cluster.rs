//! The cluster: found as kubectl finds it, asked with a time limit, and its refusals told with their cure.
//!
//! ```no_run
//! use keruta_submitter::cluster::{Cluster, ClusterConfig, Environment};
//! use k8s_openapi::api::batch::v1::Job;
//!
//! # async fn example() -> Result<(), keruta_submitter::cluster::ClusterError> {
//! let cluster = Cluster::connect(&ClusterConfig::default(), &Environment::of_process())?;
//! let job: Option<Job> = cluster.get("keruta-tasks", "keruta-job-task-1").await?;
//! # Ok(())
//! # }
//! ```

mod action;
mod config;
mod error;
mod kubeconfig;
mod proxy;
mod refusal;
mod retry;
mod right;

use std::fmt::{self, Debug};
use std::future::Future;
use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use action::{Action, Verb};
pub use config::{ClusterConfig, ConfigError, Environment, Origin};
pub use error::{ClusterError, InvalidField};
pub use proxy::ProxyVariables;
pub use retry::{Backoff, jitter, seed};
pub use right::MissingRight;

/// Who writes, as the objects' `managedFields` name it.
pub const FIELD_MANAGER: &str = "keruta-submitter";
/// How long one request may take. The API server gives up after 60 s by itself; an admission webhook may take 10.
const CALL: Duration = Duration::from_secs(30);
/// How many objects come with one answer of a list.
const PAGE: u32 = 500;

/// An object of a namespace that this crate reads and writes.
pub trait Object:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Serialize
{
}

impl<K> Object for K where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Serialize
{
}

/// A cluster that can be asked. Cheap to clone; the clones share their connections.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    namespace: String,
    server: String,
    origin: Origin,
    call_timeout: Duration,
}

impl Cluster {
    /// Finds the cluster and makes a client. Nothing is asked yet. Call it within a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Config`] where it is not known how to reach a cluster.
    pub fn connect(config: &ClusterConfig, environment: &Environment) -> Result<Self, ClusterError> {
        let (config, origin) = config.load(environment)?;
        let namespace = config.default_namespace.clone();
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let client = Client::try_from(config).map_err(|error| ConfigError::Client { why: refusal::chain(&error) })?;
        Ok(Self { origin, ..Self::new(client, &namespace, &server) })
    }

    /// A cluster behind a client that is there already. The client should not retry by itself
    /// (`kube::Config::default_retry`): it would wait as long as a server says.
    #[must_use]
    pub fn new(client: Client, namespace: &str, server: &str) -> Self {
        Self {
            client,
            namespace: namespace.to_owned(),
            server: server.to_owned(),
            origin: Origin::Given,
            call_timeout: CALL,
        }
    }

    /// The same with another time limit for one request; 30 s by default.
    #[must_use]
    pub fn with_call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// The client, for watches and logs. Give every call a time limit of its own.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The namespace of objects that name none.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The API server's URL.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Where the configuration was found.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Waits for a request's answer, as long as a request may take.
    ///
    /// # Errors
    ///
    /// Why there is no answer, or what it says.
    pub async fn call<T>(
        &self,
        action: Action,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, ClusterError> {
        match tokio::time::timeout(self.call_timeout, Box::pin(request)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.error(action, error)),
            Err(_) => Err(ClusterError::TimedOut { action: Box::new(action), after: self.call_timeout }),
        }
    }

    /// What an error of the client means for an action.
    #[must_use]
    pub fn error(&self, action: Action, error: kube::Error) -> ClusterError {
        refusal::of(error, action, &self.server)
    }

    /// Objects of a kind in a namespace.
    #[must_use]
    pub fn api<K: Object>(&self, namespace: &str) -> Api<K> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// An object; `None` if there is none of that name (or no such namespace).
    ///
    /// # Errors
    ///
    /// Every other answer, and none in time.
    pub async fn get<K: Object>(&self, namespace: &str, name: &str) -> Result<Option<K>, ClusterError> {
        let action = Action::on::<K>(Verb::Get, namespace, Some(name));
        self.call(action, self.api::<K>(namespace).get_opt(name)).await
    }

    /// All objects of a namespace with such labels, in pages.
    ///
    /// # Errors
    ///
    /// What the cluster answers, and no answer in time.
    pub async fn list<K: Object>(&self, namespace: &str, labels: &str) -> Result<Vec<K>, ClusterError> {
        let api = self.api::<K>(namespace);
        let mut parameters = ListParams::default().labels(labels).limit(PAGE);
        let mut found = Vec::new();
        loop {
            let action = Action::on::<K>(Verb::List, namespace, None);
            let page = match self.call(action, api.list(&parameters)).await {
                // The place in the list was forgotten meanwhile: again, and at once, as client-go's pager does.
                Err(ClusterError::Gone { .. }) if parameters.continue_token.is_some() => {
                    found.clear();
                    parameters = ListParams::default().labels(labels);
                    continue;
                }
                page => page?,
            };
            found.extend(page.items);
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => parameters = parameters.continue_token(&token),
                None => return Ok(found),
            }
        }
    }

    /// Creates an object of a name, and returns it as the cluster has it.
    ///
    /// # Errors
    ///
    /// [`ClusterError::AlreadyExists`] and every other refusal; where
    /// [`may_have_taken_effect`](ClusterError::may_have_taken_effect), read it again.
    pub async fn create<K: Object>(&self, namespace: &str, object: &K) -> Result<K, ClusterError> {
        let parameters = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        let name = object.meta().name.as_deref();
        let action = Action::on::<K>(Verb::Create, namespace, name);
        self.call(action, self.api::<K>(namespace).create(&parameters, object)).await
    }

    /// Changes an object by a JSON merge patch. A `metadata.uid` or `metadata.resourceVersion` in it must be the
    /// object's.
    ///
    /// # Errors
    ///
    /// What the cluster answers, and no answer in time.
    pub async fn merge<K: Object>(&self, namespace: &str, name: &str, patch: &Value) -> Result<K, ClusterError> {
        let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        let action = Action::on::<K>(Verb::Patch, namespace, Some(name));
        self.call(action, self.api::<K>(namespace).patch(name, &parameters, &Patch::Merge(patch))).await
    }

    /// Deletes the object of a name and uid, and what it owns in the background. `false`: it was gone already.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Conflict`] if there is another object of that name now, and every other refusal.
    pub async fn delete<K: Object>(&self, namespace: &str, name: &str, uid: &str) -> Result<bool, ClusterError> {
        let parameters = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Background),
            preconditions: Some(Preconditions { uid: Some(uid.to_owned()), resource_version: None }),
            ..DeleteParams::default()
        };
        let action = Action::on::<K>(Verb::Delete, namespace, Some(name));
        match self.call(action, self.api::<K>(namespace).delete(name, &parameters)).await {
            Ok(_) => Ok(true),
            Err(ClusterError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Deletes the object of a name, whichever it is: for who may not read it, and has made it itself. `false`: it was gone
    /// already.
    ///
    /// # Errors
    ///
    /// What the cluster answers, and no answer in time.
    pub async fn delete_named<K: Object>(&self, namespace: &str, name: &str) -> Result<bool, ClusterError> {
        let action = Action::on::<K>(Verb::Delete, namespace, Some(name));
        let (api, parameters) = (self.api::<K>(namespace), DeleteParams::background());
        match self.call(action, api.delete(name, &parameters)).await {
            Ok(_) => Ok(true),
            Err(ClusterError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("server", &self.server)
            .field("namespace", &self.namespace)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

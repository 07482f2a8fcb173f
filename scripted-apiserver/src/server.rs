//! The server itself: listening, stopping, starting again.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use crate::access::{Access, Denial};
use crate::api::{Caller, create, delete};
use crate::cluster::{Cluster, Settings, locked};
use crate::control::PodHandle;
use crate::fault::Faults;
use crate::request::Request;
use crate::resource::Resource;
use crate::store::{ChangeKind, Key, Notice, Store};

/// A running server. It stops when dropped.
pub struct ApiServer {
    cluster: Arc<Cluster>,
    address: SocketAddr,
    listening: Mutex<Option<JoinHandle<()>>>,
    controllers: JoinHandle<()>,
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.controllers.abort();
        if let Some(listening) = locked(&self.listening).take() {
            listening.abort();
        }
    }
}

impl ApiServer {
    /// Starts a server with the ordinary [`Settings`] on a free port of 127.0.0.1. It has the namespace `default`, the
    /// node `lab` and the default storage class `standard`.
    ///
    /// # Panics
    /// Where no port can be had.
    pub async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    /// Starts a server with other settings.
    ///
    /// # Panics
    /// Where no port can be had.
    pub async fn start_with(settings: Settings) -> Self {
        let (sender, notices) = mpsc::unbounded_channel();
        let mut store = Store::new(sender);
        if settings.chronicle {
            store.keep_chronicle();
        }
        let cluster = Arc::new(Cluster::new(store, settings));
        seed(&cluster);
        let listener = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
        let address = listener.local_addr().unwrap_or_else(|error| refuse(&error));
        let controllers = tokio::spawn(crate::control::run(Arc::clone(&cluster), notices));
        let listening = Mutex::new(Some(tokio::spawn(accept(Arc::clone(&cluster), listener))));
        Self { cluster, address, listening, controllers }
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A kubeconfig with the one context `scripted`, its namespace `default`, and no credentials.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: scripted\nclusters:\n- name: scripted\n  cluster:\n    \
             server: {}\ncontexts:\n- name: scripted\n  context:\n    cluster: scripted\n    user: scripted\n    \
             namespace: default\nusers:\n- name: scripted\n  user: {{}}\n",
            self.url()
        )
    }

    /// Drops all connections and listens again on the same port: an API server that restarts. State is kept; the watch
    /// cache is new, so that watches from an older version are told 410.
    ///
    /// # Panics
    /// Where another process took the port.
    pub async fn restart(&self) {
        self.stop().await;
        self.resume().await;
    }

    /// Drops all connections and refuses new ones, until [`ApiServer::resume`]. The controllers go on.
    pub async fn stop(&self) {
        let listening = locked(&self.listening).take();
        if let Some(listening) = listening {
            listening.abort();
            // Aborted: that is its end.
            let _ = listening.await;
        }
    }

    /// Listens again after [`ApiServer::stop`].
    ///
    /// # Panics
    /// Where another process took the port.
    pub async fn resume(&self) {
        self.compact();
        let listener = bind(self.address).await;
        let listening = tokio::spawn(accept(Arc::clone(&self.cluster), listener));
        if let Some(old) = locked(&self.listening).replace(listening) {
            old.abort();
        }
    }

    /// Forgets the history: older resourceVersions are 410 from now on, for watches, pages and exact lists.
    pub fn compact(&self) {
        self.cluster.write(Store::compact);
    }

    /// The newest resourceVersion.
    #[must_use]
    pub fn resource_version(&self) -> u64 {
        self.cluster.read(Store::rv)
    }

    /// All requests so far, in the order of their coming.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.cluster.requests).clone()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        locked(&self.cluster.requests).clear();
    }

    /// The faults.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.cluster.faults.clone()
    }

    /// Takes a right away from the client. Reading Secrets is denied from the beginning.
    pub fn deny(&self, denial: Denial) {
        locked(&self.cluster.access).denials.push(denial);
    }

    /// Leaves the client no other rights than those of these Roles, each in its own namespace.
    pub fn allow_only(&self, roles: Vec<Value>) {
        locked(&self.cluster.access).roles = Some(roles);
    }

    /// Gives all rights back, that of reading Secrets too.
    pub fn allow_all(&self) {
        *locked(&self.cluster.access) = Access::default();
    }

    /// Makes a namespace, if it is not there.
    pub fn create_namespace(&self, name: &str) {
        let value = json!({"metadata": {"name": name}});
        let caller = Caller::component("kubectl");
        // It may be there already.
        let _ = self.cluster.write(|store| create::create(store, &caller, Resource::Namespaces, "", value));
    }

    /// Makes an object as `kubectl create` does. `false` where there is one of its name, or the resource is none.
    #[allow(clippy::must_use_candidate, reason = "most tests know that it is new")]
    pub fn create(&self, resource: &str, namespace: &str, value: Value) -> bool {
        let caller = Caller::component("kubectl");
        let resource = crate::resource::ALL.into_iter().find(|known| known.plural() == resource);
        let create = |resource| self.cluster.write(|store| create::create(store, &caller, resource, namespace, value));
        resource.is_some_and(|resource| create(resource).is_ok())
    }

    /// The objects of a resource (`jobs`, `pods`, `events`, …; empty where it is none) in a namespace, as they are now.
    #[must_use]
    pub fn objects(&self, resource: &str, namespace: &str) -> Vec<Value> {
        let resource = crate::resource::ALL.into_iter().find(|known| known.plural() == resource);
        let list = |resource| self.cluster.read(|store| store.all(resource, Some(namespace)));
        resource.map(list).unwrap_or_default().iter().map(|object| object.value.clone()).collect()
    }

    /// Every state that the objects of a resource ever had in a namespace, oldest first, with whether it was its last: empty
    /// without [`Settings::chronicle`].
    #[must_use]
    pub fn chronicle(&self, resource: &str, namespace: &str) -> Vec<(Value, bool)> {
        self.cluster.read(|store| {
            let of = |notice: &&Notice| notice.resource.plural() == resource && notice.object.namespace() == namespace;
            let told = |notice: &Notice| (notice.object.value.clone(), notice.kind == ChangeKind::Deleted);
            store.chronicle().iter().filter(of).map(told).collect()
        })
    }

    /// How many lines each run of a container has written, also where its log or its Pod is gone: empty without
    /// [`Settings::chronicle`].
    #[must_use]
    pub fn lines_written(&self, pod_uid: &str, container: &str) -> Vec<u64> {
        let logs = locked(&self.cluster.all_logs);
        logs.get(&(pod_uid.to_owned(), container.to_owned())).into_iter().flatten().map(|log| log.lines()).collect()
    }

    /// A Pod to do something to.
    #[must_use]
    pub fn pod(&self, namespace: &str, name: &str) -> PodHandle {
        PodHandle::new(Arc::clone(&self.cluster), namespace, name)
    }

    /// Deletes a Job and its Pods, as `kubectl delete job` does. `false` where there is none.
    #[allow(clippy::must_use_candidate, reason = "most tests know that it is there")]
    pub fn delete_job(&self, namespace: &str, name: &str) -> bool {
        let key = Key::new(Resource::Jobs, namespace, name);
        let options =
            delete::Options { propagation: Some(delete::Propagation::Background), ..delete::Options::default() };
        let caller = Caller::component("kubectl");
        self.cluster.write(|store| delete::delete(store, &caller, &key, &options)).is_ok()
    }
}

#[allow(clippy::panic, reason = "a test without its server cannot go on")]
fn refuse(error: &std::io::Error) -> ! {
    panic!("the scripted API server cannot listen: {error}")
}

/// Binds, also a port that was just left.
async fn bind(address: SocketAddr) -> TcpListener {
    let mut tries = 0;
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(error) if tries > 100 => refuse(&error),
            Err(_) => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// Serves connections until it is aborted, which ends them all.
async fn accept(cluster: Arc<Cluster>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // Without it the small events of a watch wait for each other.
        let _ = stream.set_nodelay(true);
        let cluster = Arc::clone(&cluster);
        connections.spawn(async move {
            let service = service_fn(|request| crate::http::handle(Arc::clone(&cluster), request));
            // A client that leaves, or a fault that cuts.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            Ok::<(), Infallible>(())
        });
        while connections.try_join_next().is_some() {}
    }
}

/// What every cluster has.
fn seed(cluster: &Cluster) {
    let caller = Caller::component("kube-apiserver");
    let objects = [
        (Resource::Namespaces, json!({"metadata": {"name": "default"}})),
        (Resource::Namespaces, json!({"metadata": {"name": "kube-system"}})),
        (
            Resource::Nodes,
            json!({
                "metadata": {"name": crate::kubelet::NODE, "labels": {
                    "kubernetes.io/hostname": crate::kubelet::NODE, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"
                }},
                "spec": {},
                "status": {
                    "capacity": {"cpu": "8", "memory": "32Gi", "pods": "110"},
                    "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]
                }
            }),
        ),
        (
            Resource::StorageClasses,
            json!({
                "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
                "provisioner": "scripted.keruta.dev/volumes"
            }),
        ),
    ];
    cluster.write(|store| {
        for (resource, value) in objects {
            // Nothing is there yet that could be in the way.
            let _ = create::create(store, &caller, resource, "", value);
        }
    });
}

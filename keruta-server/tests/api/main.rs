//! The API behind its door, as clients see it: who gets in, and what they get.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod access;
mod artifacts;
mod catalog;
mod document;
mod notifications;
mod oidc;
mod operation;
mod panel;
mod permissions;
mod refusals;
mod sessions;
mod settings;
mod setup_step;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use keruta_api::Role;
use keruta_server::auth::{Access, AccessOptions};
use keruta_server::configuration::{Configuration, Seed};
use keruta_server::http::{ApiParts, api};
use keruta_server::oidc::Oidc;
use keruta_server::operation::Operation;
use keruta_server::runner::{ClusterState, Connect};
use keruta_server::secret::Secrets;
use keruta_server::store::logs::LogStore;
use keruta_server::store::{Author, Store};
use keruta_server::task::TaskSpec;
use keruta_submitter::cluster::{Cluster, ClusterConfig, Environment};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;

/// A server, without a cluster.
struct Server {
    router: Router,
    parts: ApiParts,
    admin: String,
    _cluster: watch::Sender<ClusterState>,
    directory: TempDir,
}

impl Server {
    async fn start() -> Self {
        Self::start_with(AccessOptions::default()).await
    }

    async fn start_with(options: AccessOptions) -> Self {
        Self::start_of(options, nowhere()).await
    }

    /// One that is to try this cluster.
    async fn start_at(connect: Connect) -> Self {
        Self::start_of(AccessOptions::default(), connect).await
    }

    async fn start_of(options: AccessOptions, connect: Connect) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("keruta.db").display());
        let store = Store::open(&url).await.unwrap();
        let configuration = Configuration::start(store.clone(), &Seed::default(), Timestamp::now()).await.unwrap();
        let external_url = options.external_url.clone();
        let access = Access::new(store.clone(), options).unwrap();
        let admin = access.first_token(Timestamp::now()).await.unwrap().unwrap();
        let cluster = watch::Sender::new(ClusterState::Standby);
        let operation = Operation::start(store.clone()).await.unwrap();
        let parts = ApiParts {
            logs: LogStore::start(store.clone()),
            store,
            configuration: Arc::new(configuration),
            access,
            cluster: cluster.subscribe(),
            metrics: Arc::default(),
            oidc: Oidc::new(operation.settings(), external_url, Secrets::of(directory.path())).unwrap(),
            operation: Arc::new(operation),
            connect,
        };
        let router = api(&parts).unwrap();
        Self { router, parts, admin, _cluster: cluster, directory }
    }

    /// A request of the first admin.
    fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        self.anonymous(method, path).token(&self.admin)
    }

    fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    fn post(&self, path: &str, body: &Value) -> Ask<'_> {
        self.ask(Method::POST, path).json(body)
    }

    /// A request without credentials.
    fn anonymous(&self, method: Method, path: &str) -> Ask<'_> {
        let mut request = Request::builder().method(method).uri(path).body(String::new()).unwrap();
        let peer: SocketAddr = "198.51.100.7:4711".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        Ask { server: self, request }
    }

    /// A token of a role; of a task, of the first attempt of the task `mine`.
    async fn token(&self, role: Role) -> String {
        let now = Timestamp::now();
        let access = &self.parts.access;
        if role == Role::Task {
            return access.create_task_token("mine", 1, SignedDuration::from_hours(1), now).await.unwrap().secret;
        }
        access.create_token(role.as_str(), role, None, &Author::keruta(), now).await.unwrap().secret
    }

    async fn task(&self, json: &str) {
        let spec = TaskSpec::from_json(json).unwrap();
        self.parts.store.create_task(spec, "tasks", "ada", Timestamp::now()).await.unwrap();
    }
}

/// No cluster, whatever this machine has.
fn nowhere() -> Connect {
    let config = ClusterConfig { kubeconfig: Some("/nowhere/kubeconfig".into()), ..ClusterConfig::default() };
    Arc::new(move |_| Cluster::connect(&config, &Environment::of_process()))
}

/// A request to be sent.
struct Ask<'s> {
    server: &'s Server,
    request: Request<String>,
}

impl Ask<'_> {
    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().append(name, value.parse().unwrap());
        self
    }

    fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").text(&body.to_string())
    }

    fn text(mut self, body: &str) -> Self {
        body.clone_into(self.request.body_mut());
        self
    }

    fn peer(mut self, peer: &str) -> Self {
        let peer: SocketAddr = peer.parse().unwrap();
        self.request.extensions_mut().insert(ConnectInfo(peer));
        self
    }

    async fn send(self) -> Answer {
        let response = self.server.router.clone().oneshot(self.request.map(Body::from)).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, headers, body: String::from_utf8(bytes.to_vec()).unwrap() }
    }
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    /// The status, checked.
    fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}")).to_str().unwrap()
    }

    fn etag(&self) -> &str {
        self.header(header::ETAG.as_str())
    }

    /// A problem document for a person to read, without what differs from run to run.
    fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let mut problem = self.value();
        let id = problem.as_object_mut().unwrap().remove("requestId").expect("a problem has the request's id");
        assert_eq!(id, self.header("x-request-id"));
        assert_eq!(problem["status"], self.status.as_u16());
        let mut shown = String::new();
        for name in ["retry-after", "www-authenticate", "allow"] {
            if let Some(value) = self.headers.get(name) {
                writeln!(shown, "{name}: {}", value.to_str().unwrap()).unwrap();
            }
        }
        shown + &serde_json::to_string_pretty(&problem).unwrap()
    }
}

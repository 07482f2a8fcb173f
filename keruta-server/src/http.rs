//! The HTTP API: routes, and what they share.
//!
//! | room | what it holds |
//! |---|---|
//! | [`error`] | refusals and failures as problem documents |
//! | [`extract`] | bodies and parameters, with refusals that say what is wrong |
//! | [`etag`](mod@etag), [`conditional`], [`page`](mod@page) | versions, what a client has already, lists a page at a time |
//! | [`guard`](mod@guard), [`actor`] | who asks, and whether they may |
//! | [`tasks`], [`artifacts`] | tasks: made, read, changed, ended, tried again; what they hand in |
//! | [`settings`], [`repositories`], [`documents`] | what tasks refer to and stand on |
//! | [`sessions`], [`oidc`], [`tokens`], [`users`], [`audit`] | access, and who did what |
//! | [`background_jobs`], [`server_settings`], [`cluster_test`] | how the server itself works, and whether its cluster does |
//! | [`health`] | probes and numbers |
//! | [`logs`] | logs: read, searched, followed, sent by agents |
//! | [`attempts`] | what a submitter of its own tells |
//! | [`notifications`] | who is told of what, and what became of it |
//! | [`events`], [`statistics`] | what happens to tasks, and how the last day went |
//! | [`storage`] | how much room logs and artifacts take |
//! | [`schemas`] | JSON Schemas of tasks and settings |
//! | [`panel`] | the admin panel's files |
//! | [`layers`] | what stands around every route |

pub mod actor;
pub mod artifacts;
pub mod attempts;
pub mod audit;
pub mod background_jobs;
pub mod cluster_test;
pub mod conditional;
pub mod documents;
pub mod error;
pub mod etag;
pub mod events;
pub mod extract;
pub mod guard;
pub mod health;
pub mod layers;
pub mod logs;
mod names;
pub mod notifications;
pub mod oidc;
pub mod openapi;
pub mod page;
pub mod panel;
pub mod repositories;
pub mod request_id;
pub mod schemas;
pub mod server_settings;
pub mod sessions;
pub mod settings;
pub mod statistics;
pub mod storage;
pub mod tasks;
pub mod tokens;
pub mod users;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use keruta_submitter::metrics::Metrics;
use tokio::sync::watch;
use tower_http::csrf::ConfigError;
use utoipa_axum::router::OpenApiRouter;

use crate::auth::Access;
use crate::configuration::Configuration;
use crate::oidc::Oidc;
use crate::operation::Operation;
use crate::runner::{ClusterState, Connect};
use crate::store::Store;
use crate::store::logs::LogStore;
use artifacts::ArtifactsState;
use attempts::AttemptsState;
use background_jobs::JobsState;
use cluster_test::ClusterTestState;
use health::HealthState;
use logs::LogsState;
use oidc::OidcState;
use settings::SettingsState;
use storage::StorageState;
use tasks::TasksState;

pub use error::ApiError;
pub use etag::{IfMatch, Versioned, etag};
pub use page::{Cursor, Limit, page};

/// What the API stands on.
#[derive(Clone)]
pub struct ApiParts {
    /// The store.
    pub store: Store,
    /// The settings in force.
    pub configuration: Arc<Configuration>,
    /// Who may do what.
    pub access: Access,
    /// The logs of tasks.
    pub logs: LogStore,
    /// The cluster as the runner sees it.
    pub cluster: watch::Receiver<ClusterState>,
    /// The submitter's numbers.
    pub metrics: Arc<Metrics>,
    /// How the server works.
    pub operation: Arc<Operation>,
    /// Signs people in by an OpenID provider.
    pub oidc: Oidc,
    /// Makes a cluster of settings that are to be tried.
    pub connect: Connect,
}

/// The whole API: all routes, behind the door, with what stands around them.
///
/// # Errors
///
/// Where an origin that is to be trusted is none.
pub fn api(parts: &ApiParts) -> Result<Router, ConfigError> {
    let health =
        HealthState { store: parts.store.clone(), cluster: parts.cluster.clone(), metrics: Arc::clone(&parts.metrics) };
    let (routes, document) = routes(parts, &health).split_for_parts();
    let routes = routes.merge(health::probes(health)).merge(openapi::route(document)).merge(panel::routes());
    Ok(layers::around(layers::guarded(routes, &parts.access)?))
}

/// All routes that the OpenAPI document tells of.
fn routes(parts: &ApiParts, health: &HealthState) -> OpenApiRouter {
    let ApiParts { store, configuration, access, operation, .. } = parts;
    let tasks =
        TasksState { store: store.clone(), settings: configuration.settings(), operation: operation.settings() };
    let jobs = JobsState { store: store.clone(), operation: operation.settings(), cluster: parts.cluster.clone() };
    let artifacts = ArtifactsState { store: store.clone(), operation: operation.settings() };
    let storage = StorageState { store: store.clone(), operation: operation.settings() };
    let test = ClusterTestState::new(configuration.settings(), operation.settings(), Arc::clone(&parts.connect));
    OpenApiRouter::new()
        .merge(tasks::routes(tasks))
        .merge(settings::routes(SettingsState { store: store.clone(), configuration: Arc::clone(configuration) }))
        .merge(artifacts::routes(artifacts))
        .merge(attempts::routes(AttemptsState { store: store.clone(), logs: parts.logs.clone() }))
        .merge(cluster_test::routes(test))
        .merge(server_settings::routes(Arc::clone(operation)))
        .merge(background_jobs::routes(jobs))
        .merge(repositories::routes(store.clone()))
        .merge(documents::routes(store.clone()))
        .merge(sessions::routes(access.clone()))
        .merge(oidc::routes(OidcState { access: access.clone(), oidc: parts.oidc.clone() }))
        .merge(tokens::routes(access.clone()))
        .merge(users::routes(access.clone()))
        .merge(audit::routes(store.clone()))
        .merge(events::routes(store.clone()))
        .merge(statistics::routes(store.clone()))
        .merge(storage::routes(storage))
        .merge(schemas::routes())
        .merge(logs::routes(LogsState { logs: parts.logs.clone() }))
        .merge(notifications::routes(store.clone()))
        .merge(health::routes(health.clone()))
}

/// The type of scripts.
static PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The answer to what was made: where it is, and what it is.
fn created(location: &str, body: impl IntoResponse) -> Response {
    let mut response = (StatusCode::CREATED, body).into_response();
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

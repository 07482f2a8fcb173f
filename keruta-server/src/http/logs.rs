//! `/api/v1/tasks/{id}/logs` and `/api/tasks/{taskId}/log`: logs read, searched, followed, downloaded, and sent by agents.
//!
//! | route | who may |
//! |---|---|
//! | `GET` of all | who may read the task: viewers, the task's own token |
//! | `POST /api/v1/tasks/{id}/logs` | who may write for the task: its own token, operators, services |

mod error;
mod follow;
mod ingest;
mod link;
mod parameters;
mod read;
mod summary;

use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::body_limit;
use crate::store::logs::LogStore;

pub use parameters::LogParameters;

/// How large a batch of lines may be.
pub const BATCH_BYTES: usize = 8 << 20;

/// What the routes of logs need.
#[derive(Clone)]
pub struct LogsState {
    /// The store.
    pub logs: LogStore,
}

/// The routes, with their part of the OpenAPI document.
///
/// Whole logs are compressed as the client accepts; followed ones are not, so that each line arrives when it is written.
pub fn routes(state: LogsState) -> OpenApiRouter {
    let read = OpenApiRouter::new()
        .routes(routes!(read::log))
        .routes(routes!(read::log_of_documents))
        .routes(routes!(summary::summary))
        .routes(routes!(summary::hits))
        .layer(CompressionLayer::new());
    let write = OpenApiRouter::new().routes(routes!(ingest::append)).layer(body_limit(BATCH_BYTES));
    read.merge(write).with_state(state)
}

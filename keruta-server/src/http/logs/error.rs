//! What a failure of the store of logs is to a client.

use std::time::Duration;

use crate::http::ApiError;
use crate::store::StoreError;
use crate::store::logs::LogError;

impl From<LogError> for ApiError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Store(error) => Self::Store(error),
            LogError::Offset { current } => Self::Offset { current },
            LogError::Captured | LogError::Behind { .. } => Self::Conflict(error.to_string()),
            LogError::Write(cause) if cause.is_transient() => {
                tracing::error!(error = &*cause as &dyn std::error::Error, "a batch of lines was not written");
                let detail = "the lines were not written; send them again".to_owned();
                Self::Unavailable { detail, retry_after: Duration::from_secs(2) }
            }
            LogError::Stopped => {
                let detail = "the server stops; try again".to_owned();
                Self::Unavailable { detail, retry_after: Duration::from_secs(2) }
            }
            error => Self::Internal { context: "reading or writing a log", source: Box::new(error) },
        }
    }
}

/// There is neither such a task nor a log of it.
pub(super) fn no_task(id: &str) -> ApiError {
    StoreError::NotFound { kind: "task", id: id.to_owned() }.into()
}

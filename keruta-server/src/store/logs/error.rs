//! What the store of logs could not do.

use std::sync::Arc;

use crate::log::ChunkError;
use crate::store::StoreError;

/// Why a log could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The transaction that wrote this batch and others failed.
    #[error("the batch was not written")]
    Write(#[source] Arc<StoreError>),
    /// A chunk could not be read or made.
    #[error("the chunk of the log {log} behind entry {entry} cannot be read")]
    Chunk {
        /// The log.
        log: i64,
        /// How many entries are before it.
        entry: u64,
        /// Why.
        #[source]
        source: ChunkError,
    },
    /// A chunk could not be made.
    #[error("the batch could not be compressed")]
    Encode(#[source] ChunkError),
    /// A cursor could not be kept as JSON.
    #[error("the cursor has no JSON")]
    Cursor(#[source] serde_json::Error),
    /// Lines of these numbers are kept already, from another reader.
    #[error("the log has {lines} lines already, and the batch begins at line {first}: another one reads this log")]
    Behind {
        /// The lines that are kept.
        lines: u64,
        /// The first line of the batch.
        first: u64,
    },
    /// The log does not end where the batch begins.
    #[error("the log has {current} entries: send on from there")]
    Offset {
        /// How many entries it has.
        current: u64,
    },
    /// The log is read from the container's output.
    #[error("this log is read from the container's output: send lines under another name")]
    Captured,
    /// The server stops.
    #[error("the store of logs has stopped")]
    Stopped,
}

impl From<sqlx::Error> for LogError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

//! What there is to count: tasks by status, and the attempts of a span of time.

use jiff::Timestamp;
use keruta_api::TaskStatus;

use super::row::Columns;
use super::{Store, StoreError};

/// When an attempt came, left the queue, and ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptSpan {
    /// Where it stands.
    pub status: TaskStatus,
    /// When it was put into the queue.
    pub queued_at: Timestamp,
    /// When it was about to be submitted.
    pub submitted_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl Store {
    /// The attempts that waited or ended since a time.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn attempts_since(&self, since: Timestamp) -> Result<Vec<AttemptSpan>, StoreError> {
        let select = "SELECT status, created_at, intended_at, finished_at FROM attempts \
            WHERE finished_at >= $1 OR intended_at >= $1 OR (intended_at IS NULL AND finished_at IS NULL)";
        let rows = sqlx::query(select).bind(since.as_microsecond()).fetch_all(self.database().reader()).await?;
        let spans = rows.iter().map(|row| {
            let columns = Columns { table: "attempts", row };
            Ok(AttemptSpan {
                status: columns.word("status")?,
                queued_at: columns.time("created_at")?,
                submitted_at: columns.time_if_any("intended_at")?,
                finished_at: columns.time_if_any("finished_at")?,
            })
        });
        spans.collect()
    }
}

//! The logs of tasks: compressed chunks and what is known of them.
//!
//! Lines come in batches, each with the place up to which the log was read ([`LogStore::append`]), or at an offset
//! ([`LogStore::append_at`]). They are kept as small chunks, which [`LogStore::seal`] merges into full ones.

mod append;
mod archive;
mod background;
mod chunks;
mod error;
mod export;
mod follow;
mod hub;
mod load;
mod read;
mod retention;
mod scan;
mod seal;
mod source;
mod summary;
mod writer;

use std::sync::Arc;

use jiff::Timestamp;
use keruta_submitter::logs::{Cursor, LogEntry, LogSource};
use tokio::sync::{Semaphore, mpsc};

use super::Store;
use hub::Hub;

pub use append::Kept;
pub use archive::{ArchiveReport, ArchiveSettings};
pub use background::{Progress, Run, RunState};
pub use error::LogError;
pub use export::{ExportError, ExportReport, ExportSettings, ExportTarget};
pub use follow::{Follow, News};
pub use hub::{Batch, Rendered};
pub use read::{LogQuery, LogStream, Page, Start};
pub use retention::{RetentionPolicy, RetentionReport};
pub use scan::Item;
pub use seal::{SealReport, SealSettings};
pub use source::{LogSizes, SourceInfo, TaskState};
pub use summary::{Hit, Hits};

/// How many batches may wait to be written: whoever brings another one waits.
const QUEUE: usize = 128;
/// How many followers may read behind at once; the others are served from memory.
const CATCHING_UP: usize = 4;

/// The store of logs. Cheap to clone.
#[derive(Clone)]
pub struct LogStore {
    store: Store,
    queue: mpsc::Sender<writer::Request>,
    hub: Arc<Hub>,
    catching_up: Arc<Semaphore>,
}

impl LogStore {
    /// Begins to take lines for a store; in a runtime of tokio. There should be one for each process.
    #[must_use]
    pub fn start(store: Store) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE);
        let hub = Arc::new(Hub::new(store.clone()));
        tokio::spawn(writer::run(store.clone(), Arc::clone(&hub), requests));
        Self { store, queue, hub, catching_up: Arc::new(Semaphore::new(CATCHING_UP)) }
    }

    /// Keeps entries of a container's log and the cursor behind them, in one step. The same batch again is kept once.
    ///
    /// # Errors
    ///
    /// [`LogError::Behind`] where another one has kept these lines, and where the database fails; nothing is kept then.
    pub async fn append(&self, source: &LogSource, entries: &[LogEntry], cursor: &Cursor) -> Result<Kept, LogError> {
        let request = append::Request::behind(source, entries, cursor, Timestamp::now())?;
        self.write(request).await
    }

    /// Keeps lines of a log that an agent sends, where exactly `offset` entries are kept already; `done` where nothing more will
    /// come. The same batch again is kept once.
    ///
    /// Lines are numbered on; the numbers in `entries` are not looked at.
    ///
    /// # Errors
    ///
    /// [`LogError::Offset`] with the true offset where it is another one, [`LogError::Captured`] where a submitter reads this
    /// log, and where the database fails; nothing is kept then.
    pub async fn append_at(
        &self,
        source: &LogSource,
        offset: u64,
        entries: &[LogEntry],
        done: bool,
    ) -> Result<Kept, LogError> {
        match self.write(append::Request::at(source, offset, entries, done, Timestamp::now())?).await {
            Err(LogError::Offset { current }) if self.has(source, offset, entries).await? => {
                Ok(Kept { entries: current, news: false })
            }
            answer => answer,
        }
    }

    async fn write(&self, request: append::Request) -> Result<Kept, LogError> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        self.queue.send(writer::Request { append: request, answer }).await.map_err(|_| LogError::Stopped)?;
        answered.await.map_err(|_| LogError::Stopped)?
    }
}

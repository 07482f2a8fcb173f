//! What the server keeps: tasks and their history, in SQLite or PostgreSQL.
//!
//! One text of SQL serves both. Where they differ (how a transaction that writes begins, what a migration says, what an error
//! means), [`Database`] has an implementation for each: [`Sqlite`] and [`Postgres`].

mod audit;
mod counters;
mod database;
mod documents;
mod error;
mod events;
mod expected;
mod lease;
pub mod logs;
mod postgres;
mod queue;
mod repositories;
mod row;
mod sessions;
mod settings;
mod sqlite;
mod statistics;
mod submissions;
mod tasks;
mod tokens;
mod users;

use std::sync::Arc;

use sqlx::{Any, Transaction};
use tokio::sync::watch;

pub use audit::{AuditFilter, Author};
pub use database::Database;
pub use documents::DocumentContent;
pub use error::StoreError;
pub use expected::Expected;
pub use lease::{Epoch, Lease};
pub use postgres::Postgres;
pub use queue::{InFlight, Queued};
pub use sessions::{FoundSession, SessionRow};
pub use settings::{SetValue, StoredSettings};
pub use sqlite::Sqlite;
pub use statistics::AttemptSpan;
pub use submissions::AttemptStatus;
pub use tasks::{Actor, TaskCursor, TaskFilter, TaskOrder, TaskPage};
pub use tokens::{FoundToken, TokenRow};
pub use users::UserChange;

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    database: Arc<dyn Database>,
    /// Counts the changes of tasks that this process made.
    changes: Arc<watch::Sender<u64>>,
}

impl Store {
    /// Opens the database that a URL names, and brings its schema up to date: `sqlite:keruta.db`,
    /// `postgres://user@host/name`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it cannot be opened, is of a newer keruta, or is in use by another server (SQLite).
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let database: Arc<dyn Database> = if url.starts_with("sqlite:") {
            Arc::new(Sqlite::open(url).await?)
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Arc::new(Postgres::open(url).await?)
        } else {
            return Err(StoreError::UnknownUrl);
        };
        Ok(Self { database, changes: Arc::default() })
    }

    /// The database itself, to be asked for its health.
    #[must_use]
    pub fn database(&self) -> &dyn Database {
        &*self.database
    }

    /// Whether the database answers.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it does not.
    pub async fn is_there(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(self.database().reader()).await?;
        Ok(())
    }

    /// Wakes whenever this process has changed a task. Changes by other replicas are to be looked for now and then.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Begins a transaction that writes.
    async fn write(&self) -> Result<Transaction<'static, Any>, StoreError> {
        self.database.write().await
    }
}

//! What the server keeps: tasks and their history, in SQLite or PostgreSQL.
//!
//! One text of SQL serves both. Where they differ (how a transaction that writes begins, what a migration says, what an error
//! means), [`Database`] has an implementation for each: [`Sqlite`] and [`Postgres`].

mod artifacts;
mod audit;
mod background;
pub mod backup;
mod counters;
mod database;
mod documents;
mod error;
mod events;
mod expected;
mod lease;
pub mod logs;
mod notifications;
mod postgres;
mod queue;
mod removals;
mod repositories;
mod row;
mod server_settings;
mod sessions;
mod settings;
mod sqlite;
mod statistics;
mod storage;
mod submissions;
mod tasks;
mod token_secrets;
mod tokens;
mod users;

use std::sync::Arc;

use sqlx::{Any, Transaction};
use tokio::sync::watch;

pub use artifacts::{StoredArtifact, Upload};
pub use audit::{AuditFilter, Author};
pub use background::BackgroundRequest;
pub use database::Database;
pub use documents::DocumentContent;
pub use error::StoreError;
pub use expected::Expected;
pub use lease::{Epoch, Lease};
pub use notifications::{OutboxFilter, OutboxMessage, Outcome};
pub use postgres::Postgres;
pub use queue::{InFlight, Queued};
pub use removals::{Family, Removal};
pub use server_settings::StoredServerSettings;
pub use sessions::{FoundSession, SessionRow};
pub use settings::{SetValue, StoredSettings};
pub use sqlite::Sqlite;
pub use statistics::AttemptSpan;
pub use submissions::AttemptStatus;
pub use tasks::{Actor, TaskCursor, TaskFilter, TaskOrder, TaskPage};
pub use token_secrets::SpentSecret;
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
        Self::open_at(url, None).await
    }

    /// The newest step of the schema of the database that a URL names.
    fn newest_schema(url: &str) -> Result<i64, StoreError> {
        match url.split_once(':') {
            Some(("sqlite", _)) => Ok(Sqlite::newest_schema()),
            Some(("postgres" | "postgresql", _)) => Ok(Postgres::newest_schema()),
            _ => Err(StoreError::UnknownUrl),
        }
    }

    /// The same as [`Store::open`], with the schema at an older step.
    async fn open_at(url: &str, step: Option<i64>) -> Result<Self, StoreError> {
        let database: Arc<dyn Database> = if url.starts_with("sqlite:") {
            Arc::new(Sqlite::open_at(url, step).await?)
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Arc::new(Postgres::open_at(url, step).await?)
        } else {
            return Err(StoreError::UnknownUrl);
        };
        let store = Self { database, changes: Arc::default() };
        if !store.database().is_shared() {
            // The file's lock says that whoever held a lease is gone.
            store.void_leases().await?;
        }
        Ok(store)
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

//! What the server keeps: tasks and their history, in SQLite or PostgreSQL.
//!
//! One text of SQL serves both. Where they differ (how a transaction that writes begins, what a migration says, what an error
//! means), [`Database`] has an implementation for each: [`Sqlite`] and [`Postgres`].

mod database;
mod error;
mod postgres;
mod row;
mod sqlite;

use std::sync::Arc;

use sqlx::{Any, Transaction};

pub use database::Database;
pub use error::StoreError;
pub use postgres::Postgres;
pub use sqlite::Sqlite;

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    database: Arc<dyn Database>,
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
        Ok(Self { database })
    }

    /// The database itself, to be asked for its health.
    #[must_use]
    pub fn database(&self) -> &dyn Database {
        &*self.database
    }

    /// Begins a transaction that writes.
    async fn write(&self) -> Result<Transaction<'static, Any>, StoreError> {
        self.database.write().await
    }
}

//! What differs between the databases.

use async_trait::async_trait;
use sqlx::AnyPool;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Any, Transaction};

use super::StoreError;

/// A database that a [`Store`](super::Store) can stand on.
#[async_trait]
pub trait Database: Send + Sync {
    /// Its name, for people: `SQLite`, `PostgreSQL`.
    fn name(&self) -> &'static str;

    /// Whether other processes may write to it.
    fn is_shared(&self) -> bool;

    /// Connections for reading.
    fn reader(&self) -> &AnyPool;

    /// Begins a transaction that writes, and that no other transaction can make fail half-way.
    async fn write(&self) -> Result<Transaction<'static, Any>, StoreError>;

    /// Ends all connections, after what is under way.
    async fn close(&self);
}

/// Brings the schema up to date, or to an older step of it, each step in a transaction.
pub(super) async fn migrate(migrator: &Migrator, pool: &AnyPool, to: Option<i64>) -> Result<(), StoreError> {
    let migrated = match to {
        None => migrator.run(pool).await,
        Some(step) => migrator.run_to(step, pool).await,
    };
    match migrated {
        Ok(()) => Ok(()),
        // A step that this program does not know was made by a newer one.
        Err(MigrateError::VersionMissing(found) | MigrateError::VersionTooNew(found, _)) => {
            Err(StoreError::NewerSchema { found, known: newest(migrator) })
        }
        Err(error) => Err(StoreError::Migration(error)),
    }
}

/// The newest step that a program knows.
pub(super) fn newest(migrator: &Migrator) -> i64 {
    migrator.iter().map(|step| step.version).max().unwrap_or(0)
}

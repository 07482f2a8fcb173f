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

/// Brings the schema up to date, each step in a transaction.
pub(super) async fn migrate(migrator: &Migrator, pool: &AnyPool) -> Result<(), StoreError> {
    match migrator.run(pool).await {
        Ok(()) => Ok(()),
        // A step that this program does not know was made by a newer one.
        Err(MigrateError::VersionMissing(found) | MigrateError::VersionTooNew(found, _)) => {
            let known = migrator.iter().map(|step| step.version).max().unwrap_or(0);
            Err(StoreError::NewerSchema { found, known })
        }
        Err(error) => Err(StoreError::Migration(error)),
    }
}

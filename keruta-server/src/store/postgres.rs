//! PostgreSQL: several replicas.

use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{Any, AnyPool, Executor, Transaction};

use super::StoreError;
use super::database::{Database, migrate, newest};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// A replica that is frozen in the middle of a transaction holds its locks, the lease's among them: PostgreSQL ends it, so that
/// another can take over.
const SESSION: &str = "SET idle_in_transaction_session_timeout = '10s'";

/// A PostgreSQL database.
pub struct Postgres {
    pool: AnyPool,
}

impl Postgres {
    /// Connects to the database that a URL `postgres://USER@HOST/NAME` names.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where it is out of reach, or of a newer keruta.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_at(url, None).await
    }

    /// The newest step of the schema.
    pub(super) fn newest_schema() -> i64 {
        newest(&MIGRATIONS)
    }

    /// The same, with the schema at an older step.
    pub(super) async fn open_at(url: &str, step: Option<i64>) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        // A URL may hold a password.
        let location = url.rsplit_once('@').map_or(url, |(_, location)| location).to_owned();
        let opened = |source| StoreError::Open { database: "PostgreSQL", location: location.clone(), source };
        let options = AnyConnectOptions::from_str(url).map_err(opened)?;
        let pool = AnyPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(Duration::from_secs(30))
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute(SESSION).await?;
                    Ok(())
                })
            })
            .connect_with(options)
            .await
            .map_err(opened)?;
        migrate(&MIGRATIONS, &pool, step).await?;
        Ok(Self { pool })
    }
}

#[async_trait]
impl Database for Postgres {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn reader(&self) -> &AnyPool {
        &self.pool
    }

    async fn write(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(self.pool.begin().await?)
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

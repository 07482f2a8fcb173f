//! SQLite: one file, one process, nothing to install.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{Any, AnyPool, Executor, Transaction};

use super::StoreError;
use super::database::{Database, migrate, newest};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Connections that read at once.
const READERS: u32 = 4;

/// A SQLite file.
pub struct Sqlite {
    reader: AnyPool,
    /// One connection: SQLite has one writer at a time, and a queue in this process is fair, while its own is not.
    writer: AnyPool,
    /// Held as long as the file is open.
    _lock: File,
}

impl Sqlite {
    /// Opens, and makes where it is missing, the file that a URL `sqlite:PATH` names.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the file cannot be opened, is of a newer keruta, or is in use by another server.
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
        let path = path_of(url);
        let lock = lock(&path)?;
        let opened = |source| StoreError::Open { database: "SQLite", location: path.display().to_string(), source };
        let separator = if url.contains('?') { '&' } else { '?' };
        let options = AnyConnectOptions::from_str(&format!("{url}{separator}mode=rwc")).map_err(opened)?;
        let writer = pool(1, WRITER).connect_with(options.clone()).await.map_err(opened)?;
        migrate(&MIGRATIONS, &writer, step).await?;
        let reader = pool(READERS, READER).connect_with(options).await.map_err(opened)?;
        Ok(Self { reader, writer, _lock: lock })
    }
}

#[async_trait]
impl Database for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn reader(&self) -> &AnyPool {
        &self.reader
    }

    async fn write(&self) -> Result<Transaction<'static, Any>, StoreError> {
        // A transaction that begins by reading fails at once when it wants to write beside another.
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// Readers do not wait for the writer (WAL); a commit is on the disk before it is acknowledged (FULL).
const WRITER: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;";
const READER: &str = "PRAGMA query_only = ON; PRAGMA busy_timeout = 5000;";

fn pool(connections: u32, pragmas: &'static str) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(30))
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection.execute(pragmas).await?;
                Ok(())
            })
        })
}

/// The file that a URL names.
fn path_of(url: &str) -> PathBuf {
    let rest = url.strip_prefix("sqlite:").unwrap_or(url);
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    PathBuf::from(rest.split('?').next().unwrap_or(rest))
}

/// Takes the file for this process alone: two queues in one file would each think that it is the only one.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let io = |action: String| move |source| StoreError::Io { action, source };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(io(format!("open {}", Path::new(&name).display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.display().to_string() }),
        Err(TryLockError::Error(source)) => {
            Err(StoreError::Io { action: format!("lock {}", Path::new(&name).display()), source })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_file() {
        for (url, path) in [
            ("sqlite:keruta.db", "keruta.db"),
            ("sqlite://keruta.db?cache=private", "keruta.db"),
            ("sqlite:///var/lib/keruta/keruta.db", "/var/lib/keruta/keruta.db"),
        ] {
            assert_eq!(path_of(url), Path::new(path), "{url}");
        }
    }

    #[tokio::test]
    async fn a_file_has_one_server() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("keruta.db").display());
        let first = Sqlite::open(&url).await.unwrap();
        assert!(matches!(Sqlite::open(&url).await, Err(StoreError::InUse { .. })));
        first.close().await;
        drop(first);
        Sqlite::open(&url).await.unwrap();
    }

    #[tokio::test]
    async fn a_newer_schema_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("keruta.db").display());
        let first = Sqlite::open(&url).await.unwrap();
        let mut write = first.write().await.unwrap();
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
            VALUES (9999, 'newer', 1, x'00', 0)";
        sqlx::query(newer).execute(&mut *write).await.unwrap();
        write.commit().await.unwrap();
        first.close().await;
        drop(first);
        assert!(matches!(Sqlite::open(&url).await, Err(StoreError::NewerSchema { found: 9999, .. })));
    }
}

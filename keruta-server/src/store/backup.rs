//! Backups: everything that the store keeps in one file, which either database takes.
//!
//! The file is a zstd stream of JSON lines: a head that names the schema, each table's columns and rows, and an end that counts
//! them. It is made from one state of the database while the server goes on, and read into an empty database only; one of an
//! older schema is brought up to date there.

mod format;
mod restore;
mod schema;

use std::io::Write;
use std::str::FromStr;

use futures::TryStreamExt;
use jiff::Timestamp;
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};

use super::StoreError;
use format::{Head, Line, value_of};
use schema::{Kind, tables};

pub use restore::restore;

/// What is in a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupReport {
    /// The schema that it was made with.
    pub schema: i64,
    /// How many tables.
    pub tables: u64,
    /// How many rows.
    pub rows: u64,
}

/// Why a backup was not made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The database failed.
    #[error("{}", chain(.0))]
    Store(#[source] StoreError),
    /// The file could not be read or written.
    #[error("the backup could not be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// The file is no backup, or was damaged.
    #[error("line {line} of the backup cannot be read: {why}")]
    Damaged {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The file ends too early.
    #[error("the backup ends after {rows} rows without its last line: it is incomplete")]
    Incomplete {
        /// The rows that it has.
        rows: u64,
    },
    /// It was made by a newer keruta.
    #[error("the backup has schema {found}, and this keruta-server knows {known}: use a newer one")]
    Newer {
        /// The backup's schema.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// There is something in the database.
    #[error("the database is not empty ({table}): a backup is read into an empty one only")]
    NotEmpty {
        /// A table with rows.
        table: String,
    },
    /// The database has never been used by keruta.
    #[error("the database has no schema of keruta: there is nothing to back up")]
    Nothing,
}

/// An error with what it came from.
fn chain(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Writes a backup of the database that a URL names, which a server may be using.
///
/// # Errors
///
/// [`BackupError`].
pub async fn backup(url: &str, out: impl Write, now: Timestamp) -> Result<BackupReport, BackupError> {
    sqlx::any::install_default_drivers();
    let kind = Kind::of(url)?;
    let mut connection = connect(url, kind).await?;
    // One state of all tables, while others write.
    connection.execute(kind.begin_reading()).await?;
    let schema = schema::version(&mut connection, kind).await?.ok_or(BackupError::Nothing)?;
    let mut encoder = zstd::Encoder::new(out, 3)?;
    encoder.include_checksum(true)?;
    let mut write = |line: &Line<'_>| -> Result<(), BackupError> {
        serde_json::to_writer(&mut encoder, line).map_err(std::io::Error::from)?;
        Ok(encoder.write_all(b"\n")?)
    };
    write(&Line::Head(Head::new(schema, kind.name(), now)))?;
    let mut report = BackupReport { schema, tables: 0, rows: 0 };
    for table in tables(&mut connection, kind).await? {
        write(&Line::Table { name: table.name.as_str().into(), columns: table.columns.clone() })?;
        report.tables += 1;
        let mut rows = sqlx::query(AssertSqlSafe(table.select())).fetch(&mut connection);
        while let Some(row) = rows.try_next().await? {
            let values = table.columns.iter().map(|column| value_of(&row, column));
            write(&Line::Row(values.collect::<Result<_, _>>()?))?;
            report.rows += 1;
        }
    }
    write(&Line::End { tables: report.tables, rows: report.rows })?;
    encoder.finish()?.flush()?;
    connection.execute("COMMIT").await?;
    connection.close().await?;
    Ok(report)
}

/// A connection beside a server that may be running.
async fn connect(url: &str, kind: Kind) -> Result<AnyConnection, StoreError> {
    let mut text = url.to_owned();
    if kind == Kind::Sqlite {
        text.push(if url.contains('?') { '&' } else { '?' });
        text.push_str("mode=ro");
    }
    // A URL may hold a password.
    let location = url.rsplit_once('@').map_or(url, |(_, location)| location).to_owned();
    let opened = |source| StoreError::Open { database: kind.name(), location: location.clone(), source };
    let options = AnyConnectOptions::from_str(&text).map_err(opened)?;
    AnyConnection::connect_with(&options).await.map_err(opened)
}

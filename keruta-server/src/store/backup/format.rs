//! The lines of a backup.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::BackupError;

/// What the first line says.
const FORMAT: &str = "keruta-backup";

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Line<'a> {
    /// The first.
    Head(Head<'a>),
    /// The rows behind it are of this table.
    Table {
        #[serde(rename = "table")]
        name: Cow<'a, str>,
        columns: Vec<Column>,
    },
    /// A row, in the order of the columns.
    Row(Vec<Value>),
    /// The last.
    End { tables: u64, rows: u64 },
}

/// What the backup is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head<'a> {
    pub(super) format: Cow<'a, str>,
    pub(super) format_version: u32,
    pub(super) schema: i64,
    /// The database that it was made of.
    pub(super) database: Cow<'a, str>,
    pub(super) created_at: Timestamp,
    pub(super) keruta: Cow<'a, str>,
}

impl<'a> Head<'a> {
    pub(super) fn new(schema: i64, database: &'a str, now: Timestamp) -> Self {
        Self {
            format: FORMAT.into(),
            format_version: 1,
            schema,
            database: database.into(),
            created_at: now,
            keruta: env!("CARGO_PKG_VERSION").into(),
        }
    }

    pub(super) fn is_known(&self) -> bool {
        self.format == FORMAT && self.format_version == 1
    }
}

/// A column, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: ColumnKind,
}

/// What is in a column: the schema has no other types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ColumnKind {
    Integer,
    Text,
    Bytes,
}

impl ColumnKind {
    /// Of the name that a database has for it.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "bigint" | "integer" => Some(Self::Integer),
            "text" => Some(Self::Text),
            "blob" | "bytea" => Some(Self::Bytes),
            _ => None,
        }
    }
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Value {
    Integer(i64),
    Text(String),
    Bytes { base64: String },
    Null(()),
}

impl Value {
    pub(super) fn bytes(bytes: &[u8]) -> Self {
        Self::Bytes { base64: BASE64_STANDARD.encode(bytes) }
    }
}

/// A column of a row.
pub(super) fn value_of(row: &AnyRow, column: &Column) -> Result<Value, BackupError> {
    let name = column.name.as_str();
    let value = match column.kind {
        ColumnKind::Integer => row.try_get::<Option<i64>, _>(name)?.map(Value::Integer),
        ColumnKind::Text => row.try_get::<Option<String>, _>(name)?.map(Value::Text),
        ColumnKind::Bytes => row.try_get::<Option<Vec<u8>>, _>(name)?.map(|bytes| Value::bytes(&bytes)),
    };
    Ok(value.unwrap_or(Value::Null(())))
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

/// Binds a value to a column; `None` where it does not fit.
pub(super) fn bind(query: Query<'_>, value: Value, kind: ColumnKind) -> Option<Query<'_>> {
    Some(match (kind, value) {
        (ColumnKind::Integer, Value::Integer(value)) => query.bind(value),
        (ColumnKind::Text, Value::Text(value)) => query.bind(value),
        (ColumnKind::Bytes, Value::Bytes { base64 }) => query.bind(BASE64_STANDARD.decode(base64).ok()?),
        (ColumnKind::Integer, Value::Null(())) => query.bind(None::<i64>),
        (ColumnKind::Text, Value::Null(())) => query.bind(None::<String>),
        (ColumnKind::Bytes, Value::Null(())) => query.bind(None::<Vec<u8>>),
        _ => return None,
    })
}

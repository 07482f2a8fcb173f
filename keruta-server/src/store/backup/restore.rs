//! A backup, read into an empty database.

use std::io::{BufRead, BufReader, Read};

use sqlx::{Any, AssertSqlSafe, Row, Transaction};

use super::format::{Line, bind};
use super::schema::{Kind, Table, tables, version};
use super::{BackupError, BackupReport};
use crate::store::Store;

/// No line is longer: a chunk of a log has at most a few MiB.
const LONGEST: u64 = 256 * 1024 * 1024;

/// Reads a backup into the empty database that a URL names, in one transaction, and brings its schema up to date.
///
/// # Errors
///
/// [`BackupError`]; nothing is kept then.
pub async fn restore(url: &str, input: impl Read) -> Result<BackupReport, BackupError> {
    let kind = Kind::of(url)?;
    let mut lines = Lines { input: BufReader::new(zstd::Decoder::new(input)?), line: 0, text: Vec::new() };
    let Some(Line::Head(head)) = lines.next()? else {
        return Err(lines.damaged("it is no backup of keruta"));
    };
    if !head.is_known() {
        return Err(lines.damaged("it is no backup of keruta, or of another format"));
    }
    let schema = head.schema;
    let known = Store::newest_schema(url)?;
    if schema > known {
        return Err(BackupError::Newer { found: schema, known });
    }
    let store = Store::open_at(url, Some(schema)).await?;
    let read = read(&store, kind, schema, &mut lines).await;
    store.database().close().await;
    drop(store);
    let report = read?;
    Store::open(url).await?.database().close().await;
    Ok(report)
}

async fn read(
    store: &Store,
    kind: Kind,
    schema: i64,
    lines: &mut Lines<impl Read>,
) -> Result<BackupReport, BackupError> {
    let mut write = store.write().await?;
    let present = version(&mut write, kind).await?.unwrap_or_default();
    if present != schema {
        return Err(BackupError::NotEmpty { table: format!("it has schema {present} already") });
    }
    let known = tables(&mut write, kind).await?;
    empty(&mut write, &known).await?;
    let mut report = BackupReport { schema, tables: 0, rows: 0 };
    let mut insert: Option<(String, Table)> = None;
    loop {
        match lines.next()? {
            None => return Err(BackupError::Incomplete { rows: report.rows }),
            Some(Line::Head(_)) => return Err(lines.damaged("a second head")),
            Some(Line::Table { name, columns }) => {
                let table = Table { name: name.into_owned(), columns };
                if !known.iter().any(|known| known.is_like(&table)) {
                    let why = format!("schema {schema} has no table {} with these columns", table.name);
                    return Err(lines.damaged(&why));
                }
                report.tables += 1;
                insert = Some((table.insert(kind), table));
            }
            Some(Line::Row(values)) => {
                let Some((sql, table)) = &insert else { return Err(lines.damaged("a row of no table")) };
                if values.len() != table.columns.len() {
                    return Err(lines.damaged("a row with too few or too many values"));
                }
                let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
                for (value, column) in values.into_iter().zip(&table.columns) {
                    let misfit = || lines.damaged(&format!("no value of {}.{}", table.name, column.name));
                    query = bind(query, value, column.kind).ok_or_else(misfit)?;
                }
                query.execute(&mut *write).await?;
                report.rows += 1;
            }
            Some(Line::End { tables, rows }) => {
                if (tables, rows) != (report.tables, report.rows) {
                    return Err(BackupError::Incomplete { rows: report.rows });
                }
                break;
            }
        }
    }
    if kind == Kind::Postgres {
        sequences(&mut write, &known).await?;
    }
    write.commit().await?;
    Ok(report)
}

/// Refuses a database with rows; what the migrations themselves put there makes room.
async fn empty(write: &mut Transaction<'_, Any>, known: &[Table]) -> Result<(), BackupError> {
    for table in known {
        let filter = if table.name == "counters" { " WHERE value <> 0" } else { "" };
        let select = AssertSqlSafe(format!("SELECT 1 AS found FROM \"{}\"{filter} LIMIT 1", table.name));
        if sqlx::query(select).fetch_optional(&mut **write).await?.is_some() {
            return Err(BackupError::NotEmpty { table: table.name.clone() });
        }
    }
    sqlx::query("DELETE FROM counters").execute(&mut **write).await?;
    Ok(())
}

/// PostgreSQL counts on from the highest number; SQLite does so by itself.
async fn sequences(write: &mut Transaction<'_, Any>, known: &[Table]) -> Result<(), BackupError> {
    for table in known {
        for column in &table.columns {
            let select = "SELECT pg_get_serial_sequence($1, $2) AS sequence";
            let row = sqlx::query(select).bind(&table.name).bind(&column.name).fetch_one(&mut **write).await?;
            let Some(sequence) = row.try_get::<Option<String>, _>("sequence")? else { continue };
            let set = format!(
                "SELECT setval(CAST($1 AS regclass), COALESCE(MAX(\"{0}\"), 0) + 1, false) AS value FROM \"{1}\"",
                column.name, table.name
            );
            sqlx::query(AssertSqlSafe(set)).bind(sequence).execute(&mut **write).await?;
        }
    }
    Ok(())
}

/// The lines of a backup.
struct Lines<R: Read> {
    input: BufReader<zstd::Decoder<'static, BufReader<R>>>,
    line: u64,
    text: Vec<u8>,
}

impl<R: Read> Lines<R> {
    fn next(&mut self) -> Result<Option<Line<'static>>, BackupError> {
        self.text.clear();
        self.line += 1;
        let read = (&mut self.input).take(LONGEST).read_until(b'\n', &mut self.text);
        if read.map_err(|error| self.damaged(&error.to_string()))? == 0 {
            return Ok(None);
        }
        serde_json::from_slice(&self.text).map(Some).map_err(|error| self.damaged(&error.to_string()))
    }

    fn damaged(&self, why: &str) -> BackupError {
        BackupError::Damaged { line: self.line, why: why.to_owned() }
    }
}

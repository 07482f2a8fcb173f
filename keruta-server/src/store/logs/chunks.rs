//! Rows of chunks.

use keruta_submitter::logs::Level;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, Row};

use super::source::levels;
use crate::log::{ChunkStats, EncodedChunk};
use crate::store::StoreError;
use crate::store::row::Columns;

/// What is known of a chunk without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) first_entry: u64,
    pub(super) stats: ChunkStats,
    /// Its place among the chunks of other logs.
    pub(super) key: i64,
    pub(super) stored_bytes: u64,
    pub(super) received_at: i64,
}

impl Meta {
    pub(super) const fn end(&self) -> u64 {
        self.first_entry + self.stats.entries
    }
}

const META: &str = "first_entry, entries, first_line, last_line, key_ns, earliest_ns, latest_ns, debug, info, warn, error, \
    gaps, bytes, stored_bytes, received_at";

pub(super) fn meta(row: &AnyRow) -> Result<Meta, StoreError> {
    let columns = Columns { table: "log_chunks", row };
    Ok(Meta {
        first_entry: columns.number("first_entry")?,
        stats: ChunkStats {
            entries: columns.number("entries")?,
            first_line: columns.number("first_line")?,
            last_line: columns.number("last_line")?,
            earliest: columns.integer("earliest_ns")?,
            latest: columns.integer("latest_ns")?,
            bytes: columns.number("bytes")?,
            levels: levels(columns)?,
            gaps: columns.number("gaps")?,
        },
        key: columns.integer("key_ns")?,
        stored_bytes: columns.number("stored_bytes")?,
        received_at: columns.integer("received_at")?,
    })
}

/// What is asked for of a log's chunks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) log: i64,
    /// The first entry.
    pub(super) from: u64,
    /// The entry behind the last.
    pub(super) to: u64,
    /// Only chunks that may have a line of this time or later.
    pub(super) since: i64,
    /// Only chunks that may have a line of this time or earlier.
    pub(super) until: i64,
}

/// What is known of the first, or the last, chunks of a range.
pub(super) async fn metas(pool: &AnyPool, range: Range, last: bool, limit: u32) -> Result<Vec<Meta>, StoreError> {
    // The chunk in whose middle the range begins belongs to it.
    let order = if last { "DESC" } else { "ASC" };
    let select = sqlx::AssertSqlSafe(format!(
        "SELECT {META} FROM log_chunks WHERE source_id = $1 AND first_entry < $3 AND first_entry >= COALESCE( \
            (SELECT MAX(first_entry) FROM log_chunks WHERE source_id = $1 AND first_entry <= $2), 0) \
         AND first_entry + entries > $2 AND latest_ns >= $4 AND earliest_ns <= $5 \
         ORDER BY first_entry {order} LIMIT $6"
    ));
    let rows = sqlx::query(select)
        .bind(range.log)
        .bind(integer(range.from))
        .bind(integer(range.to))
        .bind(range.since)
        .bind(range.until)
        .bind(i64::from(limit))
        .fetch_all(pool)
        .await?;
    rows.iter().map(meta).collect()
}

/// The entry at which a line begins, or would: the chunk's first entry and the chunk's end.
pub(super) async fn at_line(pool: &AnyPool, log: i64, line: u64) -> Result<Option<Meta>, StoreError> {
    let select = sqlx::AssertSqlSafe(format!(
        "SELECT {META} FROM log_chunks WHERE source_id = $1 AND first_line <= $2 ORDER BY first_line DESC, first_entry \
         LIMIT 1"
    ));
    let row = sqlx::query(select).bind(log).bind(integer(line)).fetch_optional(pool).await?;
    row.as_ref().map(meta).transpose()
}

/// The chunks whose first entry is in a range, in their order.
pub(super) async fn data(pool: &AnyPool, log: i64, from: u64, to: u64) -> Result<Vec<(Meta, Vec<u8>)>, StoreError> {
    let select = sqlx::AssertSqlSafe(format!(
        "SELECT {META}, data FROM log_chunks WHERE source_id = $1 AND first_entry >= $2 AND first_entry <= $3 \
         ORDER BY first_entry"
    ));
    let rows = sqlx::query(select).bind(log).bind(integer(from)).bind(integer(to)).fetch_all(pool).await?;
    rows.iter().map(|row| Ok((meta(row)?, row.try_get("data")?))).collect()
}

/// A chunk to be written.
pub(super) struct NewChunk<'a> {
    pub(super) log: i64,
    pub(super) first_entry: u64,
    pub(super) key: i64,
    pub(super) encoded: &'a EncodedChunk,
    pub(super) sealed: bool,
    pub(super) received_at: i64,
}

pub(super) async fn insert(connection: &mut AnyConnection, chunk: NewChunk<'_>) -> Result<(), StoreError> {
    let insert = "INSERT INTO log_chunks (source_id, first_entry, entries, first_line, last_line, key_ns, earliest_ns, \
        latest_ns, debug, info, warn, error, gaps, bytes, stored_bytes, sealed, received_at, data) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    let EncodedChunk { data, stats, .. } = chunk.encoded;
    sqlx::query(insert)
        .bind(chunk.log)
        .bind(integer(chunk.first_entry))
        .bind(integer(stats.entries))
        .bind(integer(stats.first_line))
        .bind(integer(stats.last_line))
        .bind(chunk.key)
        .bind(stats.earliest)
        .bind(stats.latest)
        .bind(integer(stats.levels.of(Level::Debug)))
        .bind(integer(stats.levels.of(Level::Info)))
        .bind(integer(stats.levels.of(Level::Warn)))
        .bind(integer(stats.levels.of(Level::Error)))
        .bind(integer(stats.gaps))
        .bind(integer(stats.bytes))
        .bind(integer(data.len() as u64))
        .bind(i64::from(chunk.sealed))
        .bind(chunk.received_at)
        .bind(data.as_slice())
        .execute(connection)
        .await?;
    Ok(())
}

/// A count as the database has it.
pub(super) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

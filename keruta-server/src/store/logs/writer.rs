//! Many batches, one transaction: who brings one is answered when it is on the disk.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use keruta_submitter::logs::{Level, LogSource};
use sqlx::{Any, Row, Transaction};
use tokio::sync::{mpsc, oneshot};

use super::append::{Kept, Place, Request as Append};
use super::chunks::{NewChunk, insert, integer};
use super::hub::{Batch, Hub};
use super::{LogError, source};
use crate::log::{EncodedChunk, LevelCounts, TARGET};
use crate::store::notifications::{LoggedErrors, errors_logged};
use crate::store::{Store, StoreError};

/// How many batches are written at once.
const GROUP: usize = 128;
/// How many logs' numbers are remembered.
const REMEMBERED: usize = 4096;

/// A batch, and who waits for it.
pub(super) struct Request {
    pub(super) append: Append,
    pub(super) answer: oneshot::Sender<Result<Kept, LogError>>,
}

/// Writes batches until nobody can bring any more.
pub(super) async fn run(store: Store, hub: Arc<Hub>, mut requests: mpsc::Receiver<Request>) {
    let mut writer = Writer { store, numbers: HashMap::new() };
    let mut group = Vec::with_capacity(GROUP);
    while requests.recv_many(&mut group, GROUP).await > 0 {
        let written = writer.write(&group).await;
        match written {
            Ok(written) => {
                for (Request { append, answer }, written) in group.drain(..).zip(written) {
                    let _ = answer.send(written.map(|written| publish(&hub, append, &written)));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for Request { answer, .. } in group.drain(..) {
                    let _ = answer.send(Err(LogError::Write(Arc::clone(&error))));
                }
            }
        }
    }
}

/// Where a batch was written.
struct Written {
    log: i64,
    /// The first entry of each chunk.
    chunks: Vec<u64>,
    entries: u64,
    news: bool,
}

fn publish(hub: &Hub, append: Append, written: &Written) -> Kept {
    if written.news && !append.chunks.is_empty() {
        hub.publish(&append.source.attempt.task, || {
            let chunks = append.chunks.into_iter().zip(&written.chunks);
            let batch = |(chunk, first_entry): (EncodedChunk, &u64)| {
                let data = Bytes::from(chunk.data);
                Batch::new(written.log, append.source.clone(), *first_entry, chunk.stats.entries, data)
            };
            chunks.map(batch).collect()
        });
    }
    Kept { entries: written.entries, news: written.news }
}

struct Writer {
    store: Store,
    numbers: HashMap<LogSource, i64>,
}

impl Writer {
    async fn write(&mut self, group: &[Request]) -> Result<Vec<Result<Written, LogError>>, StoreError> {
        let stamp = Timestamp::now();
        let now = stamp.as_microsecond();
        let mut transaction = self.store.write().await?;
        // Rows are locked in one order by all who lock several, so that none wait for each other.
        let mut order: Vec<_> = group.iter().enumerate().collect();
        order.sort_by_key(|(_, request)| self.numbers.get(&request.append.source).copied().unwrap_or(i64::MAX));
        let mut written = Vec::with_capacity(group.len());
        for (index, request) in order {
            match self.append(&mut transaction, &request.append, now).await {
                Err(LogError::Store(error)) => return Err(error),
                answer => written.push((index, answer)),
            }
        }
        errors_logged(&mut transaction, &errors_of(group, &written), stamp).await?;
        transaction.commit().await?;
        written.sort_by_key(|(index, _)| *index);
        Ok(written.into_iter().map(|(_, answer)| answer).collect())
    }

    async fn append(
        &mut self,
        transaction: &mut Transaction<'static, Any>,
        append: &Append,
        now: i64,
    ) -> Result<Written, LogError> {
        if let Some(log) = self.numbers.get(&append.source).copied()
            && let Some(written) = write(transaction, log, append, now).await?
        {
            return Ok(written);
        }
        // New, or deleted since.
        let log = source::number(transaction, &append.source, now).await?;
        if self.numbers.len() == REMEMBERED {
            self.numbers.clear();
        }
        self.numbers.insert(append.source.clone(), log);
        let gone = || StoreError::NotFound { kind: "log", id: append.source.container.clone() };
        Ok(write(transaction, log, append, now).await?.ok_or_else(gone)?)
    }
}

/// The errors in what was new, by task.
fn errors_of(group: &[Request], written: &[(usize, Result<Written, LogError>)]) -> BTreeMap<String, LoggedErrors> {
    let mut errors: BTreeMap<String, LoggedErrors> = BTreeMap::new();
    for (index, answer) in written {
        let Some(Request { append, .. }) = group.get(*index) else { continue };
        let (Ok(Written { news: true, .. }), Some(first)) = (answer, &append.first_error) else { continue };
        let attempt = &append.source.attempt;
        let count: u64 = append.chunks.iter().map(|chunk| chunk.stats.levels.of(Level::Error)).sum();
        let new = || LoggedErrors { attempt: attempt.number, count: 0, first: first.clone() };
        errors.entry(attempt.task.clone()).or_insert_with(new).count += count;
    }
    errors
}

/// Writes a batch; `None` where there is no such log any more.
async fn write(
    transaction: &mut Transaction<'static, Any>,
    log: i64,
    append: &Append,
    now: i64,
) -> Result<Option<Written>, LogError> {
    let mut levels = LevelCounts::default();
    let (mut gaps, mut bytes, mut stored) = (0, 0, 0);
    let mut latest = i64::MIN;
    for chunk in &append.chunks {
        levels += chunk.stats.levels;
        gaps += chunk.stats.gaps;
        bytes += chunk.stats.bytes;
        stored += chunk.data.len() as u64;
        latest = latest.max(chunk.stats.latest);
    }
    let (cursor, first_line, lines, offset) = match &append.place {
        Place::Behind { cursor, first_line, lines } => (Some(cursor), first_line.map_or(i64::MAX, integer), *lines, -1),
        Place::At(offset) => (None, i64::MAX, offset + append.entries(), integer(*offset)),
    };
    // This locks the log's row, and says where the batch stands. On the right are the values before.
    let update = "UPDATE log_sources SET cursor = COALESCE(CAST($2 AS TEXT), cursor), \
        done = CASE WHEN $5 > done THEN $5 ELSE done END, lines = CASE WHEN $6 > lines THEN $6 ELSE lines END, \
        first_ns = CASE WHEN entries = 0 THEN $7 ELSE first_ns END, floor_ns = latest_ns, \
        latest_ns = CASE WHEN $8 > latest_ns THEN $8 ELSE latest_ns END, entries = entries + $9, debug = debug + $10, \
        info = info + $11, warn = warn + $12, error = error + $13, gaps = gaps + $14, bytes = bytes + $15, \
        stored_bytes = stored_bytes + $16, updated_at = $17 \
        WHERE id = $1 AND (CAST($2 AS TEXT) IS NULL OR cursor IS NULL OR cursor <> $2) AND lines < $3 \
        AND ($4 < 0 OR entries = $4 AND cursor IS NULL) RETURNING entries, floor_ns";
    let row = sqlx::query(update)
        .bind(log)
        .bind(cursor)
        .bind(first_line)
        .bind(offset)
        .bind(i64::from(append.done))
        .bind(integer(lines))
        .bind(append.chunks.first().map_or(0, |chunk| chunk.first_time))
        .bind(latest)
        .bind(integer(append.entries()))
        .bind(integer(levels.of(Level::Debug)))
        .bind(integer(levels.of(Level::Info)))
        .bind(integer(levels.of(Level::Warn)))
        .bind(integer(levels.of(Level::Error)))
        .bind(integer(gaps))
        .bind(integer(bytes))
        .bind(integer(stored))
        .bind(now)
        .fetch_optional(&mut **transaction)
        .await?;
    let Some(row) = row else { return refused(transaction, log, append).await };
    let entries = u64::try_from(row.try_get::<i64, _>("entries")?).unwrap_or_default();
    let mut floor: i64 = row.try_get("floor_ns")?;
    let mut first_entry = entries.saturating_sub(append.entries());
    let mut chunks = Vec::with_capacity(append.chunks.len());
    for encoded in &append.chunks {
        let key = floor.max(encoded.first_time);
        // What is large already need not be merged.
        let sealed = encoded.stats.bytes >= TARGET as u64 / 2;
        insert(transaction, NewChunk { log, first_entry, key, encoded, sealed, received_at: now }).await?;
        chunks.push(first_entry);
        floor = floor.max(encoded.stats.latest);
        first_entry += encoded.stats.entries;
    }
    Ok(Some(Written { log, chunks, entries, news: true }))
}

/// Why nothing was written.
async fn refused(
    transaction: &mut Transaction<'static, Any>,
    log: i64,
    append: &Append,
) -> Result<Option<Written>, LogError> {
    let select = "SELECT cursor, entries, lines FROM log_sources WHERE id = $1";
    let Some(row) = sqlx::query(select).bind(log).fetch_optional(&mut **transaction).await? else { return Ok(None) };
    let entries = u64::try_from(row.try_get::<i64, _>("entries")?).unwrap_or_default();
    let kept: Option<String> = row.try_get("cursor")?;
    match &append.place {
        Place::At(_) if kept.is_some() => Err(LogError::Captured),
        Place::At(_) => Err(LogError::Offset { current: entries }),
        Place::Behind { cursor, .. } if kept.as_ref() == Some(cursor) => {
            Ok(Some(Written { log, chunks: Vec::new(), entries, news: false }))
        }
        Place::Behind { first_line, .. } => {
            let lines = u64::try_from(row.try_get::<i64, _>("lines")?).unwrap_or_default();
            Err(LogError::Behind { lines, first: first_line.unwrap_or_default() })
        }
    }
}

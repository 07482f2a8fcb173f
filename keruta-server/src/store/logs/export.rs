//! Full chunks go to object storage: S3 and what speaks its protocol, Google Cloud Storage, Azure, or a directory.
//!
//! An object holds a piece of one log as NDJSON (the records of the API), compressed with zstd:
//! `TASK/ATTEMPT/CONTAINER/POD.RESTART.FIRST-ENTRY.ndjson.zst`. Its chunks are marked when the object is there in its whole size,
//! so that a run that was cut goes on where it stopped, and writes at most one object again.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sqlx::Row;

use super::chunks::{self, Meta, Range, integer};
use super::{LogError, LogStore, Progress, SourceInfo};
use crate::log::{Chunk, ChunkError, Renderer};
use crate::store::StoreError;

/// How many chunks are read at once.
const STEP: usize = 16;
const ZSTD: i32 = 6;

/// Where logs are exported to.
#[derive(Debug, Clone)]
pub struct ExportTarget {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

/// When logs are exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportSettings {
    /// A full chunk of this age. Default at once.
    pub age: Duration,
    /// How many bytes of messages an object has at most, but for the last chunk. Default 64 MiB.
    pub object_bytes: u64,
}

impl Default for ExportSettings {
    fn default() -> Self {
        Self { age: Duration::ZERO, object_bytes: 64 << 20 }
    }
}

/// What was exported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportReport {
    /// How many objects.
    pub objects: u64,
    /// How many chunks.
    pub chunks: u64,
    /// How many entries.
    pub entries: u64,
    /// The bytes of the objects.
    pub bytes: u64,
}

/// Why logs could not be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The URL cannot be used.
    #[error("{url} is no place for objects; write s3://BUCKET/PREFIX, gs://…, az://… or file:///DIRECTORY")]
    Url {
        /// The URL.
        url: String,
        /// Why.
        #[source]
        source: object_store::Error,
    },
    /// The URL does not parse, or leads nowhere that lasts.
    #[error("{0} is no URL of a place that lasts; write s3://BUCKET/PREFIX, gs://…, az://… or file:///DIRECTORY")]
    NotAUrl(String),
    /// An object could not be written.
    #[error("the object {path} could not be written")]
    Write {
        /// The object.
        path: String,
        /// Why.
        #[source]
        source: object_store::Error,
    },
    /// An object is not as large as what was written.
    #[error("the object {path} has {found} bytes, and {written} were written")]
    Size {
        /// The object.
        path: String,
        /// What it has.
        found: u64,
        /// What was written.
        written: u64,
    },
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The records could not be compressed.
    #[error("the records could not be compressed")]
    Compress(#[source] std::io::Error),
}

impl From<sqlx::Error> for ExportError {
    fn from(error: sqlx::Error) -> Self {
        Self::Log(error.into())
    }
}

impl ExportTarget {
    /// The place that a URL names: `s3://bucket/prefix`, `gs://…`, `az://…`, `file:///directory`.
    ///
    /// The options are those of the environment (`AWS_ACCESS_KEY_ID`, `GOOGLE_SERVICE_ACCOUNT`, `AZURE_STORAGE_ACCOUNT_NAME`
    /// and so on); others are overlooked.
    ///
    /// # Errors
    ///
    /// Where the URL names no such place, or something that it needs is missing.
    pub fn open(url: &str, options: impl IntoIterator<Item = (String, String)>) -> Result<Self, ExportError> {
        // One provider of cryptography in the whole program.
        #[cfg(feature = "cloud")]
        let _ = rustls::crypto::ring::default_provider().install_default();
        // What is exported may be deleted here: memory is no place for it.
        if url.starts_with("memory:") {
            return Err(ExportError::NotAUrl(url.to_owned()));
        }
        let parsed = url.parse().map_err(|_| ExportError::NotAUrl(url.to_owned()))?;
        let options = options.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
        let (store, prefix) = object_store::parse_url_opts(&parsed, options)
            .map_err(|source| ExportError::Url { url: url.to_owned(), source })?;
        Ok(Self { store: Arc::from(store), prefix })
    }

    /// Whether a URL could name such a place at all; nothing is opened.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn check_url(url: &str) -> Result<(), String> {
        const SCHEMES: [&str; 9] = ["s3:", "s3a:", "gs:", "az:", "adl:", "azure:", "abfs:", "abfss:", "file:///"];
        if !SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
            return Err("names no object storage".to_owned());
        }
        let (_, rest) = url.split_once("//").ok_or("has no host or directory")?;
        if rest.split('/').next().is_some_and(|authority| authority.contains('@')) {
            return Err("has a user or password in it".to_owned());
        }
        if cfg!(not(feature = "cloud")) && !url.starts_with("file:") {
            return Err("names a cloud, and this program was built without any".to_owned());
        }
        Ok(())
    }

    /// A place that is there already.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>, prefix: Path) -> Self {
        Self { store, prefix }
    }

    fn path(&self, source: &SourceInfo, first_entry: u64) -> Path {
        let of = &source.source;
        let name = format!("{}.{}.{first_entry:012}.ndjson.zst", of.pod, of.restart);
        // What is no part of a path is written as %2F and so on.
        let parts = [of.attempt.task.clone(), of.attempt.number.to_string(), of.container.clone(), name];
        parts.into_iter().fold(self.prefix.clone(), |path, part| path.join(part.as_str()))
    }
}

impl LogStore {
    /// Exports all full chunks of a certain age that were not exported yet.
    ///
    /// # Errors
    ///
    /// Where an object cannot be written or a log cannot be read; what was exported until then stays so.
    pub async fn export(
        &self,
        target: &ExportTarget,
        settings: &ExportSettings,
        now: Timestamp,
        progress: &Progress,
    ) -> Result<ExportReport, ExportError> {
        let old = now.as_microsecond().saturating_sub(i64::try_from(settings.age.as_micros()).unwrap_or(i64::MAX));
        let select = "SELECT source_id AS id, COUNT(*) AS chunks FROM log_chunks \
            WHERE sealed = 1 AND exported_at IS NULL AND received_at <= $1 GROUP BY source_id ORDER BY source_id";
        let rows = sqlx::query(select).bind(old).fetch_all(self.store.database().reader()).await?;
        let mut of = 0;
        for row in &rows {
            of += u64::try_from(row.try_get::<i64, _>("chunks")?).unwrap_or_default();
        }
        let mut report = ExportReport::default();
        for row in &rows {
            let Some(source) = self.by_number(row.try_get("id")?).await? else { continue };
            while self.export_object(target, &source, settings.object_bytes, (old, now), &mut report).await? {
                progress.set(report.chunks, of.max(report.chunks));
            }
        }
        Ok(report)
    }

    async fn by_number(&self, log: i64) -> Result<Option<SourceInfo>, ExportError> {
        let select = "SELECT task_id FROM log_sources WHERE id = $1";
        let row = sqlx::query(select).bind(log).fetch_optional(self.store.database().reader()).await?;
        let Some(row) = row else { return Ok(None) };
        let sources = self.sources(&row.try_get::<String, _>(0)?).await?;
        Ok(sources.into_iter().find(|source| source.id == log).map(|source| SourceInfo::clone(&source)))
    }

    /// Writes the next object of a log; false where there is none.
    async fn export_object(
        &self,
        target: &ExportTarget,
        source: &SourceInfo,
        object_bytes: u64,
        (old, now): (i64, Timestamp),
        report: &mut ExportReport,
    ) -> Result<bool, ExportError> {
        let pool = self.store.database().reader();
        let select = "SELECT first_entry FROM log_chunks WHERE source_id = $1 AND sealed = 1 AND exported_at IS NULL \
            AND received_at <= $2 ORDER BY first_entry LIMIT 1";
        let row = sqlx::query(select).bind(source.id).bind(old).fetch_optional(pool).await?;
        let Some(row) = row else { return Ok(false) };
        let first_entry = u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default();
        let range = Range { log: source.id, from: first_entry, to: source.entries, since: i64::MIN, until: i64::MAX };
        let metas = chunks::metas(pool, range, false, u32::MAX >> 1).await.map_err(LogError::from)?;
        let metas = self.to_export(source.id, metas, old, object_bytes).await?;
        let (Some(first), Some(last)) = (metas.first(), metas.last()) else { return Ok(false) };

        let mut object = Object::new(source.clone())?;
        for step in metas.chunks(STEP) {
            let (Some(from), Some(to)) = (step.first(), step.last()) else { continue };
            let rows = chunks::data(pool, source.id, from.first_entry, to.first_entry).await.map_err(LogError::from)?;
            let written = tokio::task::spawn_blocking(move || object.write(&rows).map(|()| object));
            object = written.await.map_err(|_| LogError::Stopped)??;
        }
        let entries = object.entries;
        let bytes = object.finish()?;
        let path = target.path(source, first.first_entry);
        let written = bytes.len() as u64;
        let wrong = |source| ExportError::Write { path: path.to_string(), source };
        target.store.put(&path, bytes.into()).await.map_err(wrong)?;
        let found = target.store.head(&path).await.map_err(wrong)?.size;
        if found != written {
            return Err(ExportError::Size { path: path.to_string(), found, written });
        }

        let mut transaction = self.store.write().await.map_err(LogError::from)?;
        let update = "UPDATE log_chunks SET exported_at = $4 WHERE source_id = $1 AND first_entry BETWEEN $2 AND $3 \
            AND sealed = 1 AND exported_at IS NULL";
        sqlx::query(update)
            .bind(source.id)
            .bind(integer(first.first_entry))
            .bind(integer(last.first_entry))
            .bind(now.as_microsecond())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        report.objects += 1;
        report.chunks += metas.len() as u64;
        report.entries += entries;
        report.bytes += written;
        Ok(true)
    }

    /// Those chunks in a row that make the next object.
    async fn to_export(
        &self,
        log: i64,
        metas: Vec<Meta>,
        old: i64,
        object_bytes: u64,
    ) -> Result<Vec<Meta>, ExportError> {
        let select = "SELECT first_entry FROM log_chunks WHERE source_id = $1 AND sealed = 1 AND exported_at IS NULL \
            AND received_at <= $2 ORDER BY first_entry";
        let rows = sqlx::query(select).bind(log).bind(old).fetch_all(self.store.database().reader()).await?;
        let ready: std::collections::BTreeSet<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        let mut bytes = 0;
        let in_a_row = metas.into_iter().take_while(|meta| {
            let wanted = bytes < object_bytes && ready.contains(&integer(meta.first_entry));
            bytes += meta.stats.bytes;
            wanted
        });
        Ok(in_a_row.collect())
    }
}

/// An object in the making.
struct Object {
    source: SourceInfo,
    encoder: zstd::stream::Encoder<'static, Vec<u8>>,
    renderer: Renderer,
    line: Vec<u8>,
    entries: u64,
}

impl Object {
    fn new(source: SourceInfo) -> Result<Self, ExportError> {
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), ZSTD).map_err(ExportError::Compress)?;
        encoder.include_checksum(true).map_err(ExportError::Compress)?;
        Ok(Self { source, encoder, renderer: Renderer::default(), line: Vec::new(), entries: 0 })
    }

    fn write(&mut self, rows: &[(Meta, Vec<u8>)]) -> Result<(), ExportError> {
        for (meta, data) in rows {
            let (log, entry) = (self.source.id, meta.first_entry);
            let damaged = |source: ChunkError| LogError::Chunk { log, entry, source };
            for entry in Chunk::decode(data).map_err(damaged)?.iter() {
                self.line.clear();
                self.renderer.json(&mut self.line, log, &self.source.source, &entry);
                self.line.push(b'\n');
                self.encoder.write_all(&self.line).map_err(ExportError::Compress)?;
                self.entries += 1;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<u8>, ExportError> {
        self.encoder.finish().map_err(ExportError::Compress)
    }
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> Self {
        Self::Log(error.into())
    }
}

//! The background jobs of logs: chunks are merged, archived, exported, deleted.

use std::sync::Arc;
use std::time::Duration;

use keruta_api::LogRecord;
use keruta_server::log::Places;
use keruta_server::store::logs::{
    ArchiveSettings, ExportSettings, ExportTarget, LogError, LogQuery, LogSizes, LogStore, Progress, RetentionPolicy,
    RunState, SealSettings, Start,
};
use keruta_submitter::logs::LogEntry;
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory};

use crate::logs::{cursor, line, source};
use crate::{at, on_each};

/// So many lines in batches of ten.
async fn written(logs: &LogStore, task: &str, lines: u64) {
    for start in (0..lines).step_by(10) {
        let batch: Vec<_> =
            (start..start + 10).map(|n| line(n + 1, at(n.cast_signed()), &format!("WARN: line {n}"))).collect();
        logs.append(&source(task, 1, "main"), &batch, &cursor(start + 10, false)).await.unwrap();
    }
}

async fn entries(logs: &LogStore, task: &str) -> Vec<LogEntry> {
    let page = logs.page(&LogQuery::new(task), Start::First, 100_000).await.unwrap();
    page.items.iter().map(|item| item.entry().unwrap().to_log_entry()).collect()
}

/// Long after everything was written.
fn later(days: i64) -> jiff::Timestamp {
    jiff::Timestamp::now() + Duration::from_secs(days.unsigned_abs() * 24 * 3600)
}

#[tokio::test]
async fn sealing_changes_nothing_that_is_read() {
    on_each(async |store| {
        let logs = LogStore::start(store);
        written(&logs, "a", 500).await;
        let before = entries(&logs, "a").await;
        let places = logs.page(&LogQuery::new("a"), Start::First, 123).await.unwrap().end;
        let now = jiff::Timestamp::now();
        // Nothing is full, old or done, but there are many.
        let report = logs.seal(&SealSettings::default(), now, &Progress::default()).await.unwrap();
        assert_eq!((report.logs, report.merged, report.into, report.sealed), (1, 50, 1, 0));
        assert_eq!(entries(&logs, "a").await, before);
        let small = SealSettings { bytes: 1000, ..SealSettings::default() };
        written(&logs, "b", 200).await;
        let progress = Progress::default();
        let report = logs.seal(&small, now, &progress).await.unwrap();
        assert!(report.sealed > 2 && report.merged > report.into, "{report:?}");
        assert_eq!(progress.get(), (2, 2));
        assert_eq!(entries(&logs, "a").await, before);
        let rest = logs.page(&LogQuery::new("a"), Start::Forward(places), 1000).await.unwrap();
        assert_eq!(rest.items.len(), 377);
        // What is old is sealed however small it is; then there is nothing to do.
        let report = logs.seal(&small, later(1), &Progress::default()).await.unwrap();
        assert!(report.sealed > 0, "{report:?}");
        assert_eq!(logs.sizes().await.unwrap().open_chunks, 0);
        assert_eq!(logs.seal(&small, later(1), &Progress::default()).await.unwrap().logs, 0);
        // Sizes are what there is.
        let sizes = logs.sizes().await.unwrap();
        assert_eq!((sizes.sources, sizes.lines), (2, 700));
    })
    .await;
}

#[tokio::test]
async fn a_reader_does_not_notice_that_chunks_are_merged() {
    on_each(async |store| {
        use futures::TryStreamExt;
        let logs = LogStore::start(store);
        written(&logs, "a", 6000).await;
        let before = entries(&logs, "a").await;
        let mut stream = logs.stream(&LogQuery::new("a"), &Places::default()).await.unwrap();
        let mut read = Vec::new();
        let settings = SealSettings { bytes: 9000, ..SealSettings::default() };
        while let Some(items) = stream.try_next().await.unwrap() {
            read.extend(items.iter().map(|item| item.entry().unwrap().to_log_entry()));
            if logs.sizes().await.unwrap().open_chunks > 0 {
                assert!(logs.seal(&settings, later(1), &Progress::default()).await.unwrap().merged > 500);
            }
        }
        assert_eq!(read, before);
    })
    .await;
}

#[tokio::test]
async fn archived_chunks_are_smaller_and_read_as_before() {
    on_each(async |store| {
        let logs = LogStore::start(store);
        written(&logs, "a", 3000).await;
        logs.seal(&SealSettings::default(), later(1), &Progress::default()).await.unwrap();
        let before = entries(&logs, "a").await;
        let young =
            logs.archive(&ArchiveSettings::default(), jiff::Timestamp::now(), &Progress::default()).await.unwrap();
        assert_eq!(young.chunks, 0);
        let report = logs.archive(&ArchiveSettings::default(), later(2), &Progress::default()).await.unwrap();
        assert!(report.chunks > 0 && report.bytes_after < report.bytes_before, "{report:?}");
        assert_eq!(entries(&logs, "a").await, before);
        let sizes = logs.sizes().await.unwrap();
        assert_eq!((sizes.archived_chunks, sizes.stored_bytes), (report.chunks, report.bytes_after));
        let again = logs.archive(&ArchiveSettings::default(), later(2), &Progress::default()).await.unwrap();
        assert_eq!(again.chunks, 0);
    })
    .await;
}

#[tokio::test]
async fn lines_are_kept_as_long_as_the_policy_says() {
    on_each(async |store| {
        let logs = LogStore::start(store);
        for task in ["a", "b", "c"] {
            written(&logs, task, 100).await;
        }
        let mut policy = RetentionPolicy::default();
        policy.tasks.insert("b".into(), None);
        policy.tasks.insert("c".into(), Some(Duration::from_hours(24)));
        let retain = async |policy: &RetentionPolicy, days| {
            logs.retain(policy, later(days), &Progress::default()).await.unwrap()
        };
        assert_eq!(retain(&policy, 0).await.chunks, 0);
        let report = retain(&policy, 2).await;
        assert_eq!((report.chunks, report.lines, report.logs), (10, 100, 1));
        assert!(report.stored_bytes > 0);
        assert!(entries(&logs, "c").await.is_empty() && logs.sources("c").await.unwrap().is_empty());
        assert_eq!(entries(&logs, "a").await.len(), 100);
        assert_eq!(retain(&policy, 31).await.lines, 100);
        assert_eq!(entries(&logs, "a").await.len(), 0);
        assert_eq!(entries(&logs, "b").await.len(), 100);
        let sizes = logs.sizes().await.unwrap();
        assert_eq!((sizes.sources, sizes.lines, sizes.chunks), (1, 100, 10));
        // A whole namespace; a task's own time comes first.
        policy.namespaces.insert("tasks".into(), Some(Duration::from_secs(1)));
        assert_eq!(retain(&policy, 400).await.chunks, 0);
        policy.tasks.clear();
        assert_eq!(retain(&policy, 400).await.chunks, 10);
        // A log that goes on after that is a new one.
        logs.append(&source("a", 1, "main"), &[line(101, at(200), "x")], &cursor(101, false)).await.unwrap();
        assert_eq!(entries(&logs, "a").await, [line(101, at(200), "x")]);
        logs.delete_task("a").await.unwrap();
        assert_eq!(logs.sizes().await.unwrap(), LogSizes::default());
    })
    .await;
}

async fn objects(target: &InMemory) -> Vec<(String, Vec<LogRecord>)> {
    use futures::TryStreamExt;
    let mut found: Vec<_> = target.list(None).try_collect().await.unwrap();
    found.sort_by(|one, other| one.location.cmp(&other.location));
    let mut objects = Vec::new();
    for meta in found {
        let bytes = target.get(&meta.location).await.unwrap().bytes().await.unwrap();
        let text = String::from_utf8(zstd::decode_all(&bytes[..]).unwrap()).unwrap();
        let records = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        objects.push((meta.location.to_string(), records));
    }
    objects
}

#[tokio::test]
async fn what_is_exported_is_whole_and_only_that_is_deleted() {
    on_each(async |store| {
        let logs = LogStore::start(store);
        written(&logs, "a", 1000).await;
        logs.seal(&SealSettings { bytes: 2000, ..SealSettings::default() }, later(1), &Progress::default())
            .await
            .unwrap();
        // These are not full: they wait.
        written(&logs, "b", 10).await;
        let only = RetentionPolicy { only_exported: true, ..RetentionPolicy::default() };
        let kept = logs.retain(&only, later(40), &Progress::default()).await.unwrap();
        assert_eq!((kept.chunks, kept.logs), (0, 0));
        assert!(kept.not_exported > 1);

        let memory = Arc::new(InMemory::new());
        let target = ExportTarget::new(memory.clone(), "logs".into());
        let settings = ExportSettings { object_bytes: 6000, ..ExportSettings::default() };
        let report = logs.export(&target, &settings, later(1), &Progress::default()).await.unwrap();
        let objects = objects(&memory).await;
        assert_eq!((report.objects, report.entries), (objects.len() as u64, 1000));
        assert!(objects.len() > 2);
        assert_eq!(objects[0].0, "logs/a/1/main/keruta-job-a-1.0.000000000000.ndjson.zst");
        let lines: Vec<_> = objects.iter().flat_map(|(_, records)| records.iter().map(|record| record.line)).collect();
        assert_eq!(lines, (1..=1000).collect::<Vec<u64>>());
        assert_eq!(objects[0].1[4].message, "WARN: line 4");
        // Nothing is exported twice.
        let again = logs.export(&target, &settings, later(1), &Progress::default()).await.unwrap();
        assert_eq!(again.objects, 0);
        let gone = logs.retain(&only, later(40), &Progress::default()).await.unwrap();
        assert_eq!((gone.lines, gone.not_exported), (1000, 1));
    })
    .await;
}

/// Storage that fails or loses the end of an object.
#[derive(Debug)]
struct Faulty(InMemory, std::sync::atomic::AtomicU32);

impl std::fmt::Display for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("faulty")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        location: &object_store::path::Path,
        payload: object_store::PutPayload,
        options: object_store::PutOptions,
    ) -> object_store::Result<object_store::PutResult> {
        match self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            1 => Err(object_store::Error::Generic { store: "faulty", source: "full".into() }),
            2 => {
                let short: Vec<u8> = payload.iter().flat_map(|bytes| bytes.iter().copied()).skip(1).collect();
                self.0.put_opts(location, short.into(), options).await
            }
            _ => self.0.put_opts(location, payload, options).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &object_store::path::Path,
        options: object_store::PutMultipartOptions,
    ) -> object_store::Result<Box<dyn object_store::MultipartUpload>> {
        self.0.put_multipart_opts(location, options).await
    }

    async fn get_opts(
        &self,
        location: &object_store::path::Path,
        options: object_store::GetOptions,
    ) -> object_store::Result<object_store::GetResult> {
        self.0.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: futures::stream::BoxStream<'static, object_store::Result<object_store::path::Path>>,
    ) -> futures::stream::BoxStream<'static, object_store::Result<object_store::path::Path>> {
        self.0.delete_stream(locations)
    }

    fn list(
        &self,
        prefix: Option<&object_store::path::Path>,
    ) -> futures::stream::BoxStream<'static, object_store::Result<object_store::ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(
        &self,
        prefix: Option<&object_store::path::Path>,
    ) -> object_store::Result<object_store::ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &object_store::path::Path,
        to: &object_store::path::Path,
        options: object_store::CopyOptions,
    ) -> object_store::Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}

#[tokio::test]
async fn an_export_that_fails_goes_on_and_an_object_that_is_short_is_not_believed() {
    on_each(async |store| {
        let logs = LogStore::start(store);
        written(&logs, "a", 1000).await;
        logs.seal(&SealSettings { bytes: 2000, ..SealSettings::default() }, later(1), &Progress::default())
            .await
            .unwrap();
        let faulty = Arc::new(Faulty(InMemory::new(), std::sync::atomic::AtomicU32::default()));
        let target = ExportTarget::new(faulty.clone(), "logs".into());
        let settings = ExportSettings { object_bytes: 6000, ..ExportSettings::default() };
        let mut failures = Vec::new();
        let mut last = None;
        while last.is_none() {
            match logs.export(&target, &settings, later(1), &Progress::default()).await {
                Ok(report) => last = Some(report),
                Err(error) => failures.push(error.to_string()),
            }
        }
        assert_eq!(failures.len(), 2, "{failures:?}");
        assert!(failures[0].contains("could not be written") && failures[1].contains("were written"), "{failures:?}");
        assert!(last.unwrap().entries < 1000);
        let lines: Vec<_> =
            objects(&faulty.0).await.into_iter().flat_map(|(_, records)| records).map(|record| record.line).collect();
        assert_eq!(lines, (1..=1000).collect::<Vec<u64>>());
    })
    .await;
}

#[tokio::test]
async fn logs_are_exported_into_a_directory_by_its_url() {
    on_each(async |store| {
        let logs = LogStore::start(store);
        written(&logs, "a", 50).await;
        logs.seal(&SealSettings::default(), later(1), &Progress::default()).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let target = ExportTarget::open(&format!("file://{}/archive", directory.path().display()), []).unwrap();
        logs.export(&target, &ExportSettings::default(), later(1), &Progress::default()).await.unwrap();
        let file = directory.path().join("archive/a/1/main/keruta-job-a-1.0.000000000000.ndjson.zst");
        let text = zstd::decode_all(std::fs::File::open(file).unwrap()).unwrap();
        assert_eq!(text.split(|byte| *byte == b'\n').count(), 51);
    })
    .await;
    for wrong in ["logs", "ftp://host/logs", "s3:///x", "memory:///"] {
        assert!(ExportTarget::open(wrong, []).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn the_last_run_of_a_job_is_recorded() {
    on_each(async |store| {
        let job = async |progress: Progress| {
            progress.set(3, 4);
            Ok::<_, LogError>(serde_json::json!({"merged": 7}))
        };
        store.run_recorded("seal", job).await.unwrap();
        let failed = store.run_recorded("seal", async |_| Err::<(), _>(LogError::Stopped)).await;
        assert!(failed.is_err());
        let [run] = &store.runs().await.unwrap()[..] else { panic!("one job") };
        assert_eq!((run.name.as_str(), run.state, run.progress), ("seal", RunState::Failed, Some((0, 0))));
        assert_eq!(run.error.as_deref(), Some("the store of logs has stopped"));
        assert_eq!(run.result.as_ref().unwrap()["merged"], 7);
        assert!(run.succeeded_at <= run.finished_at && run.finished_at >= Some(run.started_at));
    })
    .await;
}

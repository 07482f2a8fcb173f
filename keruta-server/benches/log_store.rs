//! How fast logs are written, read and followed, in SQLite, beside SQLite alone on the same disk.
//!
//!     cargo bench -p keruta-server --bench log_store [-- PART…]      parts: ingest read follow download
//!
//! `KERUTA_BENCH_LINES` is how long the log is: 1,000,000 lines where nothing is said. Figures are medians of several runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a program for developers")]
#![allow(clippy::cast_precision_loss, reason = "figures are rounded")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use futures::StreamExt;
use http_body_util::BodyExt;
use jiff::Timestamp;
use keruta_server::http::logs::{LogsState, routes};
use keruta_server::store::Store;
use keruta_server::store::logs::{LogStore, Progress, SealSettings};
use keruta_submitter::Attempt;
use keruta_submitter::logs::{Cursor, Level, LogEntry, LogLine, LogSource};
use tower::ServiceExt;

/// Lines of a batch, as a capture brings them when a log comes fast.
const BATCH: u64 = 2000;
const STEP: usize = 2000;

fn main() {
    let parts: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|other| other == part);
    let lines = std::env::var("KERUTA_BENCH_LINES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if wanted("ingest") {
        ingest(&runtime, lines);
    }
    if wanted("read") {
        runtime.block_on(read(lines));
    }
    if wanted("follow") {
        runtime.block_on(follow());
    }
    if wanted("download") {
        runtime.block_on(download(lines));
    }
}

fn source(container: &str) -> LogSource {
    LogSource {
        attempt: Attempt { namespace: "tasks".into(), task: "task-1".into(), number: 1 },
        job: "keruta-job-task-1".into(),
        pod: "keruta-job-task-1-x7k2p".into(),
        pod_uid: "0b9e6b1c".into(),
        container: container.into(),
        restart: 0,
    }
}

/// A line of about 70 bytes.
fn line(number: u64) -> LogEntry {
    let level = if number.is_multiple_of(1000) { "ERROR" } else { "INFO" };
    let (worker, took, file) = (number % 17, number * 7919 % 10_000, number * 104_729 % 1_000_003);
    let message = format!("{level} worker-{worker}: compiled src/module_{file}.rs in {took} ms, step {number}");
    let timestamp = Timestamp::from_nanosecond(1_800_000_000_000_000_000 + i128::from(number) * 51_237).unwrap();
    let level = Level::of_line(message.as_bytes());
    LogEntry::Line(LogLine { number, timestamp, level, message: message.into(), continues: false })
}

fn batches(lines: u64) -> Vec<Vec<LogEntry>> {
    (0..lines).step_by(STEP).map(|from| (from + 1..=(from + BATCH).min(lines)).map(line).collect()).collect()
}

async fn open(directory: &Path) -> (Store, LogStore) {
    let store = Store::open(&format!("sqlite:{}", directory.join("keruta.db").display())).await.unwrap();
    (store.clone(), LogStore::start(store))
}

async fn write(logs: &LogStore, source: &LogSource, batches: &[Vec<LogEntry>]) {
    for (index, batch) in (1..).zip(batches) {
        let mut cursor = Cursor::default();
        cursor.lines = index * BATCH;
        logs.append(source, batch, &cursor).await.unwrap();
    }
}

async fn seal(logs: &LogStore) {
    let later = Timestamp::now() + Duration::from_hours(2);
    logs.seal(&SealSettings::default(), later, &Progress::default()).await.unwrap();
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn say(what: &str, figure: impl std::fmt::Display) {
    println!("{what:58} {figure}");
}

fn ingest(runtime: &tokio::runtime::Runtime, lines: u64) {
    let written = Arc::new(batches(lines));
    let bytes: usize = written.iter().flatten().map(message).map(<[u8]>::len).sum();
    say("lines, and bytes of messages", format!("{lines} {bytes}"));
    let rate = |time: Duration| format!("{:.0} lines/s", lines as f64 / time.as_secs_f64());
    let runs = |run: &dyn Fn() -> Duration| median((0..5).map(|_| run()).collect());

    let one = runs(&|| {
        let directory = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let (store, logs) = open(directory.path()).await;
            let begun = Instant::now();
            write(&logs, &source("main"), &written).await;
            let time = begun.elapsed();
            store.database().close().await;
            time
        })
    });
    say("ingest: one log", rate(one));
    let eight = runs(&|| {
        let directory = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let (store, logs) = open(directory.path()).await;
            let begun = Instant::now();
            // An eighth of the batches each: numbers of lines only have to grow.
            let writers = (0..8_usize).map(|part| {
                let (logs, written) = (logs.clone(), Arc::clone(&written));
                tokio::spawn(async move {
                    let source = source(&format!("main-{part}"));
                    for (index, batch) in written.iter().enumerate().skip(part).step_by(8) {
                        let mut cursor = Cursor::default();
                        cursor.lines = (index as u64 + 1) * BATCH;
                        logs.append(&source, batch, &cursor).await.unwrap();
                    }
                })
            });
            for writer in writers.collect::<Vec<_>>() {
                writer.await.unwrap();
            }
            let time = begun.elapsed();
            store.database().close().await;
            time
        })
    });
    say("ingest: eight logs at once", rate(eight));
    let (sealed, size) = {
        let directory = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let (_, logs) = open(directory.path()).await;
            write(&logs, &source("main"), &written).await;
            let begun = Instant::now();
            seal(&logs).await;
            (begun.elapsed(), logs.sizes().await.unwrap().stored_bytes)
        })
    };
    say("sealing all of it, in the background", format!("{sealed:.0?}"));
    say("bytes in the database", format!("{size} ({:.1} % of the messages)", size as f64 * 100.0 / bytes as f64));

    let rows = runs(&|| {
        sqlite_alone(
            &written,
            "CREATE TABLE lines (number INTEGER, at INTEGER, level INTEGER, text BLOB)",
            |connection, batch| {
                let mut insert = connection.prepare_cached("INSERT INTO lines VALUES (?1, ?2, ?3, ?4)").unwrap();
                for entry in batch {
                    let LogEntry::Line(line) = entry else { continue };
                    let at = i64::try_from(line.timestamp.as_nanosecond()).unwrap();
                    insert.execute((line.number.cast_signed(), at, line.level as i64, &line.message[..])).unwrap();
                }
            },
        )
    });
    say("SQLite alone: a row a line", rate(rows));
    let blobs = runs(&|| {
        sqlite_alone(&written, "CREATE TABLE chunks (number INTEGER, data BLOB)", |connection, batch| {
            let mut insert = connection.prepare_cached("INSERT INTO chunks VALUES (?1, ?2)").unwrap();
            let data = batch.iter().map(message).collect::<Vec<_>>().join(&b"\n"[..]);
            insert.execute((1, data)).unwrap();
        })
    });
    say("SQLite alone: the same bytes, a row a batch", rate(blobs));
    say(
        "ratio to rows, and to bytes",
        format!("{:.2} {:.2}", rows.as_secs_f64() / one.as_secs_f64(), blobs.as_secs_f64() / one.as_secs_f64()),
    );
}

fn message(entry: &LogEntry) -> &[u8] {
    match entry {
        LogEntry::Line(line) => &line.message,
        LogEntry::Gap(_) => &[],
    }
}

/// A transaction a batch, each on the disk before the next, as the store does it.
fn sqlite_alone(
    written: &[Vec<LogEntry>],
    table: &str,
    insert: impl Fn(&rusqlite::Connection, &[LogEntry]),
) -> Duration {
    let directory = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(directory.path().join("alone.db")).unwrap();
    connection.execute_batch(&format!("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {table};")).unwrap();
    let begun = Instant::now();
    for batch in written {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        insert(&connection, batch);
        connection.execute_batch("COMMIT").unwrap();
    }
    begun.elapsed()
}

async fn get(router: &Router, uri: &str) -> axum::response::Response {
    let request = http::Request::get(format!("/api/v1/tasks/task-1/logs?{uri}")).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200, "{uri}");
    response
}

async fn read(lines: u64) {
    let directory = tempfile::tempdir().unwrap();
    let (_, logs) = open(directory.path()).await;
    write(&logs, &source("main"), &batches(lines)).await;
    seal(&logs).await;
    let log = logs.sources("task-1").await.unwrap()[0].id;
    let (router, _) = routes(LogsState { logs }).split_for_parts();
    let rare = format!("q=module_{}.rs&limit=100", (lines - 500) * 104_729 % 1_000_003);
    let asked = [
        ("first page, unfiltered", "limit=100".to_owned()),
        ("first page of errors", "level=ERROR&limit=100".to_owned()),
        ("first page, a common word", "q=worker-3&limit=100".to_owned()),
        ("first page, a rare word (all is searched)", rare),
        ("first page, a word that is nowhere", "q=nowhere&limit=100".to_owned()),
        ("first page, a regular expression that is nowhere", "regex=step+9{7,}$&limit=100".to_owned()),
        ("tail", "tail=100".to_owned()),
        ("tail of errors", "tail=100&level=ERROR".to_owned()),
        ("window at nine tenths", format!("source={log}&line={}&before=50&limit=100", lines / 10 * 9)),
    ];
    for (what, uri) in asked {
        let mut times = Vec::new();
        for _ in 0..21 {
            let begun = Instant::now();
            get(&router, &format!("{uri}&format=ndjson")).await.into_body().collect().await.unwrap();
            times.push(begun.elapsed());
        }
        say(&format!("read: {what}"), format!("{:.1?}", median(times)));
    }
}

/// Writes fifty batches of a hundred lines each second, and tells how long each took.
async fn paced(logs: &LogStore, from: u64, batches: u64) -> Vec<Duration> {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let mut times = Vec::new();
    for batch in 0..batches {
        ticks.tick().await;
        let first = from + batch * 100;
        let lines: Vec<_> = (first + 1..=first + 100).map(line).collect();
        let mut cursor = Cursor::default();
        cursor.lines = first + 100;
        let begun = Instant::now();
        logs.append(&source("main"), &lines, &cursor).await.unwrap();
        times.push(begun.elapsed());
    }
    times
}

async fn follow() {
    const FOLLOWERS: usize = 1000;
    let directory = tempfile::tempdir().unwrap();
    let (_, logs) = open(directory.path()).await;
    paced(&logs, 0, 20).await;
    let alone = paced(&logs, 2000, 250).await;
    let (router, _) = routes(LogsState { logs: logs.clone() }).split_for_parts();
    let events = Arc::new(AtomicU64::new(0));
    for _ in 0..FOLLOWERS {
        let (router, events) = (router.clone(), Arc::clone(&events));
        tokio::spawn(async move {
            let mut body = get(&router, "follow&tail=1").await.into_body().into_data_stream();
            while let Some(Ok(piece)) = body.next().await {
                let found = memchr::memmem::find_iter(&piece, b"\n\n").count();
                events.fetch_add(found as u64, Ordering::Relaxed);
            }
        });
    }
    while events.load(Ordering::Relaxed) < FOLLOWERS as u64 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let before = events.load(Ordering::Relaxed);
    let begun = Instant::now();
    let followed = paced(&logs, 27_000, 250).await;
    let wrote = begun.elapsed();
    while events.load(Ordering::Relaxed) < before + 25_000 * FOLLOWERS as u64 {
        assert!(begun.elapsed() < Duration::from_mins(2), "{} events", events.load(Ordering::Relaxed) - before);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let late = begun.elapsed().checked_sub(wrote).unwrap();
    let worst = |times: &[Duration]| times.iter().max().copied().unwrap_or_default();
    say(
        "a batch of 100 lines, nobody follows: median, worst",
        format!("{:.2?} {:.2?}", median(alone.clone()), worst(&alone)),
    );
    say("the same with 1,000 followers", format!("{:.2?} {:.2?}", median(followed.clone()), worst(&followed)));
    say("writing 25,000 lines at 5,000 lines/s; the last follower", format!("{wrote:.2?} +{late:.2?}"));

    // As fast as it goes: followers that cannot keep up read behind, and the writer goes on.
    let first = 52_000 / BATCH;
    let batches: Vec<_> = batches(52_000 + 500_000).split_off(first as usize);
    let begun = Instant::now();
    for (index, batch) in (first + 1..).zip(&batches) {
        let mut cursor = Cursor::default();
        cursor.lines = index * BATCH;
        logs.append(&source("main"), batch, &cursor).await.unwrap();
    }
    say("writing 500,000 lines at once with 1,000 followers", format!("{:.2?}", begun.elapsed()));
}

/// What the process has in memory, in KiB.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().split(' ').next().unwrap().parse().unwrap()
}

async fn download(lines: u64) {
    for times in [1, 4] {
        let directory = tempfile::tempdir().unwrap();
        let (_, logs) = open(directory.path()).await;
        for part in 0..times {
            // A batch at a time: what is measured is the reading.
            for first in (0..lines).step_by(STEP) {
                let first = part * lines + first;
                let batch: Vec<_> = (first + 1..=first + BATCH).map(line).collect();
                let mut cursor = Cursor::default();
                cursor.lines = first + BATCH;
                logs.append(&source("main"), &batch, &cursor).await.unwrap();
            }
        }
        seal(&logs).await;
        let (router, _) = routes(LogsState { logs }).split_for_parts();
        let before = resident();
        let (mut most, mut bytes) = (before, 0);
        let begun = Instant::now();
        let mut body = get(&router, "format=ndjson").await.into_body().into_data_stream();
        while let Some(piece) = body.next().await {
            bytes += piece.unwrap().len();
            most = most.max(resident());
        }
        let time = begun.elapsed();
        let speed = bytes as f64 / 1e6 / time.as_secs_f64();
        say(
            &format!("download of {} lines, {} MB", times * lines, bytes / 1_000_000),
            format!("{time:.2?} ({speed:.0} MB/s), {before} KiB before, at most {most} KiB"),
        );
    }
}

use std::io::Write as _;

use bytes::Bytes;
use jiff::Timestamp;

use super::*;
use crate::logs::{Gap, Level, LogLine};
use crate::{Evidence, Outcome, TaskStatus, Verdict};

fn source(container: &str) -> LogSource {
    LogSource {
        attempt: Attempt { namespace: "ns".into(), task: "Task/1".into(), number: 2 },
        job: "job".into(),
        pod: "pod".into(),
        pod_uid: "uid".into(),
        container: container.into(),
        restart: 0,
    }
}

fn line(number: u64, message: impl Into<Bytes>) -> LogEntry {
    let timestamp = Timestamp::from_second(1_700_000_000 + i64::try_from(number).unwrap()).unwrap();
    LogEntry::Line(LogLine { number, timestamp, level: Level::Info, message: message.into(), continues: false })
}

fn cursor(lines: u64) -> Cursor {
    Cursor { lines, ..Cursor::default() }
}

fn open(directory: &Path) -> NdjsonJournal {
    NdjsonJournal::open(directory, NdjsonSettings::default()).unwrap()
}

fn read(directory: &Path, filter: LogFilter) -> Vec<StoredEntry> {
    let log = NdjsonJournal::read_log(directory, &source("main").attempt, filter).unwrap();
    log.map(|entry| entry.unwrap()).collect()
}

fn messages(directory: &Path) -> Vec<u64> {
    let number = |stored: StoredEntry| match stored.entry {
        LogEntry::Line(line) => line.number,
        LogEntry::Gap(_) => 0,
    };
    read(directory, LogFilter::default()).into_iter().map(number).collect()
}

fn log_path(directory: &Path) -> PathBuf {
    attempt_directory(directory, &source("main").attempt).join("pod.main.0.ndjson")
}

#[tokio::test]
async fn entries_come_back_as_they_were() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path());
    let gap = LogEntry::Gap(Gap { after: None, before: None, reason: "why".into() });
    let mut long = line(3, "x".repeat(100_000));
    if let LogEntry::Line(line) = &mut long {
        line.continues = true;
        line.level = Level::Error;
    }
    let entries =
        [gap, line(1, "one \"{\"cursor\":\r\u{1}"), line(2, &b"\xff{\"cursor\":"[..]), long, line(3, "y"), line(4, "")];
    journal.log(&source("main"), &entries[..2], &cursor(1)).await.unwrap();
    journal.log(&source("main"), &entries[2..], &cursor(4)).await.unwrap();
    journal.log(&source("7"), &[line(2, "other")], &cursor(1)).await.unwrap();
    let all = read(directory.path(), LogFilter::default());
    let of_main: Vec<_> = all.iter().filter(|e| e.container == "main").map(|e| e.entry.clone()).collect();
    assert_eq!(of_main, entries);
    assert_eq!(all.len(), 7);
    let other = LogFilter { container: Some("7".into()), ..LogFilter::default() };
    assert_eq!(read(directory.path(), other).len(), 1);
    let grave = LogFilter { level: Some(Level::Warn), ..LogFilter::default() };
    assert_eq!(read(directory.path(), grave).len(), 2, "the gap and the error");
    let text = fs::read_to_string(log_path(directory.path())).unwrap();
    let fields: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    let wanted = serde_json::json!({
        "timestamp": "2023-11-14T22:13:21Z", "level": "INFO", "taskId": "Task/1", "jobName": "job", "podName": "pod",
        "container": "main", "attempt": 2, "line": 1, "message": "one \"{\"cursor\":\r\u{1}",
    });
    assert_eq!(fields, wanted);
}

#[tokio::test]
async fn whatever_a_crash_leaves_no_line_is_lost_or_doubled() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path());
    journal.log(&source("main"), &[line(1, "one")], &cursor(1)).await.unwrap();
    drop(journal);
    let whole = fs::read(log_path(directory.path())).unwrap();
    let second = [line(2, "two"), line(3, "three")];
    let batch = record::batch(&source("main"), &second, &cursor(3)).unwrap();
    for cut in 0..=batch.len() {
        fs::write(log_path(directory.path()), [&whole, &batch[..cut]].concat()).unwrap();
        assert_eq!(messages(directory.path()), if cut == batch.len() { vec![1, 2, 3] } else { vec![1] });
        let journal = open(directory.path());
        let kept = journal.log_cursor(&source("main")).await.unwrap().unwrap();
        assert_eq!(kept.lines, if cut == batch.len() { 3 } else { 1 }, "cut at {cut}");
        let rest = [line(2, "two"), line(3, "three"), line(4, "four")];
        let from = usize::try_from(kept.lines - 1).unwrap();
        journal.log(&source("main"), &rest[from..], &cursor(4)).await.unwrap();
        assert_eq!(messages(directory.path()), [1, 2, 3, 4], "cut at {cut}");
    }
}

#[tokio::test]
async fn full_files_are_put_aside_and_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let settings = NdjsonSettings { rotate_bytes: 2000, sync: false, ..NdjsonSettings::default() };
    let mut journal = NdjsonJournal::open(directory.path(), settings.clone()).unwrap();
    for number in 1..=100 {
        if number % 7 == 0 {
            // A new process; also where the file was just put aside.
            drop(journal);
            journal = NdjsonJournal::open(directory.path(), settings.clone()).unwrap();
            let kept = journal.log_cursor(&source("main")).await.unwrap().unwrap();
            assert_eq!(kept.lines, number - 1);
        }
        journal.log(&source("main"), &[line(number, "x".repeat(90))], &cursor(number)).await.unwrap();
    }
    assert_eq!(messages(directory.path()), (1..=100).collect::<Vec<_>>());
    let folder = log_path(directory.path()).parent().unwrap().to_owned();
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.len() > 10, "{names:?}");
    assert!(names.iter().all(|name| name.contains(".ndjson.gz") || name == "pod.main.0.ndjson"), "{names:?}");

    // Killed after a file was put aside and before anything else was done.
    drop(journal);
    fs::rename(log_path(directory.path()), folder.join("pod.main.0.999.ndjson")).unwrap();
    assert_eq!(messages(directory.path()).len(), 100);
    let journal = NdjsonJournal::open(directory.path(), settings).unwrap();
    assert_eq!(journal.log_cursor(&source("main")).await.unwrap().unwrap().lines, 100);
    journal.log(&source("main"), &[line(101, "x")], &cursor(101)).await.unwrap();
    assert_eq!(messages(directory.path()), (1..=101).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path());
    journal.log(&source("main"), &[line(1, "one")], &cursor(1)).await.unwrap();
    let path = log_path(directory.path());
    let aside = path.with_extension("away");
    fs::rename(&path, &aside).unwrap();
    fs::create_dir(&path).unwrap();
    journal.log(&source("main"), &[line(2, "two")], &cursor(2)).await.unwrap_err();
    fs::remove_dir(&path).unwrap();
    fs::rename(&aside, &path).unwrap();
    journal.log(&source("main"), &[line(2, "two")], &cursor(2)).await.unwrap();
    assert_eq!(messages(directory.path()), [1, 2]);
}

#[tokio::test]
async fn a_later_pod_of_the_same_name_begins_anew() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path());
    journal.log(&source("main"), &[line(1, "one")], &cursor(1)).await.unwrap();
    let later = LogSource { pod_uid: "other".into(), ..source("main") };
    assert_eq!(journal.log_cursor(&later).await.unwrap(), None);
}

#[tokio::test]
async fn one_process_writes_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path());
    NdjsonJournal::open(directory.path(), NdjsonSettings::default()).unwrap_err();
    drop(journal);
    open(directory.path());
}

#[tokio::test]
async fn a_status_is_kept_once() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path());
    let mut change = StatusChange {
        attempt: source("main").attempt,
        at: Timestamp::UNIX_EPOCH,
        status: TaskStatus::Pending,
        verdict: None,
    };
    journal.status(&change).await.unwrap();
    let path = attempt_directory(directory.path(), &change.attempt).join("status.ndjson");
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"torn").unwrap();
    change.at = Timestamp::from_second(5).unwrap();
    journal.status(&change).await.unwrap();
    change.status = TaskStatus::Completed;
    change.verdict = Some(Verdict { outcome: Outcome::Completed, retryable: false, evidence: Evidence::default() });
    journal.status(&change).await.unwrap();
    let statuses: Vec<StatusChange> =
        fs::read_to_string(&path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(statuses.len(), 2);
    assert_eq!(statuses[1], change);
}

//! Backups, from each database into each.

use std::io::Cursor;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keruta_api::{Role, StatusUpdate, TaskStatus};
use keruta_server::auth::{Access, AccessOptions};
use keruta_server::log::Places;
use keruta_server::store::backup::{BackupError, BackupReport, backup, restore};
use keruta_server::store::logs::{LogQuery, LogStore, Start};
use keruta_server::store::{Lease, Store, StoreError};
use keruta_submitter::Attempt;
use keruta_submitter::logs::{Level, LogEntry, LogLine, LogSource};
use sqlx::{AssertSqlSafe, Connection, Executor};
use tempfile::TempDir;

use crate::{HOSTILE, ada, at, spec, unique_name};

/// An empty database.
enum Fresh {
    Sqlite(TempDir),
    Postgres { server: String, name: String },
}

impl Fresh {
    fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    async fn postgres() -> Option<Self> {
        let server = std::env::var("KERUTA_TEST_POSTGRES").ok()?;
        let name = unique_name();
        let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        Some(Self::Postgres { server, name })
    }

    fn url(&self) -> String {
        match self {
            Self::Sqlite(directory) => format!("sqlite:{}", directory.path().join("keruta.db").display()),
            Self::Postgres { server, name } => format!("{}/{name}", server.rsplit_once('/').unwrap().0),
        }
    }

    async fn remove(self) {
        if let Self::Postgres { server, name } = self {
            let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
            admin.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await.unwrap();
        }
    }
}

fn source(task: &str) -> LogSource {
    let attempt = Attempt { namespace: "tasks".to_owned(), task: task.to_owned(), number: 1 };
    let (job, pod) = (format!("keruta-job-{task}"), format!("{task}-pod"));
    LogSource { attempt, job, pod, pod_uid: "1".to_owned(), container: "main".to_owned(), restart: 0 }
}

fn line(number: u64, text: &str) -> LogEntry {
    let message = text.as_bytes().to_vec().into();
    LogEntry::Line(LogLine { number, timestamp: at(0), level: Level::Error, message, continues: false })
}

/// A store with something in it of everything that is hard to carry.
async fn filled(url: &str) -> Store {
    let store = Store::open(url).await.unwrap();
    let access = Access::new(store.clone(), AccessOptions::default()).unwrap();
    access.create_token("ci", Role::Operator, None, &ada(), at(0)).await.unwrap();
    for (number, text) in HOSTILE.iter().enumerate() {
        let task = serde_json::json!({"id": format!("task-{number}"), "title": text}).to_string();
        store.create_task(spec(&task), "tasks", *text, at(0)).await.unwrap();
    }
    store.create_task(spec(r#"{"id": "child", "parentId": "task-0"}"#), "tasks", "ada", at(1)).await.unwrap();
    let failed = StatusUpdate { reason: Some(HOSTILE[5].to_owned()), ..StatusUpdate::to(TaskStatus::Failed) };
    store.set_status("task-0", &failed, "ada", at(2)).await.unwrap();
    access.create_task_token("child", 1, SignedDuration::from_hours(1), at(3)).await.unwrap();
    store.create_user("u", "ada", "$argon2id$x", Role::Admin, &ada(), at(0)).await.unwrap();
    let logs = LogStore::start(store.clone());
    let lines: Vec<LogEntry> = (1..=50).zip(HOSTILE.iter().cycle()).map(|(number, text)| line(number, text)).collect();
    logs.append_at(&source("task-1"), 0, &lines, false).await.unwrap();
    let lease = store.hold_runner_lease("one", SignedDuration::from_secs(15), at(0)).await.unwrap();
    assert!(matches!(lease, Lease::Held(_)));
    store
}

async fn bytes_of(url: &str) -> (Vec<u8>, BackupReport) {
    let mut bytes = Vec::new();
    let report = backup(url, &mut bytes, at(100)).await.unwrap();
    (bytes, report)
}

/// The lines of a backup in an order of their own, without the first, which names the database, and the lease, which ends with
/// the process.
fn lines_of(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8(zstd::decode_all(bytes).unwrap()).unwrap();
    let mut lines: Vec<String> = text
        .lines()
        .skip(1)
        .filter(|line| !line.contains("\"table\"") && !line.starts_with("[\"runner\","))
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn each_database_takes_what_each_gives() {
    let mut froms = vec![Fresh::sqlite()];
    froms.extend(Fresh::postgres().await);
    for from in froms {
        let store = filled(&from.url()).await;
        // The store is open, as with a server that goes on.
        let (bytes, report) = bytes_of(&from.url()).await;
        assert!(report.tables > 15 && report.rows > 30, "{report:?}");
        let mut tos = vec![Fresh::sqlite()];
        tos.extend(Fresh::postgres().await);
        for to in tos {
            assert_eq!(restore(&to.url(), Cursor::new(&bytes)).await.unwrap(), report);
            let restored = Store::open(&to.url()).await.unwrap();
            assert_eq!(restored.task("task-0").await.unwrap(), store.task("task-0").await.unwrap());
            assert_eq!(restored.events(None, 0, 1000).await.unwrap(), store.events(None, 0, 1000).await.unwrap());
            let (again, _) = bytes_of(&to.url()).await;
            assert_eq!(lines_of(&again), lines_of(&bytes));
            // It goes on from there: numbers, logs and epochs.
            restored.create_task(spec(r#"{"id": "new"}"#), "tasks", "ada", at(200)).await.unwrap();
            assert!(restored.last_event().await.unwrap() > store.last_event().await.unwrap());
            let logs = LogStore::start(restored.clone());
            logs.append_at(&source("task-1"), 50, &[line(51, "more")], true).await.unwrap();
            logs.append_at(&source("new"), 0, &[line(1, "first")], true).await.unwrap();
            let start = Start::Forward(Places::default());
            assert_eq!(logs.page(&LogQuery::new("task-1"), start, 1000).await.unwrap().items.len(), 51);
            let later = at(200);
            let lease = restored.hold_runner_lease("two", SignedDuration::from_secs(15), later).await.unwrap();
            assert_eq!(format!("{lease:?}"), "Held(Epoch(2))");
            restored.database().close().await;
            drop((logs, restored));
            // Nothing is put over what is there. The last of the logs' writer lets go of the file a moment later.
            let refused = loop {
                match restore(&to.url(), Cursor::new(&bytes)).await.unwrap_err() {
                    BackupError::Store(StoreError::InUse { .. }) => tokio::time::sleep(Duration::from_millis(20)).await,
                    refused => break refused,
                }
            };
            assert!(matches!(refused, BackupError::NotEmpty { .. }), "{refused}");
            to.remove().await;
        }
        store.database().close().await;
        from.remove().await;
    }
}

#[tokio::test]
async fn what_is_damaged_leaves_nothing() {
    let from = Fresh::sqlite();
    filled(&from.url()).await.database().close().await;
    let (bytes, _) = bytes_of(&from.url()).await;
    let text = String::from_utf8(zstd::decode_all(&bytes[..]).unwrap()).unwrap();
    let packed = |text: &str| zstd::encode_all(text.as_bytes(), 3).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let without_end = lines[..lines.len() - 1].join("\n");
    let without_row: Vec<&str> =
        lines.iter().enumerate().filter(|(index, _)| *index != lines.len() - 2).map(|(_, line)| *line).collect();
    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x55;
    let mut targets = vec![Fresh::sqlite()];
    targets.extend(Fresh::postgres().await);
    for to in targets {
        for (what, damaged, why) in [
            ("cut", bytes[..bytes.len() / 2].to_vec(), "cannot be read"),
            ("without its end", packed(&without_end), "incomplete"),
            ("a row short", packed(&without_row.join("\n")), "incomplete"),
            ("flipped", flipped.clone(), ""),
            ("another file", packed("hello\n"), "cannot be read"),
            ("newer", packed(&text.replacen("\"schema\":", "\"schema\":9", 1)), "use a newer one"),
            (
                "an unknown table",
                packed(&text.replacen("\"table\":\"tasks\"", "\"table\":\"tusks\"", 1)),
                "no table tusks",
            ),
            ("another type", packed(&text.replacen("[\"task-0\",", "[7,", 1)), "no value of"),
        ] {
            let error = restore(&to.url(), Cursor::new(damaged)).await.unwrap_err().to_string();
            assert!(error.contains(why), "{what}: {error}");
        }
        // After all that the whole one is taken.
        restore(&to.url(), Cursor::new(&bytes)).await.unwrap();
        to.remove().await;
    }
}

#[tokio::test]
async fn a_backup_of_an_older_schema_is_brought_up_to_date() {
    let from = Fresh::sqlite();
    filled(&from.url()).await.database().close().await;
    let (bytes, report) = bytes_of(&from.url()).await;
    // As the step before the notifications would have written it.
    let (mut before, mut later, mut added) = (0, Vec::new(), Vec::new());
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite")).unwrap() {
        let entry = entry.unwrap();
        let step: i64 = entry.file_name().to_str().unwrap()[..4].parse().unwrap();
        if step < 5 {
            before = before.max(step);
            continue;
        }
        let made = std::fs::read_to_string(entry.path()).unwrap();
        later.extend(
            made.lines().filter_map(|line| Some(line.strip_prefix("CREATE TABLE ")?.split(' ').next()?.to_owned())),
        );
        added.extend(made.lines().filter_map(|line| {
            let (table, column) = line.strip_prefix("ALTER TABLE ")?.split_once(" ADD COLUMN ")?;
            Some((table.to_owned(), column.split(' ').next()?.to_owned()))
        }));
    }
    let text = String::from_utf8(zstd::decode_all(&bytes[..]).unwrap()).unwrap();
    let (mut old, mut skipping, mut tables, mut rows) = (Vec::new(), false, 0, 0);
    // Which columns of the present table were there.
    let mut there: Vec<bool> = Vec::new();
    let only_there = |there: &[bool], values: &serde_json::Value| -> serde_json::Value {
        let values = values.as_array().unwrap().iter().zip(there);
        values.filter(|(_, there)| **there).map(|(value, _)| value.clone()).collect()
    };
    for line in text.lines() {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Some(table) = value["table"].as_str().map(str::to_owned) {
            skipping = later.contains(&table);
            tables += u64::from(!skipping);
            let is_later =
                |column: &serde_json::Value| added.iter().any(|(of, name)| *of == table && column["name"] == **name);
            there = value["columns"].as_array().unwrap().iter().map(|column| !is_later(column)).collect();
            value["columns"] = only_there(&there, &value["columns"]);
        } else if value["tables"].is_u64() {
            old.push(format!("{{\"tables\":{tables},\"rows\":{rows}}}"));
            continue;
        } else if value.is_array() {
            rows += u64::from(!skipping);
            value = only_there(&there, &value);
        } else if value["schema"].is_i64() {
            value["schema"] = before.into();
        }
        if !skipping {
            old.push(value.to_string());
        }
    }
    let old = zstd::encode_all(old.join("\n").as_bytes(), 3).unwrap();
    let to = Fresh::sqlite();
    let restored = restore(&to.url(), Cursor::new(old)).await.unwrap();
    assert_eq!((restored.schema, restored.tables), (before, tables));
    let (_, again) = bytes_of(&to.url()).await;
    assert_eq!(again.schema, report.schema);
    Store::open(&to.url()).await.unwrap().task("task-1").await.unwrap();
}

#[tokio::test]
async fn nothing_is_told_apart_from_something() {
    let nothing = Fresh::sqlite();
    let error = backup(&nothing.url(), Vec::new(), Timestamp::now()).await.unwrap_err();
    assert!(matches!(error, BackupError::Store(StoreError::Open { .. })), "{error}");
    let error = backup("mysql:x", Vec::new(), Timestamp::now()).await.unwrap_err();
    assert!(matches!(error, BackupError::Store(StoreError::UnknownUrl)), "{error}");
    if let Some(empty) = Fresh::postgres().await {
        let error = backup(&empty.url(), Vec::new(), Timestamp::now()).await.unwrap_err();
        assert!(matches!(error, BackupError::Nothing), "{error}");
        empty.remove().await;
    }
}

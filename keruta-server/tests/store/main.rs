//! The store's contract, on SQLite always and on PostgreSQL where `KERUTA_TEST_POSTGRES` holds the URL of a server, in which
//! each test makes a database of its own and removes it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod access;
mod artifacts;
mod audit;
mod backups;
mod catalog;
mod configuration;
mod logs;
mod logs_jobs;
mod notifications;
mod operation;
mod queue;
mod settings;
mod tasks;

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use keruta_server::store::{Author, Store};
use keruta_server::task::TaskSpec;
use sqlx::{AssertSqlSafe, Connection, Executor};

/// Runs a test on each database that there is.
async fn on_each<F, T>(test: F)
where
    F: Fn(Store) -> T,
    T: Future<Output = ()>,
{
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite:{}", directory.path().join("keruta.db").display())).await.unwrap();
    test(store.clone()).await;
    store.database().close().await;

    let Ok(server) = std::env::var("KERUTA_TEST_POSTGRES") else { return };
    let name = unique_name();
    let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
    admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    let store = Store::open(&format!("{base}/{name}")).await.unwrap();
    test(store.clone()).await;
    store.database().close().await;
    admin.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await.unwrap();
}

fn unique_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = Timestamp::now().as_nanosecond();
    format!("keruta_test_{}_{now}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A time so many seconds after the first.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// What is asked for, as JSON.
fn spec(json: &str) -> TaskSpec {
    TaskSpec::from_json(json).unwrap()
}

/// Who changes things in these tests.
fn ada() -> Author {
    Author {
        actor: "user/ada".to_owned(),
        remote: Some("127.0.0.1".to_owned()),
        request_id: Some("request-1".to_owned()),
    }
}

/// Texts that mean something to SQL, to a shell, to HTML or to a terminal, and nothing here.
const HOSTILE: [&str; 6] = [
    "'; DROP TABLE repositories; --",
    "\" OR \"\" = \"",
    "$(KERUTA_API_TOKEN) `id` $1 ? :name",
    "<script>alert(1)</script>",
    "100%_\\",
    "日本語 \u{1f980} e\u{301}",
];

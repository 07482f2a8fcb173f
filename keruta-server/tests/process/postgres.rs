//! A PostgreSQL database of a test's own, where `KERUTA_TEST_POSTGRES` names a server.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

pub(crate) struct Database {
    server: String,
    name: String,
}

impl Database {
    /// Makes one; `None` where there is no server.
    pub(crate) async fn make() -> Option<Self> {
        let server = std::env::var("KERUTA_TEST_POSTGRES").ok()?;
        let name = format!("keruta_process_{}_{}", std::process::id(), jiff::Timestamp::now().as_nanosecond());
        let mut admin = PgConnection::connect(&server).await.unwrap();
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        Some(Self { server, name })
    }

    pub(crate) fn url(&self) -> String {
        let (base, _) = self.server.rsplit_once('/').unwrap();
        format!("{base}/{}", self.name)
    }

    /// `HOST:PORT` of the server.
    pub(crate) fn address(&self) -> &str {
        let rest = self.server.split_once("://").unwrap().1;
        let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
        rest.split('/').next().unwrap()
    }

    pub(crate) async fn drop(self) {
        let mut admin = PgConnection::connect(&self.server).await.unwrap();
        admin.execute(AssertSqlSafe(format!("DROP DATABASE {} WITH (FORCE)", self.name))).await.unwrap();
    }
}

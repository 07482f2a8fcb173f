//! Background jobs: how far they are, and what came of their last run.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use super::LogError;
use crate::store::row::Columns;
use crate::store::{Store, StoreError};

/// How often progress is written down.
const EVERY: Duration = Duration::from_secs(1);

/// How far a job is. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    of: AtomicU64,
}

impl Progress {
    /// So much is done, of so much as is known.
    pub fn set(&self, done: u64, of: u64) {
        self.0.done.store(done, Ordering::Relaxed);
        self.0.of.store(of, Ordering::Relaxed);
    }

    /// How much is done, and of how much.
    #[must_use]
    pub fn get(&self) -> (u64, u64) {
        (self.0.done.load(Ordering::Relaxed), self.0.of.load(Ordering::Relaxed))
    }
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// It is under way; or the server stopped while it was.
    Running,
    /// It ended well.
    Succeeded,
    /// It did not.
    Failed,
}

impl RunState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// The last run of a background job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The job.
    pub name: String,
    /// How it stands.
    pub state: RunState,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How much is done, and of how much.
    pub progress: Option<(u64, u64)>,
    /// What came of the last run that ended well.
    pub result: Option<Value>,
    /// Why it failed.
    pub error: Option<String>,
    /// When a run last ended well.
    pub succeeded_at: Option<Timestamp>,
}

impl Store {
    /// Runs a job and keeps a record of it: that it runs, how far it is, what came of it.
    ///
    /// ```no_run
    /// # async fn example(store: keruta_server::store::Store) -> Result<(), keruta_server::store::logs::LogError> {
    /// # use keruta_server::store::logs::{LogStore, SealSettings};
    /// let logs = LogStore::start(store.clone());
    /// let settings = SealSettings::default();
    /// let now = jiff::Timestamp::now();
    /// let seal = |progress| { let logs = logs.clone(); async move { logs.seal(&settings, now, &progress).await } };
    /// let report = store.run_recorded("seal", seal).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// What the job fails with, and where the record cannot be kept.
    pub async fn run_recorded<T, E, F>(&self, name: &str, job: impl FnOnce(Progress) -> F) -> Result<T, E>
    where
        T: serde::Serialize,
        E: std::error::Error + From<LogError>,
        F: Future<Output = Result<T, E>>,
    {
        let progress = Progress::default();
        self.begin_run(name).await.map_err(LogError::from)?;
        let mut running = std::pin::pin!(job(progress.clone()));
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.reset();
        let outcome = loop {
            tokio::select! {
                outcome = &mut running => break outcome,
                _ = ticks.tick() => if let Err(error) = self.note_progress(name, &progress).await {
                    warn!(error = &error as &dyn std::error::Error, name, "the progress of a job is not written down");
                },
            }
        };
        let ended = match &outcome {
            Ok(result) => (RunState::Succeeded, serde_json::to_string(result).ok(), None),
            Err(error) => (RunState::Failed, None, Some(with_causes(error))),
        };
        self.end_run(name, &progress, ended).await.map_err(LogError::from)?;
        outcome
    }

    async fn begin_run(&self, name: &str) -> Result<(), StoreError> {
        let insert = "INSERT INTO background_runs (name, state, started_at) VALUES ($1, $2, $3) \
            ON CONFLICT (name) DO UPDATE SET state = excluded.state, started_at = excluded.started_at, \
            finished_at = NULL, progress = NULL, error = NULL";
        let mut transaction = self.write().await?;
        sqlx::query(insert)
            .bind(name)
            .bind(RunState::Running.as_str())
            .bind(Timestamp::now().as_microsecond())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn note_progress(&self, name: &str, progress: &Progress) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        sqlx::query("UPDATE background_runs SET progress = $2 WHERE name = $1")
            .bind(name)
            .bind(text(progress))
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn end_run(
        &self,
        name: &str,
        progress: &Progress,
        (state, result, error): (RunState, Option<String>, Option<String>),
    ) -> Result<(), StoreError> {
        let update = "UPDATE background_runs SET state = $2, finished_at = $3, progress = $4, \
            result = COALESCE(CAST($5 AS TEXT), result), error = $6, \
            succeeded_at = CASE WHEN $2 = 'succeeded' THEN $3 ELSE succeeded_at END WHERE name = $1";
        let mut transaction = self.write().await?;
        sqlx::query(update)
            .bind(name)
            .bind(state.as_str())
            .bind(Timestamp::now().as_microsecond())
            .bind(text(progress))
            .bind(result)
            .bind(error)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// The last runs of all background jobs.
    ///
    /// # Errors
    ///
    /// Where the database fails.
    pub async fn runs(&self) -> Result<Vec<Run>, StoreError> {
        let select = "SELECT name, state, started_at, finished_at, progress, result, error, succeeded_at \
            FROM background_runs ORDER BY name";
        let rows = sqlx::query(select).fetch_all(self.database().reader()).await?;
        let run = |row| {
            let columns = Columns { table: "background_runs", row };
            let progress: Option<[u64; 2]> = columns.json_if_any("progress")?;
            Ok(Run {
                name: columns.text("name")?,
                state: match columns.text("state")?.as_str() {
                    "running" => RunState::Running,
                    "succeeded" => RunState::Succeeded,
                    _ => RunState::Failed,
                },
                started_at: columns.time("started_at")?,
                finished_at: columns.time_if_any("finished_at")?,
                progress: progress.map(|[done, of]| (done, of)),
                result: columns.json_if_any("result")?,
                error: columns.text_if_any("error")?,
                succeeded_at: columns.time_if_any("succeeded_at")?,
            })
        };
        rows.iter().map(run).collect()
    }
}

fn text(progress: &Progress) -> String {
    let (done, of) = progress.get();
    format!("[{done},{of}]")
}

/// What an error says, and what its causes say.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

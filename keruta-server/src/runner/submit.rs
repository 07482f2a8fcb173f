//! Submitting one attempt, or ending one.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use keruta_api::TaskStatus;
use keruta_manifest::Settings;
use keruta_submitter::cluster::{Backoff, Cluster, ClusterError, jitter, seed};
use keruta_submitter::follow::FollowHandle;
use keruta_submitter::journal::LedgerError;
use keruta_submitter::metrics::Metrics;
use keruta_submitter::observe::Stop;
use keruta_submitter::stop::{StopTarget, Stopped, stop};
use keruta_submitter::submit::{SubmitError, SubmitOptions, submit};
use keruta_submitter::{Attempt, Cause, Evidence, Outcome, Verdict};
use tokio::sync::Semaphore;

use super::journal::SharedJournal;
use super::prepare::{PrepareError, Prepared, prepare};
use super::tokens::{TaskTokens, TokenError};
use crate::operation::TaskTokenKind;
use crate::store::{AttemptStatus, InFlight, StoreError};
use crate::task::{QueueState, StoredTask};

/// How many attempts are submitted or ended at once.
const AT_ONCE: usize = 16;

/// The pauses before a task that could not be submitted is tried again.
const HELD_BACK: Backoff =
    Backoff { first: Duration::from_secs(5), longest: Duration::from_mins(5), total: Duration::MAX };
/// Within one try: what passes by itself is a matter of seconds.
const WITHIN: Backoff =
    Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(5), total: Duration::from_secs(20) };

/// What is to be done with an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Work {
    /// It is to get its Job.
    Submit(Attempt),
    /// It is to end.
    Stop(Attempt),
}

impl Work {
    pub(super) const fn attempt(&self) -> &Attempt {
        match self {
            Self::Submit(attempt) | Self::Stop(attempt) => attempt,
        }
    }
}

/// Submits and ends attempts.
pub(super) struct Submitter {
    cluster: Cluster,
    journal: SharedJournal,
    metrics: Arc<Metrics>,
    tokens: Option<TaskTokens>,
    places: Semaphore,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    under_way: HashSet<Work>,
    /// Orders that stand already.
    stopped: HashSet<Attempt>,
    /// Attempts that the followers know.
    expected: HashSet<Attempt>,
    failures: HashMap<Attempt, u32>,
}

impl Submitter {
    pub(super) fn new(
        cluster: &Cluster,
        journal: &SharedJournal,
        metrics: &Arc<Metrics>,
        tokens: Option<TaskTokens>,
    ) -> Self {
        Self {
            cluster: cluster.clone(),
            journal: Arc::clone(journal),
            metrics: Arc::clone(metrics),
            tokens,
            places: Semaphore::new(AT_ONCE),
            memory: Mutex::default(),
        }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note that something begins; `false` where it is under way, or done.
    pub(super) fn start(&self, work: &Work) -> bool {
        let mut memory = self.memory();
        let is_done = matches!(work, Work::Stop(attempt) if memory.stopped.contains(attempt));
        !is_done && memory.under_way.insert(work.clone())
    }

    pub(super) fn end(&self, work: &Work) {
        self.memory().under_way.remove(work);
    }

    /// Whether no follower of this session knows of an attempt yet; it does from now on.
    pub(super) fn is_unexpected(&self, task: &InFlight) -> bool {
        let (namespace, task_id) = (task.namespace.clone(), task.id.clone());
        self.memory().expected.insert(Attempt { namespace, task: task_id, number: task.attempt })
    }

    pub(super) async fn carry_out(&self, work: &Work, settings: &Settings, follower: Option<&FollowHandle>) {
        // The semaphore is never closed.
        let Ok(_place) = self.places.acquire().await else { return };
        let done = match work {
            Work::Submit(attempt) => self.submit(attempt, settings, follower).await,
            Work::Stop(attempt) => self.stop(attempt, settings, follower).await,
        };
        if let Err(error) = done {
            tracing::warn!(attempt = %work.attempt(), %error, "what became of an attempt could not be kept; again soon");
        }
    }

    async fn submit(
        &self,
        attempt: &Attempt,
        settings: &Settings,
        follower: Option<&FollowHandle>,
    ) -> Result<(), StoreError> {
        let Some(task) = self.claimed(attempt).await? else { return Ok(()) };
        let prepared = match prepare(&task, settings, self.token_kind()) {
            Ok(prepared) => prepared,
            Err(error) => return self.reject(attempt, &told(&error), None).await,
        };
        match self.give_token(attempt, &prepared).await {
            Ok(()) => {}
            Err(TokenError::Store(error)) => return Err(error),
            Err(error) => return self.hold_back(attempt, &error.to_string()).await,
        }
        let options = SubmitOptions { follow: true, enabled: settings.enabled, backoff: WITHIN };
        let began = Instant::now();
        let submitted = submit(&self.cluster, &*self.journal, &prepared.bundle, &options, Timestamp::now()).await;
        self.metrics.submitted(if submitted.is_ok() { "created" } else { "failed" }, began.elapsed());
        match submitted {
            // A Job that was there and is gone ends in the follower's verdict.
            Ok(_) | Err(SubmitError::HadAJob { .. }) => {
                self.memory().failures.remove(attempt);
                let (job, now) = (prepared.bundle.job_name(), Timestamp::now());
                let (store, epoch) = (&self.journal.store, self.journal.epoch);
                store.submitted(&attempt.task, attempt.number, job, &prepared.manifest, epoch, now).await?;
                if let Some(follower) = follower {
                    follower.expect(attempt.clone(), job);
                }
                Ok(())
            }
            Err(error) => self.not_submitted(attempt, error, prepared.token_secret.as_deref()).await,
        }
    }

    fn token_kind(&self) -> TaskTokenKind {
        self.tokens.as_ref().map_or(TaskTokenKind::Shared, TaskTokens::kind)
    }

    /// Makes the Secret that the attempt's Job names.
    async fn give_token(&self, attempt: &Attempt, prepared: &Prepared) -> Result<(), TokenError> {
        let (Some(tokens), Some(secret)) = (&self.tokens, &prepared.token_secret) else { return Ok(()) };
        let labels = prepared.bundle.job.metadata.labels.clone().unwrap_or_default();
        tokens.give(&self.cluster, attempt, &labels, (secret, self.journal.epoch), WITHIN).await
    }

    /// The task of an attempt that is to be submitted.
    async fn claimed(&self, attempt: &Attempt) -> Result<Option<StoredTask>, StoreError> {
        let task = self.journal.store.task(&attempt.task).await?;
        Ok((task.state == QueueState::Claimed && task.attempt == attempt.number).then_some(task))
    }

    async fn not_submitted(
        &self,
        attempt: &Attempt,
        error: SubmitError,
        secret: Option<&str>,
    ) -> Result<(), StoreError> {
        let cure = error.cure();
        if let (SubmitError::Refused { .. }, Some(tokens), Some(secret)) = (&error, &self.tokens, secret) {
            // It may wait for days for its next try.
            tokens.renew(attempt, secret, self.journal.epoch).await?;
        }
        match &error {
            SubmitError::Cancelled { .. } => {
                let evidence = Evidence { summary: error.to_string(), ..Evidence::default() };
                let verdict = Verdict { outcome: Outcome::Cancelled, retryable: false, evidence };
                self.end_with(attempt, &verdict).await
            }
            SubmitError::Ledger(LedgerError::Store { source, .. })
                if matches!(source.downcast_ref(), Some(StoreError::Fenced)) =>
            {
                Err(StoreError::Fenced)
            }
            SubmitError::Conflict { .. }
            | SubmitError::ClaimMissing { .. }
            | SubmitError::Refused {
                error:
                    ClusterError::Invalid { .. } | ClusterError::TooLarge { .. } | ClusterError::AdmissionDenied { .. },
                ..
            } => self.reject(attempt, &error.to_string(), Some(cure)).await,
            // Quota, rights, a namespace that is missing, a cluster that does not answer: all may be mended meanwhile.
            _ => self.hold_back(attempt, &error.to_string()).await,
        }
    }

    async fn hold_back(&self, attempt: &Attempt, why: &str) -> Result<(), StoreError> {
        let failures = {
            let mut memory = self.memory();
            let failures = memory.failures.entry(attempt.clone()).or_default();
            *failures = failures.saturating_add(1);
            *failures - 1
        };
        let pause = HELD_BACK.wait(failures, jitter(seed(&attempt.task), failures));
        let now = Timestamp::now();
        let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
        let again = now.checked_add(pause).unwrap_or(Timestamp::MAX);
        tracing::info!(%attempt, why, %again, "held back");
        let (store, epoch) = (&self.journal.store, self.journal.epoch);
        store.hold_back(&attempt.task, epoch, why, again, now).await
    }

    async fn reject(&self, attempt: &Attempt, summary: &str, cure: Option<String>) -> Result<(), StoreError> {
        let evidence = Evidence { summary: summary.to_owned(), cure, ..Evidence::default() };
        let verdict = Verdict { outcome: Outcome::Failed(Cause::Rejected), retryable: false, evidence };
        self.end_with(attempt, &verdict).await
    }

    async fn end_with(&self, attempt: &Attempt, verdict: &Verdict) -> Result<(), StoreError> {
        let change = AttemptStatus {
            task: &attempt.task,
            attempt: attempt.number,
            status: if verdict.outcome == Outcome::Cancelled { TaskStatus::Cancelled } else { TaskStatus::Failed },
            // A verdict is made of texts and numbers: always JSON.
            verdict: serde_json::to_value(verdict).ok(),
            reason: Some(&verdict.evidence.summary),
            at: Timestamp::now(),
        };
        self.journal.store.status_from_cluster(&change, self.journal.epoch).await
    }

    /// Ends an attempt, whether it has its Job already or not.
    async fn stop(
        &self,
        attempt: &Attempt,
        settings: &Settings,
        follower: Option<&FollowHandle>,
    ) -> Result<(), StoreError> {
        let task = self.journal.store.task(&attempt.task).await?;
        let Some(cancel) = task.cancel.as_ref().filter(|_| task.attempt == attempt.number) else { return Ok(()) };
        let target = match prepare(&task, settings, self.token_kind()) {
            Ok(prepared) => StopTarget::of_bundle(&prepared.bundle),
            // It cannot have a Job.
            Err(error) => return self.reject(attempt, &told(&error), None).await,
        };
        let evidence = Evidence { summary: format!("it was cancelled by {}", cancel.by), ..Evidence::default() };
        let verdict = Verdict { outcome: Outcome::Cancelled, retryable: false, evidence };
        let order = Stop { verdict: verdict.clone(), at: cancel.at, by: cancel.by.clone() };
        let now = Timestamp::now();
        match stop(&self.cluster, &*self.journal, &target, &order, WITHIN, now).await {
            Ok(stopped) => {
                self.memory().stopped.insert(attempt.clone());
                if let Stopped::Tombstone { .. } = stopped {
                    // Nothing ran and nothing will.
                    return self.end_with(attempt, &verdict).await;
                }
                if let Some(follower) = follower {
                    follower.expect(attempt.clone(), &target.job);
                }
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%attempt, %error, "an attempt could not be ended; again soon");
                tokio::time::sleep(WITHIN.longest).await;
                Ok(())
            }
        }
    }
}

/// All problems of a task in one text.
fn told(error: &PrepareError) -> String {
    error.to_string()
}

//! Submits an attempt: its ConfigMap, claim and Job, each once, whatever breaks in between.
//!
//! The order makes every half-done state findable: the intent is in the ledger before anything is in the cluster; the Job's
//! name follows from the attempt, so that a repetition meets it; its uid is recorded before it is told to anybody; and an
//! attempt whose uid is recorded is never created again.

mod compare;
mod error;
mod objects;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use keruta_manifest::well_known;
use tokio::time::Instant;

use crate::bundle::{Bundle, task_label};
use crate::cluster::{Backoff, Cluster, ClusterError, Object, jitter, seed};
use crate::journal::{Ledger, LedgerError};
pub(crate) use compare::set_finalizer;
use compare::{Existing, compare};
pub use error::SubmitError;
use objects::{Made, uid_of};

/// How to submit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitOptions {
    /// Whether somebody will follow the Job: its Pods then get a finalizer that keeps their end visible until it was seen.
    pub follow: bool,
    /// Whether tasks are run at all (the settings' `enabled`).
    pub enabled: bool,
    /// How long to go on where the cluster does not answer.
    pub backoff: Backoff,
}

impl Default for SubmitOptions {
    fn default() -> Self {
        Self { follow: false, enabled: true, backoff: Backoff::default() }
    }
}

/// A submitted attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// The Job's name.
    pub job: String,
    /// The Job's uid.
    pub job_uid: String,
    /// Whether it is new.
    pub created: Created,
}

/// Whether a submitted Job is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// This call created it.
    Created,
    /// It was there: the same attempt of the same task, doing the same.
    AlreadyThere,
}

/// Submits an attempt. Calling it again, or from two processes at once, leaves one Job.
///
/// # Errors
///
/// Why the attempt has no Job, or has had one; see [`SubmitError`].
pub async fn submit(
    cluster: &Cluster,
    ledger: &dyn Ledger,
    bundle: &Bundle,
    options: &SubmitOptions,
    now: Timestamp,
) -> Result<Submitted, SubmitError> {
    if !options.enabled {
        return Err(SubmitError::Disabled);
    }
    let seed = seed(bundle.job_name());
    let mut submission = Submission { cluster, ledger, bundle, options, now, seed, made: Vec::new() };
    // Boxed: whole objects live across its waits, and many are submitted at once.
    Box::pin(submission.run()).await
}

/// One call of [`submit`].
struct Submission<'a> {
    cluster: &'a Cluster,
    ledger: &'a dyn Ledger,
    bundle: &'a Bundle,
    options: &'a SubmitOptions,
    now: Timestamp,
    seed: u64,
    made: Vec<Made>,
}

impl Submission<'_> {
    async fn run(&mut self) -> Result<Submitted, SubmitError> {
        let bundle = self.bundle;
        match self.ledger.lookup(&bundle.attempt).await? {
            Some(crate::journal::Submission { job_uid: Some(uid), .. }) => {
                return self.recorded(&uid, Created::AlreadyThere).await;
            }
            // A call before this one did not come to its end: the Job may be there, or may have been.
            Some(crate::journal::Submission { job_uid: None, .. }) => {
                if let Some(submitted) = self.made_before(Created::AlreadyThere).await? {
                    return Ok(submitted);
                }
            }
            None => self.ledger.intend(&bundle.attempt, self.now).await?,
        }
        // What was made before something else than a refusal stays for the next call, which finds it.
        Box::pin(self.make()).await
    }

    async fn make(&mut self) -> Result<Submitted, SubmitError> {
        let bundle = self.bundle;
        if let Some(config_map) = &bundle.config_map {
            self.config_map(config_map).await?;
        }
        if let Err(error) = self.claims(bundle).await {
            return Err(self.without_claim(error).await);
        }
        let mut job = bundle.job.clone();
        set_finalizer(&mut job, self.options.follow);
        match self.create_job(&job).await? {
            Ok(submitted) => Ok(submitted),
            Err(error) if error.is_refusal() => {
                // Quota is asked before names: the refusal may be of a second Job of this name.
                match self.get::<Job>(bundle.job_name()).await {
                    Ok(Some(job)) => return self.found(&job, Created::AlreadyThere).await,
                    Ok(None) => {}
                    // Who may not even look is told the first right that is missing.
                    Err(SubmitError::Cluster(ClusterError::Forbidden { .. })) => {
                        return Err(SubmitError::Refused { error, removed: Vec::new() });
                    }
                    Err(unknown) => return Err(unknown),
                }
                let removed = self.take_back().await;
                // Somebody else may have submitted the attempt meanwhile, and counted on what was taken back.
                if let Some(job) = self.get::<Job>(bundle.job_name()).await? {
                    self.claims(bundle).await?;
                    return self.found(&job, Created::AlreadyThere).await;
                }
                Err(SubmitError::Refused { error, removed })
            }
            Err(error) => Err(SubmitError::Cluster(error)),
        }
    }

    /// Creates the Job, and says why not where the cluster will not have it or does not answer for too long. A create whose
    /// answer was lost may have made a Job that somebody has deleted since: it is sent again only where nothing tells of one.
    async fn create_job(&self, job: &Job) -> Result<Result<Submitted, ClusterError>, SubmitError> {
        let (start, backoff) = (Instant::now(), &self.options.backoff);
        let (mut failures, mut created) = (0, Created::AlreadyThere);
        loop {
            // Somebody may have cancelled the attempt, or submitted it, since the ledger was asked.
            let known = self.ledger.lookup(&self.bundle.attempt).await?.and_then(|known| known.job_uid);
            if let Some(uid) = known {
                return self.recorded(&uid, created).await.map(Ok);
            }
            let error = match self.cluster.create(&self.bundle.attempt.namespace, job).await {
                Ok(job) => return self.record_new(&job).await.map(Ok),
                Err(ClusterError::AlreadyExists { .. }) => {
                    return match self.get::<Job>(self.bundle.job_name()).await? {
                        Some(job) => self.found(&job, created).await.map(Ok),
                        None => Err(self.had_a_job("it was there a moment ago".to_owned())),
                    };
                }
                Err(error) => error,
            };
            let wait = backoff.next(&error, failures, start.elapsed(), jitter(self.seed, failures));
            if let Some(wait) = wait {
                tracing::debug!(%error, ?wait, "asking again");
                tokio::time::sleep(wait).await;
            }
            if error.may_have_taken_effect() {
                created = Created::Created;
                if let Some(submitted) = self.made_before(created).await? {
                    return Ok(Ok(submitted));
                }
            }
            if wait.is_none() {
                return Ok(Err(error));
            }
            failures += 1;
        }
    }

    /// What became of a create of which nothing is known, where anything tells of its Job.
    async fn made_before(&self, created: Created) -> Result<Option<Submitted>, SubmitError> {
        let bundle = self.bundle;
        // The Pods first: one that is seen now has a Job that is there now, or is gone for good.
        let witness = self.witness().await?;
        if let Some(job) = self.get::<Job>(bundle.job_name()).await? {
            return self.found(&job, created).await.map(Some);
        }
        // A follower may have recorded it, and let its Pods go, since the ledger was asked.
        let known = self.ledger.lookup(&bundle.attempt).await?.and_then(|known| known.job_uid);
        if let Some(uid) = known {
            return self.recorded(&uid, created).await.map(Some);
        }
        match witness {
            Some((pod, job_uid)) => Err(self.left_behind(&job_uid, format!("its Pod {pod} is still there")).await),
            None => Ok(None),
        }
    }

    /// A Job of which only something that it left tells: recorded, so that it is known when that is gone too.
    async fn left_behind(&self, job_uid: &str, by: String) -> SubmitError {
        match self.ledger.created(&self.bundle.attempt, job_uid, self.now).await {
            // Whichever it was, there was one.
            Ok(()) | Err(LedgerError::OtherJob { .. }) => self.had_a_job(by),
            Err(error) => error.into(),
        }
    }

    /// An attempt whose Job is on record: there, or never again.
    async fn recorded(&self, uid: &str, created: Created) -> Result<Submitted, SubmitError> {
        match self.get::<Job>(self.bundle.job_name()).await? {
            Some(job) if job.metadata.uid.as_deref() == Some(uid) => self.found(&job, created).await,
            Some(_) => Err(self.had_a_job(format!("its uid was {uid}, and the Job of that name is another one"))),
            None => Err(self.had_a_job(format!("its uid was {uid}"))),
        }
    }

    /// A Job of the attempt's name.
    async fn found(&self, job: &Job, created: Created) -> Result<Submitted, SubmitError> {
        match compare(job, self.bundle) {
            Existing::Same => self.record(job, created).await,
            Existing::Cancelled(stop) => {
                // What was made for it goes with the Job that stands for it.
                if let Some(config_map) = &self.bundle.config_map {
                    self.own(config_map, job, false).await;
                }
                Err(SubmitError::Cancelled { attempt: self.bundle.attempt.clone(), stop })
            }
            Existing::Other(differences) => {
                Err(SubmitError::Conflict { object: format!("Job {}", self.bundle.job_name()), differences })
            }
        }
    }

    async fn record(&self, job: &Job, created: Created) -> Result<Submitted, SubmitError> {
        let job_uid = uid_of(&job.metadata);
        match self.ledger.created(&self.bundle.attempt, &job_uid, self.now).await {
            Ok(()) => {}
            Err(LedgerError::OtherJob { recorded, .. }) => {
                return Err(self.had_a_job(format!("its uid was {recorded}, and the Job of that name is another one")));
            }
            Err(error) => return Err(error.into()),
        }
        if let Some(config_map) = &self.bundle.config_map {
            self.own(config_map, job, true).await;
        }
        Ok(Submitted { job: self.bundle.job_name().to_owned(), job_uid, created })
    }

    /// The Job that this call has just created; unless the attempt had one already, which was gone before.
    async fn record_new(&self, job: &Job) -> Result<Submitted, SubmitError> {
        let recorded = self.record(job, Created::Created).await;
        if let Err(SubmitError::HadAJob { .. }) = &recorded {
            let (name, uid) = (self.bundle.job_name(), uid_of(&job.metadata));
            let delete = || self.cluster.delete::<Job>(&self.bundle.attempt.namespace, name, &uid);
            if let Err(error) = self.options.backoff.retry(self.seed, delete).await {
                tracing::error!(attempt = %self.bundle.attempt, job = name, uid, %error, "a second Job could not be deleted");
            }
        }
        recorded
    }

    /// A Pod of a Job of this name, which says that there was one; with that Job's uid.
    async fn witness(&self) -> Result<Option<(String, String)>, SubmitError> {
        let task = task_label(&self.bundle.job.metadata).unwrap_or_default();
        let selector = format!("{}={},{}={task}", well_known::APP, well_known::APP_NAME, well_known::TASK_ID);
        let list = || self.cluster.list::<Pod>(&self.bundle.attempt.namespace, &selector);
        let pods = self.options.backoff.retry(self.seed, list).await.map_err(SubmitError::Cluster)?;
        Ok(pods.into_iter().find_map(|pod| {
            let mut owners = pod.metadata.owner_references.into_iter().flatten();
            let owner = owners.find(|owner| owner.kind == "Job" && owner.name == self.bundle.job_name())?;
            Some((pod.metadata.name.unwrap_or_default(), owner.uid))
        }))
    }

    fn had_a_job(&self, by: String) -> SubmitError {
        SubmitError::HadAJob { attempt: self.bundle.attempt.clone(), by }
    }

    /// A ConfigMap or claim that could not be created: without a Job, so what was made before it goes.
    async fn refused(&mut self, error: ClusterError) -> SubmitError {
        if !error.is_refusal() {
            return SubmitError::Cluster(error);
        }
        match self.get::<Job>(self.bundle.job_name()).await {
            Ok(None) => SubmitError::Refused { removed: self.take_back().await, error },
            _ => SubmitError::Refused { removed: Vec::new(), error },
        }
    }

    /// The workspace is not there or not the task's.
    async fn without_claim(&mut self, error: SubmitError) -> SubmitError {
        let is_final = matches!(
            error,
            SubmitError::ClaimMissing { .. } | SubmitError::ClaimTerminating { .. } | SubmitError::Conflict { .. }
        );
        if is_final && matches!(self.get::<Job>(self.bundle.job_name()).await, Ok(None)) {
            self.take_back().await;
        }
        error
    }

    async fn get<K: Object>(&self, name: &str) -> Result<Option<K>, SubmitError> {
        let namespace = &self.bundle.attempt.namespace;
        let get = || self.cluster.get::<K>(namespace, name);
        self.options.backoff.retry(self.seed, get).await.map_err(SubmitError::Cluster)
    }

    async fn create<K: Object>(&self, object: &K) -> Result<K, ClusterError> {
        let namespace = &self.bundle.attempt.namespace;
        self.options.backoff.retry(self.seed, || self.cluster.create(namespace, object)).await
    }
}

#[cfg(test)]
mod tests;

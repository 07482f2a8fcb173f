//! What must not be in logs and verdicts: what is known beforehand, and the Secrets that each Pod refers to.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use tokio::time::Instant;

use crate::cluster::{Backoff, Cluster, jitter, seed};
use crate::logs::Redactor;
use crate::observe::{ObservedPod, redact_messages, withhold_messages};
use crate::secrets::{SecretError, SecretRef, SecretValue, read, references};

/// How long what was read is taken for what is there: the containers of a Pod start one after the other.
const FRESH: Duration = Duration::from_secs(5);

/// How long a Secret is asked for.
const PATIENCE: Backoff =
    Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(15), total: Duration::from_secs(300) };

/// What must not be in logs and verdicts.
pub(super) struct Secrets {
    cluster: Cluster,
    namespace: String,
    /// For what is known beforehand.
    redactor: Arc<Redactor>,
    /// Whether the Secrets that Pods refer to are read.
    of_pods: bool,
    /// What was read, by what was referred to: most Pods refer to the same.
    known: Mutex<HashMap<Box<[SecretRef]>, Known>>,
}

/// What was read of some Secrets.
#[derive(Clone)]
struct Known {
    /// All values that they ever had.
    values: Vec<SecretValue>,
    redactor: Arc<Redactor>,
    read_at: Instant,
}

impl Secrets {
    pub(super) fn new(cluster: &Cluster, namespace: &str, redactor: &Arc<Redactor>, of_pods: bool) -> Self {
        let (cluster, namespace, redactor) = (cluster.clone(), namespace.to_owned(), Arc::clone(redactor));
        Self { cluster, namespace, redactor, of_pods, known: Mutex::default() }
    }

    /// What matters of a Pod, without secrets. Messages that may quote Secrets which were not read yet are left out.
    pub(super) fn observe(&self, mut pod: Pod) -> Option<ObservedPod> {
        let referred = self.referred(&pod);
        if referred.is_empty() {
            redact_messages(&mut pod, &self.redactor);
            return ObservedPod::of(&pod);
        }
        let withheld = if let Some(known) = self.known(&referred) {
            redact_messages(&mut pod, &known.redactor);
            false
        } else {
            withhold_messages(&mut pod)
        };
        Some(ObservedPod { secrets: referred, withheld, ..ObservedPod::of(&pod)? })
    }

    /// The same for Pods whose Secrets are read before, where they are not known.
    ///
    /// # Errors
    ///
    /// Where it may help to try again. A Secret that may not be read leaves the messages out.
    pub(super) async fn observe_all(&self, pods: Vec<Pod>) -> Result<Vec<ObservedPod>, SecretError> {
        let referred: BTreeSet<Box<[SecretRef]>> = pods.iter().map(|pod| self.referred(pod)).collect();
        for referred in referred.iter().filter(|referred| !referred.is_empty() && self.known(referred).is_none()) {
            match self.read(referred).await {
                Err(error) if error.source.is_transient() => return Err(error),
                Err(error) => tracing::warn!(%error, "the last words of containers are left out"),
                Ok(_) => {}
            }
        }
        Ok(pods.into_iter().filter_map(|pod| self.observe(pod)).collect())
    }

    /// What looks for all that a container may have been given, for its log.
    ///
    /// # Errors
    ///
    /// A Secret that may not, or for long could not, be read.
    pub(super) async fn redactor(&self, referred: &[SecretRef]) -> Result<Arc<Redactor>, SecretError> {
        if referred.is_empty() {
            return Ok(Arc::clone(&self.redactor));
        }
        if let Some(known) = self.known(referred).filter(|known| known.read_at.elapsed() < FRESH) {
            return Ok(known.redactor);
        }
        let start = Instant::now();
        let mut failures = 0;
        loop {
            let error = match self.read(referred).await {
                Ok(redactor) => return Ok(redactor),
                Err(error) => error,
            };
            let spread = jitter(seed(&error.name), failures);
            let Some(wait) = PATIENCE.next(&error.source, failures, start.elapsed(), spread) else { return Err(error) };
            tracing::warn!(%error, ?wait, "a log waits");
            tokio::time::sleep(wait).await;
            failures += 1;
        }
    }

    fn referred(&self, pod: &Pod) -> Box<[SecretRef]> {
        let spec = pod.spec.as_ref().filter(|_| self.of_pods);
        spec.map(references).unwrap_or_default().into_iter().collect()
    }

    fn known(&self, referred: &[SecretRef]) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(referred).cloned()
    }

    async fn read(&self, referred: &[SecretRef]) -> Result<Arc<Redactor>, SecretError> {
        let wanted = referred.iter().cloned().collect();
        let read = read(&self.cluster, &self.namespace, &wanted).await?;
        let read_at = Instant::now();
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(referred.into()).or_insert_with(|| Known {
            values: Vec::new(),
            redactor: Arc::clone(&self.redactor),
            read_at,
        });
        known.read_at = read_at;
        let fresh: Vec<SecretValue> = read.into_iter().filter(|value| !known.values.contains(value)).collect();
        if !fresh.is_empty() {
            match known.redactor.with(&fresh) {
                Ok(redactor) => known.redactor = Arc::new(redactor),
                // Billions of bytes, where a Secret has at most one million.
                Err(error) => tracing::error!(%error, "Secrets are not redacted"),
            }
            known.values.extend(fresh);
        }
        Ok(Arc::clone(&known.redactor))
    }
}

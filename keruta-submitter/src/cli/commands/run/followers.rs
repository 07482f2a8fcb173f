//! One follower for each namespace, for as long as tasks of it are under way.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use keruta_manifest::well_known;
use keruta_submitter::Attempt;
use keruta_submitter::bundle::Bundle;
use keruta_submitter::classify::Policy;
use keruta_submitter::cluster::Cluster;
use keruta_submitter::follow::{FollowError, FollowHandle, FollowOptions, Follower, LogOptions, Silence};
use keruta_submitter::journal::{Journal, Ledger, Tee};
use keruta_submitter::logs::Redactor;
use keruta_submitter::watch::WatchError;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::super::super::failure::Failure;
use super::super::super::view::ViewJournal;
use super::super::journal;
use super::Course;

/// More tasks than these are not named one by one: all of the namespace are watched then.
const NAMED: usize = 64;

/// The followers.
pub(super) struct Followers {
    cluster: Cluster,
    journal: Arc<dyn Journal>,
    ledger: Arc<dyn Ledger>,
    logs: bool,
    redactor: Arc<Redactor>,
    policy: Policy,
    /// Which Jobs and Pods, by namespace.
    selectors: HashMap<String, String>,
    handles: HashMap<String, FollowHandle>,
    running: JoinSet<(String, Result<(), FollowError>)>,
    shutdown: CancellationToken,
    silence: Silence,
}

impl Followers {
    pub(super) fn new(
        cluster: Cluster,
        view: Arc<ViewJournal>,
        ledger: Arc<dyn Ledger>,
        course: &Course,
        bundles: &[Bundle],
    ) -> Result<Self, Failure> {
        let logs = course.wait.as_ref().is_some_and(|wait| wait.logs);
        let kept_in = course.wait.as_ref().and_then(|wait| Some((wait.journal.as_ref()?, &wait.journal_token)));
        let journal: Arc<dyn Journal> = match kept_in {
            Some((place, token)) => Arc::new(Tee::new(journal::open(place, token)?, vec![view])),
            None => view,
        };
        Ok(Self {
            cluster,
            journal,
            ledger,
            logs: logs || kept_in.is_some(),
            redactor: Arc::clone(&course.redactor),
            policy: Policy { grace: course.grace.clone(), ..Policy::default() },
            selectors: selectors(bundles),
            handles: HashMap::new(),
            running: JoinSet::new(),
            shutdown: CancellationToken::new(),
            silence: Silence::default(),
        })
    }

    /// Has an attempt followed from now on.
    pub(super) fn expect(&mut self, attempt: Attempt, job: String) {
        if let Some(handle) = self.handles.get(&attempt.namespace) {
            handle.expect(attempt, job);
            return;
        }
        let namespace = attempt.namespace.clone();
        let mut options = FollowOptions::new(&namespace);
        if let Some(selector) = self.selectors.get(&namespace) {
            options.label_selector.clone_from(selector);
        }
        options.policy = self.policy.clone();
        options.logs = self.logs.then(LogOptions::default);
        options.redactor = Arc::clone(&self.redactor);
        options.until_ended = true;
        options.silence = Some(self.silence.clone());
        let follower = Follower::new(self.cluster.clone(), Arc::clone(&self.journal), options)
            .with_ledger(Arc::clone(&self.ledger));
        let handle = follower.handle();
        handle.expect(attempt, job);
        self.handles.insert(namespace.clone(), handle);
        let shutdown = self.shutdown.clone();
        self.running.spawn(async move { (namespace, follower.run(shutdown).await) });
    }

    /// Where it is told that nothing is heard from the cluster.
    pub(super) fn silence(&self) -> watch::Receiver<Option<Arc<WatchError>>> {
        self.silence.subscribe()
    }

    /// The next follower that has ended; its refusal, if that is why.
    pub(super) async fn next(&mut self) -> Option<Option<FollowError>> {
        let ended = self.running.join_next().await?;
        let Ok((namespace, result)) = ended else { return Some(None) };
        self.handles.remove(&namespace);
        Some(result.err())
    }

    /// Follows what a follower that has ended did not hear of any more.
    pub(super) fn start_again<'a>(&mut self, under_way: impl Iterator<Item = (&'a Attempt, &'a str)>) {
        for (attempt, job) in under_way {
            if !self.handles.contains_key(&attempt.namespace) {
                self.expect(attempt.clone(), job.to_owned());
            } else if let Some(handle) = self.handles.get(&attempt.namespace) {
                // It may have been told before; that does no harm.
                handle.expect(attempt.clone(), job);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Ends all of them, also where the tasks go on.
    pub(super) async fn shutdown(&mut self) {
        self.shutdown.cancel();
        let ended = async { while self.running.join_next().await.is_some() {} };
        // What hangs is dropped.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(5), ended).await;
        self.running.abort_all();
    }
}

/// As few Jobs and Pods as one watch can name.
fn selectors(bundles: &[Bundle]) -> HashMap<String, String> {
    let mut labels: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for bundle in bundles {
        let label = bundle.job.metadata.labels.as_ref().and_then(|labels| labels.get(well_known::TASK_ID));
        labels.entry(&bundle.attempt.namespace).or_default().extend(label.map(String::as_str));
    }
    let named = labels.into_iter().filter(|(_, labels)| labels.len() <= NAMED);
    let selector = |labels: Vec<&str>| {
        format!("{}={},{} in ({})", well_known::APP, well_known::APP_NAME, well_known::TASK_ID, labels.join(","))
    };
    named.map(|(namespace, labels)| (namespace.to_owned(), selector(labels))).collect()
}

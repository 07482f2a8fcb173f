//! One list, and the watch that goes on from it.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt;
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::{Api, Resource, ResourceExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::{Change, WatchError, WatchOptions, uid_of};
use crate::cluster::{Action, Cluster, Object, Verb};

/// Where a watch stands.
pub(super) struct Session<'a, K> {
    cluster: &'a Cluster,
    namespace: &'a str,
    api: Api<K>,
    options: &'a WatchOptions,
    /// The version to go on from; none where a list is due.
    version: Option<String>,
    listed: Instant,
    /// The version at which each object was passed on, so that an event that comes late or twice changes nothing.
    passed: HashMap<Box<str>, u128>,
    /// The newest version that was heard of.
    newest: u128,
    /// How many lists in a row were older than that.
    stale: u32,
}

/// So many lists in a row are not stale: the cluster was set back, by a backup that was restored.
const SET_BACK: u32 = 5;

impl<'a, K> Session<'a, K>
where
    K: Object + Send + Sync + 'static,
{
    pub(super) fn new(cluster: &'a Cluster, namespace: &'a str, options: &'a WatchOptions) -> Self {
        let api = cluster.api(namespace);
        let (listed, passed) = (Instant::now(), HashMap::new());
        Self { cluster, namespace, api, options, version: None, listed, passed, newest: 0, stale: 0 }
    }

    fn action(&self, verb: Verb) -> Action {
        Action::on::<K>(verb, self.namespace, None)
    }

    fn error(&self, error: kube::Error) -> WatchError {
        self.cluster.error(self.action(Verb::Watch), error).into()
    }

    /// Lists if that is due, then watches until something ends it: `None` where that was to be expected. Also says whether
    /// anything came.
    pub(super) async fn run<O>(
        &mut self,
        condense: &impl Fn(K) -> Option<O>,
        changes: &mpsc::Sender<Change<O>>,
    ) -> (Option<WatchError>, bool) {
        let mut progress = false;
        let ended = self.list_and_watch(condense, changes, &mut progress).await;
        if matches!(ended, Err(WatchError::Gone)) {
            self.version = None;
        }
        (ended.err(), progress)
    }

    async fn list_and_watch<O>(
        &mut self,
        condense: &impl Fn(K) -> Option<O>,
        changes: &mpsc::Sender<Change<O>>,
        progress: &mut bool,
    ) -> Result<(), WatchError> {
        if self.listed.elapsed() >= self.options.relist {
            self.version = None;
        }
        let version = match self.version.take() {
            Some(version) => version,
            None => self.list(condense, changes).await?,
        };
        self.version = Some(version.clone());
        self.watch(&version, condense, changes, progress).await
    }

    /// Lists all objects, page by page, and says at which version they are.
    async fn list<O>(
        &mut self,
        condense: &impl Fn(K) -> Option<O>,
        changes: &mpsc::Sender<Change<O>>,
    ) -> Result<String, WatchError> {
        // Without a version the server answers with the newest state, never with an old one from its cache:
        // https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list
        let mut params = ListParams::default().labels(&self.options.label_selector).limit(self.options.page_size);
        let mut passed = HashMap::new();
        send(changes, Change::ListBegan).await;
        loop {
            let page = self.cluster.call(self.action(Verb::List), self.api.list(&params)).await?;
            let listed = page.metadata.resource_version.as_deref().and_then(|version| version.parse().ok());
            self.is_new(listed)?;
            for object in page.items {
                if let Some(version) = version_of(&object) {
                    passed.insert(uid_of(&object).into(), version);
                }
                let uid = uid_of(&object);
                if let Some(object) = condense(object) {
                    send(changes, Change::Seen { uid, object }).await;
                }
            }
            let Some(token) = page.metadata.continue_.filter(|token| !token.is_empty()) else {
                send(changes, Change::ListEnded).await;
                self.passed = passed;
                self.listed = Instant::now();
                return Ok(page.metadata.resource_version.unwrap_or_default());
            };
            params = params.continue_token(&token);
        }
    }

    /// Whether a list shows what is newer than all that was seen. What it does not show would be taken for gone.
    fn is_new(&mut self, listed: Option<u128>) -> Result<(), WatchError> {
        let Some(listed) = listed else { return Ok(()) };
        if listed < self.newest && self.stale < SET_BACK {
            self.stale += 1;
            return Err(WatchError::Stale);
        }
        (self.newest, self.stale) = (listed, 0);
        Ok(())
    }

    async fn watch<O>(
        &mut self,
        version: &str,
        condense: &impl Fn(K) -> Option<O>,
        changes: &mpsc::Sender<Change<O>>,
        progress: &mut bool,
    ) -> Result<(), WatchError> {
        let WatchOptions { label_selector, session, idle, relist, .. } = self.options;
        let seconds = u32::try_from(session.as_secs()).unwrap_or(240).clamp(1, 290);
        let params = WatchParams::default().labels(label_selector).timeout(seconds);
        let events = self.cluster.call(self.action(Verb::Watch), self.api.watch(&params, version)).await?;
        send(changes, Change::Resumed).await;
        let mut events = std::pin::pin!(events);
        let until = self.listed + *relist;
        loop {
            // A session that the server does not end by itself is ended where a list is due.
            let deadline = until.min(Instant::now() + *idle);
            let Ok(event) = timeout_at(deadline, events.next()).await else {
                return if Instant::now() >= until { Ok(()) } else { Err(WatchError::Stalled { after: *idle }) };
            };
            match event {
                // The server's own time limit. One that ends watches at once must not be asked in a tight loop.
                None => {
                    if !*progress {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    return Ok(());
                }
                Some(Ok(event)) => {
                    *progress = true;
                    self.pass(event, condense, changes).await?;
                }
                Some(Err(error)) => return Err(self.error(error)),
            }
        }
    }

    async fn pass<O>(
        &mut self,
        event: WatchEvent<K>,
        condense: &impl Fn(K) -> Option<O>,
        changes: &mpsc::Sender<Change<O>>,
    ) -> Result<(), WatchError> {
        let (object, gone) = match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => (object, false),
            WatchEvent::Deleted(object) => (object, true),
            WatchEvent::Bookmark(bookmark) => {
                self.newest = self.newest.max(bookmark.metadata.resource_version.parse().unwrap_or_default());
                self.version = Some(bookmark.metadata.resource_version);
                return Ok(());
            }
            WatchEvent::Error(status) => return Err(self.error(kube::Error::Api(status))),
        };
        let uid = uid_of(&object);
        if let Some(version) = object.resource_version() {
            self.version = Some(version);
        }
        if let Some(version) = version_of(&object) {
            if self.passed.get(&*uid).is_some_and(|passed| *passed >= version) {
                return Ok(());
            }
            self.newest = self.newest.max(version);
            // A uid never comes back, so nothing passes behind its end.
            self.passed.insert(uid.as_str().into(), if gone { u128::MAX } else { version });
        }
        if let Some(object) = condense(object) {
            send(changes, if gone { Change::Gone { uid, object } } else { Change::Seen { uid, object } }).await;
        }
        Ok(())
    }
}

/// Passes a change on. A receiver that is gone ends the watch from outside.
async fn send<O>(changes: &mpsc::Sender<Change<O>>, change: Change<O>) {
    let _ = changes.send(change).await;
}

/// An object's version as a number, by which two can be compared.
/// [Source](https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/5504-comparable-resource-version).
fn version_of<K: Resource>(object: &K) -> Option<u128> {
    object.meta().resource_version.as_deref()?.parse().ok()
}

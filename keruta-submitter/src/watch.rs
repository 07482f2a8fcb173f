//! One watch of one kind of objects, which goes on through everything that ends or stalls a watch.
//!
//! kube's own `watcher` tells nobody of bookmarks, so that a stalled connection looks like a quiet namespace, and it never
//! lists anew when the server answers 410 to the start of a watch ([kube#1042]). Here a session is cut when neither an event
//! nor a bookmark came for too long, a 410 in either form leads to a list, and a list is made from time to time in any case.
//!
//! What is seen is condensed at once by the caller's function, so that no whole object stays in memory.
//!
//! [kube#1042]: https://github.com/kube-rs/kube/issues/1042

mod error;
mod session;

use std::sync::Arc;
use std::time::Duration;

use kube::{Resource, ResourceExt};
use tokio::sync::mpsc;

use crate::cluster::{Backoff, Cluster, Object};
pub use error::WatchError;
use session::Session;

/// The pauses between sessions that fail; a watch never gives up.
const PAUSES: Backoff =
    Backoff { first: Duration::from_millis(200), longest: Duration::from_secs(15), total: Duration::MAX };

/// What happened to the objects of a watch.
#[derive(Debug, Clone)]
pub enum Change<O> {
    /// A full list begins. Until [`Change::ListEnded`], objects that are not named are not known to be gone.
    ListBegan,
    /// An object as it is now.
    Seen {
        /// Its uid.
        uid: String,
        /// What was condensed from it.
        object: O,
    },
    /// An object is gone.
    Gone {
        /// Its uid.
        uid: String,
        /// It as it was last.
        object: O,
    },
    /// The list is complete: what was not named since it began is gone.
    ListEnded,
    /// The server has answered: from now on changes are heard as they happen.
    Resumed,
    /// Nothing is heard at the moment; the watch goes on by itself.
    Interrupted {
        /// Why.
        error: Arc<WatchError>,
        /// How often in a row.
        failures: u32,
    },
}

/// How a watch is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchOptions {
    /// Which objects, as a [label selector].
    ///
    /// [label selector]: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
    pub label_selector: String,
    /// How many objects are listed at once.
    pub page_size: u32,
    /// How long the server keeps one watch open. Default: 4 minutes.
    pub session: Duration,
    /// How long neither an event nor a bookmark may come. A server sends a bookmark about every minute. Default: 100 s.
    pub idle: Duration,
    /// How often all objects are listed even though the watch is well. Default: 10 minutes.
    pub relist: Duration,
}

impl WatchOptions {
    /// The defaults, for the objects of a label selector.
    #[must_use]
    pub fn new(label_selector: impl Into<String>) -> Self {
        Self {
            label_selector: label_selector.into(),
            page_size: 250,
            session: Duration::from_secs(240),
            idle: Duration::from_secs(100),
            relist: Duration::from_secs(600),
        }
    }
}

/// Watches until the receiver of the changes is dropped.
///
/// A slow receiver slows the watch. `condense` takes from an object what is wanted; where it gives nothing, the object is
/// passed over.
pub async fn watch<K, O>(
    cluster: Cluster,
    namespace: String,
    options: WatchOptions,
    condense: impl Fn(K) -> Option<O> + Send + Sync,
    changes: mpsc::Sender<Change<O>>,
) where
    K: Object + Send + Sync + 'static,
    O: Send,
{
    let mut session = Session::new(&cluster, &namespace, &options);
    let mut failures = 0;
    loop {
        let (error, progress) = tokio::select! {
            ended = session.run(&condense, &changes) => ended,
            () = changes.closed() => return,
        };
        if progress {
            failures = 0;
        }
        let Some(error) = error else { continue };
        let pause = PAUSES.wait(failures, 0.0);
        failures += 1;
        tracing::debug!(%error, failures, ?pause, "watch interrupted");
        // One failure is the ordinary end of a connection; several are worth a word.
        let told = failures < 2 || changes.send(Change::Interrupted { error: Arc::new(error), failures }).await.is_ok();
        if !told {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = changes.closed() => return,
        }
    }
}

/// An object's uid; an object without one, which no server sends, has the empty one.
fn uid_of<K: Resource>(object: &K) -> String {
    object.uid().unwrap_or_default()
}

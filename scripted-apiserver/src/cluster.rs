//! What all parts of the server share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::access::{Access, Denial};
use crate::fault::Faults;
use crate::kubelet::PodControl;
use crate::life::Life;
use crate::log::LogFile;
use crate::request::Request;
use crate::store::Store;

/// How the cluster behaves, and how long its waits are. Life of containers is told by a [`crate::Life`].
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long one second of the API is: of deadlines, grace periods and TTLs. Times written into objects stay real.
    pub second: Duration,
    /// How long the Job controller takes to come to a new Job: one that has much to do.
    pub job_delay: Duration,
    /// The Job controller's wait before a second Pod (10 s in Kubernetes); doubles with each failure.
    pub job_backoff: Duration,
    /// The kubelet's wait before a container starts again (10 s in Kubernetes); doubles up to 16 times this.
    pub restart_backoff: Duration,
    /// Between two tries of the kubelet: to pull an image, to create a container, to mount.
    pub retry: Duration,
    /// How long the logs of a deleted Pod's containers can still be read while a finalizer keeps the Pod.
    pub logs_after_end: Duration,
    /// Between two bookmarks of a watch (about a minute in Kubernetes).
    pub bookmarks: Duration,
    /// A container's log file is rotated beyond this size in bytes (10 MiB in Kubernetes).
    pub log_max_size: usize,
    /// The user that refusals name.
    pub user: String,
    /// How far the clock of the node is ahead of the API server's: of containers' times and log lines. Negative: behind.
    pub node_clock: SignedDuration,
    /// Whether all that ever was is remembered, for [`crate::ApiServer::chronicle`].
    pub chronicle: bool,
    /// Whether Pods get the Events of their ordinary life (`Scheduled`, `Pulled`, `Created`, `Started`, …).
    pub ordinary_events: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            second: Duration::from_secs(1),
            job_delay: Duration::ZERO,
            job_backoff: Duration::from_millis(100),
            restart_backoff: Duration::from_millis(100),
            retry: Duration::from_millis(100),
            logs_after_end: Duration::from_secs(1),
            bookmarks: Duration::from_secs(5),
            log_max_size: 10 << 20,
            user: "system:serviceaccount:keruta:keruta".to_owned(),
            node_clock: SignedDuration::ZERO,
            chronicle: false,
            ordinary_events: true,
        }
    }
}

/// The instances of each container's log: Pod uid and container name.
pub(crate) type Logs = HashMap<(String, String), Vec<Arc<LogFile>>>;

pub(crate) struct Cluster {
    store: Mutex<Store>,
    changed: watch::Sender<u64>,
    pub(crate) settings: Settings,
    pub(crate) faults: Faults,
    pub(crate) requests: Mutex<Vec<Request>>,
    pub(crate) access: Mutex<Access>,
    logs: Mutex<Logs>,
    /// Every log that there ever was, where all is remembered.
    pub(crate) all_logs: Mutex<Logs>,
    pods: Mutex<HashMap<String, Arc<PodControl>>>,
    lives: Mutex<Lives>,
}

/// The lives of a Job's Pods.
#[derive(Default)]
pub(crate) struct Lives {
    /// How many Pods each Job tried to have, by the Job's uid.
    pub(crate) tried: HashMap<String, usize>,
    /// The life that a Pod was made for, by its uid.
    pub(crate) of_pod: HashMap<String, Life>,
}

impl Cluster {
    pub(crate) fn new(store: Store, settings: Settings) -> Self {
        let denials = ["get", "list", "watch"].map(|verb| Denial::of(verb, "", "secrets")).to_vec();
        Self {
            changed: watch::Sender::new(store.rv()),
            store: Mutex::new(store),
            settings,
            faults: Faults::default(),
            requests: Mutex::default(),
            access: Mutex::new(Access { denials, roles: None }),
            logs: Mutex::default(),
            all_logs: Mutex::default(),
            pods: Mutex::default(),
            lives: Mutex::default(),
        }
    }

    /// The store, for reading.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&Store) -> R) -> R {
        read(&locked(&self.store))
    }

    /// The store, for one write; wakes the watches.
    pub(crate) fn write<R>(&self, write: impl FnOnce(&mut Store) -> R) -> R {
        let mut store = locked(&self.store);
        let result = write(&mut store);
        let rv = store.rv();
        drop(store);
        self.changed.send_if_modified(|known| {
            let newer = rv > *known;
            *known = (*known).max(rv);
            newer
        });
        result
    }

    /// Tells each new resourceVersion.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn logs(&self) -> MutexGuard<'_, Logs> {
        locked(&self.logs)
    }

    pub(crate) fn pods(&self) -> MutexGuard<'_, HashMap<String, Arc<PodControl>>> {
        locked(&self.pods)
    }

    pub(crate) fn lives(&self) -> MutexGuard<'_, Lives> {
        locked(&self.lives)
    }

    /// The time on the node's clock.
    pub(crate) fn node_time(&self) -> Timestamp {
        Timestamp::now().checked_add(self.settings.node_clock).unwrap_or(Timestamp::MAX)
    }

    /// So many seconds of the API as real time.
    pub(crate) fn seconds(&self, seconds: i64) -> Duration {
        self.settings.second.saturating_mul(u32::try_from(seconds.max(0)).unwrap_or(u32::MAX))
    }
}

/// A lock that a failed test left is still good: every write is one whole step.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

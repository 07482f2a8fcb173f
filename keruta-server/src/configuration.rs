//! The settings: what the server was first started with, then what the API's users say.
//!
//! What somebody set stands in the store, value by value with who set it; everything else has its default. What is in force
//! is watched by the runner and the API, in this process and in others.

mod current;
mod seed;
mod set;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use keruta_manifest::Settings;
use keruta_manifest::problem::Problems;
use keruta_manifest::read;
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::store::{Author, Expected, Store, StoreError};

pub use current::Current;
pub use seed::Seed;

/// What they are called where an error names them.
const KIND: &str = "settings document";
const ID: &str = "for Kubernetes";

/// How often a change that may be based on any version is tried, where others change them at the same time.
const TRIES: usize = 10;

/// Why settings were not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// They would be invalid.
    #[error("the settings would be invalid: {0}")]
    Invalid(Problems),
    /// The store could not keep them.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The settings, in force and in the store.
pub struct Configuration {
    store: Store,
    current: watch::Sender<Arc<Current>>,
    settings: watch::Sender<Arc<Settings>>,
    unused: Vec<String>,
}

impl Configuration {
    /// Reads the settings of the store; on the first start of all, fills it with the seed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn start(store: Store, seed: &Seed, now: Timestamp) -> Result<Self, StoreError> {
        let first = store.seed_settings(&seed.set(now), now).await?;
        let current = Current::of(store.settings().await?);
        let unused = if first { Vec::new() } else { seed.unlike(&current) };
        let settings = watch::Sender::new(Arc::clone(&current.settings));
        Ok(Self { store, current: watch::Sender::new(Arc::new(current)), settings, unused })
    }

    /// What files, environment and flags say that is not in force, because the store was filled before: where each was
    /// written, with its setting.
    #[must_use]
    pub fn unused(&self) -> &[String] {
        &self.unused
    }

    /// What is in force, and who said it.
    #[must_use]
    pub fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.borrow())
    }

    /// The settings in force, and every change of them.
    #[must_use]
    pub fn settings(&self) -> watch::Receiver<Arc<Settings>> {
        self.settings.subscribe()
    }

    /// Puts a JSON document in the place of all that is set.
    ///
    /// # Errors
    ///
    /// [`ChangeError`]; nothing has changed then.
    pub async fn replace(
        &self,
        text: &str,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<Arc<Current>, ChangeError> {
        // The text itself is read first: only there a field that is given twice can be seen.
        Settings::from_json(text).map_err(ChangeError::Invalid)?;
        let set: Map<String, Value> =
            read::from_json(text).map_err(|partial| ChangeError::Invalid(partial.problems))?;
        self.change(|_| set.clone(), expected, author, now).await
    }

    /// Changes what is set by a JSON merge patch ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)): null is back to the
    /// default.
    ///
    /// # Errors
    ///
    /// [`ChangeError`]; nothing has changed then.
    pub async fn patch(
        &self,
        patch: &Map<String, Value>,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<Arc<Current>, ChangeError> {
        let patch = Value::Object(patch.clone());
        let patched = |set: Map<String, Value>| {
            let mut set = Value::Object(set);
            json_patch::merge(&mut set, &patch);
            match set {
                Value::Object(set) => set,
                _ => Map::new(),
            }
        };
        self.change(patched, expected, author, now).await
    }

    async fn change(
        &self,
        to: impl Fn(Map<String, Value>) -> Map<String, Value>,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<Arc<Current>, ChangeError> {
        let mut tries = TRIES;
        loop {
            tries -= 1;
            // What is in force here may be behind what another replica has changed.
            let before = Current::of(self.store.settings().await?);
            expected.check(KIND, ID, before.version)?;
            let mut tree = to(before.tree());
            tree.remove("$schema");
            current::read(&tree).map_err(ChangeError::Invalid)?;
            let changes = set::changes(&before.set, tree, &author.actor, now);
            if !changes.is_empty() {
                match self.store.change_settings(before.version, &changes, author, now).await {
                    Err(StoreError::Outdated { .. }) if *expected == Expected::Any && tries > 0 => continue,
                    done => done?,
                };
            }
            return Ok(self.refresh().await?);
        }
    }

    /// Takes over what the store has.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn refresh(&self) -> Result<Arc<Current>, StoreError> {
        let read = Arc::new(Current::of(self.store.settings().await?));
        self.current.send_if_modified(|held| {
            // Two changes may come to this place in another order than to the store.
            let newer = read.version > held.version;
            if newer {
                *held = Arc::clone(&read);
                self.settings.send_if_modified(|settings| {
                    let differ = *settings != read.settings;
                    *settings = Arc::clone(&read.settings);
                    differ
                });
            }
            newer
        });
        Ok(read)
    }

    /// Looks now and then for what other replicas have changed, until `shutdown`.
    pub async fn follow(&self, every: Duration, shutdown: &CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = shutdown.cancelled() => return,
            }
            let looked = match self.store.settings_version().await {
                Ok(version) if version > self.current.borrow().version => self.refresh().await.map(|_| ()),
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = looked {
                tracing::warn!(%error, "the settings could not be looked at; the next look is soon");
            }
        }
    }
}

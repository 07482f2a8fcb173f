//! How the server itself works: tokens of tasks, background jobs, how long things are kept.
//!
//! What somebody set stands in the store as one document; everything else has its default. What is in force is watched by
//! those that work by it, in this process and in others.

mod export;
mod oidc;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use keruta_api::ServerSettingsDocument;
use keruta_manifest::problem::Problem;
use keruta_manifest::read;
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::configuration::ChangeError;
use crate::problem::field_problem;
use crate::store::{Author, Expected, Store, StoreError, StoredServerSettings};

pub use export::{ExportOption, ExportOptionError};
pub(crate) use oidc::check_url;
pub use oidc::{OidcRoles, OidcSettings};
pub use settings::{
    ArtifactSettings, AuditSettings, ClusterCleanupSettings, JobSettings, LogExportSettings, LogSettings,
    ServerSettings, TaskTokenKind, TaskTokenSettings,
};

/// The settings in force.
#[derive(Debug, Clone, PartialEq)]
pub struct CurrentOperation {
    /// What is stored.
    pub stored: StoredServerSettings,
    /// What it means.
    pub settings: Arc<ServerSettings>,
    /// What of it this version of keruta does not accept, and what has its default therefore.
    pub problems: Vec<Problem>,
}

impl CurrentOperation {
    fn of(stored: StoredServerSettings) -> Self {
        let (settings, problems) = match read::from_value(Value::Object(stored.set.clone())) {
            Ok(settings) => (settings, Vec::new()),
            Err(partial) => (partial.rest.unwrap_or_default(), partial.problems.into_vec()),
        };
        Self { stored, settings: Arc::new(settings), problems }
    }

    /// As the API gives it.
    #[must_use]
    pub fn to_api(&self) -> ServerSettingsDocument {
        let (changed_at, changed_by) = self.stored.changed.clone().unzip();
        ServerSettingsDocument {
            version: self.stored.version,
            changed_at,
            changed_by,
            settings: self.settings.document(),
            set: self.stored.set.clone(),
            problems: self.problems.iter().map(field_problem).collect(),
        }
    }
}

/// The server's settings, in force and in the store.
pub struct Operation {
    store: Store,
    current: watch::Sender<Arc<CurrentOperation>>,
    settings: watch::Sender<Arc<ServerSettings>>,
}

impl Operation {
    /// Reads the settings of the store.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn start(store: Store) -> Result<Self, StoreError> {
        let current = CurrentOperation::of(store.server_settings().await?);
        let settings = watch::Sender::new(Arc::clone(&current.settings));
        Ok(Self { store, current: watch::Sender::new(Arc::new(current)), settings })
    }

    /// What is in force.
    #[must_use]
    pub fn current(&self) -> Arc<CurrentOperation> {
        Arc::clone(&self.current.borrow())
    }

    /// The settings in force, and every change of them.
    #[must_use]
    pub fn settings(&self) -> watch::Receiver<Arc<ServerSettings>> {
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
    ) -> Result<Arc<CurrentOperation>, ChangeError> {
        // The text itself is read: only there a field that is given twice can be seen.
        let wrong = |partial: Box<read::Partial<ServerSettings>>| ChangeError::Invalid(partial.problems);
        read::from_json::<ServerSettings>(text).map_err(wrong)?;
        let set: Map<String, Value> =
            read::from_json(text).map_err(|partial| ChangeError::Invalid(partial.problems))?;
        self.change(set, self.store.server_settings().await?.version, expected, author, now).await
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
    ) -> Result<Arc<CurrentOperation>, ChangeError> {
        let stored = self.store.server_settings().await?;
        let mut set = Value::Object(stored.set);
        json_patch::merge(&mut set, &Value::Object(patch.clone()));
        let Value::Object(set) = set else { return Ok(self.current()) };
        self.change(set, stored.version, expected, author, now).await
    }

    async fn change(
        &self,
        set: Map<String, Value>,
        from: i64,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<Arc<CurrentOperation>, ChangeError> {
        expected.check("settings document", "for the server", from)?;
        let read: Result<ServerSettings, _> = read::from_value(Value::Object(set.clone()));
        read.map_err(|partial| ChangeError::Invalid(partial.problems))?.check().map_err(ChangeError::Invalid)?;
        let stored = self.store.change_server_settings(&set, from, author, now).await?;
        Ok(self.take(stored))
    }

    fn take(&self, stored: StoredServerSettings) -> Arc<CurrentOperation> {
        let read = Arc::new(CurrentOperation::of(stored));
        self.current.send_if_modified(|held| {
            let newer = read.stored.version > held.stored.version;
            if newer {
                *held = Arc::clone(&read);
                self.settings.send_replace(Arc::clone(&read.settings));
            }
            newer
        });
        read
    }

    /// Looks now and then for what other replicas have changed, until `shutdown`.
    pub async fn follow(&self, every: Duration, shutdown: &CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = shutdown.cancelled() => return,
            }
            match self.store.server_settings().await {
                Ok(stored) if stored.version > self.current.borrow().stored.version => drop(self.take(stored)),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the server's settings could not be looked at; again soon"),
            }
        }
    }
}

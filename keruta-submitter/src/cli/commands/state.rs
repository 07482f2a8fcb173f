//! The record of what was submitted from this machine, which outlives the Jobs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use keruta_input::diagnostic::human::Message;
use keruta_submitter::Attempt;
use keruta_submitter::cluster::{Action, Cluster, Verb};
use keruta_submitter::journal::{self, FileLedger, Ledger as _};
use keruta_submitter::submit::{Ledger, LedgerEntry, LedgerError, MemoryLedger};
use kube::Api;

use crate::cli::failure::Failure;
use crate::cli::session::Session;

/// Opens the record; one that lasts as long as the process where there is no place for it, or another process has it.
pub(super) async fn ledger(
    directory: Option<&Path>,
    cluster: &Cluster,
    session: &Session,
) -> Result<Arc<dyn Ledger>, Failure> {
    let Some(directory) = directory.map(Path::to_owned).or_else(default_directory) else {
        return Ok(Arc::new(MemoryLedger::default()));
    };
    match FileLedger::open(&directory, &identity(cluster).await) {
        Ok(ledger) => Ok(Arc::new(OnFile(ledger))),
        Err(journal::LedgerError::InUse(name)) => {
            let what = format!("another keruta-submitter writes {name}: what this one submits is not noted there");
            let why = "an attempt whose Job is deleted by hand could be submitted once more";
            session.tell(&Message::warning(what).note(why).help("name another directory with --state-dir"));
            Ok(Arc::new(MemoryLedger::default()))
        }
        Err(error) => Err(error.into()),
    }
}

/// As the XDG base directories say; a relative path counts as none.
fn default_directory() -> Option<PathBuf> {
    let of_state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let of_home = || std::env::home_dir().filter(|path| path.is_absolute()).map(|home| home.join(".local/state"));
    of_state.or_else(of_home).map(|state| state.join("keruta"))
}

/// What tells clusters apart: the uid of `kube-system`, else the address.
async fn identity(cluster: &Cluster) -> String {
    let namespaces: Api<Namespace> = Api::all(cluster.client().clone());
    let action = Action {
        verb: Verb::Get,
        group: String::new(),
        resource: "namespaces".to_owned(),
        namespace: String::new(),
        name: Some("kube-system".to_owned()),
    };
    let found = cluster.call(action, namespaces.get("kube-system")).await;
    found.ok().and_then(|namespace| namespace.metadata.uid).unwrap_or_else(|| cluster.server().to_owned())
}

/// The file as the library's submission takes it.
struct OnFile(FileLedger);

#[async_trait]
impl Ledger for OnFile {
    async fn intend(&self, attempt: &Attempt, at: Timestamp) -> Result<(), LedgerError> {
        self.0.intend(attempt, at).await.map_err(of_file)
    }

    async fn created(&self, attempt: &Attempt, job_uid: &str, at: Timestamp) -> Result<(), LedgerError> {
        self.0.created(attempt, job_uid, at).await.map_err(of_file)
    }

    async fn lookup(&self, attempt: &Attempt) -> Result<Option<LedgerEntry>, LedgerError> {
        let known = self.0.lookup(attempt).await.map_err(of_file)?;
        Ok(known.map(|known| LedgerEntry { intended_at: known.intended_at, job_uid: known.job_uid }))
    }
}

fn of_file(error: journal::LedgerError) -> LedgerError {
    match error {
        journal::LedgerError::OtherJob { attempt, recorded, given } => {
            LedgerError::OtherJob { attempt, recorded, given }
        }
        journal::LedgerError::Io { action, source } => LedgerError::Io { action, source },
        other => LedgerError::Io { action: "use the ledger".to_owned(), source: std::io::Error::other(other) },
    }
}

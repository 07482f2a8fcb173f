//! The record of what was submitted from this machine, which outlives the Jobs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace;
use keruta_submitter::cluster::{Action, Cluster, Verb};
use keruta_submitter::journal::{FileLedger, Ledger, MemoryLedger};
use kube::Api;

use crate::cli::failure::Failure;

/// Opens the record; one that lasts as long as the process where there is no place for it.
pub(super) async fn open(directory: Option<&Path>, cluster: &Cluster) -> Result<Arc<dyn Ledger>, Failure> {
    let Some(directory) = directory.map(Path::to_owned).or_else(default_directory) else {
        return Ok(Arc::new(MemoryLedger::default()));
    };
    Ok(Arc::new(FileLedger::open(&directory, &identity(cluster).await)?))
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

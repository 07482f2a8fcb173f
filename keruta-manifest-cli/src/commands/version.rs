//! `version`: of this program, and of Kubernetes.

use keruta_input::exit::Exit;
use keruta_input::failure::Failure;
use keruta_input::terminal::Stdout;
use keruta_manifest::review::KubernetesVersion;
use serde_json::json;

use crate::args::{VersionArgs, VersionOutput};

/// The Kubernetes version of the types that manifests are made of; k8s-openapi's feature in Cargo.toml.
const TYPES: &str = "1.37";

pub(super) fn run(args: &VersionArgs) -> Result<Exit, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let known = KubernetesVersion::all().iter().map(|version| version.as_str());
    let text = match args.output {
        VersionOutput::Text => {
            let known: Vec<_> = known.collect();
            format!("keruta-manifest {version}\nKubernetes {} (types of {TYPES})\n", known.join(", "))
        }
        VersionOutput::Json => {
            let known: Vec<_> = known.collect();
            let value = json!({"version": version, "kubernetes": {"types": TYPES, "supported": known}});
            format!("{value:#}\n")
        }
    };
    Stdout::new()?.write(&text)?;
    Ok(Exit::Fine)
}

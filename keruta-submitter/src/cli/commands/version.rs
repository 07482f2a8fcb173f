//! `version`: of this program, and of Kubernetes.

use keruta_input::terminal::Stdout;
use keruta_manifest::review::KubernetesVersion;
use serde_json::json;

use crate::cli::args::{VersionArgs, VersionOutput};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

pub(super) fn run(args: &VersionArgs) -> Result<Exit, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let known: Vec<&str> = KubernetesVersion::all().iter().map(|version| version.as_str()).collect();
    let text = match args.output {
        VersionOutput::Text => format!("keruta-submitter {version}\nKubernetes {}\n", known.join(", ")),
        VersionOutput::Json => format!("{:#}\n", json!({"version": version, "kubernetes": {"supported": known}})),
    };
    Stdout::new()?.write(&text)?;
    Ok(Exit::Fine)
}

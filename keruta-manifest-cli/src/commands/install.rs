//! `install`: what a cluster needs to run keruta.

use keruta_input::exit::Exit;
use keruta_input::failure::Failure;
use keruta_input::terminal::Stdout;
use keruta_manifest::install::{Component, InstallPlan, Limits, Quota, Server};
use keruta_manifest::value::{ImageError, ImageReference};

use crate::args::InstallArgs;
use crate::manifests;

/// The server of this version.
const SERVER_IMAGE: &str = concat!("ghcr.io/keruta/keruta-server:", env!("CARGO_PKG_VERSION"));

pub(super) fn run(args: &InstallArgs) -> Result<Exit, Failure> {
    let refused = |error: keruta_manifest::install::InstallError| Failure::Refused(error.to_string());
    let mut plan = InstallPlan::new()
        .system_namespace(args.system_namespace.as_str())
        .and_then(|plan| plan.task_namespaces(args.namespace.iter().map(String::as_str)))
        .map_err(refused)?
        .pod_security(args.pod_security)
        .task_tokens(args.task_tokens);
    // Limits suit no two clusters, so they come only to who asks for them by name.
    if args.only.contains(&Component::ResourceQuota) {
        plan = plan.quota(Quota::default()).map_err(refused)?;
    }
    if args.only.contains(&Component::LimitRange) {
        plan = plan.limits(Limits::default()).map_err(refused)?;
    }
    if let Some(image) = &args.server_image {
        plan = plan.server(Server::new(image.clone()));
    } else if args.only.contains(&Component::Server) {
        let refused = |error: ImageError| Failure::Refused(format!("{SERVER_IMAGE}: {error}"));
        let image = SERVER_IMAGE.parse::<ImageReference>().map_err(refused)?;
        plan = plan.server(Server::new(image));
    }
    if !args.only.is_empty() {
        plan = plan.only(args.only.iter().copied());
    }
    Stdout::new()?.write(&manifests::whole(&plan.objects(), args.output)?)?;
    Ok(Exit::Fine)
}

//! `install`: what a cluster needs to run keruta.

use keruta_input::exit::Exit;
use keruta_input::failure::Failure;
use keruta_input::terminal::Stdout;
use keruta_manifest::install::{Component, InstallPlan, Limits, Quota};

use crate::args::InstallArgs;
use crate::manifests;

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
    if !args.only.is_empty() {
        plan = plan.only(args.only.iter().copied());
    }
    Stdout::new()?.write(&manifests::whole(&plan.objects(), args.output)?)?;
    Ok(Exit::Fine)
}

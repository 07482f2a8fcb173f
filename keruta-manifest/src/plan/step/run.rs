//! Containers that a task describes itself: init steps and sidecars.

use crate::plan::container::{ContainerPlan, ProbedContainer};
use crate::plan::volume::VolumePlan;
use crate::task::{Arg, EnvFrom, EnvSource, RunContainer, Sidecar, VolumeMount};
use crate::value::{EnvName, Text};

pub(in crate::plan) fn container(step: &RunContainer) -> ContainerPlan {
    let container = ContainerPlan::new(step.name.clone(), step.image.clone());
    let container = entrypoint(container, &step.command, &step.args, step.script.as_ref());
    mounts(env_from(container, &step.env_from), &step.volumes)
}

pub(in crate::plan) fn sidecar(sidecar: &Sidecar) -> ContainerPlan {
    let container = ContainerPlan::new(sidecar.name.clone(), sidecar.image.clone());
    let container = entrypoint(container, &sidecar.command, &sidecar.args, sidecar.script.as_ref());
    mounts(env_from(container, &sidecar.env_from), &sidecar.volumes)
}

/// What makes a container a sidecar.
pub(in crate::plan) fn probed(container: ContainerPlan, sidecar: &Sidecar) -> ProbedContainer {
    ProbedContainer::from(container)
        .ports(&sidecar.ports)
        .startup_probe(sidecar.startup_probe.as_deref().cloned())
        .readiness_probe(sidecar.readiness_probe.as_deref().cloned())
        .liveness_probe(sidecar.liveness_probe.as_deref().cloned())
        .lifecycle(sidecar.lifecycle.as_deref().cloned())
}

pub(in crate::plan) fn entrypoint(
    container: ContainerPlan,
    command: &[Arg],
    args: &[Arg],
    script: Option<&Text>,
) -> ContainerPlan {
    match script {
        Some(script) => container.script(script),
        None => container.command(command).args(args),
    }
}

pub(in crate::plan) fn env<'a>(
    container: ContainerPlan,
    env: impl IntoIterator<Item = (&'a EnvName, &'a EnvSource)>,
) -> ContainerPlan {
    env.into_iter().fold(container, |container, (name, source)| container.env(name, source))
}

pub(in crate::plan) fn env_from(container: ContainerPlan, from: &[EnvFrom]) -> ContainerPlan {
    from.iter().fold(container, ContainerPlan::env_from)
}

pub(in crate::plan) fn mounts(container: ContainerPlan, volumes: &[VolumeMount]) -> ContainerPlan {
    volumes.iter().fold(container, |container, mount| {
        let volume = VolumePlan::from_source(&mount.name, &mount.source);
        container.mount_part(&volume, &mount.mount_path, mount.sub_path.as_ref(), mount.read_only)
    })
}

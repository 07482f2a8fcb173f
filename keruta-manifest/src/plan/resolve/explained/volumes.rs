//! The origins of volumes, and of what mounts them.

use k8s_openapi::api::core::v1::{Container, PodSpec, VolumeMount};

use super::{note_job, setting, task};
use crate::plan::origin::Origin;
use crate::plan::resolve::context::{Context, POD};
use crate::plan::resolve::{agent, environment, main_container};
use crate::plan::step::git;
use crate::task::{InitStep, VolumeMount as TaskMount};

/// The volume of the Job's ConfigMap.
const FILES: &str = main_container::FILES_VOLUME;

pub(super) fn note(context: &mut Context<'_>, pod: &PodSpec) {
    for (index, volume) in pod.volumes.iter().flatten().enumerate() {
        let origin = match volume.name.as_str() {
            name if is_workspace(context, name) => continue,
            FILES if !context.task.files.is_empty() => task("files"),
            FILES if context.task.script.is_some() => task("script"),
            FILES => task("description"),
            git::CREDENTIALS_VOLUME => task("repository.credentials"),
            git::USER_VOLUME => setting("security.profile"),
            agent::NAME => setting("agent.inject"),
            name => volume_of_task(context, name),
        };
        note_job(context, &format!("{POD}/volumes/{index}"), origin);
    }
    for (index, container) in pod.init_containers.iter().flatten().enumerate() {
        mounts(context, &format!("{POD}/initContainers/{index}"), container, false);
    }
    for (index, container) in pod.containers.iter().enumerate() {
        mounts(context, &format!("{POD}/containers/{index}"), container, index == 0);
    }
}

/// The mounts of a container; those that only its own part of the task explains stay with that.
fn mounts(context: &mut Context<'_>, container_at: &str, container: &Container, is_main: bool) {
    for (index, mount) in container.volume_mounts.iter().flatten().enumerate() {
        let origin = match mount.name.as_str() {
            name if is_workspace(context, name) => mount_path(context),
            git::CREDENTIALS_VOLUME => task("repository.credentials"),
            git::USER_VOLUME => setting("security.profile"),
            agent::NAME => setting("agent.inject"),
            _ if is_main => mount_of_main(context, mount),
            _ => continue,
        };
        note_job(context, &format!("{container_at}/volumeMounts/{index}"), origin);
    }
}

fn mount_of_main(context: &Context<'_>, mount: &VolumeMount) -> Origin {
    let here = |path: &str| path == mount.mount_path;
    if mount.name != FILES {
        let index = context.task.volumes.iter().position(|own| here(own.mount_path.as_str()));
        return index.map_or_else(|| task("volumes"), |index| task(&format!("volumes[{index}]")));
    }
    match mount.mount_path.as_str() {
        environment::DESCRIPTION_FILE => task("description"),
        main_container::SCRIPT_FILE => task("script"),
        _ => {
            let index = context.task.files.iter().position(|file| here(file.path.as_str()));
            index.map_or_else(|| task("files"), |index| task(&format!("files[{index}].path")))
        }
    }
}

/// Which part of the task asks for a volume of this name first.
fn volume_of_task(context: &Context<'_>, name: &str) -> Origin {
    let within = |mounts: &[TaskMount]| mounts.iter().position(|mount| mount.name.as_str() == name);
    let of_sidecar = |(index, sidecar): (usize, &crate::task::Sidecar)| {
        within(&sidecar.volumes).map(|at| format!("sidecars[{index}].volumes[{at}]"))
    };
    let of_step = |(index, step): (usize, &InitStep)| match step {
        InitStep::Run(run) => within(&run.volumes).map(|at| format!("initSteps[{index}].run.volumes[{at}]")),
        _ => None,
    };
    let path = within(&context.task.volumes)
        .map(|at| format!("volumes[{at}]"))
        .or_else(|| context.task.sidecars.iter().enumerate().find_map(of_sidecar))
        .or_else(|| context.task.init_steps.iter().enumerate().find_map(of_step));
    task(path.as_deref().unwrap_or("volumes"))
}

fn is_workspace(context: &Context<'_>, volume: &str) -> bool {
    let own = context.task.workspace.as_ref().and_then(|own| own.volume_name.as_ref());
    own.unwrap_or(&context.settings.workspace.volume_name).as_str() == volume
}

fn mount_path(context: &Context<'_>) -> Origin {
    let own = context.task.workspace.as_ref().is_some_and(|own| own.mount_path.is_some());
    if own { task("workspace.mountPath") } else { setting("workspace.mountPath") }
}

#[cfg(test)]
mod tests {
    use crate::lineage::Lineage;
    use crate::plan::origin::origin_of;
    use crate::render::{RenderOptions, explain};
    use crate::{Settings, Task};

    fn origins(task: &str, settings: &str, pointers: &[&str]) -> Vec<String> {
        let task = Task::from_json(task).unwrap();
        let settings = Settings::from_json(settings).unwrap();
        let (_, origins) = explain(&task, &settings, &Lineage::of(&task), &RenderOptions::default()).unwrap();
        let at =
            |pointer: &&str| origin_of(&origins, "Job", &format!("/spec/template/spec/{pointer}")).unwrap().to_string();
        pointers.iter().map(at).collect()
    }

    #[test]
    fn each_volume_and_each_mount_has_its_own_origin() {
        let mount = |name: &str, path: &str| {
            format!(r#"{{"name": "{name}", "mountPath": "{path}", "source": {{"emptyDir": {{}}}}}}"#)
        };
        let task = format!(
            r##"{{
                "id": "a", "image": "a:1", "workspace": {{"mountPath": "/w", "kind": "emptyDir"}}, "script": "#!/bin/sh\n",
                "files": [{{"path": "/f", "content": "f"}}], "volumes": [{}, {}],
                "initSteps": [{{"run": {{"name": "r", "image": "r:1", "volumes": [{}]}}}}]
            }}"##,
            mount("one", "/one"),
            mount("two", "/two"),
            mount("three", "/three"),
        );
        let pointers = [
            "volumes/0/emptyDir",
            "volumes/1/emptyDir",
            "volumes/2/name",
            "volumes/3/name",
            "volumes/4/configMap/name",
            "initContainers/0/volumeMounts/0/name",
            "initContainers/0/volumeMounts/1/name",
            "containers/0/volumeMounts/0/mountPath",
            "containers/0/volumeMounts/2/mountPath",
            "containers/0/volumeMounts/3/mountPath",
            "containers/0/volumeMounts/4/mountPath",
        ];
        let expected = [
            "task: initSteps[0].run.volumes[0]",
            "task: workspace.kind",
            "task: volumes[0]",
            "task: volumes[1]",
            "task: files",
            "task: initSteps[0]",
            "task: workspace.mountPath",
            "task: workspace.mountPath",
            "task: volumes[1]",
            "task: files[0].path",
            "task: script",
        ];
        assert_eq!(origins(&task, "{}", &pointers), expected);
    }

    #[test]
    fn what_git_mounts_is_explained() {
        let task = r#"{"id": "a", "image": "a:1", "repository": {"url": "git@h:r", "credentials": {"sshKeySecret": {"name": "s"}}}}"#;
        let pointers =
            ["volumes/0/name", "volumes/1/name", "volumes/2/name", "initContainers/0/volumeMounts/2/subPath"];
        let expected = [
            "task: repository.credentials",
            "settings: workspace.kind",
            "settings: security.profile",
            "settings: security.profile",
        ];
        assert_eq!(origins(task, r#"{"security": {"profile": "restricted"}}"#, &pointers), expected);
    }
}

//! The agent, injected into the main container: the task's own command runs under it.

use super::context::{Context, in_pod, root};
use super::workspace::Workspace;
use crate::plan::container::ContainerPlan;
use crate::plan::origin::Origin;
use crate::plan::security::container_security;
use crate::plan::volume::VolumePlan;
use crate::problem::Rule;
use crate::settings::{AgentInjection, AgentLogSource, Settings};
use crate::task::{Arg, EnvSource};
use crate::value::{AbsolutePath, DnsLabel, Text};

/// The init container that copies it, and the volume that it is in.
pub(super) const NAME: &str = "keruta-agent";
/// Where that volume is mounted.
const DIRECTORY: &str = "/opt/keruta";
/// The agent there.
const BINARY: &str = "/opt/keruta/keruta-agent";
/// The agent in its own image.
const IN_IMAGE: &str = "/keruta-agent";
/// How much of the Pod's grace is kept for the agent's own last word.
const LAST_WORD: u32 = 5;

/// What the agent is told, and a task therefore cannot set where it is injected.
const VARIABLES: [&str; 8] = [
    "KERUTA_WORK_DIR",
    "KERUTA_BACKOFF_LIMIT",
    "KERUTA_GRACE",
    "KERUTA_CONTAINER_NAME",
    "KERUTA_LOG_SOURCE",
    "KERUTA_POD_UID",
    "KERUTA_REDACT_ENV",
    "KERUTA_AGENT_SOCKET",
];

/// Whether a variable is the agent's, where it is injected.
pub(super) fn is_its_variable(settings: &Settings, name: &str) -> bool {
    settings.agent.inject != AgentInjection::None && VARIABLES.contains(&name)
}

/// The volume that the agent is in; `None` where it is not injected.
fn volume(settings: &Settings) -> Option<VolumePlan> {
    let name = DnsLabel::constant(NAME);
    match settings.agent.inject {
        AgentInjection::None => None,
        AgentInjection::Copy => Some(VolumePlan::empty_dir(&name, None, false)),
        AgentInjection::ImageVolume => Some(VolumePlan::image(&name, &settings.agent.image)),
    }
}

/// The init container that copies the agent into its volume, where one is needed.
pub(super) fn step(settings: &Settings) -> Option<ContainerPlan> {
    if settings.agent.inject != AgentInjection::Copy {
        return None;
    }
    let words = [IN_IMAGE, "install", BINARY].map(|word| Arg::Literal(Text::constant(word)));
    let container = ContainerPlan::new(DnsLabel::constant(NAME), settings.agent.image.clone())
        .command(&words)
        .resources(&settings.resources.init)
        .security(container_security(&settings.security))
        .logs_as_termination_message();
    Some(match volume(settings) {
        Some(volume) => container.mount(&volume, &AbsolutePath::constant(DIRECTORY)),
        None => container,
    })
}

/// What the agent is told, beside the variables of every task.
pub(super) fn variables(context: &Context<'_>, workspace: &Workspace, mut container: ContainerPlan) -> ContainerPlan {
    let (task, settings) = (context.task, context.settings);
    if settings.agent.inject == AgentInjection::None {
        return container;
    }
    let backoff = task.backoff_limit.unwrap_or(settings.job.backoff_limit);
    container = container
        .literal("KERUTA_TASK_ATTEMPT", &task.attempt.unwrap_or(1).to_string())
        .literal("KERUTA_WORK_DIR", workspace.mount_path.as_str())
        .literal("KERUTA_BACKOFF_LIMIT", &backoff.to_string());
    if let Some(grace) = &settings.pod.termination_grace_period_seconds {
        let grace = grace.as_secs().saturating_sub(LAST_WORD).max(1);
        container = container.literal("KERUTA_GRACE", &format!("{grace}s"));
    }
    if settings.agent.log_source == AgentLogSource::Cluster {
        return container;
    }
    container = container
        .literal("KERUTA_LOG_SOURCE", "agent")
        .literal("KERUTA_CONTAINER_NAME", settings.pod.container_name.as_str())
        .sourced("KERUTA_POD_UID", &EnvSource::Field(Text::constant("metadata.uid")));
    let is_secret = |source: &EnvSource| matches!(source, EnvSource::Secret(_));
    let secret: Vec<&str> =
        task.env.iter().filter(|(_, source)| is_secret(source)).map(|(name, _)| name.as_str()).collect();
    if secret.is_empty() { container } else { container.literal("KERUTA_REDACT_ENV", &secret.join(",")) }
}

/// Puts the agent before the container's command, where the settings say so. One that is the agent already stays.
pub(super) fn wrap(context: &mut Context<'_>, mut container: ContainerPlan) -> ContainerPlan {
    let Some(volume) = volume(context.settings) else { return container };
    let command = container.container.command.take().unwrap_or_default();
    let Some(first) = command.first() else {
        context.problem(
            root("command"),
            Rule::MissingField,
            "the agent is to run the task's command, and the task leaves it to its image, which is not known here",
            "add \"command\" or \"script\" to the task, or set agent.inject to none",
        );
        return container;
    };
    if first.rsplit('/').next() == Some(NAME) {
        container.container.command = Some(command);
        return container;
    }
    let mut words = [BINARY, "execute", "--skip-init", "--"].map(str::to_owned).to_vec();
    words.extend(command);
    words.extend(container.container.args.take().unwrap_or_default());
    container.container.command = Some(words);
    let setting = |path: &str| Origin::Setting { path: path.to_owned() };
    for word in 0..4 {
        let pointer = format!("{}/{word}", in_pod!("/containers/0/command"));
        context.job_origin(&pointer, || setting("agent.inject"));
    }
    container.mount_part(&volume, &AbsolutePath::constant(DIRECTORY), None, true)
}

/// Where a variable comes from that the agent is told.
pub(super) fn origin_of(context: &Context<'_>, name: &str) -> Option<Origin> {
    let setting = |path: &str| Some(Origin::Setting { path: path.to_owned() });
    let task = |path: &str| Some(Origin::Task { path: path.to_owned() });
    match name {
        "KERUTA_TASK_ATTEMPT" if context.task.attempt.is_some() => task("attempt"),
        "KERUTA_TASK_ATTEMPT" => Some(Origin::BuiltIn { rule: "the first attempt" }),
        _ if !is_its_variable(context.settings, name) => None,
        "KERUTA_WORK_DIR" => setting("workspace.mountPath"),
        "KERUTA_BACKOFF_LIMIT" if context.task.backoff_limit.is_some() => task("backoffLimit"),
        "KERUTA_BACKOFF_LIMIT" => setting("job.backoffLimit"),
        "KERUTA_GRACE" => setting("pod.terminationGracePeriodSeconds"),
        "KERUTA_CONTAINER_NAME" => setting("pod.containerName"),
        "KERUTA_REDACT_ENV" => task("env"),
        _ => setting("agent.logSource"),
    }
}

#[cfg(test)]
mod tests {
    use crate::lineage::Lineage;
    use crate::plan::origin::origin_of;
    use crate::render::{RenderOptions, explain, render};
    use crate::{Settings, Task};

    fn settings(text: &str) -> Settings {
        Settings::from_json(text).unwrap()
    }

    #[test]
    fn a_command_that_is_the_images_own_cannot_be_wrapped() {
        let task = Task::from_json(r#"{"id": "a", "image": "a:1", "args": ["x"]}"#).unwrap();
        let injected = settings(r#"{"agent": {"inject": "copy"}}"#);
        let problems = render(&task, &injected, &Lineage::of(&task), &RenderOptions::default()).unwrap_err();
        assert!(problems.to_string().contains("agent.inject"), "{problems}");
        render(&task, &settings("{}"), &Lineage::of(&task), &RenderOptions::default()).unwrap();
    }

    #[test]
    fn what_the_agent_is_told_a_task_cannot_set() {
        let task = r#"{"id": "a", "image": "a:1", "command": ["x"], "env": {"KERUTA_WORK_DIR": "/tmp"}}"#;
        let task = Task::from_json(task).unwrap();
        let injected = settings(r#"{"agent": {"inject": "image-volume"}}"#);
        let problems = render(&task, &injected, &Lineage::of(&task), &RenderOptions::default()).unwrap_err();
        assert!(problems.to_string().contains("KERUTA_WORK_DIR"), "{problems}");
        render(&task, &settings("{}"), &Lineage::of(&task), &RenderOptions::default()).unwrap();
    }

    #[test]
    fn all_of_it_is_explained() {
        let task = Task::from_json(r#"{"id": "a", "image": "a:1", "command": ["x", "y"], "backoffLimit": 0}"#).unwrap();
        let injected = settings(r#"{"agent": {"inject": "copy", "logSource": "agent"}}"#);
        let (_, origins) = explain(&task, &injected, &Lineage::of(&task), &RenderOptions::default()).unwrap();
        let of =
            |pointer: &str| origin_of(&origins, "Job", &format!("/spec/template/spec/{pointer}")).unwrap().to_string();
        for (pointer, origin) in [
            ("initContainers/0/name", "settings: agent.inject"),
            ("initContainers/0/image", "settings: agent.image"),
            ("initContainers/0/resources", "settings: resources.init"),
            ("initContainers/0/volumeMounts/0/name", "settings: agent.inject"),
            ("containers/0/command/0", "settings: agent.inject"),
            ("containers/0/command/4", "task: command"),
            ("containers/0/volumeMounts/1/name", "settings: agent.inject"),
        ] {
            assert_eq!(of(pointer), origin, "{pointer}");
        }
    }
}

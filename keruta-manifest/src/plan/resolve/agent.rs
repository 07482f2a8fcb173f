//! The agent in the main container: injected, so that the task's own command runs under it, or as that command itself.

use super::context::{Context, in_pod, root};
use super::workspace::Workspace;
use crate::plan::container::ContainerPlan;
use crate::plan::origin::Origin;
use crate::plan::security::container_security;
use crate::plan::volume::VolumePlan;
use crate::problem::Rule;
use crate::settings::{AgentInjection, AgentLogSource, Settings};
use crate::task::{Arg, EnvSource, Task};
use crate::value::{AbsolutePath, DnsLabel, Duration, Text};

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
/// How long a Pod has to end where nothing else is said.
/// [Source](https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination).
const GRACE: u32 = 30;
/// How much later than the task's time is over its Job's is, beside the Pod's grace: three minutes before the agent begins (images,
/// init steps), two for its own end (the cleanup script, the rest of the log).
const ROOM: u32 = 300;

/// What the agent is told, and a task therefore cannot set where the agent runs it.
const VARIABLES: [&str; 9] = [
    "KERUTA_TIMEOUT",
    "KERUTA_WORK_DIR",
    "KERUTA_BACKOFF_LIMIT",
    "KERUTA_GRACE",
    "KERUTA_CONTAINER_NAME",
    "KERUTA_LOG_SOURCE",
    "KERUTA_POD_UID",
    "KERUTA_REDACT_ENV",
    "KERUTA_AGENT_SOCKET",
];

/// Whether the agent runs the task: injected, as the command that the task names, or as the entrypoint of its own image.
pub(super) fn runs(task: &Task, settings: &Settings) -> bool {
    if settings.agent.inject != AgentInjection::None {
        return true;
    }
    match task.command.first() {
        Some(Arg::Literal(first) | Arg::Expand(first)) => is_agent(first.as_str()),
        None => {
            let image = task.image.as_ref().or(settings.default_image.as_ref());
            task.script.is_none() && image == Some(&settings.agent.image)
        }
    }
}

/// Whether a command is the agent's.
fn is_agent(command: &str) -> bool {
    command.rsplit('/').next() == Some(NAME)
}

/// How long a Job may take whose agent ends the task after this time: longer, so that the agent is the one to end it and can say so.
pub(super) fn deadline(timeout: Duration, settings: &Settings) -> Duration {
    let grace = settings.pod.termination_grace_period_seconds.map_or(GRACE, Duration::as_secs);
    Duration::from_secs(timeout.as_secs().saturating_add(grace).saturating_add(ROOM))
}

/// The container whose log the agent sends, where it does.
pub(super) fn sends_log_of<'a>(task: &Task, settings: &'a Settings) -> Option<&'a DnsLabel> {
    let sends = runs(task, settings) && settings.agent.log_source == AgentLogSource::Agent;
    sends.then_some(&settings.pod.container_name)
}

/// Whether a variable is the agent's, where it runs the task.
pub(super) fn is_its_variable(task: &Task, settings: &Settings, name: &str) -> bool {
    VARIABLES.contains(&name) && runs(task, settings)
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
    if !runs(task, settings) {
        return container;
    }
    let backoff = task.backoff_limit.unwrap_or(settings.job.backoff_limit);
    container = container
        .literal("KERUTA_TASK_ATTEMPT", &task.attempt.unwrap_or(1).to_string())
        .literal("KERUTA_WORK_DIR", workspace.mount_path.as_str())
        .literal("KERUTA_BACKOFF_LIMIT", &backoff.to_string());
    if let Some(timeout) = &task.timeout_seconds {
        container = container.literal("KERUTA_TIMEOUT", &format!("{}s", timeout.as_secs()));
    }
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
    if is_agent(first) {
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
        _ if !is_its_variable(context.task, context.settings, name) => None,
        "KERUTA_TIMEOUT" => task("timeoutSeconds"),
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

    fn job(task: &str, with: &str) -> serde_json::Value {
        let task = Task::from_json(task).unwrap();
        let rendered = render(&task, &settings(with), &Lineage::of(&task), &RenderOptions::default()).unwrap();
        let Some(crate::object::Object::Job(job)) = rendered.objects.last() else { panic!() };
        serde_json::to_value(job).unwrap()
    }

    fn value(job: &serde_json::Value, name: &str) -> Option<String> {
        let env = job.pointer("/spec/template/spec/containers/0/env")?.as_array()?;
        Some(env.iter().find(|variable| variable["name"] == name)?["value"].as_str()?.to_owned())
    }

    #[test]
    fn the_time_is_the_agents_to_keep_and_the_job_has_room_for_its_end() {
        let task = |more: &str| format!(r#"{{"id": "a", "image": "a:1", "timeoutSeconds": "10m"{more}}}"#);
        let own = task(r#", "command": ["/usr/bin/keruta-agent", "execute"]"#);
        let other = task(r#", "command": ["x"]"#);
        let entrypoint = r#"{"id": "a", "image": "ghcr.io/keruta/keruta-agent:0.1.0", "timeoutSeconds": "10m"}"#;
        for (task, settings, deadline) in [
            (&*own, "{}", 930),
            (&*own, r#"{"pod": {"terminationGracePeriodSeconds": 90}}"#, 990),
            (&*other, r#"{"agent": {"inject": "copy"}}"#, 930),
            (entrypoint, "{}", 930),
        ] {
            let job = job(task, settings);
            assert_eq!(value(&job, "KERUTA_TIMEOUT").as_deref(), Some("600s"), "{task} {settings}");
            assert_eq!(job["spec"]["activeDeadlineSeconds"], deadline, "{task} {settings}");
        }
        let without = job(&other, "{}");
        assert_eq!((value(&without, "KERUTA_TIMEOUT"), &without["spec"]["activeDeadlineSeconds"]), (None, &600.into()));
        let limited = job(
            r#"{"id": "a", "image": "a:1", "command": ["keruta-agent"]}"#,
            r#"{"job": {"activeDeadlineSeconds": 60}}"#,
        );
        assert_eq!((value(&limited, "KERUTA_TIMEOUT"), &limited["spec"]["activeDeadlineSeconds"]), (None, &60.into()));
    }

    #[test]
    fn the_pod_says_whose_log_its_agent_sends() {
        let mark = |task: &str, settings: &str| {
            job(task, settings).pointer("/spec/template/metadata/annotations/keruta.dev~1agent-log").cloned()
        };
        let sends = r#"{"agent": {"logSource": "agent"}, "pod": {"containerName": "work"}}"#;
        let own = r#"{"id": "a", "image": "a:1", "command": ["keruta-agent", "execute"]}"#;
        assert_eq!(mark(own, sends), Some("work".into()));
        assert_eq!(mark(own, "{}"), None);
        assert_eq!(mark(r#"{"id": "a", "image": "a:1", "command": ["x"]}"#, sends), None, "nobody would send it");
    }

    #[test]
    fn all_of_it_is_explained() {
        let task = r#"{"id": "a", "image": "a:1", "command": ["x", "y"], "backoffLimit": 0, "timeoutSeconds": 60}"#;
        let task = Task::from_json(task).unwrap();
        let injected = settings(r#"{"agent": {"inject": "copy", "logSource": "agent"}}"#);
        let (_, origins) = explain(&task, &injected, &Lineage::of(&task), &RenderOptions::default()).unwrap();
        let of =
            |pointer: &str| origin_of(&origins, "Job", &format!("/spec/template/spec/{pointer}")).unwrap().to_string();
        let mark = origin_of(&origins, "Job", "/spec/template/metadata/annotations/keruta.dev~1agent-log").unwrap();
        assert_eq!(mark.to_string(), "settings: agent.logSource");
        let deadline = origin_of(&origins, "Job", "/spec/activeDeadlineSeconds").unwrap();
        assert_eq!(deadline.to_string(), "task: timeoutSeconds");
        for (pointer, origin) in [
            ("initContainers/0/name", "settings: agent.inject"),
            ("initContainers/0/image", "settings: agent.image"),
            ("initContainers/0/resources", "settings: resources.init"),
            ("initContainers/0/volumeMounts/0/name", "settings: agent.inject"),
            ("containers/0/command/0", "settings: agent.inject"),
            ("containers/0/command/4", "task: command"),
            ("containers/0/volumeMounts/1/name", "settings: agent.inject"),
            ("containers/0/env/7/value", "task: timeoutSeconds"),
        ] {
            assert_eq!(of(pointer), origin, "{pointer}");
        }
    }
}

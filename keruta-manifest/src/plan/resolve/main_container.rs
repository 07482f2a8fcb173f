//! The main container.

use super::agent;
use super::context::{Context, POD, in_pod, root};
use super::environment;
use super::workspace::Workspace;
use crate::plan::config_map::ConfigMapPlan;
use crate::plan::container::ContainerPlan;
use crate::plan::origin::Origin;
use crate::plan::security::container_security;
use crate::plan::step::run;
use crate::problem::{FieldPath, Rule};
use crate::task::{Arg, Resources};
use crate::value::{AbsolutePath, DnsLabel, RelativePath, Text};

/// A script of more bytes comes as a file: the kernel's limit for one argument is 131,072.
const MAX_INLINE_SCRIPT: usize = 100_000;
const SCRIPT_KEY: &str = "script";
pub(super) const SCRIPT_FILE: &str = "/keruta/script";

/// The volume of the Job's ConfigMap.
pub(super) const FILES_VOLUME: &str = "keruta-files";

/// The container; `None` where there is no image, which is a problem then.
pub(super) fn resolve(
    context: &mut Context<'_>,
    workspace: &Workspace,
    config_map: &mut ConfigMapPlan,
) -> Option<ContainerPlan> {
    let task = context.task;
    let settings = context.settings;
    let image = context.choose(
        in_pod!("/containers/0/image"),
        (task.image.as_ref(), "image"),
        (settings.default_image.as_ref(), "defaultImage"),
    );
    if image.is_none() {
        context.problem(
            root("image"),
            Rule::MissingField,
            "the task names no image, and the settings have no defaultImage",
            "add \"image\" to the task, or set defaultImage",
        );
    }
    if task.script.is_some() && !(task.command.is_empty() && task.args.is_empty()) {
        let message = "a script is the container's command: it excludes command and args";
        context.problem(root("script"), Rule::Conflict, message, "remove script, or command and args");
    }
    let stand_in = crate::value::ImageReference::constant("scratch");
    let mut container = ContainerPlan::new(settings.pod.container_name.clone(), image.clone().unwrap_or(stand_in));
    container = environment::task_variables(context, container, config_map);
    container = environment::api_variables(context, container);
    container = agent::variables(context, workspace, container);
    environment::refuse_reserved(context, &task.env);
    let own = task.env.iter().filter(|(name, _)| !environment::is_reserved(task, settings, name));
    container = match &workspace.checkout {
        Some(checkout) => {
            environment::with_safe_directory(context, container, (&task.env, own), checkout, || root("env"))
        }
        None => run::env(container, own),
    };
    container = run::env_from(container, &task.env_from);
    container = entrypoint(context, container, config_map);
    let working_dir = context.choose(
        in_pod!("/containers/0/workingDir"),
        (task.working_dir.as_ref(), "workingDir"),
        (Some(&workspace.mount_path), "workspace.mountPath"),
    );
    if let Some(path) = &working_dir {
        container = container.working_dir(path);
    }
    if let Some(resources) = resources(context) {
        container = container.resources(resources);
    }
    container = container
        .mount(&workspace.volume, &workspace.mount_path)
        .security(container_security(&settings.security))
        .logs_as_termination_message();
    container = run::mounts(container, &task.volumes);
    container = files(context, container, config_map);
    origins(context);
    container = agent::wrap(context, container);
    image.map(|_| container)
}

/// Command and arguments, or the script: in the command where it is short, as a file where it is long or has an
/// interpreter of its own.
fn entrypoint(context: &Context<'_>, container: ContainerPlan, config_map: &mut ConfigMapPlan) -> ContainerPlan {
    let task = context.task;
    let Some(script) = &task.script else { return run::entrypoint(container, &task.command, &task.args, None) };
    let has_interpreter = script.as_str().starts_with("#!");
    if !has_interpreter && script.as_str().len() <= MAX_INLINE_SCRIPT {
        return container.script(script);
    }
    config_map.add(SCRIPT_KEY, script, has_interpreter);
    let words: &[&'static str] = if has_interpreter { &[SCRIPT_FILE] } else { &["/bin/sh", "-e", SCRIPT_FILE] };
    let words: Vec<Arg> = words.iter().map(|word| Arg::Literal(Text::constant(word))).collect();
    container.command(&words)
}

/// Mounts what the ConfigMap has come to hold, each text as one file.
fn files(context: &mut Context<'_>, mut container: ContainerPlan, config_map: &mut ConfigMapPlan) -> ContainerPlan {
    let mut mounts: Vec<(AbsolutePath, RelativePath)> = Vec::new();
    for (index, file) in context.task.files.iter().enumerate() {
        if file.path.as_str().ends_with('/') {
            let path = FieldPath::root().key("files").index(index).key("path");
            context.problem(
                path,
                Rule::AbsolutePath,
                format!("{:?} names a directory", file.path.as_str()),
                "name a file",
            );
        }
        let key = format!("file-{index}");
        config_map.add(&key, &file.content, file.executable);
        if let Ok(key) = key.parse() {
            mounts.push((file.path.clone(), key));
        }
    }
    if config_map.is_empty() {
        return container;
    }
    let volume = config_map.volume(&DnsLabel::constant(FILES_VOLUME));
    for (key, path) in [("description", environment::DESCRIPTION_FILE), (SCRIPT_KEY, SCRIPT_FILE)] {
        if config_map.holds(key) {
            mounts.push((AbsolutePath::constant(path), RelativePath::constant(key)));
        }
    }
    for (path, key) in &mounts {
        container = container.mount_part(&volume, path, Some(key), true);
    }
    container
}

/// The task's own resources, its size class, or the settings'.
fn resources<'a>(context: &mut Context<'a>) -> Option<&'a Resources> {
    let pointer = in_pod!("/containers/0/resources");
    if context.task.size.is_some() && context.task.resources.is_some() {
        let message = "size names a class of resources: it excludes resources";
        context.problem(root("size"), Rule::Conflict, message, "remove one of the two");
    }
    let (resources, path) = if let Some(own) = &context.task.resources {
        context.job_origin(pointer, || Origin::Task { path: "resources".to_owned() });
        (own, "resources")
    } else if let Some(size) = &context.task.size {
        let sizes = &context.settings.resources.sizes;
        let Some(class) = sizes.get(size) else {
            let known: Vec<&str> = sizes.keys().map(DnsLabel::as_str).collect();
            let cure = if known.is_empty() {
                "define it under resources.sizes of the settings".to_owned()
            } else {
                format!("use one of {}", known.join(", "))
            };
            context.problem(
                root("size"),
                Rule::Policy,
                format!("the settings have no size class {:?}", size.as_str()),
                cure,
            );
            return None;
        };
        context.job_origin(pointer, || Origin::SizeClass { name: size.to_string() });
        (class, "size")
    } else {
        context.job_origin(pointer, || Origin::Setting { path: "resources.main".to_owned() });
        (&context.settings.resources.main, "image")
    };
    check_limits(context, resources, path);
    Some(resources)
}

/// A request above its limit is refused by Kubernetes.
fn check_limits(context: &mut Context<'_>, resources: &Resources, path: &str) {
    for (name, request) in &resources.requests {
        let Some(limit) = resources.limits.get(name) else { continue };
        if request.compare(limit).is_gt() {
            let message = format!("the request of {request} {name} is above its limit of {limit}");
            context.problem(root(path), Rule::Quantity, message, "lower the request or raise the limit");
        }
    }
}

fn origins(context: &mut Context<'_>) {
    if !context.origins.is_kept() {
        return;
    }
    let task = context.task;
    let container = format!("{POD}/containers/0");
    let word = |path: &str| Origin::Task { path: path.to_owned() };
    let setting = |path: &str| Origin::Setting { path: path.to_owned() };
    let mut notes = vec![
        (format!("{container}/name"), setting("pod.containerName")),
        (format!("{container}/env"), Origin::BuiltIn { rule: "the task's fields and where its API is" }),
        (format!("{container}/securityContext"), setting("security.profile")),
        (
            format!("{container}/terminationMessagePolicy"),
            Origin::BuiltIn { rule: "the last log lines explain a failure" },
        ),
    ];
    if task.script.is_some() {
        notes.push((format!("{container}/command"), word("script")));
    } else {
        notes.push((format!("{container}/command"), word("command")));
        notes.push((format!("{container}/args"), word("args")));
    }
    for (pointer, origin) in notes {
        context.job_origin(&pointer, || origin);
    }
}

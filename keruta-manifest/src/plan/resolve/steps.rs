//! The init steps in their order: waits, git, setup, sidecars, the task's own.

use super::agent;
use super::context::{Context, JOB, POD, root};
use super::environment;
use super::workspace::Workspace;
use crate::plan::config_map::ConfigMapPlan;
use crate::plan::container::{ContainerPlan, ProbedContainer};
use crate::plan::origin::Origin;
use crate::plan::security::{container_security, writing_step_security};
use crate::plan::step::{git, http, run, setup, wait, write_file};
use crate::problem::{FieldPath, Rule};
use crate::settings::{SecurityProfile, SecuritySettings};
use crate::task::{Credentials, EnvMap, InitStep, Repository, Resources};
use crate::value::{AbsolutePath, DnsLabel, GitScheme, RelativePath};

/// A container before the main one.
pub(super) enum Step {
    /// One that runs to its end.
    Init(ContainerPlan),
    /// One that stays.
    Sidecar(ProbedContainer),
}

pub(super) fn resolve(context: &mut Context<'_>, workspace: &Workspace, config_map: &mut ConfigMapPlan) -> Vec<Step> {
    let mut steps = Vec::new();
    let task = context.task;
    if let Some(container) = agent::step(context.settings) {
        note_origin(context, &steps, || Origin::Setting { path: "agent.inject".to_owned() });
        steps.push(Step::Init(container));
    }
    let own = |wanted: fn(&InitStep) -> bool| task.init_steps.iter().enumerate().filter(move |(_, step)| wanted(step));
    for (index, step) in own(is_wait) {
        note_origin(context, &steps, || Origin::Task { path: step_path(index).to_string() });
        steps.push(Step::Init(own_step(context, workspace, index, step)));
    }
    if let Some(repository) = &task.repository {
        note_origin(context, &steps, || Origin::Task { path: "repository".to_owned() });
        steps.push(Step::Init(git_step(context, workspace, repository, config_map)));
    }
    if let Some(container) = setup_step(context, workspace) {
        note_origin(context, &steps, || Origin::Setting { path: "setup".to_owned() });
        steps.push(Step::Init(container));
    }
    for (index, sidecar) in task.sidecars.iter().enumerate() {
        let path = || root("sidecars").index(index);
        if sidecar.script.is_some() && !(sidecar.command.is_empty() && sidecar.args.is_empty()) {
            context.problem(
                path().key("script"),
                Rule::Conflict,
                "a script excludes command and args",
                "remove one of them",
            );
        }
        let container = finish(
            context,
            workspace,
            run::sidecar(sidecar),
            sidecar.working_dir.as_ref(),
            sidecar.resources.as_ref(),
            &sidecar.env,
            path,
        );
        note_origin(context, &steps, || Origin::Task { path: path().to_string() });
        steps.push(Step::Sidecar(run::probed(container, sidecar)));
    }
    for (index, step) in own(|step| !is_wait(step)) {
        note_origin(context, &steps, || Origin::Task { path: step_path(index).to_string() });
        steps.push(Step::Init(own_step(context, workspace, index, step)));
    }
    steps
}

const fn is_wait(step: &InitStep) -> bool {
    matches!(step, InitStep::WaitForService(_) | InitStep::WaitForTcp(_) | InitStep::WaitForHttp(_))
}

/// Notes where the step comes from that is about to follow `steps`.
fn note_origin(context: &mut Context<'_>, steps: &[Step], origin: impl FnOnce() -> Origin) {
    context.origins.note(JOB, || (format!("{POD}/initContainers/{}", steps.len()), origin()));
}

/// The place of a step in the task.
fn step_path(index: usize) -> FieldPath {
    root("initSteps").index(index)
}

/// A step that the task describes.
fn own_step(context: &mut Context<'_>, workspace: &Workspace, index: usize, step: &InitStep) -> ContainerPlan {
    let settings = context.settings;
    let path = || step_path(index);
    let no_env = EnvMap::default();
    let plain = |context: &mut Context<'_>, container| finish(context, workspace, container, None, None, &no_env, path);
    match step {
        InitStep::WaitForService(step) => plain(context, wait::service(step, settings)),
        InitStep::WaitForTcp(step) => plain(context, wait::tcp(step, settings)),
        InitStep::WaitForHttp(step) => plain(context, wait::http(step, settings)),
        InitStep::Sleep(step) => plain(context, wait::sleep(step, settings)),
        InitStep::CallHttp(step) => plain(context, http::call(step, settings)),
        InitStep::WriteFile(step) => {
            if step.path.as_str().ends_with('/') {
                let path = path().key("writeFile").key("path");
                let message = format!("{:?} names a directory", step.path.as_str());
                context.problem(path, Rule::AbsolutePath, message, "name a file");
            }
            plain(context, write_file::container(step, settings)).security(writing_step_security(&settings.security))
        }
        InitStep::Run(step) => {
            let path = || path().key("run");
            if step.script.is_some() && !(step.command.is_empty() && step.args.is_empty()) {
                context.problem(
                    path().key("script"),
                    Rule::Conflict,
                    "a script excludes command and args",
                    "remove one of them",
                );
            }
            finish(
                context,
                workspace,
                run::container(step),
                step.working_dir.as_ref(),
                step.resources.as_ref(),
                &step.env,
                path,
            )
        }
    }
}

fn git_step(
    context: &mut Context<'_>,
    workspace: &Workspace,
    repository: &Repository,
    config_map: &mut ConfigMapPlan,
) -> ContainerPlan {
    check_repository(context, repository);
    let checkout = workspace.checkout.as_ref().unwrap_or(&workspace.mount_path);
    let container = git::container(repository, checkout, context.settings);
    let container = finish(context, workspace, container, None, None, &EnvMap::default(), || root("repository"))
        .security(writing_step_security(&context.settings.security));
    let security = &context.settings.security;
    let by_ssh = matches!(repository.credentials, Some(Credentials::SshKeySecret(_)));
    if by_ssh && security.profile == SecurityProfile::Restricted {
        named_user(container, security, config_map)
    } else {
        container
    }
}

/// ssh runs for no uid without a name, and no image knows the one of the settings.
fn named_user(container: ContainerPlan, security: &SecuritySettings, config_map: &mut ConfigMapPlan) -> ContainerPlan {
    let SecuritySettings { run_as_user, run_as_group, .. } = security;
    config_map.add(git::USER_KEY, format!("keruta:x:{run_as_user}:{run_as_group}:keruta:/tmp:/bin/sh\n"), false);
    let volume = config_map.volume_with(&DnsLabel::constant(git::USER_VOLUME), git::USER_KEY);
    container.mount_part(
        &volume,
        &AbsolutePath::constant("/etc/passwd"),
        Some(&RelativePath::constant(git::USER_KEY)),
        true,
    )
}

/// What the settings allow, and which credentials go with which URL.
fn check_repository(context: &mut Context<'_>, repository: &Repository) {
    let scheme = repository.url.scheme();
    let path = || root("repository");
    if !context.settings.git.schemes.contains(&scheme) {
        let allowed: Vec<&str> = context.settings.git.schemes.iter().map(|scheme| scheme.as_str()).collect();
        let message = format!("the settings do not allow {scheme} URLs, only {}", allowed.join(", "));
        context.problem(
            path().key("url"),
            Rule::Policy,
            message,
            format!("use another URL, or add {scheme:?} to git.schemes").to_lowercase(),
        );
    }
    let wanted: &[GitScheme] = match &repository.credentials {
        None => return,
        Some(Credentials::SshKeySecret(_)) => &[GitScheme::Ssh],
        Some(Credentials::BasicAuthSecret(_) | Credentials::TokenSecret(_)) => &[GitScheme::Https, GitScheme::Http],
    };
    if !wanted.contains(&scheme) {
        let (message, cure) = if wanted == [GitScheme::Ssh] {
            (format!("an SSH key cannot be used with an {scheme} URL"), "use git@host:path, or a token")
        } else {
            (format!("a password or token cannot be used with an {scheme} URL"), "use https://host/path, or an SSH key")
        };
        context.problem(path().key("credentials"), Rule::Conflict, message, cure);
    }
}

/// The setup step, where there is something that it could do.
fn setup_step(context: &mut Context<'_>, workspace: &Workspace) -> Option<ContainerPlan> {
    let (task, settings) = (context.task, context.settings);
    let has_ids =
        task.repository_id.is_some() || task.document().is_some() || settings.task_metadata_config_map.is_some();
    // The repository may bring a script of its own.
    if !settings.setup || !(has_ids || task.repository.is_some()) {
        return None;
    }
    let container = setup::container(task.repository_id.as_ref(), task.document(), settings);
    // The script is looked for in the checkout.
    let working_dir = workspace.checkout.as_ref();
    let path = || root("repositoryId");
    let container = finish(context, workspace, container, working_dir, None, &EnvMap::default(), path);
    Some(container.security(writing_step_security(&settings.security)))
}

/// What all containers before the main one have: the workspace, git's word on it, resources, the security profile.
fn finish(
    context: &mut Context<'_>,
    workspace: &Workspace,
    container: ContainerPlan,
    working_dir: Option<&AbsolutePath>,
    resources: Option<&Resources>,
    env: &EnvMap,
    path: impl Fn() -> FieldPath,
) -> ContainerPlan {
    let settings = context.settings;
    let container = container
        .mount(&workspace.volume, &workspace.mount_path)
        .working_dir(working_dir.unwrap_or(&workspace.mount_path))
        .resources(resources.unwrap_or(&settings.resources.init))
        .security(container_security(&settings.security))
        .logs_as_termination_message();
    match &workspace.checkout {
        Some(checkout) => {
            let path = || path().key("env");
            environment::with_safe_directory(context, container, (env, env.iter()), checkout, path)
        }
        None => run::env(container, env),
    }
}

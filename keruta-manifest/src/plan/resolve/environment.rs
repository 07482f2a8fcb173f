//! The environment that keruta gives the main container, and git's in every container.

use super::agent;
use super::context::{Context, root};
use crate::plan::config_map::ConfigMapPlan;
use crate::plan::container::ContainerPlan;
use crate::plan::step::{run, setup};
use crate::problem::{FieldPath, Rule};
use crate::settings::Settings;
use crate::task::{EnvMap, EnvSource, Task};
use crate::value::{AbsolutePath, EnvName, Text};

/// The kernel's limit for one `NAME=value` with its final NUL (`MAX_ARG_STRLEN`, 32 pages).
const MAX_VARIABLE: usize = 131_072;
/// The key of the whole description in the Job's ConfigMap.
const DESCRIPTION_KEY: &str = "description";
/// Where the whole description is mounted.
pub(super) const DESCRIPTION_FILE: &str = "/keruta/description";
/// Ends a description that was cut.
const CUT_MARK: &str = "\n[cut here; the whole text is in the file named by KERUTA_TASK_DESCRIPTION_FILE]";

/// Names that a task cannot set, because keruta does.
const RESERVED: [&str; 14] = [
    "KERUTA_TASK_ID",
    "KERUTA_TASK_TITLE",
    "KERUTA_TASK_DESCRIPTION",
    "KERUTA_TASK_DESCRIPTION_FILE",
    "KERUTA_TASK_PRIORITY",
    "KERUTA_TASK_STATUS",
    "KERUTA_TASK_CREATED_AT",
    "KERUTA_TASK_UPDATED_AT",
    "KERUTA_API_URL",
    "KERUTA_API_ENDPOINT",
    "KERUTA_API_TOKEN",
    "KERUTA_REPOSITORY_ID",
    "KERUTA_DOCUMENT_ID",
    "KERUTA_TASK_ATTEMPT",
];

/// The seven fields of the task, absent ones absent.
pub(super) fn task_variables(
    context: &mut Context<'_>,
    mut container: ContainerPlan,
    config_map: &mut ConfigMapPlan,
) -> ContainerPlan {
    let task = context.task;
    container = container.literal("KERUTA_TASK_ID", task.id.as_str());
    if let Some(title) = &task.title {
        if "KERUTA_TASK_TITLE=".len() + title.as_str().len() >= MAX_VARIABLE {
            let message = format!("has {} bytes, more than an environment variable can hold", title.as_str().len());
            context.problem(
                root("title"),
                Rule::Text,
                message,
                "give a title of one line, and the rest as description",
            );
        }
        container = container.literal("KERUTA_TASK_TITLE", title.as_str());
    }
    if let Some(description) = &task.description {
        container = self::description(container, description, config_map);
    }
    if let Some(priority) = task.priority {
        container = container.literal("KERUTA_TASK_PRIORITY", &priority.to_string());
    }
    if let Some(status) = task.status {
        container = container.literal("KERUTA_TASK_STATUS", status.as_str());
    }
    if let Some(time) = &task.created_at {
        container = container.literal("KERUTA_TASK_CREATED_AT", &time.to_utc());
    }
    if let Some(time) = &task.updated_at {
        container = container.literal("KERUTA_TASK_UPDATED_AT", &time.to_utc());
    }
    container
}

/// The description as a variable; a too long one cut there and whole in a file.
fn description(container: ContainerPlan, text: &Text, config_map: &mut ConfigMapPlan) -> ContainerPlan {
    let room = MAX_VARIABLE - "KERUTA_TASK_DESCRIPTION=".len() - 1;
    if text.as_str().len() <= room {
        return container.literal("KERUTA_TASK_DESCRIPTION", text.as_str());
    }
    config_map.add(DESCRIPTION_KEY, text, false);
    let end = (0..=room - CUT_MARK.len()).rev().find(|end| text.as_str().is_char_boundary(*end)).unwrap_or(0);
    let cut = format!("{}{CUT_MARK}", &text.as_str()[..end]);
    container.literal("KERUTA_TASK_DESCRIPTION", &cut).literal("KERUTA_TASK_DESCRIPTION_FILE", DESCRIPTION_FILE)
}

/// Where the API is, its token, and the ids to ask it for.
pub(super) fn api_variables(context: &Context<'_>, container: ContainerPlan) -> ContainerPlan {
    let settings = context.settings;
    let mut container = container
        .literal("KERUTA_API_URL", settings.api_url.as_str())
        .literal("KERUTA_API_ENDPOINT", settings.api_url.as_str());
    if let Some(secret) = &settings.api_token_secret {
        container = container.sourced("KERUTA_API_TOKEN", &EnvSource::Secret(secret.clone()));
    }
    setup::ids(container, context.task.repository_id.as_ref(), context.task.document(), settings)
}

/// Whether a task may not set a variable.
pub(super) fn is_reserved(task: &Task, settings: &Settings, name: &EnvName) -> bool {
    RESERVED.contains(&name.as_str()) || agent::is_its_variable(task, settings, name.as_str())
}

/// Each of the task's own variables that it may not set is a problem.
pub(super) fn refuse_reserved(context: &mut Context<'_>, env: &EnvMap) {
    for name in env.keys().filter(|name| is_reserved(context.task, context.settings, name)) {
        let message = format!("{name} is set by keruta and cannot be overridden");
        context.problem(root("env").key(name.as_str()), Rule::ReservedEnvName, message, "choose another name");
    }
}

/// Adds a container's own variables, and with them what lets git work in the checkout whatever uid the container has:
/// git refuses a directory that belongs to another user unless it is told otherwise. It joins the configuration that
/// the variables themselves give git this way. [Source](https://git-scm.com/docs/git-config#ENVIRONMENT).
pub(super) fn with_safe_directory<'a>(
    context: &mut Context<'_>,
    mut container: ContainerPlan,
    (env, allowed): (&'a EnvMap, impl Iterator<Item = (&'a EnvName, &'a EnvSource)>),
    checkout: &AbsolutePath,
    path: impl Fn() -> FieldPath,
) -> ContainerPlan {
    const COUNT: &str = "GIT_CONFIG_COUNT";
    let first = match env.get(&EnvName::constant(COUNT)) {
        None => Some(0),
        Some(EnvSource::Literal(count)) => count.as_str().parse::<u16>().ok(),
        Some(_) => None,
    };
    let Some(first) = first else {
        let message = "keruta adds to git's configuration and must know how many entries there are";
        let cure = "write the number of GIT_CONFIG_KEY_<n> as a text, for example \"1\"";
        context.problem(path().key(COUNT), Rule::Conflict, message, cure);
        return run::env(container, allowed);
    };
    let mut entries = vec![(usize::from(first), checkout.to_string())];
    // A child without a repository of its own does not know what of its ancestor's lies in the workspace.
    if context.task.repository.as_ref().is_none_or(|repository| repository.submodules) {
        entries.push((usize::from(first) + 1, format!("{checkout}/*")));
    }
    let count = usize::from(first) + entries.len();
    let mut added = vec![(COUNT.to_owned(), count.to_string())];
    for (number, directory) in entries {
        added.push((format!("GIT_CONFIG_KEY_{number}"), "safe.directory".to_owned()));
        added.push((format!("GIT_CONFIG_VALUE_{number}"), directory));
    }
    for (name, source) in allowed.filter(|(name, _)| name.as_str() != COUNT) {
        if added.iter().any(|(added, _)| added == name.as_str()) {
            let message = format!("{name} is an entry of git's configuration that {COUNT} does not count");
            let cure = format!("set {COUNT} to the number of entries, which are numbered from 0");
            context.problem(path().key(name.as_str()), Rule::Conflict, message, cure);
        } else {
            container = container.env(name, source);
        }
    }
    added.into_iter().fold(container, |container, (name, value)| container.literal(name, &value))
}

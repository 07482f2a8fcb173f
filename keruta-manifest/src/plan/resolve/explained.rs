//! The origins of what is made from many fields at once: labels, annotations, variables, init containers.
//!
//! Told from the finished objects, so that planning itself is not cluttered with it.

mod volumes;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Container;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::agent;
use super::context::{CLAIM, CONFIG_MAP, Context, JOB, POD};
use crate::plan::origin::Origin;
use crate::plan::step::{git, setup};
use crate::well_known;

/// Notes the origins of a Job and the objects that go with it.
pub(super) fn note(context: &mut Context<'_>, job: &Job) {
    if !context.origins.is_kept() {
        return;
    }
    metadata(context, JOB, "/metadata", &job.metadata);
    for kind in [CLAIM, CONFIG_MAP] {
        metadata(context, kind, "/metadata", &job.metadata);
    }
    config_map(context);
    let Some(spec) = &job.spec else { return };
    if let Some(template) = &spec.template.metadata {
        metadata(context, JOB, "/spec/template/metadata", template);
    }
    let Some(pod) = &spec.template.spec else { return };
    for (index, container) in pod.init_containers.iter().flatten().enumerate() {
        init_container(context, &format!("{POD}/initContainers/{index}"), container);
    }
    for container in &pod.containers {
        variables(context, &format!("{POD}/containers/0"), container);
    }
    for (pointer, field, default) in [
        ("imagePullSecrets", !context.task.image_pull_secrets.is_empty(), "pod.imagePullSecrets"),
        ("nodeSelector", !context.task.node_selector.is_empty(), "pod.nodeSelector"),
        ("tolerations", !context.task.tolerations.is_empty(), "pod.tolerations"),
        ("terminationGracePeriodSeconds", false, "pod.terminationGracePeriodSeconds"),
    ] {
        let origin = if field { task(pointer) } else { setting(default) };
        note_job(context, &format!("{POD}/{pointer}"), origin);
    }
    volumes::note(context, pod);
}

fn task(path: &str) -> Origin {
    Origin::Task { path: path.to_owned() }
}

fn setting(path: &str) -> Origin {
    Origin::Setting { path: path.to_owned() }
}

fn note_job(context: &mut Context<'_>, pointer: &str, origin: Origin) {
    context.origins.note(JOB, || (pointer.to_owned(), origin));
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Name, namespace, labels and annotations.
fn metadata(context: &mut Context<'_>, kind: &'static str, pointer: &str, metadata: &ObjectMeta) {
    let namespace = if context.task.namespace.is_some() { task("namespace") } else { setting("defaultNamespace") };
    let mut notes = vec![(format!("{pointer}/namespace"), namespace), (format!("{pointer}/name"), task("id"))];
    for key in metadata.labels.iter().flatten().map(|(key, _)| key.as_str()) {
        let origin = match key {
            well_known::WORKSPACE if context.lineage.ancestor().is_some() => Origin::Lineage,
            well_known::TASK_ID | well_known::WORKSPACE => task("id"),
            well_known::APP | well_known::MANAGED_BY => Origin::BuiltIn { rule: "labels of every object of a task" },
            "kueue.x-k8s.io/queue-name" => continue,
            _ => setting("pod.labels"),
        };
        notes.push((format!("{pointer}/labels/{}", escaped(key)), origin));
    }
    for key in metadata.annotations.iter().flatten().map(|(key, _)| key.as_str()) {
        let origin = match key {
            well_known::TITLE => task("title"),
            well_known::PARENT => task("parentId"),
            well_known::FULL_TASK_ID => task("id"),
            well_known::ATTEMPT if context.task.attempt.is_none() => Origin::BuiltIn { rule: "the first attempt" },
            well_known::ATTEMPT => task("attempt"),
            well_known::AGENT_LOG => setting("agent.logSource"),
            _ => setting("pod.annotations"),
        };
        notes.push((format!("{pointer}/annotations/{}", escaped(key)), origin));
    }
    if kind == CLAIM {
        let own = context.task.workspace.as_ref().is_some_and(|workspace| workspace.retention.is_some());
        let origin = if own { task("workspace.retention") } else { setting("workspace.retention") };
        notes.push((format!("{pointer}/annotations/{}", escaped(well_known::RETENTION)), origin));
    }
    for (pointer, origin) in notes {
        context.origins.note(kind, || (pointer, origin));
    }
}

fn config_map(context: &mut Context<'_>) {
    for (index, _) in context.task.files.iter().enumerate() {
        let origin = task(&format!("files[{index}].content"));
        context.origins.note(CONFIG_MAP, || (format!("/data/file-{index}"), origin));
    }
    for key in ["description", "script"] {
        context.origins.note(CONFIG_MAP, || (format!("/data/{key}"), task(key)));
    }
    context.origins.note(CONFIG_MAP, || (format!("/data/{}", git::USER_KEY), setting("security.profile")));
}

/// What every container before the main one has, and what is known of keruta's own.
fn init_container(context: &mut Context<'_>, pointer: &str, container: &Container) {
    let mut notes = vec![
        ("securityContext", setting("security.profile")),
        ("terminationMessagePolicy", Origin::BuiltIn { rule: "the last log lines explain a failure" }),
    ];
    match container.name.as_str() {
        git::NAME => notes.extend([
            ("name", Origin::BuiltIn { rule: "the git step" }),
            ("command", Origin::BuiltIn { rule: "the git step's script" }),
            ("image", setting("images.git")),
            ("resources", setting("resources.init")),
            ("workingDir", setting("workspace.mountPath")),
        ]),
        agent::NAME => notes.extend([("image", setting("agent.image")), ("resources", setting("resources.init"))]),
        setup::NAME => notes.extend([
            ("name", Origin::BuiltIn { rule: "the setup step" }),
            ("command", Origin::BuiltIn { rule: "the setup step's script" }),
            ("image", setting("images.curl")),
            ("resources", setting("resources.init")),
            ("workingDir", setting("workspace.mountPath")),
        ]),
        _ => {}
    }
    for (field, origin) in notes {
        note_job(context, &format!("{pointer}/{field}"), origin);
    }
    variables(context, pointer, container);
}

/// The variables of a container, each by its name.
fn variables(context: &mut Context<'_>, pointer: &str, container: &Container) {
    for (index, variable) in container.env.iter().flatten().enumerate() {
        let metadata = context.settings.task_metadata_config_map.is_some();
        let origin = match variable.name.as_str() {
            "KERUTA_TASK_ID" => task("id"),
            "KERUTA_TASK_TITLE" => task("title"),
            "KERUTA_TASK_DESCRIPTION" | "KERUTA_TASK_DESCRIPTION_FILE" => task("description"),
            "KERUTA_TASK_PRIORITY" => task("priority"),
            "KERUTA_TASK_STATUS" => task("status"),
            "KERUTA_TASK_CREATED_AT" => task("createdAt"),
            "KERUTA_TASK_UPDATED_AT" => task("updatedAt"),
            "KERUTA_API_URL" | "KERUTA_API_ENDPOINT" => setting("apiUrl"),
            "KERUTA_API_TOKEN" => setting("apiTokenSecret"),
            "KERUTA_REPOSITORY_ID" | "KERUTA_DOCUMENT_ID" if metadata => setting("taskMetadataConfigMap"),
            "KERUTA_REPOSITORY_ID" => task("repositoryId"),
            "KERUTA_DOCUMENT_ID" if context.task.document_id.is_some() => task("documentId"),
            "KERUTA_DOCUMENT_ID" => task("documents"),
            "GIT_ALLOW_PROTOCOL" => setting("git.schemes"),
            "KERUTA_GIT_ATTEMPTS" => setting("git.retries"),
            "KERUTA_GIT_TOKEN_USER" => task("repository.credentials"),
            name if context.task.env.keys().any(|own| own.as_str() == name) => task(&format!("env.{name}")),
            name if name.starts_with("GIT_CONFIG_") => {
                Origin::BuiltIn { rule: "git works in the checkout whatever the container's user" }
            }
            name => match agent::origin_of(context, name) {
                Some(origin) => origin,
                None => continue,
            },
        };
        note_job(context, &format!("{pointer}/env/{index}"), origin);
    }
}

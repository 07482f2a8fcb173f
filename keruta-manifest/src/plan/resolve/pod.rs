//! The Job around the containers: labels, limits, where the Pod runs and as whom.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Affinity, PodAffinity, PodAffinityTerm};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::agent;
use super::context::{Context, TaskNames, in_pod, labels};
use super::steps::Step;
use super::workspace::Workspace;
use crate::plan::container::ContainerPlan;
use crate::plan::exit_code::{AGENT_FATAL_EXIT_CODES, STEP_FATAL_EXIT_CODES};
use crate::plan::job::{JobPlan, JobPlanBuilder};
use crate::plan::origin::Origin;
use crate::plan::security::pod_security;
use crate::plan::step::{git, setup};
use crate::value::QualifiedName;
use crate::well_known;

/// The label by which Kueue takes a Job into a queue.
/// [Source](https://kueue.sigs.k8s.io/docs/tasks/run/jobs/).
const QUEUE_LABEL: &str = "kueue.x-k8s.io/queue-name";

pub(super) fn resolve(
    context: &mut Context<'_>,
    names: &TaskNames,
    workspace: &Workspace,
    main: ContainerPlan,
    steps: Vec<Step>,
) -> JobPlanBuilder {
    let (task, settings) = (context.task, context.settings);
    let main_name = main.name().to_owned();
    let mut job = JobPlan::builder(names.own.job.clone(), main).namespace(context.namespace());
    for (key, value) in &settings.pod.labels {
        job = job.pod_label(key.clone(), value.clone());
    }
    for (key, value) in labels(&names.own, &names.workspace) {
        job = job.label(key, value);
    }
    job = annotations(context, job);
    let queue = context.choose(
        "/metadata/labels/kueue.x-k8s.io~1queue-name",
        (task.queue.as_ref(), "queue"),
        (settings.queue.as_ref(), "queue"),
    );
    if let Some(queue) = queue {
        job = job.job_label(QualifiedName::constant(QUEUE_LABEL), queue);
    }
    job = limits(context, job);
    if settings.job.pod_failure_policy {
        job = job.ignore_disruptions().fail_on_exit_codes(&main_name, &AGENT_FATAL_EXIT_CODES);
    }
    for step in steps {
        job = match step {
            Step::Sidecar(sidecar) => job.sidecar(sidecar),
            Step::Init(container) => {
                let own = matches!(container.name(), git::NAME | setup::NAME);
                if own && settings.job.pod_failure_policy {
                    job = job.fail_on_exit_codes(container.name(), &STEP_FATAL_EXIT_CODES);
                }
                job.init(container)
            }
        };
    }
    placement(context, names, workspace, job)
        .automount_service_account_token(false)
        .pod_security(pod_security(&settings.security))
        .termination_grace_period(settings.pod.termination_grace_period_seconds)
}

fn annotations(context: &Context<'_>, mut job: JobPlanBuilder) -> JobPlanBuilder {
    let task = context.task;
    if let Some(title) = &task.title {
        job = job.annotation(QualifiedName::constant(well_known::TITLE), title.as_str());
    }
    if let Some(parent) = &task.parent_id {
        job = job.annotation(QualifiedName::constant(well_known::PARENT), parent.as_str());
    }
    if context.settings.names == crate::settings::NamePolicy::Hashed {
        job = job.annotation(QualifiedName::constant(well_known::FULL_TASK_ID), task.id.as_str());
    }
    job = job.annotation(QualifiedName::constant(well_known::ATTEMPT), task.attempt.unwrap_or(1).to_string());
    for (key, value) in &context.settings.pod.annotations {
        job = job.pod_annotation(key.clone(), value.as_str());
    }
    if let Some(container) = agent::sends_log_of(task, context.settings) {
        job = job.pod_annotation(QualifiedName::constant(well_known::AGENT_LOG), container.as_str());
    }
    job
}

fn limits(context: &mut Context<'_>, job: JobPlanBuilder) -> JobPlanBuilder {
    let (task, settings) = (context.task, &context.settings.job);
    let backoff = context.choose(
        "/spec/backoffLimit",
        (task.backoff_limit.as_ref(), "backoffLimit"),
        (Some(&settings.backoff_limit), "job.backoffLimit"),
    );
    let deadline = context.choose(
        "/spec/activeDeadlineSeconds",
        (task.timeout_seconds.as_ref(), "timeoutSeconds"),
        (settings.active_deadline_seconds.as_ref(), "job.activeDeadlineSeconds"),
    );
    // The Job's own deadline ends a Pod without a word of why.
    let is_agents = task.timeout_seconds.is_some() && agent::runs(task, context.settings);
    let deadline = deadline.map(|time| if is_agents { agent::deadline(time, context.settings) } else { time });
    let ttl = context.choose(
        "/spec/ttlSecondsAfterFinished",
        (task.ttl_seconds_after_finished.as_ref(), "ttlSecondsAfterFinished"),
        (settings.ttl_seconds_after_finished.as_ref(), "job.ttlSecondsAfterFinished"),
    );
    context.job_origin("/spec/podFailurePolicy", || Origin::Setting { path: "job.podFailurePolicy".to_owned() });
    job.backoff_limit(backoff.unwrap_or(settings.backoff_limit)).active_deadline(deadline).ttl_after_finished(ttl)
}

fn placement(
    context: &mut Context<'_>,
    names: &TaskNames,
    workspace: &Workspace,
    job: JobPlanBuilder,
) -> JobPlanBuilder {
    let (task, settings) = (context.task, &context.settings.pod);
    let account = context.choose(
        in_pod!("/serviceAccountName"),
        (task.service_account_name.as_ref(), "serviceAccountName"),
        (settings.service_account_name.as_ref(), "pod.serviceAccountName"),
    );
    let priority = context.choose(
        in_pod!("/priorityClassName"),
        (task.priority_class_name.as_ref(), "priorityClassName"),
        (settings.priority_class_name.as_ref(), "pod.priorityClassName"),
    );
    let runtime = context.choose(
        in_pod!("/runtimeClassName"),
        (task.runtime_class_name.as_ref(), "runtimeClassName"),
        (settings.runtime_class_name.as_ref(), "pod.runtimeClassName"),
    );
    let affinity = context.choose(
        in_pod!("/affinity"),
        (task.affinity.as_deref(), "affinity"),
        (settings.affinity.as_deref(), "pod.affinity"),
    );
    let affinity = if workspace.share_node {
        context.job_origin(in_pod!("/affinity/podAffinity"), || Origin::Setting {
            path: "workspace.shareNode".to_owned(),
        });
        Some(with_shared_node(affinity.unwrap_or_default(), names))
    } else {
        affinity
    };
    let selector: BTreeMap<String, String> = settings
        .node_selector
        .iter()
        .chain(task.node_selector.iter())
        .map(|(key, value)| (key.into(), value.into()))
        .collect();
    let tolerations =
        settings.tolerations.iter().chain(&task.tolerations).map(|toleration| (**toleration).clone()).collect();
    let secrets =
        if task.image_pull_secrets.is_empty() { &settings.image_pull_secrets } else { &task.image_pull_secrets };
    let built_in = |rule| move || Origin::BuiltIn { rule };
    context.job_origin(in_pod!("/automountServiceAccountToken"), built_in("a task needs no access to Kubernetes"));
    context.job_origin(in_pod!("/restartPolicy"), built_in("a failed Pod is replaced, so that its log stays"));
    context.job_origin(in_pod!("/securityContext"), || Origin::Setting { path: "security.profile".to_owned() });
    job.service_account(account)
        .priority_class(priority)
        .runtime_class(runtime)
        .affinity(affinity)
        .node_selector(selector)
        .tolerations(tolerations)
        .image_pull_secrets(secrets)
}

/// Two Pods with one ReadWriteOnce claim must run on one node. A Pod that matches its own term may be the first.
/// [Source](https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity).
fn with_shared_node(mut affinity: Affinity, names: &TaskNames) -> Affinity {
    let term = PodAffinityTerm {
        label_selector: Some(LabelSelector {
            match_labels: Some(BTreeMap::from([(well_known::WORKSPACE.to_owned(), names.workspace.label.to_string())])),
            match_expressions: None,
        }),
        topology_key: "kubernetes.io/hostname".to_owned(),
        ..PodAffinityTerm::default()
    };
    affinity
        .pod_affinity
        .get_or_insert_with(PodAffinity::default)
        .required_during_scheduling_ignored_during_execution
        .get_or_insert_default()
        .push(term);
    affinity
}

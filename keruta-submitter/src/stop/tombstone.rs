//! A Job that runs nothing and takes an attempt's name.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec, SecurityContext};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use keruta_manifest::well_known;

use super::{StopTarget, labels, text};
use crate::observe::Stop;
use crate::observe::annotations::STOP;

/// The image of the container that never is. `.invalid` is a name that nobody can have (RFC 2606).
const IMAGE: &str = "keruta.invalid/cancelled-before-it-started";

/// A Job of the attempt's name, without Pods, which its controller ends at once.
pub(super) fn job(target: &StopTarget, stop: &Stop) -> Job {
    let mut annotations = BTreeMap::from([
        (STOP.to_owned(), text(stop)),
        (well_known::ATTEMPT.to_owned(), target.attempt.number.to_string()),
    ]);
    if target.attempt.task != target.task_label {
        annotations.insert(well_known::FULL_TASK_ID.to_owned(), target.attempt.task.clone());
    }
    let main = Container {
        name: "main".to_owned(),
        image: Some(IMAGE.to_owned()),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            ..SecurityContext::default()
        }),
        ..Container::default()
    };
    let pod = PodSpec {
        restart_policy: Some("Never".to_owned()),
        automount_service_account_token: Some(false),
        containers: vec![main],
        ..PodSpec::default()
    };
    let metadata = ObjectMeta { labels: Some(labels(&target.task_label)), ..ObjectMeta::default() };
    Job {
        metadata: ObjectMeta {
            name: Some(target.job.clone()),
            namespace: Some(target.attempt.namespace.clone()),
            annotations: Some(annotations),
            ..metadata.clone()
        },
        spec: Some(JobSpec {
            parallelism: Some(0),
            completions: Some(1),
            backoff_limit: Some(0),
            active_deadline_seconds: Some(1),
            template: PodTemplateSpec { metadata: Some(metadata), spec: Some(pod) },
            ..JobSpec::default()
        }),
        status: None,
    }
}

/// Whether a Job stands for an attempt that never started.
pub(crate) fn is_tombstone(job: &Job) -> bool {
    let pod = job.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    pod.is_some_and(|pod| pod.containers.iter().any(|container| container.image.as_deref() == Some(IMAGE)))
}

//! `ServiceAccounts`.

use k8s_openapi::api::core::v1::ServiceAccount;

use super::InstallPlan;
use super::meta::{self, Part};
use crate::object::Object;

pub(super) fn objects(plan: &InstallPlan) -> Vec<Object> {
    let submitter = account(&plan.system_namespace, &plan.submitter, Part::Submitter, true);
    // No task needs the Kubernetes API. Without this, every Pod that does not say otherwise gets a token of its account:
    // https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting
    let tasks = plan.task_namespaces.iter().map(|name| account(name, &plan.task_account, Part::Task, false));
    std::iter::once(submitter).chain(tasks).map(Object::from).collect()
}

fn account(namespace: &str, name: &str, part: Part, token: bool) -> ServiceAccount {
    ServiceAccount {
        metadata: meta::namespaced(namespace, name, part),
        automount_service_account_token: Some(token),
        ..ServiceAccount::default()
    }
}

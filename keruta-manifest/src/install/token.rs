//! The Secret of the API token, without the token.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;

use super::InstallPlan;
use super::meta::{self, Part};
use crate::object::Object;

/// One in each task namespace, since a Pod can use the Secrets of its own namespace only.
///
/// The Secret has no `data` at all, not even the empty key. That makes it safe to apply again over a filled one:
///
/// - `kubectl apply` merges three ways. It deletes the fields that its last-applied annotation has and the new manifest
///   has not, and sets those that the new manifest has. `data` is in neither, so the live value stays.
/// - `kubectl apply --server-side` owns the fields that it once applied. It never applied `data`, which belongs to whoever
///   filled it in.
///
/// For the same reason the Secret must not be *filled* by `kubectl apply`: that would put `data` into the last-applied
/// annotation (with the token in clear), and the next apply of this skeleton would delete it. The annotation names a
/// command that patches instead, and reads the token from standard input, where no process list shows it.
/// `kubectl replace` takes the manifest for the whole object and does wipe the value.
///
/// <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-apply-calculates-differences-and-merges-changes>,
/// <https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management>
pub(super) fn objects(plan: &InstallPlan) -> Vec<Object> {
    plan.task_namespaces.iter().map(|namespace| secret(plan, namespace).into()).collect()
}

fn secret(plan: &InstallPlan, namespace: &str) -> Secret {
    let mut metadata = meta::namespaced(namespace, &plan.token_secret, Part::Task);
    metadata.annotations = Some(BTreeMap::from([("keruta.dev/fill-with".to_owned(), fill_command(plan, namespace))]));
    Secret { metadata, type_: Some("Opaque".to_owned()), ..Secret::default() }
}

/// Names and keys are checked to be free of anything that a shell reads.
fn fill_command(plan: &InstallPlan, namespace: &str) -> String {
    let InstallPlan { token_secret: secret, token_key: key, .. } = plan;
    format!(
        "printf %s \"$KERUTA_API_TOKEN\" | \
         kubectl create secret generic {secret} --from-file={key}=/dev/stdin --dry-run=client -o json | \
         kubectl patch secret {secret} --namespace={namespace} --type=merge --patch-file=/dev/stdin"
    )
}

//! What the submitter may do, and why.
//!
//! Roles, never `ClusterRoles`: outside the task namespaces and its own lease the submitter may do nothing. Each rule below
//! says why each of its verbs is there. What is *not* there, and why:
//!
//! - `secrets`: a Job names the Secrets that it uses; the kubelet reads them. The submitter never does. Only where the plan has
//!   [`task_tokens`](super::InstallPlan::task_tokens), there are `create` and `delete`, for the Secret with the token of each
//!   attempt. Never `get`, `list` or `watch`: what is in a Secret, a running task's token among it, stays unread. Neither verb can be
//!   confined to names that begin in a certain way, so `delete` reaches every Secret of the namespace: keep none there that is not
//!   for tasks. Whoever may create Jobs could mount them all anyway.
//! - `jobs/status`, `pods/status`: `get` on the object shows its status; only Kubernetes writes it.
//! - `jobs/finalizers`: the admission plugin [OwnerReferencesPermissionEnforcement][owners] asks for `update` there from
//!   whoever sets `blockOwnerDeletion: true` on an object that a Job owns. The submitter leaves that field out: a
//!   ConfigMap need not hold up its Job's deletion. The same plugin asks for `delete` on an object whose existing owners
//!   change, which the submitter has. `pods/finalizers` is for the same check; a Pod's `metadata.finalizers` is an
//!   ordinary field, changed by `patch` on `pods`.
//! - `pods/exec`, `pods/attach`, `pods/portforward`, `pods/ephemeralcontainers`, `create` on `pods`: only a Job's
//!   controller makes Pods, and nobody enters them.
//! - `deletecollection`: one mistaken selector would delete every task.
//! - `update`: replaces whole objects; `patch` says what changes. Kept for the lease alone.
//! - `bind`, `escalate`, `impersonate`, `serviceaccounts`, `roles`: no road to other rights.
//!
//! <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>,
//! <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
//!
//! [owners]: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#ownerreferencespermissionenforcement

use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::InstallPlan;
use super::meta::{self, Part};
use crate::object::Object;

pub(super) fn objects(plan: &InstallPlan) -> Vec<Object> {
    let lease = format!("{}-lease", plan.submitter);
    let leases = role_and_binding(plan, &plan.system_namespace, &lease, lease_rules(&plan.submitter));
    let tasks = plan
        .task_namespaces
        .iter()
        .map(|namespace| role_and_binding(plan, namespace, &plan.submitter, task_rules(plan)));
    std::iter::once(leases).chain(tasks).flatten().collect()
}

/// In each task namespace.
fn task_rules(plan: &InstallPlan) -> Vec<PolicyRule> {
    // create: the token of an attempt, before its Job. delete: when the attempt has ended, and one of that name that is in the way.
    let tokens = plan.task_tokens.then(|| rule("", "secrets", &["create", "delete"]));
    let mut rules = vec![
        // create: submit an attempt, or take its name where it was cancelled before. get: on AlreadyExists, compare it with
        // the wanted one. list, watch: follow it to its end. patch: end it (parallelism and deadline), and note on it what
        // was seen and judged. delete: clean up after it.
        rule("batch", "jobs", &["create", "delete", "get", "list", "patch", "watch"]),
        // get, list, watch: why it waits, how each container ended, whether it was disrupted. patch: take off the
        // finalizer that kept the Pod until that was seen. delete: a Pod that is stuck, where cancelling cannot wait.
        rule("", "pods", &["delete", "get", "list", "patch", "watch"]),
        // get: the only verb of this subresource; following a log is a get too.
        rule("", "pods/log", &["get"]),
        // create: a root task's workspace. get: on AlreadyExists, is it this task's? list, watch: bound or not.
        // delete: retention. No patch: a claim is never changed, least of all its size.
        rule("", "persistentvolumeclaims", &["create", "delete", "get", "list", "watch"]),
        // create: a task's files. get: on AlreadyExists, compare. list, watch: find what a crash left.
        // patch: make the Job its owner, once the Job has a uid. delete: what never got an owner.
        rule("", "configmaps", &["create", "delete", "get", "list", "patch", "watch"]),
        // get, list, watch: the causes that no status shows: FailedMount, FailedCreatePodSandBox, FailedScheduling, a
        // quota exceeded. Events of the core group; `events.k8s.io` is another view of the same objects.
        rule("", "events", &["get", "list", "watch"]),
    ];
    rules.extend(tokens);
    rules
}

/// In the submitter's own namespace: the lease by which one of several submitters is the one at work.
///
/// Not in the task namespaces, where anything that may write leases could unseat it.
fn lease_rules(name: &str) -> Vec<PolicyRule> {
    vec![
        // A rule with resourceNames cannot grant create, since the name is not known to the authorizer then:
        // https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
        rule("coordination.k8s.io", "leases", &["create"]),
        // get: who holds it. update, patch: take and renew it, by either way of writing. No delete: a released lease has
        // no holder, but still its count of transitions.
        PolicyRule {
            resource_names: Some(vec![name.to_owned()]),
            ..rule("coordination.k8s.io", "leases", &["get", "patch", "update"])
        },
    ]
}

fn rule(group: &str, resource: &str, verbs: &[&str]) -> PolicyRule {
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(vec![resource.to_owned()]),
        verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        ..PolicyRule::default()
    }
}

fn role_and_binding(plan: &InstallPlan, namespace: &str, name: &str, rules: Vec<PolicyRule>) -> [Object; 2] {
    let metadata: ObjectMeta = meta::namespaced(namespace, name, Part::Submitter);
    let role = Role { metadata: metadata.clone(), rules: Some(rules) };
    let binding = RoleBinding {
        metadata,
        role_ref: RoleRef {
            // Required in older types, optional in newer ones.
            api_group: "rbac.authorization.k8s.io".to_owned().into(),
            kind: "Role".to_owned(),
            name: name.to_owned(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: plan.submitter.clone(),
            namespace: Some(plan.system_namespace.clone()),
            ..Subject::default()
        }]),
    };
    [role.into(), binding.into()]
}

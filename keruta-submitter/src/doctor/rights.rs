//! Each right that the submitter needs, asked for by a `SelfSubjectAccessReview`, which everybody may create.

use std::fmt::Write as _;

use crate::cluster::{Action, Cluster, ClusterError, MissingRight, Verb};
use futures::{StreamExt, stream};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::Api;
use kube::api::PostParams;

use super::Check;

/// What `keruta-manifest install --only rbac` grants in a namespace of tasks: API group, resource, verbs.
const NEEDED: [(&str, &str, &[&str]); 6] = [
    ("batch", "jobs", &["create", "delete", "get", "list", "patch", "watch"]),
    ("", "pods", &["delete", "get", "list", "patch", "watch"]),
    ("", "pods/log", &["get"]),
    ("", "persistentvolumeclaims", &["create", "delete", "get", "list", "watch"]),
    ("", "configmaps", &["create", "delete", "get", "list", "patch", "watch"]),
    ("", "events", &["get", "list", "watch"]),
];
/// What the Secrets with the tokens of attempts want: they are made and deleted, and never read.
const TOKEN_SECRETS: (&str, &str, &[&str]) = ("", "secrets", &["create", "delete"]);
/// API group, resource, verb.
type Right = (&'static str, &'static str, &'static str);
/// How many are asked for at once.
const AT_ONCE: usize = 8;

pub(super) async fn check(cluster: &Cluster, token_secrets: bool) -> Vec<Check> {
    let wanted: Vec<Right> = NEEDED
        .iter()
        .chain(token_secrets.then_some(&TOKEN_SECRETS))
        .flat_map(|(group, resource, verbs)| verbs.iter().map(move |verb| (*group, *resource, *verb)))
        .collect();
    let count = wanted.len();
    // By their places: a closure over a borrowed triple is one that the compiler does not find to be `Send`.
    let asked = stream::iter(0..count).map(|place| {
        let right = wanted[place];
        async move { (right, may(cluster, right).await) }
    });
    let answers: Vec<_> = asked.buffered(AT_ONCE).collect().await;
    let mut missing = Vec::new();
    for (right, answer) in answers {
        match answer {
            Ok(true) => {}
            Ok(false) => missing.push(right),
            Err(error) => return vec![Check::unseen("rights", &error)],
        }
    }
    let namespace = cluster.namespace();
    if missing.is_empty() {
        return vec![Check::ok("rights", format!("all {count} that are needed in the namespace {namespace}"))];
    }
    let names: Vec<String> = missing.iter().map(|(_, resource, verb)| format!("{verb} {resource}")).collect();
    let what = format!("{} of {count} are missing in the namespace {namespace}: {}", missing.len(), names.join(", "));
    let install = if token_secrets { "install --task-tokens" } else { "install" };
    let cure = format!(
        "keruta-manifest {install} --only rbac -n {namespace} | kubectl apply -f -\nor grant these:\n{}",
        role(namespace, &missing)
    );
    vec![Check::fail("rights", what, cure)]
}

async fn may(cluster: &Cluster, (group, resource, verb): Right) -> Result<bool, ClusterError> {
    let (resource, subresource) = match resource.split_once('/') {
        Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
        None => (resource, None),
    };
    let attributes = ResourceAttributes {
        group: Some(group.to_owned()),
        resource: Some(resource.to_owned()),
        subresource,
        verb: Some(verb.to_owned()),
        namespace: Some(cluster.namespace().to_owned()),
        ..ResourceAttributes::default()
    };
    let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
    let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
    let action = Action {
        verb: Verb::Create,
        group: "authorization.k8s.io".to_owned(),
        resource: "selfsubjectaccessreviews".to_owned(),
        namespace: String::new(),
        name: None,
    };
    let reviews: Api<SelfSubjectAccessReview> = Api::all(cluster.client().clone());
    let answer = cluster.call(action, reviews.create(&PostParams::default(), &review)).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

/// One Role with a rule for each resource.
fn role(namespace: &str, missing: &[(&str, &str, &str)]) -> String {
    let mut text = String::new();
    for (group, resource, _) in NEEDED.iter().chain([&TOKEN_SECRETS]) {
        let of_it = missing.iter().filter(|(other, name, _)| other == group && name == resource);
        let verbs: Vec<&str> = of_it.map(|(_, _, verb)| *verb).collect();
        if verbs.is_empty() {
            continue;
        }
        if text.is_empty() {
            let right = MissingRight {
                user: None,
                verb: String::new(),
                group: String::new(),
                resource: String::new(),
                namespace: namespace.to_owned(),
            };
            let whole = right.to_role();
            text.push_str(whole.split_once("- apiGroups").map_or(whole.as_str(), |(head, _)| head));
        }
        // Writing to a String cannot fail. JSON's strings are YAML's.
        let _ = writeln!(text, "- apiGroups: [{group:?}]\n  resources: [{resource:?}]\n  verbs: {verbs:?}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_one_role() {
        let role = role("tasks", &[("batch", "jobs", "create"), ("batch", "jobs", "patch"), ("", "pods/log", "get")]);
        let value: serde_yaml::Value = serde_yaml::from_str(&role).unwrap();
        assert_eq!(value["kind"], "Role");
        assert_eq!(value["metadata"]["namespace"], "tasks");
        assert_eq!(value["rules"][0]["verbs"][1], "patch");
        assert_eq!(value["rules"][1]["resources"][0], "pods/log");
    }
}

//! The namespace: is it there, what does it let in, has it room, and are the Secrets there?

use crate::cluster::{Action, Cluster, ClusterError, Verb};
use k8s_openapi::api::core::v1::{Namespace, ResourceQuota, Secret};
use keruta_manifest::Settings;
use keruta_manifest::settings::{Preset, SecurityProfile};
use kube::Api;

use super::Check;

/// The label by which a namespace says what its Pods may do.
/// [Source](https://kubernetes.io/docs/concepts/security/pod-security-admission/).
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
/// What a task takes of a quota.
const COUNTED: [&str; 6] = [
    "pods",
    "count/pods",
    "count/jobs.batch",
    "persistentvolumeclaims",
    "count/persistentvolumeclaims",
    "requests.storage",
];

pub(super) async fn check(cluster: &Cluster, settings: &Settings, token_secrets: bool) -> Vec<Check> {
    let name = cluster.namespace();
    let action = Action {
        verb: Verb::Get,
        group: String::new(),
        resource: "namespaces".to_owned(),
        namespace: String::new(),
        name: Some(name.to_owned()),
    };
    let namespaces: Api<Namespace> = Api::all(cluster.client().clone());
    let mut checks = Vec::new();
    match cluster.call(action, namespaces.get(name)).await {
        Ok(namespace) => {
            checks.push(Check::ok("namespace", format!("{name} is there")));
            let labels = namespace.metadata.labels.unwrap_or_default();
            checks.push(pod_security(labels.get(ENFORCE).map(String::as_str), settings));
        }
        Err(ClusterError::NotFound { .. }) => {
            let cure = format!("kubectl create namespace {name}, or name another one with -n");
            return vec![Check::fail("namespace", format!("{name} is not there"), cure)];
        }
        Err(error) => checks.push(Check::unseen("namespace", &error)),
    }
    match cluster.list::<ResourceQuota>(name, "").await {
        Ok(quotas) => checks.push(room(&quotas)),
        Err(error) => checks.push(Check::unseen("quota", &error)),
    }
    checks.extend(secrets(cluster, settings, token_secrets).await);
    checks
}

fn pod_security(level: Option<&str>, settings: &Settings) -> Check {
    let profile = match settings.security.profile {
        // The first generator's Pods ask for nothing.
        _ if settings.preset == Preset::Kotlin => "none",
        SecurityProfile::None => "none",
        SecurityProfile::Baseline => "baseline",
        SecurityProfile::Restricted => "restricted",
    };
    let name = "pod security";
    match (level, profile) {
        (None | Some("privileged"), _) => {
            Check::ok(name, format!("the namespace lets every Pod in; tasks are {profile}"))
        }
        (Some("baseline"), "baseline" | "restricted") | (Some("restricted"), "restricted") => {
            Check::ok(name, format!("the namespace enforces {}, and tasks are {profile}", level.unwrap_or_default()))
        }
        (Some("baseline"), _) => {
            let what = "the namespace enforces baseline, and tasks ask for nothing (security.profile: none)";
            Check::warn(name, what, "set security.profile: baseline, or look at what your tasks ask for")
        }
        (Some(level), _) => {
            let what = format!("the namespace enforces {level}, and tasks are {profile}: their Pods will be refused");
            Check::fail(name, what, format!("set security.profile: {level}, or change the label {ENFORCE}"))
        }
    }
}

/// Whether another task has room.
fn room(quotas: &[ResourceQuota]) -> Check {
    let mut full = Vec::new();
    for quota in quotas {
        let Some(status) = &quota.status else { continue };
        let used = status.used.iter().flatten();
        for (resource, used) in used.filter(|(resource, _)| COUNTED.contains(&resource.as_str())) {
            let hard = status.hard.as_ref().and_then(|hard| hard.get(resource));
            if hard.is_some_and(|hard| hard.0 == used.0) {
                let quota = quota.metadata.name.as_deref().unwrap_or_default();
                full.push(format!("{resource} of {quota} ({0}/{0})", used.0));
            }
        }
    }
    match (quotas.len(), full.is_empty()) {
        (0, _) => Check::ok("quota", "the namespace has none"),
        (count, true) => Check::ok("quota", format!("{count}, with room")),
        (_, false) => {
            let what = format!("nothing is left of {}", full.join(", "));
            Check::warn("quota", what, "keruta-submitter cleanup, wait until tasks have ended, or raise the quota")
        }
    }
}

async fn secrets(cluster: &Cluster, settings: &Settings, token_secrets: bool) -> Vec<Check> {
    let mut wanted: Vec<(&str, Option<&str>)> = Vec::new();
    // Where each attempt has a token of its own, nothing uses the one that all share.
    if let Some(token) = settings.api_token_secret.as_ref().filter(|_| !token_secrets) {
        wanted.push((token.name.as_str(), Some(token.key.as_str())));
    }
    wanted.extend(settings.pod.image_pull_secrets.iter().map(|name| (name.as_str(), None)));
    let mut checks = Vec::new();
    for (name, key) in wanted {
        let check = match cluster.get::<Secret>(cluster.namespace(), name).await {
            Ok(Some(secret)) => has_key(name, key, &secret),
            Ok(None) => {
                let cure = format!("kubectl create secret generic {name} -n {}", cluster.namespace());
                Check::warn("secret", format!("{name}, which the settings name, is not there"), cure)
            }
            Err(ClusterError::Forbidden { .. }) => {
                Check::skip("secret", format!("{name}: not looked at, without the right to"))
            }
            Err(error) => Check::unseen("secret", &error),
        };
        checks.push(check);
    }
    checks
}

fn has_key(name: &str, key: Option<&str>, secret: &Secret) -> Check {
    match key {
        Some(key) if !secret.data.as_ref().is_some_and(|data| data.contains_key(key)) => {
            let what = format!("{name} has no key {key:?}: tasks cannot call the keruta API");
            Check::warn("secret", what, format!("add the key {key:?}, or name another in apiTokenSecret"))
        }
        _ => Check::ok("secret", format!("{name} is there")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::CheckResult;
    use super::*;

    #[test]
    fn a_namespace_can_be_stricter_than_the_tasks() {
        let settings =
            |profile: &str| Settings::from_json(&format!(r#"{{"security": {{"profile": "{profile}"}}}}"#)).unwrap();
        let result = |level, profile| pod_security(level, &settings(profile)).result;
        assert_eq!(result(None, "none"), CheckResult::Ok);
        assert_eq!(result(Some("baseline"), "none"), CheckResult::Warn);
        assert_eq!(result(Some("baseline"), "restricted"), CheckResult::Ok);
        assert_eq!(result(Some("restricted"), "baseline"), CheckResult::Fail);
        assert_eq!(result(Some("restricted"), "restricted"), CheckResult::Ok);
    }

    #[test]
    fn a_full_quota_is_told() {
        let quota = |used: &str| -> ResourceQuota {
            serde_json::from_value(serde_json::json!({
                "metadata": {"name": "q"}, "status": {"hard": {"pods": "2", "cpu": "1"}, "used": {"pods": used, "cpu": "1"}},
            }))
            .unwrap()
        };
        assert_eq!(room(&[quota("1")]).result, CheckResult::Ok);
        assert!(room(&[quota("2")]).message.contains("pods of q (2/2)"));
    }
}

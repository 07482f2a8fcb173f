//! Storage: is there a class that makes the claims of workspaces?

use crate::cluster::{Action, Cluster, Verb};
use k8s_openapi::api::storage::v1::StorageClass;
use keruta_manifest::Settings;
use keruta_manifest::value::DnsSubdomain;
use kube::Api;
use kube::api::ListParams;

use super::Check;

/// The annotation of the class that claims get which name none.
/// [Source](https://kubernetes.io/docs/concepts/storage/storage-classes/#default-storageclass).
const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

pub(super) async fn check(cluster: &Cluster, settings: &Settings) -> Check {
    let action = Action {
        verb: Verb::List,
        group: "storage.k8s.io".to_owned(),
        resource: "storageclasses".to_owned(),
        namespace: String::new(),
        name: None,
    };
    let classes: Api<StorageClass> = Api::all(cluster.client().clone());
    match cluster.call(action, classes.list(&ListParams::default())).await {
        Ok(found) => of_classes(&found.items, settings.workspace.storage_class.as_ref().map(DnsSubdomain::as_str)),
        Err(error) => Check::unseen("storage", &error),
    }
}

fn of_classes(classes: &[StorageClass], wanted: Option<&str>) -> Check {
    let name = |class: &StorageClass| class.metadata.name.clone().unwrap_or_default();
    let names: Vec<String> = classes.iter().map(name).collect();
    let there_are =
        if names.is_empty() { "there is none".to_owned() } else { format!("there are: {}", names.join(", ")) };
    if let Some(wanted) = wanted {
        if names.iter().any(|name| name == wanted) {
            return Check::ok("storage", format!("the class {wanted} of the settings is there"));
        }
        let cure = format!("name one that is there in workspace.storageClass ({there_are})");
        return Check::fail("storage", format!("the class {wanted} of the settings is not there"), cure);
    }
    let is_default = |class: &&StorageClass| {
        let annotations = class.metadata.annotations.as_ref();
        annotations.and_then(|annotations| annotations.get(DEFAULT)).is_some_and(|on| on == "true")
    };
    if let Some(class) = classes.iter().find(is_default) {
        return Check::ok("storage", format!("the default class is {}", name(class)));
    }
    let what = format!("there is no default class, so workspaces that are claims will wait for one; {there_are}");
    Check::warn("storage", what, "name one in workspace.storageClass, or annotate one as the default")
}

#[cfg(test)]
mod tests {
    use super::super::CheckResult;
    use super::*;

    #[test]
    fn a_class_is_the_default_or_named() {
        let class = |name: &str, is_default: &str| -> StorageClass {
            serde_json::from_value(serde_json::json!({
                "metadata": {"name": name, "annotations": {DEFAULT: is_default}}, "provisioner": "x",
            }))
            .unwrap()
        };
        let classes = [class("slow", "false"), class("fast", "true")];
        assert!(of_classes(&classes, None).message.contains("fast"));
        assert_eq!(of_classes(&classes[..1], None).result, CheckResult::Warn);
        assert_eq!(of_classes(&classes, Some("slow")).result, CheckResult::Ok);
        assert_eq!(of_classes(&classes, Some("none")).result, CheckResult::Fail);
    }
}

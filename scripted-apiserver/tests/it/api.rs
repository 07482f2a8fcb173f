use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use scripted_apiserver::{Denial, Life};
use serde_json::json;

use super::{Lab, NS, config_map, refusal};

#[tokio::test]
async fn conflicts_and_refusals_are_statuses() {
    let lab = Lab::new().await;
    let maps = lab.config_maps();
    let made = maps.create(&PostParams::default(), &config_map("a")).await.unwrap();
    let status = refusal(maps.create(&PostParams::default(), &config_map("a")).await);
    assert_eq!((status.code, status.reason.as_str()), (409, "AlreadyExists"));
    assert_eq!(status.message, "configmaps \"a\" already exists");
    assert_eq!(status.details.unwrap().kind, "configmaps");
    let status = refusal(maps.create(&PostParams::default(), &config_map("A_b")).await);
    assert_eq!((status.code, status.reason.as_str()), (422, "Invalid"));
    assert!(
        status.message.starts_with("ConfigMap \"A_b\" is invalid: metadata.name: Invalid value: \"A_b\": a lowercase")
    );
    let mut old = made.clone();
    maps.patch("a", &PatchParams::default(), &Patch::Merge(json!({"data": {"x": "2"}}))).await.unwrap();
    old.data = None;
    let status = refusal(maps.replace("a", &PostParams::default(), &old).await);
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
    let status = refusal(maps.get("zzz").await);
    assert_eq!((status.code, status.message.as_str()), (404, "configmaps \"zzz\" not found"));
    let apply = Patch::Apply(json!({"apiVersion": "v1", "kind": "ConfigMap"}));
    assert_eq!(refusal(maps.patch("a", &PatchParams::apply("x"), &apply).await).code, 415);
    let elsewhere: Api<k8s_openapi::api::core::v1::ConfigMap> = Api::namespaced(lab.client.clone(), "nowhere");
    let status = refusal(elsewhere.create(&PostParams::default(), &config_map("a")).await);
    assert_eq!(status.message, "namespaces \"nowhere\" not found");
}

#[tokio::test]
async fn a_jobs_template_is_immutable() {
    let lab = Lab::new().await;
    lab.job("a", &Life::new(), |_| ()).await;
    let image = json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "other"}]}}}});
    let status = refusal(lab.jobs().patch("a", &PatchParams::default(), &Patch::Merge(image)).await);
    assert_eq!(status.code, 422);
    assert!(status.message.starts_with("Job.batch \"a\" is invalid: spec.template: Invalid value: "));
    assert!(status.message.ends_with("field is immutable"));
    let name = "a".repeat(64);
    let long = json!({"metadata": {"name": name}, "spec": {"template": {"spec": {
        "restartPolicy": "Never", "containers": [{"name": "m", "image": "b"}]}}}});
    let status = refusal(lab.jobs().create(&PostParams::default(), &serde_json::from_value(long).unwrap()).await);
    assert!(
        status.message.contains("spec.template.labels: Invalid value")
            && status.message.contains("no more than 63 bytes")
    );
}

#[tokio::test]
async fn a_dry_run_leaves_nothing() {
    let lab = Lab::new().await;
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let made = lab.config_maps().create(&dry, &config_map("a")).await.unwrap();
    assert!(made.metadata.uid.is_some() && made.metadata.resource_version.is_none());
    assert!(lab.config_maps().get_opt("a").await.unwrap().is_none());
}

#[tokio::test]
async fn pages_are_consistent_until_they_expire() {
    let lab = Lab::new().await;
    let maps = lab.config_maps();
    for name in ["a", "b", "c", "d", "e"] {
        maps.create(&PostParams::default(), &config_map(name)).await.unwrap();
    }
    let first = maps.list(&ListParams::default().limit(2)).await.unwrap();
    assert_eq!(first.metadata.remaining_item_count, Some(3));
    maps.delete("c", &DeleteParams::default()).await.unwrap();
    let token = first.metadata.continue_.clone().unwrap();
    let second = maps.list(&ListParams::default().limit(2).continue_token(&token)).await.unwrap();
    let names: Vec<_> = second.items.iter().map(|map| map.metadata.name.clone().unwrap()).collect();
    assert_eq!(names, ["c", "d"]);
    lab.server.compact();
    let status = refusal(maps.list(&ListParams::default().limit(2).continue_token(&token)).await);
    assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
}

#[tokio::test]
async fn lists_select() {
    let lab = Lab::new().await;
    let maps = lab.config_maps();
    for (name, label) in [("a", "1"), ("b", "2")] {
        let mut map = config_map(name);
        map.metadata.labels = Some([("n".to_owned(), label.to_owned())].into());
        maps.create(&PostParams::default(), &map).await.unwrap();
    }
    assert_eq!(maps.list(&ListParams::default().labels("n in (2,3)")).await.unwrap().items.len(), 1);
    assert_eq!(maps.list(&ListParams::default().fields("metadata.name=a")).await.unwrap().items.len(), 1);
    assert_eq!(refusal(maps.list(&ListParams::default().fields("foo=a")).await).code, 400);
}

#[tokio::test]
async fn finalizers_and_preconditions_hold_a_deletion() {
    let lab = Lab::new().await;
    let maps = lab.config_maps();
    let mut map = config_map("a");
    map.metadata.finalizers = Some(vec!["keruta.dev/x".to_owned()]);
    maps.create(&PostParams::default(), &map).await.unwrap();
    let other = Preconditions { uid: Some("other".to_owned()), resource_version: None };
    let params = DeleteParams { preconditions: Some(other), ..DeleteParams::default() };
    assert_eq!(refusal(maps.delete("a", &params).await).code, 409);
    maps.delete("a", &DeleteParams::default()).await.unwrap();
    assert!(maps.get("a").await.unwrap().metadata.deletion_timestamp.is_some());
    let remove = json!([{"op": "remove", "path": "/metadata/finalizers/0"}]);
    let remove = Patch::<()>::Json(serde_json::from_value(remove).unwrap());
    maps.patch("a", &PatchParams::default(), &remove).await.unwrap();
    assert!(maps.get_opt("a").await.unwrap().is_none());
}

#[tokio::test]
async fn denied_rights_are_told_as_the_rule_that_is_missing() {
    let lab = Lab::new().await;
    lab.server.deny(Denial::of("create", "batch", "jobs").in_namespace(NS));
    let job = serde_json::from_value(json!({"metadata": {"name": "a"}, "spec": {"template": {}}})).unwrap();
    let status = refusal(lab.jobs().create(&PostParams::default(), &job).await);
    assert_eq!((status.code, status.reason.as_str()), (403, "Forbidden"));
    assert_eq!(
        status.message,
        "jobs.batch is forbidden: User \"system:serviceaccount:keruta:keruta\" cannot create resource \"jobs\" in API \
         group \"batch\" in the namespace \"tasks\""
    );
    let reviews: Api<k8s_openapi::api::authorization::v1::SelfSubjectAccessReview> = Api::all(lab.client.clone());
    for (verb, allowed) in [("create", false), ("get", true)] {
        let review = json!({"spec": {"resourceAttributes":
            {"verb": verb, "resource": "jobs", "group": "batch", "namespace": NS}}});
        let review = reviews.create(&PostParams::default(), &serde_json::from_value(review).unwrap()).await.unwrap();
        assert_eq!(review.status.unwrap().allowed, allowed, "{verb}");
    }
}

#[tokio::test]
async fn a_namespace_goes_with_all_that_is_in_it() {
    let lab = Lab::new().await;
    lab.config_maps().create(&PostParams::default(), &config_map("a")).await.unwrap();
    lab.job("j", &Life::new(), |job| job["spec"]["template"]["metadata"]["finalizers"] = json!([])).await;
    let namespaces: Api<Namespace> = Api::all(lab.client.clone());
    namespaces.delete(NS, &DeleteParams::default()).await.unwrap();
    for _ in 0..400 {
        if namespaces.get_opt(NS).await.unwrap().is_none() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("it stays: {:?}", lab.pods().list(&ListParams::default()).await.unwrap().items);
}

#[tokio::test]
async fn version_discovery_and_the_record_of_requests() {
    let lab = Lab::new().await;
    assert_eq!(lab.client.apiserver_version().await.unwrap().minor, "36");
    assert!(lab.client.list_api_groups().await.unwrap().groups.iter().any(|group| group.name == "batch"));
    assert!(
        lab.client.list_core_api_resources("v1").await.unwrap().resources.iter().any(|known| known.name == "pods/log")
    );
    lab.server.clear_requests();
    lab.config_maps().create(&PostParams::default(), &config_map("a")).await.unwrap();
    lab.config_maps().get("a").await.unwrap();
    let requests = lab.server.requests();
    let told: Vec<_> =
        requests.iter().map(|request| (request.verb.as_str(), request.name.as_str(), request.is_write())).collect();
    assert_eq!(told, [("create", "a", true), ("get", "a", false)]);
}

#[tokio::test]
async fn the_kubeconfig_leads_to_the_server() {
    let lab = Lab::new().await;
    let config = kube::config::Kubeconfig::from_yaml(&lab.server.kubeconfig()).unwrap();
    let config =
        kube::Config::from_custom_kubeconfig(config, &kube::config::KubeConfigOptions::default()).await.unwrap();
    assert_eq!(config.default_namespace, "default");
    let client = kube::Client::try_from(config).unwrap();
    let namespaces: Api<Namespace> = Api::all(client);
    assert!(namespaces.get_opt(NS).await.unwrap().is_some());
}

#[tokio::test]
async fn a_body_of_more_than_3_mib_is_too_large() {
    let lab = Lab::new().await;
    let mut map = config_map("a");
    map.data = Some([("x".to_owned(), "x".repeat(3 << 20))].into());
    let status = refusal(lab.config_maps().create(&PostParams::default(), &map).await);
    assert_eq!((status.code, status.reason.as_str()), (413, "RequestEntityTooLarge"));
}

#[tokio::test]
async fn a_pod_keeps_its_spec_and_takes_labels() {
    let lab = Lab::new().await;
    lab.job("a", &Life::new(), |_| ()).await;
    let pod = lab.wait_pod("a", |_| true).await.metadata.name.unwrap();
    let patch = |value| Patch::Strategic(value);
    let labels = json!({"metadata": {"labels": {"x": "1"}}});
    let changed = lab.pods().patch(&pod, &PatchParams::default(), &patch(labels)).await.unwrap();
    let labels = changed.metadata.labels.unwrap();
    assert_eq!((labels["x"].as_str(), labels["app"].as_str()), ("1", "keruta"));
    let selector = json!({"spec": {"nodeSelector": {"a": "b"}}});
    let status = refusal(lab.pods().patch(&pod, &PatchParams::default(), &patch(selector)).await);
    assert!(status.message.contains("spec: Forbidden: pod updates may not change fields"), "{}", status.message);
}

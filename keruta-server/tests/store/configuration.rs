//! Settings in force: seeded, changed, followed.

use std::sync::Arc;
use std::time::Duration;

use keruta_input::args::SettingsArgs;
use keruta_input::settings::Layered;
use keruta_manifest::Settings;
use keruta_server::configuration::{ChangeError, Configuration, Seed};
use keruta_server::store::{Expected, StoreError};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{ada, at, on_each};

/// What `--set` and a file `application.properties` say.
fn seed(set: &[&str], properties: &str) -> Seed {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("application.properties");
    std::fs::write(&path, properties).unwrap();
    let set = set.iter().map(|set| (*set).to_owned()).collect();
    Seed::of(&Layered::read(&SettingsArgs { settings: vec![path], set, ..SettingsArgs::default() }).unwrap())
}

fn patch(value: Value) -> Map<String, Value> {
    let Value::Object(patch) = value else { panic!("{value} is no object") };
    patch
}

fn any() -> Expected {
    Expected::Any
}

#[tokio::test]
async fn the_documents_own_file_is_where_it_begins() {
    on_each(async |store| {
        let properties = "keruta.kubernetes.enabled=true\nkeruta.kubernetes.config-path=/path/to/kube/config\n\
            keruta.kubernetes.in-cluster=false\nkeruta.kubernetes.default-namespace=default\n";
        let seed = seed(&["pod.labels[a.b/c]=d"], properties);
        let configuration = Configuration::start(store.clone(), &seed, at(0)).await.unwrap();
        let current = configuration.current();
        assert_eq!(current.version, 1);
        assert_eq!(current.settings.default_namespace.as_ref().unwrap().as_str(), "default");
        assert_eq!(current.settings.config_path.as_ref().unwrap().as_str(), "/path/to/kube/config");
        let told = current.to_api();
        let from = |pointer: &str| told.origins[pointer].from.clone().unwrap();
        assert!(from("/defaultNamespace").ends_with("application.properties:4"), "{:?}", told.origins);
        assert_eq!(from("/pod/labels/a.b~1c"), "--set pod.labels[a.b/c]");
        assert!(!told.origins.contains_key("/workspace/size"), "a default has no origin");
        assert_eq!(told.settings["workspace"]["size"], "1Gi");
    })
    .await;
}

#[tokio::test]
async fn what_the_api_says_survives_a_restart_and_wins() {
    on_each(async |store| {
        let first = seed(&["queue=file", "job.backoffLimit=2"], "");
        let configuration = Configuration::start(store.clone(), &first, at(0)).await.unwrap();
        assert!(configuration.unused().is_empty());
        let change = patch(json!({"queue": "api", "workspace": {"size": "5Gi"}}));
        let changed = configuration.patch(&change, &Expected::OneOf(vec![1]), &ada(), at(1)).await.unwrap();
        assert_eq!((changed.version, changed.changed.clone()), (2, Some((at(1), "user/ada".to_owned()))));
        assert!(Arc::ptr_eq(&configuration.current().settings, &changed.settings));

        let second = seed(&["queue=file", "job.backoffLimit=2", "job.activeDeadlineSeconds=1h", "inCluster=true"], "");
        let again = Configuration::start(store.clone(), &second, at(2)).await.unwrap();
        let settings = Arc::clone(&again.current().settings);
        assert_eq!(settings.queue.as_ref().unwrap().as_str(), "api");
        assert_eq!(
            (settings.workspace.size.as_str(), settings.job.backoff_limit, settings.in_cluster),
            ("5Gi", 2, false)
        );
        // Who starts it is told which of their words do not count.
        assert_eq!(
            again.unused(),
            [
                "--set inCluster (inCluster)",
                "--set job.activeDeadlineSeconds (job.activeDeadlineSeconds)",
                "--set queue (queue)"
            ]
        );
        let origins = again.current().origins();
        assert_eq!((origins["/queue"].by.as_str(), origins["/queue"].from.as_deref()), ("user/ada", None));
        assert_eq!(origins["/job/backoffLimit"].by, "keruta");
    })
    .await;
}

#[tokio::test]
async fn null_is_back_to_the_default_in_a_patch_and_a_value_in_a_document() {
    on_each(async |store| {
        let configuration = Configuration::start(store, &seed(&["queue=q"], ""), at(0)).await.unwrap();
        let change = patch(json!({"queue": null, "apiTokenSecret": {"name": "mine", "key": "token"}}));
        let current = configuration.patch(&change, &any(), &ada(), at(1)).await.unwrap();
        assert_eq!((current.settings.queue.as_ref(), current.tree().get("queue")), (None, None));
        let current = configuration.replace(r#"{"apiTokenSecret": null}"#, &any(), &ada(), at(2)).await.unwrap();
        assert_eq!(current.settings.api_token_secret, None);
        let current =
            configuration.patch(&patch(json!({"apiTokenSecret": null})), &any(), &ada(), at(3)).await.unwrap();
        assert_eq!(current.settings.api_token_secret, Settings::default().api_token_secret);
        // Nothing set is nothing kept.
        let current = configuration.replace(r#"{"$schema": "x"}"#, &any(), &ada(), at(4)).await.unwrap();
        assert_eq!((current.version, current.tree().len()), (4, 0), "what changes nothing makes no version");
    })
    .await;
}

#[tokio::test]
async fn what_is_invalid_changes_nothing_and_is_told_all_at_once() {
    on_each(async |store| {
        let configuration = Configuration::start(store.clone(), &Seed::default(), at(0)).await.unwrap();
        let wrong = patch(json!({"queue": "No Queue", "workspace": {"size": "big"}, "prest": 1}));
        let Err(ChangeError::Invalid(problems)) = configuration.patch(&wrong, &any(), &ada(), at(1)).await else {
            panic!("it was taken");
        };
        let mut pointers: Vec<_> = problems.as_slice().iter().map(|problem| problem.path.pointer()).collect();
        pointers.sort();
        assert_eq!(pointers, ["/prest", "/queue", "/workspace/size"]);
        for text in ["{", "[]", r#"{"queue": "a", "queue": "b"}"#, r#"{"pod": {"labels": {"a": "1", "a": "2"}}}"#] {
            let refused = configuration.replace(text, &any(), &ada(), at(1)).await;
            assert!(matches!(refused, Err(ChangeError::Invalid(_))), "{text}");
        }
        let stale = configuration.replace("{}", &Expected::OneOf(vec![0]), &ada(), at(1)).await;
        assert!(matches!(stale, Err(ChangeError::Store(StoreError::Outdated { current: 1, .. }))));
        assert_eq!(store.settings_version().await.unwrap(), 1);
        assert!(store.settings_history(None, 10).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_change_reaches_who_watches_here_and_in_other_replicas() {
    on_each(async |store| {
        let here = Configuration::start(store.clone(), &Seed::default(), at(0)).await.unwrap();
        let there = Arc::new(Configuration::start(store, &Seed::default(), at(0)).await.unwrap());
        let (mut mine, mut theirs) = (here.settings(), there.settings());
        let shutdown = CancellationToken::new();
        let following = tokio::spawn({
            let (there, shutdown) = (Arc::clone(&there), shutdown.clone());
            async move { there.follow(Duration::from_millis(20), &shutdown).await }
        });
        let change = patch(json!({"enabled": false, "inCluster": true, "configPath": "/etc/kubeconfig"}));
        here.patch(&change, &any(), &ada(), at(1)).await.unwrap();
        for settings in [&mut mine, &mut theirs] {
            tokio::time::timeout(Duration::from_secs(20), settings.changed()).await.unwrap().unwrap();
            let settings = settings.borrow_and_update().clone();
            assert!(!settings.enabled && settings.in_cluster && settings.config_path.is_some());
        }
        // What changes no value wakes nobody.
        here.patch(&patch(json!({"setup": true})), &any(), &ada(), at(2)).await.unwrap();
        assert!(!mine.has_changed().unwrap());
        assert_eq!(here.current().version, 3);
        shutdown.cancel();
        following.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn changes_at_once_all_count() {
    on_each(async |store| {
        let configuration = Configuration::start(store, &Seed::default(), at(0)).await.unwrap();
        let author = ada();
        let any = any();
        let changes: Vec<_> =
            (0..4).map(|number| patch(json!({"pod": {"labels": {format!("l{number}"): "x"}}}))).collect();
        let all = changes.iter().map(|change| configuration.patch(change, &any, &author, at(1)));
        let [one, two, three, four]: [_; 4] = all.collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!());
        let done = tokio::join!(one, two, three, four);
        assert!(done.0.is_ok() && done.1.is_ok() && done.2.is_ok() && done.3.is_ok(), "{done:?}");
        assert_eq!((configuration.current().settings.pod.labels.len(), configuration.current().version), (4, 5));
    })
    .await;
}

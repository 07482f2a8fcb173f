//! Settings as they are kept.

use std::collections::BTreeMap;

use keruta_api::SettingOrigin;
use keruta_server::store::{SetValue, StoreError};
use serde_json::{Value, json};

use crate::{HOSTILE, ada, at, on_each};

fn set(value: Value) -> SetValue {
    let origin = SettingOrigin { by: "keruta".to_owned(), at: at(0), from: Some("keruta.toml:3".to_owned()) };
    SetValue { value, origins: BTreeMap::from([("/x".to_owned(), origin)]) }
}

fn named<V>(pairs: impl IntoIterator<Item = (&'static str, V)>) -> BTreeMap<String, V> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[tokio::test]
async fn the_first_start_seeds_them_and_no_later_one_does() {
    on_each(async |store| {
        assert_eq!(store.settings().await.unwrap().version, 0);
        let seed = named([("defaultImage", set(json!("a:1"))), ("apiTokenSecret", set(Value::Null))]);
        let (one, other) = tokio::join!(store.seed_settings(&seed, at(0)), store.seed_settings(&seed, at(0)));
        assert_eq!([one.unwrap(), other.unwrap()].into_iter().filter(|first| *first).count(), 1);
        let stored = store.settings().await.unwrap();
        assert_eq!((stored.version, stored.changed), (1, Some((at(0), "keruta".to_owned()))));
        assert_eq!(stored.set, seed);
        assert!(!store.seed_settings(&named([("queue", set(json!("q")))]), at(1)).await.unwrap());
        assert_eq!(store.settings().await.unwrap().set, seed);
        assert_eq!(store.settings_version().await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_start_with_nothing_is_a_start() {
    on_each(async |store| {
        assert!(store.seed_settings(&BTreeMap::new(), at(0)).await.unwrap());
        let stored = store.settings().await.unwrap();
        assert_eq!((stored.version, stored.changed, stored.set.len()), (1, None, 0));
        assert!(!store.seed_settings(&named([("queue", set(json!("q")))]), at(1)).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn every_change_is_recorded_with_old_and_new() {
    on_each(async |store| {
        store.seed_settings(&named([("queue", set(json!("a")))]), at(0)).await.unwrap();
        let changes = named([("queue", Some(set(json!("b")))), ("enabled", Some(set(json!(false))))]);
        assert_eq!(store.change_settings(1, &changes, &ada(), at(1)).await.unwrap(), 2);
        let back = named([("queue", None)]);
        let late = store.change_settings(1, &back, &ada(), at(2)).await;
        assert!(matches!(late, Err(StoreError::Outdated { given: 1, current: 2, .. })), "{late:?}");
        assert_eq!(store.settings_version().await.unwrap(), 2, "what was refused counts for nothing");
        assert_eq!(store.change_settings(2, &back, &ada(), at(2)).await.unwrap(), 3);
        let stored = store.settings().await.unwrap();
        assert_eq!(stored.set.keys().collect::<Vec<_>>(), ["enabled"]);
        assert_eq!((stored.version, stored.changed), (3, Some((at(2), "user/ada".to_owned()))));

        let history = store.settings_history(None, 10).await.unwrap();
        let told: Vec<_> = history
            .iter()
            .map(|change| {
                (change.version, change.name.as_str(), change.old.clone(), change.new.clone(), change.by.as_str())
            })
            .collect();
        assert_eq!(
            told,
            [
                (3, "queue", Some(json!("b")), None, "user/ada"),
                (2, "enabled", None, Some(json!(false)), "user/ada"),
                (2, "queue", Some(json!("a")), Some(json!("b")), "user/ada"),
                (1, "queue", None, Some(json!("a")), "keruta"),
            ]
        );
        // A page ends between two changes of one version.
        let behind = store.settings_history(Some(&(2, "enabled".to_owned())), 10).await.unwrap();
        assert_eq!(behind, history[2..]);
    })
    .await;
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_told_that_it_is_late() {
    on_each(async |store| {
        store.seed_settings(&BTreeMap::new(), at(0)).await.unwrap();
        let changes = named([("queue", Some(set(json!("b"))))]);
        let author = ada();
        let change = || store.change_settings(1, &changes, &author, at(1));
        let (one, other) = tokio::join!(change(), change());
        let late = [&one, &other].into_iter().filter(|done| matches!(done, Err(StoreError::Outdated { .. }))).count();
        assert_eq!((one.is_ok() || other.is_ok(), late), (true, 1), "{one:?} {other:?}");
    })
    .await;
}

#[tokio::test]
async fn hostile_texts_stay_texts() {
    on_each(async |store| {
        store.seed_settings(&BTreeMap::new(), at(0)).await.unwrap();
        for (version, text) in (1..).zip(HOSTILE) {
            let changes = BTreeMap::from([(text.to_owned(), Some(set(json!({text: [text]}))))]);
            store.change_settings(version, &changes, &ada(), at(1)).await.unwrap();
            assert_eq!(store.settings().await.unwrap().set[text].value, json!({text: [text]}));
        }
    })
    .await;
}

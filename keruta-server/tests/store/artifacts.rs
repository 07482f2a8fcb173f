//! Artifacts: kept in pieces, complete or not at all.

use jiff::Timestamp;
use keruta_api::Artifact;
use keruta_server::operation::ArtifactSettings;
use keruta_server::store::{Expected, Store, StoreError};

use crate::{HOSTILE, ada, at, on_each, spec};

const LIMITS: ArtifactSettings = ArtifactSettings { max_bytes: 10, max_total_bytes: 15, max_count: 3, retention: None };

async fn put(store: &Store, path: &str, pieces: &[&[u8]], second: i64) -> Result<(Artifact, bool), StoreError> {
    let mut upload = store.begin_artifact("a", path, "text/plain", &LIMITS, &ada(), at(second)).await?;
    for piece in pieces {
        if let Err(error) = store.append_artifact(&mut upload, piece, &LIMITS, at(second)).await {
            store.abandon_artifact(&upload, at(second)).await?;
            return Err(error);
        }
    }
    store.finish_artifact(&upload, "00ff", at(second)).await
}

async fn content(store: &Store, path: &str) -> Vec<u8> {
    let stored = store.artifact("a", path).await.unwrap();
    let mut whole = Vec::new();
    while (whole.len() as u64) < stored.artifact.size {
        whole.extend(store.artifact_chunk(stored.id, whole.len() as u64).await.unwrap().unwrap());
    }
    whole
}

#[tokio::test]
async fn one_is_there_as_a_whole_or_not_at_all() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        let (made, is_new) = put(&store, "x/y", &[b"abc", b"de"], 1).await.unwrap();
        assert_eq!((made.size, made.attempt, made.created_by.as_str(), is_new), (5, 1, "user/ada", true));
        let mut half = store.begin_artifact("a", "x/y", "text/plain", &LIMITS, &ada(), at(2)).await.unwrap();
        store.append_artifact(&mut half, b"12", &LIMITS, at(2)).await.unwrap();
        assert_eq!(content(&store, "x/y").await, b"abcde", "what was there stays until the other is complete");
        store.finish_artifact(&half, "11", at(3)).await.unwrap();
        assert_eq!(content(&store, "x/y").await, b"12");
        assert!(matches!(store.finish_artifact(&half, "11", at(3)).await, Err(StoreError::NotFound { .. })));
        let (_, is_new) = put(&store, "x/y", &[], 4).await.unwrap();
        assert!(!is_new);
        assert_eq!(content(&store, "x/y").await, b"", "an empty one is one");
        for path in HOSTILE {
            put(&store, path, &[b"1"], 5).await.unwrap();
            assert_eq!(content(&store, path).await, b"1");
            store.delete_artifact("a", path, &ada(), at(6)).await.unwrap();
        }
        let none = store.begin_artifact("none", "x", "text/plain", &LIMITS, &ada(), at(7)).await;
        assert!(matches!(none, Err(StoreError::NotFound { .. })));
    })
    .await;
}

#[tokio::test]
async fn no_limit_is_passed_also_by_several_at_once() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        assert!(matches!(
            put(&store, "big", &[b"0123456789", b"x"], 1).await,
            Err(StoreError::TooLarge { most: 10, .. })
        ));
        put(&store, "one", &[b"0123456789"], 1).await.unwrap();
        assert!(matches!(put(&store, "two", &[b"012345"], 1).await, Err(StoreError::TooLarge { most: 15, .. })));
        // Another in its place counts beside it until it is complete; deleted ones do not.
        put(&store, "two", &[b"01234"], 1).await.unwrap();
        let third = store.begin_artifact("a", "three", "text/plain", &LIMITS, &ada(), at(2)).await.unwrap();
        assert!(matches!(put(&store, "four", &[], 3).await, Err(StoreError::TooMany { most: 3, .. })));
        put(&store, "one", &[], 3).await.unwrap();
        store.abandon_artifact(&third, at(4)).await.unwrap();
        put(&store, "four", &[], 5).await.unwrap();
        let listed = store.artifacts("a", None, 10).await.unwrap();
        assert_eq!(listed.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), ["four", "one", "two"]);
        assert_eq!(store.artifacts("a", Some("one"), 10).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_deleted_broken_off_or_too_old_goes_with_all_its_pieces() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        put(&store, "old", &[b"12", b"3"], 1).await.unwrap();
        put(&store, "young", &[b"4"], 100).await.unwrap();
        let mut stalled = store.begin_artifact("a", "stalled", "text/plain", &LIMITS, &ada(), at(1)).await.unwrap();
        store.append_artifact(&mut stalled, b"5", &LIMITS, at(1)).await.unwrap();
        let id = store.artifact("a", "old").await.unwrap().id;
        assert_eq!(store.expire_artifacts(Some(at(50)), at(50), at(110)).await.unwrap(), 2);
        // A download that has begun may come to its end.
        assert_eq!(store.delete_artifacts(at(110)).await.unwrap(), (0, 0));
        assert!(store.artifact_chunk(id, 0).await.unwrap().is_some());
        assert_eq!(store.delete_artifacts(at(111)).await.unwrap(), (2, 4));
        assert!(store.artifact_chunk(id, 0).await.unwrap().is_none());
        assert!(store.append_artifact(&mut stalled, b"6", &LIMITS, at(112)).await.is_err());
        assert_eq!(store.artifacts("a", None, 10).await.unwrap().len(), 1);
        assert_eq!(store.expire_artifacts(None, Timestamp::MIN, at(113)).await.unwrap(), 0);
        store.cancel_task("a", "ada", None, at(114)).await.unwrap();
        store.delete_task("a", &Expected::Any, "ada", at(115)).await.unwrap();
        assert_eq!(store.artifacts("a", None, 10).await.unwrap(), []);
        assert_eq!(store.delete_artifacts(at(116)).await.unwrap(), (1, 1));
    })
    .await;
}

//! The audit log.

use keruta_server::store::{AuditFilter, Author};
use serde_json::json;

use crate::{HOSTILE, ada, at, on_each};

#[tokio::test]
async fn it_says_who_did_what_from_where_the_newest_first() {
    on_each(async |store| {
        store.add_to_audit(&ada(), "x.made", "x/1", Some(&json!({"n": 1})), at(0)).await.unwrap();
        store.add_to_audit(&Author::keruta(), "x.made", "x/2", None, at(1)).await.unwrap();
        store.add_to_audit(&ada(), "x.gone", "x/1", None, at(2)).await.unwrap();
        let all = store.audit(&AuditFilter::default(), None, 10).await.unwrap();
        assert_eq!(all.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [3, 2, 1]);
        let first = &all[2];
        assert_eq!(
            (first.actor.as_str(), first.at, first.detail.as_ref()),
            ("user/ada", at(0), Some(&json!({"n": 1})))
        );
        assert_eq!((first.remote.as_deref(), first.request_id.as_deref()), (Some("127.0.0.1"), Some("request-1")));
        let before = store.audit(&AuditFilter::default(), Some(2), 10).await.unwrap();
        assert_eq!(before, all[2..]);
        for (filter, sequences) in [
            (AuditFilter { actor: Some("user/ada".to_owned()), ..AuditFilter::default() }, vec![3, 1]),
            (AuditFilter { object: Some("x/2".to_owned()), ..AuditFilter::default() }, vec![2]),
            (AuditFilter { action: Some("x.made".to_owned()), ..AuditFilter::default() }, vec![2, 1]),
            (AuditFilter { actor: Some("' OR 1=1 --".to_owned()), ..AuditFilter::default() }, vec![]),
        ] {
            let found = store.audit(&filter, None, 10).await.unwrap();
            assert_eq!(found.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), sequences, "{filter:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_old_is_forgotten_and_what_is_hostile_is_text() {
    on_each(async |store| {
        for (second, text) in (0..).zip(HOSTILE) {
            let author = Author { actor: text.to_owned(), remote: Some(text.to_owned()), request_id: None };
            store.add_to_audit(&author, text, text, Some(&json!({text: text})), at(second)).await.unwrap();
        }
        let all = store.audit(&AuditFilter::default(), None, 100).await.unwrap();
        assert_eq!(all.iter().rev().map(|entry| entry.actor.as_str()).collect::<Vec<_>>(), HOSTILE);
        assert_eq!(store.purge_audit(at(2)).await.unwrap(), 2);
        assert_eq!(store.audit(&AuditFilter::default(), None, 100).await.unwrap(), all[..4]);
        // A number is given out once.
        store.add_to_audit(&ada(), "x", "x", None, at(9)).await.unwrap();
        assert_eq!(store.audit(&AuditFilter::default(), None, 1).await.unwrap()[0].sequence, 7);
    })
    .await;
}

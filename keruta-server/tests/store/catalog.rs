//! Repositories and documents.

use keruta_manifest::read;
use keruta_server::catalog::{DocumentUpdate, NewDocument, NewRepository, RepositoryUpdate};
use keruta_server::store::{AuditFilter, Expected, StoreError};
use serde_json::{Value, json};

use crate::{HOSTILE, ada, at, on_each};

fn of<T: serde::de::DeserializeOwned + std::fmt::Debug>(value: Value) -> T {
    read::from_value(value).unwrap()
}

fn repository(id: &str, name: &str) -> NewRepository {
    of(json!({"id": id, "name": name, "url": "https://example.com/x.git"}))
}

#[tokio::test]
async fn a_repository_is_made_read_changed_and_deleted() {
    on_each(async |store| {
        let new: NewRepository = of(json!({
            "name": "Keruta", "url": "https://github.com/keruta/keruta", "ref": "main", "description": "a\nb"
        }));
        let made = store.create_repository(&new, "r-1", &ada(), at(0)).await.unwrap();
        assert_eq!(store.repository("r-1").await.unwrap(), made);
        assert_eq!((made.version, made.created_at, made.script_size), (1, at(0), None));
        assert_eq!((made.git_ref.as_deref(), made.description.as_deref()), (Some("main"), Some("a\nb")));
        let again = store.create_repository(&new, "r-1", &ada(), at(1)).await;
        assert!(matches!(again, Err(StoreError::AlreadyExists { kind: "repository", .. })), "{again:?}");

        let update: RepositoryUpdate = of(json!({"name": "K", "url": "git@github.com:keruta/keruta.git"}));
        let stale = Expected::OneOf(vec![7]);
        let refused = store.change_repository("r-1", &update, &stale, &ada(), at(2)).await;
        assert!(matches!(refused, Err(StoreError::Outdated { given: 7, current: 1, .. })), "{refused:?}");
        assert_eq!(store.repository("r-1").await.unwrap(), made, "what was refused left no trace");
        let first = Expected::OneOf(vec![1]);
        let changed = store.change_repository("r-1", &update, &first, &ada(), at(2)).await.unwrap();
        assert_eq!((changed.version, changed.name.as_str(), changed.git_ref.as_deref()), (2, "K", None));
        assert_eq!((changed.created_at, changed.updated_at), (at(0), at(2)));

        store.delete_repository("r-1", &Expected::Any, &ada(), at(3)).await.unwrap();
        assert!(matches!(store.repository("r-1").await, Err(StoreError::NotFound { .. })));
        let gone = store.delete_repository("r-1", &Expected::Any, &ada(), at(3)).await;
        assert!(matches!(gone, Err(StoreError::NotFound { .. })), "{gone:?}");
        let log = store.audit(&AuditFilter::default(), None, 10).await.unwrap();
        let actions: Vec<_> = log.iter().map(|entry| (entry.action.as_str(), entry.object.as_str())).collect();
        assert_eq!(
            actions,
            [
                ("repository.deleted", "repository/r-1"),
                ("repository.changed", "repository/r-1"),
                ("repository.created", "repository/r-1"),
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn a_script_belongs_to_its_repository() {
    on_each(async |store| {
        store.create_repository(&repository("a", "A"), "", &ada(), at(0)).await.unwrap();
        assert_eq!(store.repository_script("a").await.unwrap(), None);
        assert!(matches!(store.repository_script("b").await, Err(StoreError::NotFound { .. })));
        let script = "#!/bin/sh\necho \"$(id)\" 'é'\n";
        let after = store.set_repository_script("a", Some(script), &Expected::Any, &ada(), at(1)).await.unwrap();
        assert_eq!((after.version, after.script_size), (2, Some(u64::try_from(script.len()).unwrap())));
        assert_eq!(store.repository_script("a").await.unwrap(), Some((script.to_owned(), 2)));
        let stale = store.set_repository_script("a", None, &Expected::OneOf(vec![1]), &ada(), at(2)).await;
        assert!(matches!(stale, Err(StoreError::Outdated { current: 2, .. })), "{stale:?}");
        // A change of the rest leaves it.
        let update: RepositoryUpdate = of(json!({"name": "A", "url": "https://example.com/y.git"}));
        store.change_repository("a", &update, &Expected::Any, &ada(), at(2)).await.unwrap();
        assert_eq!(store.repository_script("a").await.unwrap(), Some((script.to_owned(), 3)));
        for none in [Some(""), None] {
            store.set_repository_script("a", none, &Expected::Any, &ada(), at(3)).await.unwrap();
            assert_eq!(store.repository_script("a").await.unwrap(), None);
        }
    })
    .await;
}

#[tokio::test]
async fn lists_come_in_pages_that_neither_repeat_nor_leave_out() {
    on_each(async |store| {
        for number in 0..23 {
            // Several of one name: the id decides.
            let (id, name) = (format!("r-{number:02}"), format!("name {}", number % 5));
            store.create_repository(&repository(&id, &name), "", &ada(), at(0)).await.unwrap();
            let document: NewDocument = of(json!({"id": id, "title": name}));
            store.create_document(&document, "", &ada(), at(0)).await.unwrap();
        }
        let (mut repositories, mut after) = (Vec::new(), None);
        loop {
            let page = store.repositories(None, after.as_ref(), 4).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.name.clone(), last.id.clone()));
            repositories.extend(page.into_iter().map(|repository| repository.id));
        }
        let (mut documents, mut after) = (Vec::new(), None);
        loop {
            let page = store.documents(None, after.as_ref(), 4).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.title.clone(), last.id.clone()));
            documents.extend(page.into_iter().map(|document| document.id));
        }
        assert_eq!(repositories, documents);
        let mut expected: Vec<_> = (0..23).map(|number| (number % 5, format!("r-{number:02}"))).collect();
        expected.sort();
        assert_eq!(repositories, expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn hostile_texts_stay_texts() {
    on_each(async |store| {
        for (number, text) in HOSTILE.into_iter().enumerate() {
            let id = format!("r-{number}");
            store.create_repository(&repository(&id, text), "", &ada(), at(0)).await.unwrap();
            let script = format!("# {text}\n");
            store.set_repository_script(&id, Some(&script), &Expected::Any, &ada(), at(0)).await.unwrap();
            let new: NewDocument = of(json!({"id": id, "title": text, "content": text}));
            store.create_document(&new, "", &ada(), at(0)).await.unwrap();

            assert_eq!(store.repository(&id).await.unwrap().name, text);
            assert_eq!(store.repository_script(&id).await.unwrap().unwrap().0, script);
            assert_eq!(store.document_content(&id).await.unwrap().text, text);
            let found = store.repositories(Some(text), None, 10).await.unwrap();
            assert_eq!(found.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), [id.as_str()], "{text}");
            let found = store.documents(Some(text), None, 10).await.unwrap();
            assert_eq!(found.len(), 1, "{text}");
            assert!(matches!(store.repository(text).await, Err(StoreError::NotFound { .. })));
            let behind = (text.to_owned(), text.to_owned());
            store.documents(None, Some(&behind), 10).await.unwrap();
        }
        assert_eq!(store.repositories(None, None, 100).await.unwrap().len(), HOSTILE.len());
    })
    .await;
}

#[tokio::test]
async fn a_document_is_made_read_changed_and_deleted() {
    on_each(async |store| {
        let new: NewDocument = of(json!({"title": "Notes", "content": "# é\n"}));
        let made = store.create_document(&new, "d-1", &ada(), at(0)).await.unwrap();
        assert_eq!((made.content_type.as_str(), made.size, made.version), ("text/markdown", 5, 1));
        assert_eq!(store.document("d-1").await.unwrap(), made);
        let again = store.create_document(&new, "d-1", &ada(), at(0)).await;
        assert!(matches!(again, Err(StoreError::AlreadyExists { .. })), "{again:?}");

        let update: DocumentUpdate = of(json!({"title": "More notes"}));
        let stale = store.change_document("d-1", &update, &Expected::OneOf(vec![0]), &ada(), at(1)).await;
        assert!(matches!(stale, Err(StoreError::Outdated { .. })), "{stale:?}");
        let changed = store.change_document("d-1", &update, &Expected::OneOf(vec![1]), &ada(), at(1)).await.unwrap();
        assert_eq!((changed.title.as_str(), changed.content_type.as_str()), ("More notes", "text/markdown"));
        let update: DocumentUpdate = of(json!({"title": "More notes", "contentType": "text/plain"}));
        store.change_document("d-1", &update, &Expected::Any, &ada(), at(2)).await.unwrap();
        let after = store.set_document_content("d-1", "plain", &Expected::OneOf(vec![3]), &ada(), at(3)).await.unwrap();
        assert_eq!((after.version, after.size, after.updated_at), (4, 5, at(3)));
        let content = store.document_content("d-1").await.unwrap();
        assert_eq!((content.text.as_str(), content.content_type.as_str(), content.version), ("plain", "text/plain", 4));

        store.delete_document("d-1", &Expected::OneOf(vec![4]), &ada(), at(4)).await.unwrap();
        assert!(matches!(store.document_content("d-1").await, Err(StoreError::NotFound { .. })));
    })
    .await;
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_told_that_it_is_late() {
    on_each(async |store| {
        store.create_repository(&repository("a", "A"), "", &ada(), at(0)).await.unwrap();
        let update: RepositoryUpdate = of(json!({"name": "B", "url": "https://example.com/x.git"}));
        let first = Expected::OneOf(vec![1]);
        let author = ada();
        let change = || store.change_repository("a", &update, &first, &author, at(1));
        let (one, other) = tokio::join!(change(), change());
        let late = [&one, &other].into_iter().filter(|done| matches!(done, Err(StoreError::Outdated { .. }))).count();
        assert_eq!((one.is_ok() || other.is_ok(), late), (true, 1), "{one:?} {other:?}");
        assert_eq!(store.repository("a").await.unwrap().version, 2);
    })
    .await;
}

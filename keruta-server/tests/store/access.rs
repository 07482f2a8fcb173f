//! Tokens, users and sessions.

use keruta_api::{Role, StatusUpdate, TaskStatus};
use keruta_server::auth::Digest;
use keruta_server::store::{AuditFilter, Expected, SessionRow, Store, StoreError, TokenRow, UserChange};

use crate::{HOSTILE, ada, at, on_each, spec};

fn token<'a>(id: &'a str, name: &'a str, secret: &str) -> TokenRow<'a> {
    TokenRow { id, name, digest: Digest::of(secret), role: Role::Viewer, attempt: None, expires_at: None }
}

#[tokio::test]
async fn a_token_is_found_by_its_secret_which_is_nowhere() {
    on_each(async |store| {
        let row = TokenRow { expires_at: Some(at(60)), ..token("t-1", "ci", "secret") };
        let made = store.create_token(&row, &ada(), at(0)).await.unwrap();
        assert_eq!((made.role, made.created_by.as_str(), made.expires_at), (Role::Viewer, "user/ada", Some(at(60))));
        let found = store.tokens_like(&Digest::of("secret").lookup()).await.unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].attempt_lives && Digest::of("secret").is(&found[0].hash));
        assert_eq!(found[0].token, made);
        assert!(store.tokens_like(&Digest::of("other").lookup()).await.unwrap().is_empty());

        store.touch_token("t-1", at(5)).await.unwrap();
        assert_eq!(store.token("t-1").await.unwrap().last_used_at, Some(at(5)));
        let taken = store.create_token(&token("t-2", "ci", "x"), &ada(), at(0)).await;
        assert!(matches!(taken, Err(StoreError::AlreadyExists { kind: "token", .. })), "{taken:?}");
        store.revoke_token("t-1", &ada(), at(6)).await.unwrap();
        store.revoke_token("t-1", &ada(), at(7)).await.unwrap();
        assert_eq!(store.token("t-1").await.unwrap().revoked_at, Some(at(6)), "the first time counts");
        let row = TokenRow { expires_at: Some(at(9)), ..token("t-2", "ci", "x") };
        store.create_token(&row, &ada(), at(8)).await.unwrap();
        // One that has ended by itself gives its name away too.
        assert!(store.create_token(&token("t-4", "ci", "y"), &ada(), at(8)).await.is_err());
        store.create_token(&token("t-4", "ci", "y"), &ada(), at(9)).await.unwrap();
        assert_eq!(store.token("t-2").await.unwrap().revoked_at, Some(at(9)));
        let none = store.revoke_token("t-3", &ada(), at(7)).await;
        assert!(matches!(none, Err(StoreError::NotFound { .. })), "{none:?}");
        let log = store.audit(&AuditFilter::default(), None, 10).await.unwrap();
        let actions: Vec<_> = log.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions, ["token.created", "token.created", "token.revoked", "token.created"]);
        assert!(log.iter().all(|entry| !format!("{entry:?}").contains(&Digest::of("secret").hex())));
    })
    .await;
}

#[tokio::test]
async fn the_first_token_is_made_once() {
    on_each(async |store| {
        let row = TokenRow { role: Role::Admin, ..token("t-1", "first-admin", "a") };
        let other = TokenRow { id: "t-2", name: "second-admin", ..row };
        let (one, two) = tokio::join!(store.create_first_token(&row, at(0)), store.create_first_token(&other, at(0)));
        assert_eq!([one.unwrap(), two.unwrap()].into_iter().filter(|made| *made).count(), 1);
        let kept = store.tokens(None, None, 10).await.unwrap();
        assert_eq!(kept.len(), 1);
        store.revoke_token(&kept[0].id, &ada(), at(1)).await.unwrap();
        store.purge_tokens(at(100)).await.unwrap();
        assert!(!store.create_first_token(&other, at(101)).await.unwrap(), "there was a first start");
    })
    .await;
}

#[tokio::test]
async fn where_there_is_a_user_there_is_no_first_token() {
    on_each(async |store| {
        store.create_user("u-1", "ada", "hash", Role::Admin, &ada(), at(0)).await.unwrap();
        assert!(!store.create_first_token(&token("t-1", "first-admin", "a"), at(0)).await.unwrap());
    })
    .await;
}

async fn lives(store: &Store, secret: &str) -> bool {
    let found = store.tokens_like(&Digest::of(secret).lookup()).await.unwrap();
    found.first().is_some_and(|found| found.attempt_lives)
}

#[tokio::test]
async fn a_tasks_token_dies_with_its_attempt() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        let of = |attempt, id, secret| TokenRow {
            role: Role::Task,
            attempt: Some(("a", attempt)),
            ..token(id, "task/a", secret)
        };
        store.create_token(&of(1, "t-1", "first"), &ada(), at(0)).await.unwrap();
        store.create_token(&of(2, "t-2", "second"), &ada(), at(0)).await.unwrap();
        assert!(lives(&store, "first").await);
        assert!(!lives(&store, "second").await, "its attempt is not yet there");
        store.cancel_task("a", "ada", None, at(1)).await.unwrap();
        assert!(!lives(&store, "first").await);
        store.retry_task("a", "ada", at(2)).await.unwrap();
        assert!(!lives(&store, "first").await);
        assert!(lives(&store, "second").await);

        // They stand in no list, unless they are asked for.
        assert!(store.tokens(None, None, 10).await.unwrap().is_empty());
        assert_eq!(store.tokens(Some(Role::Task), None, 10).await.unwrap().len(), 2);
        // The first attempt ended at 1.
        assert_eq!(store.purge_tokens(at(1)).await.unwrap(), 0);
        assert_eq!(store.purge_tokens(at(2)).await.unwrap(), 1);
        assert!(lives(&store, "second").await);
        let cancelled = StatusUpdate::to(TaskStatus::Cancelled);
        store.set_status("a", &cancelled, "ada", at(3)).await.unwrap();
        store.delete_task("a", &Expected::Any, "ada", at(4)).await.unwrap();
        assert!(store.tokens(Some(Role::Task), None, 10).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn tokens_are_listed_the_newest_first() {
    on_each(async |store| {
        for number in 0..7 {
            let (id, name) = (format!("t-{number}"), format!("token {number}"));
            store.create_token(&token(&id, &name, &name), &ada(), at(number / 3)).await.unwrap();
        }
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let page = store.tokens(None, after.as_ref(), 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.created_at.as_microsecond(), last.id.clone()));
            ids.extend(page.into_iter().map(|token| token.id));
        }
        assert_eq!(ids, ["t-6", "t-5", "t-4", "t-3", "t-2", "t-1", "t-0"]);
        assert!(store.tokens(Some(Role::Service), None, 10).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_user_is_added_changed_and_removed() {
    on_each(async |store| {
        let made = store.create_user("u-1", "ada", "hash", Role::Operator, &ada(), at(0)).await.unwrap();
        assert_eq!(store.user("u-1").await.unwrap(), made);
        assert_eq!(store.user_by_name("ada").await.unwrap(), Some((made, Some("hash".to_owned()))));
        assert_eq!(store.user_by_name("Ada").await.unwrap(), None);
        let taken = store.create_user("u-2", "ada", "hash", Role::Viewer, &ada(), at(0)).await;
        assert!(matches!(taken, Err(StoreError::AlreadyExists { kind: "user", .. })), "{taken:?}");

        let change = UserChange { role: Some(Role::Admin), ..UserChange::default() };
        let stale = store.change_user("u-1", &change, None, &Expected::OneOf(vec![3]), &ada(), at(1)).await;
        assert!(matches!(stale, Err(StoreError::Outdated { .. })), "{stale:?}");
        let after = store.change_user("u-1", &change, None, &Expected::OneOf(vec![1]), &ada(), at(1)).await.unwrap();
        assert_eq!((after.role, after.disabled, after.version), (Role::Admin, false, 2));
        let change = UserChange { password_hash: Some("other".to_owned()), ..UserChange::default() };
        store.change_user("u-1", &change, None, &Expected::Any, &ada(), at(2)).await.unwrap();
        assert_eq!(store.user_by_name("ada").await.unwrap().unwrap().1.as_deref(), Some("other"));
        store.delete_user("u-1", &Expected::Any, &ada(), at(3)).await.unwrap();
        assert!(matches!(store.user("u-1").await, Err(StoreError::NotFound { .. })));
        let log = format!("{:?}", store.audit(&AuditFilter::default(), None, 10).await.unwrap());
        assert!(!log.contains("hash") && !log.contains("other"), "{log}");
    })
    .await;
}

fn session<'a>(id: &'a str, user_id: &'a str, secret: &str) -> SessionRow<'a> {
    SessionRow { id, user_id, digest: Digest::of(secret), csrf: "csrf", expires_at: at(100) }
}

async fn living(store: &Store, second: i64) -> Vec<String> {
    store.sessions(None, 10, at(second)).await.unwrap().into_iter().map(|session| session.id).collect()
}

#[tokio::test]
async fn a_session_lives_as_long_as_it_is_used_and_its_user_may_sign_in() {
    on_each(async |store| {
        store.create_user("u-1", "ada", "hash", Role::Admin, &ada(), at(0)).await.unwrap();
        for (second, id) in (0..).zip(["s-1", "s-2", "s-3"]) {
            store.create_session(&session(id, "u-1", id), &ada(), at(second)).await.unwrap();
        }
        let found = store.sessions_like(&Digest::of("s-1").lookup(), at(50)).await.unwrap();
        assert!(Digest::of("s-1").is(&found[0].hash));
        assert_eq!((found[0].user_id.as_str(), found[0].role, found[0].csrf.as_str()), ("u-1", Role::Admin, "csrf"));
        assert_eq!((found[0].session.user.as_str(), found[0].session.remote.as_deref()), ("ada", Some("127.0.0.1")));
        assert!(store.sessions_like(&Digest::of("s-1").lookup(), at(100)).await.unwrap().is_empty());
        store.touch_session("s-1", at(60), at(160)).await.unwrap();
        assert_eq!(living(&store, 120).await, ["s-1"]);
        assert_eq!(store.purge_sessions(at(101)).await.unwrap(), 2);
        for id in ["s-2", "s-3"] {
            store.create_session(&session(id, "u-1", id), &ada(), at(0)).await.unwrap();
        }
        store.delete_session("s-3", &ada(), at(1)).await.unwrap();
        let gone = store.delete_session("s-3", &ada(), at(1)).await;
        assert!(matches!(gone, Err(StoreError::NotFound { kind: "session", .. })), "{gone:?}");

        // A new password ends all sessions but the one that changed it.
        let change = UserChange { password_hash: Some("new".to_owned()), ..UserChange::default() };
        store.change_user("u-1", &change, Some("s-2"), &Expected::Any, &ada(), at(2)).await.unwrap();
        assert_eq!(living(&store, 3).await, ["s-2"]);
        let change = UserChange { disabled: Some(true), ..UserChange::default() };
        store.change_user("u-1", &change, None, &Expected::Any, &ada(), at(3)).await.unwrap();
        assert!(living(&store, 3).await.is_empty());
        // Also one that was made at the same moment.
        store.create_session(&session("s-4", "u-1", "s-4"), &ada(), at(3)).await.unwrap();
        assert!(store.sessions_like(&Digest::of("s-4").lookup(), at(4)).await.unwrap().is_empty());
        store.delete_user("u-1", &Expected::Any, &ada(), at(5)).await.unwrap();
        assert!(living(&store, 5).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn hostile_texts_stay_texts() {
    on_each(async |store| {
        for text in HOSTILE {
            store.create_token(&token(text, text, text), &ada(), at(0)).await.unwrap();
            assert_eq!(store.token(text).await.unwrap().name, text);
            store.create_user(text, text, text, Role::Viewer, &ada(), at(0)).await.unwrap();
            assert_eq!(store.user_by_name(text).await.unwrap().unwrap().0.id, text);
            assert!(store.tokens_like(text).await.unwrap().is_empty());
            assert!(store.sessions_like(text, at(0)).await.unwrap().is_empty());
        }
        assert_eq!(store.users(None, 100).await.unwrap().len(), HOSTILE.len());
        let after = store.users(Some("'"), 100).await.unwrap();
        assert!(after.len() <= HOSTILE.len());
    })
    .await;
}

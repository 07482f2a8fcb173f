//! A token of each attempt's own, by a Secret that lives as long as the attempt.

use std::time::Duration;

use jiff::Timestamp;
use keruta_api::TaskStatus;
use keruta_server::auth::{AccessError, Credential};
use keruta_server::operation::TaskTokenKind;
use keruta_server::runner::prepare;
use scripted_apiserver::{Denial, Fault, Life, Run};
use serde_json::json;

use crate::scene::{NAMESPACE, Scene};

/// What is in the one Secret that there is.
fn token(scene: &Scene, name: &str) -> String {
    let secrets = scene.server.objects("secrets", NAMESPACE);
    assert_eq!(secrets.len(), 1, "{secrets:#?}");
    assert_eq!(secrets[0]["metadata"]["name"], name);
    secrets[0]["stringData"]["token"].as_str().unwrap().to_owned()
}

async fn owner(scene: &Scene, token: &str) -> Result<Credential, AccessError> {
    scene.access().by_token(token, None, Timestamp::now()).await.map(|identity| identity.credential)
}

#[tokio::test]
async fn each_attempt_has_a_token_of_its_own_that_dies_with_it() {
    let scene = Scene::start().await;
    let _running = scene.run_whole();
    let life = Life::new().container("main", Run::new().sleep(1_200).exit(3));
    let made = scene.create("a", &life, &json!({})).await;
    let mut before = String::new();
    for (attempt, name) in [(1, "keruta-job-a-token"), (2, "keruta-job-a-attempt-2-token")] {
        scene.until("a", |task| task.attempt == attempt && task.status == TaskStatus::InProgress).await;
        let token = token(&scene, name);
        assert_ne!(token, before);
        let Credential::Attempt { task, attempt: of, .. } = owner(&scene, &token).await.unwrap() else { panic!() };
        assert_eq!((task.as_str(), of), ("a", attempt));
        // The Job names the Secret, and so does the manifest that the API shows.
        let job = scene.server.objects("jobs", NAMESPACE).pop().unwrap();
        let sources: Vec<_> = job["spec"]["template"]["spec"]["containers"][0]["env"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|variable| variable["name"] == "KERUTA_API_TOKEN")
            .map(|variable| variable["valueFrom"]["secretKeyRef"].clone())
            .collect();
        assert_eq!(sources, [json!({"name": name, "key": "token"})], "and it is not optional");
        let manifest = scene.store.manifest("a", attempt).await.unwrap().unwrap();
        assert!(manifest.contains(&format!("name: {name}")) && !manifest.contains(&token), "{manifest}");
        scene.until("a", |task| task.attempt == attempt && task.status == TaskStatus::Failed).await;
        let over = owner(&scene, &token).await;
        assert!(matches!(&over, Err(AccessError::AttemptOver { attempt: of, .. }) if *of == attempt), "{over:?}");
        scene.until_so("the Secret goes", async || scene.names("secrets").is_empty()).await;
        scene.until_so("it is forgotten", async || scene.store.token_secret_count().await.unwrap() == 0).await;
        before = token;
        if attempt == 1 {
            scene.store.retry_task("a", "ada", Timestamp::now()).await.unwrap();
        }
    }
    let shown = prepare(&made, &scene.settings.borrow(), TaskTokenKind::Attempt).unwrap();
    assert!(shown.manifest.contains("name: keruta-job-a-token"));
    let reads = |verb: &str| ["get", "list", "watch"].contains(&verb);
    let asked = scene.server.requests();
    assert!(
        asked.iter().all(|request| request.resource != "secrets" || !reads(&request.verb)),
        "no right to read is needed"
    );
}

#[tokio::test]
async fn a_shared_token_is_left_to_whoever_made_it() {
    let scene = Scene::start().await;
    scene.operate(&json!({"taskTokens": {"kind": "shared"}}));
    let _running = scene.run_whole();
    scene.create("a", &Life::new().container("main", Run::new()), &json!({})).await;
    scene.until_status("a", TaskStatus::Completed).await;
    let manifest = scene.store.manifest("a", 1).await.unwrap().unwrap();
    assert!(manifest.contains("name: keruta-api-token"), "{manifest}");
    assert!(scene.server.requests().iter().all(|request| request.resource != "secrets"));
}

#[tokio::test]
async fn without_the_right_to_make_secrets_a_task_waits_and_says_so() {
    let scene = Scene::start().await;
    scene.server.deny(Denial::of("create", "", "secrets"));
    let _running = scene.run_whole();
    scene.create("a", &Life::new().container("main", Run::new().sleep(300)), &json!({})).await;
    let task = scene.until("a", |task| task.waiting_for.is_some()).await;
    let why = task.waiting_for.unwrap();
    for word in ["may not create secrets", "--task-tokens", "taskTokens.kind: shared"] {
        assert!(why.contains(word), "{why}");
    }
    assert_eq!((task.status, scene.jobs_of("a").len()), (TaskStatus::Pending, 0));
    scene.server.allow_all();
    scene.until_status("a", TaskStatus::Completed).await;
    scene.until_so("the Secret goes", async || scene.names("secrets").is_empty()).await;
    // Nor may it delete them: that is told, and tried again.
    scene.server.deny(Denial::of("delete", "", "secrets"));
    scene.create("b", &Life::new().container("main", Run::new()), &json!({})).await;
    scene.until_status("b", TaskStatus::Completed).await;
    let failure = async || {
        let runs = scene.store.runs().await.unwrap();
        runs.into_iter().find(|run| run.name == "token-secrets").and_then(|run| run.error)
    };
    scene
        .until_so("it is told", async || failure().await.is_some_and(|why| why.contains("may not delete secrets")))
        .await;
    assert_eq!(scene.names("secrets"), ["keruta-job-b-token"]);
}

#[tokio::test]
async fn a_secret_that_is_in_the_way_is_made_anew() {
    let scene = Scene::start().await;
    // One that somebody else made, and one whose making was not answered.
    let stranger = json!({"metadata": {"name": "keruta-job-a-token"}, "stringData": {"token": "stale"}});
    assert!(scene.server.create("secrets", NAMESPACE, stranger));
    let fault = scene.server.faults().add(Fault::on("create", "secrets").nth(2).answer(504).after_effect());
    let _running = scene.run_whole();
    scene.create("a", &Life::new().container("main", Run::new().sleep(900)), &json!({})).await;
    scene.until_status("a", TaskStatus::InProgress).await;
    let token = token(&scene, "keruta-job-a-token");
    let Credential::Attempt { task, .. } = owner(&scene, &token).await.unwrap() else { panic!() };
    assert_eq!(task, "a");
    scene.until_status("a", TaskStatus::Completed).await;
    scene.until_so("the Secret goes", async || scene.names("secrets").is_empty()).await;
    assert_eq!((fault.fired(), scene.jobs_of("a").len()), (1, 1));
}

#[tokio::test]
async fn whenever_the_server_dies_no_secret_is_left_and_the_pods_token_opens_its_task() {
    let mut scene = Scene::start().await;
    let life = Life::new().container("main", Run::new().line("once").sleep(1_500));
    for moment in [5, 20, 40, 60, 90, 140, 300, 900] {
        let id = format!("t{moment}");
        scene.create(&id, &life, &json!({})).await;
        let running = scene.run_whole();
        tokio::time::sleep(Duration::from_millis(moment)).await;
        running.kill();
        scene.reopen().await;
        let running = scene.run_whole();
        scene.until(&id, |task| task.status == TaskStatus::InProgress || task.status.is_final()).await;
        if scene.store.task(&id).await.unwrap().status == TaskStatus::InProgress {
            let token = token(&scene, &format!("keruta-job-{id}-token"));
            let Credential::Attempt { task, .. } = owner(&scene, &token).await.unwrap() else { panic!() };
            assert_eq!(task, id, "{moment}");
        }
        let task = scene.until(&id, |task| task.status.is_final()).await;
        assert_eq!(task.status, TaskStatus::Completed, "{moment}: {:?}", task.verdict);
        assert_eq!(scene.jobs_of(&id).len(), 1, "{moment}");
        scene.until_so("the Secret goes", async || scene.names("secrets").is_empty()).await;
        scene.until_so("it is forgotten", async || scene.store.token_secret_count().await.unwrap() == 0).await;
        running.shut_down().await;
    }
}

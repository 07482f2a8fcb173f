//! `/api/v1/settings/server`, `/api/v1/background-jobs`, `/api/v1/removals`, `/api/v1/settings/kubernetes/test`.

use std::sync::Arc;

use http::Method;
use keruta_server::jobs::JobName;
use keruta_server::runner::Connect;
use keruta_submitter::cluster::{Cluster, ClusterConfig, Environment};
use scripted_apiserver::{ApiServer, Denial};
use serde_json::{Value, json};

use crate::Server;

const SETTINGS: &str = "/api/v1/settings/server";
const JOBS: &str = "/api/v1/background-jobs";

#[tokio::test]
async fn the_servers_settings_are_read_and_changed() {
    let server = Server::start().await;
    let mut watched = server.parts.operation.settings();
    let read = server.get(SETTINGS).send().await.is(200);
    assert_eq!((read.etag(), &read.value()["set"]), ("\"0\"", &json!({})));
    assert_eq!(read.value()["settings"]["taskTokens"], json!({"kind": "attempt", "lifetime": "720h"}));
    server.ask(Method::PATCH, SETTINGS).json(&json!({})).send().await.is(428);
    let patch = json!({"taskTokens": {"kind": "shared"}, "logs": {"namespaces": {"audit": null, "team-a": "7d"}}});
    let put = server.ask(Method::PUT, SETTINGS).header("if-match", "\"0\"").json(&patch).send().await.is(200);
    assert_eq!((put.etag(), &put.value()["set"]), ("\"1\"", &patch));
    assert_eq!(put.value()["settings"]["logs"]["namespaces"], json!({"audit": null, "team-a": "168h"}));
    assert!(watched.has_changed().unwrap());
    assert_eq!(watched.borrow_and_update().logs.namespaces.len(), 2);
    server.ask(Method::PATCH, SETTINGS).header("if-match", "\"0\"").json(&json!({})).send().await.is(412);
    let back = json!({"taskTokens": null});
    let patched = server.ask(Method::PATCH, SETTINGS).header("if-match", "*").json(&back).send().await.is(200);
    assert_eq!(patched.value()["settings"]["taskTokens"]["kind"], "attempt");
}

#[tokio::test]
async fn wrong_settings_are_told_all_at_once_and_secrets_are_no_settings() {
    let server = Server::start().await;
    let wrong = json!({
        "taskTokens": {"kind": "mine"}, "backgroundJobs": {"clean-up": {}}, "artifacts": {"maxBytes": -1}, "lgos": {},
    });
    let refused = server.ask(Method::PUT, SETTINGS).header("if-match", "*").json(&wrong).send().await.is(422);
    let mut pointers: Vec<_> = refused.value()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap().to_owned())
        .collect();
    pointers.sort();
    assert_eq!(pointers, ["/artifacts/maxBytes", "/backgroundJobs", "/lgos", "/taskTokens/kind"], "{refused:?}");
    let wrong = json!({
        "taskTokens": {"lifetime": "1s"}, "backgroundJobs": {"cleanup": {"every": "0s"}},
        "logs": {"export": {"url": "https://x/y", "options": {
            "aws_secret_access_key": "hunter2", "aws_region": {"env": "KERUTA_DATABASE"}, "aws_session_token": {"file": "../x"},
        }}},
    });
    let refused = server.ask(Method::PUT, SETTINGS).header("if-match", "*").json(&wrong).send().await.is(422);
    let mut pointers: Vec<_> = refused.value()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap().to_owned())
        .collect();
    pointers.sort();
    let options = "/logs/export/options";
    let wanted = [
        "/backgroundJobs/cleanup/every".to_owned(),
        format!("{options}/aws_region"),
        format!("{options}/aws_secret_access_key"),
        format!("{options}/aws_session_token"),
        "/logs/export/url".to_owned(),
        "/taskTokens/lifetime".to_owned(),
    ];
    assert_eq!(pointers, wanted, "{refused:?}");
    assert!(!refused.body.contains("hunter2"));
    let good = json!({"logs": {"export": {"url": "s3://bucket/logs", "options": {
        "aws_region": "eu-west-1", "aws_secret_access_key": {"env": "AWS_SECRET_ACCESS_KEY"},
    }}}});
    server.ask(Method::PUT, SETTINGS).header("if-match", "*").json(&good).send().await.is(200);
}

#[tokio::test]
async fn background_jobs_are_told_and_asked_for() {
    let server = Server::start().await;
    let list = server.get(JOBS).send().await.is(200).value();
    let jobs = list["items"].as_array().unwrap();
    assert_eq!(jobs.len(), JobName::ALL.len());
    for job in jobs {
        assert_eq!(job["state"], "never");
        assert!(!job["description"].as_str().unwrap().is_empty() && job["everySeconds"].as_u64().unwrap() > 0);
        assert_eq!(job["nextRunAt"].is_string(), job["enabled"].as_bool().unwrap(), "{job}");
    }
    let export = server.get(&format!("{JOBS}/log-export")).send().await.is(200).value();
    assert!(export["enabled"] == false && export["waitingFor"].as_str().unwrap().contains("logs.export"), "{export}");
    let asked = server.ask(Method::POST, &format!("{JOBS}/audit-purge/run")).send().await.is(202).value();
    assert_eq!(asked["requestedBy"], "token/first-admin");
    server.get(&format!("{JOBS}/none")).send().await.is(404);
    server.ask(Method::POST, &format!("{JOBS}/none/run")).send().await.is(404);
    let viewer = server.token(keruta_api::Role::Viewer).await;
    server.anonymous(Method::POST, &format!("{JOBS}/audit-purge/run")).token(&viewer).send().await.is(403);
}

#[tokio::test]
async fn what_a_deleted_task_leaves_is_told() {
    let server = Server::start().await;
    server.task(r#"{"id": "a"}"#).await;
    server.ask(Method::POST, "/api/v1/tasks/a/cancel").send().await.is(200);
    server.ask(Method::DELETE, "/api/v1/tasks/a").send().await.is(204);
    let removals = server.get("/api/v1/removals").send().await.is(200).value();
    let removal = &removals["items"][0];
    assert_eq!(
        (&removal["taskId"], &removal["namespace"], &removal["state"], &removal["askedBy"], &removal["tries"]),
        (&json!("a"), &json!("tasks"), &json!("records"), &json!("token/first-admin"), &json!(0))
    );
}

#[tokio::test]
async fn a_child_whose_parent_has_no_workspace_is_told_at_once() {
    let server = Server::start().await;
    let make = |task: Value| server.post("/api/v1/tasks", &task).send();
    make(json!({"id": "bare", "image": "busybox:1.36"})).await.is(201);
    make(json!({"id": "root", "image": "busybox:1.36", "workspace": {"kind": "pvc"}})).await.is(201);
    let refused = make(json!({"id": "c1", "image": "busybox:1.36", "parentId": "bare"})).await.is(422);
    assert_eq!(refused.value()["errors"][0]["pointer"], "/parentId");
    assert!(refused.value()["errors"][0]["cure"].as_str().unwrap().contains("workspace.kind: pvc"), "{refused:?}");
    make(json!({"id": "c2", "image": "busybox:1.36", "parentId": "root"})).await.is(201);
    // A grandchild's workspace is the root's.
    make(json!({"id": "c3", "image": "busybox:1.36", "parentId": "c2"})).await.is(201);
    make(json!({"id": "c4", "image": "busybox:1.36", "parentId": "none"})).await.is(404);
}

/// A cluster by its kubeconfig.
fn cluster(kubeconfig: &std::path::Path) -> Connect {
    let config = ClusterConfig { kubeconfig: Some(kubeconfig.to_owned()), ..ClusterConfig::default() };
    Arc::new(move |settings| {
        let namespace = settings.default_namespace.as_ref().map(ToString::to_string);
        let config = ClusterConfig { namespace, ..config.clone() };
        Cluster::connect(&config, &Environment::of_process())
    })
}

#[tokio::test]
async fn a_connection_is_tested_by_settings_in_force_and_by_drafts() {
    let apiserver = ApiServer::start().await;
    apiserver.create_namespace("team-a");
    let directory = tempfile::tempdir().unwrap();
    let kubeconfig = directory.path().join("kubeconfig");
    std::fs::write(&kubeconfig, apiserver.kubeconfig()).unwrap();
    let server = Server::start_at(cluster(&kubeconfig)).await;
    let path = "/api/v1/settings/kubernetes/test";
    let result = |answer: &Value, check: &str| {
        let checks = answer["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|found| found["check"] == check).unwrap_or_else(|| panic!("no {check}: {answer:#}"))
    };
    let draft = json!({"settings": {"defaultNamespace": "team-a"}});
    let good = server.post(path, &draft).send().await.is(200).value();
    assert_eq!(good["ok"], true, "{good:#}");
    assert_eq!(result(&good, "cluster")["result"], "ok");
    assert_eq!(result(&good, "rights")["result"], "ok");

    let gone = server.post(path, &json!({"settings": {"defaultNamespace": "nowhere"}})).send().await.is(200).value();
    let namespace = result(&gone, "namespace");
    assert_eq!((&gone["ok"], &namespace["result"]), (&json!(false), &json!("fail")));
    assert!(namespace["cure"].as_str().unwrap().contains("create namespace nowhere"));

    apiserver.deny(Denial::of("create", "", "secrets"));
    let poor = server.post(path, &draft).send().await.is(200).value();
    let rights = result(&poor, "rights");
    assert_eq!(rights["result"], "fail");
    assert!(rights["message"].as_str().unwrap().contains("create secrets"), "{rights}");
    assert!(rights["cure"].as_str().unwrap().contains("--task-tokens"), "{rights}");
    let shared = json!({"taskTokens": {"kind": "shared"}});
    server.ask(Method::PATCH, SETTINGS).header("if-match", "*").json(&shared).send().await.is(200);
    let rich = server.post(path, &draft).send().await.is(200).value();
    assert_eq!(result(&rich, "rights")["result"], "ok", "{rich:#}");

    let disabled = server.post(path, &json!({"settings": {"enabled": false}})).send().await.is(200).value();
    assert_eq!(result(&disabled, "settings")["result"], "fail");
    server.post(path, &json!({"settings": {"enabeld": false}})).send().await.is(422);
    server.post(path, &json!({"stettings": {}})).send().await.is(422);
    // Those in force, where nothing is sent; and a cluster that is away.
    apiserver.stop().await;
    let away = server.ask(Method::POST, path).send().await.is(200).value();
    assert_eq!((&away["ok"], &result(&away, "cluster")["result"]), (&json!(false), &json!("fail")), "{away:#}");
    let writes = ["create", "delete", "patch", "update"];
    let changed = apiserver.requests().into_iter().filter(|request| writes.contains(&request.verb.as_str()));
    assert!(
        changed.clone().all(|request| request.resource == "selfsubjectaccessreviews"),
        "{:?}",
        changed.collect::<Vec<_>>()
    );
}

//! Jobs that vanish, or are made anew, behind the follower's back.

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use keruta_submitter::{Cause, Outcome};
use scripted_apiserver::{Fault, FaultGuard};

use crate::killer::Killer;
use crate::plan::chatty;
use crate::scene::{NAMESPACE, Scene};
use crate::truth;

/// Deletes the only task's Job as soon as it has a Pod; then nothing more happens.
async fn delete_the_job(scene: &Scene) {
    while scene.server.objects("pods", NAMESPACE).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(scene.server.delete_job(NAMESPACE, &scene.subjects[0].job()));
    std::future::pending::<()>().await;
}

/// The watch never shows the Job, whose Pod then belongs to a Job of which nothing is known.
#[tokio::test]
async fn a_job_that_vanishes_before_it_was_seen_leaves_no_pod_held() {
    for exit in [Some(0), None] {
        let scene = Scene::of(chatty("a", 20, 200, exit)).await;
        let stall = scene.server.faults().add(Fault::on("watch", "jobs").stall_after(0).always());
        tokio::select! {
            _ = scene.process(None) => {}
            () = delete_the_job(&scene) => {}
        }
        stall.assert_fired();
        let verdict = scene.verdict();
        assert_eq!(verdict.outcome, Outcome::Failed(Cause::Deleted), "{verdict:#?}");
        assert!(verdict.evidence.pod.is_some(), "{verdict:#?}");
        assert_eq!(truth::check(&scene), Vec::<String>::new());
    }
}

/// The answer to a create is lost, and the Job is deleted before the create is sent again.
#[tokio::test]
async fn a_create_that_is_sent_again_makes_no_second_job() {
    for fault in [
        Fault::on("create", "jobs").drop_connection().after_effect(),
        Fault::on("create", "jobs").answer(504).after_effect(),
    ] {
        let scene = Scene::of(chatty("a", 20, 200, Some(0))).await;
        let lost = scene.server.faults().add(fault.clone());
        // The submitter is held up until the Job is gone.
        let held = scene.server.faults().add(Fault::on("*", "*").name("keruta-job-a").nth(2).times(3).answer(503));
        tokio::select! {
            _ = scene.process(None) => {}
            () = delete_the_job(&scene) => {}
        }
        [lost, held].into_iter().for_each(FaultGuard::assert_fired);
        assert_eq!(truth::check(&scene), Vec::<String>::new(), "{fault:?}");
    }
}

/// `kubectl delete job` and `kubectl apply`, under a follower that has judged the first: what it said of the attempt holds.
#[tokio::test]
async fn a_job_that_is_made_anew_by_hand_is_judged_too() {
    let scene =
        Scene::start(vec![chatty("a", 10, 20, Some(0)), chatty("b", 10, 2500, Some(0))], jiff::SignedDuration::ZERO)
            .await;
    let verdict = |job: &serde_json::Value| job["metadata"]["annotations"]["keruta.dev/verdict"].clone();
    let job = || {
        let jobs = scene.server.objects("jobs", NAMESPACE);
        jobs.into_iter().find(|job| job["metadata"]["name"] == "keruta-job-a").unwrap_or_default()
    };
    let remaking = async {
        while verdict(&job()).is_null() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (first, said) = (job()["metadata"]["uid"].clone(), verdict(&job()));
        // The watch is told of both changes at once, by a list.
        let away = scene.server.faults().add(Fault::on("watch", "jobs").answer(503).always());
        scene.server.restart().await;
        scene.server.delete_job(NAMESPACE, "keruta-job-a");
        let cluster = scene.cluster(&Killer::at(None));
        let bundle = scene.subjects[0].workload.bundle(NAMESPACE);
        let again: Job = cluster.create(NAMESPACE, &bundle.job).await.unwrap();
        assert_ne!(again.metadata.uid.as_deref(), first.as_str());
        assert!(away.wait_fired(Duration::from_secs(5)).await);
        away.assert_fired();
        while verdict(&job()).is_null() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(verdict(&job()), said);
    };
    let both = async { tokio::join!(scene.process(None), remaking) };
    tokio::time::timeout(Duration::from_secs(20), Box::pin(both)).await.expect("the second Job is judged");
}

/// As by a submitter that was killed between its create and the ledger's word that the attempt was cancelled before.
#[tokio::test]
async fn a_job_that_is_made_anew_of_a_cancelled_attempt_is_ended() {
    let cancelled = chatty("a", 10, 200, None).cancel_at(0).submit_at(100);
    let scene = Scene::start(vec![cancelled, chatty("b", 10, 3000, Some(0))], jiff::SignedDuration::ZERO).await;
    let job = || {
        let jobs = scene.server.objects("jobs", NAMESPACE);
        jobs.into_iter().find(|job| job["metadata"]["name"] == "keruta-job-a").unwrap_or_default()
    };
    let judged = async || {
        while job()["metadata"]["annotations"]["keruta.dev/verdict"].is_null() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        job()
    };
    let remaking = async {
        let first = judged().await;
        scene.server.delete_job(NAMESPACE, "keruta-job-a");
        let bundle = scene.subjects[0].workload.bundle(NAMESPACE);
        let cluster = scene.cluster(&Killer::at(None));
        let _: Job = cluster.create(NAMESPACE, &bundle.job).await.unwrap();
        let second = judged().await;
        assert_ne!(second["metadata"]["uid"], first["metadata"]["uid"]);
        let verdict = |job: &serde_json::Value| job["metadata"]["annotations"]["keruta.dev/verdict"].clone();
        assert_eq!(verdict(&second), verdict(&first));
        let runs = |pod: &serde_json::Value| {
            pod["metadata"]["labels"]["task-id"] == "a" && pod["status"]["phase"] == "Running"
        };
        assert!(!scene.server.objects("pods", NAMESPACE).iter().any(runs));
    };
    let both = async { tokio::join!(scene.process(None), remaking) };
    tokio::time::timeout(Duration::from_secs(20), Box::pin(both)).await.expect("the second Job is ended");
}

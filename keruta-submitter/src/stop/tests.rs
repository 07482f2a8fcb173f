use http::Method;
use serde_json::json;

use super::*;
use crate::journal::MemoryLedger;
use crate::submit::{SubmitError, SubmitOptions, submit};
use crate::testing::{Fault, LateLedger, Server, impatient};
use crate::verdict::{Evidence, Outcome};

const JOB: &str = "/apis/batch/v1/namespaces/tasks/jobs/keruta-job-t1";

fn order(by: &str) -> Stop {
    let evidence = Evidence { summary: "cancelled".to_owned(), ..Evidence::default() };
    Stop {
        verdict: Verdict { outcome: Outcome::Cancelled, retryable: false, evidence },
        at: Timestamp::UNIX_EPOCH,
        by: by.to_owned(),
    }
}

fn bundle() -> Bundle {
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "keruta-job-t1", "labels": {"app": "keruta", "task-id": "t1"}},
        "spec": {"activeDeadlineSeconds": 90, "template": {"spec": {"containers": [{"name": "main", "image": "i"}]}}},
    });
    Bundle::read_stream(&job.to_string(), "tasks").unwrap().remove(0)
}

async fn end(server: &Server, ledger: &MemoryLedger, by: &str) -> Result<Stopped, StopError> {
    let target = StopTarget::of_bundle(&bundle());
    stop(&server.cluster(), ledger, &target, &order(by), impatient(), Timestamp::UNIX_EPOCH).await
}

async fn start(server: &Server, ledger: &MemoryLedger) -> Result<crate::submit::Submitted, SubmitError> {
    let options = SubmitOptions { backoff: impatient(), ..SubmitOptions::default() };
    submit(&server.cluster(), ledger, &bundle(), &options, Timestamp::UNIX_EPOCH).await
}

#[tokio::test]
async fn one_patch_ends_a_job_and_the_first_order_holds() {
    let (server, ledger) = (Server::default(), MemoryLedger::default());
    start(&server, &ledger).await.unwrap();
    let stopped = end(&server, &ledger, "jane").await.unwrap();
    assert!(matches!(&stopped, Stopped::Stopping { stop, .. } if stop.by == "jane"), "{stopped:?}");
    let job = server.get(JOB).unwrap();
    assert_eq!(job["spec"]["parallelism"], 0);
    assert_eq!(job["spec"]["activeDeadlineSeconds"], 1);
    assert_eq!(job["spec"]["suspend"], false);
    assert_eq!(job["metadata"]["annotations"][BEFORE_STOP], r#"{"activeDeadlineSeconds":90}"#);
    let again = end(&server, &ledger, "joe").await.unwrap();
    assert!(matches!(&again, Stopped::Stopping { stop, .. } if stop.by == "jane"));
    assert_eq!(server.writes().len(), 2, "the Job and one patch");
    assert!(matches!(start(&server, &MemoryLedger::default()).await, Err(SubmitError::Cancelled { .. })));
}

#[tokio::test]
async fn a_cancel_of_what_had_a_job_leaves_nothing_in_its_place() {
    let (server, ledger) = (Server::default(), LateLedger::default());
    ledger.created(&bundle().attempt, "first", Timestamp::UNIX_EPOCH).await.unwrap();
    let target = StopTarget::of_bundle(&bundle());
    let stopped = stop(&server.cluster(), &ledger, &target, &order("jane"), impatient(), Timestamp::UNIX_EPOCH).await;
    assert!(matches!(&stopped, Ok(Stopped::AlreadyEnded { verdict: None, .. })), "{stopped:?}");
    assert!(server.paths().is_empty(), "{:?}", server.paths());
    // Neither does one whose answer was lost.
    let ledger = MemoryLedger::default();
    end(&server, &MemoryLedger::default(), "jane").await.unwrap();
    ledger.created(&bundle().attempt, "first", Timestamp::UNIX_EPOCH).await.unwrap();
    let stopped = end(&server, &ledger, "jane").await;
    assert!(matches!(&stopped, Ok(Stopped::AlreadyEnded { verdict: None, .. })), "{stopped:?}");
    assert!(server.paths().is_empty(), "{:?}", server.paths());
}

#[tokio::test]
async fn a_cancel_before_the_start_keeps_it_from_starting() {
    let (server, ledger) = (Server::default(), MemoryLedger::default());
    let stopped = end(&server, &ledger, "jane").await.unwrap();
    assert!(matches!(stopped, Stopped::Tombstone { .. }));
    assert_eq!(end(&server, &ledger, "joe").await.unwrap(), stopped);
    for ledger in [&ledger, &MemoryLedger::default()] {
        let error = start(&server, ledger).await.unwrap_err();
        assert!(error.to_string().contains("by jane"), "{error}");
    }
    assert_eq!(server.paths().len(), 1);
}

#[tokio::test]
async fn a_start_in_between_is_ended_all_the_same() {
    let server = Server::default();
    let mut job = serde_json::to_value(bundle().job).unwrap();
    job["metadata"]["annotations"] = json!({});
    server.put(JOB, job);
    // It is not there when the cancel looks, and there when it writes; and changes once more before the patch.
    server.fail(Fault {
        method: Method::GET,
        path: "jobs",
        after: false,
        answer: Some((404, "NotFound", "not found")),
    });
    server.fail(Fault {
        method: Method::PATCH,
        path: "jobs",
        after: false,
        answer: Some((409, "Conflict", "modified")),
    });
    let stopped = end(&server, &MemoryLedger::default(), "jane").await.unwrap();
    assert!(matches!(stopped, Stopped::Stopping { .. }));
    assert_eq!(server.faults_left(), 0);
}

#[tokio::test]
async fn what_has_ended_is_left_alone() {
    let (server, ledger) = (Server::default(), MemoryLedger::default());
    start(&server, &ledger).await.unwrap();
    let mut job = server.get(JOB).unwrap();
    job["status"] = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    server.put(JOB, job);
    let stopped = end(&server, &ledger, "jane").await.unwrap();
    assert!(matches!(stopped, Stopped::AlreadyEnded { conditions, .. } if conditions.len() == 1));
    // And what was deleted gets no tombstone: it had a Job.
    server.remove(JOB);
    let stopped = end(&server, &ledger, "jane").await.unwrap();
    assert_eq!(stopped, Stopped::AlreadyEnded { verdict: None, conditions: Vec::new() });
    assert_eq!(server.writes().len(), 1);
}

#[tokio::test]
async fn kueue_alone_resumes_its_jobs_and_foreign_ones_are_nobody_s_to_end() {
    let server = Server::default();
    let mut job = serde_json::to_value(bundle().job).unwrap();
    job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = json!("q");
    job["spec"]["suspend"] = json!(true);
    server.put(JOB, job.clone());
    end(&server, &MemoryLedger::default(), "jane").await.unwrap();
    assert_eq!(server.get(JOB).unwrap()["spec"]["suspend"], true);
    job["metadata"]["labels"] = json!({});
    server.put(JOB, job);
    let foreign = end(&server, &MemoryLedger::default(), "jane").await;
    assert!(matches!(foreign, Err(StopError::NotIts { .. })));
}

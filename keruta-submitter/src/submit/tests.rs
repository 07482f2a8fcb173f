use std::sync::Arc;

use http::Method;
use keruta_manifest::lineage::Lineage;
use keruta_manifest::render::{RenderOptions, render};
use keruta_manifest::{Settings, Task};
use serde_json::{Value, json};

use super::*;
use crate::journal::MemoryLedger;
use crate::observe::annotations::{EVIDENCE_FINALIZER, STOP};
use crate::testing::{Fault, LateLedger, Server, impatient};

const JOB: &str = "/apis/batch/v1/namespaces/tasks/jobs/keruta-job-t1";
const CLAIM: &str = "/api/v1/namespaces/tasks/persistentvolumeclaims/git-repo-pvc-t1";
const MAP: &str = "/api/v1/namespaces/tasks/configmaps/keruta-job-t1";
const QUOTA: (u16, &str, &str) =
    (403, "Forbidden", "jobs.batch \"j\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1");

fn bundle_of(task: &str) -> Bundle {
    let task = Task::from_json(task).unwrap();
    let rendered = render(&task, &Settings::default(), &Lineage::of(&task), &RenderOptions::default()).unwrap();
    Bundle::of_rendered(rendered, "tasks").unwrap()
}

fn bundle() -> Bundle {
    bundle_of(
        r#"{"id": "t1", "image": "i", "repository": {"url": "https://example.com/r.git"},
            "files": [{"content": "A", "path": "/etc/a.txt"}]}"#,
    )
}

fn options() -> SubmitOptions {
    SubmitOptions { backoff: impatient(), ..SubmitOptions::default() }
}

async fn send(server: &Server, ledger: &MemoryLedger, bundle: &Bundle) -> Result<Submitted, SubmitError> {
    submit(&server.cluster(), ledger, bundle, &options(), Timestamp::UNIX_EPOCH).await
}

fn fault(method: Method, path: &'static str, after: bool, answer: Option<(u16, &'static str, &'static str)>) -> Fault {
    Fault { method, path, after, answer }
}

#[tokio::test]
async fn each_object_is_created_once_and_the_job_owns_its_files() {
    let (server, ledger) = (Server::default(), MemoryLedger::default());
    let first = send(&server, &ledger, &bundle()).await.unwrap();
    assert_eq!(first.created, Created::Created);
    assert_eq!(server.writes().len(), 4, "three objects and the owner: {:?}", server.writes());
    assert_eq!(server.get(MAP).unwrap()["metadata"]["ownerReferences"][0]["uid"], json!(first.job_uid));
    let second = send(&server, &ledger, &bundle()).await.unwrap();
    assert_eq!((second.created, second.job_uid), (Created::AlreadyThere, first.job_uid.clone()));
    // Another process, with a ledger of its own, meets the same Job.
    let third = send(&server, &MemoryLedger::default(), &bundle()).await.unwrap();
    assert_eq!((third.created, third.job_uid), (Created::AlreadyThere, first.job_uid));
}

#[tokio::test]
async fn a_follower_s_job_keeps_the_end_of_its_pods() {
    let server = Server::default();
    let followed = SubmitOptions { follow: true, ..options() };
    let ledger = MemoryLedger::default();
    submit(&server.cluster(), &ledger, &bundle(), &followed, Timestamp::UNIX_EPOCH).await.unwrap();
    let finalizers = server.get(JOB).unwrap()["spec"]["template"]["metadata"]["finalizers"].clone();
    assert_eq!(finalizers, json!([EVIDENCE_FINALIZER]));
    let unfollowed = send(&server, &MemoryLedger::default(), &bundle()).await.unwrap();
    assert_eq!(unfollowed.created, Created::AlreadyThere);
    let disabled = SubmitOptions { enabled: false, ..options() };
    let refused = submit(&server.cluster(), &ledger, &bundle(), &disabled, Timestamp::UNIX_EPOCH).await;
    assert!(matches!(refused, Err(SubmitError::Disabled)));
}

#[tokio::test]
async fn an_attempt_that_had_a_job_never_gets_another() {
    let (server, ledger) = (Server::default(), MemoryLedger::default());
    let first = send(&server, &ledger, &bundle()).await.unwrap();
    let mut job = server.remove(JOB).unwrap();
    server.remove(MAP);
    let writes = server.writes().len();
    assert!(matches!(send(&server, &ledger, &bundle()).await, Err(SubmitError::HadAJob { .. })));
    job["metadata"]["uid"] = json!("another");
    server.put(JOB, job);
    let error = send(&server, &ledger, &bundle()).await.unwrap_err();
    assert!(error.to_string().contains(&first.job_uid), "{error}");
    assert_eq!(server.writes().len(), writes);
}

#[tokio::test]
async fn a_witness_says_that_there_was_a_job() {
    let (server, ledger) = (Server::default(), MemoryLedger::default());
    // A process that died between its intent and its record.
    ledger.intend(&bundle().attempt, Timestamp::UNIX_EPOCH).await.unwrap();
    server.put(
        "/api/v1/namespaces/tasks/pods/keruta-job-t1-x",
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "keruta-job-t1-x", "ownerReferences":
            [{"apiVersion": "batch/v1", "kind": "Job", "name": "keruta-job-t1", "uid": "gone"}]}}),
    );
    assert!(matches!(send(&server, &ledger, &bundle()).await, Err(SubmitError::HadAJob { .. })));
    assert!(server.writes().is_empty());
    let known = ledger.lookup(&bundle().attempt).await.unwrap().unwrap();
    assert_eq!(known.job_uid.as_deref(), Some("gone"));
    // Without one, the attempt is free.
    let ledger = MemoryLedger::default();
    ledger.intend(&bundle().attempt, Timestamp::UNIX_EPOCH).await.unwrap();
    server.remove("/api/v1/namespaces/tasks/pods/keruta-job-t1-x");
    assert_eq!(send(&server, &ledger, &bundle()).await.unwrap().created, Created::Created);
}

#[tokio::test]
async fn a_second_job_of_an_attempt_goes_again() {
    let (server, ledger) = (Server::default(), LateLedger::default());
    ledger.created(&bundle().attempt, "first", Timestamp::UNIX_EPOCH).await.unwrap();
    let error = submit(&server.cluster(), &ledger, &bundle(), &options(), Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert!(matches!(&error, SubmitError::HadAJob { by, .. } if by.contains("first")), "{error}");
    assert!(server.get(JOB).is_none(), "{:?}", server.paths());
    // One that this call did not create is somebody else's.
    server.put(JOB, serde_json::to_value(bundle().job).unwrap());
    let error = submit(&server.cluster(), &ledger, &bundle(), &options(), Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert!(matches!(error, SubmitError::HadAJob { .. }), "{error}");
    assert!(server.get(JOB).is_some());
}

#[tokio::test]
async fn files_that_belonged_to_a_job_say_that_there_was_one() {
    let (server, ledger) = (Server::default(), MemoryLedger::default());
    let first = send(&server, &ledger, &bundle()).await.unwrap();
    server.remove(JOB);
    // Kubernetes has not collected them yet.
    let ledger = MemoryLedger::default();
    assert!(matches!(send(&server, &ledger, &bundle()).await, Err(SubmitError::HadAJob { .. })));
    assert_eq!(ledger.lookup(&bundle().attempt).await.unwrap().unwrap().job_uid, Some(first.job_uid));
    let mut map = server.remove(MAP).unwrap();
    map["metadata"].as_object_mut().unwrap().remove("ownerReferences");
    map["data"] = json!({"other": "text"});
    server.put(MAP, map);
    let error = send(&server, &MemoryLedger::default(), &bundle()).await.unwrap_err();
    assert!(error.to_string().contains("the text \"other\" differs"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_job() {
    for answer in [None, Some((504, "Timeout", "late")), Some((500, "InternalError", "x"))] {
        for (path, writes) in [("jobs", 4), ("persistentvolumeclaims", 5), ("configmaps", 5)] {
            let (server, ledger) = (Server::default(), MemoryLedger::default());
            server.fail(fault(Method::POST, path, true, answer));
            let submitted = send(&server, &ledger, &bundle()).await.unwrap();
            assert_eq!(submitted.created, Created::Created);
            assert_eq!((server.faults_left(), server.writes().len()), (0, writes), "{path}");
            assert_eq!(server.paths().len(), 3);
        }
    }
}

#[tokio::test]
async fn what_was_made_for_a_refused_job_goes_again() {
    let (server, ledger) = (Server::default(), MemoryLedger::default());
    server.fail(fault(Method::POST, "jobs", false, Some(QUOTA)));
    let error = send(&server, &ledger, &bundle()).await.unwrap_err();
    assert!(matches!(&error, SubmitError::Refused { removed, .. } if removed.len() == 2), "{error}");
    assert!(error.to_string().contains("deleted again: PersistentVolumeClaim git-repo-pvc-t1, ConfigMap"), "{error}");
    assert!(server.paths().is_empty());
    // What another attempt had made stays.
    server.put(CLAIM, serde_json::to_value(bundle().claim).unwrap());
    server.fail(fault(Method::POST, "jobs", false, Some(QUOTA)));
    send(&server, &ledger, &bundle()).await.unwrap_err();
    assert_eq!(server.paths(), [CLAIM]);
    assert_eq!(send(&server, &ledger, &bundle()).await.unwrap().created, Created::Created);
}

#[tokio::test]
async fn a_refusal_of_a_second_job_of_that_name_is_none() {
    let (server, ledger) = (Server::default(), MemoryLedger::default());
    let first = send(&server, &ledger, &bundle()).await.unwrap();
    server.fail(fault(Method::POST, "jobs", false, Some(QUOTA)));
    let second = send(&server, &MemoryLedger::default(), &bundle()).await.unwrap();
    assert_eq!(second.job_uid, first.job_uid);
    assert_eq!(server.paths().len(), 3);
}

#[tokio::test]
async fn another_job_of_that_name_is_told_by_what_differs() {
    let server = Server::default();
    send(&server, &MemoryLedger::default(), &bundle()).await.unwrap();
    let mut job = server.get(JOB).unwrap();
    job["metadata"]["annotations"]["keruta.dev/spec-hash"] = json!("other");
    job["spec"]["template"]["spec"]["containers"][0]["image"] = json!("other:1");
    job["spec"]["backoffLimit"] = json!(9);
    server.put(JOB, job.clone());
    let error = send(&server, &MemoryLedger::default(), &bundle()).await.unwrap_err();
    let SubmitError::Conflict { differences, .. } = &error else { panic!("{error}") };
    assert_eq!(differences.len(), 2, "{differences:?}");
    assert!(error.to_string().contains("it was \"other:1\" and is now \"i\""), "{error}");
    // Without its labels it is not even keruta's.
    job["metadata"]["labels"] = json!({});
    server.put(JOB, job);
    let error = send(&server, &MemoryLedger::default(), &bundle()).await.unwrap_err();
    assert!(error.to_string().contains("none of keruta's"), "{error}");
}

#[tokio::test]
async fn a_cancel_that_came_first_holds() {
    let server = Server::default();
    let mut job = serde_json::to_value(bundle().job).unwrap();
    job["metadata"]["annotations"][STOP] =
        json!(r#"{"outcome":"Cancelled","retryable":false,"evidence":{},"at":"2026-01-01T00:00:00Z","by":"jane"}"#);
    server.put(JOB, job.clone());
    let error = send(&server, &MemoryLedger::default(), &bundle()).await.unwrap_err();
    assert!(error.to_string().contains("by jane at 2026-01-01"), "{error}");
    job["metadata"]["annotations"][STOP] = json!("what");
    // Another server: on the first, the ConfigMap belongs to the first Job now.
    let server = Server::default();
    server.put(JOB, job);
    let error = send(&server, &MemoryLedger::default(), &bundle()).await.unwrap_err();
    assert!(matches!(error, SubmitError::Cancelled { stop: None, .. }));
}

#[tokio::test]
async fn a_workspace_that_is_gone_is_not_made_again_under_a_child() {
    let (server, ledger) = (Server::default(), MemoryLedger::default());
    let child = bundle_of(r#"{"id": "t2", "parentId": "t1", "image": "i"}"#);
    assert!(matches!(send(&server, &ledger, &child).await, Err(SubmitError::ClaimMissing { .. })));
    let mut claim: Value = serde_json::to_value(bundle().claim).unwrap();
    claim["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    server.put(CLAIM, claim.clone());
    assert!(matches!(send(&server, &ledger, &child).await, Err(SubmitError::ClaimTerminating { .. })));
    assert!(matches!(send(&server, &ledger, &bundle()).await, Err(SubmitError::ClaimTerminating { .. })));
    assert_eq!(server.paths(), [CLAIM], "the root's ConfigMap was taken back");
    claim["metadata"].as_object_mut().unwrap().remove("deletionTimestamp");
    claim["metadata"]["labels"]["task-id"] = json!("t9");
    server.put(CLAIM, claim);
    let error = send(&server, &ledger, &bundle()).await.unwrap_err();
    assert!(error.to_string().contains("it is the task t9's"), "{error}");
}

#[tokio::test]
async fn two_at_once_leave_one_job() {
    for _ in 0..20 {
        let server = Server::default();
        let ledger = Arc::new(MemoryLedger::default());
        let one = |server: Server, ledger: Arc<MemoryLedger>| {
            tokio::spawn(async move { send(&server, &ledger, &bundle()).await.unwrap() })
        };
        let (a, b) = (one(server.clone(), ledger.clone()), one(server.clone(), ledger));
        let (a, b) = (a.await.unwrap(), b.await.unwrap());
        assert_eq!(a.job_uid, b.job_uid);
        assert_eq!(server.paths().len(), 3);
    }
}

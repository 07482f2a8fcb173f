use async_trait::async_trait;
use serde_json::json;

use super::*;
use crate::capture::{LogReadError, LogReader, LogRequest, LogStream};
use crate::follow::cache::Cache;
use crate::journal::MemoryJournal;
use crate::logs::LogEntry;
use crate::testing::Server;
use crate::watch::Change;

const NAME: &str = "keruta-job-a";

struct Panics;

#[async_trait]
impl LogReader for Panics {
    async fn open(&self, _: &LogSource, _: &LogRequest) -> Result<LogStream, LogReadError> {
        panic!("a bug")
    }
}

#[tokio::test]
async fn a_capture_that_panics_holds_nothing_up_and_leaves_a_gap() {
    let (cluster, journal) = (Server::default().cluster(), Arc::new(MemoryJournal::default()));
    let secrets = Arc::new(Secrets::new(&cluster, "tasks", &Arc::default(), false));
    let kept = Arc::clone(&journal) as Arc<dyn Journal>;
    let mut captures = Captures::new(&cluster, kept, &secrets, &FollowOptions::new("tasks"));
    captures.capture.as_mut().unwrap().reader = Arc::new(Panics);
    let owner = json!({"apiVersion": "batch/v1", "kind": "Job", "name": NAME, "uid": "1", "controller": true});
    let ended = json!({"name": "main", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state":
        {"terminated": {"exitCode": 0, "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:00Z"}}});
    let pod = json!({
        "metadata": {"name": "a-x", "uid": "2", "ownerReferences": [owner]},
        "spec": {"containers": [{"name": "main", "image": "i"}]},
        "status": {"phase": "Succeeded", "containerStatuses": [ended]},
    });
    let pod = ObservedPod::of(&serde_json::from_value(pod).unwrap()).unwrap();
    let mut cache = Cache::default();
    let now = jiff::Timestamp::UNIX_EPOCH;
    cache.expect(NAME, Attempt { namespace: "tasks".into(), task: "a".into(), number: 1 }, now);
    cache.pod(Change::Seen { uid: "2".to_owned(), object: pod }, now);
    captures.update(&NAME.into(), cache.get(NAME).unwrap());
    assert_eq!(captures.running(NAME), 1);
    assert_eq!(&*captures.next_drained().await, NAME);
    assert!(captures.is_drained(NAME));
    let entries: Vec<_> = journal.sources().iter().flat_map(|source| journal.entries(source)).collect();
    assert!(matches!(entries.as_slice(), [LogEntry::Gap(gap)] if gap.reason.contains("a bug")), "{entries:?}");
}

/// A Pod whose agent sends the log of `main`, beside a step and a sidecar.
fn with_agent(state: &serde_json::Value) -> ObservedPod {
    let owner = json!({"apiVersion": "batch/v1", "kind": "Job", "name": NAME, "uid": "1", "controller": true});
    let ended = json!({"terminated": {"exitCode": 0, "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:00Z"}});
    let status = |name: &str, state: &serde_json::Value| json!({"name": name, "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": state});
    let pod = json!({
        "metadata": {"name": "a-x", "uid": "2", "ownerReferences": [owner], "annotations": {"keruta.dev/agent-log": "main"}},
        "spec": {"initContainers": [{"name": "step", "image": "i"}], "containers": [{"name": "main", "image": "i"}, {"name": "side", "image": "i"}]},
        "status": {"phase": "Running", "initContainerStatuses": [status("step", &ended)],
            "containerStatuses": [status("main", state), status("side", &ended)]},
    });
    ObservedPod::of(&serde_json::from_value(pod).unwrap()).unwrap()
}

fn ended_with(message: Option<&str>) -> serde_json::Value {
    let (at, code) = ("2026-01-01T00:00:00Z", 137);
    json!({"terminated": {"exitCode": code, "startedAt": at, "finishedAt": at, "message": message}})
}

fn captured(by_agents: bool, state: &serde_json::Value) -> Vec<String> {
    let (cluster, journal) = (Server::default().cluster(), Arc::new(MemoryJournal::default()));
    let secrets = Arc::new(Secrets::new(&cluster, "tasks", &Arc::default(), false));
    let mut options = FollowOptions::new("tasks");
    options.logs = Some(LogOptions { by_agents, ..LogOptions::default() });
    let mut captures = Captures::new(&cluster, journal, &secrets, &options);
    let (mut cache, now) = (Cache::default(), jiff::Timestamp::UNIX_EPOCH);
    cache.expect(NAME, Attempt { namespace: "tasks".into(), task: "a".into(), number: 1 }, now);
    cache.pod(Change::Seen { uid: "2".to_owned(), object: with_agent(state) }, now);
    captures.update(&NAME.into(), cache.get(NAME).unwrap());
    captures.jobs[NAME].runs.iter().map(|run| run.container.to_string()).collect()
}

#[tokio::test]
async fn what_an_agent_sends_is_read_only_where_it_does_not_say_that_all_was_sent() {
    let running = || json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}});
    let receipt = |more: &str| {
        format!(
            r#"{{"kerutaReceipt":1,"task":"a","attempt":1,"outcome":"failed","exitCode":3{more},
            "startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:00:00Z"}}"#
        )
    };
    let others = ["step", "side"];
    assert_eq!(captured(true, &running()), others, "the agent sends it");
    assert_eq!(captured(true, &ended_with(Some(&receipt(r#","logSent":true"#)))), others, "it has sent all");
    for (message, why) in [
        (Some(receipt(r#","logSent":true,"linesLost":3"#)), "not all was sent"),
        (Some(receipt("")), "it was cut short before the log was sent"),
        (Some("Killed".to_owned()), "it was killed with its container"),
        (None, "it never ran"),
    ] {
        assert_eq!(captured(true, &ended_with(message.as_deref())), ["step", "main", "side"], "{why}");
    }
    assert_eq!(captured(false, &running()), ["step", "main", "side"], "nothing of an agent comes to this journal");
}

#[test]
fn what_is_gone_with_its_pod_is_told() {
    let pod = with_agent(&ended_with(None));
    let main = &pod.containers[0];
    assert!(matches!(beside_agent(main, 0, ContainerLife::PodGone), Wanted::Gap(_)));
    let pod = with_agent(&ended_with(Some(
        r#"{"kerutaReceipt":1,"task":"a","attempt":1,"outcome":"completed","exitCode":0,"logSent":true,
        "startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:00:00Z"}"#,
    )));
    assert_eq!(beside_agent(&pod.containers[0], 0, ContainerLife::PodGone), Wanted::Nothing);
}

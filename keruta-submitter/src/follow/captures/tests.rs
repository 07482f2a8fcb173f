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

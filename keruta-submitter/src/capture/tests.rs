mod faults;
mod kubelet;
mod law;
mod rotation;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::*;
use crate::attempt::Attempt;
use crate::journal::MemoryJournal;
use kubelet::Kubelet;

pub(super) fn source() -> LogSource {
    LogSource {
        attempt: Attempt { namespace: "ns".into(), task: "task".into(), number: 1 },
        job: "job".into(),
        pod: "pod".into(),
        pod_uid: "uid".into(),
        container: "main".into(),
        restart: 0,
    }
}

/// A capture with a kubelet and a journal of its own.
pub(super) struct Bench {
    pub(super) kubelet: Kubelet,
    pub(super) journal: Arc<MemoryJournal>,
    pub(super) life: watch::Sender<ContainerLife>,
    pub(super) capture: Capture,
}

impl Bench {
    pub(super) fn new() -> Self {
        let kubelet = Kubelet::default();
        let journal = Arc::new(MemoryJournal::default());
        let capture = Capture {
            reader: Arc::new(kubelet.clone()),
            journal: Arc::clone(&journal) as Arc<dyn Journal>,
            redactor: Arc::new(Redactor::default()),
            settings: CaptureSettings::default(),
            streams: Arc::new(Semaphore::new(1)),
            on_kept: None,
        };
        Self { kubelet, journal, life: watch::channel(ContainerLife::Running).0, capture }
    }

    pub(super) fn start(&self) -> tokio::task::JoinHandle<CaptureStats> {
        let (capture, life) = (self.capture.clone(), self.life.subscribe());
        tokio::spawn(async move { capture.run(&source(), life).await })
    }

    pub(super) fn end(&self) {
        self.kubelet.end();
        self.life.send_replace(ContainerLife::Ended);
    }

    /// The lines that were kept, a gap as `…`.
    pub(super) fn kept(&self) -> Vec<String> {
        let mut kept = Vec::new();
        let mut open = false;
        for entry in self.journal.entries(&source()) {
            let LogEntry::Line(line) = entry else {
                kept.push("…".to_owned());
                open = false;
                continue;
            };
            let text = String::from_utf8_lossy(&line.message).into_owned();
            match kept.last_mut().filter(|_| open) {
                Some(last) => last.push_str(&text),
                None => kept.push(text),
            }
            open = line.continues;
        }
        kept
    }
}

pub(super) async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

pub(super) fn numbered(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("line {number}")).collect()
}

//! What a capture is told, and what it tells.

use std::sync::Arc;
use std::time::Duration;

use crate::logs::{LogSource, Splitter};

/// What is known of the container whose log is captured. It comes from the watch of Pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerLife {
    /// It has not started.
    Waiting,
    /// It runs.
    Running,
    /// This run of it has ended and there is no later one.
    Ended,
    /// It was started again; its restart count now.
    Restarted {
        /// The restart count of the run that is there now.
        to: u32,
    },
    /// The Pod is gone, and its logs with it.
    PodGone,
}

/// How logs are captured.
#[derive(Debug, Clone)]
pub struct CaptureSettings {
    /// A stream that gives nothing for so long is cut and opened again: it may have stalled. Default 60 s.
    pub idle: Duration,
    /// The same, after the container has ended. Default 10 s.
    pub idle_after_end: Duration,
    /// A batch is kept when it takes so many bytes of memory. Default 256 KiB.
    pub batch_bytes: usize,
    /// A batch is kept when its first line is so old. Default 200 ms.
    pub batch_time: Duration,
    /// A longer line comes in pieces, in bytes. Default 8 MiB.
    pub longest_line: usize,
    /// The first pause after a failure or a cut; it doubles. Default 500 ms.
    pub pause: Duration,
    /// The longest pause. Default 15 s.
    pub longest_pause: Duration,
    /// How long reading the rest is tried after the container has ended, from the last line that came. Default 60 s.
    pub drain_limit: Duration,
    /// A log of at most so many bytes is read again from its beginning after the container's end: a clock that was set back
    /// hides lines from `sinceTime`. Default 1 MiB.
    pub check_bytes: u64,
    /// A log of fewer bytes on the node's disk was never rotated: the kubelet's limit (`containerLogMaxSize`, 10 MiB) may be
    /// lower, but not so low. Default 32 KiB.
    pub rotated_from: u64,
    /// How often in a row the server may say that there is no such log before it is believed. Default 5.
    pub refusals: u32,
}

impl Default for CaptureSettings {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(60),
            idle_after_end: Duration::from_secs(10),
            batch_bytes: 256 << 10,
            batch_time: Duration::from_millis(200),
            longest_line: Splitter::LONGEST,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(15),
            drain_limit: Duration::from_secs(60),
            check_bytes: 1 << 20,
            rotated_from: 32 << 10,
            refusals: 5,
        }
    }
}

/// What was kept by one call of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// How many lines and gaps.
    pub entries: usize,
    /// The bytes of their messages.
    pub bytes: usize,
    /// The time from the last line's timestamp to its keeping: how far the capture lags behind, as far as the node's clock
    /// and ours agree.
    pub lag: Duration,
}

/// Told of every batch that was kept.
pub type OnKept = Arc<dyn Fn(&LogSource, Kept) + Send + Sync>;

/// What a capture has done, in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaptureStats {
    /// Entries kept, gaps among them.
    pub entries: u64,
    /// Bytes of messages kept.
    pub bytes: u64,
    /// Gaps kept.
    pub gaps: u64,
    /// How many streams were opened.
    pub opened: u64,
    /// The greatest lag of a batch.
    pub greatest_lag: Duration,
}

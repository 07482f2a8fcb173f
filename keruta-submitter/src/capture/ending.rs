//! Whether a container's log was followed to its end, whatever became of the file since.
//!
//! A kubelet rotates the file of a container that runs, and serves only the newest. Where that one holds no line that was
//! kept, its first line may follow the last kept one, or many that nobody read. What tells the two apart is how the stream
//! before ended: the kubelet ends one by itself when the container has ended and all of the file was sent; a stream that is
//! cut ends just as cleanly. So the end is believed where the stream had nothing left to send, and where another stream,
//! opened at once, has no news and ends as well.

use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use tokio::time::{Instant, timeout};

use super::{ContainerLife, LogRequest, Task};
use crate::logs::Cursor;

/// A stream that was silent for so long had no line under way. The kubelet looks once a second whether a container has ended.
pub(super) const SILENCE: Duration = Duration::from_millis(250);
/// How long the watch has to tell of a container's next run, before what its log holds is taken for lines of this one.
pub(super) const NEXT_RUN: Duration = Duration::from_secs(3);
/// How long a stream of an ended container may take to end.
const LOOK: Duration = Duration::from_secs(1);
/// What the runtime writes before each line: the time, the stream's name, a tag.
const BEFORE_A_LINE: u64 = 45;

impl Task<'_> {
    /// Whether a stream that ended by itself, at the end of a line and after a silence, did so because the container has
    /// ended. Not asked where no file can have been rotated.
    pub(super) async fn has_ended(&mut self, cursor: &Cursor) -> bool {
        if cursor.bytes + cursor.lines * BEFORE_A_LINE < self.capture.settings.rotated_from {
            return false;
        }
        let capture = self.capture;
        self.stats.opened += 1;
        let look = async {
            let _permit = capture.streams.acquire().await;
            let request = LogRequest { follow: true, tail: Some(0), ..LogRequest::default() };
            match capture.reader.open(self.source, &request).await {
                Ok(mut stream) => stream.next().await.is_none(),
                Err(_) => false,
            }
        };
        timeout(LOOK, look).await.unwrap_or(false)
    }

    /// Whether a stream that gives nothing has nothing to give: the file's last line is the last that was kept, or a file
    /// that was begun anew has none. Else it has stalled.
    pub(super) async fn is_silent(&mut self, cursor: &Cursor) -> bool {
        let Some(kept) = cursor.recent.back().copied() else { return false };
        if *self.life.borrow() != ContainerLife::Running {
            return false;
        }
        // An empty file has nothing to give either. Of a line that the runtime wrote in pieces, the tail is its last piece.
        let since = Timestamp::from_second(kept.at.as_second()).ok();
        let tail = LogRequest { tail: Some(1), ..LogRequest::default() };
        for (request, or_none) in [(tail, true), (LogRequest { since, ..LogRequest::default() }, false)] {
            let mut last = None;
            let look = self.scan(request, |line| last = Some(line));
            if !matches!(timeout(LOOK, look).await, Ok(Ok(()))) {
                return false;
            }
            if last.map_or(or_none, |last| last == kept) {
                return true;
            }
        }
        false
    }

    /// Waits for news of the container, but not for ever: then the last ones are to be believed.
    pub(super) async fn news(&mut self, longest: Duration) {
        let since = Instant::now();
        if timeout(longest, self.life.changed()).await.is_ok_and(|changed| changed.is_err()) {
            tokio::time::sleep_until(since + longest).await;
        }
    }
}

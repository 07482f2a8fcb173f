//! Capturing one container's log: following it, going on after every cut, draining it after the end.

mod batch;
mod ending;
mod read;
mod reader;
mod settings;

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, debug, info_span, warn};

use crate::journal::Journal;
use crate::logs::decode::LogDecoder;
use crate::logs::{Cursor, Gap, LogEntry, LogSource, Piece, Redactor};
use batch::Batch;
use read::{End, Read};

pub use reader::{KubeLogReader, LogReadError, LogReader, LogRequest, LogStream};
pub use settings::{CaptureSettings, CaptureStats, ContainerLife, Kept, OnKept};

/// Captures logs; shared by all captures of a process.
#[derive(Clone)]
pub struct Capture {
    /// Where logs are read.
    pub reader: Arc<dyn LogReader>,
    /// Where they are kept.
    pub journal: Arc<dyn Journal>,
    /// What must not be in them.
    pub redactor: Arc<Redactor>,
    /// How.
    pub settings: CaptureSettings,
    /// How many streams may be open at once, over all captures.
    pub streams: Arc<Semaphore>,
    /// Told of every batch.
    pub on_kept: Option<OnKept>,
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Capture {
    /// Captures a log from where the journal's cursor stands to its end, and returns when all of it is kept or a gap says
    /// what is not. May be dropped at any time: what was not kept is read again by the next call.
    pub async fn run(&self, source: &LogSource, life: watch::Receiver<ContainerLife>) -> CaptureStats {
        let span = info_span!(
            "capture", namespace = %source.attempt.namespace, task = %source.attempt.task, attempt = source.attempt.number,
            pod = %source.pod, container = %source.container, restart = source.restart,
        );
        Task::new(self, source, life).run().instrument(span).await
    }

    /// Captures no more of a log: a gap says why, and a later [`Self::run`] leaves it as it is.
    pub async fn give_up(&self, source: &LogSource, reason: &str) -> CaptureStats {
        let (_, life) = watch::channel(ContainerLife::PodGone);
        Task::new(self, source, life).give_up(reason).await
    }
}

/// What the kubelet says in the place of a log, for a person; a tail of a line may have a part of a secret in it.
fn words(text: &[u8]) -> String {
    const OF_THE_KUBELET: [&[u8]; 2] = [b"unable to retrieve container logs", b"failed to "];
    if OF_THE_KUBELET.iter().any(|words| text.starts_with(words)) {
        return String::from_utf8_lossy(&text[..text.len().min(200)]).into_owned();
    }
    "a line has no time".to_owned()
}

struct Task<'a> {
    capture: &'a Capture,
    source: &'a LogSource,
    life: watch::Receiver<ContainerLife>,
    stats: CaptureStats,
    /// Why lines may be missing before the next new one.
    torn: Option<String>,
    /// Whether a stream was seen to end because the container had ended: what it read is all that there was of its file.
    followed_to_end: bool,
    pause: Duration,
}

/// What is to be done next.
enum Way {
    /// There is nothing to read yet.
    Wait,
    Read {
        follow: bool,
        /// The run before the present one.
        previous: bool,
    },
    Over(Over),
}

/// Why a log can be read no further.
enum Over {
    Drained,
    Lost(String),
}

impl<'a> Task<'a> {
    fn new(capture: &'a Capture, source: &'a LogSource, life: watch::Receiver<ContainerLife>) -> Self {
        let pause = capture.settings.pause;
        Self { capture, source, life, stats: CaptureStats::default(), torn: None, followed_to_end: false, pause }
    }

    async fn run(mut self) -> CaptureStats {
        let mut cursor = self.kept_cursor().await;
        if cursor.done {
            return self.stats;
        }
        let over = self.read_all(&mut cursor).await;
        let lost = match over {
            Over::Drained if cursor.open.is_some() => {
                Some("the rest of an over-long line is not in the log".to_owned())
            }
            Over::Drained => self.torn.take(),
            Over::Lost(reason) => Some(reason),
        };
        self.close(cursor, lost).await
    }

    async fn give_up(mut self, reason: &str) -> CaptureStats {
        let cursor = self.kept_cursor().await;
        if cursor.done {
            return self.stats;
        }
        self.close(cursor, Some(reason.to_owned())).await
    }

    /// Keeps that nothing will come, and why lines may be missing.
    async fn close(mut self, mut cursor: Cursor, lost: Option<String>) -> CaptureStats {
        let mut batch = Batch::default();
        if let Some(reason) = lost {
            warn!(reason, "lines may be lost at the end of the log");
            batch.entries.push(LogEntry::Gap(Gap { after: cursor.last, before: None, reason }));
        }
        cursor.done = true;
        self.keep(&mut batch, &cursor).await;
        self.stats
    }

    async fn kept_cursor(&mut self) -> Cursor {
        loop {
            match self.capture.journal.log_cursor(self.source).await {
                Ok(cursor) => {
                    self.pause = self.capture.settings.pause;
                    return cursor.unwrap_or_default();
                }
                Err(error) => {
                    warn!(error = &error as &dyn std::error::Error, "the journal does not tell how far the log is");
                }
            }
            self.rest().await;
        }
    }

    async fn read_all(&mut self, cursor: &mut Cursor) -> Over {
        let settings = &self.capture.settings;
        let mut started = cursor.lines > 0;
        let mut refusals = 0;
        let mut ended_here = 0;
        let mut drained_since = None;
        let mut half = None;
        let mut relocate = false;
        loop {
            let life = *self.life.borrow_and_update();
            started |= !matches!(life, ContainerLife::Waiting | ContainerLife::PodGone);
            let (follow, previous) = match self.way(life, started) {
                Way::Wait => {
                    self.changed().await;
                    continue;
                }
                Way::Read { follow, previous } => (follow, previous),
                Way::Over(over) => return over,
            };
            if !follow {
                let since = *drained_since.get_or_insert_with(Instant::now);
                if since.elapsed() > settings.drain_limit {
                    return Over::Lost("the rest of the log could not be read after the container's end".into());
                }
            }
            let start = if relocate {
                match self.locate(cursor, previous).await {
                    Ok(Ok(start)) => start,
                    Ok(Err(over)) => return over,
                    Err(end) => {
                        if let Some(over) = self.failed(&end, &mut refusals) {
                            return over;
                        }
                        self.rest().await;
                        continue;
                    }
                }
            } else if !follow && cursor.bytes <= settings.check_bytes {
                cursor.whole_file()
            } else {
                cursor.start()
            };
            relocate = false;

            let Read { end, fresh, caught_up, silent, half_line, decoder } =
                self.read(cursor, &start, follow, previous).await;
            debug!(?end, fresh, caught_up, silent, "the stream ended");
            if follow && (fresh > 0 || matches!(end, End::Idle)) {
                self.followed_to_end = false;
            }
            if fresh > 0 {
                drained_since = None;
                refusals = 0;
                self.pause = settings.pause;
            }
            // A stream may be cut anywhere; that two end at the same place is the log's end.
            ended_here = match end {
                End::Eof if caught_up && half_line.is_none() => 1 + if fresh == 0 { ended_here } else { 0 },
                _ => 0,
            };
            match end {
                End::Eof if follow && caught_up && silent && half_line.is_none() && self.has_ended(cursor).await => {
                    self.followed_to_end = true;
                    // The watch tells of it in a moment; what is there until then may be the log of the next run.
                    self.news(settings.longest_pause).await;
                    continue;
                }
                End::Eof if !follow && caught_up && fresh == 0 => match half_line {
                    None if ended_here > 1 => return Over::Drained,
                    // What two reads show is the container's last line, which it did not end; a cut falls elsewhere.
                    Some(rest) if half.as_ref() == Some(&rest) => {
                        if let Some(decoder) = decoder {
                            self.keep_half_line(cursor, decoder, rest).await;
                        }
                        return Over::Drained;
                    }
                    rest => half = rest,
                },
                End::Eof if !follow && !caught_up => {
                    half = half_line;
                    relocate = true;
                }
                // The first read after the end shows the rest, the second that there is no more.
                End::Eof if !follow => {
                    half = half_line;
                    continue;
                }
                End::Mismatch => {
                    debug!("the lines that were kept are not in the log as they were");
                    relocate = true;
                }
                // It may only have been filtered away.
                End::RestLost | End::Unstamped(_) if start.since.is_some() => relocate = true,
                End::RestLost => self.torn = Some("the rest of an over-long line is not in the log".into()),
                // Silence is no failure.
                End::Idle if caught_up => continue,
                End::Eof | End::Idle => {}
                end => {
                    if let Some(over) = self.failed(&end, &mut refusals) {
                        return over;
                    }
                }
            }
            // The watch may need a moment to tell of an end that the stream has shown already.
            self.rest().await;
        }
    }

    /// How the log is to be read, as the container is now.
    fn way(&self, life: ContainerLife, started: bool) -> Way {
        let over = |reason: &str| Way::Over(Over::Lost(reason.to_owned()));
        match life {
            ContainerLife::Waiting => Way::Wait,
            ContainerLife::Running => Way::Read { follow: true, previous: false },
            ContainerLife::Ended => Way::Read { follow: false, previous: false },
            ContainerLife::Restarted { to } if to == self.source.restart + 1 => {
                Way::Read { follow: false, previous: true }
            }
            ContainerLife::Restarted { to } if to == self.source.restart => Way::Read { follow: true, previous: false },
            ContainerLife::Restarted { .. } => {
                over("the container was started again more than once before its log was read")
            }
            ContainerLife::PodGone if started => over("the Pod was gone before its log was read to the end"),
            ContainerLife::PodGone => Way::Over(Over::Drained),
        }
    }

    /// Counts refusals; says where they are to be believed.
    fn failed(&self, end: &End, refusals: &mut u32) -> Option<Over> {
        let reason = match end {
            End::Refused(LogReadError::NotReady(reason) | LogReadError::NotFound(reason)) => reason.clone(),
            End::Unstamped(text) => words(text),
            End::Refused(error) => {
                warn!(error = error as &dyn std::error::Error, "the log could not be read");
                return None;
            }
            _ => return None,
        };
        debug!(reason, "the log could not be read");
        let running = *self.life.borrow() == ContainerLife::Running;
        // "Waiting to start" is true for a moment after a container was seen running.
        let patient = running && !matches!(end, End::Refused(LogReadError::NotFound(_)));
        // A container that the runtime has removed does not come back.
        let removed = matches!(end, End::Unstamped(text) if text.starts_with(b"unable to retrieve container logs"));
        *refusals += if patient { 0 } else { 1 + u32::from(removed) };
        (*refusals >= self.capture.settings.refusals)
            .then(|| Over::Lost(format!("the log can be read no more: {reason}")))
    }

    async fn keep_half_line(&mut self, cursor: &mut Cursor, mut decoder: LogDecoder, line: Piece) {
        let mut batch = Batch::default();
        if decoder.take_half_line(line, &mut batch.entries).is_ok() {
            batch.note();
            *cursor = decoder.cursor().clone();
            self.torn = decoder.torn().map(str::to_owned);
            self.keep(&mut batch, cursor).await;
        }
    }

    /// Waits for news of the container.
    async fn changed(&mut self) {
        if self.life.changed().await.is_err() {
            // Nobody watches any more; the caller drops this future.
            pending::<()>().await;
        }
    }

    /// Pauses, longer each time, or until there is news.
    async fn rest(&mut self) {
        let pause = self.pause;
        self.pause = (pause * 2).min(self.capture.settings.longest_pause);
        if timeout(pause, self.life.changed()).await.is_ok_and(|changed| changed.is_err()) {
            sleep(pause).await;
        }
    }

    /// Gives a batch to the journal, as often as it needs. Nothing is read meanwhile.
    async fn keep(&mut self, batch: &mut Batch, cursor: &Cursor) {
        let mut pause = self.capture.settings.pause;
        while let Err(error) = self.capture.journal.log(self.source, &batch.entries, cursor).await {
            warn!(
                error = &error as &dyn std::error::Error,
                entries = batch.entries.len(),
                "the journal keeps no log lines"
            );
            sleep(pause).await;
            pause = (pause * 2).min(self.capture.settings.longest_pause);
        }
        let lag = cursor.last.map_or(Duration::ZERO, |last| {
            Duration::try_from(Timestamp::now().duration_since(last)).unwrap_or(Duration::ZERO)
        });
        let kept = Kept { entries: batch.entries.len(), bytes: batch.bytes(), lag };
        if kept.entries > 0 {
            self.stats.entries += kept.entries as u64;
            self.stats.bytes += kept.bytes as u64;
            self.stats.gaps += batch.entries.iter().filter(|entry| matches!(entry, LogEntry::Gap(_))).count() as u64;
            self.stats.greatest_lag = self.stats.greatest_lag.max(lag);
            if let Some(told) = &self.capture.on_kept {
                told(self.source, kept);
            }
        }
        batch.clear();
    }
}

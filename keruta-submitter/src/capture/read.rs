//! One stream of a log, from opening to its end.

use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::warn;
use twox_hash::XxHash64;

use super::ending::{NEXT_RUN, SILENCE};
use super::reader::LogStream;
use super::{Batch, ContainerLife, LogReadError, LogRequest, Over, Task};
use crate::logs::cursor::{Fingerprint, Mark, Start, short};
use crate::logs::decode::{LogDecoder, StrangeLog};
use crate::logs::resume::{Located, Locator};
use crate::logs::{Cursor, Piece, Splitter};

/// Why lines may be lost where the file holds none of those that were kept.
const ROTATED: &str = "the log was rotated, and nothing shows that the file before was read to its end";

/// What one stream brought.
pub(super) struct Read {
    pub(super) end: End,
    /// How many new entries.
    pub(super) fresh: usize,
    /// Whether all known lines were in it.
    pub(super) caught_up: bool,
    /// Whether it was silent before it ended.
    pub(super) silent: bool,
    /// What was held back at its end.
    pub(super) half_line: Option<Piece>,
    /// At the stream's end, for the half line; `None` where there was no stream.
    pub(super) decoder: Option<LogDecoder>,
}

/// Why a stream ended.
pub(super) enum End {
    /// The server ended it; that does not say that the log has ended.
    Eof,
    /// It gave nothing for too long.
    Idle,
    /// It could not be opened, or broke.
    Refused(LogReadError),
    /// See [`StrangeLog`].
    Mismatch,
    RestLost,
    Unstamped(Bytes),
}

impl fmt::Debug for End {
    /// Without what a container wrote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eof => f.write_str("Eof"),
            Self::Idle => f.write_str("Idle"),
            Self::Refused(error) => f.debug_tuple("Refused").field(error).finish(),
            Self::Mismatch => f.write_str("Mismatch"),
            Self::RestLost => f.write_str("RestLost"),
            Self::Unstamped(text) => f.debug_tuple("Unstamped").field(&text.len()).finish(),
        }
    }
}

impl From<StrangeLog> for End {
    fn from(strange: StrangeLog) -> Self {
        match strange {
            StrangeLog::Mismatch => Self::Mismatch,
            StrangeLog::RestLost => Self::RestLost,
            StrangeLog::Unstamped(text) => Self::Unstamped(text),
        }
    }
}

impl Task<'_> {
    pub(super) fn decoder(&mut self, cursor: &Cursor, start: &Start) -> LogDecoder {
        let longest = self.capture.settings.longest_line;
        LogDecoder::resume(longest, Arc::clone(&self.capture.redactor), cursor.clone(), start, self.torn.take())
    }

    /// Reads from `start` until the stream ends; all that is new is kept, and `cursor` stands behind it.
    pub(super) async fn read(&mut self, cursor: &mut Cursor, start: &Start, follow: bool, previous: bool) -> Read {
        let _permit = self.capture.streams.acquire().await;
        let mut stream = match self.open(LogRequest { since: start.since, follow, previous, tail: None }).await {
            Ok(stream) => stream,
            Err(error) => {
                let end = End::Refused(error);
                return Read { end, fresh: 0, caught_up: false, silent: false, half_line: None, decoder: None };
            }
        };
        let mut decoder = self.decoder(cursor, start);
        let mut batch = Batch::default();
        let mut fresh = 0;
        let mut silent_since = Instant::now();
        let (end, silent) = loop {
            let due = batch.since().map(|since| since + self.capture.settings.batch_time);
            let next = tokio::select! {
                biased;
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => None,
                next = self.next_chunk(&mut stream) => Some(next),
            };
            let mut end = None;
            match next {
                Some(Ok(chunk)) => {
                    if let Err(strange) = decoder.push(chunk, &mut batch.entries) {
                        end = Some(strange.into());
                    }
                    batch.note();
                    silent_since = Instant::now();
                }
                Some(Err(End::Idle)) if batch.entries.is_empty() && decoder.caught_up() => {
                    let is_silent = follow && self.is_silent(cursor).await;
                    end = (!is_silent).then_some(End::Idle);
                }
                Some(Err(ended)) => end = Some(ended),
                None => {}
            }
            let full = next_is_due(&batch, self.capture.settings.batch_bytes, due);
            let silent = silent_since.elapsed() >= SILENCE;
            if !batch.entries.is_empty() && (full || end.is_some()) {
                fresh += batch.entries.len();
                *cursor = decoder.cursor().clone();
                let begun = Instant::now();
                self.keep(&mut batch, cursor).await;
                // Meanwhile nobody listened.
                silent_since += begun.elapsed();
            }
            if let Some(end) = end {
                break (end, silent);
            }
        };
        let caught_up = decoder.caught_up();
        let half_line = decoder.half_line();
        let end = match (end, &half_line) {
            (End::Eof, Some(rest))
                if is_said_by_the_kubelet(rest, start.since.is_some()) && !decoder.may_be_a_tail() =>
            {
                End::Unstamped(rest.data.clone())
            }
            (end, _) => end,
        };
        self.torn = decoder.torn().map(str::to_owned);
        Read { end, fresh, caught_up, silent, half_line, decoder: Some(decoder) }
    }

    async fn open(&mut self, request: LogRequest) -> Result<LogStream, LogReadError> {
        self.stats.opened += 1;
        let opening = self.capture.reader.open(self.source, &request);
        match timeout(self.capture.settings.idle, opening).await {
            Ok(opened) => opened,
            Err(late) => Err(LogReadError::Broken(late.into())),
        }
    }

    /// The next chunk; a stream that stalls is at its end.
    async fn next_chunk(&self, stream: &mut LogStream) -> Result<Bytes, End> {
        let settings = &self.capture.settings;
        let mut life = self.life.clone();
        let ended = async {
            // A stream goes on for as long as the container runs; then its end is near.
            if life.wait_for(|life| !matches!(life, ContainerLife::Running)).await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(settings.idle_after_end).await;
        };
        tokio::select! {
            biased;
            next = timeout(settings.idle, stream.next()) => match next {
                Ok(Some(Ok(chunk))) => Ok(chunk),
                Ok(Some(Err(error))) => Err(End::Refused(error)),
                Ok(None) => Err(End::Eof),
                Err(_) => Err(End::Idle),
            },
            () = ended => Err(End::Idle),
        }
    }

    /// Looks through the whole file for the last kept lines, and says where to go on, or that nothing more will come.
    pub(super) async fn locate(&mut self, cursor: &mut Cursor, previous: bool) -> Result<Result<Start, Over>, End> {
        // As long as it seems to run, the file may be that of its next run.
        let running = *self.life.borrow() == ContainerLife::Running;
        let whole = self.followed_to_end && !running;
        let mut before = None;
        let mut times = 0;
        let (located, first) = loop {
            let mut locator = Locator::new(cursor);
            let permit = self.capture.streams.acquire().await;
            self.scan(LogRequest { previous, ..LogRequest::default() }, |line| locator.take(line)).await?;
            drop(permit);
            let (given_up, first) = (locator.give_up(), locator.first());
            let found = locator.finish();
            if times == 0 {
                // The server answers.
                self.pause = self.capture.settings.pause;
            }
            times += 1;
            // A stream that was cut shows the same only by chance.
            let twice = before == Some(found);
            match found {
                Located::Behind(_) => break (found, first),
                Located::Next if whole => break (Located::Behind(Mark::default()), first),
                Located::Torn(..) | Located::Next if twice => break (found, first),
                Located::Empty if whole && twice => return Ok(Err(Over::Drained)),
                // Read from its beginning, a file that is not empty after all would be kept twice.
                Located::Empty if !running && times > 2 => return Ok(Err(Over::Lost(ROTATED.to_owned()))),
                _ if times > self.capture.settings.refusals => break (given_up, first),
                _ => before = Some(found),
            }
            if !running {
                self.rest().await;
                continue;
            }
            self.news(NEXT_RUN).await;
            if *self.life.borrow() != ContainerLife::Running {
                return Err(End::Eof);
            }
        };
        let (known, reason) = match located {
            Located::Behind(known) => (known, None),
            Located::Torn(known, reason) => (known, Some(reason)),
            Located::Next => (Mark::default(), Some(ROTATED)),
            Located::Cut | Located::Empty => return Err(End::Eof),
        };
        if let Some(reason) = reason {
            warn!(reason, "lines may be lost");
            self.torn = Some(reason.to_owned());
        }
        cursor.rebase(known, first);
        Ok(Ok(Start { since: None, known }))
    }

    /// Shows what is there, line by line. The caller has a permit.
    pub(super) async fn scan(&mut self, request: LogRequest, mut take: impl FnMut(Fingerprint)) -> Result<(), End> {
        let mut stream = self.open(request).await.map_err(End::Refused)?;
        let mut splitter = Splitter::new(self.capture.settings.longest_line);
        let mut line = None;
        loop {
            let chunk = match self.next_chunk(&mut stream).await {
                Ok(chunk) => chunk,
                Err(End::Eof) => {
                    return match splitter.rest().filter(|rest| is_said_by_the_kubelet(rest, false)) {
                        Some(rest) => Err(End::Unstamped(rest.data)),
                        None => Ok(()),
                    };
                }
                Err(end) => return Err(end),
            };
            splitter.push(chunk);
            while let Some(piece) = splitter.next_piece() {
                if piece.first {
                    line = piece.timestamp.map(|at| (at, XxHash64::with_seed(0)));
                    // What is asked for from a time may begin with the tail of a line.
                    if line.is_none() && request.since.is_none() {
                        return Err(End::Unstamped(piece.data));
                    }
                }
                if let Some((at, hasher)) = &mut line {
                    hasher.write(&piece.data);
                    if piece.last {
                        take(Fingerprint { at: *at, hash: short(hasher.finish()) });
                    }
                }
            }
        }
    }
}

fn next_is_due(batch: &Batch, bytes: usize, due: Option<Instant>) -> bool {
    batch.size() >= bytes || due.is_some_and(|due| due <= Instant::now())
}

/// Whether an unfinished line is no container's. The kubelet says with 200 and without a line feed that a log is gone
/// (`unable to retrieve container logs for containerd://…`, `failed to try resolving symlinks in path …`, [source]). What is
/// cut within a timestamp begins with a digit; a stream that was asked for from a time may begin with the tail of a line.
///
/// [source]: https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kuberuntime/kuberuntime_container.go
fn is_said_by_the_kubelet(rest: &Piece, filtered: bool) -> bool {
    let says = if filtered {
        rest.data.starts_with(b"unable to retrieve container logs") || rest.data.starts_with(b"failed to ")
    } else {
        rest.data.first().is_some_and(|byte| !byte.is_ascii_digit())
    };
    rest.first && rest.timestamp.is_none() && says
}

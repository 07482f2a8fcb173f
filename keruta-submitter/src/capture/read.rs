//! One stream of a log, from opening to its end.

use std::hash::Hasher;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::warn;
use twox_hash::XxHash64;

use super::reader::LogStream;
use super::{Batch, ContainerLife, LogReadError, LogRequest, Task};
use crate::logs::cursor::{Fingerprint, Start, short};
use crate::logs::decode::{LogDecoder, StrangeLog};
use crate::logs::resume::{Located, Locator};
use crate::logs::{Cursor, Piece, Splitter};

/// What one stream brought.
pub(super) struct Read {
    pub(super) end: End,
    /// How many new entries.
    pub(super) fresh: usize,
    /// Whether all known lines were in it.
    pub(super) caught_up: bool,
    /// What was held back at its end.
    pub(super) half_line: Option<Piece>,
    /// At the stream's end, for the half line; `None` where there was no stream.
    pub(super) decoder: Option<LogDecoder>,
}

/// Why a stream ended.
#[derive(Debug)]
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
        let mut stream = match self.open(LogRequest { since: start.since, follow, previous }).await {
            Ok(stream) => stream,
            Err(error) => {
                return Read { end: End::Refused(error), fresh: 0, caught_up: false, half_line: None, decoder: None };
            }
        };
        let mut decoder = self.decoder(cursor, start);
        let mut batch = Batch::default();
        let mut fresh = 0;
        let end = loop {
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
                }
                Some(Err(ended)) => end = Some(ended),
                None => {}
            }
            let full = next_is_due(&batch, self.capture.settings.batch_bytes, due);
            if !batch.entries.is_empty() && (full || end.is_some()) {
                fresh += batch.entries.len();
                *cursor = decoder.cursor().clone();
                self.keep(&mut batch, cursor).await;
            }
            if let Some(end) = end {
                break end;
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
        Read { end, fresh, caught_up, half_line, decoder: Some(decoder) }
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

    /// Looks through the whole file for the last kept lines, and says where to go on.
    pub(super) async fn locate(&mut self, cursor: &mut Cursor, previous: bool) -> Result<Start, End> {
        let mut before = None;
        let mut times = 0;
        let (located, first) = loop {
            let mut locator = Locator::new(cursor);
            self.scan(&mut locator, previous).await?;
            let (given_up, first) = (locator.give_up(), locator.first());
            let found = locator.finish();
            times += 1;
            match found {
                Located::Behind(_) => break (found, first),
                // A stream that was cut shows the same only by chance.
                Located::Torn(..) if before == Some(found) => break (found, first),
                _ if times > self.capture.settings.refusals => break (given_up, first),
                _ => before = Some(found),
            }
            self.rest().await;
        };
        let known = match located {
            Located::Behind(known) => known,
            Located::Torn(known, reason) => {
                warn!(reason, "lines may be lost");
                self.torn = Some(reason.to_owned());
                known
            }
            Located::Cut => return Err(End::Eof),
        };
        cursor.rebase(known, first);
        Ok(Start { since: None, known })
    }

    /// Shows the file to a locator.
    async fn scan(&mut self, locator: &mut Locator<'_>, previous: bool) -> Result<(), End> {
        let _permit = self.capture.streams.acquire().await;
        let mut stream = self.open(LogRequest { since: None, follow: false, previous }).await.map_err(End::Refused)?;
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
                    let Some(at) = piece.timestamp else { return Err(End::Unstamped(piece.data)) };
                    line = Some((at, XxHash64::with_seed(0)));
                }
                if let Some((at, hasher)) = &mut line {
                    hasher.write(&piece.data);
                    if piece.last {
                        locator.take(Fingerprint { at: *at, hash: short(hasher.finish()) });
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

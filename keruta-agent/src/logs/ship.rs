//! Sending what is in the spool, from the place where the API's log ends.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::lines::mark;
use super::place::Place;
use super::spool::{Batch, Mark, Next, Spool};
use crate::api::{Api, ApiError, LogPlace};
use crate::backoff::Backoff;
use crate::diagnostics::{debug, warning};

/// How much is sent at once.
const BATCH: usize = 512 << 10;
/// How long lines are gathered before they are sent.
const GATHER: Duration = Duration::from_millis(300);
const IDLE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

pub(super) struct Shipper {
    api: Api,
    place: Place,
    stream: String,
    spool: Arc<Spool>,
    /// How many lines the API has.
    offset: u64,
    mark: Mark,
    /// A line that is to go before all others.
    first: Vec<u8>,
    most: usize,
    pauses: Backoff,
    complained: bool,
    /// Whether the API has taken nothing yet.
    is_unknown: bool,
}

/// What became of a batch.
enum Became {
    Sent,
    Later,
    Elsewhere(u64),
    TooLarge,
    Refused(String),
}

impl Shipper {
    pub(super) fn new(api: Api, place: Place, stream: &str, spool: Arc<Spool>) -> Self {
        let offset = spool.base();
        Self {
            api,
            place,
            stream: stream.to_owned(),
            spool,
            offset,
            mark: Mark::default(),
            first: Vec::new(),
            most: BATCH,
            pauses: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
            complained: false,
            is_unknown: true,
        }
    }

    pub(super) fn run(mut self) {
        if let Err(error) = self.ship() {
            warning!("the log of {} cannot be read back from the disk: {error}", self.stream);
        }
    }

    fn ship(&mut self) -> io::Result<()> {
        let Some(query) = self.query() else { return Ok(()) };
        loop {
            if self.spool.closed().is_none() {
                self.spool.wait(self.mark, IDLE);
                self.spool.pause(GATHER);
            }
            loop {
                let (batch, is_end) = match self.spool.read(&mut self.mark, self.most)? {
                    Next::Batch(batch) => (batch, false),
                    Next::End => (Batch { bytes: Vec::new(), lines: 0 }, true),
                    Next::Nothing => break,
                };
                if !self.deliver(&query, &batch, is_end)? || is_end {
                    return Ok(());
                }
            }
        }
    }

    /// The query that names the log. Without the attempt, which the API is asked for, nothing can be sent.
    fn query(&mut self) -> Option<String> {
        loop {
            if let Some(attempt) = self.place.attempt {
                return Some(self.place.query(attempt, &self.stream));
            }
            match self.api.standing(&self.place.task) {
                Ok(standing) => self.place.attempt = Some(standing.attempt),
                Err(error) => {
                    if !self.wait_with(&error.to_string()) {
                        return None;
                    }
                }
            }
        }
    }

    /// Sends a batch, as often as it takes; `false` where the time for it is over.
    fn deliver(&mut self, query: &str, batch: &Batch, is_end: bool) -> io::Result<bool> {
        loop {
            match self.send(query, batch, is_end) {
                Became::Sent => {
                    let marks = u64::from(!self.first.is_empty());
                    self.first.clear();
                    self.offset += batch.lines + marks;
                    self.spool.sent(&mut self.mark, batch.bytes.len(), batch.lines);
                    self.pauses.reset();
                    (self.complained, self.is_unknown) = (false, false);
                    self.most = (self.most * 2).min(BATCH);
                    return Ok(true);
                }
                Became::Later if self.is_over() => return Ok(false),
                Became::Later => {}
                Became::Elsewhere(offset) => {
                    if !self.move_to(offset, batch) {
                        return Ok(true);
                    }
                }
                Became::TooLarge if batch.lines > 1 => {
                    self.most = (batch.bytes.len() / 2).max(1);
                    // It is read anew, in smaller pieces.
                    return Ok(true);
                }
                Became::TooLarge => {
                    self.give_up(batch, "it is too large");
                    return Ok(true);
                }
                Became::Refused(why) => {
                    self.give_up(batch, &why);
                    return Ok(true);
                }
            }
        }
    }

    fn send(&mut self, query: &str, batch: &Batch, done: bool) -> Became {
        let place = LogPlace { query, offset: self.offset, done };
        let sent = if self.first.is_empty() {
            self.api.append(&self.place.task, &place, &batch.bytes)
        } else {
            let all = [self.first.as_slice(), &batch.bytes].concat();
            self.api.append(&self.place.task, &place, &all)
        };
        match sent {
            Ok(appended) => {
                debug!("the API has {} lines of {}", appended.offset, self.stream);
                Became::Sent
            }
            Err(ApiError::Offset { offset }) if offset != self.offset => Became::Elsewhere(offset),
            Err(ApiError::Rejected { status: 413, .. }) => Became::TooLarge,
            Err(ApiError::Rejected { status, detail, .. }) => Became::Refused(format!("{status}: {detail}")),
            Err(error) => {
                self.wait_with(&error.to_string());
                Became::Later
            }
        }
    }

    /// Goes on where the API's log ends; whether the batch is to be sent again.
    fn move_to(&mut self, offset: u64, batch: &Batch) -> bool {
        let is_unknown = std::mem::take(&mut self.is_unknown);
        let ahead = offset.saturating_sub(self.offset);
        if offset < self.offset || (is_unknown && self.spool.is_new()) {
            let why = if offset < self.offset { "the API has lost lines" } else { "the agent was started again" };
            self.first = mark(Timestamp::now(), &format!("[keruta-agent] lines may be missing here: {why}"));
            self.offset = offset;
            return true;
        }
        // An earlier agent had sent them, and was killed before it heard so.
        let passed = lines(&batch.bytes).take(usize::try_from(ahead).unwrap_or(usize::MAX));
        let (number, bytes) = passed.fold((0, 0), |(number, bytes), line| (number + 1, bytes + line));
        self.offset += number;
        self.spool.sent(&mut self.mark, bytes, number);
        if number == 0 {
            // It has more than there is: others write to this log.
            self.offset = offset;
            return true;
        }
        false
    }

    /// Passes over a batch that the API will not have, and says so in its place.
    fn give_up(&mut self, batch: &Batch, why: &str) {
        warning!("{} lines of {} are left out, because the API does not take them: {why}", batch.lines, self.stream);
        let text = format!("[keruta-agent] {} lines are missing here: the API did not take them ({why})", batch.lines);
        self.first = mark(Timestamp::now(), &text);
        self.spool.sent(&mut self.mark, batch.bytes.len(), batch.lines);
        self.spool.lose(batch.lines);
    }

    /// Waits before the next try; `false` where the time is over.
    fn wait_with(&mut self, why: &str) -> bool {
        if !self.complained {
            self.complained = true;
            debug!("{why}; the log of {} is kept on disk meanwhile", self.stream);
        }
        let mut pause = self.pauses.pause();
        if let Some(until) = self.spool.closed() {
            pause = pause.min(until.saturating_duration_since(Instant::now()));
            std::thread::sleep(pause);
        } else {
            self.spool.pause(pause);
            if self.spool.closed().is_some() {
                // There is little time left now.
                self.pauses.reset();
            }
        }
        !self.is_over()
    }

    fn is_over(&self) -> bool {
        self.spool.closed().is_some_and(|until| Instant::now() >= until)
    }
}

/// The lengths of the lines, with their feeds.
fn lines(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::len)
}

//! The log, sent to the API: lines without secrets, kept on disk until the API has them.
//!
//! The command is never slowed by the API. What has no room on the disk any more is counted, and a line in the log says how much
//! is missing where.

mod lines;
mod place;
mod ship;
mod spool;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use jiff::Timestamp;
use keruta_api::LogLevel;
use keruta_redact::Redactor;

pub(crate) use place::Place;

use crate::api::Api;
use crate::output::{Sink, Stream};
use lines::Lines;
use ship::Shipper;
use spool::Spool;

/// Both streams on their way to the API.
pub(crate) struct Shipping {
    stdout: Way,
    stderr: Way,
}

struct Way {
    lines: Mutex<Lines>,
    spool: Arc<Spool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Shipping {
    /// Begins, or goes on with what an earlier agent of the same container has left in `directory`.
    pub(crate) fn start(
        api: &Api,
        place: &Place,
        directory: &Path,
        most: u64,
        redactor: &Redactor,
    ) -> io::Result<Self> {
        let way = |name: &str| -> io::Result<Way> {
            let spool = Arc::new(Spool::open(directory, name, most / 2)?);
            let shipper = Shipper::new(api.clone(), place.clone(), name, Arc::clone(&spool));
            let thread = std::thread::Builder::new().name(format!("ship {name}")).spawn(move || shipper.run())?;
            Ok(Way { lines: Mutex::new(Lines::new(redactor.clone())), spool, thread: Mutex::new(Some(thread)) })
        };
        Ok(Self { stdout: way("stdout")?, stderr: way("stderr")? })
    }

    fn way(&self, stream: Stream) -> &Way {
        match stream {
            Stream::Stdout => &self.stdout,
            Stream::Stderr => &self.stderr,
        }
    }

    /// Adds a line of the agent's own, or one that a command asked for, to standard output's log.
    pub(crate) fn line(&self, level: LogLevel, message: &str) {
        let way = &self.stdout;
        let lines = way.lines.lock().unwrap_or_else(PoisonError::into_inner);
        way.spool.write(&lines.own(Timestamp::now(), level, message), 1);
    }

    /// Sends what is left, and says that nothing more will come; how many lines the API has not got until then.
    pub(crate) fn finish(&self, until: Instant) -> u64 {
        for way in [&self.stdout, &self.stderr] {
            way.spool.close(until);
        }
        for way in [&self.stdout, &self.stderr] {
            if let Some(thread) = way.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
                // A thread that panicked has sent what it could.
                let _ = thread.join();
            }
        }
        [&self.stdout, &self.stderr].iter().map(|way| way.spool.lost()).sum()
    }
}

impl Sink for Shipping {
    fn take(&self, stream: Stream, bytes: &[u8]) {
        let way = self.way(stream);
        let mut lines = way.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if way.spool.has_room(bytes.len()) {
            let (encoded, number) = lines.encode(Timestamp::now(), bytes);
            if number > 0 {
                way.spool.write(encoded, number);
            }
        } else {
            way.spool.drop_lines(lines.skip(bytes));
        }
    }

    fn end(&self, stream: Stream) {
        let way = self.way(stream);
        let mut lines = way.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let (encoded, number) = lines.rest(Timestamp::now());
        if number > 0 {
            way.spool.write(encoded, number);
        }
    }
}

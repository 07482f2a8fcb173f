//! The log endpoint of a kubelet: one file of pieces, rotated away at times; `since` filters by piece, follow sees what is
//! added. Streams are cut, stalled and refused as told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::capture::{LogReadError, LogReader, LogRequest, LogStream};
use crate::logs::LogSource;

/// A piece of a line as the container runtime writes it: at most 16 KiB in reality.
#[derive(Debug, Clone)]
struct Written {
    at: Timestamp,
    text: Vec<u8>,
    /// Whether the line ends with it.
    full: bool,
}

/// What happens to a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It ends cleanly after so many bytes.
    Cut(usize),
    /// It breaks with an error after so many bytes.
    Break(usize),
    /// It gives nothing more after so many bytes, and does not end.
    Stall(usize),
    /// It is refused with this status.
    Refuse(u16),
    /// It says this and ends.
    Says(&'static str),
}

#[derive(Clone, Default)]
pub(crate) struct Kubelet {
    state: Arc<Mutex<State>>,
    changed: Arc<watch::Sender<u64>>,
}

#[derive(Default)]
struct State {
    /// The files, the newest last; streams that follow an older one go on with the next.
    files: Vec<Vec<Written>>,
    ended: bool,
    /// Whether streams notice that there is a next file.
    deaf: bool,
    /// Streams that were opened before this many cuts are at their end.
    cuts: u64,
    faults: VecDeque<Fault>,
    requests: Vec<LogRequest>,
    /// How many bytes a chunk has at most; 0 for no limit.
    chunk: usize,
    /// How many bytes were read, in all.
    served: usize,
}

impl Kubelet {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn write(&self, nanosecond: i128, text: &str, full: bool) {
        let at = Timestamp::from_nanosecond(1_700_000_000_000_000_000 + nanosecond).unwrap();
        let mut state = self.state();
        if state.files.is_empty() {
            state.files.push(Vec::new());
        }
        state.files.last_mut().unwrap().push(Written { at, text: text.into(), full });
        drop(state);
        self.changed.send_modify(|version| *version += 1);
    }

    /// Lines `line N`, a millisecond apart.
    pub(crate) fn lines(&self, range: std::ops::Range<usize>) {
        for number in range {
            self.write(number as i128 * 1_000_000, &format!("line {number}"), true);
        }
    }

    pub(crate) fn rotate(&self) {
        self.state().files.push(Vec::new());
    }

    pub(crate) fn end(&self) {
        self.state().ended = true;
        self.changed.send_modify(|version| *version += 1);
    }

    /// Streams that are open stay with the file that they read, as where the kubelet misses its rotation.
    pub(crate) fn be_deaf(&self) {
        self.state().deaf = true;
    }

    /// The file is there no more; what is written next begins another log.
    pub(crate) fn restart(&self) {
        let mut state = self.state();
        state.files = vec![Vec::new()];
        state.ended = false;
    }

    /// Ends all streams that are open, cleanly, as where the kubelet is restarted.
    pub(crate) fn cut_all(&self) {
        self.state().cuts += 1;
        self.changed.send_modify(|version| *version += 1);
    }

    pub(crate) fn fault(&self, fault: Fault) {
        self.state().faults.push_back(fault);
    }

    /// The faults that no stream has met.
    pub(crate) fn faults_left(&self) -> usize {
        self.state().faults.len()
    }

    pub(crate) fn chunk(&self, bytes: usize) {
        self.state().chunk = bytes;
    }

    pub(crate) fn served(&self) -> usize {
        self.state().served
    }

    pub(crate) fn requests(&self) -> Vec<LogRequest> {
        self.state().requests.clone()
    }
}

/// Where a stream stands.
struct Position {
    file: usize,
    piece: usize,
    new_line: bool,
    left: Option<usize>,
}

impl State {
    /// What is there for a stream, as the kubelet's `ReadLogs` writes it.
    fn bytes(&self, at: &mut Position, since: Option<Timestamp>, follow: bool) -> Vec<u8> {
        let mut out = Vec::new();
        loop {
            let Some(written) = self.files.get(at.file).and_then(|file| file.get(at.piece)) else {
                if follow && !self.deaf && at.file + 1 < self.files.len() {
                    (at.file, at.piece) = (at.file + 1, 0);
                    continue;
                }
                return out;
            };
            if self.chunk > 0 && out.len() >= self.chunk {
                return out;
            }
            at.piece += 1;
            let shown = since.is_none_or(|since| written.at >= since);
            if shown && at.new_line {
                out.extend(format!("{:.9} ", written.at).into_bytes());
            }
            if shown {
                out.extend_from_slice(&written.text);
            }
            if shown && written.full {
                out.push(b'\n');
            }
            at.new_line = written.full;
        }
    }
}

fn status(code: u16) -> LogReadError {
    let message = "container \"main\" in pod \"pod\" is not there".to_owned();
    match code {
        400 => LogReadError::NotReady(message),
        404 => LogReadError::NotFound(message),
        403 => LogReadError::Denied(message),
        _ => LogReadError::Broken(message.into()),
    }
}

#[async_trait]
impl LogReader for Kubelet {
    async fn open(&self, _: &LogSource, request: &LogRequest) -> Result<LogStream, LogReadError> {
        let mut state = self.state();
        state.requests.push(*request);
        let fault = state.faults.pop_front();
        let mut left = None;
        match fault {
            Some(Fault::Refuse(code)) => return Err(status(code)),
            Some(Fault::Says(text)) => return Ok(stream::iter([Ok(Bytes::from_static(text.as_bytes()))]).boxed()),
            Some(Fault::Cut(bytes) | Fault::Break(bytes) | Fault::Stall(bytes)) => left = Some(bytes),
            None => {}
        }
        let file = state.files.len().saturating_sub(1);
        let whole = state.files.last().map_or(0, Vec::len);
        let piece = request.tail.map_or(0, |tail| whole.saturating_sub(tail as usize));
        let cuts = state.cuts;
        drop(state);
        let position = Position { file, piece, new_line: true, left };
        let (kubelet, changed, request) = (self.clone(), self.changed.subscribe(), *request);
        Ok(stream::unfold((position, changed), move |(mut at, mut changed)| {
            let kubelet = kubelet.clone();
            async move {
                loop {
                    if at.left == Some(0) {
                        match fault {
                            Some(Fault::Break(_)) => {
                                at.left = None;
                                return Some((Err(status(500)), (at, changed)));
                            }
                            Some(Fault::Stall(_)) => std::future::pending::<()>().await,
                            _ => return None,
                        }
                    }
                    changed.borrow_and_update();
                    let (mut bytes, ended) = {
                        let state = kubelet.state();
                        if state.cuts > cuts {
                            return None;
                        }
                        (state.bytes(&mut at, request.since, request.follow), state.ended)
                    };
                    if !bytes.is_empty() {
                        if let Some(left) = &mut at.left {
                            bytes.truncate(*left);
                            *left -= bytes.len();
                        }
                        kubelet.state().served += bytes.len();
                        return Some((Ok(bytes.into()), (at, changed)));
                    }
                    if !request.follow || ended {
                        return None;
                    }
                    changed.changed().await.ok()?;
                }
            }
        })
        .boxed())
    }
}

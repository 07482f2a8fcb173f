//! The command's output: echoed as it comes, its end kept, and given to who wants it.

mod tail;

use std::io::{self, Read};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use tail::Tail;

use crate::supervise::{Event, Terminal, Waker};

/// What a thread that only copies needs of a stack, with room to spare.
pub(crate) const STACK: usize = 256 << 10;
/// How much is read at once.
const CHUNK: usize = 64 << 10;
/// How large a pipe is asked for: a command that writes in bursts need not wait.
const PIPE: usize = 1 << 20;
/// How long the last bytes may take once nothing holds the pipe any more.
const LAST: Duration = Duration::from_secs(2);

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Takes what a stream says, after it was echoed.
pub(crate) trait Sink: Send + Sync {
    /// The next bytes.
    fn take(&self, stream: Stream, bytes: &[u8]);
    /// There will be no more of this command.
    fn end(&self, stream: Stream);
}

/// Where output goes.
#[derive(Clone, Default)]
pub(crate) struct Output {
    pub(crate) tail: Option<Arc<Mutex<Tail>>>,
    pub(crate) sink: Option<Arc<dyn Sink>>,
    /// Told whether the command waits for input; a command has a terminal where somebody is.
    pub(crate) terminal: Option<Arc<dyn Fn(bool) + Send + Sync>>,
}

impl Output {
    /// Only through.
    pub(crate) fn through() -> Self {
        Self::default()
    }
}

/// The reading ends of a command's output.
pub(crate) struct Pipes {
    readers: Vec<(Stream, Box<dyn Read + Send>)>,
    open: Arc<AtomicUsize>,
    abandoned: Arc<AtomicBool>,
}

impl Pipes {
    /// Gives a command its output; what it says to its terminal joins it.
    pub(crate) fn open(command: &mut Command, terminal: Option<&Terminal>) -> io::Result<Self> {
        let (stdout, to_stdout) = io::pipe()?;
        let (stderr, to_stderr) = io::pipe()?;
        for pipe in [&stdout, &stderr] {
            // A user's pipes may be limited: then it stays as it is.
            let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE);
        }
        command.stdout(to_stdout).stderr(to_stderr);
        let mut readers: Vec<(Stream, Box<dyn Read + Send>)> =
            vec![(Stream::Stdout, Box::new(stdout)), (Stream::Stderr, Box::new(stderr))];
        if let Some(terminal) = terminal {
            readers.push((Stream::Stdout, Box::new(terminal.reader()?)));
        }
        Ok(Self { open: Arc::new(AtomicUsize::new(readers.len())), readers, abandoned: Arc::default() })
    }

    /// Begins to read, each stream in a thread of its own: who is slow to take the one does not hold up the other.
    pub(crate) fn start(&mut self, output: &Output, waker: &Waker) -> io::Result<()> {
        for (stream, reader) in self.readers.drain(..) {
            let (output, waker) = (output.clone(), waker.clone());
            let (open, abandoned) = (Arc::clone(&self.open), Arc::clone(&self.abandoned));
            let copy = move || {
                forward(stream, reader, &output, &abandoned);
                open.fetch_sub(1, Ordering::Release);
                waker.wake(Event::Closed);
            };
            std::thread::Builder::new().name(format!("{stream:?}")).stack_size(STACK).spawn(copy)?;
        }
        Ok(())
    }

    pub(crate) fn are_closed(&self) -> bool {
        self.open.load(Ordering::Acquire) == 0
    }

    /// Gives what is still on its way a moment; nothing is taken after it.
    pub(crate) fn finish(&self) {
        let until = Instant::now() + LAST;
        while !self.are_closed() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.abandoned.store(true, Ordering::Release);
    }
}

fn forward(stream: Stream, mut from: impl Read, output: &Output, abandoned: &AtomicBool) {
    let mut buffer = vec![0; CHUNK];
    let mut echoes = true;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        if abandoned.load(Ordering::Acquire) {
            return;
        }
        let bytes = buffer.get(..read).unwrap_or_default();
        // Where nobody listens any more, the command goes on all the same.
        echoes = echoes && echo(stream, bytes).is_ok();
        if let Some(tail) = &output.tail {
            tail.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
        }
        if let Some(sink) = &output.sink {
            sink.take(stream, bytes);
        }
    }
    if let Some(sink) = &output.sink {
        sink.end(stream);
    }
}

/// Writes straight to the descriptor: the standard library's own writer would look for the ends of lines.
fn echo(stream: Stream, bytes: &[u8]) -> io::Result<()> {
    match stream {
        Stream::Stdout => write_all(io::stdout().lock(), bytes),
        Stream::Stderr => write_all(io::stderr().lock(), bytes),
    }
}

fn write_all(to: impl std::os::fd::AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(&to, bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => wait_for_room(&to)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Somebody who shares the descriptor has made it one that does not wait.
fn wait_for_room(to: &impl std::os::fd::AsFd) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    match poll(&mut [PollFd::new(to, PollFlags::OUT)], None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

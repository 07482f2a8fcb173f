//! Running a command as a container's first process should.

mod descendants;
mod end;
mod events;
mod terminal;
mod waiting;

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};

pub use end::{End, Ending, Told};
pub use events::{Event, Waker};

use crate::diagnostics::{debug, info, warning};
use crate::output::{Output, Pipes};
use events::Events;

pub(crate) use terminal::{IN_TERMINAL, Terminal, run_in_terminal};
pub(crate) use waiting::Watch;

/// How long things may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long the command may run; no limit where absent.
    pub timeout: Option<Duration>,
    /// How long it has between being told to end and being killed.
    pub grace: Duration,
    /// How long output is waited for after the command has ended, where another process keeps the pipe open.
    pub drain: Duration,
}

impl Default for Limits {
    /// No limit of time, a grace of 25 seconds (a Pod's is 30), ten seconds for the output.
    fn default() -> Self {
        Self { timeout: None, grace: Duration::from_secs(25), drain: Duration::from_secs(10) }
    }
}

/// Why a command was not started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The system refused it.
    #[error("{program} cannot be started: {source}")]
    Spawn {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// There is no room for a pipe or a thread.
    #[error("the output of {program} cannot be read: {source}")]
    Output {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
}

impl StartError {
    /// What a shell would end with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Spawn { source, .. } if source.kind() == io::ErrorKind::NotFound => crate::exit::NOT_FOUND,
            Self::Spawn { .. } => crate::exit::NOT_EXECUTABLE,
            Self::Output { .. } => crate::exit::AGENT,
        }
    }
}

/// Runs commands one after the other, and sees to all that a first process has to.
///
/// There should be one of it in a process: it takes the process's signals and reaps all of its children.
#[derive(Debug)]
pub struct Supervisor {
    events: Events,
    told: Option<Told>,
    is_first: bool,
}

impl Supervisor {
    /// Takes the process's signals, and its descendants whose parents end before them.
    ///
    /// # Errors
    ///
    /// Where the system has no room for a thread or a pipe.
    pub fn start() -> io::Result<Self> {
        let is_first = std::process::id() == 1;
        if !is_first && let Err(error) = rustix::process::set_child_subreaper(Some(rustix::process::getpid())) {
            warning!("orphans will not be reaped here: {error}");
        }
        Ok(Self { events: Events::start()?, told: None, is_first })
    }

    /// Wakes it from another thread.
    #[must_use]
    pub fn waker(&self) -> Waker {
        self.events.waker()
    }

    /// What told the agent to end, where something did.
    #[must_use]
    pub const fn told(&self) -> Option<Told> {
        self.told
    }

    /// Forgets what told the agent to end, so that what is still to be done can be.
    pub(crate) const fn forget(&mut self) {
        self.told = None;
    }

    /// Waits, unless something says that all is to end; `true` where nothing did.
    pub fn sleep(&mut self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        while self.told.is_none() {
            match self.events.next(Some(until)) {
                None => break,
                Some(event) => {
                    self.note(event);
                    Self::reap(None);
                }
            }
        }
        self.told.is_none()
    }

    /// Runs a command to its end, its output straight through.
    ///
    /// # Errors
    ///
    /// Where it cannot be started.
    pub fn run(&mut self, command: Command, limits: &Limits) -> Result<End, StartError> {
        self.run_with(command, limits, &Output::through())
    }

    /// The same, with its output to somewhere.
    pub(crate) fn run_with(
        &mut self,
        mut command: Command,
        limits: &Limits,
        output: &Output,
    ) -> Result<End, StartError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let no_output = |source| StartError::Output { program: program.clone(), source };
        let terminal = output.terminal.as_ref().map(|_| Terminal::open(&command)).transpose().map_err(no_output)?;
        let terminal = terminal.map(|(terminal, wrapped)| {
            command = wrapped;
            terminal
        });
        let mut pipes = Pipes::open(&mut command, terminal.as_ref()).map_err(no_output)?;
        let started = Instant::now();
        let started_at = Timestamp::now();
        if terminal.is_none() {
            // In a terminal it makes a session of its own, which is a group too.
            command.process_group(0);
        }
        let child = command.spawn().map_err(|source| StartError::Spawn { program: program.clone(), source })?;
        // The command holds the pipes' other ends.
        drop(command);
        let pid = Pid::from_child(&child);
        debug!("{program} runs as process {}", pid.as_raw_nonzero());
        pipes.start(output, &self.events.waker()).map_err(|source| {
            let _ = rustix::process::kill_process_group(pid, Signal::KILL);
            no_output(source)
        })?;
        // What cannot be watched or answered runs all the same.
        let _watch = terminal.as_ref().zip(output.terminal.as_ref()).and_then(|(terminal, tell)| {
            let tell = Arc::clone(tell);
            let began =
                terminal.forward_input().and_then(|()| Watch::start(terminal.path.clone(), move |waits| tell(waits)));
            began.map_err(|error| warning!("whether the command waits for input is not told: {error}")).ok()
        });
        let run = Run { pid, deadline: limits.timeout.and_then(|timeout| started.checked_add(timeout)), limits };
        let mut ending = self.until_end(&run);
        let finished_at = Timestamp::now();
        self.drain(&mut pipes, limits);
        ending.killed |= self.kill_the_rest();
        pipes.finish();
        Ok(End { ending, started_at, finished_at })
    }

    /// Waits for the child, and ends it when its time is over or somebody says so.
    fn until_end(&mut self, run: &Run<'_>) -> Ending {
        let mut ending = Ending::default();
        let mut kill_at = None;
        // What told the agent to end before this command began ends it too.
        if let Some(told) = self.told {
            kill_at = Some(Self::tell(run, told));
            ending.told = Some(told);
        }
        loop {
            if let Some(status) = Self::reap(Some(run.pid)) {
                ending.status = Some(status);
                return ending;
            }
            let until = if ending.told.is_some() { kill_at } else { run.deadline };
            match self.events.next(until) {
                Some(event) => {
                    let first = self.note(event).filter(|_| ending.told.is_none());
                    if let Some(told) = first {
                        kill_at = Some(Self::tell(run, told));
                        ending.told = Some(told);
                    } else if let Event::Signal(signal) = event
                        && let Some(signal) = Signal::from_named_raw(signal)
                        && signal != Signal::CHILD
                    {
                        let _ = rustix::process::kill_process_group(run.pid, signal);
                    }
                }
                None if ending.told.is_none() => {
                    let told = Told::OutOfTime;
                    kill_at = Some(Self::tell(run, told));
                    ending.told = Some(told);
                }
                None => {
                    warning!("it did not end within {:?}; it is killed", run.limits.grace);
                    ending.killed = true;
                    kill_at = Some(Instant::now() + Duration::from_secs(1));
                    let _ = rustix::process::kill_process_group(run.pid, Signal::KILL);
                    descendants::signal_all(Signal::KILL);
                }
            }
        }
    }

    /// Tells the whole group to end, and says until when it may.
    fn tell(run: &Run<'_>, told: Told) -> Instant {
        let signal = match told {
            Told::Signal(signal) => Signal::from_named_raw(signal).unwrap_or(Signal::TERM),
            Told::Cancel | Told::Replaced | Told::OutOfTime => Signal::TERM,
        };
        match told {
            Told::Signal(number) => info!("signal {number} is passed on"),
            Told::Cancel => info!("the task is cancelled; its command is told to end"),
            Told::Replaced => info!("another agent runs the attempt now; the command of this one is told to end"),
            Told::OutOfTime => info!("the time of the task is over; its command is told to end"),
        }
        if rustix::process::kill_process_group(run.pid, signal).is_err() {
            // It has not yet become a group of its own.
            let _ = rustix::process::kill_process(run.pid, signal);
        }
        Instant::now() + run.limits.grace
    }

    /// Takes note of an event; what it tells, where it is the first that tells the agent to end.
    fn note(&mut self, event: Event) -> Option<Told> {
        let told = match event {
            Event::Signal(signal) if end::ends(signal) => Told::Signal(signal),
            Event::Cancel => Told::Cancel,
            Event::Replaced => Told::Replaced,
            Event::Signal(_) | Event::Closed => return None,
        };
        if self.told.is_some() {
            return None;
        }
        self.told = Some(told);
        Some(told)
    }

    /// Reaps every process that has ended; how `child` did, where it is among them.
    fn reap(child: Option<Pid>) -> Option<WaitStatus> {
        let mut found = None;
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if Some(pid) == child => found = Some(status),
                Ok(Some((pid, _))) => debug!("the orphan {} was reaped", pid.as_raw_nonzero()),
                Err(rustix::io::Errno::INTR) => {}
                Ok(None) | Err(_) => return found,
            }
        }
    }

    /// Waits until the output has been read to its end, or for as long as it may be waited for.
    fn drain(&mut self, pipes: &mut Pipes, limits: &Limits) {
        let until = Instant::now() + limits.drain;
        while !pipes.are_closed() {
            let Some(event) = self.events.next(Some(until)) else {
                warning!("a process that the command left keeps its output open; it is waited for no longer");
                return;
            };
            // Told to end now: nobody is waited for any longer.
            if self.note(event).is_some() {
                return;
            }
            Self::reap(None);
        }
    }

    /// Kills what the command left; whether there was anything. The kernel does so where the agent is the first process, but
    /// what comes after the command is not to meet it.
    fn kill_the_rest(&mut self) -> bool {
        let mut some = false;
        // A process that forks while it is killed leaves another, which the next round finds.
        for _ in 0..100 {
            Self::reap(None);
            let killed = descendants::signal_all(Signal::KILL);
            if killed == 0 {
                break;
            }
            if !some {
                debug!("{killed} processes that the command left are killed");
            }
            some = true;
            if let Some(event) = self.events.next(Some(Instant::now() + Duration::from_millis(10))) {
                self.note(event);
            }
        }
        some
    }

    /// Whether the agent is the first process of its container.
    #[must_use]
    pub const fn is_first(&self) -> bool {
        self.is_first
    }
}

struct Run<'a> {
    pid: Pid,
    deadline: Option<Instant>,
    limits: &'a Limits,
}

//! A terminal for a command: its standard input, and what `/dev/tty` is to it. Its output stays in pipes, so that the two streams are
//! told apart; what it says to the terminal itself (a prompt for a password) joins standard output.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::{OptionalActions, OutputModes};

/// The hidden command of the agent that runs another one in the terminal that is its standard input.
pub(crate) const IN_TERMINAL: &str = "in-terminal";

/// The side of a terminal that the agent has.
#[derive(Debug)]
pub(crate) struct Terminal {
    master: OwnedFd,
    /// What the command's side is called: `/dev/pts/3`.
    pub(crate) path: PathBuf,
}

impl Terminal {
    /// Opens one, and has a command run in it: as the first process of a session that it is the terminal of, which only a process can
    /// make of itself. So the agent's own program is run first, and becomes the command.
    pub(crate) fn open(command: &Command) -> io::Result<(Self, Command)> {
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::grantpt(&master)?;
        rustix::pty::unlockpt(&master)?;
        let name = rustix::pty::ptsname(&master, Vec::new())?;
        let path = PathBuf::from(std::ffi::OsStr::from_bytes(name.as_bytes()));
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = rustix::fs::open(&path, flags, Mode::empty())?;
        // A line ends as it does in a pipe.
        let mut modes = rustix::termios::tcgetattr(&slave)?;
        modes.output_modes.remove(OutputModes::ONLCR);
        rustix::termios::tcsetattr(&slave, OptionalActions::Now, &modes)?;
        let mut wrapped = Command::new("/proc/self/exe");
        wrapped.arg0("keruta-agent").arg(IN_TERMINAL).arg("--").arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(name, value),
                None => wrapped.env_remove(name),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            wrapped.current_dir(directory);
        }
        wrapped.stdin(slave);
        Ok((Self { master, path }, wrapped))
    }

    /// What is said to the terminal.
    pub(crate) fn reader(&self) -> io::Result<File> {
        Ok(File::from(self.master.try_clone()?))
    }

    /// What was given to the agent, for the command: whoever attaches to the container answers it.
    pub(crate) fn forward_input(&self) -> io::Result<()> {
        let mut to = self.reader()?;
        let forward = move || {
            // Where nobody is attached it is at its end at once, and the command waits on.
            let _ = io::copy(&mut io::stdin(), &mut to);
        };
        std::thread::Builder::new().name("input".to_owned()).stack_size(crate::output::STACK).spawn(forward).map(drop)
    }
}

/// Becomes a command in the terminal that standard input is; only returns where that does not work.
pub(crate) fn run_in_terminal(program: &Path, arguments: &[std::ffi::OsString]) -> u8 {
    let begin = || -> io::Result<()> {
        rustix::process::setsid()?;
        Ok(rustix::process::ioctl_tiocsctty(io::stdin())?)
    };
    let error = match begin() {
        Ok(()) => Command::new(program).args(arguments).exec(),
        Err(error) => error,
    };
    let code = super::StartError::Spawn { program: program.display().to_string(), source: error };
    eprintln!("keruta-agent: {code}");
    code.exit_code()
}

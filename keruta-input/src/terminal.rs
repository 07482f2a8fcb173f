//! Standard output for results, standard error for talk.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use crate::args::{Colour, TalkArgs};
use crate::diagnostic::human::{Human, Message};
use crate::diagnostic::{Diagnostic, LeftOut};
use crate::failure::Failure;
use crate::tasks::Detail;
use keruta_manifest::review::Severity;

/// Standard output, without a buffer: what is written is large and whole.
pub struct Stdout(File);

impl Stdout {
    /// Standard output as it is.
    ///
    /// # Errors
    ///
    /// Where it is closed.
    pub fn new() -> Result<Self, Failure> {
        let descriptor = io::stdout().as_fd().try_clone_to_owned().map_err(Failure::stdout)?;
        Ok(Self(File::from(descriptor)))
    }

    /// Writes all of a text.
    ///
    /// # Errors
    ///
    /// [`Failure::Closed`] where nobody reads, else [`Failure::Write`].
    pub fn write(&mut self, text: &str) -> Result<(), Failure> {
        self.write_bytes(text.as_bytes())
    }

    /// Writes all of some bytes, which may be no text.
    ///
    /// # Errors
    ///
    /// As [`Self::write`].
    pub fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.0.write_all(bytes).map_err(Failure::stdout)
    }
}

/// What is said on standard error, and how.
#[derive(Debug, Clone, Copy)]
pub struct Talk {
    /// The least that is told.
    pub least: Severity,
    stderr_colour: bool,
    stdout_colour: bool,
}

impl Talk {
    /// As the flags, the terminal and the environment say.
    #[must_use]
    pub fn new(args: &TalkArgs) -> Self {
        let least = match (args.verbose, args.quiet) {
            (true, _) => Severity::Note,
            (_, true) => Severity::Error,
            _ => Severity::Warning,
        };
        Self {
            least,
            stderr_colour: colour(args.color, || io::stderr().is_terminal()),
            stdout_colour: colour(args.color, || io::stdout().is_terminal()),
        }
    }

    /// Tells diagnostics on standard error.
    pub fn tell(self, diagnostics: &[Diagnostic]) {
        if diagnostics.is_empty() {
            return;
        }
        let human = Human::new(self.stderr_colour);
        let mut text = String::new();
        for diagnostic in diagnostics {
            human.write(&mut text, diagnostic);
        }
        say(&text);
    }

    /// Tells on standard error what is not told one by one.
    pub fn tell_left_out(self, left_out: impl Iterator<Item = LeftOut>) {
        let human = Human::new(self.stderr_colour);
        let mut text = String::new();
        for left_out in left_out {
            human.write_left_out(&mut text, &left_out);
        }
        if !text.is_empty() {
            say(&text);
        }
    }

    /// How much is told of the findings of tasks.
    #[must_use]
    pub fn detail(self) -> Detail {
        Detail { least: self.least, full: self.least == Severity::Note }
    }

    /// Tells how it all went, whatever is told besides.
    pub fn sum_up(self, severity: Severity, text: &str) {
        say(&Human::new(self.stderr_colour).line(severity, text));
    }

    /// Tells something in one line on standard error, in the same form.
    pub fn line(self, severity: Severity, text: &str) {
        if severity >= self.least {
            say(&Human::new(self.stderr_colour).line(severity, text));
        }
    }

    /// Tells a message on standard error, in the same form.
    pub fn message(self, message: &Message) {
        if message.severity >= self.least {
            say(&Human::new(self.stderr_colour).message(message));
        }
    }

    /// Says something on standard error as it stands, unless only errors are to be told.
    pub fn say(self, text: &str) {
        if !self.is_quiet() {
            say(text);
        }
    }

    /// Whether only errors are to be told.
    #[must_use]
    pub fn is_quiet(self) -> bool {
        self.least >= Severity::Error
    }

    /// Whether standard error has colour.
    #[must_use]
    pub const fn stderr_has_colour(self) -> bool {
        self.stderr_colour
    }

    /// How diagnostics are written for people on standard output.
    #[must_use]
    pub const fn for_stdout(self) -> Human {
        Human::new(self.stdout_colour)
    }

    /// Whether standard output has colour.
    #[must_use]
    pub const fn stdout_has_colour(self) -> bool {
        self.stdout_colour
    }
}

fn colour(when: Colour, is_terminal: impl FnOnce() -> bool) -> bool {
    let refused = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    match when {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => is_terminal() && !refused() && !is_dumb(),
    }
}

/// Nobody may be listening; that is no reason to fail.
fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

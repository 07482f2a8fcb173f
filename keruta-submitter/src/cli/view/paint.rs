//! Colours, where there are any.

use std::fmt::Display;

use anstyle::{AnsiColor, Effects, Style};
use keruta_submitter::logs::Level;

/// Whether there is colour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    pub(crate) fn green(self, text: impl Display) -> String {
        self.with(AnsiColor::Green.on_default(), text)
    }

    pub(crate) fn red(self, text: impl Display) -> String {
        self.with(AnsiColor::Red.on_default() | Effects::BOLD, text)
    }

    pub(crate) fn yellow(self, text: impl Display) -> String {
        self.with(AnsiColor::Yellow.on_default(), text)
    }

    pub(crate) fn cyan(self, text: impl Display) -> String {
        self.with(AnsiColor::Cyan.on_default(), text)
    }

    pub(crate) fn dim(self, text: impl Display) -> String {
        self.with(Style::new() | Effects::DIMMED, text)
    }

    pub(crate) fn bold(self, text: impl Display) -> String {
        self.with(Style::new() | Effects::BOLD, text)
    }

    /// A status or another word in capitals.
    pub(crate) fn word(self, word: &str) -> String {
        match word {
            "COMPLETED" | "ok" => self.green(word),
            "FAILED" | "REFUSED" | "fail" => self.red(word),
            "CANCELLED" | "SKIPPED" | "DETACHED" | "warn" => self.yellow(word),
            "IN_PROGRESS" => self.cyan(word),
            _ => word.to_owned(),
        }
    }

    /// A log line's text, by its level.
    pub(crate) fn level(self, level: Level, text: &str) -> String {
        match level {
            Level::Debug => self.dim(text),
            Level::Info => text.to_owned(),
            Level::Warn => self.yellow(text),
            Level::Error => self.with(AnsiColor::Red.on_default(), text),
        }
    }

    fn with(self, style: Style, text: impl Display) -> String {
        if self.0 { format!("{style}{text}{style:#}") } else { text.to_string() }
    }
}

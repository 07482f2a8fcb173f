//! What the agent says of itself, on standard error: one line each, which begins with its name and a level.

use std::fmt::Arguments;
use std::io::Write as _;
use std::sync::atomic::{AtomicU8, Ordering};

use keruta_api::LogLevel;

static LEAST: AtomicU8 = AtomicU8::new(1);

const fn rank(level: LogLevel) -> u8 {
    match level {
        LogLevel::Debug => 0,
        LogLevel::Info => 1,
        LogLevel::Warn => 2,
        LogLevel::Error => 3,
    }
}

/// Says nothing below this level from now on.
pub(crate) fn set_level(level: LogLevel) {
    LEAST.store(rank(level), Ordering::Relaxed);
}

/// Says something. Where standard error is closed nobody listens, and nothing is wrong with the task.
pub(crate) fn say(level: LogLevel, text: Arguments<'_>) {
    if rank(level) < LEAST.load(Ordering::Relaxed) {
        return;
    }
    let word = match level {
        LogLevel::Debug => "DEBUG",
        LogLevel::Info => "INFO",
        LogLevel::Warn => "WARN",
        LogLevel::Error => "ERROR",
    };
    // One write, so that lines of others do not come between.
    let line = format!("[{word}] keruta-agent: {text}\n");
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

macro_rules! debug { ($($part:tt)*) => { $crate::diagnostics::say(keruta_api::LogLevel::Debug, format_args!($($part)*)) }; }
macro_rules! info { ($($part:tt)*) => { $crate::diagnostics::say(keruta_api::LogLevel::Info, format_args!($($part)*)) }; }
macro_rules! warning { ($($part:tt)*) => { $crate::diagnostics::say(keruta_api::LogLevel::Warn, format_args!($($part)*)) }; }
macro_rules! error { ($($part:tt)*) => { $crate::diagnostics::say(keruta_api::LogLevel::Error, format_args!($($part)*)) }; }
pub(crate) use {debug, error, info, warning};

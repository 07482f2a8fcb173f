//! A panic is a bug of ours, and is told as one.

use std::io::Write;
use std::panic::PanicHookInfo;

use crate::exit::Exit;

/// From now on a panic ends the program with a polite report.
pub fn hook(program: &'static str) {
    std::panic::set_hook(Box::new(move |info| {
        let _ = std::io::stderr().lock().write_all(report(program, info).as_bytes());
        std::process::exit(Exit::BUG);
    }));
}

/// Panics where a test asks for it by this variable; not in a release.
#[cfg(debug_assertions)]
#[expect(clippy::missing_panics_doc, reason = "it does nothing else")]
#[track_caller]
pub fn on_purpose(variable: &str) {
    assert!(std::env::var_os(variable).is_none(), "on purpose");
}

fn report(program: &str, info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let place = info.location().map(|location| format!(" at {}:{}", location.file(), location.line()));
    format!(
        "error: this is a bug of keruta, not of your input. Sorry!\n\
         {message}{}\n\
         {program} {} on {}\n\
         Please report it, with the input if you can share it: {}/issues\n",
        place.unwrap_or_default(),
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        env!("CARGO_PKG_REPOSITORY"),
    )
}

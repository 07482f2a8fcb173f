//! A panic is a bug of ours, and is told as one.

use std::io::Write;
use std::panic::PanicHookInfo;

use crate::exit::Exit;

/// From now on a panic ends the program with a polite report.
pub(crate) fn hook() {
    std::panic::set_hook(Box::new(|info| {
        let _ = std::io::stderr().lock().write_all(report(info).as_bytes());
        std::process::exit(Exit::BUG);
    }));
}

/// Panics where a test asks for it; not in a release.
#[cfg(debug_assertions)]
pub(crate) fn on_purpose() {
    assert!(std::env::var_os("KERUTA_MANIFEST_PANIC").is_none(), "on purpose");
}

fn report(info: &PanicHookInfo<'_>) -> String {
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
         keruta-manifest {} on {}\n\
         Please report it, with the input if you can share it: {}/issues\n",
        place.unwrap_or_default(),
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        env!("CARGO_PKG_REPOSITORY"),
    )
}

//! The program's own log, on standard error.

use std::io::{self, Write};

use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::args::{LogArgs, LogFormat};
use super::failure::Failure;
use super::session::Session;

/// What is told where nobody says. The client tells of each request that fails, also of those that are made again, and not
/// which; what comes of it is told by who made it.
const OF_A_SERVICE: &str = "info,kube_client=off";
const OF_A_COMMAND: &str = "error,kube_client=off";

/// Tells from now on what the flags ask for.
pub(super) fn start(args: &LogArgs, runs_for_long: bool, session: &Session) -> Result<(), Failure> {
    let wanted = args.log_level.as_deref().unwrap_or(if runs_for_long { OF_A_SERVICE } else { OF_A_COMMAND });
    let filter = EnvFilter::try_new(wanted)
        .map_err(|error| Failure::Usage(format!("--log-level {wanted:?} is no level: {error}")))?;
    let writer = AboveTheView(session.bars().clone());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match args.log_format {
        LogFormat::Human => builder.with_ansi(session.talk().stderr_has_colour()).with_target(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Writes to standard error above the live view, where there is one.
#[derive(Clone)]
struct AboveTheView(MultiProgress);

impl<'a> MakeWriter<'a> for AboveTheView {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for AboveTheView {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

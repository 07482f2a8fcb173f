//! The commands.

mod cancel;
mod cleanup;
mod completion;
mod doctor;
mod follow;
mod found;
mod journal;
mod ledger;
mod logs;
mod man;
mod retry;
mod run;
mod status;
mod submit;
mod version;

use std::future::Future;

use super::args::{Cli, Command};
use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;

/// Runs the command.
pub(super) fn run(cli: &Cli, session: &Session) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Submit(args) => submit::run(args, session),
        Command::Status(args) => in_runtime(status::run(args, session)),
        Command::Logs(args) => in_runtime(logs::run(args, session)),
        Command::Cancel(args) => in_runtime(cancel::run(args, session)),
        Command::Retry(args) => in_runtime(retry::run(args, session)),
        Command::Cleanup(args) => in_runtime(cleanup::run(args, session)),
        Command::Doctor(args) => in_runtime(doctor::run(args, session)),
        Command::Follow(args) => in_runtime(follow::run(args, session)),
        Command::Completion(args) => completion::run(args),
        Command::Man(args) => man::run(args),
        Command::Version(args) => version::run(args),
    }
}

/// Runs what talks to a cluster.
fn in_runtime<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        let what = format!("cannot start: {error}");
        Failure::because(what, "look at the limits of threads and open files (ulimit -a)", Exit::Cluster)
    })?;
    let ended = runtime.block_on(work);
    // A read of standard input or the like may never return.
    runtime.shutdown_background();
    ended
}

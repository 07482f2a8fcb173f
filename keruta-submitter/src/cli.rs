//! The program: its command line, what it shows, and how it ends. What is done in a cluster is the library's affair.

mod args;
mod commands;
mod exit;
mod failure;
mod interrupts;
mod logging;
mod redaction;
mod session;
mod view;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use keruta_input::bug;
use keruta_input::terminal::Talk;

use args::Cli;
use exit::Exit;
use failure::Failure;
use session::Session;

/// Reads the command line, runs the command and says how it went.
pub(crate) fn main() -> ExitCode {
    bug::hook("keruta-submitter");
    let parsed = args::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to standard output and is fine; nobody may be reading it.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Fine }.into();
        }
    };
    #[cfg(debug_assertions)]
    bug::on_purpose("KERUTA_SUBMITTER_PANIC");
    let talk = Talk::new(&cli.talk);
    let session = Session::new(&cli, talk);
    let ended =
        logging::start(&cli.log, cli.command.runs_for_long(), &session).and_then(|()| commands::run(&cli, &session));
    match ended {
        Ok(exit) => exit,
        Err(failure) => {
            session.clear();
            tell(&failure, talk);
            failure.exit()
        }
    }
    .into()
}

fn tell(failure: &Failure, talk: Talk) {
    match failure {
        Failure::Input(keruta_input::failure::Failure::Invalid(diagnostics)) => talk.tell(diagnostics),
        Failure::Input(keruta_input::failure::Failure::Usage(words)) | Failure::Usage(words) => {
            let _ = Cli::command().error(ErrorKind::ValueValidation, words).print();
        }
        Failure::Input(keruta_input::failure::Failure::Closed) | Failure::Told(_) => {}
        other => talk.message(&other.message()),
    }
}

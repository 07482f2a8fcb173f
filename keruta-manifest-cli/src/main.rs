//! `keruta-manifest`: renders tasks into Kubernetes manifests on standard output.
//!
//! What a manifest holds is decided in the library of the same name. Here are the command line, the layers of
//! settings, the stream of tasks, and diagnostics that point into what people wrote.

mod args;
mod bug;
mod commands;
mod diagnostic;
mod exit;
mod failure;
mod files;
mod known;
mod locate;
mod manifests;
mod place;
mod report;
mod settings;
mod tasks;
mod terminal;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use keruta_manifest::review::Severity;

use args::Cli;
use exit::Exit;
use failure::Failure;
use terminal::Talk;

fn main() -> ExitCode {
    bug::hook();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to standard output and is fine; nobody may be reading it.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Fine }.into();
        }
    };
    #[cfg(debug_assertions)]
    bug::on_purpose();
    let talk = Talk::new(&cli.talk);
    match commands::run(&cli, talk) {
        Ok(exit) => exit,
        Err(failure) => {
            tell(&failure, talk);
            failure.exit()
        }
    }
    .into()
}

fn tell(failure: &Failure, talk: Talk) {
    match failure {
        Failure::Invalid(diagnostics) => talk.tell(diagnostics),
        Failure::Closed => {}
        Failure::Usage(words) => {
            let _ = Cli::command().error(clap::error::ErrorKind::ValueValidation, words).print();
        }
        other => talk.line(Severity::Error, &other.to_string()),
    }
}

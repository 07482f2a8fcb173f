//! `keruta-manifest`: renders tasks into Kubernetes manifests on standard output.
//!
//! What a manifest holds is decided in the library of the same name, what is read in `keruta-input`. Here are the command
//! line and what each command writes.

mod args;
mod commands;
mod manifests;
mod report;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use keruta_input::bug;
use keruta_input::exit::Exit;
use keruta_input::failure::Failure;
use keruta_input::terminal::Talk;
use keruta_manifest::review::Severity;

use args::Cli;

fn main() -> ExitCode {
    bug::hook("keruta-manifest");
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to standard output and is fine; nobody may be reading it.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Fine }.into();
        }
    };
    #[cfg(debug_assertions)]
    bug::on_purpose("KERUTA_MANIFEST_PANIC");
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

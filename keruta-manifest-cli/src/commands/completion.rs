//! `completion`: scripts for shells.

use clap::CommandFactory;
use keruta_input::exit::Exit;
use keruta_input::failure::Failure;
use keruta_input::pages;
use keruta_input::terminal::Stdout;

use crate::args::{Cli, CompletionArgs};

pub(super) fn run(args: &CompletionArgs) -> Result<Exit, Failure> {
    Stdout::new()?.write(&pages::completion(Cli::command(), args.shell))?;
    Ok(Exit::Fine)
}

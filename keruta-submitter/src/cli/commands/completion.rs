//! `completion`: scripts for shells.

use keruta_input::pages;
use keruta_input::terminal::Stdout;

use crate::cli::args::{self, CompletionArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

pub(super) fn run(args: &CompletionArgs) -> Result<Exit, Failure> {
    Stdout::new()?.write(&pages::completion(args::command(), args.shell))?;
    Ok(Exit::Fine)
}

//! `man`: the manual pages.

use keruta_input::pages;
use keruta_input::terminal::Stdout;

use crate::cli::args::{self, ManArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

pub(super) fn run(args: &ManArgs) -> Result<Exit, Failure> {
    match &args.output_dir {
        Some(path) => pages::write_all(args::command(), path)?,
        None => Stdout::new()?.write(&pages::first(args::command())?)?,
    }
    Ok(Exit::Fine)
}

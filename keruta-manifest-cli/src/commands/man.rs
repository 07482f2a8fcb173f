//! `man`: the manual pages.

use clap::CommandFactory;
use keruta_input::exit::Exit;
use keruta_input::failure::Failure;
use keruta_input::pages;
use keruta_input::terminal::Stdout;

use crate::args::{Cli, ManArgs};

pub(super) fn run(args: &ManArgs) -> Result<Exit, Failure> {
    match &args.output_dir {
        Some(path) => pages::write_all(Cli::command(), path)?,
        None => Stdout::new()?.write(&pages::first(Cli::command())?)?,
    }
    Ok(Exit::Fine)
}

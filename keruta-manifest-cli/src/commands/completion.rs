//! `completion`: scripts for shells.

use clap::CommandFactory;

use crate::args::{Cli, CompletionArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Stdout;

pub(super) fn run(args: &CompletionArgs) -> Result<Exit, Failure> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    Stdout::new()?.write(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Fine)
}

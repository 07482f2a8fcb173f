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
    // clap_complete 4.6 writes the hyphen of the program's name as a boundary between commands in half of the bash
    // script's labels, so that no command's flags and words are completed. https://github.com/clap-rs/clap/issues/6421;
    // this does nothing once that is mended.
    let script = String::from_utf8_lossy(&script).replace("keruta__subcmd__manifest", "keruta__manifest");
    Stdout::new()?.write(&script)?;
    Ok(Exit::Fine)
}

//! The commands.

mod completion;
mod diff;
mod explain;
mod install;
mod man;
mod render;

mod schema;
mod validate;
mod version;

use keruta_input::exit::Exit;
use keruta_input::failure::Failure;
use keruta_input::terminal::Talk;

use crate::args::{Cli, Command};

/// Runs the command.
pub(crate) fn run(cli: &Cli, talk: Talk) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Render(args) => render::run(args, talk),
        Command::Validate(args) => validate::run(args, talk),
        Command::Explain(args) => explain::run(args, talk),
        Command::Diff(args) => diff::run(args, talk),
        Command::Schema(args) => schema::run(args),
        Command::Install(args) => install::run(args),
        Command::Completion(args) => completion::run(args),
        Command::Man(args) => man::run(args),
        Command::Version(args) => version::run(args),
    }
}

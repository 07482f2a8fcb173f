//! `man`: the manual pages.

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::args::{Cli, ManArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::Directory;
use crate::terminal::Stdout;

pub(super) fn run(args: &ManArgs) -> Result<Exit, Failure> {
    let mut command = Cli::command();
    command.build();
    let Some(path) = &args.output_dir else {
        Stdout::new()?.write(&page(command)?)?;
        return Ok(Exit::Fine);
    };
    let name = path.display().to_string();
    let failed = |error| Failure::write(name.clone(), error);
    let directory = Directory::make(path).map_err(failed)?;
    for command in command.get_subcommands().chain([&command]) {
        // The page of a command is named as `man keruta-manifest render` looks for it.
        let file = Man::new(command.clone()).get_filename();
        directory.write(&file, &page(command.clone())?).map_err(failed)?;
    }
    Ok(Exit::Fine)
}

fn page(command: Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    let man = Man::new(command).manual("keruta").source(concat!("keruta ", env!("CARGO_PKG_VERSION")));
    man.render(&mut page).map_err(|error| Failure::write("the manual page", error))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

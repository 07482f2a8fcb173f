//! What is made from a program's command line: completions for shells, and manual pages.

use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::failure::Failure;
use crate::files::Directory;

/// The completion script of a program for a shell.
#[must_use]
pub fn completion(mut command: Command, shell: Shell) -> String {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, &name, &mut script);
    // clap_complete 4.6 writes the hyphen of the program's name as a boundary between commands in half of the bash
    // script's labels, so that no command's flags and words are completed. https://github.com/clap-rs/clap/issues/6421;
    // this does nothing once that is mended.
    let script = String::from_utf8_lossy(&script);
    script.replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__"))
}

/// The page of the program itself.
///
/// # Errors
///
/// None that is known.
pub fn first(mut command: Command) -> Result<String, Failure> {
    command.build();
    page(command)
}

/// Writes one page for each command into a directory, which is made.
///
/// # Errors
///
/// [`Failure::Write`].
pub fn write_all(mut command: Command, path: &Path) -> Result<(), Failure> {
    command.build();
    let name = path.display().to_string();
    let failed = |error| Failure::write(name.clone(), error);
    let directory = Directory::make(path).map_err(failed)?;
    for command in command.get_subcommands().chain([&command]) {
        // The page of a command is named as `man keruta-manifest render` looks for it.
        let file = Man::new(command.clone()).get_filename();
        directory.write(&file, &page(command.clone())?).map_err(failed)?;
    }
    Ok(())
}

fn page(command: Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    let man = Man::new(command).manual("keruta").source(concat!("keruta ", env!("CARGO_PKG_VERSION")));
    man.render(&mut page).map_err(|error| Failure::write("the manual page", error))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::execute::{ExecuteArgs, execute};
use crate::exit;
use crate::supervise::{IN_TERMINAL, run_in_terminal};
use crate::utility::{self, ArtifactCommand, ConfigCommand, HealthArgs, LogArgs, ProgressArgs};

/// Runs a keruta task inside its Pod
#[derive(Debug, Parser)]
#[command(name = "keruta-agent", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a task: its script, or the command after `--`
    ///
    /// The command's own exit code is handed through, and 128 + N stands for its end by signal N. The agent's own are 240 (the task
    /// is not valid), 241 (the API refuses the agent), 242 (the task ran out of its time) and 243 (it was cancelled).
    Execute(Box<ExecuteArgs>),
    /// From a task's script: writes a line into the task's log
    Log(LogArgs),
    /// From a task's script: says how far the work is
    Progress(ProgressArgs),
    /// From a task's script: hands in files
    #[command(subcommand)]
    Artifact(ArtifactCommand),
    /// Copies this program to a place from where other containers of the Pod run it
    Install {
        /// The place
        path: std::path::PathBuf,
    },
    /// Becomes a command in the terminal that standard input is
    #[command(name = IN_TERMINAL, hide = true)]
    InTerminal {
        /// The command
        #[arg(last = true, required = true)]
        command: Vec<std::ffi::OsString>,
    },
    /// Says whether the API answers and the workspace can be written
    Health(HealthArgs),
    /// What the agent was told
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// Does what the command line says.
#[must_use]
pub fn run() -> ExitCode {
    let code = match Cli::parse().command {
        Command::Execute(args) => execute(&args),
        Command::Log(args) => utility::code(utility::log(&args)),
        Command::Progress(args) => utility::code(utility::progress(&args)),
        Command::Artifact(command) => utility::code(utility::artifact(&command)),
        Command::Install { path } => utility::install(&path),
        Command::InTerminal { command } => match command.split_first() {
            Some((program, arguments)) => run_in_terminal(program.as_ref(), arguments),
            None => exit::USAGE,
        },
        Command::Health(args) if utility::health(&args) => 0,
        Command::Health(_) => exit::UTILITY,
        Command::Config(ConfigCommand::Show(args)) => {
            utility::show(&args);
            0
        }
    };
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}

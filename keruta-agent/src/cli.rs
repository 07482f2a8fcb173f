//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::execute::{ExecuteArgs, execute};

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
}

/// Does what the command line says.
#[must_use]
pub fn run() -> ExitCode {
    let code = match Cli::parse().command {
        Command::Execute(args) => execute(&args),
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

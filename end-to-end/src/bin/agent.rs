//! `keruta-agent`, for the tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    keruta_agent::cli::run()
}

//! `keruta-agent`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    keruta_agent::cli::run()
}

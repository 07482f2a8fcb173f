//! `keruta-server`, for the tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    keruta_server::cli::run()
}

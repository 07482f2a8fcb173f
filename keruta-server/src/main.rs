//! `keruta-server`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    keruta_server::cli::run()
}

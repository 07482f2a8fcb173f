//! `keruta-submitter`: submits tasks to Kubernetes, follows them to their end, and tells how they ended.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}

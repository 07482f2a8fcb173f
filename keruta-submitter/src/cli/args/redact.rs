//! The flags of what must not be shown.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// What is replaced by `***`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Secrets")]
pub(crate) struct RedactArgs {
    /// Replace each line of this file by *** in logs and verdicts; may be repeated
    #[arg(long = "redact-file", value_name = "FILE", value_hint = ValueHint::FilePath, env = "KERUTA_REDACT_FILE", hide_env = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The same with the value of this environment variable; may be repeated
    #[arg(long = "redact-env", value_name = "NAME", value_delimiter = ',', env = "KERUTA_REDACT_ENV", hide_env = true)]
    pub(crate) variables: Vec<String>,
    /// The same with the Secrets that the tasks refer to: needs the right to get them
    #[arg(long = "redact-secrets")]
    pub(crate) secrets: bool,
}

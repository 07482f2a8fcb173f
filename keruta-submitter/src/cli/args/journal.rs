//! The token of a journal in a server.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// What is shown to a keruta server that keeps the journal.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct JournalTokenArgs {
    /// The file with the token for a server that keeps the journal; without it the token is the variable `KERUTA_API_TOKEN`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = "KERUTA_API_TOKEN_FILE", hide_env = true)]
    #[arg(help_heading = "Following", hide_short_help = true)]
    pub(crate) journal_token_file: Option<PathBuf>,
}

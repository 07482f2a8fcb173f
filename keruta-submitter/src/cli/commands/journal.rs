//! Opens the journal that a flag names.

use std::sync::Arc;

use keruta_submitter::journal::{HttpJournal, Journal, JournalError, JournalToken, NdjsonJournal, NdjsonSettings};

use crate::cli::args::{JournalPlace, JournalTokenArgs};

/// The token, where no file has it.
const TOKEN: &str = "KERUTA_API_TOKEN";

pub(super) fn open(place: &JournalPlace, token: &JournalTokenArgs) -> Result<Arc<dyn Journal>, JournalError> {
    Ok(match place {
        JournalPlace::Directory(directory) => Arc::new(NdjsonJournal::open(directory, NdjsonSettings::default())?),
        JournalPlace::Server(address) => Arc::new(HttpJournal::open(address, self::token(token))?),
    })
}

fn token(args: &JournalTokenArgs) -> JournalToken {
    match (&args.journal_token_file, std::env::var(TOKEN)) {
        (Some(file), _) => JournalToken::File(file.clone()),
        (None, Ok(text)) if !text.trim().is_empty() => JournalToken::Text(text),
        _ => JournalToken::None,
    }
}

//! What a journal has of a log.

use std::path::Path;

use keruta_submitter::Attempt;
use keruta_submitter::journal::{LogFilter, NdjsonJournal, StoredEntry};
use keruta_submitter::logs::{LogEntry, LogSource};

use crate::cli::failure::Failure;

/// The log of an attempt, or of the last one that the journal has.
pub(super) fn read(
    directory: &Path,
    namespace: &str,
    task: &str,
    number: Option<u32>,
    filter: &LogFilter,
) -> Result<Vec<(LogSource, LogEntry)>, Failure> {
    let attempt = |number| Attempt { namespace: namespace.to_owned(), task: task.to_owned(), number };
    let mut last = attempt(number.unwrap_or(1));
    if number.is_none() {
        // Attempts are counted without a gap.
        for number in 2.. {
            let next = attempt(number);
            if NdjsonJournal::read_log(directory, &next, LogFilter::default())?.next().is_none() {
                break;
            }
            last = next;
        }
    }
    NdjsonJournal::read_log(directory, &last, filter.clone())?
        .map(|stored| {
            let StoredEntry { pod, container, restart, entry, .. } = stored?;
            let attempt = last.clone();
            Ok((LogSource { attempt, job: String::new(), pod, pod_uid: String::new(), container, restart }, entry))
        })
        .collect()
}

//! What is given to the journal at once.

use tokio::time::Instant;

use crate::logs::LogEntry;

#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<LogEntry>,
    /// The entries that are counted in `bytes`.
    counted: usize,
    bytes: usize,
    size: usize,
    /// When its first entry came.
    since: Option<Instant>,
}

impl Batch {
    /// Takes note of what was added to the entries.
    pub(super) fn note(&mut self) {
        for entry in &self.entries[self.counted..] {
            self.size += size_of::<LogEntry>();
            if let LogEntry::Line(line) = entry {
                self.bytes += line.message.len();
                self.size += line.message.len();
            }
        }
        self.counted = self.entries.len();
        if self.counted > 0 {
            self.since.get_or_insert_with(Instant::now);
        }
    }

    /// Bytes of messages.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of memory, about.
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// When its first entry came; `None` where it is empty.
    pub(super) const fn since(&self) -> Option<Instant> {
        self.since
    }

    pub(super) fn clear(&mut self) {
        *self = Self { entries: std::mem::take(&mut self.entries), ..Self::default() };
        self.entries.clear();
    }
}

//! Logs without I/O: chunks of lines, filters, the order of several logs, places in them.

mod chunk;
mod filter;
mod merge;
mod place;
mod render;
mod varint;

pub use chunk::{Chunk, ChunkBuilder, ChunkError, ChunkStats, EncodedChunk, Entry, LevelCounts, MAX_RAW, TARGET};
pub use filter::{FilterError, Levels, LineFilter, Picked, TextFilter};
pub use merge::{Direction, Merge};
pub use place::{Place, PlaceError, Places};
pub use render::Renderer;

use jiff::Timestamp;

/// A time in nanoseconds since the epoch; what is before 1677 or after 2262 becomes the nearest of these.
#[must_use]
pub fn nanoseconds(at: Timestamp) -> i64 {
    let clamped = at.as_nanosecond().clamp(i64::MIN.into(), i64::MAX.into());
    i64::try_from(clamped).unwrap_or(i64::MAX)
}

/// The time of so many nanoseconds since the epoch.
#[must_use]
pub fn timestamp(nanoseconds: i64) -> Timestamp {
    // Every 64-bit count is in range.
    Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or(Timestamp::UNIX_EPOCH)
}

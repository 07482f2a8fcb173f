//! From chunks to entries.

use std::cell::RefCell;

use bytes::Bytes;

use super::{CONTINUES, Chunk, ChunkError, GAP, MAX_RAW, NUMBERED, VERSION};
use crate::log::varint;

impl Chunk {
    /// Unpacks a chunk.
    ///
    /// # Errors
    ///
    /// Where it is damaged, too large or of a newer keruta.
    pub fn decode(data: &[u8]) -> Result<Self, ChunkError> {
        let size = zstd::zstd_safe::get_frame_content_size(data).ok().flatten().ok_or(ChunkError::Size)?;
        let size = usize::try_from(size).ok().filter(|size| (1..=MAX_RAW).contains(&(*size as u64)));
        let raw = decompress(data, size.ok_or(ChunkError::Size)?).map_err(ChunkError::Zstd)?;
        read(&Bytes::from(raw))
    }
}

fn read(raw: &Bytes) -> Result<Chunk, ChunkError> {
    let Some((&version, mut rest)) = raw.split_first() else { return Err(ChunkError::Size) };
    if version != VERSION {
        return Err(ChunkError::Version(version));
    }
    let mut head = || varint::take(&mut rest).ok_or(ChunkError::Columns("first bytes"));
    let (count, lines_before) = (head()?, head()?);
    let lengths = [head()?, head()?, head()?];
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let mut column = |length: u64| {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (column, behind) = rest.split_at_checked(length).ok_or(ChunkError::Columns("columns"))?;
        rest = behind;
        Ok::<_, ChunkError>(column)
    };
    let [mut times, mut numbers, mut lengths] = [column(lengths[0])?, column(lengths[1])?, column(lengths[2])?];
    let kinds = column(count as u64)?;

    let mut chunk = Chunk {
        lines_before,
        text: raw.slice_ref(rest),
        ends: Vec::with_capacity(count),
        times: Vec::with_capacity(count),
        numbers: Vec::with_capacity(count),
        kinds: raw.slice_ref(kinds),
    };
    let (mut time, mut end, mut number, mut goes_on) = (0_i64, 0_u64, lines_before, false);
    for kind in kinds {
        let difference = varint::take_signed(&mut times).ok_or(ChunkError::Columns("times"))?;
        time = time.wrapping_add(difference);
        chunk.times.push(time);
        let length = varint::take(&mut lengths).ok_or(ChunkError::Columns("lengths"))?;
        end = end.checked_add(length).ok_or(ChunkError::Columns("lengths"))?;
        chunk.ends.push(u32::try_from(end).map_err(|_| ChunkError::Columns("lengths"))?);
        if kind & GAP == 0 {
            number = if kind & NUMBERED == 0 {
                number.saturating_add(u64::from(!goes_on))
            } else {
                varint::take(&mut numbers).ok_or(ChunkError::Columns("line numbers"))?
            };
            goes_on = kind & CONTINUES != 0;
        }
        chunk.numbers.push(number);
    }
    if end != chunk.text.len() as u64 || !(times.is_empty() && numbers.is_empty() && lengths.is_empty()) {
        return Err(ChunkError::Columns("columns"));
    }
    Ok(chunk)
}

fn decompress(data: &[u8], size: usize) -> std::io::Result<Vec<u8>> {
    thread_local! {
        static DECOMPRESSOR: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
    }
    DECOMPRESSOR.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            none => none.insert(zstd::bulk::Decompressor::new()?),
        };
        decompressor.decompress(data, size)
    })
}

use bytes::Bytes;
use keruta_submitter::logs::{Gap, Level, LogEntry, LogLine};
use proptest::prelude::*;

use super::*;
use crate::log::{nanoseconds, varint};

fn any_level() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::Debug), Just(Level::Info), Just(Level::Warn), Just(Level::Error)]
}

/// Entries of a log as the submitter gives them: numbers grow, a line may come in pieces, clocks are set back.
pub(crate) fn any_log(lines_before: u64) -> impl Strategy<Value = Vec<LogEntry>> {
    let time = prop_oneof![any::<i64>(), 1_764_000_000_000_000_000..1_764_000_001_000_000_000_i64];
    let line = (time.clone(), any_level(), any::<Vec<u8>>(), any::<bool>(), 0..3_u64, any::<bool>());
    let gap = (proptest::option::of(time.clone()), proptest::option::of(time), "\\PC*");
    let step = prop_oneof![6 => line.prop_map(Ok), 1 => gap.prop_map(Err)];
    proptest::collection::vec(step, 0..60).prop_map(move |steps| {
        let (mut number, mut goes_on) = (lines_before, false);
        let mut entries = Vec::new();
        for step in steps {
            match step {
                Ok((time, level, message, continues, skipped, skips)) => {
                    number += u64::from(!goes_on) + if skips { skipped } else { 0 };
                    goes_on = continues;
                    let (timestamp, message) = (timestamp(time), Bytes::from(message));
                    entries.push(LogEntry::Line(LogLine { number, timestamp, level, message, continues }));
                }
                Err((after, before, reason)) => {
                    let (after, before) = (after.map(timestamp), before.map(timestamp));
                    entries.push(LogEntry::Gap(Gap { after, before, reason }));
                }
            }
        }
        entries
    })
}

fn encoded(lines_before: u64, entries: &[LogEntry]) -> EncodedChunk {
    let mut builder = ChunkBuilder::new(lines_before);
    for entry in entries {
        builder.push(entry);
    }
    builder.finish().unwrap()
}

proptest! {
    #[test]
    fn a_chunk_gives_back_what_it_was_given(entries in any_log(41)) {
        let EncodedChunk { data, stats, .. } = encoded(41, &entries);
        let chunk = Chunk::decode(&data).unwrap();
        prop_assert_eq!(chunk.iter().map(|entry| entry.to_log_entry()).collect::<Vec<_>>(), entries.clone());

        let lines = || entries.iter().filter_map(|entry| match entry {
            LogEntry::Line(line) => Some(line),
            LogEntry::Gap(_) => None,
        });
        prop_assert_eq!(stats.entries, entries.len() as u64);
        prop_assert_eq!(stats.gaps, (entries.len() - lines().count()) as u64);
        prop_assert_eq!(stats.levels.total(), lines().filter(|line| !line.continues).count() as u64);
        prop_assert_eq!(stats.first_line, lines().next().map_or(41, |line| line.number));
        prop_assert_eq!(stats.last_line, lines().last().map_or(41, |line| line.number));
        if let Some(earliest) = chunk.times().iter().min() {
            prop_assert_eq!((stats.earliest, Some(stats.latest)), (*earliest, chunk.times().iter().max().copied()));
        }
        for line in lines() {
            prop_assert!((stats.earliest..=stats.latest).contains(&nanoseconds(line.timestamp)));
            prop_assert!(chunk.get(chunk.at_line(line.number)).unwrap().number >= line.number);
        }
    }

    #[test]
    fn two_chunks_merge_into_the_same_as_one(entries in any_log(0), at in 0..60_usize) {
        let (front, back) = entries.split_at(at.min(entries.len()));
        let front = encoded(0, front);
        let back = encoded(front.stats.last_line, back);
        let mut builder = ChunkBuilder::new(0);
        for part in [&front, &back] {
            for entry in Chunk::decode(&part.data).unwrap().iter() {
                builder.add(entry);
            }
        }
        let merged = builder.finish().unwrap();
        let chunk = Chunk::decode(&merged.data).unwrap();
        prop_assert_eq!(chunk.iter().map(|entry| entry.to_log_entry()).collect::<Vec<_>>(), entries);
        prop_assert_eq!(merged.stats.levels.total(), front.stats.levels.total() + back.stats.levels.total());
    }

    #[test]
    fn damage_is_noticed(entries in any_log(0), byte in any::<prop::sample::Index>(), bit in 0..8_u8) {
        prop_assume!(!entries.is_empty());
        let mut data = encoded(0, &entries).data;
        let byte = byte.index(data.len());
        data[byte] ^= 1_u8 << bit;
        if let Ok(chunk) = Chunk::decode(&data) {
            // A bit of the frame's head may have no meaning.
            prop_assert_eq!(chunk.iter().map(|entry| entry.to_log_entry()).collect::<Vec<_>>(), entries);
        }
    }

    #[test]
    fn anything_is_read_without_harm(raw in any::<Vec<u8>>(), good in any::<bool>()) {
        let raw = if good { [vec![VERSION], raw].concat() } else { raw };
        let data = zstd::bulk::compress(&raw, 1).unwrap();
        if let Ok(chunk) = Chunk::decode(&data) {
            prop_assert_eq!(chunk.iter().count(), chunk.len());
        }
        let _ = Chunk::decode(&raw);
    }
}

#[test]
fn a_bomb_and_a_newer_form_are_refused() {
    let bomb = zstd::bulk::compress(&vec![0; usize::try_from(MAX_RAW + 1).unwrap()], 1).unwrap();
    assert!(matches!(Chunk::decode(&bomb), Err(ChunkError::Size)));
    let newer = zstd::bulk::compress(&[2, 0, 0, 0, 0, 0], 1).unwrap();
    assert!(matches!(Chunk::decode(&newer), Err(ChunkError::Version(2))));
    // A count that memory could not hold.
    let mut many = vec![VERSION];
    varint::put(&mut many, u64::MAX / 2);
    many.extend([0, 0, 0, 0]);
    assert!(matches!(Chunk::decode(&zstd::bulk::compress(&many, 1).unwrap()), Err(ChunkError::Columns(_))));
}

#[test]
fn a_million_ordinary_lines_need_a_fifth_of_their_bytes() {
    let mut builder = ChunkBuilder::new(0);
    for number in 1..=4_000_u32 {
        let message =
            format!("worker.{}: step {number} of the build was done in 12.3 s, {} warnings", number % 7, number % 5);
        builder.push(&LogEntry::Line(LogLine {
            number: number.into(),
            timestamp: timestamp(1_764_000_000_000_000_000 + i64::from(number) * 51_237),
            level: Level::Info,
            message: message.into(),
            continues: false,
        }));
    }
    let encoded = builder.finish().unwrap();
    assert!((encoded.data.len() as u64) * 5 < encoded.stats.bytes, "{} of {}", encoded.data.len(), encoded.stats.bytes);
}

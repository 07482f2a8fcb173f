//! Which lines are wanted.

use std::ops::Range;

use keruta_submitter::logs::Level;
use regex::bytes::{Regex, RegexBuilder};

use super::{Chunk, ChunkStats};

/// How much memory a regular expression may take when it is compiled, and when it runs.
const REGEX_BYTES: usize = 1 << 20;
/// How long a text to look for may be.
const LONGEST: usize = 4096;

/// A filter that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// No level has this name.
    #[error(
        "{0} is no level; write DEBUG, INFO, WARN or ERROR for it and all above, =INFO for it alone, INFO,ERROR for several"
    )]
    Level(String),
    /// The text to look for is too long.
    #[error("the text to look for has more than {LONGEST} bytes")]
    Long,
    /// The text to look for is empty.
    #[error("the text to look for is empty; leave it away")]
    Empty,
    /// The regular expression does not parse.
    #[error("the regular expression is not valid: {0}")]
    Regex(String),
    /// The regular expression is too large.
    #[error(
        "the regular expression takes more than {REGEX_BYTES} bytes when it is compiled; write it with fewer repetitions"
    )]
    RegexSize,
}

/// A set of levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levels(u8);

impl Levels {
    /// Every level.
    pub const ALL: Self = Self(0b1111);

    /// A level and all that are graver.
    #[must_use]
    pub const fn at_least(level: Level) -> Self {
        Self(0b1111 << level as u8 & 0b1111)
    }

    /// A level alone.
    #[must_use]
    pub const fn only(level: Level) -> Self {
        Self(1 << level as u8)
    }

    /// Whether a level is in it.
    #[must_use]
    pub const fn has(self, level: Level) -> bool {
        self.0 & 1 << level as u8 != 0
    }
}

impl std::str::FromStr for Levels {
    type Err = FilterError;

    /// `WARN`: it and what is graver. `=WARN`: it alone. `INFO,ERROR`: these.
    fn from_str(text: &str) -> Result<Self, FilterError> {
        let level = |name: &str| match name.trim().to_ascii_uppercase().as_str() {
            "DEBUG" => Ok(Level::Debug),
            "INFO" => Ok(Level::Info),
            "WARN" | "WARNING" => Ok(Level::Warn),
            "ERROR" => Ok(Level::Error),
            _ => Err(FilterError::Level(name.chars().take(40).collect())),
        };
        if let Some(name) = text.strip_prefix('=') {
            return level(name).map(Self::only);
        }
        if !text.contains(',') {
            return level(text).map(Self::at_least);
        }
        let names = text.split(',').filter(|name| !name.trim().is_empty());
        names.map(level).try_fold(Self(0), |set, level| Ok(Self(set.0 | Self::only(level?).0)))
    }
}

/// A text that a line must contain.
#[derive(Debug, Clone)]
pub struct TextFilter {
    regex: Regex,
    /// It has a fixed text that may be looked for in many lines at once.
    literal: bool,
}

impl TextFilter {
    /// Lines that contain a text; without regard to case unless it has an upper-case letter.
    ///
    /// # Errors
    ///
    /// Where it is empty or too long.
    ///
    /// ```
    /// use keruta_server::log::TextFilter;
    ///
    /// assert!(TextFilter::keyword("time.out").unwrap().is_match(b"a Time.Out happened"));
    /// assert!(!TextFilter::keyword("Time").unwrap().is_match(b"time"));
    /// ```
    pub fn keyword(text: &str) -> Result<Self, FilterError> {
        if text.is_empty() {
            return Err(FilterError::Empty);
        }
        let regardless = !text.chars().any(char::is_uppercase);
        Ok(Self { literal: true, ..Self::compile(text, &regex::escape(text), regardless)? })
    }

    /// Lines that a regular expression of the `regex` crate matches: its time is linear in a line's length.
    ///
    /// # Errors
    ///
    /// Where it does not parse, or is too large.
    pub fn regex(pattern: &str) -> Result<Self, FilterError> {
        if pattern.is_empty() {
            return Err(FilterError::Empty);
        }
        Self::compile(pattern, pattern, false)
    }

    fn compile(text: &str, pattern: &str, regardless: bool) -> Result<Self, FilterError> {
        if text.len() > LONGEST {
            return Err(FilterError::Long);
        }
        let regex = RegexBuilder::new(pattern)
            .case_insensitive(regardless)
            .size_limit(REGEX_BYTES)
            .dfa_size_limit(REGEX_BYTES)
            .nest_limit(100)
            .build();
        match regex {
            Ok(regex) => Ok(Self { regex, literal: false }),
            Err(regex::Error::CompiledTooBig(_)) => Err(FilterError::RegexSize),
            Err(error) => Err(FilterError::Regex(error.to_string())),
        }
    }

    /// Whether a line has it.
    #[must_use]
    pub fn is_match(&self, line: &[u8]) -> bool {
        self.regex.is_match(line)
    }

    /// The entries of a chunk that have it, within `range`.
    fn pick(&self, chunk: &Chunk, range: Range<usize>) -> Vec<u32> {
        let mut found = Vec::new();
        if range.is_empty() {
            return found;
        }
        if !self.literal {
            found.extend(range.filter(|index| self.is_match(&chunk.text()[chunk.range(*index)])).filter_map(narrow));
            return found;
        }
        // All at once; what lies across the end of a message is none.
        let text = &chunk.text()[..chunk.range(range.end - 1).end];
        let mut from = chunk.range(range.start).start;
        while let Some(hit) = self.regex.find_at(text, from) {
            let index = chunk.index_of(hit.start());
            let message = chunk.range(index);
            if hit.end() <= message.end {
                found.extend(narrow(index));
                from = message.end;
            } else {
                from = hit.start() + 1;
            }
        }
        found
    }
}

fn narrow(index: usize) -> Option<u32> {
    u32::try_from(index).ok()
}

/// Which entries are wanted. The default wants all.
#[derive(Debug, Clone)]
pub struct LineFilter {
    /// Of these levels. Gaps are wanted at every level.
    pub levels: Levels,
    /// Not before this time, in nanoseconds since the epoch.
    pub since: Option<i64>,
    /// Before this time.
    pub until: Option<i64>,
    /// Whose line has all of these.
    pub texts: Vec<TextFilter>,
}

impl Default for LineFilter {
    fn default() -> Self {
        Self { levels: Levels::ALL, since: None, until: None, texts: Vec::new() }
    }
}

/// Entries of a chunk that are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// All from one place to another.
    All(Range<usize>),
    /// These.
    Some(Vec<u32>),
}

impl Picked {
    /// How many they are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::All(range) => range.end.saturating_sub(range.start),
            Self::Some(indices) => indices.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The place in the chunk of the entry that is `nth` of them.
    #[must_use]
    pub fn get(&self, nth: usize) -> Option<usize> {
        match self {
            Self::All(range) => Some(range.start + nth).filter(|index| *index < range.end),
            Self::Some(indices) => indices.get(nth).map(|index| *index as usize),
        }
    }
}

impl LineFilter {
    /// Whether everything is wanted.
    #[must_use]
    pub fn wants_all(&self) -> bool {
        self.levels == Levels::ALL && self.since.is_none() && self.until.is_none() && self.texts.is_empty()
    }

    /// Whether a chunk may have an entry that is wanted.
    #[must_use]
    pub fn may_match(&self, stats: &ChunkStats) -> bool {
        self.since.is_none_or(|since| stats.latest >= since)
            && self.until.is_none_or(|until| stats.earliest < until)
            && (self.levels == Levels::ALL
                // A piece of a line is not counted.
                || stats.entries > stats.levels.total()
                || LEVELS.into_iter().any(|level| self.levels.has(level) && stats.levels.of(level) > 0))
    }

    /// The entries of a chunk within `range` that are wanted.
    #[must_use]
    pub fn pick(&self, chunk: &Chunk, range: Range<usize>) -> Picked {
        let range = range.start.min(chunk.len())..range.end.min(chunk.len());
        if self.wants_all() {
            return Picked::All(range);
        }
        let Some((first, more)) = self.texts.split_first() else {
            return Picked::Some(range.filter(|index| self.wants(chunk, *index)).filter_map(narrow).collect());
        };
        let mut picked = first.pick(chunk, range);
        picked.retain(|index| {
            let message = || &chunk.text()[chunk.range(*index as usize)];
            self.wants(chunk, *index as usize) && more.iter().all(|text| text.is_match(message()))
        });
        Picked::Some(picked)
    }

    fn wants(&self, chunk: &Chunk, index: usize) -> bool {
        chunk.get(index).is_some_and(|entry| {
            (entry.gap && self.texts.is_empty() || !entry.gap && self.levels.has(entry.level))
                && self.since.is_none_or(|since| entry.time >= since)
                && self.until.is_none_or(|until| entry.time < until)
        })
    }
}

const LEVELS: [Level; 4] = [Level::Debug, Level::Info, Level::Warn, Level::Error];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::ChunkBuilder;
    use crate::log::chunk::any_log;

    #[test]
    fn levels_are_at_least_only_or_several() {
        let names = |text: &str| {
            let set: Levels = text.parse().unwrap();
            LEVELS.into_iter().filter(|level| set.has(*level)).map(Level::as_str).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names("debug"), "DEBUG INFO WARN ERROR");
        assert_eq!(names("WARN"), "WARN ERROR");
        assert_eq!(names("=INFO"), "INFO");
        assert_eq!(names("DEBUG,ERROR"), "DEBUG ERROR");
        for wrong in ["", "FATAL", "INFO,x", "="] {
            assert!(matches!(wrong.parse::<Levels>(), Err(FilterError::Level(_))), "{wrong}");
        }
    }

    #[test]
    fn a_keyword_is_no_pattern_and_does_not_cross_lines() {
        let keyword = |text| TextFilter::keyword(text).unwrap();
        assert!(keyword("a.b").is_match(b"A.B") && !keyword("a.b").is_match(b"axb"));
        assert!(keyword("失敗").is_match("処理に失敗しました".as_bytes()));
        assert!(keyword("x").is_match(b"\xff\xfex\xff"));
        let mut builder = ChunkBuilder::new(0);
        for message in ["ab", "ba", "aab", ""] {
            builder.push(&line(message));
        }
        let chunk = Chunk::decode(&builder.finish().unwrap().data).unwrap();
        let picked =
            |text, range| LineFilter { texts: vec![keyword(text)], ..LineFilter::default() }.pick(&chunk, range);
        assert_eq!(picked("bb", 0..4), Picked::Some(vec![]));
        assert_eq!(picked("a", 0..4), Picked::Some(vec![0, 1, 2]));
        assert_eq!(picked("ab", 1..9), Picked::Some(vec![2]));
    }

    fn line(message: &str) -> keruta_submitter::logs::LogEntry {
        keruta_submitter::logs::LogEntry::Line(keruta_submitter::logs::LogLine {
            number: 1,
            timestamp: "2026-11-30T10:00:00Z".parse().unwrap(),
            level: Level::Info,
            message: message.to_owned().into(),
            continues: false,
        })
    }

    #[test]
    fn a_pattern_is_bounded() {
        assert!(matches!(TextFilter::regex("(a{1000}){1000}"), Err(FilterError::RegexSize)));
        assert!(matches!(TextFilter::regex("("), Err(FilterError::Regex(_))));
        assert!(matches!(TextFilter::regex(&"a".repeat(5000)), Err(FilterError::Long)));
        assert!(matches!(TextFilter::keyword(""), Err(FilterError::Empty)));
        // What makes others run for ever.
        let evil = TextFilter::regex("^(a+)+$").unwrap();
        assert!(!evil.is_match(&[b"a".repeat(100_000), b"b".to_vec()].concat()));
    }

    proptest! {
        #[test]
        fn what_is_picked_is_what_each_line_says(
            entries in any_log(0), keyword in "[a-c]{1,2}", pattern in "[a-c]\\.?", at_least in 0..4_usize,
            since in proptest::option::of(any::<i64>()), range in (0..70_usize, 0..70_usize),
        ) {
            let mut builder = ChunkBuilder::new(0);
            for entry in &entries {
                builder.push(entry);
            }
            let encoded = builder.finish().unwrap();
            let chunk = Chunk::decode(&encoded.data).unwrap();
            let texts = vec![TextFilter::keyword(&keyword).unwrap(), TextFilter::regex(&pattern).unwrap()];
            for texts in [vec![], texts[..1].to_vec(), texts[1..].to_vec(), texts] {
                let filter = LineFilter { levels: Levels::at_least(LEVELS[at_least]), since, until: None, texts };
                let wanted: Vec<_> = (range.0..range.1.min(chunk.len())).filter(|index| {
                    let entry = chunk.get(*index).unwrap();
                    since.is_none_or(|since| entry.time >= since)
                        && if entry.gap { filter.texts.is_empty() } else { entry.level as usize >= at_least }
                        && filter.texts.iter().all(|text| text.is_match(entry.message))
                }).collect();
                let picked = filter.pick(&chunk, range.0..range.1);
                let picked: Vec<_> = (0..picked.len()).map(|nth| picked.get(nth).unwrap()).collect();
                prop_assert_eq!(&picked, &wanted);
                prop_assert!(wanted.is_empty() || filter.may_match(&encoded.stats));
            }
        }
    }
}

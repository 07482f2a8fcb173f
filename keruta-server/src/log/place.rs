//! A place in a task's log.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::Direction;

/// How many logs a place may speak of.
const MOST: usize = 10_000;

/// How many entries of each log stand before a place; none of a log that it does not name.
///
/// Its text (`1-a.2-1f`) is opaque to clients.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<i64, u64>);

/// A place and the way in which to read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which way.
    pub direction: Direction,
    /// From where.
    pub places: Places,
}

/// A text that is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not a cursor of this server; take one from an answer as it is")]
pub struct PlaceError;

impl Places {
    /// How many entries of a log stand before it.
    #[must_use]
    pub fn of(&self, log: i64) -> u64 {
        self.0.get(&log).copied().unwrap_or_default()
    }

    /// Sets how many entries of a log stand before it.
    pub fn set(&mut self, log: i64, entries: u64) {
        if entries == 0 {
            self.0.remove(&log);
        } else {
            self.0.insert(log, entries);
        }
    }

    /// The logs of which something stands before it.
    pub fn iter(&self) -> impl Iterator<Item = (i64, u64)> {
        self.0.iter().map(|(log, entries)| (*log, *entries))
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (log, entries)) in self.0.iter().enumerate() {
            write!(f, "{}{log:x}-{entries:x}", if index == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

impl FromStr for Places {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let mut places = Self::default();
        for part in text.split('.').filter(|_| !text.is_empty()) {
            let (log, entries) = part.split_once('-').ok_or(PlaceError)?;
            // Digits alone: the standard library takes a sign as well.
            if places.0.len() == MOST || !part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
                return Err(PlaceError);
            }
            let log = i64::from_str_radix(log, 16).map_err(|_| PlaceError)?;
            // What a database can count.
            let entries = i64::from_str_radix(entries, 16).ok().and_then(|entries| u64::try_from(entries).ok());
            places.set(log, entries.ok_or(PlaceError)?);
        }
        Ok(places)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.direction {
            Direction::Forward => 'n',
            Direction::Backward => 'p',
        };
        write!(f, "{letter}{}", self.places)
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let direction = match text.as_bytes().first() {
            Some(b'n') => Direction::Forward,
            Some(b'p') => Direction::Backward,
            _ => return Err(PlaceError),
        };
        Ok(Self { direction, places: text[1..].parse()? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_place_is_its_text(logs in proptest::collection::btree_map(0..i64::MAX, 0..i64::MAX, 0..9), forward: bool) {
            let mut places = Places::default();
            for (log, entries) in logs {
                places.set(log, entries.cast_unsigned());
            }
            let direction = if forward { Direction::Forward } else { Direction::Backward };
            let place = Place { direction, places };
            prop_assert_eq!(place.to_string().parse::<Place>(), Ok(place.clone()));
            prop_assert_eq!(place.places.to_string().parse::<Places>(), Ok(place.places));
        }

        #[test]
        fn any_text_is_read_without_harm(text: String) {
            let _ = text.parse::<Place>();
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in ["", "x", "n-", "n1", "n1-", "n1-2.", "n1-+2", "n1--2", "n1-ffffffffffffffff", "né1-2", "n1-2 "] {
            assert_eq!(text.parse::<Place>(), Err(PlaceError), "{text}");
        }
        assert_eq!("n".parse::<Place>().unwrap().places, Places::default());
    }
}

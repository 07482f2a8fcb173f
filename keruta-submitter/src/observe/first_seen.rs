//! When a state that may heal was first seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

/// When states that may heal by themselves were first seen, so that a grace runs on across restarts.
///
/// It stands on the Job as the annotation [`FIRST_SEEN`](super::annotations::FIRST_SEEN). Keys are made by
/// [`classify`](crate::classify::classify): `ImagePull/<pod>/<container>`; those it does not know it leaves alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "BTreeMap<Box<str>, Timestamp>")]
pub struct FirstSeen(
    /// By state. Most attempts have one or none: a map would make room for eleven.
    Vec<(Box<str>, Timestamp)>,
);

/// The most that are kept: a Job whose Pods fail anew would gather more and more.
const MOST: usize = 16;

impl FirstSeen {
    /// When this state was first seen.
    #[must_use]
    pub fn get(&self, state: &str) -> Option<Timestamp> {
        self.find(state).ok().and_then(|index| self.0.get(index)).map(|(_, at)| *at)
    }

    /// Whether no such state was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many such states were seen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The states and when each was first seen, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Timestamp)> {
        self.0.iter().map(|(state, at)| (&**state, *at))
    }

    /// Notes a state, unless it is known; returns when it was first seen. The oldest is forgotten where there are too many.
    pub(crate) fn note(&mut self, state: &str, now: Timestamp) -> Timestamp {
        if let Some(at) = self.get(state) {
            return at;
        }
        while self.0.len() >= MOST {
            let Some((oldest, _)) = self.0.iter().enumerate().min_by_key(|(_, (_, at))| *at) else { break };
            self.0.remove(oldest);
        }
        if let Err(index) = self.find(state) {
            self.0.reserve_exact(1);
            self.0.insert(index, (state.into(), now));
        }
        now
    }

    /// Forgets a state that has healed.
    pub(crate) fn forget(&mut self, state: &str) {
        if let Ok(index) = self.find(state) {
            self.0.remove(index);
        }
    }

    /// Where a state is, or belongs.
    fn find(&self, state: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(state))
    }

    /// The annotation's value: compact JSON.
    #[must_use]
    pub fn to_annotation(&self) -> String {
        let mut json = String::from("{");
        for (state, at) in &self.0 {
            let comma = if json.len() > 1 { "," } else { "" };
            // Display of a JSON value escapes as JSON does; writing into a String cannot fail.
            let _ = write!(json, "{comma}{}:\"{at}\"", serde_json::Value::from(&**state));
        }
        json.push('}');
        json
    }
}

impl From<BTreeMap<Box<str>, Timestamp>> for FirstSeen {
    fn from(states: BTreeMap<Box<str>, Timestamp>) -> Self {
        Self(states.into_iter().collect())
    }
}

impl Serialize for FirstSeen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_first_time_counts_until_the_state_has_healed() {
        let mut seen = FirstSeen::default();
        for (state, second) in [("b", 1), ("a", 2), ("b", 3), ("c", 4)] {
            seen.note(state, at(second));
        }
        assert_eq!(seen.iter().collect::<Vec<_>>(), [("a", at(2)), ("b", at(1)), ("c", at(4))]);
        seen.forget("a");
        seen.forget("none");
        assert_eq!((seen.get("a"), seen.note("b", at(9)), seen.len()), (None, at(1), 2));
        assert_eq!(serde_json::to_string(&seen).unwrap(), seen.to_annotation());
        assert_eq!(serde_json::from_str::<FirstSeen>(&seen.to_annotation()).unwrap(), seen);
    }

    #[test]
    fn the_oldest_is_forgotten_where_there_are_too_many() {
        let mut seen = FirstSeen::default();
        for number in 0..30 {
            seen.note(&format!("{number}"), at(100 - number));
        }
        assert_eq!(seen.len(), MOST);
        assert_eq!((seen.get("29"), seen.get("0")), (Some(at(71)), Some(at(100))));
        assert_eq!(seen.get("28"), None, "each in turn was the oldest when the next one came");
    }
}

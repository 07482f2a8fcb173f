//! When a state that may heal was first seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// When states that may heal by themselves were first seen, so that a grace runs on across restarts.
///
/// It stands on the Job as the annotation [`FIRST_SEEN`](super::annotations::FIRST_SEEN). Keys are made by
/// [`classify`](crate::classify::classify): `ImagePull/<pod>/<container>`; those it does not know it leaves alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FirstSeen(BTreeMap<Box<str>, Timestamp>);

/// The most that are kept: a Job whose Pods fail anew would gather more and more.
const MOST: usize = 16;

impl FirstSeen {
    /// When this state was first seen.
    #[must_use]
    pub fn get(&self, state: &str) -> Option<Timestamp> {
        self.0.get(state).copied()
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
            let Some(oldest) = self.0.iter().min_by_key(|(_, at)| **at).map(|(state, _)| state.clone()) else { break };
            self.0.remove(&oldest);
        }
        self.0.insert(state.into(), now);
        now
    }

    /// Forgets a state that has healed.
    pub(crate) fn forget(&mut self, state: &str) {
        self.0.remove(state);
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

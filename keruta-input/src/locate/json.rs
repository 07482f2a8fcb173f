//! Places in JSON: `serde_json`'s raw values are slices of the text, so that where they begin says where they stand.

use std::fmt;
use std::ops::Range;

use keruta_manifest::problem::Segment;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Found;

/// Names that a task's field also goes by; a problem found after reading bears the first.
const ALIASES: [(&str, &str); 2] = [("parentId", "parentTaskId"), ("env", "additionalEnv")];

pub(super) fn locate(text: &str, path: &[Segment]) -> Option<Found> {
    let mut here: &RawValue = serde_json::from_str(text).ok()?;
    let mut found = Found { value: range(text, here), key: None, depth: 0 };
    for segment in path {
        let next = match segment {
            Segment::Index(index) => serde_json::from_str::<Vec<&RawValue>>(here.get()).ok()?.get(*index).copied(),
            Segment::Key(key) => member(here, key),
        };
        let Some(next) = next else { break };
        here = next;
        let value = range(text, here);
        let key = matches!(segment, Segment::Key(_)).then(|| key_before(text, value.start)).flatten();
        found = Found { value, key, depth: found.depth + 1 };
    }
    Some(found)
}

fn member<'t>(object: &'t RawValue, wanted: &str) -> Option<&'t RawValue> {
    let Members(members) = serde_json::from_str(object.get()).ok()?;
    let named = |name: &str| members.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value);
    named(wanted).or_else(|| {
        let (_, alias) = ALIASES.iter().find(|(name, _)| *name == wanted)?;
        named(alias)
    })
}

fn range(text: &str, value: &RawValue) -> Range<usize> {
    let start = (value.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + value.get().len()
}

/// The key, with its quotes, that ends before the colon before `value`.
fn key_before(text: &str, value: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let colon = bytes.get(..value)?.iter().rposition(|byte| *byte == b':')?;
    let end = bytes.get(..colon)?.iter().rposition(|byte| *byte == b'"')?;
    let mut start = end;
    loop {
        start = bytes.get(..start)?.iter().rposition(|byte| *byte == b'"')?;
        let escapes = bytes.get(..start)?.iter().rev().take_while(|byte| **byte == b'\\').count();
        if escapes % 2 == 0 {
            return Some(start..end + 1);
        }
    }
}

/// The members of an object in their order.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de: 't, 't> Deserialize<'de> for Members<'t> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

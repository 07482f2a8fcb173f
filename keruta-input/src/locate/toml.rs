//! Places in TOML.

use std::ops::Range;

use keruta_manifest::problem::Segment;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Found;

pub(super) fn locate(text: &str, path: &[Segment]) -> Option<Found> {
    let document = DeTable::parse(text).ok()?;
    let whole = 0..text.trim_end().len();
    let mut found = Found { value: whole, key: None, depth: 0 };
    let Some((Segment::Key(first), rest)) = path.split_first() else { return Some(found) };
    let Some((mut key, mut here)) = member(document.get_ref(), first) else { return Some(found) };
    found = step(text, Some(key.span()), here, 1);
    for segment in rest {
        let depth = found.depth + 1;
        match (segment, here.get_ref()) {
            (Segment::Key(name), DeValue::Table(table)) => {
                let Some(next) = member(table, name) else { break };
                (key, here) = next;
                found = step(text, Some(key.span()), here, depth);
            }
            (Segment::Index(index), DeValue::Array(items)) => {
                let Some(next) = items.get(*index) else { break };
                here = next;
                found = step(text, None, here, depth);
            }
            _ => break,
        }
    }
    Some(found)
}

fn member<'t, 'i>(
    table: &'t DeTable<'i>,
    name: &str,
) -> Option<(&'t Spanned<toml::de::DeString<'i>>, &'t Spanned<DeValue<'i>>)> {
    table.iter().find(|(key, _)| key.get_ref() == name)
}

fn step(text: &str, key: Option<Range<usize>>, value: &Spanned<DeValue<'_>>, depth: usize) -> Found {
    let span = value.span();
    let value = if span.end <= text.len() { span } else { 0..0 };
    Found { value, key, depth }
}

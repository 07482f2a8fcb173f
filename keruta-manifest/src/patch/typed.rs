//! From the patched document back to the typed template, losing nothing in silence.
//!
//! The types of `k8s-openapi` ignore fields that they do not know; here each of these is an error.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_ignored::Path;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::check::{identity, is_directive};
use super::error::PatchError;
use super::fields::{Spot, spot};
use super::merge_keys::{Field, Fields, List, TEMPLATE};
use super::pointer::{join, kind};

/// So many wrong values are looked for; each costs another reading of the document.
const MAX_READINGS: usize = 64;

/// The typed template; `locate` names the place in the patch for a place in the document.
pub(super) fn read(
    mut document: Value,
    locate: impl Fn(&[String]) -> String,
) -> Result<PodTemplateSpec, Vec<PatchError>> {
    if !document.is_object() {
        return Err(vec![PatchError::NotAnObject { pointer: locate(&[]), found: kind(&document) }]);
    }
    let mut errors = Vec::new();
    for _ in 0..MAX_READINGS {
        let mut unknown = Vec::new();
        let template = serde_ignored::deserialize::<_, _, PodTemplateSpec>(&document, |path| {
            unknown.push(segments(&path));
        });
        let done = match template {
            Ok(template) if unknown.is_empty() && errors.is_empty() => return Ok(template),
            Ok(_) => true,
            Err(error) => {
                let path = failing_path(&document);
                if quantities_as_strings(&mut document, &path) {
                    continue;
                }
                errors.push(PatchError::WrongType {
                    pointer: locate(&path),
                    target: join(&path),
                    problem: error.to_string(),
                });
                // With the wrong value out of the way the next reading finds the next one.
                !clear(&mut document, &path)
            }
        };
        if done {
            errors.extend(unknown.iter().map(|path| unknown_field(path, locate(path))));
            break;
        }
    }
    Err(errors)
}

/// Elements without their key, and two elements with one key, in lists that the template did not have so.
pub(super) fn check_keys(before: &Value, after: &Value, locate: impl Fn(&[String]) -> String) -> Vec<PatchError> {
    let mut errors = Vec::new();
    for (place, list, items) in keyed_lists(after) {
        let List::Keyed { key, also } = list.list else { continue };
        let mut seen = HashSet::new();
        let mut faults = Vec::new();
        for (index, item) in items.iter().enumerate() {
            // What is no object has a wrong type, and is told as such.
            let Value::Object(map) = item else { continue };
            let pointer = || locate(&[place.as_slice(), &[index.to_string()]].concat());
            let list = list.name.to_owned();
            match map.get(key) {
                None | Some(Value::Null) => faults.push(PatchError::NoKey { pointer: pointer(), list, key }),
                Some(value) if !seen.insert(identity(map, value, also)) => {
                    faults.push(PatchError::DuplicateKey { pointer: pointer(), list, key, value: value.to_string() });
                }
                Some(_) => {}
            }
        }
        if !faults.is_empty() && !keyed_lists(before).iter().any(|(_, _, old)| *old == items) {
            errors.extend(faults);
        }
    }
    errors
}

/// Every list that merges by a key, with its place.
fn keyed_lists(document: &Value) -> Vec<(Vec<String>, &'static Field, &Vec<Value>)> {
    let mut lists = Vec::new();
    let mut open = vec![(Vec::new(), document, &TEMPLATE as Fields)];
    while let Some((place, value, fields)) = open.pop() {
        for known in fields {
            let place = [place.as_slice(), &[known.name.to_owned()]].concat();
            match (value.get(known.name), known.list) {
                (Some(Value::Array(items)), List::Keyed { .. }) => {
                    for (index, item) in items.iter().enumerate().rev() {
                        open.push(([place.as_slice(), &[index.to_string()]].concat(), item, known.fields));
                    }
                    lists.push((place, known, items));
                }
                (Some(below @ Value::Object(_)), _) => open.push((place, below, known.fields)),
                _ => {}
            }
        }
    }
    lists
}

fn unknown_field(path: &[String], pointer: String) -> PatchError {
    let (name, parents) = path.split_last().map_or((String::new(), path), |(name, parents)| (name.clone(), parents));
    if is_directive(&name) {
        return PatchError::Directive {
            pointer,
            directive: name,
            problem: "is a directive of strategic merge patches, and this is none".to_owned(),
            cure: "remove it, or write the patch as `strategic`".to_owned(),
        };
    }
    let nearest = match spot::<PodTemplateSpec>(parents) {
        Some(Spot::Struct(fields)) => nearest(&name, fields),
        _ => None,
    };
    PatchError::UnknownField { pointer, target: join(path), field: name, nearest }
}

fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let likeness = |known: &str| strsim::jaro_winkler(&lower, &known.to_lowercase());
    let best = known.iter().max_by(|left, right| likeness(left).total_cmp(&likeness(right)))?;
    (likeness(best) >= 0.85).then_some(*best)
}

/// Kubernetes takes a number where a quantity belongs (`cpu: 2`), the types of `k8s-openapi` do not.
fn quantities_as_strings(document: &mut Value, path: &[String]) -> bool {
    let Some(value) = at_mut(document, path) else { return false };
    if !value.is_number() || spot::<PodTemplateSpec>(path) != Some(Spot::Newtype("Quantity")) {
        return false;
    }
    *value = Value::String(value.to_string());
    true
}

fn clear(document: &mut Value, path: &[String]) -> bool {
    match at_mut(document, path) {
        None | Some(Value::Null) => false,
        Some(value) => {
            *value = Value::Null;
            true
        }
    }
}

fn at_mut<'a>(document: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    document.pointer_mut(&join(path))
}

fn failing_path(document: &Value) -> Vec<String> {
    let read: Result<PodTemplateSpec, _> = serde_path_to_error::deserialize(document);
    let mut path = Vec::new();
    for segment in read.err().iter().flat_map(|error| error.path().iter()) {
        match segment {
            Segment::Seq { index } => path.push(index.to_string()),
            Segment::Map { key } => path.push(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    path
}

fn segments(path: &Path<'_>) -> Vec<String> {
    match path {
        Path::Root => Vec::new(),
        Path::Seq { parent, index } => pushed(parent, index.to_string()),
        Path::Map { parent, key } => pushed(parent, key.clone()),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => segments(parent),
    }
}

fn pushed(parent: &Path<'_>, token: String) -> Vec<String> {
    let mut path = segments(parent);
    path.push(token);
    path
}

//! Strategic merge: the merge itself, of a patch in which `check` found no fault.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::check::{DELETE_FROM, PATCH, RETAIN_KEYS, SET_ORDER, check, is_directive};
use super::error::PatchError;
use super::merge_keys::{Fields, List, TEMPLATE, field};
use super::order::arrange;
use super::pointer::child;

type Object = Map<String, Value>;

/// Applies the patch to a template; `at` is where the patch stands.
pub(super) fn apply(template: Object, patch: &Object, at: &str) -> Result<Value, Vec<PatchError>> {
    let mut errors = check(patch, &TEMPLATE, at);
    if !errors.is_empty() {
        return Err(errors);
    }
    let merged = Merge { errors: &mut errors }.object(template, patch, &TEMPLATE, at);
    if errors.is_empty() { Ok(Value::Object(merged)) } else { Err(errors) }
}

struct Merge<'a> {
    errors: &'a mut Vec<PatchError>,
}

impl Merge<'_> {
    fn object(&mut self, mut old: Object, patch: &Object, fields: Fields, at: &str) -> Object {
        if let Some(directive) = patch.get(PATCH) {
            return if directive == "replace" { self.new_object(patch, at) } else { Map::new() };
        }
        if let Some(Value::Array(retained)) = patch.get(RETAIN_KEYS) {
            let retained: HashSet<&str> = retained.iter().filter_map(Value::as_str).collect();
            old.retain(|name, _| retained.contains(name.as_str()));
        }
        let mut orders = HashMap::new();
        for (name, value) in patch {
            if let Some(list) = name.strip_prefix(DELETE_FROM) {
                // The original leaves it to chance whether a scalar that is removed and added at once
                // stays; here it stays.
                remove_scalars(old.get_mut(list), value);
            } else if let (Some(list), Value::Array(order)) = (name.strip_prefix(SET_ORDER), value) {
                let old_keys = keys(old.get(list), field(fields, list).0);
                orders.insert(list, (order, old_keys));
            }
        }
        for (name, value) in patch.iter().filter(|(name, _)| !is_directive(name)) {
            let merged = self.value(old.remove(name), value, name, fields, &child(at, name));
            old.extend(merged.map(|merged| (name.clone(), merged)));
        }
        for (name, (order, old_keys)) in orders {
            if let Some(Value::Array(items)) = old.get_mut(name) {
                let list = field(fields, name).0;
                let items_with_keys =
                    std::mem::take(items).into_iter().map(|item| (key_of(&item, list), item)).collect();
                let order: Vec<_> = order.iter().map(|item| key_of(item, list)).collect();
                *items = arrange(items_with_keys, &order, &old_keys);
            }
        }
        old
    }

    fn value(
        &mut self,
        old: Option<Value>,
        patch: &Value,
        name: &str,
        fields: Fields,
        at: &str,
    ) -> Option<Value> {
        let (list, below) = field(fields, name);
        match (old, patch) {
            (_, Value::Null) => None,
            (Some(Value::Object(old)), Value::Object(patch)) => {
                Some(Value::Object(self.object(old, patch, below, at)))
            }
            (Some(Value::Array(old)), Value::Array(patch)) => Some(Value::Array(match list {
                List::Keyed { key, .. } => self.keyed(old, patch, (name, key), below, at),
                List::Set => set(old, patch),
                List::Atomic => self.new_list(patch, at),
            })),
            (_, patch) => self.new_value(patch, at),
        }
    }

    fn keyed(
        &mut self,
        mut old: Vec<Value>,
        patch: &[Value],
        by: (&str, &'static str),
        fields: Fields,
        at: &str,
    ) -> Vec<Value> {
        let (list, key) = by;
        let directive = |item: &Value| item.get(PATCH).and_then(Value::as_str).map(str::to_owned);
        if patch.iter().any(|item| directive(item).as_deref() == Some("replace")) {
            return self.new_list(patch, at);
        }
        let deleted: HashSet<String> = patch
            .iter()
            .filter(|item| directive(item).is_some())
            .filter_map(|item| item.get(key))
            .map(Value::to_string)
            .collect();
        old.retain(|item| item.get(key).is_none_or(|value| !deleted.contains(&value.to_string())));

        let treatment = List::Keyed { key, also: None };
        let mut merged: Vec<(String, Value)> =
            old.into_iter().map(|item| (key_of(&item, treatment), item)).collect();
        let old_order: Vec<String> = merged.iter().map(|(key, _)| key.clone()).collect();
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, key) in old_order.iter().enumerate() {
            places.entry(key.clone()).or_default().push(place);
        }
        let mut patch_order = Vec::new();
        for (index, item) in patch.iter().enumerate() {
            let (Value::Object(map), None) = (item, directive(item)) else { continue };
            let here = child(at, &index.to_string());
            let value = key_of(item, treatment);
            let found = places.entry(value.clone()).or_default();
            match found.as_slice() {
                [] => {
                    found.push(merged.len());
                    let new = Value::Object(self.new_object(map, &here));
                    merged.push((value.clone(), new));
                }
                [place] if *place < old_order.len() && !patch_order.contains(&value) => {
                    let place = *place;
                    if let Value::Object(old) = merged[place].1.take() {
                        merged[place].1 = Value::Object(self.object(old, map, fields, &here));
                    }
                }
                // The original merges into the first one it meets, which makes two equal elements of them.
                _ => self.errors.push(PatchError::DuplicateKey {
                    pointer: here,
                    list: list.to_owned(),
                    key,
                    value: value.clone(),
                }),
            }
            patch_order.push(value);
        }
        arrange(merged, &patch_order, &old_order)
    }

    /// A value where there was none to merge with: without nulls and directives.
    fn new_value(&mut self, patch: &Value, at: &str) -> Option<Value> {
        match patch {
            Value::Object(map) if map.contains_key(PATCH) => {
                if map.len() > 1 {
                    self.errors.push(PatchError::Directive {
                        pointer: child(at, PATCH),
                        directive: PATCH.to_owned(),
                        problem:
                            "has nothing to replace here, and Kubernetes then drops what stands beside it"
                                .to_owned(),
                        cure: "remove it: the fields beside it are set without it".to_owned(),
                    });
                }
                None
            }
            Value::Object(map) => Some(Value::Object(self.new_object(map, at))),
            Value::Array(items) => Some(Value::Array(self.new_list(items, at))),
            scalar => Some(scalar.clone()),
        }
    }

    fn new_object(&mut self, patch: &Object, at: &str) -> Object {
        patch
            .iter()
            .filter(|(name, value)| !is_directive(name) && !value.is_null())
            .filter_map(|(name, value)| Some((name.clone(), self.new_value(value, &child(at, name))?)))
            .collect()
    }

    fn new_list(&mut self, patch: &[Value], at: &str) -> Vec<Value> {
        patch
            .iter()
            .enumerate()
            .filter(|(_, item)| item.get(PATCH).is_none())
            .filter_map(|(index, item)| self.new_value(item, &child(at, &index.to_string())))
            .collect()
    }
}

fn set(old: Vec<Value>, patch: &[Value]) -> Vec<Value> {
    let old_order: Vec<String> = old.iter().map(Value::to_string).collect();
    let patch_order: Vec<String> = patch.iter().map(Value::to_string).collect();
    let mut seen = HashSet::new();
    let both = old.into_iter().chain(patch.iter().cloned()).map(|item| (item.to_string(), item));
    arrange(both.filter(|(key, _)| seen.insert(key.clone())).collect(), &patch_order, &old_order)
}

fn remove_scalars(old: Option<&mut Value>, removed: &Value) {
    if let (Some(Value::Array(old)), Value::Array(removed)) = (old, removed) {
        let removed: HashSet<String> = removed.iter().map(Value::to_string).collect();
        old.retain(|item| !removed.contains(&item.to_string()));
    }
}

fn keys(list: Option<&Value>, treatment: List) -> Vec<String> {
    list.and_then(Value::as_array).into_iter().flatten().map(|item| key_of(item, treatment)).collect()
}

/// What tells an element of a list apart, as JSON.
pub(super) fn key_of(item: &Value, list: List) -> String {
    match list {
        List::Keyed { key, .. } => item.get(key).unwrap_or(&Value::Null).to_string(),
        List::Set | List::Atomic => item.to_string(),
    }
}

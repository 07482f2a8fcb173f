//! What can be said of a strategic merge patch without knowing what it will be applied to.
//!
//! `kubectl` refuses some of this; other parts it drops in silence, which here is an error too.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::error::PatchError;
use super::merge_keys::{Also, Fields, List, field};
use super::pointer::{child, kind};

pub(super) const PATCH: &str = "$patch";
pub(super) const RETAIN_KEYS: &str = "$retainKeys";
pub(super) const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
pub(super) const SET_ORDER: &str = "$setElementOrder/";

/// Whether the API server takes a field of this name for a directive.
pub(super) fn is_directive(name: &str) -> bool {
    [PATCH, RETAIN_KEYS, DELETE_FROM, SET_ORDER].iter().any(|known| name.starts_with(known.trim_end_matches('/')))
}

/// Every fault of the patch.
pub(super) fn check(patch: &Map<String, Value>, fields: Fields, at: &str) -> Vec<PatchError> {
    let mut checker = Checker { errors: Vec::new() };
    checker.object(patch, fields, at);
    checker.errors
}

struct Checker {
    errors: Vec<PatchError>,
}

impl Checker {
    /// An object that will be merged. The depth of the patch is bounded before, and so is this recursion.
    fn object(&mut self, patch: &Map<String, Value>, fields: Fields, at: &str) {
        match patch.get(PATCH) {
            None => {}
            Some(directive) if directive == "replace" => {
                return self.siblings_are_literal(patch, at);
            }
            Some(directive) if directive == "delete" => {
                if patch.len() > 1 {
                    self.directive(at, PATCH, "is `delete`, but other fields stand beside it, which would be lost")
                        .cure("remove the other fields; to put others in their place, use `$patch: replace`");
                }
                return;
            }
            Some(other) => return self.unknown_patch(at, other),
        }
        for (name, value) in patch {
            let here = child(at, name);
            if name == RETAIN_KEYS {
                self.retain_keys(value, patch, &here);
            } else if let Some(list) = name.strip_prefix(DELETE_FROM) {
                self.delete_from(value, name, list, &here);
            } else if let Some(list) = name.strip_prefix(SET_ORDER) {
                self.set_order(value, patch.get(list), name, list, field(fields, list).0, &here);
            } else if is_directive(name) {
                self.directive_at(here, name, "is no directive that Kubernetes knows").cure(
                    "known are `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/<list>` and `$setElementOrder/<list>`",
                );
            } else {
                self.value(value, name, fields, &here);
            }
        }
    }

    fn value(&mut self, value: &Value, name: &str, fields: Fields, at: &str) {
        let (list, below) = field(fields, name);
        match (value, list) {
            (Value::Object(map), _) => self.object(map, below, at),
            (Value::Array(items), List::Keyed { key, also }) => {
                self.keyed(items, name, (key, also), below, at);
            }
            (Value::Array(items), _) => self.literal_items(items, at),
            _ => {}
        }
    }

    fn keyed(&mut self, items: &[Value], list: &str, by: (&'static str, Option<Also>), fields: Fields, at: &str) {
        let (key, also) = by;
        let mut seen = HashSet::new();
        for (index, item) in items.iter().enumerate() {
            let here = child(at, &index.to_string());
            let Value::Object(map) = item else {
                self.errors.push(PatchError::NotAnElement { pointer: here, list: list.to_owned(), found: kind(item) });
                continue;
            };
            let directive = map.get(PATCH);
            if directive.is_some_and(|directive| directive == "replace") {
                if map.len() > 1 {
                    self.directive(&here, PATCH, "is `replace` and replaces the whole list, this element is lost")
                        .cure("let `{\"$patch\": \"replace\"}` be an element of its own, beside the new elements");
                }
                continue;
            }
            let Some(value) = map.get(key).filter(|value| value.is_string() || value.is_number()) else {
                self.errors.push(PatchError::NoKey { pointer: here, list: list.to_owned(), key });
                continue;
            };
            match directive {
                Some(directive) if directive == "delete" => {
                    if map.len() > 2 {
                        self.directive(&here, PATCH, "is `delete`, but other fields stand beside it and the key")
                            .cure("leave only the key beside `$patch`");
                    }
                    continue;
                }
                Some(other) => {
                    self.unknown_patch(&here, other);
                    continue;
                }
                None => self.object(map, fields, &here),
            }
            if !seen.insert(identity(map, value, also)) {
                let value = value.to_string();
                self.errors.push(PatchError::DuplicateKey { pointer: here, list: list.to_owned(), key, value });
            }
        }
    }

    fn retain_keys(&mut self, value: &Value, patch: &Map<String, Value>, at: &str) {
        let names: Option<HashSet<&str>> = value.as_array().and_then(|names| names.iter().map(Value::as_str).collect());
        let Some(names) = names else {
            self.directive_at(at.to_owned(), RETAIN_KEYS, "must be a list of field names")
                .cure("list the fields that stay, for example `[\"name\", \"emptyDir\"]`");
            return;
        };
        for (name, value) in patch {
            if !(value.is_null() || is_directive(name) || names.contains(name.as_str())) {
                self.directive_at(at.to_owned(), RETAIN_KEYS, &format!("does not name `{name}`, which the patch sets"))
                    .cure("name every field that the patch sets");
            }
        }
    }

    fn delete_from(&mut self, value: &Value, name: &str, list: &str, at: &str) {
        let scalars = value.as_array().is_some_and(|items| items.iter().all(is_scalar));
        if list.is_empty() || !scalars {
            self.directive_at(
                at.to_owned(),
                name,
                "must name a list and hold the strings or numbers to remove from it",
            )
            .cure(
                "write `\"$deleteFromPrimitiveList/finalizers\": [\"example.com/one\"]`; elements that are \
                       objects are removed with `$patch: delete`",
            );
        }
    }

    fn set_order(&mut self, order: &Value, patch: Option<&Value>, name: &str, list: &str, treatment: List, at: &str) {
        let Value::Array(order) = order else {
            self.directive_at(at.to_owned(), name, "must be a list").cure("list the elements' keys in order");
            return;
        };
        let key = match treatment {
            List::Keyed { key, .. } => Some(key),
            List::Set => None,
            List::Atomic => {
                self.directive_at(at.to_owned(), name, &format!("orders a list that merges, which `{list}` does not"))
                    .cure("write the whole list in the wanted order: it is replaced as a whole");
                return;
            }
        };
        for (index, element) in order.iter().enumerate() {
            let has_key = key.map_or(is_scalar(element), |key| element.get(key).is_some_and(is_scalar));
            if !has_key {
                let form = key.map_or_else(|| "a scalar".to_owned(), |key| format!("an object with `{key}`"));
                self.directive_at(child(at, &index.to_string()), name, &format!("has an element that is not {form}"))
                    .cure("list the elements' keys in order");
                return;
            }
        }
        let by = |item: &Value| key.map_or(Some(item), |key| item.get(key)).map(Value::to_string);
        let mut wanted = order.iter().map(by);
        let mut named =
            patch.and_then(Value::as_array).into_iter().flatten().filter(|item| item.get(PATCH).is_none()).map(by);
        if !named.all(|item| wanted.any(|other| other == item)) {
            self.directive_at(
                at.to_owned(),
                name,
                &format!("must name every element of the patch's `{list}`, in the same order"),
            )
            .cure("add the missing elements to it, and order both alike");
        }
    }

    /// What a `$patch: replace` puts in place: nothing is merged there, so a directive would be lost.
    fn siblings_are_literal(&mut self, patch: &Map<String, Value>, at: &str) {
        for (name, value) in patch.iter().filter(|(name, _)| *name != PATCH) {
            self.literal_field(name, value, at);
        }
    }

    fn literal_field(&mut self, name: &str, value: &Value, at: &str) {
        let here = child(at, name);
        if is_directive(name) {
            self.directive_at(here, name, "stands in a value that replaces the old one, where nothing is merged")
                .cure("remove it, and write the value as it shall be");
        } else {
            self.literal(value, &here);
        }
    }

    fn literal(&mut self, value: &Value, at: &str) {
        match value {
            Value::Object(map) => map.iter().for_each(|(name, value)| self.literal_field(name, value, at)),
            Value::Array(items) => self.literal_items(items, at),
            _ => {}
        }
    }

    fn literal_items(&mut self, items: &[Value], at: &str) {
        for (index, item) in items.iter().enumerate() {
            self.literal(item, &child(at, &index.to_string()));
        }
    }

    fn unknown_patch(&mut self, at: &str, found: &Value) {
        self.directive(at, PATCH, &format!("is {found}, where Kubernetes knows `replace` and `delete`"))
            .cure("remove it: merging is what happens without it");
    }

    fn directive(&mut self, at: &str, name: &str, problem: &str) -> Cure<'_> {
        self.directive_at(child(at, name), name, problem)
    }

    fn directive_at(&mut self, pointer: String, name: &str, problem: &str) -> Cure<'_> {
        Cure { errors: &mut self.errors, pointer, directive: name.to_owned(), problem: problem.to_owned() }
    }
}

/// A fault that only lacks its cure, so that each fault above reads as two sentences.
struct Cure<'a> {
    errors: &'a mut Vec<PatchError>,
    pointer: String,
    directive: String,
    problem: String,
}

impl Cure<'_> {
    fn cure(self, cure: &str) {
        let Self { errors, pointer, directive, problem } = self;
        errors.push(PatchError::Directive { pointer, directive, problem, cure: cure.to_owned() });
    }
}

fn is_scalar(value: &Value) -> bool {
    !value.is_object() && !value.is_array() && !value.is_null()
}

/// What the API server tells elements apart by.
pub(super) fn identity(element: &Map<String, Value>, key: &Value, also: Option<Also>) -> (String, Option<String>) {
    let also = also.map(|Also { field, default }| {
        element.get(field).filter(|value| !value.is_null()).map_or_else(|| format!("\"{default}\""), Value::to_string)
    });
    (key.to_string(), also)
}

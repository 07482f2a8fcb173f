//! What a deserialization error means: which field is to blame, by which rule, and the cure.

use serde_json::Value;

use crate::problem::{FieldPath, Problem, Rule, Segment, parse_explained};

/// Names that people give to init containers although only sidecars and main containers have them.
const PROBES: [&str; 4] = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"];

/// What to do about a field that is there twice.
pub(super) const DUPLICATE_CURE: &str = "keep one of the two (an alias counts as its field)";

/// The field to blame.
pub(super) struct Culprit {
    /// Its path in the tree that was read.
    pub(super) path: Vec<Segment>,
    /// The field that it lacks, where that is why it is blamed.
    pub(super) missing: Option<String>,
    message: String,
    rule: Rule,
    cure: String,
}

impl Culprit {
    /// Whether this is only so because the field `gone` was taken out before.
    pub(super) fn follows_from(&self, path: &FieldPath, gone: &FieldPath) -> bool {
        match &self.missing {
            Some(name) => *gone == path.key(name.clone()),
            None => self.rule == Rule::WrongType && gone != path && gone.starts_with(path),
        }
    }

    pub(super) fn problem(&self, path: FieldPath) -> Problem {
        Problem::custom(path, self.rule, self.message.clone(), self.cure.clone())
    }
}

/// Reads serde's error text, the only thing that leaves a `Deserialize`.
pub(super) fn problem_of(path: &[Segment], text: &str, tree: &Value) -> Culprit {
    let culprit = |path: Vec<Segment>, rule: Rule, message: String, cure: String| Culprit {
        path,
        missing: None,
        message,
        rule,
        cure,
    };
    if let Some((message, rule, cure)) = parse_explained(text) {
        return culprit(blamed(path, message, tree), rule, message.to_owned(), cure.to_owned());
    }
    if let Some((name, known)) = quoted_after(text, "unknown field ") {
        let mut path = path.to_vec();
        if path.last() != Some(&Segment::Key(name.to_owned())) {
            path.push(Segment::Key(name.to_owned()));
        }
        if PROBES.contains(&name) {
            let message = format!("an init container has no {name}: it runs to its end before the next one starts");
            return culprit(
                path,
                Rule::InitContainer,
                message,
                "remove it, or make the container a sidecar (\"sidecars\")".to_owned(),
            );
        }
        return culprit(
            path,
            Rule::UnknownField,
            format!("there is no field {name:?} here"),
            suggestion(name, known, "remove it"),
        );
    }
    if let Some((name, known)) = quoted_after(text, "unknown variant ") {
        return culprit(
            path.to_vec(),
            Rule::WrongType,
            format!("{name:?} is not one of the words known here"),
            suggestion(name, known, "choose one"),
        );
    }
    if let Some((name, _)) = quoted_after(text, "missing field ") {
        let message = format!("the field {name:?} is missing");
        let culprit = culprit(path.to_vec(), Rule::MissingField, message, format!("add {name:?}"));
        return Culprit { missing: Some(name.to_owned()), ..culprit };
    }
    if let Some((name, _)) = quoted_after(text, "duplicate field ") {
        let message = format!("the field {name:?} is given twice");
        return culprit(path.to_vec(), Rule::DuplicateField, message, DUPLICATE_CURE.to_owned());
    }
    if let Some(rest) = text.strip_prefix("invalid type: ").or_else(|| text.strip_prefix("invalid value: ")) {
        let (found, expected) = rest.rsplit_once(", expected ").unwrap_or((rest, "another type"));
        let (found, expected) = (in_json(found), &*in_json(expected));
        return culprit(
            path.to_vec(),
            Rule::WrongType,
            format!("found {found} where {expected} is expected"),
            wrong_type_cure(&found, expected),
        );
    }
    culprit(
        path.to_vec(),
        Rule::WrongType,
        text.to_owned(),
        "compare it with the schema (keruta-manifest schema task)".to_owned(),
    )
}

/// A map's key that does not parse is reported at the map: find the key that the message quotes.
fn blamed(path: &[Segment], message: &str, tree: &Value) -> Vec<Segment> {
    let mut node = Some(tree);
    for segment in path {
        node = match (segment, node) {
            (Segment::Key(key), Some(Value::Object(object))) => object.get(key),
            (Segment::Index(index), Some(Value::Array(items))) => items.get(*index),
            _ => None,
        };
    }
    let mut path = path.to_vec();
    if let Some(Value::Object(object)) = node {
        let key = object.keys().find(|key| {
            if key.is_empty() { message.starts_with("is empty") } else { message.contains(&format!("{key:?}")) }
        });
        path.extend(key.map(|key| Segment::Key(key.clone())));
    }
    path
}

/// The name that serde quotes with backticks after `prefix`, and the rest of the text.
fn quoted_after<'a>(text: &'a str, prefix: &str) -> Option<(&'a str, &'a str)> {
    let rest = text.strip_prefix(prefix)?.strip_prefix('`')?;
    // The name is the document's and may itself hold a backtick; serde's own words after it are known.
    let end = ["`, expected ", "`, there are no "].iter().find_map(|after| rest.rfind(after));
    Some(match end {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (rest.strip_suffix('`').unwrap_or(rest), ""),
    })
}

/// `did you mean …`, or the list of what is known.
fn suggestion(name: &str, known: &str, otherwise: &str) -> String {
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    let near = |candidate: &&&str| strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase());
    match known.iter().min_by_key(near) {
        Some(nearest) if near(&nearest) <= (name.chars().count() / 3).max(1) => format!("did you mean {nearest:?}?"),
        Some(_) if known.len() <= 12 => format!("{otherwise}; known here: {}", known.join(", ")),
        _ => otherwise.to_owned(),
    }
}

/// A type in the words of JSON, where serde has Rust's.
fn in_json(words: &str) -> String {
    const KINDS: [(&str, &str); 13] = [
        ("struct ", "an object"),
        ("map", "an object"),
        ("string or map", "a word or an object"),
        ("a map", "an object"),
        ("sequence", "a list"),
        ("a sequence", "a list"),
        ("u16", "a number that is not negative"),
        ("u32", "a number that is not negative"),
        ("u64", "a number that is not negative"),
        ("i32", "a number"),
        ("i64", "a number"),
        ("a boolean", "true or false"),
        ("unit value", "null"),
    ];
    match KINDS.iter().find(|(rust, _)| words == *rust || (rust.ends_with(' ') && words.starts_with(rust))) {
        Some((_, json)) => (*json).to_owned(),
        None => words.strip_prefix("string ").map_or_else(|| words.to_owned(), |text| format!("the text {text}")),
    }
}

fn wrong_type_cure(found: &str, expected: &str) -> String {
    let is_text = found.starts_with("the text");
    let is_scalar = ["integer", "floating", "boolean", "null"].iter().any(|kind| found.starts_with(kind));
    match expected {
        "a list" => "write it as a list, in [ ]".to_owned(),
        "an object" => "write it as an object, in { }".to_owned(),
        "true or false" if is_text => "write true or false, without quotes".to_owned(),
        _ if is_text && expected.starts_with("a number") => "write it as a number, without quotes".to_owned(),
        _ if is_scalar && expected.contains("text") => "write it as a text, in quotes".to_owned(),
        _ => format!("give {expected}"),
    }
}

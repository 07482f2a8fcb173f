//! Small tools for JSON pointers (RFC 6901) and for walking a document without recursion.

use serde_json::Value;

/// Documents nested deeper than this are refused; `serde_json` reads no deeper ones either.
pub(super) const MAX_DEPTH: usize = 128;

/// `at` with one more reference token.
pub(super) fn child(at: &str, token: &str) -> String {
    format!("{at}/{}", token.replace('~', "~0").replace('/', "~1"))
}

/// The pointer of a list of reference tokens.
pub(super) fn join<S: AsRef<str>>(tokens: &[S]) -> String {
    tokens.iter().fold(String::new(), |at, token| child(&at, token.as_ref()))
}

/// The reference tokens of a pointer.
pub(super) fn tokens(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
}

/// One step down.
pub(super) fn step<'a>(value: &'a Value, token: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => map.get(token),
        Value::Array(items) => items.get(token.parse::<usize>().ok()?),
        _ => None,
    }
}

/// What a JSON value is, in a word or two for a message.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The depth of a document (a scalar has 0) and about how many bytes it takes as JSON.
pub(super) fn measure(value: &Value) -> (usize, usize) {
    let (mut depth, mut bytes) = (0, 0);
    let mut open = vec![(value, 0)];
    while let Some((value, level)) = open.pop() {
        depth = depth.max(level);
        bytes += 4;
        match value {
            Value::String(text) => bytes += text.len(),
            Value::Array(items) => open.extend(items.iter().map(|item| (item, level + 1))),
            Value::Object(map) => {
                for (name, item) in map {
                    bytes += name.len();
                    open.push((item, level + 1));
                }
            }
            _ => {}
        }
    }
    (depth, bytes)
}

//! Diagnostics as SARIF 2.1.0, for code scanning.
//!
//! The log is written as a stream: head, one result after the other, tail. All rules are in the head, so that a
//! run without results says what was looked for.

use std::fmt::Write as _;

use keruta_input::diagnostic::Diagnostic;
use keruta_manifest::problem::Rule;
use keruta_manifest::review::{FindingId, Severity};
use serde_json::{Value, json};

/// The part before the results.
pub(crate) fn head() -> String {
    let driver = json!({
        "name": "keruta-manifest",
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "informationUri": env!("CARGO_PKG_HOMEPAGE"),
        "rules": rules(),
    });
    format!(
        "{{\"$schema\":\"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json\",\
         \"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":{driver}}},\"columnKind\":\"unicodeCodePoints\",\"results\":["
    )
}

/// The part after the results.
pub(crate) const TAIL: &str = "\n]}]}\n";

/// Appends one result; `first` says whether it is the first of the log.
pub(crate) fn write(out: &mut String, diagnostic: &Diagnostic, first: bool) {
    out.push_str(if first { "\n" } else { ",\n" });
    out.push_str(&result(diagnostic).to_string());
}

fn rules() -> Vec<Value> {
    let of_inputs = Rule::ALL.iter().map(|rule| {
        json!({
            "id": rule.id(),
            "shortDescription": {"text": format!("the input breaks the rule {}", rule.id())},
            "helpUri": rule.source(),
            "defaultConfiguration": {"level": "error"},
        })
    });
    let of_objects = FindingId::all().iter().map(|id| {
        json!({
            "id": id.as_str(),
            "shortDescription": {"text": id.description()},
            "helpUri": id.reference(),
            "defaultConfiguration": {"level": level(id.severity())},
        })
    });
    of_inputs.chain(of_objects).collect()
}

fn result(diagnostic: &Diagnostic) -> Value {
    let mut location = serde_json::Map::new();
    if let (Some(file), Some(place)) = (diagnostic.file(), &diagnostic.place) {
        location.insert(
            "physicalLocation".to_owned(),
            json!({
                "artifactLocation": {"uri": uri(file)},
                "region": {
                    "startLine": place.line,
                    "startColumn": place.column,
                    "endLine": place.line,
                    "endColumn": place.end_column.max(place.column),
                },
            }),
        );
    }
    let mut logical = Vec::new();
    if let Some(object) = &diagnostic.object {
        let name = format!("{}/{}{}", object.kind, object.name, object.pointer);
        logical.push(json!({"fullyQualifiedName": name, "kind": "object"}));
    }
    if !diagnostic.path.is_empty() {
        logical.push(json!({"fullyQualifiedName": diagnostic.path, "kind": "property"}));
    }
    if !logical.is_empty() {
        location.insert("logicalLocations".to_owned(), logical.into());
    }
    let mut result = json!({
        "ruleId": diagnostic.rule,
        "level": level(diagnostic.severity),
        "message": {"text": format!("{} Help: {}", diagnostic.headline(), diagnostic.cure)},
    });
    if !location.is_empty() {
        result["locations"] = json!([location]);
    }
    if let Some(task) = &diagnostic.task {
        result["properties"] = json!({"task": task});
    }
    result
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A file's name as a relative or absolute URI reference.
fn uri(file: &str) -> String {
    let mut uri = String::with_capacity(file.len());
    // A colon in the first segment of a relative reference would make it a scheme.
    if file.split('/').next().is_some_and(|first| first.contains(':')) {
        uri.push_str("./");
    }
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=:@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_become_uris() {
        assert_eq!(uri("a b/ü.json"), "a%20b/%C3%BC.json");
        assert_eq!(uri("c:x"), "./c:x");
        assert_eq!(uri("<stdin>"), "%3Cstdin%3E");
    }
}

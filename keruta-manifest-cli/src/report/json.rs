//! Diagnostics as one JSON document, written as a stream; its shape is [`super::Report`].

use keruta_input::diagnostic::Diagnostic;

use super::Entry;

/// The part before the diagnostics.
pub(crate) const HEAD: &str = "{\"diagnostics\":[";

/// Appends one diagnostic; `first` says whether it is the first of the document.
pub(crate) fn write(out: &mut String, diagnostic: &Diagnostic, first: bool) {
    out.push_str(if first { "\n" } else { ",\n" });
    // A tree of texts and numbers is always JSON.
    out.push_str(&serde_json::to_string(&Entry::from(diagnostic)).unwrap_or_default());
}

/// The part after the diagnostics.
pub(crate) fn tail(valid: usize, invalid: usize) -> String {
    format!("\n],\"valid\":{valid},\"invalid\":{invalid}}}\n")
}

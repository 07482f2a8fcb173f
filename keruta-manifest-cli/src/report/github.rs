//! Diagnostics as workflow commands, which GitHub shows beside the changed lines.

use std::fmt::Write as _;

use keruta_input::diagnostic::{Diagnostic, LeftOut};
use keruta_manifest::review::Severity;

/// Appends one diagnostic as a line.
pub(crate) fn write(out: &mut String, diagnostic: &Diagnostic) {
    let _ = write!(out, "::{} ", command(diagnostic.severity));
    if let (Some(file), Some(place)) = (diagnostic.file(), &diagnostic.place) {
        // An end column that is not after the column is refused together with the column.
        let end = place.end_column.saturating_sub(1).max(place.column);
        let _ = write!(
            out,
            "file={},line={},endLine={},col={},endColumn={end},",
            property(file),
            place.line,
            place.line,
            place.column,
        );
    }
    let _ = write!(out, "title={}::", property(diagnostic.rule));
    let mut message = diagnostic.headline();
    if let Some(object) = &diagnostic.object {
        let _ = write!(message, "\n{}/{} {}", object.kind, object.name, object.pointer);
    }
    if let Some(task) = &diagnostic.task {
        let _ = write!(message, "\nin the task {task:?}");
    }
    let _ = write!(message, "\nhelp: {}", diagnostic.cure);
    out.push_str(&data(&message));
    out.push('\n');
}

/// Appends a line for diagnostics that are not written one by one.
pub(crate) fn write_left_out(out: &mut String, left_out: &LeftOut) {
    let LeftOut { rule, severity, .. } = left_out;
    let _ = writeln!(out, "::{} title={}::{}", command(*severity), property(rule), data(&left_out.message()));
}

const fn command(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    }
}

/// The escapes of a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The escapes of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_within_its_line() {
        assert_eq!(data("50%\r\n::error::x"), "50%25%0D%0A::error::x");
        assert_eq!(property("a,b:c%\n"), "a%2Cb%3Ac%25%0A");
    }
}

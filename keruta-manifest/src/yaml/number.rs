//! Numbers, so that every reader sees the same type and value.

use std::fmt::{Debug, Display, Write};

/// Writes an integer in decimal.
pub(super) fn write_integer(out: &mut String, value: impl Display) {
    // Writing into a string cannot fail.
    let _ = write!(out, "{value}");
}

/// Writes a finite float with the fewest digits that give it back.
pub(super) fn write_f64(out: &mut String, value: f64) {
    write_float(out, value);
}

/// Writes a finite float with the fewest digits that give it back as an `f32`.
pub(super) fn write_f32(out: &mut String, value: f32) {
    write_float(out, value);
}

/// YAML 1.1 knows a float by its dot, and its exponent by a sign: `1.0e+20`, where Rust prints `1e20`.
fn write_float(out: &mut String, value: impl Debug) {
    let start = out.len();
    // Writing into a string cannot fail. `Debug` always prints a dot or an exponent, `Display` neither.
    let _ = write!(out, "{value:?}");
    let Some(exponent_at) = out.get(start..).and_then(|text| text.find('e')).map(|at| start + at) else {
        return;
    };
    let exponent = out.split_off(exponent_at);
    if out.get(start..).is_some_and(|mantissa| !mantissa.contains('.')) {
        out.push_str(".0");
    }
    let digits = exponent.trim_start_matches('e');
    out.push_str(if digits.starts_with('-') { "e" } else { "e+" });
    out.push_str(digits);
}

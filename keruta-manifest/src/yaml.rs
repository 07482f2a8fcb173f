//! YAML text from any [`Serialize`] value, safe in the hands of every reader.
//!
//! A manifest is read by programs that do not agree on what YAML is: kubectl (Go, a mix of YAML 1.1 and 1.2),
//! `PyYAML` (1.1), npm's `yaml` and `js-yaml` (1.2). A task titled `on`, a version `1.10` or a key `<<` is a string
//! to one and a boolean, a number or a merge to another. This module prints a string without quotes only where
//! all of them read it back as that string.
//!
//! The layout is kubectl's own: two blanks a level, lists not indented under their key, scripts and other
//! many-line texts as `|` blocks, no folding of long lines.
//!
//! ```
//! use std::collections::BTreeMap;
//! use keruta_manifest::yaml;
//!
//! let env = BTreeMap::from([("script", "set -eu\necho hi\n"), ("title", "on"), ("version", "1.2.3")]);
//! assert_eq!(
//!     yaml::to_string(&env)?,
//!     "script: |\n  set -eu\n  echo hi\ntitle: \"on\"\nversion: 1.2.3\n"
//! );
//! # Ok::<(), yaml::YamlError>(())
//! ```
//!
//! The text is written straight from the serializer's events into one string; no tree stands between. What is
//! told apart where:
//!
//! - `serializer`, `collection`, `key`: where on the page a value goes;
//! - `scalar`: which of the four ways of writing a string is right, and `ambiguous`: which bare words and numbers
//!   some reader takes for something else;
//! - `quoted`, `literal`, `number`: the writing itself.

mod ambiguous;
mod collection;
mod error;
mod key;
mod layout;
mod literal;
mod number;
mod quoted;
mod scalar;
mod serializer;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use error::YamlError;
use serializer::Node;

/// The value as one YAML document, ending in a line break, without a `---` before it.
///
/// Maps keep the order in which the value yields them, so the same value always gives the same bytes. A key that
/// the value yields twice is written twice, which readers refuse: maps must not hold one.
///
/// ```
/// use keruta_manifest::yaml;
///
/// assert_eq!(yaml::to_string(&vec!["yes", "a b", "- c", "a\tb"])?, "- \"yes\"\n- a b\n- '- c'\n- \"a\\tb\"\n");
/// # Ok::<(), yaml::YamlError>(())
/// ```
///
/// # Errors
///
/// Fails on what readers would not read back alike: a map key that is no string, an infinite or undefined float,
/// an integer beyond 64 bits, raw bytes, nesting deeper than readers follow; and with the value's own error where
/// its `Serialize` fails.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, YamlError> {
    let mut out = String::new();
    write_document(&mut out, value)?;
    Ok(out)
}

/// Appends the value to `out` as one YAML document, ending in a line break, without a `---` before it.
///
/// On failure `out` is left as it was.
///
/// ```
/// use keruta_manifest::yaml;
///
/// let mut stream = String::from("---\n");
/// yaml::write_document(&mut stream, &[1, 2])?;
/// assert_eq!(stream, "---\n- 1\n- 2\n");
///
/// assert!(yaml::write_document(&mut stream, &f64::NAN).is_err());
/// assert_eq!(stream, "---\n- 1\n- 2\n");
/// # Ok::<(), yaml::YamlError>(())
/// ```
///
/// # Errors
///
/// As [`to_string`].
pub fn write_document<T: Serialize + ?Sized>(out: &mut String, value: &T) -> Result<(), YamlError> {
    let start = out.len();
    let written = value.serialize(Node::document(out));
    if written.is_err() {
        out.truncate(start);
    }
    written
}

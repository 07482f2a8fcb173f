//! Where in a text the value at a path stands.
//!
//! Nothing here is done before something is wrong: reading a document keeps no positions, and only the file of a
//! problem is looked at again.

mod json;
pub(crate) mod properties;
mod toml;
mod yaml;

pub(crate) use yaml::duplicate as duplicate_in_yaml;

use std::ops::Range;

use keruta_manifest::problem::Segment;

/// The languages that a document can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// TOML.
    Toml,
    /// Java properties.
    Properties,
}

/// Where a value stands, in bytes of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The value.
    pub value: Range<usize>,
    /// Its key, where it has one.
    pub key: Option<Range<usize>>,
    /// How many steps of the path were found; fewer than asked for if the document ends before.
    pub depth: usize,
}

/// Finds the value at `path`, or the nearest one around it.
#[must_use]
pub fn locate(text: &str, format: Format, path: &[Segment]) -> Option<Found> {
    match format {
        Format::Json => json::locate(text, path),
        Format::Yaml => yaml::locate(text, path),
        Format::Toml => toml::locate(text, path),
        Format::Properties => properties::locate(text, path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"a": 1, "b c": {"list": [10, {"x": "\ud83d\ude00 \"q\""}]}}"#;
    const YAML: &str = "# comment é\na: 1\nb c:\n  list:\n    - 10\n    - x: \"q\"\n";
    const TOML: &str = "a = 1\n[\"b c\"]\nlist = [10, { x = \"q\" }]\n";

    fn path(keys: &[&str]) -> Vec<Segment> {
        keys.iter().map(|key| key.parse().map_or_else(|_| Segment::Key((*key).to_owned()), Segment::Index)).collect()
    }

    fn text_at(text: &'static str, format: Format, keys: &[&str]) -> (&'static str, &'static str, usize) {
        let found = locate(text, format, &path(keys)).unwrap();
        (found.key.map_or("", |key| &text[key]), &text[found.value], found.depth)
    }

    #[test]
    fn values_and_keys_are_found() {
        for (text, format) in [(JSON, Format::Json), (YAML, Format::Yaml), (TOML, Format::Toml)] {
            let (key, value, depth) = text_at(text, format, &["a"]);
            assert_eq!((key.trim_matches('"'), value, depth), ("a", "1", 1), "{format:?}");
            let (key, value, depth) = text_at(text, format, &["b c", "list", "0"]);
            assert_eq!((key, value, depth), ("", "10", 3), "{format:?}");
            let (key, value, depth) = text_at(text, format, &["b c", "list", "1", "x"]);
            assert_eq!((key.trim_matches('"'), depth), ("x", 4), "{format:?}");
            assert!(value.contains('q'), "{format:?} {value}");
        }
    }

    #[test]
    fn what_is_not_there_is_told_by_what_is_around_it() {
        for (text, format) in [(JSON, Format::Json), (YAML, Format::Yaml), (TOML, Format::Toml)] {
            assert_eq!(text_at(text, format, &["b c", "nothing", "here"]).2, 1, "{format:?}");
            assert_eq!(text_at(text, format, &["a", "nothing"]).1, "1", "{format:?}");
            assert_eq!(locate(text, format, &[]).unwrap().depth, 0);
        }
    }
}

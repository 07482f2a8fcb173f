//! Arbitrary strings survive a Rust reader in every position.
//!
//! A weak judge, but a fast one; `conformance/yaml/judge.sh` asks kubectl, PyYAML and npm's readers.

use keruta_manifest::yaml;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Pieces that some reader stumbles over.
const PIECES: &[&str] = &[
    "",
    " ",
    "  ",
    "\t",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{a0}",
    "\u{3000}",
    "\0",
    "\u{1b}[0m",
    "-",
    "- ",
    "? ",
    ": ",
    ":",
    " #",
    "#",
    "---",
    "...",
    "|",
    ">-",
    "&a",
    "*a",
    "!",
    "%",
    "@",
    "`",
    "'",
    "\"",
    "\\",
    "[",
    "]",
    "{",
    "}",
    ",",
    "~",
    "<<",
    "=",
    "yes",
    "on",
    "null",
    "1_0",
    "0x1F",
    "0o7",
    "1e3",
    "12:30",
    "2024-01-01",
    ".inf",
    "e1",
    "a",
    "あ",
    "😀",
    "\u{ffff}",
];

fn hazardous() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::collection::vec(prop::sample::select(PIECES), 0..6).prop_map(|pieces| pieces.concat()),
        1 => any::<String>(),
        1 => "[ \t\na-c:#-]{0,12}",
        1 => "[0-9_+.:eExXoObB-]{1,8}",
        1 => "k{120,140}",
    ]
}

fn assert_survives(document: &Value) -> Result<(), TestCaseError> {
    let text = yaml::to_string(document).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let read: Result<Value, _> = serde_yaml::from_str(&text);
    prop_assert_eq!(read.as_ref().ok(), Some(document), "{:?}\n{}", read.as_ref().err(), text);
    prop_assert!(text.ends_with('\n'));
    prop_assert!(!text.contains("\n---") && !text.contains("\n..."), "a separator within a document:\n{}", text);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn strings_survive_in_every_position(text in hazardous(), other in hazardous()) {
        assert_survives(&json!({
            "value": text,
            "key": { text.as_str(): 1, },
            "list": [text, other, [text, [other]], { other.as_str(): text }, {}, []],
            "map": { other.as_str(): { text.as_str(): [text, { text.as_str(): other }] } },
            "last": text,
        }))?;
    }

    #[test]
    fn a_string_alone_survives(text in hazardous()) {
        assert_survives(&json!(text))?;
    }

    #[test]
    fn numbers_survive(signed: i64, unsigned: u64, float in any::<f64>().prop_filter("finite", |float| float.is_finite())) {
        assert_survives(&json!([signed, unsigned, float]))?;
    }
}

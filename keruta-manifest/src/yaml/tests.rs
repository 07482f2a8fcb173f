//! The layout of whole documents, and what serde's data model becomes.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{YamlError, to_string, write_document};

fn yaml<T: Serialize>(value: T) -> String {
    to_string(&value).unwrap_or_else(|error| format!("{error}"))
}

fn map<V: Serialize>(key: &str, value: V) -> BTreeMap<&str, V> {
    BTreeMap::from([(key, value)])
}

#[derive(Serialize)]
struct Container {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'static str>,
    ports: Vec<Port>,
}

#[derive(Serialize, Clone, Copy)]
struct Port {
    number: u16,
    udp: bool,
}

#[derive(Serialize)]
enum Step {
    Wait,
    Run(&'static str),
    Copy(u8, u8),
    Clone { depth: u8 },
    Nothing {},
}

#[test]
fn lists_stand_in_the_column_of_their_key() {
    let port = Port { number: 53, udp: true };
    let container = Container { name: "dns", image: None, ports: vec![port, port] };
    assert_eq!(
        yaml(map("containers", [container])),
        "containers:\n- name: dns\n  ports:\n  - number: 53\n    udp: true\n  - number: 53\n    udp: true\n"
    );
}

#[test]
fn lists_in_lists_begin_on_one_line() {
    assert_eq!(yaml([vec![vec![1, 2], vec![]], vec![]]), "- - - 1\n    - 2\n  - []\n- []\n");
    assert_eq!(yaml([map("a", map("b", [map("c", 1)]))]), "- a:\n    b:\n    - c: 1\n");
}

#[test]
fn nothing_inside_is_written_in_brackets() {
    let none: [u8; 0] = [];
    assert_eq!(yaml(none), "[]\n");
    assert_eq!(yaml(BTreeMap::<String, u8>::new()), "{}\n");
    assert_eq!(yaml(map("a", none)), "a: []\n");
    assert_eq!(yaml([map("a", BTreeMap::<String, u8>::new())]), "- a: {}\n");
    assert_eq!(yaml(Container { name: "a", image: Some("b:c"), ports: vec![] }), "name: a\nimage: b:c\nports: []\n");
}

#[test]
fn variants_become_strings_or_maps_of_one_key() {
    assert_eq!(
        yaml([Step::Wait, Step::Run("on"), Step::Copy(1, 2), Step::Clone { depth: 1 }, Step::Nothing {}]),
        "- Wait\n- Run: \"on\"\n- Copy:\n  - 1\n  - 2\n- Clone:\n    depth: 1\n- Nothing: {}\n"
    );
    assert_eq!(yaml(map("step", Step::Copy(1, 2))), "step:\n  Copy:\n  - 1\n  - 2\n");
}

#[test]
fn nothing_and_wrappers_leave_no_trace() {
    #[derive(Serialize)]
    struct Wrapped(Option<&'static str>);
    #[derive(Serialize)]
    struct Unit;
    assert_eq!(
        yaml(("a", Wrapped(None), Wrapped(Some("b")), Unit, (), 'y')),
        "- a\n- null\n- b\n- null\n- null\n- \"y\"\n"
    );
}

#[test]
fn texts_of_several_lines_become_blocks() {
    assert_eq!(yaml(map("a", "b\nc\n")), "a: |\n  b\n  c\n");
    assert_eq!(yaml(map("a", "b\n\nc")), "a: |-\n  b\n\n  c\n");
    assert_eq!(yaml(map("a", "b\n\n")), "a: |+\n  b\n\n");
    assert_eq!(yaml([["b\n"]]), "- - |\n    b\n");
    assert_eq!(yaml(map("a", map("b", ["c\n"]))), "a:\n  b:\n  - |\n    c\n");
}

#[test]
fn blocks_that_begin_with_a_blank_say_how_far_they_are_moved() {
    assert_eq!(yaml(map("a", " b\nc\n")), "a: |2\n   b\n  c\n");
    assert_eq!(yaml(map("a", "\n\tb")), "a: |2-\n\n  \tb\n");
    assert_eq!(yaml("a\nb"), "|-\n  a\n  b\n");
    assert_eq!(yaml(" a\nb"), "\" a\\nb\"\n", "readers count the indicator from different columns here");
}

#[test]
fn what_no_block_can_hold_is_escaped() {
    assert_eq!(yaml("a\r\nb\n"), "\"a\\r\\nb\\n\"\n");
    assert_eq!(yaml("\n \n"), "\"\\n \\n\"\n");
    assert_eq!(yaml(map("a", "\n b\n ")), "a: \"\\n b\\n \"\n");
    assert_eq!(yaml(map("a", "b\n \n")), "a: |\n  b\n   \n");
    assert_eq!(yaml("a\n\0\u{7f}\u{85}\u{2028}\u{feff}"), "\"a\\n\\0\\x7F\\N\\L\\uFEFF\"\n");
}

#[test]
fn keys_stay_on_one_line() {
    assert_eq!(yaml(map("", 1)), "\"\": 1\n");
    assert_eq!(yaml(map("a\nb", 1)), "\"a\\nb\": 1\n");
    assert_eq!(yaml(map("<<", 1)), "\"<<\": 1\n");
    assert_eq!(yaml(map("a: b", 1)), "'a: b': 1\n");
}

#[test]
fn long_keys_are_explicit() {
    let short = "k".repeat(128);
    assert_eq!(yaml(map(&short, 1)), format!("{short}: 1\n"));
    let long = "k".repeat(129);
    assert_eq!(yaml(map(&long, 1)), format!("? {long}\n: 1\n"));
    assert_eq!(yaml([map(&long, [1, 2])]), format!("- ? {long}\n  : - 1\n    - 2\n"));
    assert_eq!(yaml(map(&long, map("a", "b\n"))), format!("? {long}\n: a: |\n    b\n"));
}

#[test]
fn keys_that_are_no_strings_are_refused() {
    let refused = |found| Err(YamlError::KeyNotString { found });
    assert_eq!(to_string(&BTreeMap::from([(1, 2)])), refused("an integer"));
    assert_eq!(to_string(&BTreeMap::from([(true, 2)])), refused("a boolean"));
    assert_eq!(to_string(&BTreeMap::from([((), 2)])), refused("null"));
    assert_eq!(to_string(&BTreeMap::from([(None::<&str>, 2)])), refused("null"));
    assert_eq!(to_string(&BTreeMap::from([(vec!["a"], 2)])), refused("a list"));
    assert_eq!(yaml(BTreeMap::from([(Some('n'), 2)])), "\"n\": 2\n");
}

#[test]
fn integers_are_exact() {
    assert_eq!(
        yaml((i64::MIN, u64::MAX, 0_i8, 1_i128, u128::from(u64::MAX))),
        format!("- {}\n- {}\n- 0\n- 1\n- {}\n", i64::MIN, u64::MAX, u64::MAX)
    );
    assert_eq!(to_string(&u128::MAX), Err(YamlError::IntegerTooLarge { digits: u128::MAX.to_string() }));
}

#[test]
fn floats_have_a_dot_and_a_signed_exponent() {
    assert_eq!(
        yaml([1.0, -0.0, 0.1, 1e16, 1.5e300, 5e-324, 1e-5]),
        "- 1.0\n- -0.0\n- 0.1\n- 1.0e+16\n- 1.5e+300\n- 5.0e-324\n- 1.0e-5\n"
    );
    assert_eq!(yaml(0.1_f32), "0.1\n");
    assert_eq!(to_string(&f64::INFINITY), Err(YamlError::NotFinite { value: f64::INFINITY }));
    assert!(to_string(&f32::NAN).is_err());
}

#[test]
fn bytes_are_refused() {
    struct Raw;
    impl Serialize for Raw {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(b"abc")
        }
    }
    assert_eq!(to_string(&Raw), Err(YamlError::Bytes { len: 3 }));
}

#[test]
fn a_value_before_its_key_is_refused() {
    struct Careless;
    impl Serialize for Careless {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_value("a")?;
            map.end()
        }
    }
    assert_eq!(to_string(&Careless), Err(YamlError::ValueWithoutKey));
}

#[test]
fn bottomless_nesting_is_refused_and_leaves_the_text_as_it_was() {
    struct Bottomless;
    impl Serialize for Bottomless {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([("a", [Bottomless])])
        }
    }
    let mut out = String::from("a: b\n");
    assert_eq!(write_document(&mut out, &Bottomless), Err(YamlError::TooDeep { limit: 96 }));
    assert_eq!(out, "a: b\n");
}

#[test]
fn a_value_may_fail_with_its_own_words() {
    struct Failing;
    impl Serialize for Failing {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no such task"))
        }
    }
    assert_eq!(yaml(map("a", Failing)), "no such task");
}

#[test]
fn the_scripts_of_steps_are_blocks_in_every_column() {
    let block = |text: &str, indent: &str| {
        text.lines().fold(
            String::new(),
            |page, line| {
                if line.is_empty() { page + "\n" } else { page + indent + line + "\n" }
            },
        )
    };
    for text in crate::script::every_form() {
        // Twice, as the first time is kept.
        for _ in 0..2 {
            assert_eq!(yaml(map("a", &text)), format!("a: |\n{}", block(&text, "  ")));
            assert_eq!(yaml(map("a", map("b", [&text]))), format!("a:\n  b:\n  - |\n{}", block(&text, "    ")));
        }
    }
}

//! Layers of settings: each says a part, a later one wins, and each value can be traced back to the one that said it.

use std::ops::Range;

use keruta_manifest::problem::Segment;
use serde_json::Value;

use super::text_value::TextLeaf;
use crate::locate::Format;
use crate::place::{Origin, Place, Source};

/// Values of which a later layer replaces the whole: joined, they would say two things at once.
const WHOLE: [&[&str]; 2] = [&["podPatch"], &["workspace", "retention"]];

/// What one file, variable or flag says.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    /// Its part of the settings.
    pub(crate) value: Value,
    /// Values in it whose type was guessed.
    pub(crate) leaves: Vec<TextLeaf>,
    /// Where it was written.
    pub(crate) written: Written,
}

/// Where a layer was written.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    /// In a file: name, text, language.
    File { name: String, text: String, format: Format },
    /// In an environment variable: name, value.
    Variable { name: String, value: String },
    /// In a flag: the flag with what stands before the value, the value.
    Flag { flag: String, value: String },
}

impl Layer {
    /// Where the value at a path of this layer stands.
    pub(crate) fn place(&self, path: &[Segment], key: bool) -> Place {
        // The name, or what comes after it.
        let part = |origin: Origin, text: String, name: Range<usize>, value: usize| {
            let source = Source { origin, text: &text, format: Format::Properties, line: 1, before: 0 };
            source.place(if key { name } else { value..text.len() })
        };
        match &self.written {
            Written::File { name, text, format } => {
                let origin = Origin::File(name.as_str().into());
                Source { origin, text, format: *format, line: 1, before: 0 }.place_at(path, key)
            }
            Written::Variable { name, value } => {
                part(Origin::Environment, format!("{name}={value}"), 0..name.len(), name.len() + 1)
            }
            Written::Flag { flag, value } => {
                let start = flag.find(' ').map_or(0, |blank| blank + 1);
                let end = flag.trim_end_matches([' ', '=']).len();
                part(Origin::CommandLine, format!("{flag}{value}"), start.min(end)..end, flag.len())
            }
        }
    }

    /// In a few words, for `explain`.
    pub(crate) fn shown(&self, path: &[Segment]) -> String {
        match &self.written {
            Written::File { name, .. } => format!("{name}:{}", self.place(path, false).line),
            Written::Variable { name, .. } => format!("${name}"),
            Written::Flag { flag, .. } => flag.trim_end_matches([' ', '=']).to_owned(),
        }
    }
}

/// All layers, the first one below.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers(pub(crate) Vec<Layer>);

impl Layers {
    /// What all of them say together.
    pub(crate) fn joined(&self) -> Value {
        let mut joined = Value::Object(serde_json::Map::new());
        for layer in &self.0 {
            join(&mut joined, &layer.value, &mut Vec::new());
        }
        joined
    }

    /// The layer whose word on the value at `path` counts: the last one that has it, or that has what is around it.
    pub(crate) fn author(&self, path: &[Segment]) -> Option<&Layer> {
        (1..=path.len()).rev().find_map(|depth| self.who_says(&path[..depth])).or_else(|| self.0.last())
    }

    /// The last layer that says something of the value at `path` itself.
    pub(crate) fn who_says(&self, path: &[Segment]) -> Option<&Layer> {
        self.0.iter().rev().find(|layer| at(&layer.value, path).is_some())
    }
}

fn at<'v>(value: &'v Value, path: &[Segment]) -> Option<&'v Value> {
    path.iter().try_fold(value, |node, segment| match segment {
        Segment::Key(key) => node.get(key),
        Segment::Index(index) => node.get(index),
    })
}

fn join<'v>(below: &mut Value, above: &'v Value, path: &mut Vec<&'v str>) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) if !WHOLE.contains(&path.as_slice()) => {
            for (key, value) in above {
                path.push(key);
                join(below.entry(key.clone()).or_insert(Value::Null), value, path);
                path.pop();
            }
        }
        (below, above) => *below = above.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn layer(name: &str, value: Value) -> Layer {
        let written = Written::Variable { name: name.to_owned(), value: String::new() };
        Layer { value, leaves: Vec::new(), written }
    }

    fn keys(path: &str) -> Vec<Segment> {
        path.split('.').map(|key| key.parse().map_or_else(|_| Segment::Key(key.to_owned()), Segment::Index)).collect()
    }

    #[test]
    fn the_last_word_counts_and_is_traced() {
        let layers = Layers(vec![
            layer("A", json!({"a": 1, "b": {"c": 1, "d": [1, 2]}, "podPatch": {"json": []}})),
            layer("B", json!({"b": {"d": [3]}, "podPatch": {"merge": {}}})),
        ]);
        assert_eq!(layers.joined(), json!({"a": 1, "b": {"c": 1, "d": [3]}, "podPatch": {"merge": {}}}));
        let author = |path: &str| layers.author(&keys(path)).map(|layer| layer.shown(&[])).unwrap();
        assert_eq!(
            ["a", "b.c", "b.d.0", "b.d", "b", "podPatch.merge", "nothing"].map(author),
            ["$A", "$A", "$B", "$B", "$B", "$B", "$B"]
        );
        assert!(layers.who_says(&keys("nothing")).is_none());
    }
}

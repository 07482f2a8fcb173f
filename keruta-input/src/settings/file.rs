//! One settings file, in the language that its name says.

use std::path::Path;

use keruta_manifest::problem::{FieldPath, Position, Problem, Rule};
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::layers::{Layer, Written};
use super::{properties, tree::Tree};
use crate::diagnostic::Diagnostic;
use crate::failure::Failure;
use crate::locate::{Format, duplicate_in_yaml};
use crate::place::{Origin, Source};

/// The language that a file's name says.
pub(crate) fn format_of(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "json" => Some(Format::Json),
        "yaml" | "yml" => Some(Format::Yaml),
        "toml" => Some(Format::Toml),
        "properties" => Some(Format::Properties),
        _ => None,
    }
}

/// Reads a file into a layer.
pub(crate) fn read(path: &Path) -> Result<Layer, Failure> {
    let name = &path.display().to_string();
    let Some(format) = format_of(path) else {
        return Err(Failure::Usage(format!(
            "the name of the settings file {name:?} does not say its format: it must end in .toml, .yaml, .yml, .json or .properties"
        )));
    };
    let bytes = std::fs::read(path).map_err(|error| Failure::read(name, error))?;
    let text = String::from_utf8(bytes).map_err(|error| Failure::not_text(name, &error.utf8_error()))?;
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    layer(name, text, format).map_err(|diagnostic| Failure::Invalid(vec![*diagnostic]))
}

fn layer(name: &str, text: String, format: Format) -> Result<Layer, Box<Diagnostic>> {
    let source = Source { origin: Origin::File(name.into()), text: &text, format, line: 1, before: 0 };
    let in_source = |problem: Problem| Box::new(Diagnostic::in_source(&problem, &source));
    let mut leaves = Vec::new();
    let value = match format {
        Format::Json => serde_json::from_str::<Tree>(&text)
            .map(|tree| tree.0)
            .map_err(|error| in_source(syntax("JSON", &error.to_string(), error.line(), error.column())))?,
        Format::Yaml => serde_yaml::from_str::<Tree>(&text).map(|tree| tree.0).map_err(|error| {
            let at = error.location();
            let (line, column) = at.map_or((0, 0), |at| (at.line(), at.column()));
            let mut diagnostic = in_source(syntax("YAML", &error.to_string(), line, column));
            // The parser knows the mapping only, not the key.
            if diagnostic.rule == Rule::DuplicateField.id()
                && let Some(key) = duplicate_in_yaml(&text)
            {
                diagnostic.place = Some(source.place(key));
            }
            diagnostic
        })?,
        Format::Toml => match DeTable::parse(&text) {
            Ok(table) => Value::Object(of_table(table.get_ref())),
            Err(error) => {
                let problem = Problem::custom(
                    FieldPath::root(),
                    Rule::Syntax,
                    format!("is not TOML: {}", error.message()),
                    "mend the syntax at this place",
                );
                let place = source.place(error.span().unwrap_or(0..0));
                return Err(Box::new(Diagnostic::of_problem(&problem, Some(place))));
            }
        },
        Format::Properties => {
            let (value, guessed) = properties::read(&text);
            leaves = guessed;
            value
        }
    };
    let value = match value {
        Value::Null => Value::Object(Map::new()),
        Value::Object(_) => value,
        _ => {
            let message = "settings are a map from names to values";
            return Err(in_source(Problem::custom(
                FieldPath::root(),
                Rule::WrongType,
                message,
                "compare it with keruta-manifest schema settings",
            )));
        }
    };
    Ok(Layer { value, leaves, written: Written::File { name: name.to_owned(), text, format } })
}

/// A document that its parser refuses; its words end in the position, which is told apart.
fn syntax(language: &str, words: &str, line: usize, column: usize) -> Problem {
    let words = words.rfind(" at line ").map_or(words, |end| &words[..end]);
    // YAML's parser puts the path before the words.
    let duplicate = words.rsplit_once(super::tree::DUPLICATE).map(|(_, name)| name);
    let mut problem = match duplicate {
        Some(name) => Problem::custom(
            FieldPath::root(),
            Rule::DuplicateField,
            format!("the field {name} is given twice"),
            "keep one of the two",
        ),
        None => Problem::custom(
            FieldPath::root(),
            Rule::Syntax,
            format!("is not {language}: {words}"),
            "mend the syntax at this place",
        ),
    };
    if line > 0 {
        problem.position = Some(Position { line, column: column.max(1) });
    }
    problem
}

fn of_table(table: &DeTable<'_>) -> Map<String, Value> {
    table.iter().map(|(key, value)| (key.get_ref().clone().into_owned(), of_value(value))).collect()
}

fn of_value(value: &Spanned<DeValue<'_>>) -> Value {
    match value.get_ref() {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        // A number that does not fit is left as its text, which the setting then refuses.
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or_else(|_| Value::String(integer.as_str().to_owned()), Value::from),
        DeValue::Float(float) => {
            float.as_str().parse::<f64>().map_or_else(|_| Value::String(float.as_str().to_owned()), Value::from)
        }
        DeValue::Boolean(boolean) => Value::Bool(*boolean),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(items) => Value::Array(items.iter().map(of_value).collect()),
        DeValue::Table(table) => Value::Object(of_table(table)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, format: Format) -> Value {
        layer("x", text.to_owned(), format).unwrap().value
    }

    #[test]
    fn the_same_settings_in_every_language() {
        let expected = serde_json::json!({
            "defaultImage": "python:3.12", "inCluster": true,
            "job": {"backoffLimit": 2}, "workspace": {"size": "2Gi"},
        });
        let json = r#"{"defaultImage": "python:3.12", "inCluster": true, "job": {"backoffLimit": 2}, "workspace": {"size": "2Gi"}}"#;
        assert_eq!(value(json, Format::Json), expected);
        let yaml = "defaultImage: python:3.12\ninCluster: true\njob: {backoffLimit: 2}\nworkspace:\n  size: 2Gi\n";
        assert_eq!(value(yaml, Format::Yaml), expected);
        let toml = "defaultImage = 'python:3.12'\ninCluster = true\njob.backoffLimit = 2\n[workspace]\nsize = '2Gi'\n";
        assert_eq!(value(toml, Format::Toml), expected);
        let properties = "keruta.kubernetes.default-image=python:3.12\nkeruta.kubernetes.in-cluster=true\n\
                          keruta.kubernetes.job.backoff-limit=2\nkeruta.kubernetes.workspace.size=2Gi\n";
        assert_eq!(value(properties, Format::Properties), expected);
    }

    #[test]
    fn an_empty_file_says_nothing() {
        for format in [Format::Yaml, Format::Toml, Format::Properties] {
            assert_eq!(value("", format), serde_json::json!({}), "{format:?}");
        }
        assert_eq!(value("# nothing\n", Format::Yaml), serde_json::json!({}));
    }

    #[test]
    fn what_is_given_twice_is_refused_with_its_line() {
        for (text, format) in
            [("{\"a\": 1,\n\"a\": 2}", Format::Json), ("a: 1\na: 2\n", Format::Yaml), ("a = 1\na = 2\n", Format::Toml)]
        {
            let diagnostic = layer("x", text.to_owned(), format).unwrap_err();
            assert_eq!(diagnostic.place.as_ref().unwrap().line, 2, "{format:?} {diagnostic:?}");
        }
    }
}

//! Reading a JSON document into a type, with all of its problems at once.
//!
//! A document that is right is deserialized straight from its text. Only where that fails is it read again as a
//! tree and *peeled*: the first problem's field is taken out of the tree and the rest is read anew, until
//! nothing is wrong any more. So what is accepted is defined in one place, the types' `Deserialize`.

mod objects;
mod problem_of;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::problem::{FieldPath, Position, Problem, Problems, Rule, Segment};
use problem_of::{Culprit, DUPLICATE_CURE, problem_of};

/// More problems than these are not looked for: a person mends the first and asks again.
const MOST_PROBLEMS: usize = 100;

/// What could be read of a document that has problems.
#[derive(Debug)]
pub struct Partial<T> {
    /// What is wrong.
    pub problems: Problems,
    /// The document without the fields that are wrong, where the rest makes a whole.
    pub rest: Option<T>,
    /// The fields that were taken out.
    removed: Vec<FieldPath>,
}

impl<T> Partial<T> {
    /// Adds what a later stage found in [`rest`](Self::rest), except where a field is missing only because it was taken out.
    #[must_use]
    pub fn join(self, later: Problems) -> Problems {
        let mut problems = self.problems.into_vec();
        let touches_removed =
            |path: &FieldPath| self.removed.iter().any(|gone| path.starts_with(gone) || gone.starts_with(path));
        problems.extend(later.into_vec().into_iter().filter(|problem| !touches_removed(&problem.path)));
        // Never empty: the document's own problems are there.
        match Problems::none_of(problems) {
            Err(problems) => problems,
            Ok(()) => Problem::custom(FieldPath::root(), Rule::Syntax, "is not readable", "check the document").into(),
        }
    }
}

/// Reads a JSON text.
///
/// ```
/// use keruta_manifest::Task;
///
/// let wrong = r#"{"id": "task-1", "image": "No Such", "prority": 3}"#;
/// let partial = keruta_manifest::read::from_json::<Task>(wrong).unwrap_err();
/// let messages: Vec<String> = partial.problems.as_slice().iter().map(ToString::to_string).collect();
/// assert!(messages[0].starts_with("image: "));
/// assert!(messages[1].contains("priority"));
/// ```
///
/// # Errors
///
/// All problems of the document, with what is left of it.
pub fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, Box<Partial<T>>> {
    let mut json = serde_json::Deserializer::from_str(text);
    let first = match objects::deserialize(&mut json).and_then(|value| json.end().map(|()| value)) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let value = match serde_json::from_str::<Value>(text) {
        Ok(value) => value,
        Err(error) => return Err(whole(syntax_problem(&error)).into()),
    };
    match from_value(value) {
        Err(partial) => Err(partial),
        // The tree is right where the text was not: a field stood there twice, and the tree kept one.
        Ok(_) => Err(whole(text_problem(&first)).into()),
    }
}

/// Reads a JSON tree, for example one that was read from YAML or TOML.
///
/// # Errors
///
/// All problems of the document, with what is left of it.
pub fn from_value<T: DeserializeOwned>(mut value: Value) -> Result<T, Box<Partial<T>>> {
    let mut problems = Vec::new();
    let mut removed: Vec<FieldPath> = Vec::new();
    let rest = loop {
        let culprit = match first_problem::<T>(&value) {
            Ok(rest) => break Some(rest),
            Err(culprit) => culprit,
        };
        let original = FieldPath::from(original_indices(&culprit.path, &removed));
        let because_removed = removed.iter().any(|gone| culprit.follows_from(&original, gone));
        if !because_removed {
            problems.push(culprit.problem(original.clone()));
            let beside = missing_beside::<T>(&value, &culprit);
            problems.extend(beside.iter().map(|culprit| culprit.problem(original.clone())));
        }
        if problems.len() >= MOST_PROBLEMS || !take_out(&mut value, &culprit) {
            break None;
        }
        removed.push(original);
    };
    match (Problems::none_of(problems), rest) {
        (Ok(()), Some(rest)) => Ok(rest),
        (Err(problems), rest) => Err(Box::new(Partial { problems, rest, removed })),
        (Ok(()), None) => {
            Err(whole(Problem::custom(FieldPath::root(), Rule::Syntax, "is not readable", "check the document")).into())
        }
    }
}

/// Reads a tree up to its first problem.
fn first_problem<T: DeserializeOwned>(value: &Value) -> Result<T, Culprit> {
    let mut track = serde_path_to_error::Track::new();
    objects::deserialize(serde_path_to_error::Deserializer::new(value, &mut track))
        .map_err(|error: serde_json::Error| problem_of(&segments(&track.path()), &error.to_string(), value))
}

/// The other fields that the object lacks: serde tells of the first one only, and of the next when that is filled in.
fn missing_beside<T: DeserializeOwned>(value: &Value, culprit: &Culprit) -> Vec<Culprit> {
    let mut tree = value.clone();
    let mut found: Vec<Culprit> = Vec::new();
    while let Some(name) = &found.last().unwrap_or(culprit).missing {
        let field = Segment::Key(name.clone());
        // What some type of a field takes; which one it is, nobody tells.
        let fillers = [json!("a"), json!("/a"), json!("1s"), json!("https://a/b"), json!(1), json!([]), json!({})];
        let next = fillers.into_iter().find_map(|filler| {
            let Some(Value::Object(object)) = node_mut(&mut tree, &culprit.path) else { return None };
            object.insert(name.clone(), filler);
            let next = first_problem::<T>(&tree).err()?;
            let is_field = next.path.strip_prefix(&*culprit.path).is_some_and(|inside| inside.first() == Some(&field));
            (!is_field).then_some(next)
        });
        match next {
            Some(next) if next.missing.is_some() && next.path == culprit.path => found.push(next),
            _ => break,
        }
    }
    found
}

fn whole<T>(problem: Problem) -> Partial<T> {
    Partial { problems: problem.into(), rest: None, removed: vec![FieldPath::root()] }
}

/// A text that is not JSON.
fn syntax_problem(error: &serde_json::Error) -> Problem {
    let mut problem = Problem::custom(
        FieldPath::root(),
        Rule::Syntax,
        format!("is not JSON: {}", without_position(error)),
        "mend the syntax at this place",
    );
    problem.position = position(error);
    problem
}

/// A problem that only the text has.
fn text_problem(error: &serde_json::Error) -> Problem {
    let message = without_position(error);
    let mut problem = match message.strip_prefix("duplicate field `").and_then(|rest| rest.strip_suffix('`')) {
        Some(field) => Problem::custom(
            FieldPath::root(),
            Rule::DuplicateField,
            format!("the field {field:?} is given twice"),
            DUPLICATE_CURE,
        ),
        None => Problem::custom(FieldPath::root(), Rule::Syntax, message, "mend the document at this place"),
    };
    problem.position = position(error);
    problem
}

fn position(error: &serde_json::Error) -> Option<Position> {
    (error.line() > 0).then(|| Position { line: error.line(), column: error.column().max(1) })
}

fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

fn segments(path: &serde_path_to_error::Path) -> Vec<Segment> {
    use serde_path_to_error::Segment as S;
    path.iter()
        .filter_map(|segment| match segment {
            S::Seq { index } => Some(Segment::Index(*index)),
            S::Map { key } => Some(Segment::Key(key.clone())),
            S::Enum { variant } => Some(Segment::Key(variant.clone())),
            S::Unknown => None,
        })
        .collect()
}

/// The path that a place of the peeled tree has in the document: items that were taken out count again.
fn original_indices(path: &[Segment], removed: &[FieldPath]) -> Vec<Segment> {
    let mut original: Vec<Segment> = Vec::with_capacity(path.len());
    for segment in path {
        let Segment::Index(index) = segment else {
            original.push(segment.clone());
            continue;
        };
        let mut gone: Vec<usize> = removed
            .iter()
            .filter_map(|path| match path.segments() {
                [parent @ .., Segment::Index(index)] if *parent == original[..] => Some(*index),
                _ => None,
            })
            .collect();
        gone.sort_unstable();
        let index = gone.into_iter().fold(*index, |index, gone| if gone <= index { index + 1 } else { index });
        original.push(Segment::Index(index));
    }
    original
}

/// Takes the culprit out of the tree; `false` if that is not possible.
fn take_out(value: &mut Value, culprit: &Culprit) -> bool {
    let Some((last, parents)) = culprit.path.split_last() else { return false };
    match (last, node_mut(value, parents)) {
        (Segment::Key(key), Some(Value::Object(object))) => object.remove(key).is_some(),
        (Segment::Index(index), Some(Value::Array(items))) if *index < items.len() => {
            items.remove(*index);
            true
        }
        _ => false,
    }
}

fn node_mut<'v>(value: &'v mut Value, path: &[Segment]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |node, segment| match (segment, node) {
        (Segment::Key(key), Value::Object(object)) => object.get_mut(key),
        (Segment::Index(index), Value::Array(items)) => items.get_mut(*index),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, Task};

    fn problems(text: &str) -> Vec<String> {
        let partial = from_json::<Task>(text).unwrap_err();
        partial.problems.as_slice().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn all_problems_come_at_once_with_the_paths_of_the_document() {
        let text = r#"{
            "id": "task-1", "image": "No Such", "prority": 1, "title": 5, "parentId": "",
            "env": {"GOOD": "1", "2BAD": "x", "B": {"secret": {"name": "S", "key": "k"}}},
            "initSteps": [{"sleep": {"duration": "x"}}, {"sleep": {"duration": "1s", "livenessProbe": {}}}, {"nap": {}}, {"sleep": {"duration": -1}}],
            "repository": {"url": "ext::sh", "ref": "-x"}
        }"#;
        let found = problems(text);
        insta::assert_snapshot!(found.join("\n"));
    }

    #[test]
    fn what_only_the_text_shows_is_found_too() {
        assert!(problems(r#"{"id": "a", "id": "b"}"#)[0].contains("\"id\" is given twice"));
        assert!(problems(r#"{"id": "a", "env": {"A": "1", "A": "2"}}"#)[0].contains("\"A\" is given twice"));
        assert!(problems(r#"{"id": "a", "parentId": "b", "parentTaskId": "c"}"#)[0].contains("given twice"));
        assert!(problems("{").first().unwrap().contains("[syntax]"));
        assert!(problems("").first().unwrap().contains("[syntax]"));
        assert!(problems("[]").first().unwrap().contains("[wrong-type]"));
        assert!(problems("{}").first().unwrap().contains("[missing-field]"));
    }

    #[test]
    fn a_list_is_no_object_at_any_depth() {
        let found = problems(
            r#"{"id": "a", "repository": ["https://example.com/a"], "env": {"A": {"secret": ["s", "k"]}},
                "initSteps": [{"sleep": ["1s"]}], "podPatch": [["strategic", {}]]}"#,
        );
        insta::assert_snapshot!(found.join("\n"));
        assert!(Settings::from_json("[]").is_err());
        assert!(Settings::from_json(r#"{"job": [3]}"#).is_err());
    }

    #[test]
    fn all_missing_fields_of_an_object_are_told() {
        let found = problems(
            r#"{"env": {"A": {"secret": {}}, "B": {"secret": {"key": "k"}}}, "initSteps": [{"writeFile": {}}, {"run": {}}],
                "files": [{}], "volumes": [{}], "sidecars": [{}]}"#,
        );
        insta::assert_snapshot!(found.join("\n"));
    }

    #[test]
    fn fields_of_the_keruta_api_are_accepted() {
        let task = Task::from_json(
            r#"{"id": "a", "agentId": null, "documents": ["d1", {"id": "d2"}], "jobName": "x", "podName": 5, "pvcName": {}, "logs": [], "kubernetesManifest": "y"}"#,
        );
        assert_eq!(task.unwrap().document().unwrap().as_str(), "d1");
    }

    #[test]
    fn a_misspelt_setting_is_suggested() {
        let found = Settings::from_json(r#"{"workspace": {"siez": "1Gi"}}"#).unwrap_err().to_string();
        assert_eq!(
            found,
            "workspace.siez: there is no field \"siez\" here [unknown-field] help: did you mean \"size\"?"
        );
    }
}

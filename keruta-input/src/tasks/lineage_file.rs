//! `--lineage FILE`: the parents of tasks that are not in the stream.

use std::collections::BTreeMap;
use std::path::Path;

use keruta_manifest::Task;
use keruta_manifest::lineage::LineageIndex;
use keruta_manifest::problem::{FieldPath, Position, Problem, Problems, Rule};
use keruta_manifest::value::TaskId;
use serde::Deserialize;

use super::batch::{Batch, BatchError, Batches, Record};
use super::whence::Whence;
use crate::diagnostic::Diagnostic;
use crate::failure::Failure;

/// What a task says of its ancestors; all else is passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kin {
    id: TaskId,
    #[serde(alias = "parentTaskId")]
    parent_id: Option<TaskId>,
}

/// Reads the file into an index.
pub(crate) fn read(path: &Path) -> Result<LineageIndex, Failure> {
    let mut index = LineageIndex::default();
    let mut batches = Batches::open(path).map_err(|error| Failure::read(path.display().to_string(), error))?;
    let name = batches.name.clone();
    let mut batch = Batch::default();
    loop {
        match batches.next(&mut batch) {
            Ok(true) => {}
            Ok(false) | Err(BatchError::Empty) => return Ok(index),
            Err(error) => return Err(error.of_file(&name)),
        }
        for record in batch.records() {
            let whence = Whence::File { name: &name, record };
            enter(&record, &whence, &mut index).map_err(|problems| {
                let diagnostics: Vec<Diagnostic> =
                    problems.as_slice().iter().map(|problem| whence.diagnostic(problem)).collect();
                Failure::Invalid(diagnostics)
            })?;
        }
    }
}

fn enter(record: &Record<'_>, whence: &Whence<'_>, index: &mut LineageIndex) -> Result<(), Problems> {
    let text = match whence.text() {
        Some(Ok(text)) => text,
        Some(Err(problem)) => return Err(problem.into()),
        None => return Ok(()),
    };
    debug_assert_eq!(text.len(), record.bytes.len());
    if let Ok(kin) = serde_json::from_str::<Kin>(text) {
        return insert(index, kin.id, kin.parent_id, "id");
    }
    let map: BTreeMap<String, Option<TaskId>> = serde_json::from_str(text).map_err(|error| refused(&error))?;
    for (id, parent) in map {
        let key = FieldPath::root().key(id.as_str());
        let id: TaskId = id.parse().map_err(|error| Problem::new(key, &error))?;
        let shown = id.to_string();
        insert(index, id, parent, &shown)?;
    }
    Ok(())
}

fn insert(index: &mut LineageIndex, id: TaskId, parent: Option<TaskId>, key: &str) -> Result<(), Problems> {
    let mut task = Task::new(id);
    task.parent_id = parent;
    index.insert(&task).map_err(|error| Problem::new(FieldPath::root().key(key), &error).into())
}

fn refused(error: &serde_json::Error) -> Problem {
    let words = error.to_string();
    let words = words.rfind(" at line ").map_or(words.as_str(), |end| &words[..end]);
    let mut problem = Problem::custom(
        FieldPath::root(),
        if error.is_data() { Rule::WrongType } else { Rule::Syntax },
        format!("is neither a task nor a map from ids to parents: {words}"),
        "write {\"child\": \"parent\", \"root\": null}, or tasks",
    );
    problem.position = Some(Position { line: error.line(), column: error.column().max(1) });
    problem
}

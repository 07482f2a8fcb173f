//! What the tasks before a task tell of it: its ancestors, and that its id is its own.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use keruta_manifest::Task;
use keruta_manifest::lineage::{Lineage, LineageIndex};
use keruta_manifest::problem::{FieldPath, Problem, Problems, Rule};

/// All tasks so far.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) lineage: LineageIndex,
    /// 128 bits of a hash for each id: millions of tasks fit into memory, and no two ids are ever taken for one.
    ids: HashSet<(u64, u64)>,
}

impl Index {
    /// Takes note of a task of the stream and finds its ancestors.
    pub(crate) fn enter(&mut self, task: &Task) -> Result<Lineage, Problems> {
        let at_parent = |error| Problem::new(FieldPath::root().key("parentId"), &error);
        let mut problems = Vec::new();
        if !self.ids.insert(fingerprint(task.id.as_str())) {
            problems.push(Problem::custom(
                FieldPath::root().key("id"),
                Rule::Unique,
                format!("a task before this one has the id {:?} too", task.id.as_str()),
                "give each task an id of its own",
            ));
        } else if let Err(error) = self.lineage.insert(task) {
            problems.push(at_parent(error));
        }
        match self.lineage.lineage_of(task) {
            Ok(lineage) if problems.is_empty() => {
                self.lineage.assume(task, &lineage);
                Ok(lineage)
            }
            Ok(lineage) => Problems::none_of(problems).map(|()| lineage),
            Err(error) => {
                if problems.is_empty() {
                    problems.push(at_parent(error));
                }
                Problems::none_of(problems).map(|()| Lineage::Root)
            }
        }
    }
}

fn fingerprint(id: &str) -> (u64, u64) {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, id).hash(&mut hasher);
        hasher.finish()
    };
    (half(0), half(1))
}

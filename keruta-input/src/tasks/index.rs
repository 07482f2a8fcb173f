//! What the tasks before a task tell of it: its ancestors, and that its id is its own.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use keruta_manifest::Task;
use keruta_manifest::lineage::{Lineage, LineageError, LineageIndex};
use keruta_manifest::problem::{FieldPath, Problem, Problems, Rule};
use keruta_manifest::value::TaskId;

/// All tasks so far.
///
/// Of most tasks only 128 bits of a hash of the id are kept: a million of them fit into memory, and no two ids are ever
/// taken for one. In the lineage are those that have a parent, or that turned out to be one.
#[derive(Debug, Default)]
pub(crate) struct Index {
    ids: HashSet<(u64, u64)>,
    lineage: LineageIndex,
    /// Whether the lineage knows more than the tasks of the stream.
    told_before: bool,
}

impl Index {
    /// With what is known of tasks that are not in the stream.
    pub(crate) fn with(lineage: LineageIndex) -> Self {
        Self { lineage, told_before: true, ..Self::default() }
    }

    /// Takes note of a task of the stream and finds its ancestors.
    pub(crate) fn enter(&mut self, task: &Task) -> Result<Lineage, Problems> {
        if !self.ids.insert(fingerprint(&task.id)) {
            let message = format!("a task before this one has the id {:?} too", task.id.as_str());
            let path = FieldPath::root().key("id");
            return Err(Problem::custom(path, Rule::Unique, message, "give each task an id of its own").into());
        }
        self.lineage_of(task).map_err(|error| Problem::new(FieldPath::root().key("parentId"), &error).into())
    }

    fn lineage_of(&mut self, task: &Task) -> Result<Lineage, LineageError> {
        if task.parent_id.is_none() && !self.told_before {
            return Ok(Lineage::of(task));
        }
        self.lineage.insert(task)?;
        if let Some(ancestor) = self.first_ancestor(task)? {
            self.lineage.insert(&Task::new(ancestor))?;
        }
        let lineage = self.lineage.lineage_of(task)?;
        self.lineage.assume(task, &lineage);
        Ok(lineage)
    }

    /// The first ancestor, where it is a task of the stream: then it is known to have no parent.
    fn first_ancestor(&self, task: &Task) -> Result<Option<TaskId>, LineageError> {
        // What the task says of its root is not what its parents say.
        let mut child = Task::new(task.id.clone());
        child.parent_id.clone_from(&task.parent_id);
        let lineage = self.lineage.lineage_of(&child)?;
        Ok(lineage.ancestor().filter(|ancestor| self.ids.contains(&fingerprint(ancestor))).cloned())
    }
}

fn fingerprint(id: &TaskId) -> (u64, u64) {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, id.as_str()).hash(&mut hasher);
        hasher.finish()
    };
    (half(0), half(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(id: &str, parent: Option<&str>, root: Option<&str>) -> Task {
        let mut task = Task::new(id.parse().unwrap());
        task.parent_id = parent.map(|parent| parent.parse().unwrap());
        task.root_task_id = root.map(|root| root.parse().unwrap());
        task
    }

    fn child_of(root: &str) -> Lineage {
        Lineage::Child { root: root.parse().unwrap() }
    }

    #[test]
    fn ancestors_of_the_stream_are_known() {
        let mut index = Index::default();
        assert_eq!(index.enter(&task("a", None, None)), Ok(Lineage::Root));
        assert_eq!(index.enter(&task("b", Some("a"), None)), Ok(child_of("a")));
        assert_eq!(index.enter(&task("c", Some("b"), None)), Ok(child_of("a")));
        assert_eq!(index.enter(&task("d", Some("b"), Some("a"))), Ok(child_of("a")));
        assert!(index.enter(&task("e", Some("b"), Some("b"))).is_err());
        assert_eq!(index.enter(&task("y", Some("x"), None)), Ok(Lineage::Assumed { parent: "x".parse().unwrap() }));
        assert!(index.enter(&task("x", Some("w"), None)).is_err());
        assert!(index.enter(&task("z", Some("z"), None)).is_err());
    }

    #[test]
    fn an_id_is_given_once() {
        let mut index = Index::default();
        assert!(index.enter(&task("a", None, None)).is_ok());
        assert!(index.enter(&task("a", Some("b"), None)).is_err());
    }

    #[test]
    fn what_was_told_before_counts() {
        let mut lineage = LineageIndex::default();
        lineage.insert(&task("b", Some("a"), None)).unwrap();
        let mut index = Index::with(lineage);
        assert_eq!(index.enter(&task("c", Some("b"), None)), Ok(child_of("a")));
        assert!(index.enter(&task("b", None, None)).is_err());
    }
}

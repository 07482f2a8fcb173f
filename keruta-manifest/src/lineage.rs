//! Who a task descends from: a child shares the workspace of its root ancestor.

use std::collections::{HashMap, HashSet};

use crate::problem::{Explain, Rule};
use crate::task::Task;
use crate::value::TaskId;

/// Longest line of ancestors.
const MAX_DEPTH: usize = 64;

/// Who a task descends from, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lineage {
    /// It has no parent; it owns its workspace.
    Root,
    /// It shares the workspace of this first ancestor.
    Child {
        /// The first ancestor.
        root: TaskId,
    },
    /// Nothing is known of its parent's parents: the parent is taken for the root, as the Kotlin generator did.
    Assumed {
        /// The parent.
        parent: TaskId,
    },
}

impl Lineage {
    /// What a task says of itself: its `rootTaskId`, else its parent.
    #[must_use]
    pub fn of(task: &Task) -> Self {
        match (&task.root_task_id, &task.parent_id) {
            (Some(root), _) if *root != task.id => Self::Child { root: root.clone() },
            (None, Some(parent)) => Self::Assumed { parent: parent.clone() },
            _ => Self::Root,
        }
    }

    /// The task whose workspace is used, where it is not the task's own.
    #[must_use]
    pub const fn ancestor(&self) -> Option<&TaskId> {
        match self {
            Self::Root => None,
            Self::Child { root } => Some(root),
            Self::Assumed { parent } => Some(parent),
        }
    }
}

/// The parents of many tasks, from which the root ancestor of each is found.
///
/// ```
/// use keruta_manifest::{Task, lineage::{Lineage, LineageIndex}};
///
/// let mut index = LineageIndex::default();
/// for task in [r#"{"id":"a"}"#, r#"{"id":"b","parentId":"a"}"#, r#"{"id":"c","parentId":"b"}"#] {
///     index.insert(&Task::from_json(task).unwrap()).unwrap();
/// }
/// let grandchild = Task::from_json(r#"{"id":"d","parentId":"c"}"#).unwrap();
/// assert_eq!(index.lineage_of(&grandchild).unwrap(), Lineage::Child { root: "a".parse().unwrap() });
/// ```
#[derive(Debug, Clone, Default)]
pub struct LineageIndex {
    /// Parents of those who have one.
    parents: HashMap<TaskId, TaskId>,
    /// Those who are known to have none.
    roots: HashSet<TaskId>,
    /// Those who were taken for a root, with a child of theirs, so that a later word to the contrary is an error.
    assumed: HashMap<TaskId, TaskId>,
}

impl LineageIndex {
    /// Takes note of a task and its parent.
    ///
    /// # Errors
    ///
    /// [`LineageError::Contradiction`] if the task is known with another parent, [`LineageError::Late`] if it was
    /// taken for a root before.
    pub fn insert(&mut self, task: &Task) -> Result<(), LineageError> {
        let known = self.parents.get(&task.id);
        let contradiction = |first: Option<&TaskId>| LineageError::Contradiction {
            task: task.id.clone(),
            first: first.cloned(),
            second: task.parent_id.clone(),
        };
        match &task.parent_id {
            Some(parent) => {
                if self.roots.contains(&task.id) {
                    return Err(contradiction(None));
                }
                if known.is_some_and(|known| known != parent) {
                    return Err(contradiction(known));
                }
                if let Some(child) = self.assumed.get(&task.id) {
                    return Err(LineageError::Late { task: task.id.clone(), child: child.clone() });
                }
                self.parents.insert(task.id.clone(), parent.clone());
            }
            None if known.is_some() => return Err(contradiction(known)),
            None => {
                self.roots.insert(task.id.clone());
            }
        }
        Ok(())
    }

    /// Finds the root ancestor of a task.
    ///
    /// # Errors
    ///
    /// [`LineageError::Cycle`] and [`LineageError::TooDeep`], which name the chain; [`LineageError::Root`] if the
    /// task's own `rootTaskId` says otherwise.
    pub fn lineage_of(&self, task: &Task) -> Result<Lineage, LineageError> {
        let Some(parent) = &task.parent_id else { return Ok(Lineage::of(task)) };
        let mut chain = vec![task.id.clone()];
        let mut ancestor = parent;
        loop {
            if chain.contains(ancestor) {
                chain.push(ancestor.clone());
                return Err(LineageError::Cycle { chain });
            }
            chain.push(ancestor.clone());
            if chain.len() > MAX_DEPTH {
                return Err(LineageError::TooDeep { chain });
            }
            match self.parents.get(ancestor) {
                Some(next) => ancestor = next,
                None => break,
            }
        }
        match &task.root_task_id {
            Some(root) if self.roots.contains(ancestor) && root != ancestor => {
                Err(LineageError::Root { claimed: root.clone(), found: ancestor.clone(), chain })
            }
            Some(root) => Ok(Lineage::Child { root: root.clone() }),
            None if self.roots.contains(ancestor) || ancestor != parent => {
                Ok(Lineage::Child { root: ancestor.clone() })
            }
            None => Ok(Lineage::Assumed { parent: parent.clone() }),
        }
    }

    /// Takes note that a task's parent was taken for a root, so that [`insert`](Self::insert) can tell if that was wrong.
    pub fn assume(&mut self, task: &Task, lineage: &Lineage) {
        if let Lineage::Assumed { parent } = lineage {
            self.assumed.entry(parent.clone()).or_insert_with(|| task.id.clone());
        }
    }
}

/// Ancestors that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineageError {
    /// A task is its own ancestor.
    #[error("a task cannot be its own ancestor: {}", shown(.chain))]
    Cycle {
        /// From the task upwards, the repeated one last.
        chain: Vec<TaskId>,
    },
    /// Too many ancestors.
    #[error("has more than {MAX_DEPTH} ancestors: {} …", shown(&.chain[..3.min(.chain.len())]))]
    TooDeep {
        /// From the task upwards.
        chain: Vec<TaskId>,
    },
    /// The same task with two parents.
    #[error("the task {task} was given {} before and has {} now", parent(.first.as_ref()), parent(.second.as_ref()))]
    Contradiction {
        /// The task.
        task: TaskId,
        /// The parent that was given first.
        first: Option<TaskId>,
        /// The parent that was given now.
        second: Option<TaskId>,
    },
    /// `rootTaskId` is not the root.
    #[error("rootTaskId is {claimed}, but the first ancestor is {found}: {}", shown(.chain))]
    Root {
        /// What the task says.
        claimed: TaskId,
        /// What its ancestors say.
        found: TaskId,
        /// From the task upwards.
        chain: Vec<TaskId>,
    },
    /// A parent came after its child and turned out to be a child itself.
    #[error("the task {task} has a parent, but was taken for the first ancestor of {child}, which came before it")]
    Late {
        /// The parent that came late.
        task: TaskId,
        /// The child that came before.
        child: TaskId,
    },
}

impl Explain for LineageError {
    fn rule(&self) -> Rule {
        Rule::Lineage
    }

    fn cure(&self) -> String {
        match self {
            Self::Cycle { .. } => "remove one parentId of the chain".to_owned(),
            Self::TooDeep { .. } => "give the task its rootTaskId, or start a new line".to_owned(),
            Self::Contradiction { .. } => "give each task one parent".to_owned(),
            Self::Root { found, .. } => format!("remove rootTaskId, or write {:?}", found.as_str()),
            Self::Late { .. } => "put parents before their children, or give the child its rootTaskId".to_owned(),
        }
    }
}

fn shown(chain: &[TaskId]) -> String {
    chain.iter().map(TaskId::as_str).collect::<Vec<_>>().join(" → ")
}

fn parent(parent: Option<&TaskId>) -> String {
    parent.map_or_else(|| "no parent".to_owned(), |parent| format!("the parent {parent}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(id: &str, parent: Option<&str>) -> Task {
        let mut task = Task::new(id.parse().unwrap());
        task.parent_id = parent.map(|parent| parent.parse().unwrap());
        task
    }

    #[test]
    fn a_cycle_names_its_chain() {
        let mut index = LineageIndex::default();
        index.insert(&task("a", Some("c"))).unwrap();
        index.insert(&task("b", Some("a"))).unwrap();
        let error = index.lineage_of(&task("c", Some("b"))).unwrap_err();
        assert_eq!(error.to_string(), "a task cannot be its own ancestor: c → b → a → c");
        assert!(index.lineage_of(&task("x", Some("x"))).is_err());
    }

    #[test]
    fn an_unknown_parent_is_taken_for_the_root_until_it_says_otherwise() {
        let mut index = LineageIndex::default();
        let child = task("c", Some("b"));
        let lineage = index.lineage_of(&child).unwrap();
        assert_eq!(lineage, Lineage::Assumed { parent: "b".parse().unwrap() });
        index.assume(&child, &lineage);
        assert!(matches!(index.insert(&task("b", Some("a"))), Err(LineageError::Late { .. })));
        assert!(index.insert(&task("b", None)).is_ok());
    }

    #[test]
    fn contradictions_are_errors() {
        let mut index = LineageIndex::default();
        index.insert(&task("b", Some("a"))).unwrap();
        assert!(matches!(index.insert(&task("b", Some("x"))), Err(LineageError::Contradiction { .. })));
        assert!(matches!(index.insert(&task("b", None)), Err(LineageError::Contradiction { .. })));
        index.insert(&task("a", None)).unwrap();
        let mut child = task("c", Some("b"));
        child.root_task_id = Some("z".parse().unwrap());
        assert!(matches!(index.lineage_of(&child), Err(LineageError::Root { .. })));
    }
}

//! The tasks of a command: from a file of any length, or from flags.

mod batch;
mod flags;
mod index;
mod lineage_file;
mod pool;
mod splitter;
mod summary;
mod whence;

pub use batch::Record;
pub use flags::TaskFlags;
pub use pool::{Done, Sink, Work, run};
pub use summary::{Detail, Summary, Teller};
pub use whence::{Whence, segments};

use keruta_manifest::Task;
use keruta_manifest::lineage::Lineage;
use keruta_manifest::problem::{FieldPath, Problem, Problems, Rule};
use keruta_manifest::read::Partial;

/// A task of the command.
pub struct Item<'b> {
    /// Where it was written.
    pub whence: Whence<'b>,
    /// What could be read of it.
    pub read: Read,
    /// Its ancestors, as far as the tasks before it tell.
    pub lineage: Result<Lineage, Problems>,
}

/// What could be read of a task.
#[expect(clippy::large_enum_variant, reason = "nearly all are whole, and stay in place")]
pub enum Read {
    /// All of it.
    Whole(Task),
    /// What its problems left.
    Part(Box<Partial<Task>>),
    /// Nothing: it is no text.
    Nothing(Problem),
}

impl Item<'_> {
    /// The task, or what is left of it.
    #[must_use]
    pub fn task(&self) -> Option<&Task> {
        match &self.read {
            Read::Whole(task) => Some(task),
            Read::Part(partial) => partial.rest.as_ref(),
            Read::Nothing(_) => None,
        }
    }

    /// What was read, by value; nothing stays.
    pub fn take(&mut self) -> Read {
        let nothing = Problem::custom(FieldPath::root(), Rule::Syntax, "is not readable", "check the file");
        std::mem::replace(&mut self.read, Read::Nothing(nothing))
    }

    /// The id, where it could be read.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.task().map(|task| task.id.as_str())
    }
}

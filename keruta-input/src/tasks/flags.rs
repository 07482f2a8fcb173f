//! A single task from flags.

use keruta_manifest::Task;
use keruta_manifest::problem::Segment;
use keruta_manifest::read::{self, Partial};
use serde_json::{Map, Value, json};

use crate::args::TaskArgs;
use crate::locate::Format;
use crate::place::{Origin, Place, Source};

/// A task as flags say it, with the flag of each field.
pub struct TaskFlags {
    value: Value,
    /// Path of the field, flag, value.
    fields: Vec<(Vec<Segment>, &'static str, String)>,
}

impl TaskFlags {
    /// The task of `--id`; nothing without that flag.
    pub(crate) fn of(args: &TaskArgs) -> Option<Self> {
        let id = args.id.as_ref()?;
        let mut flags = Self { value: Value::Object(Map::new()), fields: Vec::new() };
        flags.set(&["id"], "--id", Some(id));
        flags.set(&["title"], "--title", args.title.as_ref());
        flags.set(&["parentId"], "--parent", args.parent.as_ref());
        flags.set(&["image"], "--image", args.image.as_ref());
        flags.set(&["repository", "url"], "--repo", args.repo.as_ref());
        flags.set(&["repository", "ref"], "--ref", args.git_ref.as_ref());
        flags.set(&["workspace", "size"], "--storage", args.storage.as_ref());
        flags.set(&["workspace", "accessMode"], "--access-mode", args.access_mode.as_ref());
        if !args.command.is_empty() {
            let words = args.command.iter().enumerate();
            let path = |index| vec![Segment::Key("command".to_owned()), Segment::Index(index)];
            flags.fields.extend(words.map(|(index, word)| (path(index), "--", word.clone())));
            flags.value["command"] = json!(args.command);
        }
        Some(flags)
    }

    pub(crate) fn read(&self) -> Result<Task, Box<Partial<Task>>> {
        read::from_value(self.value.clone())
    }

    /// Whether a flag says the field, or a part of it.
    pub(crate) fn says(&self, path: &[Segment]) -> bool {
        self.fields.iter().any(|(field, ..)| field.starts_with(path))
    }

    /// The flag that says the field at a path, or else the one that says the task.
    pub(crate) fn place(&self, path: &[Segment]) -> Option<Place> {
        let says = |field: &&(Vec<Segment>, &str, String)| path.starts_with(&field.0) || field.0.starts_with(path);
        let (_, flag, value) = self.fields.iter().find(says).or_else(|| self.fields.first())?;
        let text = format!("{flag} {value}");
        let source = Source { origin: Origin::CommandLine, text: &text, format: Format::Json, line: 1, before: 0 };
        Some(source.place(flag.len() + 1..text.len()))
    }

    fn set(&mut self, path: &[&str], flag: &'static str, value: Option<&String>) {
        let Some(value) = value else { return };
        let mut here = &mut self.value;
        for key in path {
            if !here.is_object() {
                *here = Value::Object(Map::new());
            }
            here = &mut here[*key];
        }
        *here = Value::String(value.clone());
        let path = path.iter().map(|key| Segment::Key((*key).to_owned())).collect();
        self.fields.push((path, flag, value.clone()));
    }
}

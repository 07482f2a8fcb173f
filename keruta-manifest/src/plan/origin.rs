//! Where each field of the output comes from.

use std::fmt;

use serde::Serialize;

/// Where a field's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
#[non_exhaustive]
pub enum Origin {
    /// keruta itself: the rule in a few words.
    BuiltIn {
        /// Why it is so.
        rule: &'static str,
    },
    /// The preset that was chosen.
    Preset {
        /// The preset's name.
        name: &'static str,
    },
    /// A field of the settings; whether it is a default or was set is the layering's to know.
    Setting {
        /// The field's path, for example `workspace.size`.
        path: String,
    },
    /// A size class of the settings.
    SizeClass {
        /// The class's name.
        name: String,
    },
    /// A field of the task.
    Task {
        /// The field's path, for example `repository.url`.
        path: String,
    },
    /// The task's ancestors.
    Lineage,
    /// A patch, the settings' or the task's.
    Patch {
        /// The path of the patch: `podPatch` of the settings or of the task.
        path: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn { rule } => write!(f, "keruta: {rule}"),
            Self::Preset { name } => write!(f, "preset {name}"),
            Self::Setting { path } => write!(f, "settings: {path}"),
            Self::SizeClass { name } => write!(f, "settings: resources.sizes.{name}"),
            Self::Task { path } => write!(f, "task: {path}"),
            Self::Lineage => f.write_str("task: parentId"),
            Self::Patch { path } => write!(f, "patch: {path}"),
        }
    }
}

/// The origin of a field and of all below it that have none of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldOrigin {
    /// The kind of the object that has the field.
    pub kind: &'static str,
    /// The field's RFC 6901 pointer in the object.
    pub pointer: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Origins as they are noted; noting costs nothing unless somebody asked for them.
#[derive(Debug, Default)]
pub struct Origins(Option<Vec<FieldOrigin>>);

impl Origins {
    /// Notes are kept.
    #[must_use]
    pub const fn kept() -> Self {
        Self(Some(Vec::new()))
    }

    pub(crate) fn note(&mut self, kind: &'static str, note: impl FnOnce() -> (String, Origin)) {
        if let Some(notes) = &mut self.0 {
            let (pointer, origin) = note();
            notes.push(FieldOrigin { kind, pointer, origin });
        }
    }

    /// Whether notes are kept.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    /// The notes, in the order in which they were made.
    #[must_use]
    pub fn into_vec(self) -> Vec<FieldOrigin> {
        self.0.unwrap_or_default()
    }
}

/// The origin of a field: that of the longest pointer that leads to it.
///
/// Of several notes on the same pointer the last one counts.
#[must_use]
pub fn origin_of<'a>(origins: &'a [FieldOrigin], kind: &str, pointer: &str) -> Option<&'a Origin> {
    let leads_to = |note: &&FieldOrigin| {
        note.kind == kind
            && pointer.strip_prefix(note.pointer.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    origins.iter().filter(leads_to).max_by_key(|note| note.pointer.len()).map(|note| &note.origin)
}

//! What the server is started with: files, environment and flags.

use std::collections::BTreeMap;

use jiff::Timestamp;
use keruta_api::SettingOrigin;
use keruta_input::settings::Layered;
use keruta_manifest::Settings;
use serde_json::{Map, Value};

use super::Current;
use super::current::document;
use super::set::leaves;
use crate::store::SetValue;

/// What files, environment and flags say, with where each value was written.
#[derive(Debug, Clone, Default)]
pub struct Seed {
    fields: Map<String, Value>,
    /// By JSON Pointer.
    written: BTreeMap<String, String>,
    settings: Settings,
}

impl Seed {
    /// Of settings that were read.
    ///
    /// ```
    /// use keruta_input::{args::SettingsArgs, settings::Layered};
    /// use keruta_server::configuration::Seed;
    ///
    /// let set = vec!["workspace.size=2Gi".to_owned()];
    /// let seed = Seed::of(&Layered::read(&SettingsArgs { set, ..SettingsArgs::default() }).unwrap());
    /// let set = seed.set(jiff::Timestamp::UNIX_EPOCH);
    /// assert_eq!(set["workspace"].origins["/workspace/size"].from.as_deref(), Some("--set workspace.size"));
    /// ```
    #[must_use]
    pub fn of(layered: &Layered) -> Self {
        let Value::Object(mut fields) = layered.written() else { return Self::default() };
        fields.remove("$schema");
        let written = fields
            .iter()
            .flat_map(|(name, value)| leaves(name, value))
            .filter_map(|(path, _)| Some((path.pointer(), layered.shown_at(path.segments())?)))
            .collect();
        Self { fields, written, settings: layered.settings.clone() }
    }

    /// As it is kept on the first start.
    #[must_use]
    pub fn set(&self, now: Timestamp) -> BTreeMap<String, SetValue> {
        let origin = |pointer: &str| SettingOrigin {
            by: "keruta".to_owned(),
            at: now,
            from: self.written.get(pointer).cloned(),
        };
        self.fields
            .iter()
            .map(|(name, value)| {
                let origins = leaves(name, value)
                    .map(|(path, _)| {
                        let pointer = path.pointer();
                        let origin = origin(&pointer);
                        (pointer, origin)
                    })
                    .collect();
                (name.clone(), SetValue { value: value.clone(), origins })
            })
            .collect()
    }

    /// Where something was written that is not in force: `$KERUTA_QUEUE (queue)`.
    pub(super) fn unlike(&self, current: &Current) -> Vec<String> {
        // Both in the same spelling: `30d` and `720h` are the same.
        let (mine, theirs) = (Value::Object(document(&self.settings)), Value::Object(current.document()));
        self.fields
            .iter()
            .flat_map(|(name, value)| leaves(name, value))
            .filter(|(path, _)| mine.pointer(&path.pointer()) != theirs.pointer(&path.pointer()))
            .map(|(path, _)| match self.written.get(&path.pointer()) {
                Some(place) => format!("{place} ({path})"),
                None => path.to_string(),
            })
            .collect()
    }
}

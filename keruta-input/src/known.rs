//! The names of all settings, from the defaults themselves.

use keruta_manifest::Settings;
use keruta_manifest::problem::Segment;
use serde_json::Value;

/// The tree of all settings with their defaults.
pub(crate) struct Known(Value);

impl Known {
    /// The tree of this version's settings.
    pub(crate) fn settings() -> Self {
        // Serializing a tree of texts and numbers does not fail; no names are known then.
        Self(serde_json::to_value(Settings::default()).unwrap_or_default())
    }

    /// The path with each name as the settings spell it, where they have it in another spelling.
    pub(crate) fn respell(&self, path: &[Segment]) -> Vec<Segment> {
        let mut node = Some(&self.0);
        path.iter()
            .map(|segment| {
                let Segment::Key(name) = segment else {
                    node = None;
                    return segment.clone();
                };
                let spelt = node
                    .and_then(Value::as_object)
                    .and_then(|object| object.iter().find(|(known, _)| plain(known) == plain(name)));
                node = spelt.map(|(_, below)| below);
                Segment::Key(spelt.map_or_else(|| name.clone(), |(known, _)| known.clone()))
            })
            .collect()
    }

    /// Whether the settings have a field of this name at their top.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    /// The settings at the top, in the spelling of environment variables.
    pub(crate) fn variables(&self) -> impl Iterator<Item = String> + '_ {
        self.0.as_object().into_iter().flatten().map(|(name, _)| screaming(name))
    }
}

/// A name without what tells its spellings apart.
fn plain(name: &str) -> String {
    name.chars().filter(|character| !matches!(character, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// `defaultImage` as `DEFAULT_IMAGE`.
pub(crate) fn screaming(name: &str) -> String {
    let mut screaming = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            screaming.push('_');
        }
        screaming.push(character.to_ascii_uppercase());
    }
    screaming
}

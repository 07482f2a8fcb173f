//! The ConfigMap that goes with a Job: texts that are too long for an environment, and files.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, KeyToPath};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::names::JobName;
use super::volume::VolumePlan;
use crate::value::{DnsLabel, LabelValue, QualifiedName};

/// A ConfigMap of texts, each of which becomes a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigMapPlan {
    metadata: ObjectMeta,
    data: BTreeMap<String, String>,
    executable: Vec<String>,
}

impl ConfigMapPlan {
    /// An empty ConfigMap of the name of its Job.
    #[must_use]
    pub fn new(name: &JobName) -> Self {
        Self {
            metadata: ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() },
            data: BTreeMap::new(),
            executable: Vec::new(),
        }
    }

    /// The namespace; kubectl's context decides where absent.
    #[must_use]
    pub fn namespace(mut self, namespace: Option<DnsLabel>) -> Self {
        self.metadata.namespace = namespace.map(Into::into);
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, key: QualifiedName, value: LabelValue) -> Self {
        self.metadata.labels.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// Adds a text under a key of the caller's choice, which must be a key that a ConfigMap can have.
    pub(super) fn add(&mut self, key: &str, text: impl Into<String>, executable: bool) {
        self.data.insert(key.to_owned(), text.into());
        if executable {
            self.executable.push(key.to_owned());
        }
    }

    pub(super) fn holds(&self, key: &str) -> bool {
        self.data.contains_key(key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The volume that holds the texts so far as files of the keys' names.
    pub(super) fn volume(&self, name: &DnsLabel) -> VolumePlan {
        self.volume_of(name, self.data.keys())
    }

    /// The volume that holds one text as a file of the key's name.
    pub(super) fn volume_with(&self, name: &DnsLabel, key: &str) -> VolumePlan {
        self.volume_of(name, self.data.keys().filter(|other| *other == key))
    }

    fn volume_of<'a>(&self, name: &DnsLabel, keys: impl Iterator<Item = &'a String>) -> VolumePlan {
        let item = |key: &String| KeyToPath {
            key: key.clone(),
            path: key.clone(),
            mode: self.executable.contains(key).then_some(0o555),
            ..KeyToPath::default()
        };
        let config_map = self.metadata.name.as_deref().unwrap_or_default();
        VolumePlan::config_map(name, config_map, keys.map(item).collect(), None)
    }

    /// The Kubernetes object.
    #[must_use]
    pub fn into_config_map(self) -> ConfigMap {
        ConfigMap { metadata: self.metadata, data: Some(self.data), ..ConfigMap::default() }
    }
}

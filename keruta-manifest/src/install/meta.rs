//! The metadata that everything installed carries.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

/// Which part of keruta an object serves; the value of `app.kubernetes.io/component`.
///
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/>
#[derive(Clone, Copy)]
pub(super) enum Part {
    System,
    Submitter,
    Task,
    Api,
}

impl Part {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Submitter => "submitter",
            Self::Task => "task",
            Self::Api => "api",
        }
    }
}

/// Labels of one of keruta's own Pods, by which a policy finds it. Task Pods carry `app: keruta` instead.
pub(super) fn pod_labels(part: Part) -> BTreeMap<String, String> {
    labels([("app.kubernetes.io/name", "keruta"), ("app.kubernetes.io/component", part.as_str())])
}

/// The Pods of keruta's Jobs.
pub(super) fn task_pods() -> LabelSelector {
    selector(labels([("app", "keruta")]))
}

pub(super) fn selector(labels: BTreeMap<String, String>) -> LabelSelector {
    LabelSelector { match_labels: Some(labels), ..LabelSelector::default() }
}

/// Metadata of an object that belongs to no namespace.
pub(super) fn cluster_scoped(name: &str, part: Part) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        labels: Some(labels([
            ("app", "keruta"),
            ("app.kubernetes.io/component", part.as_str()),
            ("app.kubernetes.io/managed-by", "keruta"),
            ("app.kubernetes.io/name", "keruta"),
        ])),
        ..ObjectMeta::default()
    }
}

/// Metadata of an object in a namespace.
pub(super) fn namespaced(namespace: &str, name: &str, part: Part) -> ObjectMeta {
    ObjectMeta { namespace: Some(namespace.to_owned()), ..cluster_scoped(name, part) }
}

pub(super) fn labels<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

//! Objects as a stream of text: YAML documents, one JSON List, or names.

use std::fmt::Write as _;

use serde::Serialize;

use crate::object::Object;
use crate::yaml::{self, YamlError};

/// How a stream is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum OutputFormat {
    /// YAML documents, separated by `---`.
    #[default]
    Yaml,
    /// One `v1` `List` in JSON.
    Json,
    /// One `kind/name` a line, as kubectl's `-o name` writes it.
    Name,
}

/// Appends the objects as YAML documents. `---` stands before each document except where `out` is empty, so that
/// what is written piece by piece is one stream.
///
/// # Errors
///
/// [`YamlError`] for what YAML cannot hold, which no object of this library has.
pub fn write_yaml(out: &mut String, objects: &[Object]) -> Result<(), YamlError> {
    for object in objects {
        if !out.is_empty() {
            out.push_str("---\n");
        }
        yaml::write_document(out, object)?;
    }
    Ok(())
}

/// Appends the objects' names, one a line: `job.batch/keruta-job-task-1`.
pub fn write_names(out: &mut String, objects: &[Object]) {
    for object in objects {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}/{}", resource_name(object), object.name());
    }
}

/// The objects as one `v1` `List`.
///
/// # Errors
///
/// What `serde_json` says, which it does for no object of this library.
pub fn to_json(objects: &[Object]) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct List<'a> {
        api_version: &'static str,
        kind: &'static str,
        items: &'a [Object],
    }

    let list = List { api_version: "v1", kind: "List", items: objects };
    let mut text = serde_json::to_string_pretty(&list)?;
    text.push('\n');
    Ok(text)
}

/// The kind in lower case, with its API group where it has one.
const fn resource_name(object: &Object) -> &'static str {
    match object {
        Object::Namespace(_) => "namespace",
        Object::ServiceAccount(_) => "serviceaccount",
        Object::Role(_) => "role.rbac.authorization.k8s.io",
        Object::RoleBinding(_) => "rolebinding.rbac.authorization.k8s.io",
        Object::NetworkPolicy(_) => "networkpolicy.networking.k8s.io",
        Object::ResourceQuota(_) => "resourcequota",
        Object::LimitRange(_) => "limitrange",
        Object::Secret(_) => "secret",
        Object::ConfigMap(_) => "configmap",
        Object::PersistentVolumeClaim(_) => "persistentvolumeclaim",
        Object::Job(_) => "job.batch",
        Object::Service(_) => "service",
        Object::Deployment(_) => "deployment.apps",
    }
}

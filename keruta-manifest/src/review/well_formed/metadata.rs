//! Names, labels and annotations of an object.

use std::collections::BTreeMap;

use super::super::finding::FindingId;
use super::super::sink::{Sink, segment, short};
use super::names::{is_annotation_key, is_data_key, is_label, is_label_value, is_qualified_name, is_subdomain};
use crate::object::Object;

pub(super) fn check(object: &Object, sink: &mut Sink<'_>) {
    let metadata = object.metadata();
    let name = object.name();
    // Role and RoleBinding names are path segments and may hold more; a Namespace's is a label.
    let fits = match object {
        Object::Role(_) | Object::RoleBinding(_) => {
            !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '%'])
        }
        Object::Namespace(_) => is_label(name),
        Object::Job(_) => is_subdomain(name) && name.len() <= 63,
        _ => is_subdomain(name),
    };
    let generates = metadata.generate_name.is_some() && name.is_empty();
    if !fits && !generates {
        let rule = match object {
            Object::Job(_) => "a DNS subdomain of at most 63 characters, because it becomes a label value",
            Object::Namespace(_) => "a DNS label of at most 63 characters",
            _ => "a DNS subdomain of at most 253 characters",
        };
        sink.add(
            FindingId::InvalidObjectName,
            "/metadata/name",
            format!("\"{}\" is not a name that Kubernetes takes: it must be {rule}.", short(name)),
            "Use `a` to `z`, `0` to `9`, `-` and `.`, with a letter or digit at both ends.",
        );
    }
    if let Some(namespace) = metadata.namespace.as_deref().filter(|namespace| !is_label(namespace)) {
        sink.add(
            FindingId::InvalidObjectName,
            "/metadata/namespace",
            format!("\"{}\" is not a name of a namespace: it must be a DNS label.", short(namespace)),
            "Use `a` to `z`, `0` to `9` and `-`, at most 63 characters.",
        );
    }
    labels(metadata.labels.as_ref(), "/metadata/labels", sink);
    for key in metadata.annotations.iter().flat_map(BTreeMap::keys) {
        if !is_annotation_key(key) {
            sink.add(
                FindingId::InvalidAnnotation,
                format!("/metadata/annotations/{}", segment(key)),
                format!("\"{}\" is not a key of an annotation.", short(key)),
                "Use letters, digits, `-`, `_` and `.`, at most 63, after an optional domain and `/`.",
            );
        }
    }
    if let Object::ConfigMap(map) = object {
        let text = map.data.iter().flat_map(BTreeMap::keys).map(|key| ("data", key));
        let binary = map.binary_data.iter().flat_map(BTreeMap::keys).map(|key| ("binaryData", key));
        for (field, key) in text.chain(binary) {
            if !is_data_key(key) {
                sink.add(
                    FindingId::InvalidDataKey,
                    format!("/{field}/{}", segment(key)),
                    format!("\"{}\" is not a key of a ConfigMap.", short(key)),
                    "Use letters, digits, `-`, `_` and `.`, at most 253.",
                );
            }
        }
    }
}

pub(super) fn labels(labels: Option<&BTreeMap<String, String>>, pointer: &str, sink: &mut Sink<'_>) {
    for (key, value) in labels.into_iter().flatten() {
        if !is_qualified_name(key) {
            sink.add(
                FindingId::InvalidLabel,
                format!("{pointer}/{}", segment(key)),
                format!("\"{}\" is not a key of a label.", short(key)),
                "Use letters, digits, `-`, `_` and `.`, at most 63, after an optional domain and `/`.",
            );
        }
        if !is_label_value(value) {
            sink.add(
                FindingId::InvalidLabel,
                format!("{pointer}/{}", segment(key)),
                format!("\"{}\" is not a value of a label.", short(value)),
                "Use letters, digits, `-`, `_` and `.`, at most 63, with a letter or digit at both ends; put other text into an annotation.",
            );
        }
    }
}

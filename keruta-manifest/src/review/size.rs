//! Limits on sizes: of the object, its annotations, its data, and of what the kernel takes as a command line.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::EnvVar;

use super::finding::FindingId;
use super::pod::{ContainerView, PodView};
use super::sink::{Sink, short};
use super::walk::{Count, walk};
use crate::object::Object;

/// What etcd takes in one request by default; the API server stores a little more than the object itself.
pub(super) const OBJECT_LIMIT: usize = 3 * 1024 * 1024 / 2;
/// What all annotations of one object may have together, keys and values (`TotalAnnotationSizeLimitB`).
pub(super) const ANNOTATIONS_LIMIT: usize = 256 * 1024;
/// One string of an environment or command line with its final NUL, in Linux (`MAX_ARG_STRLEN`, 32 pages of 4 KiB).
pub(super) const EXEC_STRING_LIMIT: usize = 131_072;
/// Environment and command line together in Linux: a quarter of the usual stack limit of 8 MiB (execve(2)).
pub(super) const EXEC_TOTAL_LIMIT: usize = 2 * 1024 * 1024;
/// The data of a ConfigMap or Secret (`MaxSecretSize`).
pub(super) const DATA_LIMIT: usize = 1024 * 1024;

/// `kubectl apply` keeps the object as it was applied in this annotation.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Checks an object of which a walk said how long it is at most.
pub(super) fn check(object: &Object, at_most: usize, sink: &mut Sink<'_>) {
    let annotations = object.metadata().annotations.as_ref().map_or(0, annotations_len);
    // kubectl ends the copy with a line break.
    let beside_copy = LAST_APPLIED.len() + 1 + annotations;
    // Counting to the byte means reading every text, and nearly every object is far from any limit.
    let near = at_most + beside_copy > ANNOTATIONS_LIMIT;
    let bytes = if near { walk(object, Count::Exactly).bytes } else { at_most };
    if bytes > OBJECT_LIMIT {
        sink.add(
            FindingId::SizeObject,
            "",
            format!("The object has {bytes} bytes as JSON; the API server's store takes about {OBJECT_LIMIT}."),
            "Put large text into the workspace, the image or several ConfigMaps.",
        );
    } else if bytes + beside_copy > ANNOTATIONS_LIMIT {
        sink.add(
            FindingId::SizeApplyAnnotation,
            "",
            format!(
                "The object has {bytes} bytes as JSON, and `kubectl apply` refuses it: it keeps a copy in an annotation, and the annotations may have {ANNOTATIONS_LIMIT} bytes together.{}",
                if matches!(object, Object::ConfigMap(_)) { " The Job is created all the same, and its Pod waits for this object." } else { "" },
            ),
            "Apply it with `kubectl apply --server-side`, which keeps no copy, or put large text into the workspace.",
        );
    }
    check_annotations(annotations, "/metadata/annotations", sink);
    match object {
        Object::ConfigMap(map) => check_data(map.data.as_ref(), map.binary_data.as_ref(), sink),
        Object::Secret(secret) => check_data(None, secret.data.as_ref(), sink),
        _ => {}
    }
}

fn annotations_len(annotations: &BTreeMap<String, String>) -> usize {
    annotations.iter().map(|(key, value)| key.len() + value.len()).sum()
}

fn check_annotations(bytes: usize, pointer: &str, sink: &mut Sink<'_>) {
    if bytes > ANNOTATIONS_LIMIT {
        sink.add(
            FindingId::SizeAnnotations,
            pointer,
            format!("The annotations have {bytes} bytes; Kubernetes takes {ANNOTATIONS_LIMIT}."),
            "Shorten or remove annotations.",
        );
    }
}

fn check_data(
    data: Option<&BTreeMap<String, String>>,
    binary: Option<&BTreeMap<String, ByteString>>,
    sink: &mut Sink<'_>,
) {
    let text: usize = data.into_iter().flat_map(BTreeMap::values).map(String::len).sum();
    let binary: usize = binary.into_iter().flat_map(BTreeMap::values).map(|bytes| bytes.0.len()).sum();
    let bytes = text + binary;
    if bytes > DATA_LIMIT {
        sink.add(
            FindingId::SizeConfigData,
            "/data",
            format!("The data has {bytes} bytes; Kubernetes takes {DATA_LIMIT}."),
            "Split the data into several objects, or fetch it into the workspace.",
        );
    }
}

pub(super) fn check_pod(pod: &PodView<'_>, sink: &mut Sink<'_>) {
    if let Some(annotations) = pod.annotations {
        check_annotations(annotations_len(annotations), &pod.at("/metadata/annotations"), sink);
    }
    for container in pod.containers() {
        check_container(&container, sink);
    }
}

fn check_container(container: &ContainerView<'_>, sink: &mut Sink<'_>) {
    let mut total = 0;
    for (field, words) in [("command", container.command), ("args", container.args)] {
        for (index, word) in words.iter().enumerate() {
            let bytes = string_len(word);
            total += bytes;
            if bytes > EXEC_STRING_LIMIT {
                sink.add(
                    FindingId::SizeArgument,
                    container.at(&format!("/{field}/{index}")),
                    format!("This word has {bytes} bytes with its end; the kernel takes {EXEC_STRING_LIMIT}, so that the container does not start."),
                    "Put the text into a file (`script` or `files` of the task) and name the file.",
                );
            }
        }
    }
    for (index, EnvVar { name, value, .. }) in container.env.iter().enumerate() {
        let Some(value) = value else { continue };
        let bytes = name.len() + 1 + string_len(value);
        total += bytes;
        if bytes > EXEC_STRING_LIMIT {
            sink.add(
                FindingId::SizeEnvString,
                container.at(&format!("/env/{index}/value")),
                format!(
                    "\"{}\" has {bytes} bytes with its name; the kernel takes {EXEC_STRING_LIMIT}, so that the container does not start.",
                    short(name)
                ),
                format!("Mount the text as a file and give its path in {}.", short(name)),
            );
        }
    }
    if total > EXEC_TOTAL_LIMIT / 10 * 9 {
        sink.add(
            FindingId::SizeExecTotal,
            container.at(""),
            format!(
                "Environment and command line of container \"{}\" have {total} bytes; the kernel takes about {EXEC_TOTAL_LIMIT} together.",
                short(container.name)
            ),
            "Mount long texts as files.",
        );
    }
}

/// The bytes that the kernel sees with the final NUL, after Kubernetes has folded `$$` to `$`.
fn string_len(text: &str) -> usize {
    let bytes = text.len() + 1;
    // Folding only matters near the limit, so the text is read only there.
    if bytes > EXEC_STRING_LIMIT / 2 { bytes - text.matches("$$").count() } else { bytes }
}

#[cfg(test)]
mod tests;

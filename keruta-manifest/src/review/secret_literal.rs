//! Secrets written as plain text: in environments, command lines, config maps and annotations.
//!
//! Two kinds of evidence count: the name of a variable, and the form of a text. The findings say which, and how
//! long the text is; they never repeat it.

mod patterns;

use std::collections::BTreeMap;

use super::finding::FindingId;
use super::pod::{ContainerView, PodView};
use super::sink::{Sink, segment, short};
use crate::object::Object;
use crate::script;

use patterns::{name_is_secret, recognise, value_is_harmless};

const CURE_ENV: &str =
    "Put the value into a Secret and refer to it (`secretKeyRef`); change the value where it has already been stored.";
const CURE_COMMAND: &str = "Put the value into a Secret, pass it as an environment variable or file, and change it where it has already been stored.";
const CURE_MAP: &str = "Put the value into a Secret instead; change it where it has already been stored.";

pub(super) fn check(object: &Object, sink: &mut Sink<'_>) {
    annotations(object.metadata().annotations.as_ref(), "/metadata/annotations", sink);
    if let Object::ConfigMap(map) = object {
        for (key, value) in map.data.iter().flatten() {
            if let Some(what) = evidence(key, value) {
                sink.add(
                    FindingId::SecretInConfigMap,
                    format!("/data/{}", segment(key)),
                    format!(
                        "The entry \"{}\" ({} bytes) {what}; everybody who may read ConfigMaps can read it.",
                        short(key),
                        value.len()
                    ),
                    CURE_MAP,
                );
            }
        }
    }
}

pub(super) fn check_pod(pod: &PodView<'_>, sink: &mut Sink<'_>) {
    annotations(pod.annotations, "/spec/template/metadata/annotations", sink);
    for container in pod.containers() {
        for (index, env) in container.env.iter().enumerate() {
            let Some(value) = &env.value else { continue };
            if let Some(what) = evidence(&env.name, value) {
                sink.add(
                    FindingId::SecretInEnv,
                    container.at(&format!("/env/{index}/value")),
                    format!(
                        "The variable \"{}\" ({} bytes) {what}; everybody who may read the Job can read it.",
                        short(&env.name),
                        value.len()
                    ),
                    CURE_ENV,
                );
            }
        }
        words(&container, "command", container.command, sink);
        words(&container, "args", container.args, sink);
    }
}

fn words(container: &ContainerView<'_>, field: &str, words: &[String], sink: &mut Sink<'_>) {
    for (index, word) in words.iter().enumerate() {
        if script::known(word).is_some() {
            // keruta's own steps hold no secret; a test reads them.
            continue;
        }
        if let Some(what) = recognise(word) {
            sink.add(
                FindingId::SecretInCommand,
                container.at(&format!("/{field}/{index}")),
                format!("This word ({} bytes) holds what looks like {what}; everybody who may read the Job or the node's processes can read it.", word.len()),
                CURE_COMMAND,
            );
        }
    }
}

fn annotations(annotations: Option<&BTreeMap<String, String>>, pointer: &str, sink: &mut Sink<'_>) {
    for (key, value) in annotations.into_iter().flatten() {
        if let Some(what) = recognise(value) {
            sink.add(
                FindingId::SecretInAnnotation,
                format!("{pointer}/{}", segment(key)),
                format!("The annotation {} ({} bytes) holds what looks like {what}.", short(key), value.len()),
                "Remove the secret from the text, and change it where it has already been stored.",
            );
        }
    }
}

/// What makes a named text look like a secret, as the rest of a sentence.
fn evidence(name: &str, value: &str) -> Option<String> {
    if let Some(what) = recognise(value) {
        return Some(format!("holds what looks like {what}"));
    }
    (name_is_secret(name) && !value_is_harmless(value))
        .then(|| "is named like a secret and has a literal value".to_owned())
}

#[cfg(test)]
mod tests;

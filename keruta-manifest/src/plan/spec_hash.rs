//! The hash of what a Job does, by which a submitter tells a repetition from a conflict.

use std::mem;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{EnvVar, PodSpec};
use sha2::{Digest, Sha256};

use super::names::hex;
use crate::script;

/// Variables that change while a task waits in its queue, without a change to what it does.
const VOLATILE: [&str; 2] = ["KERUTA_TASK_STATUS", "KERUTA_TASK_UPDATED_AT"];

/// A word of a command line of so many bytes counts by its own hash, which is at hand for the scripts of keruta's
/// steps: nearly all of a Job are theirs.
const LONG_WORD: usize = 512;

/// SHA-256 of the Job's spec as compact JSON, in hexadecimal. Before, the values of the volatile variables are left
/// out of the first container, and each word of 512 bytes or more in a container's `command` and `args` is replaced by
/// `"\u0000sha256:"` and its own hash; no other word can begin so, because none can hold a NUL.
///
/// It is the value of the annotation [`SPEC_HASH`](crate::well_known::SPEC_HASH). The Job is the same afterwards. `None` only
/// if the spec cannot be written as JSON, which a Job that was built can.
pub fn spec_hash(job: &mut Job) -> Option<String> {
    let volatile = take_volatile(job);
    let long = take_long(job);
    // A Job of several steps, without their scripts.
    let mut json = Vec::with_capacity(8192);
    let written = serde_json::to_writer(&mut json, &job.spec);
    put_long_back(job, long);
    put_volatile_back(job, volatile);
    written.ok()?;
    Some(hexadecimal(&Sha256::digest(&json)))
}

/// Takes the volatile values out of the main container.
fn take_volatile(job: &mut Job) -> Vec<(usize, String)> {
    let Some(env) = main_env(job) else { return Vec::new() };
    env.iter_mut()
        .enumerate()
        .filter(|(_, variable)| VOLATILE.contains(&variable.name.as_str()))
        .filter_map(|(index, variable)| Some((index, variable.value.take()?)))
        .collect()
}

fn put_volatile_back(job: &mut Job, volatile: Vec<(usize, String)>) {
    let Some(env) = main_env(job) else { return };
    for (index, value) in volatile {
        if let Some(variable) = env.get_mut(index) {
            variable.value = Some(value);
        }
    }
}

fn main_env(job: &mut Job) -> Option<&mut Vec<EnvVar>> {
    pod(job)?.containers.first_mut()?.env.as_mut()
}

/// Puts hashes in the place of long words, which come back with their place among all words.
fn take_long(job: &mut Job) -> Vec<(usize, String)> {
    let take = |(index, word): (usize, &mut String)| {
        if word.len() < LONG_WORD {
            return None;
        }
        let digest = script::known(word).map_or_else(|| Sha256::digest(word.as_bytes()).into(), |form| form.digest);
        let short = format!("\0sha256:{}", hexadecimal(&digest));
        Some((index, mem::replace(word, short)))
    };
    words(job).enumerate().filter_map(take).collect()
}

fn put_long_back(job: &mut Job, long: Vec<(usize, String)>) {
    let mut long = long.into_iter().peekable();
    for (index, word) in words(job).enumerate() {
        if let Some((_, text)) = long.next_if(|(place, _)| *place == index) {
            *word = text;
        }
    }
}

/// Every word of the containers' command lines, always in the same order.
fn words(job: &mut Job) -> impl Iterator<Item = &mut String> {
    let containers = pod(job)
        .into_iter()
        .flat_map(|PodSpec { init_containers, containers, .. }| init_containers.iter_mut().flatten().chain(containers));
    containers.flat_map(|container| container.command.iter_mut().chain(&mut container.args).flatten())
}

fn pod(job: &mut Job) -> Option<&mut PodSpec> {
    job.spec.as_mut()?.template.spec.as_mut()
}

fn hexadecimal(digest: &[u8]) -> String {
    let mut text = String::with_capacity(2 * digest.len());
    for byte in digest {
        text.push(hex(byte >> 4));
        text.push(hex(byte & 15));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(script: &str) -> Job {
        let env = json!([{"name": "KERUTA_TASK_STATUS", "value": "PENDING"}, {"name": "A", "value": "a"}]);
        serde_json::from_value(json!({"spec": {"template": {"spec": {
            "initContainers": [{"name": "git-clone", "command": ["/bin/sh", "-c", script, "git-clone"]}],
            "containers": [{"name": "main", "image": "i", "env": env, "args": ["x", "y".repeat(LONG_WORD)]}],
        }}}}))
        .unwrap()
    }

    fn hash_of(mut job: Job) -> String {
        let before = job.clone();
        let hash = spec_hash(&mut job).unwrap();
        assert_eq!(job, before);
        hash
    }

    #[test]
    fn the_hash_is_what_its_rule_says() {
        let script = script::GIT_CLONE.with(&["lfs"]);
        let short = |word: &str| format!("\0sha256:{}", hexadecimal(&Sha256::digest(word)));
        let mut by_hand = job(&short(&script));
        let container = pod(&mut by_hand).unwrap().containers.first_mut().unwrap();
        container.args = Some(vec!["x".into(), short(&"y".repeat(LONG_WORD))]);
        container.env.as_mut().unwrap()[0].value = None;
        let json = serde_json::to_vec(&by_hand.spec).unwrap();
        assert_eq!(hash_of(job(&script)), hexadecimal(&Sha256::digest(json)));
    }

    #[test]
    fn every_other_letter_counts() {
        let script = script::GIT_CLONE.with(&[]);
        let mut queued = job(&script);
        main_env(&mut queued).unwrap()[0].value = Some("IN_PROGRESS".into());
        assert_eq!(hash_of(queued), hash_of(job(&script)));
        assert_ne!(hash_of(job(&script)), hash_of(job(&format!("{script}\n"))));
        assert_ne!(hash_of(job(&script)), hash_of(job(&script::GIT_CLONE.with(&["lfs"]))));
        let mut other = job(&script);
        main_env(&mut other).unwrap()[1].value = Some("b".into());
        assert_ne!(hash_of(other), hash_of(job(&script)));
    }
}

//! The hash of what a Job does, by which a submitter tells a repetition from a conflict.

use std::io;

use k8s_openapi::api::batch::v1::Job;
use sha2::{Digest, Sha256};

use super::names::hex;

/// The annotation that holds the hash.
pub const SPEC_HASH: &str = "keruta.dev/spec-hash";

/// Variables that change while a task waits in its queue, without a change to what it does.
const VOLATILE: [&str; 2] = ["KERUTA_TASK_STATUS", "KERUTA_TASK_UPDATED_AT"];

struct HashWriter(Sha256);

impl io::Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// SHA-256 of the Job's spec as JSON, without the values of the volatile variables, in hexadecimal.
///
/// `None` only if the spec cannot be written as JSON, which a Job that was built can.
pub(crate) fn spec_hash(job: &mut Job) -> Option<String> {
    let volatile = take_volatile(job);
    let mut buffer = io::BufWriter::with_capacity(8192, HashWriter(Sha256::new()));
    let written = serde_json::to_writer(&mut buffer, &job.spec);
    put_back(job, volatile);
    written.ok()?;
    let digest = buffer.into_inner().ok()?.0.finalize();
    Some(digest.iter().flat_map(|byte| [hex(byte >> 4), hex(byte & 15)]).collect())
}

/// Takes the volatile values out of the main container; the last container is always there.
fn take_volatile(job: &mut Job) -> Vec<(usize, String)> {
    let Some(env) = main_env(job) else { return Vec::new() };
    let is_volatile = |name: &str| VOLATILE.contains(&name);
    env.iter_mut()
        .enumerate()
        .filter(|(_, variable)| is_volatile(&variable.name))
        .filter_map(|(index, variable)| Some((index, variable.value.take()?)))
        .collect()
}

fn put_back(job: &mut Job, volatile: Vec<(usize, String)>) {
    let Some(env) = main_env(job) else { return };
    for (index, value) in volatile {
        if let Some(variable) = env.get_mut(index) {
            variable.value = Some(value);
        }
    }
}

fn main_env(job: &mut Job) -> Option<&mut Vec<k8s_openapi::api::core::v1::EnvVar>> {
    job.spec.as_mut()?.template.spec.as_mut()?.containers.first_mut()?.env.as_mut()
}

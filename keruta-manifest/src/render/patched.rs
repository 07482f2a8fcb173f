//! Patches of the Pod template, the settings' before the task's.

use k8s_openapi::api::batch::v1::Job;

use crate::patch::{PatchError, PodPatch, changed_in_template};
use crate::plan::origin::{Origin, Origins};
use crate::problem::{FieldPath, Problem, Problems, Rule};
use crate::settings::Settings;
use crate::task::Task;

pub(super) fn apply(job: &mut Job, task: &Task, settings: &Settings, origins: &mut Origins) -> Result<(), Problems> {
    let patches = [(settings.pod_patch.as_ref(), "settings podPatch"), (task.pod_patch.as_ref(), "podPatch")];
    for (patch, path) in patches {
        let Some(patch) = patch else { continue };
        apply_one(job, patch, path, origins)?;
    }
    Ok(())
}

fn apply_one(job: &mut Job, patch: &PodPatch, field: &str, origins: &mut Origins) -> Result<(), Problems> {
    let Some(spec) = &mut job.spec else { return Ok(()) };
    let after = match patch.apply(&spec.template) {
        Ok(after) => after,
        Err(errors) => {
            let problems = errors.iter().map(|error| problem(error, field)).collect();
            return Problems::none_of(problems);
        }
    };
    if origins.is_kept() {
        let tree = |template| serde_json::to_value(template).unwrap_or_default();
        for pointer in changed_in_template(&tree(&spec.template), &tree(&after)) {
            origins.note("Job", || (format!("/spec/template{pointer}"), Origin::Patch { path: field.to_owned() }));
        }
    }
    spec.template = after;
    Ok(())
}

/// The error's place in the document: below the field that holds the patch.
fn problem(error: &PatchError, field: &str) -> Problem {
    let mut path = FieldPath::root().key(field);
    for step in error.pointer().split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        path = match step.parse() {
            Ok(index) => path.index(index),
            Err(_) => path.key(step),
        };
    }
    Problem::custom(path, Rule::Patch, error.to_string(), error.cure())
}

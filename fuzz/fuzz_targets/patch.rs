//! Any bytes as a patch of the Pod template.
#![no_main]

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use keruta_manifest::lineage::Lineage;
use keruta_manifest::object::Object;
use keruta_manifest::patch::PodPatch;
use keruta_manifest::render::{RenderOptions, render};
use keruta_manifest::{Settings, Task};
use libfuzzer_sys::fuzz_target;

const TASK: &str = r#"{"id": "a", "image": "x", "repository": {"url": "https://h/r"}, "env": {"A": "1", "B": "2"}}"#;

static TEMPLATE: LazyLock<PodTemplateSpec> = LazyLock::new(|| {
    let task = Task::from_json(TASK).expect("the task is valid");
    let rendered = render(&task, &Settings::default(), &Lineage::Root, &RenderOptions::default()).expect("it renders");
    let Some(Object::Job(job)) = rendered.objects.into_iter().last() else { panic!("the Job comes last") };
    job.spec.expect("a Job has a spec").template
});

fuzz_target!(|text: &str| {
    let Ok(patch) = serde_json::from_str::<PodPatch>(text) else { return };
    if let Ok(patched) = patch.apply(&TEMPLATE) {
        serde_json::to_value(patched).expect("what was patched can be written");
    }
});

//! Any bytes as settings: read, and where they are some, used for a task with a repository.
#![no_main]

use keruta_manifest::lineage::Lineage;
use keruta_manifest::render::{RenderOptions, render};
use keruta_manifest::{Settings, Task};
use libfuzzer_sys::fuzz_target;

const TASK: &str = r#"{"id": "a", "image": "x", "parentId": "b", "repository": {"url": "https://h/r"}}"#;

fuzz_target!(|text: &str| {
    let Ok(settings) = Settings::from_json(text) else { return };
    let written = serde_json::to_string(&settings).expect("settings can be written");
    assert_eq!(Settings::from_json(&written).expect("what was written can be read"), settings);
    let task = Task::from_json(TASK).expect("the task is valid");
    let _ = render(&task, &settings, &Lineage::of(&task), &RenderOptions::default());
});

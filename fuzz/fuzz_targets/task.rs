//! Any bytes as a task: read, and where they are one, rendered, explained and written.
#![no_main]

use keruta_manifest::lineage::Lineage;
use keruta_manifest::render::{RenderOptions, explain, render};
use keruta_manifest::{Settings, Task, stream};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(task) = Task::from_json(text) else { return };
    let mut settings = Settings::default();
    settings.default_image = "scratch".parse().ok();
    let (lineage, options) = (Lineage::of(&task), RenderOptions::default());
    let Ok(rendered) = render(&task, &settings, &lineage, &options) else { return };
    let mut manifest = String::new();
    stream::write_yaml(&mut manifest, &rendered.objects).expect("what was rendered can be written");
    let (explained, _) = explain(&task, &settings, &lineage, &options).expect("what can be rendered can be explained");
    assert_eq!(rendered, explained);
});

//! Renders the task file that is named first, with the settings file that may be named second.

use std::error::Error;

use keruta_manifest::lineage::Lineage;
use keruta_manifest::render::{RenderOptions, render};
use keruta_manifest::{Settings, Task, stream};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().ok_or("name a task file")?;
    let task = Task::from_json(&std::fs::read_to_string(task)?)?;
    let settings = match arguments.next() {
        Some(path) => Settings::from_json(&std::fs::read_to_string(path)?)?,
        None => Settings::default(),
    };
    let rendered = render(&task, &settings, &Lineage::of(&task), &RenderOptions::default())?;
    let mut manifest = String::new();
    stream::write_yaml(&mut manifest, &rendered.objects)?;
    print!("{manifest}");
    for finding in rendered.findings {
        eprintln!("{:?}: {} {}: {} ({})", finding.severity, finding.id, finding.pointer, finding.message, finding.cure);
    }
    Ok(())
}

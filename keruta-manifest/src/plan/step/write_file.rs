//! The step that writes a file into the workspace, filled from variables and Pod fields.

use crate::plan::container::ContainerPlan;
use crate::script;
use crate::settings::Settings;
use crate::task::{Arg, EnvSource, WriteFile};
use crate::value::DnsLabel;

pub(in crate::plan) fn container(step: &WriteFile, settings: &Settings) -> ContainerPlan {
    let name = step.name.clone().unwrap_or_else(|| DnsLabel::constant("write-file"));
    let image = step.image.as_ref().unwrap_or(&settings.images.wait).clone();
    let mode = if step.executable { "0755" } else { "0644" };
    let args = vec![step.path.to_string(), mode.to_owned()];
    let mut container = ContainerPlan::new(name, image).shell_step(script::WRITE_FILE.with(&[]), "write-file", &args);
    for (name, source) in &step.env {
        container = container.env(name, source);
    }
    let content = match &step.content {
        Arg::Literal(text) => EnvSource::Literal(text.clone()),
        Arg::Expand(text) => EnvSource::Expand(text.clone()),
    };
    container.sourced("KERUTA_FILE_CONTENT", &content)
}

//! The step that calls an HTTP endpoint, for example to register the Pod.

use crate::plan::container::ContainerPlan;
use crate::script;
use crate::settings::Settings;
use crate::task::{Arg, CallHttp, EnvSource};
use crate::value::{DnsLabel, EnvName, Text};

/// The container that makes the call. The body and the values of secret headers come by variables, so that they are
/// in no process's arguments.
pub(in crate::plan) fn call(step: &CallHttp, settings: &Settings) -> ContainerPlan {
    let name = step.name.clone().unwrap_or_else(|| DnsLabel::constant("call-http"));
    let image = step.image.as_ref().unwrap_or(&settings.images.curl).clone();
    let mut args = vec![step.method.as_str().to_owned(), step.url.to_string()];
    for (header, value) in &step.headers {
        if let EnvSource::Literal(value) = value {
            args.push(format!("{header}: {value}"));
        }
    }
    let mut container = ContainerPlan::new(name, image).shell_step(script::CALL_HTTP.with(&[]), "call-http", &args);
    if let Some(timeout) = step.timeout {
        container = container.literal("KERUTA_HTTP_TIMEOUT", &timeout.as_secs().to_string());
    }
    for (name, source) in &step.env {
        container = container.env(name, source);
    }
    let not_literal = step.headers.iter().filter(|(_, value)| !matches!(value, EnvSource::Literal(_)));
    for (index, (header, value)) in not_literal.enumerate() {
        // The value comes into a variable of its own; Kubernetes puts it behind the header's name.
        let number = index + 1;
        let (value_name, line_name) = (format!("KERUTA_HTTP_VALUE_{number}"), format!("KERUTA_HTTP_HEADER_{number}"));
        let line = format!("{header}: $({value_name})");
        if let (Ok(value_name), Ok(line_name), Ok(line)) =
            (value_name.parse::<EnvName>(), line_name.parse::<EnvName>(), line.parse::<Text>())
        {
            container = container.env(&value_name, value).env(&line_name, &EnvSource::Expand(line));
        }
    }
    match &step.body {
        None => container,
        Some(Arg::Literal(body)) => container.sourced("KERUTA_HTTP_BODY", &EnvSource::Literal(body.clone())),
        Some(Arg::Expand(body)) => container.sourced("KERUTA_HTTP_BODY", &EnvSource::Expand(body.clone())),
    }
}

//! Steps that wait, with a time limit.

use crate::plan::container::ContainerPlan;
use crate::script;
use crate::settings::Settings;
use crate::task::{EnvSource, Sleep, WaitForHttp, WaitForService, WaitForTcp};
use crate::value::{DnsLabel, Duration, Text};

const TIMEOUT: Duration = Duration::from_secs(300);
const INTERVAL: Duration = Duration::from_secs(2);

fn seconds(duration: Option<Duration>, default: Duration) -> String {
    duration.unwrap_or(default).as_secs().to_string()
}

/// A name from a constant and a part that fits a label; the constant alone where the whole would be too long.
fn name(prefix: &'static str, part: &str) -> DnsLabel {
    format!("{prefix}-{part}").parse().unwrap_or_else(|_| DnsLabel::constant(prefix))
}

pub(in crate::plan) fn service(step: &WaitForService, settings: &Settings) -> ContainerPlan {
    let container_name = step.name.clone().unwrap_or_else(|| name("wait", step.service.as_str()));
    let image = step.image.as_ref().unwrap_or(&settings.images.wait).clone();
    let dns_name = match &step.namespace {
        Some(namespace) => format!("{}.{namespace}.svc.cluster.local", step.service),
        None => step.service.to_string(),
    };
    let args = vec![dns_name, seconds(step.timeout, TIMEOUT), seconds(step.interval, INTERVAL)];
    let container =
        ContainerPlan::new(container_name, image).shell_step(script::WAIT_SERVICE.with(&[]), "wait-service", &args);
    match &step.namespace {
        // The script completes a bare name with the Pod's namespace; no ServiceAccount token is mounted to read it from.
        None => container.sourced("KERUTA_NAMESPACE", &EnvSource::Field(Text::constant("metadata.namespace"))),
        Some(_) => container,
    }
}

pub(in crate::plan) fn tcp(step: &WaitForTcp, settings: &Settings) -> ContainerPlan {
    let container_name = step.name.clone().unwrap_or_else(|| name("wait-tcp", &step.port.to_string()));
    let image = step.image.as_ref().unwrap_or(&settings.images.wait).clone();
    let args = vec![
        step.host.to_string(),
        step.port.to_string(),
        seconds(step.timeout, TIMEOUT),
        seconds(step.interval, INTERVAL),
    ];
    ContainerPlan::new(container_name, image).shell_step(script::WAIT_TCP.with(&[]), "wait-tcp", &args)
}

pub(in crate::plan) fn http(step: &WaitForHttp, settings: &Settings) -> ContainerPlan {
    let container_name = step.name.clone().unwrap_or_else(|| DnsLabel::constant("wait-http"));
    let image = step.image.as_ref().unwrap_or(&settings.images.curl).clone();
    let mut args = vec![step.url.to_string(), seconds(step.timeout, TIMEOUT), seconds(step.interval, INTERVAL)];
    args.extend(step.status.map(|status| status.to_string()));
    ContainerPlan::new(container_name, image).shell_step(script::WAIT_HTTP.with(&[]), "wait-http", &args)
}

pub(in crate::plan) fn sleep(step: &Sleep, settings: &Settings) -> ContainerPlan {
    let container_name = step.name.clone().unwrap_or_else(|| DnsLabel::constant("sleep"));
    let image = step.image.as_ref().unwrap_or(&settings.images.wait).clone();
    let seconds = step.duration.as_secs().to_string();
    ContainerPlan::new(container_name, image).shell_step(script::SLEEP.with(&[]), "sleep", &[seconds])
}

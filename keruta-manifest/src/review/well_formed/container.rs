//! Containers: names, images, mounts, ports and resources.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::super::finding::FindingId;
use super::super::pod::{ContainerView, List, PodView};
use super::super::quantity::nanos;
use super::super::sink::{Sink, segment, short};
use super::super::version::KubernetesVersion;
use super::names::{is_label, is_port_name, is_qualified_name};
use super::{env, probe};

pub(super) fn check(pod: &PodView<'_>, container: &ContainerView<'_>, version: KubernetesVersion, sink: &mut Sink<'_>) {
    if !is_label(container.name) {
        sink.add(
            FindingId::InvalidContainerName,
            container.at("/name"),
            format!(
                "\"{}\" is not a name of a container: it must be a DNS label of at most 63 characters.",
                short(container.name)
            ),
            "Use `a` to `z`, `0` to `9` and `-`, with a letter or digit at both ends.",
        );
    }
    image(container, sink);
    env::check(container, sink);
    probe::check(container, sink);
    restart_policy(container, version, sink);
    mounts(pod, container, sink);
    ports(container, sink);
    resources(container, sink);
    for (field, value, allowed) in [
        ("imagePullPolicy", container.image_pull_policy, &["Always", "IfNotPresent", "Never"][..]),
        ("terminationMessagePolicy", container.termination_message_policy, &["File", "FallbackToLogsOnError"]),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty() && !allowed.contains(value)) {
            sink.add(
                FindingId::InvalidPodField,
                container.at(&format!("/{field}")),
                format!("Kubernetes refuses the {field} \"{}\".", short(value)),
                format!("Write one of {}.", allowed.join(", ")),
            );
        }
    }
}

fn image(container: &ContainerView<'_>, sink: &mut Sink<'_>) {
    let image = container.image.unwrap_or_default();
    if image.is_empty() {
        sink.add(
            FindingId::MissingImage,
            container.at("/image"),
            format!("The container \"{}\" has no image.", short(container.name)),
            "Name an image.",
        );
    } else if !is_image(image) {
        sink.add(
            FindingId::InvalidImage,
            container.at("/image"),
            format!("\"{}\" is not an image reference: the Pod would stay in InvalidImageName.", short(image)),
            "Write [registry/]path[:tag][@sha256:digest], the path in lower case.",
        );
    }
}

/// The form of an image reference, as far as it is certain (`distribution/reference`).
fn is_image(image: &str) -> bool {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let digest_fits = digest.is_none_or(|digest| {
        digest.split_once(':').is_some_and(|(algorithm, hex)| {
            !algorithm.is_empty()
                && hex.len() >= 32
                && hex.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
                && (algorithm != "sha256" || hex.len() == 64)
        })
    });
    let slash = name.rfind('/').map_or(0, |slash| slash + 1);
    let (path, tag) = match name.get(slash..).and_then(|last| last.find(':')) {
        Some(colon) => (name.get(..slash + colon).unwrap_or_default(), name.get(slash + colon + 1..)),
        None => (name, None),
    };
    let tag_fits = tag.is_none_or(|tag| {
        (1..=128).contains(&tag.len())
            && !tag.starts_with(['.', '-'])
            && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
    });
    let mut parts = path.split('/').peekable();
    // The first part is a registry if it has a dot or a colon or is localhost; a registry may have capitals.
    let registry = match (path.split_once('/'), parts.peek()) {
        (Some(_), Some(first)) => first.contains(['.', ':']) || *first == "localhost",
        _ => false,
    };
    if registry {
        let _ = parts.next();
    }
    let part_fits = |part: &str| {
        let ends = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        ends(part.as_bytes().first())
            && ends(part.as_bytes().last())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-'))
    };
    digest_fits && tag_fits && parts.all(part_fits)
}

fn restart_policy(container: &ContainerView<'_>, version: KubernetesVersion, sink: &mut Sink<'_>) {
    let Some(policy) = container.restart_policy.filter(|policy| !policy.is_empty()) else { return };
    // Other policies than a sidecar's came with container restart rules, on by default since 1.35.
    let rules = version >= KubernetesVersion::V1_35;
    let fits = match container.list {
        List::Init => policy == "Always" || (rules && matches!(policy, "Never" | "OnFailure")),
        List::Main => rules && matches!(policy, "Always" | "Never" | "OnFailure"),
        List::Ephemeral => false,
    };
    if !fits {
        sink.add(
            FindingId::InvalidRestartPolicy,
            container.at("/restartPolicy"),
            format!(
                "Kubernetes {version} refuses the restart policy \"{}\" of container \"{}\".",
                short(policy),
                short(container.name)
            ),
            "Remove it; `Always` in an init container makes it a sidecar.",
        );
    }
}

fn mounts(pod: &PodView<'_>, container: &ContainerView<'_>, sink: &mut Sink<'_>) {
    let volumes = pod.spec.volumes.as_deref().unwrap_or_default();
    for (index, mount) in container.volume_mounts.iter().enumerate() {
        let path = mount.mount_path.as_str();
        if !volumes.iter().any(|volume| volume.name == mount.name) {
            sink.add(
                FindingId::UnknownVolume,
                container.at(&format!("/volumeMounts/{index}/name")),
                format!(
                    "The container \"{}\" mounts the volume \"{}\", which the Pod does not have.",
                    short(container.name),
                    short(&mount.name)
                ),
                "Add the volume to the Pod, or correct the name.",
            );
        }
        if container.volume_mounts.iter().take(index).any(|earlier| earlier.mount_path == path) {
            sink.add(
                FindingId::DuplicateMountPath,
                container.at(&format!("/volumeMounts/{index}/mountPath")),
                format!("The container \"{}\" mounts two volumes at \"{}\".", short(container.name), short(path)),
                "Give every mount a path of its own.",
            );
        }
        if path.is_empty() || path.contains(':') {
            sink.add(
                FindingId::InvalidMountPath,
                container.at(&format!("/volumeMounts/{index}/mountPath")),
                format!("\"{}\" is not a path to mount at: it is empty or holds a colon.", short(path)),
                "Write an absolute path without a colon.",
            );
        }
        let sub = mount.sub_path.as_deref().unwrap_or_default();
        let expression = mount.sub_path_expr.as_deref().unwrap_or_default();
        let wrong = if !sub.is_empty() && !expression.is_empty() {
            Some("subPath and subPathExpr exclude each other")
        } else if [sub, expression]
            .into_iter()
            .any(|path| path.starts_with('/') || path.split('/').any(|part| part == ".."))
        {
            Some("a sub-path is relative and has no `..`")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            sink.add(
                FindingId::InvalidMountPath,
                container.at(&format!("/volumeMounts/{index}")),
                format!("Kubernetes refuses the mount of \"{}\": {wrong}.", short(&mount.name)),
                "Write one relative sub-path inside the volume.",
            );
        }
    }
    for (index, device) in container.volume_devices.iter().enumerate() {
        if !volumes.iter().any(|volume| volume.name == device.name) {
            sink.add(
                FindingId::UnknownVolume,
                container.at(&format!("/volumeDevices/{index}/name")),
                format!(
                    "The container \"{}\" uses the volume \"{}\", which the Pod does not have.",
                    short(container.name),
                    short(&device.name)
                ),
                "Add the volume to the Pod, or correct the name.",
            );
        }
    }
}

fn ports(container: &ContainerView<'_>, sink: &mut Sink<'_>) {
    for (index, port) in container.ports.iter().enumerate() {
        let range = 1..=65_535;
        let name = port.name.as_deref().unwrap_or_default();
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        let earlier = container.ports.get(..index).unwrap_or_default();
        let wrong = if !range.contains(&port.container_port) {
            format!("{} is not a port between 1 and 65535", port.container_port)
        } else if port.host_port.is_some_and(|host| host != 0 && !range.contains(&host)) {
            "the host port is not between 1 and 65535".to_owned()
        } else if !name.is_empty() && !is_port_name(name) {
            format!(
                "\"{}\" is not a name of a port (at most 15 characters, `a` to `z`, `0` to `9` and `-`, with a letter)",
                short(name)
            )
        } else if !matches!(protocol, "TCP" | "UDP" | "SCTP") {
            format!("\"{}\" is not TCP, UDP or SCTP", short(protocol))
        } else if !name.is_empty() && earlier.iter().any(|earlier| earlier.name.as_deref() == Some(name)) {
            format!("another port is called \"{name}\" too")
        } else {
            continue;
        };
        sink.add(
            FindingId::InvalidPort,
            container.at(&format!("/ports/{index}")),
            format!("Kubernetes refuses a port of container \"{}\": {wrong}.", short(container.name)),
            "Mend or remove the port.",
        );
    }
}

fn resources(container: &ContainerView<'_>, sink: &mut Sink<'_>) {
    let Some(resources) = container.resources else { return };
    for (field, quantities) in [("requests", &resources.requests), ("limits", &resources.limits)] {
        for (name, Quantity(text)) in quantities.iter().flatten() {
            let at = || container.at(&format!("/resources/{field}/{}", segment(name)));
            if !is_qualified_name(name) {
                sink.add(
                    FindingId::InvalidPodField,
                    at(),
                    format!("\"{}\" is not a name of a resource.", short(name)),
                    "Write cpu, memory, ephemeral-storage, or the full name of another resource.",
                );
            }
            if nanos(text).is_none_or(|value| value < 0) {
                sink.add(
                    FindingId::InvalidQuantity,
                    at(),
                    format!("\"{}\" is not an amount of {}.", short(text), short(name)),
                    "Write a number with a unit, for example 500m or 256Mi.",
                );
            }
        }
    }
    let limit = |name: &str| resources.limits.as_ref().and_then(|limits: &BTreeMap<_, Quantity>| limits.get(name));
    for (name, Quantity(request)) in resources.requests.iter().flatten() {
        if let Some(Quantity(limit)) = limit(name)
            && let (Some(requested), Some(limited)) = (nanos(request), nanos(limit))
            && requested > limited
        {
            sink.add(
                FindingId::RequestAboveLimit,
                container.at(&format!("/resources/requests/{}", segment(name))),
                format!(
                    "The container \"{}\" requests {request} of {name}, more than its limit {limit}.",
                    short(container.name)
                ),
                "Raise the limit, or lower the request.",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_image;

    #[test]
    fn image_references() {
        let digest = "a".repeat(64);
        for image in [
            "alpine",
            "alpine:3",
            "a/b/c:v1.2_x",
            "registry.Example.com:5000/a/b",
            "localhost/a",
            "localhost:5000/a:1",
            "a__b",
            "ghcr.io/x/y-z.w",
            &format!("a@sha256:{digest}"),
            &format!("r.io/a:1@sha256:{digest}"),
        ] {
            assert!(is_image(image), "{image}");
        }
        for image in [
            "",
            " a",
            "a ",
            "A",
            "a/B",
            "a:",
            "a:-x",
            "a:b:c",
            "a//b",
            "/a",
            "a/",
            "https://a",
            "a@",
            "a@sha256:12",
            "a@sha256",
            "$(IMAGE)",
            "a b",
            "-a",
            "日",
        ] {
            assert!(!is_image(image), "{image}");
        }
    }
}

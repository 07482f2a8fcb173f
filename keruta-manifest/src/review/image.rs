//! Image references that mean another image tomorrow.

use super::finding::FindingId;
use super::pod::{ContainerView, PodView};
use super::sink::{Sink, short};

/// An image reference, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Reference<'a> {
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    fn parse(image: &'a str) -> Self {
        let (name, digest) = match image.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (image, None),
        };
        // A colon before the last slash belongs to a registry's port.
        let path = name.rfind('/').map_or(name, |slash| &name[slash + 1..]);
        let tag = path.split_once(':').map(|(_, tag)| tag).filter(|tag| !tag.is_empty());
        Self { tag, digest }
    }
}

pub(super) fn check_pod(pod: &PodView<'_>, sink: &mut Sink<'_>) {
    for container in pod.containers() {
        if let Some(image) = container.image.filter(|image| !image.is_empty()) {
            check(image, &container, sink);
        }
    }
}

fn check(image: &str, container: &ContainerView<'_>, sink: &mut Sink<'_>) {
    let reference = Reference::parse(image);
    if reference.digest.is_some() {
        return;
    }
    let image = short(image);
    match reference.tag {
        None => sink.add(
            FindingId::ImageTagMissing,
            container.at("/image"),
            format!("The image \"{image}\" has no tag, which means `latest`: what runs can change at any time."),
            "Name a version, best with its digest (`image:1.2@sha256:…`).",
        ),
        Some("latest") => sink.add(
            FindingId::ImageTagLatest,
            container.at("/image"),
            format!("The image \"{image}\" has the tag `latest`: what runs can change at any time."),
            "Name a version, best with its digest (`image:1.2@sha256:…`).",
        ),
        Some(tag) => sink.add(
            FindingId::ImageTagMutable,
            container.at("/image"),
            format!("The image \"{image}\" has no digest: the tag `{tag}` can be moved to another image."),
            "Add the digest (`…@sha256:…`) where the same image must run every time.",
        ),
    }
    let moving = reference.tag.is_none_or(|tag| tag == "latest");
    if moving && let Some(policy @ ("IfNotPresent" | "Never")) = container.image_pull_policy {
        sink.add(
            FindingId::ImagePullPolicy,
            container.at("/imagePullPolicy"),
            format!("`{policy}` keeps the \"{image}\" that a node happens to have: nodes can run different images."),
            "Name a version of the image, or set `imagePullPolicy` to Always.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::finding::{Finding, Severity};
    use k8s_openapi::api::core::v1::{Container, PodSpec};

    fn check(image: &str, policy: Option<&str>) -> Vec<Finding> {
        let container = Container {
            name: "main".into(),
            image: Some(image.into()),
            image_pull_policy: policy.map(Into::into),
            ..Container::default()
        };
        let spec = PodSpec { containers: vec![container], ..PodSpec::default() };
        let mut found = Vec::new();
        check_pod(&PodView::new("", None, &spec), &mut Sink::new("Pod", "p", &mut found));
        found
    }

    #[test]
    fn references_by_how_they_are_pinned() {
        use FindingId::{ImageTagLatest, ImageTagMissing, ImageTagMutable};
        for (image, expected) in [
            ("alpine", Some(ImageTagMissing)),
            ("alpine:", Some(ImageTagMissing)),
            ("registry:5000/alpine", Some(ImageTagMissing)),
            ("registry:5000/a/b:latest", Some(ImageTagLatest)),
            ("alpine:latest", Some(ImageTagLatest)),
            ("alpine:3.22", Some(ImageTagMutable)),
            ("registry:5000/alpine:3", Some(ImageTagMutable)),
            ("alpine@sha256:00", None),
            ("alpine:latest@sha256:00", None),
        ] {
            let found = check(image, None);
            assert_eq!(found.first().map(|finding| finding.id), expected, "{image}");
            assert!(found.iter().all(|finding| finding.pointer == "/spec/containers/0/image"));
        }
        assert_eq!(check("a:1", None)[0].severity, Severity::Note);
    }

    #[test]
    fn a_kept_image_under_a_moving_tag() {
        for (image, policy, odd) in [
            ("a:latest", "IfNotPresent", true),
            ("a", "Never", true),
            ("a:latest", "Always", false),
            ("a:1", "IfNotPresent", false),
            ("a@sha256:0", "Never", false),
        ] {
            let found = check(image, Some(policy));
            assert_eq!(found.iter().any(|finding| finding.id == FindingId::ImagePullPolicy), odd, "{image} {policy}");
        }
    }
}

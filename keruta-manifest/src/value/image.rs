//! Container image references.
//!
//! Hand-written after the distribution project's grammar: the crates that parse references compile a regular
//! expression at first use, which alone takes longer than a whole run of the command line should.

use super::name::cut;
use crate::problem::{Explain, Rule};

/// Longest repository name, the registry included.
const NAME_MAX: usize = 255;
/// Longest tag.
const TAG_MAX: usize = 128;

text_value! {
    /// A container image: `[registry[:port]/]path[:tag][@algorithm:digest]`.
    /// [Source](https://pkg.go.dev/github.com/distribution/reference), the grammar that container runtimes use.
    ///
    /// ```
    /// use keruta_manifest::value::ImageReference;
    /// let image: ImageReference = "ghcr.io/acme/agent:1.4".parse().unwrap();
    /// assert_eq!(image.tag(), Some("1.4"));
    /// assert!("Agent Image".parse::<ImageReference>().is_err());
    /// ```
    ImageReference, error = ImageError, check = check, expected = "an image reference",
    schema = { "minLength": 1, "maxLength": 512, "pattern": "^[A-Za-z0-9\\[][A-Za-z0-9._:/@\\[\\]+-]*$" },
}

impl ImageReference {
    /// The tag, if there is one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        split(self.as_str()).1
    }

    /// The digest with its algorithm, if there is one: `sha256:…`.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        split(self.as_str()).2
    }
}

/// Why a text does not name an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// Nothing there.
    #[error("is empty where an image is wanted")]
    Empty,
    /// Upper-case letters in the repository path.
    #[error("{0:?} has upper-case letters in its path, an image's path is lower case")]
    UpperCase(String),
    /// A part of the path breaks the grammar.
    #[error("{component:?}{} is not a part of an image's path", within(component, text))]
    Path {
        /// The whole text, cut to 80 characters.
        text: String,
        /// The part.
        component: String,
    },
    /// A registry that is no host, or a port that is no number.
    #[error("{registry:?} in {text:?} is not a registry's host and port")]
    Registry {
        /// The whole text, cut to 80 characters.
        text: String,
        /// The part before the first slash.
        registry: String,
    },
    /// The part after `:`.
    #[error("{tag:?} is not an image tag")]
    Tag {
        /// The tag, cut to 80 characters.
        tag: String,
    },
    /// The part after `@`.
    #[error("{digest:?} is not an image digest")]
    Digest {
        /// The digest, cut to 80 characters.
        digest: String,
    },
    /// A name of more than 255 characters.
    #[error("{text:?} has a name of {length} characters, the longest has {NAME_MAX}")]
    TooLong {
        /// The whole text, cut to 80 characters.
        text: String,
        /// The length of registry and path.
        length: usize,
    },
}

/// Where the part stands, unless it is the whole.
fn within(component: &str, text: &str) -> String {
    if component == text { String::new() } else { format!(" in {text:?}") }
}

impl Explain for ImageError {
    fn rule(&self) -> Rule {
        Rule::ImageReference
    }

    fn cure(&self) -> String {
        match self {
            Self::Digest { .. } => "write the digest as sha256: and 64 hexadecimal digits".to_owned(),
            Self::Tag { .. } => format!(
                "use at most {TAG_MAX} letters, digits, \"_\", \".\" and \"-\", not starting with \".\" or \"-\""
            ),
            Self::UpperCase(text) => format!("write {:?}", text.to_lowercase()),
            _ => "write [registry/]path[:tag], for example ghcr.io/acme/agent:1.4".to_owned(),
        }
    }
}

/// Name, tag, digest.
fn split(text: &str) -> (&str, Option<&str>, Option<&str>) {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    let last_slash = rest.rfind('/').map_or(0, |at| at + 1);
    match rest[last_slash..].find(':') {
        Some(colon) => (&rest[..last_slash + colon], Some(&rest[last_slash + colon + 1..]), digest),
        None => (rest, None, digest),
    }
}

fn check(text: &str) -> Result<(), ImageError> {
    if text.is_empty() {
        return Err(ImageError::Empty);
    }
    let (name, tag, digest) = split(text);
    if name.len() > NAME_MAX {
        return Err(ImageError::TooLong { text: cut(text), length: name.len() });
    }
    let path = match name.split_once('/') {
        Some((registry, path)) if is_registry(registry) => {
            if !is_host_and_port(registry) {
                return Err(ImageError::Registry { text: cut(text), registry: cut(registry) });
            }
            path
        }
        _ => name,
    };
    for component in path.split('/') {
        if !is_path_component(component) {
            return Err(if is_path_component(&component.to_ascii_lowercase()) {
                ImageError::UpperCase(cut(text))
            } else {
                ImageError::Path { text: cut(text), component: cut(component) }
            });
        }
    }
    if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
        return Err(ImageError::Tag { tag: cut(tag) });
    }
    if let Some(digest) = digest.filter(|digest| !is_digest(digest)) {
        return Err(ImageError::Digest { digest: cut(digest) });
    }
    Ok(())
}

/// What comes before the first slash is a registry if it cannot be the first part of a Docker Hub path.
fn is_registry(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || first.bytes().any(|b| b.is_ascii_uppercase())
}

fn is_host_and_port(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((address, after)) = rest.split_once(']') else { return false };
            let port = if after.is_empty() { None } else { after.strip_prefix(':').or(Some("")) };
            return !address.is_empty()
                && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':')
                && port.is_none_or(is_port);
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.split('.').all(is_label) && port.is_none_or(is_port)
}

fn is_port(port: &str) -> bool {
    port.parse::<u16>().is_ok() && port.bytes().all(|b| b.is_ascii_digit())
}

/// Lower-case letters and digits, joined by `.`, `_`, `__` or any number of `-`.
fn is_path_component(component: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = component.as_bytes();
    let mut index = 0;
    loop {
        let start = index;
        while bytes.get(index).copied().is_some_and(alphanumeric) {
            index += 1;
        }
        if index == start {
            return false;
        }
        let Some(separator) = bytes.get(index).copied() else { return true };
        let run = bytes[index..].iter().take_while(|b| **b == separator).count();
        let most = match separator {
            b'.' => 1,
            b'_' => 2,
            b'-' => usize::MAX,
            _ => return false,
        };
        if run > most {
            return false;
        }
        index += run;
    }
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= TAG_MAX
        && tag.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let length_fits = match algorithm {
        "sha256" => hex.len() == 64,
        "sha384" => hex.len() == 96,
        "sha512" => hex.len() == 128,
        _ => hex.len() >= 32 && algorithm.bytes().next().is_some_and(|b| b.is_ascii_alphabetic()),
    };
    length_fits
        && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        && algorithm.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_runtimes_accept() {
        let digest = format!("acme/agent@sha256:{}", "a".repeat(64));
        for image in [
            "nginx",
            "nginx:latest",
            "alpine/git",
            "curlimages/curl:8.17.0",
            "ghcr.io/acme/agent:1.4",
            "localhost/x",
            "localhost:5000/x:y",
            "registry.example.com:443/a/b/c",
            "a__b/c-d.e",
            "a---b",
            "[::1]:5000/x",
            "Registry.example.com/x",
            "x:_tag",
            &digest,
        ] {
            assert!(image.parse::<ImageReference>().is_ok(), "{image}: {:?}", image.parse::<ImageReference>());
        }
    }

    #[test]
    fn the_forms_that_runtimes_refuse() {
        for image in [
            "",
            " nginx",
            "nginx ",
            "Nginx",
            "nginx:",
            "nginx:a b",
            ":x",
            "/nginx",
            "nginx/",
            "a//b",
            "a..b",
            "a___b",
            "-a",
            "a-",
            "nginx@sha256:abc",
            "nginx@",
            "http://x/y",
            "x:-t",
            "a.b:99999/x",
            "<AGENT_IMAGE>",
            "$(IMAGE)",
            "--image",
            "x:y:z",
            "a\nb",
            "日本",
        ] {
            assert!(image.parse::<ImageReference>().is_err(), "{image}");
        }
    }

    #[test]
    fn upper_case_is_named_with_its_cure() {
        let error = "acme/Agent:1".parse::<ImageReference>().unwrap_err();
        assert_eq!(error, ImageError::UpperCase("acme/Agent:1".to_owned()));
        assert_eq!(error.cure(), "write \"acme/agent:1\"");
    }

    #[test]
    fn a_port_is_not_a_tag() {
        let image: ImageReference = "localhost:5000/x".parse().unwrap();
        assert_eq!((image.tag(), image.digest()), (None, None));
    }
}

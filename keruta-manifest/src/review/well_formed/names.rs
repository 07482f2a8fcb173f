//! The forms of names, by byte loops (RFC 1123 and Kubernetes' own).

/// A DNS label: at most 63 of `a-z`, `0-9` and `-`, with a letter or digit at both ends.
pub(super) fn is_label(text: &str) -> bool {
    text.len() <= 63 && is_dns_part(text)
}

/// A DNS subdomain: labels of any length, with dots between, at most 253 characters.
pub(super) fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns_part)
}

fn is_dns_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}

/// The name part of a label or annotation key, and a label's value if not empty.
fn is_qualified_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    text.len() <= 63
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// A key of a label: a name, with an optional DNS subdomain and slash before it.
pub(super) fn is_qualified_name(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_qualified_part(name),
        None => is_qualified_part(text),
    }
}

/// A key of an annotation: the same in any case of letters.
pub(super) fn is_annotation_key(text: &str) -> bool {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        is_qualified_name(&text.to_ascii_lowercase())
    } else {
        is_qualified_name(text)
    }
}

/// A value of a label.
pub(super) fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_qualified_part(text)
}

/// The name of an environment variable: printable ASCII without `=`.
pub(super) fn is_env_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=')
}

/// A key of a ConfigMap or Secret.
pub(super) fn is_data_key(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text != "."
        && !text.starts_with("..")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// The name of a container's port: at most 15 of `a-z`, `0-9`, `-`, one letter, no hyphen at an end or twice.
pub(super) fn is_port_name(text: &str) -> bool {
    text.len() <= 15 && is_dns_part(text) && text.bytes().any(|byte| byte.is_ascii_lowercase()) && !text.contains("--")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Form = fn(&str) -> bool;

    #[test]
    fn forms() {
        let long = "a".repeat(64);
        let sub = ["a"; 127].join(".");
        let too_long = ["a"; 128].join(".");
        let table: [(Form, &[&str], &[&str]); 7] = [
            (is_label, &["a", "a-b", "0", "a0-1"], &["", "-a", "a-", "A", "a.b", "a_b", "日", &long]),
            (is_subdomain, &["a", "a.b-c.0", &long, &sub], &["", ".", "a.", ".a", "a..b", "a.-b", "A.b", &too_long]),
            (
                is_qualified_name,
                &["a", "A_b.C-1", "x.y/z", "keruta.dev/Task"],
                &["", "/a", "a/", "a/b/c", "X/y", "_a", &long],
            ),
            (is_label_value, &["", "a", "A.b_c-1"], &["-a", "a-", "a b", "日", &long]),
            (is_env_name, &["A", "a.b-c", "1", "A B"], &["", "A=B", "é", "a\tb"]),
            (is_data_key, &["a", ".a", "A_b-c.d", &long], &["", ".", "..", "..a", "a/b", "a b"]),
            (is_port_name, &["http", "a1-b", "1a"], &["", "80", "a--b", "-a", "A", "abcdefghijklmnop"]),
        ];
        for (form, good, bad) in table {
            for text in good {
                assert!(form(text), "{text}");
            }
            for text in bad {
                assert!(!form(text), "{text}");
            }
        }
        assert!(is_annotation_key("Example.COM/Key") && !is_annotation_key("a b"));
    }
}

//! What is checked about the plan's texts. The one place to change once these are value types.

use super::Cidr;

/// Why a plan cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// A text does not have the form that Kubernetes asks of it.
    #[error("{field}: `{value}` is not {rule}")]
    Invalid {
        /// Which text.
        field: &'static str,
        /// The text.
        value: String,
        /// What it must be.
        rule: &'static str,
    },
    /// Namespaces with this prefix are Kubernetes' own, and Pod Security labels on them can stop a cluster.
    #[error("{field}: `{namespace}` belongs to Kubernetes itself, as every name with `kube-` does; choose another")]
    ReservedNamespace {
        /// Which namespace.
        field: &'static str,
        /// Its name.
        namespace: String,
    },
    /// No task namespace was given.
    #[error("at least one task namespace is needed")]
    NoTaskNamespace,
    /// Tasks would run with the submitter's rights.
    #[error(
        "the submitter and task Pods would share the service account `{name}` in namespace `{namespace}`: \
         give one another name"
    )]
    SharedAccount {
        /// The account's name.
        name: String,
        /// The namespace that is both.
        namespace: String,
    },
    /// An exception that leaves nothing of the rule.
    #[error("`{cidr}` excepts every address: switch public git off instead")]
    ExceptEverything {
        /// The range.
        cidr: Cidr,
    },
    /// A selection of Pods without labels would be all Pods of the namespace.
    #[error("a target needs at least one Pod label: none would select every Pod of namespace `{namespace}`")]
    NoLabels {
        /// The target's namespace.
        namespace: String,
    },
}

type Checked = Result<String, InstallError>;

/// RFC 1123 label, and none of Kubernetes' own namespaces.
///
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/>: "Avoid creating namespaces with the
/// prefix `kube-`, since it is reserved for Kubernetes system namespaces."
pub(super) fn namespace(field: &'static str, value: String) -> Checked {
    let namespace = label(field, value)?;
    if namespace.starts_with("kube-") {
        return Err(InstallError::ReservedNamespace { field, namespace });
    }
    Ok(namespace)
}

/// RFC 1123 label, as <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/> has it.
pub(super) fn label(field: &'static str, value: String) -> Checked {
    const RULE: &str = "a DNS label: 1 to 63 lower-case letters, digits and `-`, a letter or digit first and last";
    check(value.len() <= 63 && is_label(&value), field, value, RULE)
}

/// RFC 1123 subdomain, from the same page.
pub(super) fn subdomain(field: &'static str, value: String) -> Checked {
    const RULE: &str = "a DNS subdomain: at most 253 characters, lower-case letters, digits, `-` and `.`, a letter or \
                        digit first and last in each part";
    check(is_subdomain(&value), field, value, RULE)
}

/// A key of a Secret's `data`.
///
/// <https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data>, and the API server's own
/// `IsConfigMapKey`, which also refuses `.`, `..` and names that begin with `..`.
pub(super) fn secret_key(field: &'static str, value: String) -> Checked {
    const RULE: &str = "a Secret key: 1 to 253 letters, digits, `-`, `_` and `.`, not `.` and not beginning with `..`";
    let of_charset = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let sound = (1..=253).contains(&value.len()) && of_charset && value != "." && !value.starts_with("..");
    check(sound, field, value, RULE)
}

/// A label's key: a qualified name.
///
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set>
pub(super) fn label_key(field: &'static str, value: String) -> Checked {
    const RULE: &str = "a label key: at most 63 letters, digits, `-`, `_` and `.`, a letter or digit first and last, \
                        with an optional DNS subdomain and `/` before";
    let sound = match value.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && !name.is_empty() && is_label_value(name),
        None => !value.is_empty() && is_label_value(&value),
    };
    check(sound, field, value, RULE)
}

/// A label's value, from the same page.
pub(super) fn label_value(field: &'static str, value: String) -> Checked {
    const RULE: &str = "a label value: at most 63 letters, digits, `-`, `_` and `.`, a letter or digit first and last";
    check(is_label_value(&value), field, value, RULE)
}

/// A port that a Pod can listen on.
pub(super) fn port(field: &'static str, value: u16) -> Result<u16, InstallError> {
    if value == 0 {
        return Err(InstallError::Invalid { field, value: value.to_string(), rule: "a port from 1 to 65535" });
    }
    Ok(value)
}

/// A non-negative quantity.
///
/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>
pub(super) fn quantity(field: &'static str, value: String) -> Checked {
    const RULE: &str = "a quantity such as `500m`, `2`, `1.5Gi` or `1e3`";
    let unsigned = value.strip_prefix('+').unwrap_or(&value);
    let number = unsigned.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, suffix) = unsigned.split_at(number);
    let digits = number.bytes().any(|byte| byte.is_ascii_digit());
    let one_point = number.bytes().filter(|byte| *byte == b'.').count() <= 1;
    check(digits && one_point && is_quantity_suffix(suffix), field, value, RULE)
}

fn is_quantity_suffix(suffix: &str) -> bool {
    const SUFFIXES: [&str; 16] = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let exponent = suffix.strip_prefix(['e', 'E']).map(|digits| digits.strip_prefix(['+', '-']).unwrap_or(digits));
    SUFFIXES.contains(&suffix)
        || exponent.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_label_value(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let edge = |byte: Option<u8>| byte.is_none_or(|byte| byte.is_ascii_alphanumeric());
    text.len() <= 63 && text.bytes().all(inner) && edge(text.bytes().next()) && edge(text.bytes().next_back())
}

fn check(sound: bool, field: &'static str, value: String, rule: &'static str) -> Checked {
    if sound { Ok(value) } else { Err(InstallError::Invalid { field, value, rule }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(check: fn(&'static str, String) -> Checked, values: &[&str]) {
        for value in values {
            assert_eq!(check("it", (*value).to_owned()).as_deref(), Ok(*value), "{value:?} is fine");
        }
    }

    fn unsound(check: fn(&'static str, String) -> Checked, values: &[&str]) {
        for value in values {
            assert!(check("it", (*value).to_owned()).is_err(), "{value:?} is not fine");
        }
    }

    #[test]
    fn names() {
        let long = "a".repeat(63);
        let too_long = "a".repeat(64);
        sound(namespace, &["a", "team-a", "1", &long]);
        unsound(namespace, &["", "A", "a.b", "-a", "a-", "a_b", "タスク", &too_long, "kube-system", "kube-"]);
        sound(subdomain, &["a", "a.b-c.1", &too_long]);
        unsound(subdomain, &["", ".", "a.", "a..b", "a.-b", "a/b", &"a".repeat(254)]);
    }

    #[test]
    fn keys_and_labels() {
        sound(secret_key, &["token", "a.b", ".netrc", "A_b-c"]);
        unsound(secret_key, &["", ".", "..", "..a", "a/b", "a b", "鍵"]);
        sound(label_key, &["app", "app.kubernetes.io/name", "a.b/C_d"]);
        unsound(label_key, &["", "/", "a/", "/a", "A/b", "a/b/c", "-a", &"a".repeat(64)]);
        sound(label_value, &["", "a", "A.b_c-1"]);
        unsound(label_value, &["-", "a-", "a b", &"a".repeat(64)]);
    }

    #[test]
    fn quantities() {
        sound(quantity, &["0", "1", "1.5", ".5", "5.", "+1", "100m", "1Gi", "1e3", "1E-3", "2E", "512Mi"]);
        unsound(quantity, &["", ".", "-1", "1.2.3", "Gi", "1gi", "1 Gi", "1GiB", "1e", "1e+", "one"]);
    }
}

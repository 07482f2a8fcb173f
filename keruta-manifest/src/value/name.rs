//! Names of Kubernetes objects, labels and keys.

use crate::problem::{Explain, Rule};

/// Longest RFC 1123 label and label value.
const LABEL_MAX: usize = 63;
/// Longest RFC 1123 subdomain.
const SUBDOMAIN_MAX: usize = 253;

text_value! {
    /// An RFC 1123 label: 1 to 63 of `a-z`, `0-9` and `-`, alphanumeric at both ends.
    /// [Source](https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names).
    ///
    /// ```
    /// use keruta_manifest::value::DnsLabel;
    /// assert!("git-clone".parse::<DnsLabel>().is_ok());
    /// assert!("Git_Clone".parse::<DnsLabel>().is_err());
    /// ```
    DnsLabel, error = NameError, check = check_label, expected = "a DNS-1123 label",
    schema = { "maxLength": LABEL_MAX, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" },
}

text_value! {
    /// An RFC 1123 subdomain: labels joined by dots, at most 253 characters.
    /// [Source](https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names).
    ///
    /// ```
    /// use keruta_manifest::value::DnsSubdomain;
    /// assert!("git-repo-pvc-task.1".parse::<DnsSubdomain>().is_ok());
    /// assert!("a..b".parse::<DnsSubdomain>().is_err());
    /// ```
    DnsSubdomain, error = NameError, check = check_subdomain, expected = "a DNS-1123 subdomain",
    schema = {
        "maxLength": SUBDOMAIN_MAX,
        "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
    },
}

text_value! {
    /// A label's value: empty, or at most 63 of `A-Z`, `a-z`, `0-9`, `-`, `_` and `.`, alphanumeric at both ends.
    /// [Source](https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set).
    LabelValue, error = NameError, check = check_label_value, expected = "a label value",
    schema = { "maxLength": LABEL_MAX, "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$" },
}

text_value! {
    /// A label's or annotation's key: a name of at most 63 characters, with an optional `prefix/` that is a DNS subdomain.
    /// [Source](https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set).
    QualifiedName, error = NameError, check = check_qualified_name, expected = "a label or annotation key",
    schema = {
        "maxLength": SUBDOMAIN_MAX + 1 + LABEL_MAX,
        "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$"
    },
}

text_value! {
    /// A key of a ConfigMap or Secret: 1 to 253 of `A-Z`, `a-z`, `0-9`, `-`, `_` and `.`, neither `.` nor starting with `..`.
    /// [Source](https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-object).
    ConfigKey, error = NameError, check = check_config_key, expected = "a key of a ConfigMap or Secret",
    schema = { "minLength": 1, "maxLength": SUBDOMAIN_MAX, "pattern": "^[-._a-zA-Z0-9]+$" },
}

/// Why a text is not a name of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing there.
    #[error("is empty where {} is wanted", kind(*.0))]
    Empty(Rule),
    /// Too many characters.
    #[error("{text:?} has {length} characters, {} has at most {max}", kind(*.rule))]
    TooLong {
        /// The rule.
        rule: Rule,
        /// The text, cut to 80 characters.
        text: String,
        /// Its length in characters.
        length: usize,
        /// The rule's limit.
        max: usize,
    },
    /// A character that the rule does not have.
    #[error("{text:?} holds {character:?} at character {position}, which {} cannot", kind(*.rule))]
    Character {
        /// The rule.
        rule: Rule,
        /// The text, cut to 80 characters.
        text: String,
        /// The first character that is not allowed.
        character: char,
        /// Its place, from 1.
        position: usize,
    },
    /// A first or last character that may only stand inside.
    #[error("{text:?} starts or ends with {character:?}, {} starts and ends with a letter or digit", kind(*.rule))]
    Edge {
        /// The rule.
        rule: Rule,
        /// The text, cut to 80 characters.
        text: String,
        /// The offending character.
        character: char,
    },
    /// A key that would be a path of its own.
    #[error("{text:?} would name a directory")]
    Dots {
        /// The text.
        text: String,
    },
}

impl Explain for NameError {
    fn rule(&self) -> Rule {
        match self {
            Self::Empty(rule) | Self::TooLong { rule, .. } | Self::Character { rule, .. } | Self::Edge { rule, .. } => {
                *rule
            }
            Self::Dots { .. } => Rule::ConfigKey,
        }
    }

    fn cure(&self) -> String {
        let alphabet = match self.rule() {
            Rule::Dns1123Label => "use lower-case letters, digits and \"-\"",
            Rule::Dns1123Subdomain => "use lower-case letters, digits, \"-\" and \".\"",
            Rule::QualifiedName => "use letters, digits, \"-\", \"_\" and \".\", after an optional \"dns.prefix/\"",
            _ => "use letters, digits, \"-\", \"_\" and \".\"",
        };
        match self {
            Self::TooLong { max, .. } => format!("shorten it to {max} characters"),
            Self::Empty(_) => format!("give a name; {alphabet}"),
            Self::Edge { .. } => "start and end with a letter or digit".to_owned(),
            Self::Character { .. } | Self::Dots { .. } => alphabet.to_owned(),
        }
    }
}

/// What the rule calls its value, with an article.
const fn kind(rule: Rule) -> &'static str {
    match rule {
        Rule::Dns1123Label => "a DNS-1123 label",
        Rule::Dns1123Subdomain => "a DNS-1123 subdomain",
        Rule::LabelValue => "a label value",
        Rule::QualifiedName => "a label or annotation key",
        Rule::TaskId => "a task id",
        _ => "a ConfigMap or Secret key",
    }
}

fn check_label(text: &str) -> Result<(), NameError> {
    check(Rule::Dns1123Label, text, LABEL_MAX, is_lower_or_hyphen)
}

fn check_subdomain(text: &str) -> Result<(), NameError> {
    let rule = Rule::Dns1123Subdomain;
    check(rule, text, SUBDOMAIN_MAX, |b| is_lower_or_hyphen(b) || b == b'.')?;
    match text.split('.').find_map(|label| bad_edge(label, '.')) {
        Some(character) => Err(NameError::Edge { rule, text: cut(text), character }),
        None => Ok(()),
    }
}

fn check_label_value(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Ok(());
    }
    check(Rule::LabelValue, text, LABEL_MAX, is_name_byte)
}

fn check_qualified_name(text: &str) -> Result<(), NameError> {
    let name = match text.split_once('/') {
        None => text,
        Some((prefix, name)) => {
            check_subdomain(prefix)?;
            name
        }
    };
    check(Rule::QualifiedName, name, LABEL_MAX, is_name_byte)
}

fn check_config_key(text: &str) -> Result<(), NameError> {
    check_alphabet(Rule::ConfigKey, text, SUBDOMAIN_MAX, is_name_byte)?;
    if text == "." || text.starts_with("..") {
        return Err(NameError::Dots { text: text.to_owned() });
    }
    Ok(())
}

/// Length, alphabet and alphanumeric ends.
fn check(rule: Rule, text: &str, max: usize, allowed: fn(u8) -> bool) -> Result<(), NameError> {
    check_alphabet(rule, text, max, allowed)?;
    match bad_edge(text, '-') {
        Some(character) => Err(NameError::Edge { rule, text: cut(text), character }),
        None => Ok(()),
    }
}

fn check_alphabet(rule: Rule, text: &str, max: usize, allowed: fn(u8) -> bool) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty(rule));
    }
    if let Some((index, character)) = text.chars().enumerate().find(|(_, c)| !u8::try_from(*c).is_ok_and(allowed)) {
        return Err(NameError::Character { rule, text: cut(text), character, position: index + 1 });
    }
    if text.len() > max {
        return Err(NameError::TooLong { rule, text: cut(text), length: text.len(), max });
    }
    Ok(())
}

/// The first or last character where it is no letter or digit; `empty` for an empty text.
fn bad_edge(text: &str, empty: char) -> Option<char> {
    let ends = [text.chars().next(), text.chars().next_back()];
    ends.into_iter().map(|end| end.unwrap_or(empty)).find(|c| !c.is_ascii_alphanumeric())
}

const fn is_lower_or_hyphen(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// A text short enough for a message.
pub(super) fn cut(text: &str) -> String {
    const MAX: usize = 80;
    match text.char_indices().nth(MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_at_most_63_characters() {
        assert!("a".repeat(63).parse::<DnsLabel>().is_ok());
        assert!(matches!("a".repeat(64).parse::<DnsLabel>(), Err(NameError::TooLong { length: 64, max: 63, .. })));
    }

    #[test]
    fn the_first_bad_character_is_named_with_its_place() {
        let error = "task_ä".parse::<DnsLabel>().unwrap_err();
        assert_eq!(error.to_string(), r#""task_ä" holds '_' at character 5, which a DNS-1123 label cannot"#);
        assert_eq!(error.cure(), "use lower-case letters, digits and \"-\"");
    }

    #[test]
    fn each_label_of_a_subdomain_has_alphanumeric_ends() {
        for bad in [".a", "a.", "a..b", "a-.b", "a.-b", "-a"] {
            assert!(matches!(bad.parse::<DnsSubdomain>(), Err(NameError::Edge { .. })), "{bad}");
        }
        assert!("a.b-c.d0".parse::<DnsSubdomain>().is_ok());
    }

    #[test]
    fn keys_may_have_one_prefix() {
        for good in ["app", "app.kubernetes.io/name", "keruta.dev/spec-hash", "A_b.c"] {
            assert!(good.parse::<QualifiedName>().is_ok(), "{good}");
        }
        for bad in ["", "/a", "a/", "A.b/c", "a/b/c", "a b"] {
            assert!(bad.parse::<QualifiedName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_config_key_is_a_file_name() {
        assert!(".config".parse::<ConfigKey>().is_ok());
        assert!(matches!("..a".parse::<ConfigKey>(), Err(NameError::Dots { .. })));
        assert!("a/b".parse::<ConfigKey>().is_err());
    }
}

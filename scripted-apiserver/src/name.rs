//! Which names Kubernetes accepts (RFC 1123), and its words where it does not.

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
                     start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for \
                     validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                         '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used \
                         for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
                           '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or \
                           'my_value',  or '12345', regex used for validation is \
                           '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// Why a text is no RFC 1123 label, in Kubernetes' words.
pub(crate) fn label_problem(name: &str) -> Option<String> {
    if name.len() > 63 {
        return Some("must be no more than 63 bytes".to_owned());
    }
    (!is_label(name)).then(|| LABEL.to_owned())
}

/// Why a text is no RFC 1123 subdomain.
pub(crate) fn subdomain_problem(name: &str) -> Option<String> {
    if name.len() > 253 {
        return Some("must be no more than 253 bytes".to_owned());
    }
    (!name.split('.').all(is_label)).then(|| SUBDOMAIN.to_owned())
}

/// Why a text is no value of a label.
pub(crate) fn label_value_problem(value: &str) -> Option<String> {
    if value.len() > 63 {
        return Some("must be no more than 63 bytes".to_owned());
    }
    let inner = value.bytes().all(|sign| sign.is_ascii_alphanumeric() || b"-_.".contains(&sign));
    let ends = |sign: Option<u8>| sign.is_none_or(|sign| sign.is_ascii_alphanumeric());
    let fine = inner && ends(value.bytes().next()) && ends(value.bytes().last());
    (!fine).then(|| LABEL_VALUE.to_owned())
}

fn is_label(name: &str) -> bool {
    let ends = |sign: Option<u8>| sign.is_some_and(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit());
    ends(name.bytes().next())
        && ends(name.bytes().last())
        && name.bytes().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == b'-')
}

/// The five random letters of `generateName`, from the alphabet that Kubernetes uses.
pub(crate) fn suffix() -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    (0..5).map(|_| char::from(ALPHABET[fastrand::usize(..ALPHABET.len())])).collect()
}

/// A random UUID (version 4).
pub(crate) fn uid() -> String {
    let bits = (fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(label_problem("a-1").is_none() && label_problem(&"a".repeat(63)).is_none());
        assert!(
            label_problem("a.b").is_some() && label_problem("").is_some() && label_problem(&"a".repeat(64)).is_some()
        );
        assert!(
            subdomain_problem("a.b").is_none()
                && subdomain_problem("A_b").is_some()
                && subdomain_problem("a..b").is_some()
        );
        assert!(
            label_value_problem("").is_none()
                && label_value_problem("A_b").is_none()
                && label_value_problem("-").is_some()
        );
    }

    #[test]
    fn uids_are_of_version_4() {
        let uid = uid();
        assert_eq!((uid.len(), uid.as_bytes()[14]), (36, b'4'));
        assert!("89ab".contains(char::from(uid.as_bytes()[19])), "{uid}");
    }
}

//! Names in paths.

use std::fmt::Write as _;

/// A name as a segment of a path: what RFC 3986 does not call unreserved is percent-encoded.
pub(crate) fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_stays_within_its_segment() {
        assert_eq!(super::segment("a/b?c d.é~"), "a%2Fb%3Fc%20d.%C3%A9~");
    }
}

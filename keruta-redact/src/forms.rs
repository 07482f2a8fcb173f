//! The forms in which a secret may appear.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::Redactor;

/// The shortest encoded form that is looked for: a part of an encoded short value may be an ordinary word.
const SHORTEST_ENCODED: usize = 6;
/// What RFC 3986 calls unreserved stays as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Adds the forms of a secret; `false` where it is too short.
pub(super) fn forms(secret: &[u8], patterns: &mut Vec<Vec<u8>>) -> bool {
    let before = patterns.len();
    // Secrets made from files often end with a line feed that is not printed.
    let whole = secret.trim_ascii_end();
    for line in secret.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // A line is also printed without its indentation.
        for literal in [line, line.trim_ascii()] {
            if literal.len() >= Redactor::SHORTEST {
                patterns.push(literal.to_vec());
            }
        }
    }
    if whole.len() >= Redactor::SHORTEST {
        for value in [whole, secret] {
            encoded(value, patterns);
        }
    }
    patterns.len() > before
}

fn encoded(value: &[u8], patterns: &mut Vec<Vec<u8>>) {
    let mut add = |form: Vec<u8>| {
        if form.len() >= SHORTEST_ENCODED && form != value {
            patterns.push(form);
        }
    };
    add(STANDARD.encode(value).into_bytes());
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        add(engine.encode(value).into_bytes());
        for shift in 0..3 {
            add(encoded_inside(engine, value, shift));
        }
    }
    let percent = percent_encode(value, RESERVED).to_string();
    add(lower_hex(&percent).into_bytes());
    add(percent.replace("%20", "+").into_bytes());
    add(percent.into_bytes());
    if let Ok(text) = std::str::from_utf8(value)
        && let Ok(json) = serde_json::to_string(text)
    {
        add(json.as_bytes()[1..json.len() - 1].to_vec());
    }
}

/// What base64 makes of a value with other bytes around it: the characters that depend on the value alone. `shift` is the
/// number of bytes before it, modulo 3.
fn encoded_inside(engine: &impl base64::Engine, value: &[u8], shift: usize) -> Vec<u8> {
    let mut padded = vec![0; shift];
    padded.extend_from_slice(value);
    let mut form = engine.encode(&padded).into_bytes();
    if !padded.len().is_multiple_of(3) {
        form.pop();
    }
    form.drain(..[0, 2, 3][shift].min(form.len()));
    form
}

/// `%2F` to `%2f`.
fn lower_hex(percent: &str) -> String {
    let mut out = String::with_capacity(percent.len());
    let mut hex = 0;
    for c in percent.chars() {
        out.push(if hex > 0 { c.to_ascii_lowercase() } else { c });
        hex = if c == '%' { 2 } else { hex.max(1) - 1 };
    }
    out
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_encoded_secret_leaves_only_what_others_share(
            secret in "[!-)+-~ ]{8,20}", before in "[a-z:]{0,7}", after in "[a-z]{0,7}",
        ) {
            let redactor = Redactor::new([&secret]).unwrap();
            let text = format!("{before}{secret}{after}");
            for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                let out = redactor.redact(encoded.clone().into());
                // What is left of the secret is less than a character's worth at each side.
                prop_assert!(out.len() <= encoded.len() - secret.trim_ascii_end().len() * 4 / 3 + 2 + 3, "{:?}", out);
                prop_assert!(memchr::memmem::find(&out, b"***").is_some());
            }
            let percent = percent_encode(secret.trim_ascii_end().as_bytes(), RESERVED).to_string();
            prop_assert_eq!(redactor.redact(percent.clone().into()), "***");
            prop_assert_eq!(redactor.redact(lower_hex(&percent).into()), "***");
        }
    }

    #[test]
    fn what_json_escapes_is_found() {
        let redactor = Redactor::new(["pass\"word\n"]).unwrap();
        assert_eq!(redactor.redact(r#"{"p":"pass\"word\n"}"#.into()), r#"{"p":"***"}"#);
    }
}

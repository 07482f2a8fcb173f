//! Bare words that some reader takes for another type than a string.
//!
//! Each rule is as wide as the widest reader, with a little room: an unneeded pair of quotes harms nobody.

/// The length of the longest word that means something else, which spares most strings the comparison.
pub(super) const LONGEST_WORD: usize = 5;

/// Whether a word is a boolean, null, or a sign of YAML 1.1 to some reader.
pub(super) fn means_something_else(text: &str) -> bool {
    const WORDS: [&str; 12] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "=", "<<"];
    text.len() <= LONGEST_WORD && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Whether a string that begins with a digit, a sign, a dot or an `e` is a number to some reader.
///
/// That is: decimal, octal, hexadecimal, binary, base 60 (`12:30`), with thousands parted, or `.inf` and `.nan`.
pub(super) fn looks_numeric(text: &[u8]) -> bool {
    // Go's reader drops every underscore before it looks, so that `0_x1_F` is 31.
    let mut text = Cursor(text.iter().copied().filter(|byte| *byte != b'_'));
    text.skip(|byte| matches!(byte, b'+' | b'-'));
    has_radix_prefix(text.clone()) || is_decimal(text.clone()) || is_no_finite_number(text)
}

/// `0x1F`, `0o17`, `0b101` in either case.
fn has_radix_prefix<I: Bytes>(mut text: Cursor<I>) -> bool {
    text.skip(|byte| byte == b'0')
        && text.skip(|byte| matches!(byte, b'x' | b'X' | b'o' | b'O' | b'b' | b'B'))
        // Go's reader takes a sign behind the prefix as well: `0b-1`.
        && text.0.all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'+' | b'-'))
}

/// Digits, perhaps in groups behind colons or commas, then perhaps a fraction and an exponent.
///
/// A dot or an exponent alone, as in the name `E0`, is NaN to npm's `yaml` when it reads YAML 1.1.
fn is_decimal<I: Bytes>(mut text: Cursor<I>) -> bool {
    let whole = text.skip(|byte| byte.is_ascii_digit());
    text.skip_all(|byte| byte.is_ascii_digit() || whole && matches!(byte, b':' | b','));
    let dot = text.skip(|byte| byte == b'.');
    text.skip_all(|byte| byte.is_ascii_digit());
    let exponent = text.skip(|byte| matches!(byte, b'e' | b'E')) && {
        text.skip(|byte| matches!(byte, b'+' | b'-'));
        text.skip_all(|byte| byte.is_ascii_digit())
    };
    (whole || dot || exponent) && text.at_end()
}

/// `.inf` and `.nan`.
fn is_no_finite_number<I: Bytes>(text: Cursor<I>) -> bool {
    let letters = text.0.map(|byte| byte.to_ascii_lowercase());
    letters.clone().eq(*b".inf") || letters.eq(*b".nan")
}

/// Whether a string begins as a date, alone or with a time behind it: `2024-1-31`, `2024-01-31T10:00:00Z`.
pub(super) fn looks_timestamp(text: &[u8]) -> bool {
    let mut text = Cursor(text.iter().copied());
    let digit = |byte: u8| byte.is_ascii_digit();
    let dash = |byte| byte == b'-';

    let year = text.skip(digit) && text.skip(digit) && text.skip(digit) && text.skip(digit) && text.skip(dash);
    let month = year && text.skip(digit) && (text.skip(dash) || text.skip(digit) && text.skip(dash));
    if !(month && text.skip(digit)) {
        return false;
    }
    text.skip(digit);
    text.at_end() || text.skip_all(|byte| matches!(byte, b'T' | b't' | b' ')) && text.skip(digit)
}

/// What a cursor walks over: bytes that can be looked at twice.
trait Bytes: Iterator<Item = u8> + Clone {}
impl<I: Iterator<Item = u8> + Clone> Bytes for I {}

/// A place in a string, moved on by what is expected there.
#[derive(Clone)]
struct Cursor<I>(I);

impl<I: Bytes> Cursor<I> {
    /// Steps over one byte if it is of the kind.
    fn skip(&mut self, kind: impl Fn(u8) -> bool) -> bool {
        let mut ahead = self.0.clone();
        let fits = ahead.next().is_some_and(kind);
        if fits {
            self.0 = ahead;
        }
        fits
    }

    /// Steps over all bytes of the kind, and says whether there was one.
    fn skip_all(&mut self, kind: impl Fn(u8) -> bool) -> bool {
        let any = self.skip(&kind);
        while self.skip(&kind) {}
        any
    }

    fn at_end(&self) -> bool {
        self.0.clone().next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::{looks_numeric, looks_timestamp, means_something_else};

    #[test]
    fn numbers_in_every_form_of_every_reader() {
        for text in [
            "0",
            "-0",
            "007",
            "0o17",
            "0O17",
            "0x1F",
            "-0X1f",
            "0b101",
            "+0b1",
            "1_000",
            "0_x1_F",
            "-_1",
            "1,000",
            "0b-1",
            "1e3",
            "1E+3",
            "12e03",
            "1.",
            ".5",
            "+.5e-3",
            "5.e3",
            "1:20",
            "190:20:30.15",
            "8080:80",
            ".inf",
            "-.INF",
            "+.Nan",
            "E0",
            "e1",
            ".",
            "1e400",
            "123456789012345678901234567890",
            "0x",
        ] {
            assert!(looks_numeric(text.as_bytes()), "{text:?}");
        }
        for text in [
            "+", "-", "1Gi", "500m", "1.2.3", "..", "0o1g", "0xfg", "1:a", "e", "ee", "e1e", ".info", "--1", "1 ",
            "12:30 PM",
        ] {
            assert!(!looks_numeric(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn dates_with_and_without_a_time() {
        for text in
            ["2024-01-01", "2024-1-1", "2024-01-01T00:00:00Z", "2001-12-14t21:59:43.10-05:00", "2024-01-01  0:00:00"]
        {
            assert!(looks_timestamp(text.as_bytes()), "{text:?}");
        }
        for text in
            ["24-01-01", "2024-01", "2024-01-", "2024-001-01", "2024-01-011", "2024-01-01Tx", "2024-01-01 notes"]
        {
            assert!(!looks_timestamp(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn words_in_any_case() {
        for text in ["y", "No", "OFF", "tRuE", "null", "~", "=", "<<"] {
            assert!(means_something_else(text), "{text:?}");
        }
        for text in ["ya", "none", "nil", "falsey", "~~", "<", "=="] {
            assert!(!means_something_else(text), "{text:?}");
        }
    }
}

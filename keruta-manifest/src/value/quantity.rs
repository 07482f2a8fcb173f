//! Amounts of a resource.
//!
//! Hand-written: the crates that parse quantities bring a Kubernetes client or a parser framework along, and
//! none keeps the text as it was, which a reproduced manifest must.

use std::cmp::Ordering;

use super::name::cut;
use crate::problem::{Explain, Rule};

text_value! {
    /// An amount of a resource, not negative, kept as it was written: `500m`, `1Gi`, `2`, `1e3`.
    /// [Source](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/).
    ///
    /// ```
    /// use keruta_manifest::value::Quantity;
    /// let small: Quantity = "512Mi".parse().unwrap();
    /// let large: Quantity = "1Gi".parse().unwrap();
    /// assert_eq!(small.compare(&large), std::cmp::Ordering::Less);
    /// assert!("1 GB".parse::<Quantity>().is_err());
    /// ```
    Quantity, error = QuantityError, check = check, expected = "a quantity (a text such as \"500m\" or \"1Gi\")",
    schema = { "pattern": "^\\+?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?[0-9]+)?$" },
}

impl Quantity {
    /// Compares two amounts by value: `1Gi` equals `1024Mi`.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        nano(self.as_str()).cmp(&nano(other.as_str()))
    }

    /// Whether the amount is nothing at all.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        nano(self.as_str()) == Some(0)
    }
}

/// Why a text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantityError {
    /// Not a number with one of the suffixes.
    #[error("{0:?} is not a quantity")]
    Form(String),
    /// Below zero.
    #[error("{0:?} is a negative quantity")]
    Negative(String),
    /// More than 2⁶³ − 1, the most that Kubernetes keeps.
    #[error("{0:?} is more than 2^63-1, the largest quantity")]
    TooLarge(String),
}

impl Explain for QuantityError {
    fn rule(&self) -> Rule {
        Rule::Quantity
    }

    fn cure(&self) -> String {
        "write a number with an optional suffix, for example 500m (half a CPU), 512Mi or 1Gi".to_owned()
    }
}

fn check(text: &str) -> Result<(), QuantityError> {
    if text.starts_with('-') {
        return Err(QuantityError::Negative(cut(text)));
    }
    let (digits, suffix) = split(text);
    if !digits.bytes().any(|b| b.is_ascii_digit()) || scale(suffix).is_none() {
        return Err(QuantityError::Form(cut(text)));
    }
    match nano(text) {
        Some(amount) if amount <= i128::from(i64::MAX) * NANO => Ok(()),
        _ => Err(QuantityError::TooLarge(cut(text))),
    }
}

const NANO: i128 = 1_000_000_000;

/// The number and its suffix.
fn split(text: &str) -> (&str, &str) {
    let text = text.strip_prefix('+').unwrap_or(text);
    let mut seen_point = false;
    let end = text
        .find(|c: char| match c {
            '.' if !seen_point => {
                seen_point = true;
                false
            }
            _ => !c.is_ascii_digit(),
        })
        .unwrap_or(text.len());
    text.split_at(end)
}

/// What a suffix multiplies by: a power of ten and a power of two.
fn scale(suffix: &str) -> Option<(i32, u32)> {
    Some(match suffix {
        "" => (0, 0),
        "n" => (-9, 0),
        "u" => (-6, 0),
        "m" => (-3, 0),
        "k" => (3, 0),
        "M" => (6, 0),
        "G" => (9, 0),
        "T" => (12, 0),
        "P" => (15, 0),
        "E" => (18, 0),
        "Ki" => (0, 10),
        "Mi" => (0, 20),
        "Gi" => (0, 30),
        "Ti" => (0, 40),
        "Pi" => (0, 50),
        "Ei" => (0, 60),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            // An exponent beyond any amount: the value saturates below.
            (exponent.parse().unwrap_or(i32::MAX), 0)
        }
    })
}

/// The amount in billionths, rounded up as Kubernetes rounds; `None` where it is too large to tell.
fn nano(text: &str) -> Option<i128> {
    let (digits, suffix) = split(text);
    let (ten, two) = scale(suffix)?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let mut mantissa: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
    }
    if mantissa == 0 {
        return Some(0);
    }
    mantissa = mantissa.checked_mul(1_i128.checked_shl(two)?)?;
    let exponent = i64::from(ten) + 9 - i64::try_from(fraction.len()).ok()?;
    let power = 10_i128.checked_pow(u32::try_from(exponent.unsigned_abs()).ok()?);
    match (exponent >= 0, power) {
        (true, power) => mantissa.checked_mul(power?),
        (false, Some(power)) => Some((mantissa + power - 1) / power),
        (false, None) => Some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suffix_and_exponent_is_read() {
        for text in [
            "0", "1", "+1", "1.", ".5", "1.5", "100m", "5n", "7u", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1.5Gi",
            "2Ei", "1e3", "1E+3", "12e-3",
        ] {
            assert!(text.parse::<Quantity>().is_ok(), "{text}");
        }
        for text in
            ["", ".", "+", "Gi", "1 Gi", "1GB", "1gi", "1K", "0x1", "1e", "1e+", "1_000", "١", "1.2.3", "1mm", "NaN"]
        {
            assert!(matches!(text.parse::<Quantity>(), Err(QuantityError::Form(_))), "{text}");
        }
        assert!(matches!("-1".parse::<Quantity>(), Err(QuantityError::Negative(_))));
        for text in ["9Ei", "1e400", "99999999999999999999999999999999999999999"] {
            assert!(matches!(text.parse::<Quantity>(), Err(QuantityError::TooLarge(_))), "{text}");
        }
    }

    #[test]
    fn amounts_compare_by_value() {
        for (a, b, order) in [
            ("1Gi", "1024Mi", Ordering::Equal),
            ("1G", "1Gi", Ordering::Less),
            ("1", "1000m", Ordering::Equal),
            ("0.5", "501m", Ordering::Less),
            ("1e3", "1k", Ordering::Equal),
            ("1n", "0", Ordering::Greater),
        ] {
            assert_eq!(a.parse::<Quantity>().unwrap().compare(&b.parse().unwrap()), order, "{a} {b}");
        }
    }
}

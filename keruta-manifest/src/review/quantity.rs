//! Kubernetes quantities as exact numbers, for comparing requests with limits.

/// A quantity in billionths; what is larger than the type holds counts as the largest.
///
/// The grammar is that of `k8s.io/apimachinery/pkg/api/resource`: an optional sign, digits with an optional point,
/// and a binary (`Ki`), decimal (`m`, `k`) or exponent (`e3`) suffix.
pub(super) fn nanos(text: &str) -> Option<i128> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let end = rest.bytes().position(|byte| !(byte.is_ascii_digit() || byte == b'.')).unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let (factor, exponent) = suffix_of(suffix)?;
    let mut value: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        value = value.saturating_mul(10).saturating_add(i128::from(digit - b'0'));
    }
    value = value.saturating_mul(factor);
    let exponent = exponent + 9 - i32::try_from(fraction.len()).ok()?;
    let power = 10_i128.checked_pow(exponent.unsigned_abs()).unwrap_or(i128::MAX);
    // Kubernetes rounds up what is smaller than a billionth.
    let value =
        if exponent >= 0 { value.saturating_mul(power) } else { value / power + i128::from(value % power != 0) };
    Some(if negative { -value } else { value })
}

fn suffix_of(suffix: &str) -> Option<(i128, i32)> {
    Some(match suffix {
        "" => (1, 0),
        "n" => (1, -9),
        "u" => (1, -6),
        "m" => (1, -3),
        "k" => (1, 3),
        "M" => (1, 6),
        "G" => (1, 9),
        "T" => (1, 12),
        "P" => (1, 15),
        "E" => (1, 18),
        "Ki" => (1 << 10, 0),
        "Mi" => (1 << 20, 0),
        "Gi" => (1 << 30, 0),
        "Ti" => (1 << 40, 0),
        "Pi" => (1 << 50, 0),
        "Ei" => (1 << 60, 0),
        _ => {
            let digits = suffix.strip_prefix(['e', 'E'])?;
            let bare = digits.strip_prefix(['+', '-']).unwrap_or(digits);
            if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            (1, digits.parse::<i32>().ok().filter(|exponent| exponent.abs() < 1000)?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::nanos;

    #[test]
    fn reads() {
        const ONE: i128 = 1_000_000_000;
        for (text, value) in [
            ("0", 0),
            ("1", ONE),
            ("+1", ONE),
            ("-1", -ONE),
            ("500m", ONE / 2),
            (".5", ONE / 2),
            ("1.", ONE),
            ("1.5Gi", 3 * (1 << 29) * ONE),
            ("1Ki", 1024 * ONE),
            ("1k", 1000 * ONE),
            ("1e3", 1000 * ONE),
            ("1E-3", ONE / 1000),
            ("1n", 1),
            ("0.1n", 1),
        ] {
            assert_eq!(nanos(text), Some(value), "{text}");
        }
        assert_eq!(nanos("1024Mi"), nanos("1Gi"));
        assert!(nanos("99999999999999999999999999999999999999999E").is_some());
        for text in ["", "-", ".", "1..2", "1.2.3", "Gi", "1GB", "1gi", "1 Gi", "1e", "1e+", "one", "1ki", "1K"] {
            assert_eq!(nanos(text), None, "{text}");
        }
    }
}

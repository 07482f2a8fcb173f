//! Spans of time as people write them.

use std::time::Duration;

/// Reads `90`, `90s`, `1.5s`, `250ms`, `10m`, `1h30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "is no span of time; write for example 90s, 10m or 1h30m".to_owned();
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, behind) = rest.split_at(digits);
        let letters = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let seconds = match unit {
            "ms" => 0.001,
            "" | "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return Err(wrong()),
        };
        total += number.parse::<f64>().map_err(|_| wrong())? * seconds;
        // A number without a unit stands alone.
        if unit.is_empty() && !behind.is_empty() {
            return Err(wrong());
        }
        rest = behind;
    }
    Duration::try_from_secs_f64(total).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_as_people_write_them() {
        for (text, milliseconds) in
            [("90", 90_000), ("90s", 90_000), ("1.5s", 1500), ("250ms", 250), ("10m", 600_000), ("1h30m", 5_400_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", " ", "s", "5x", "-1", "1.2.3", "5 m", "1e9999", "9999999999999999999999d", "inf"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}

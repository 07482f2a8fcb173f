//! How grave a line is, read from what it says of itself.

use memchr::{memchr, memchr2, memmem};

use super::Level;

/// How much of a line is looked at; what comes later does not say how grave it is.
const HEAD: usize = 256;
/// How much of a JSON object is looked at.
const OBJECT: usize = 8192;
/// How many words a level may stand behind, after a time: `2026-11-21 10:00:00,123 - app.main - ERROR - …`.
const WORDS: usize = 6;

impl Level {
    /// Reads a line's level: from JSON (`"level":"warn"`, pino's and syslog's numbers), logfmt (`level=warn`), `[WARN]`, `WARN:`,
    /// `2026-11-21T10:00:00Z ERROR …`, klog's `E1121 …`. [`Level::Info`] where it says none. Colours are overlooked.
    ///
    /// ```
    /// use keruta_submitter::logs::Level;
    ///
    /// assert_eq!(Level::of_line(br#"{"level":40,"msg":"odd"}"#), Level::Warn);
    /// assert_eq!(Level::of_line(b"\x1b[31mERROR\x1b[0m: broken"), Level::Error);
    /// assert_eq!(Level::of_line(b"an error is mentioned"), Level::Info);
    /// ```
    #[must_use]
    pub fn of_line(line: &[u8]) -> Self {
        let line = line.trim_ascii_start();
        if line.first() == Some(&b'{') {
            return of_json(&line[..line.len().min(OBJECT)]).unwrap_or_default();
        }
        let head = &line[..line.len().min(HEAD)];
        let mut plain = [0; HEAD];
        let head = match memchr(0x1b, head) {
            Some(_) => without_colours(head, &mut plain).trim_ascii_start(),
            None => head,
        };
        of_klog(head).or_else(|| of_prefix(head)).or_else(|| of_logfmt(head)).unwrap_or_default()
    }

    fn of_word(word: &[u8]) -> Option<Self> {
        // The longest is "information".
        if word.len() < 3 || word.len() > 11 {
            return None;
        }
        let mut lower = [0; 11];
        let lower = &mut lower[..word.len()];
        lower.copy_from_slice(word);
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"trace" | b"trc" | b"trce" | b"debug" | b"dbg" | b"dbug" | b"verbose" | b"fine" | b"finer" | b"finest" => {
                Self::Debug
            }
            b"info" | b"inf" | b"information" | b"notice" => Self::Info,
            b"warn" | b"wrn" | b"warning" => Self::Warn,
            b"error" | b"err" | b"eror" | b"fail" | b"fatal" | b"ftl" | b"critical" | b"crit" | b"panic"
            | b"dpanic" | b"alert" | b"emerg" | b"emergency" | b"severe" => Self::Error,
            _ => return None,
        })
    }

    /// Pino and bunyan count from 10 upwards, syslog and GELF from 7 downwards.
    fn of_number(number: u64) -> Self {
        match number {
            0..=3 | 50.. => Self::Error,
            4 | 40..=49 => Self::Warn,
            5 | 6 | 30..=39 => Self::Info,
            7..=29 => Self::Debug,
        }
    }
}

/// Copies a line's head without its escape sequences.
fn without_colours<'a>(head: &[u8], plain: &'a mut [u8; HEAD]) -> &'a [u8] {
    let (mut from, mut to) = (0, 0);
    while from < head.len() {
        if head[from] == 0x1b && head.get(from + 1) == Some(&b'[') {
            // CSI: parameters, then one final byte from @ to ~.
            from += 2;
            while head.get(from).is_some_and(|byte| !(b'@'..=b'~').contains(byte)) {
                from += 1;
            }
        } else {
            plain[to] = head[from];
            to += 1;
        }
        from += 1;
    }
    &plain[..to]
}

/// `E1121 10:00:00.000000 …`
fn of_klog(head: &[u8]) -> Option<Level> {
    let level = match head.first()? {
        b'I' => Level::Info,
        b'W' => Level::Warn,
        b'E' | b'F' => Level::Error,
        _ => return None,
    };
    let rest = head.get(1..9)?;
    let shape = |(byte, form): (&u8, &u8)| if *form == b'd' { byte.is_ascii_digit() } else { byte == form };
    rest.iter().zip(b"dddd dd:").all(shape).then_some(level)
}

/// A word at the beginning, or behind a time.
fn of_prefix(head: &[u8]) -> Option<Level> {
    let mut rest = head;
    let mut timed = false;
    for number in 0..WORDS {
        rest = rest.trim_ascii_start();
        let end = rest.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'|')).unwrap_or(rest.len());
        let (token, behind) = rest.split_at(end);
        if token.is_empty() && behind.is_empty() {
            return None;
        }
        if let Some(level) = of_token(token, timed) {
            return Some(level);
        }
        if is_time(token) {
            timed = true;
        } else if !timed && number == 0 && token.first() != Some(&b'[') {
            // A line that begins with an ordinary word says nothing of its level by words.
            return None;
        }
        rest = behind.get(1..).unwrap_or_default();
    }
    None
}

/// `ERROR`, `error:`, `[error]`, `ERROR:root:…`, `[ERROR]:`; lower case only where it is marked or stands behind a time.
fn of_token(token: &[u8], timed: bool) -> Option<Level> {
    let (word, marked) = match token.split_first() {
        Some((b'[' | b'(' | b'<', rest)) => (&rest[..rest.iter().position(|b| b"])>".contains(b))?], true),
        _ => match memchr2(b':', b'[', token) {
            Some(colon) => (&token[..colon], true),
            None => (token, false),
        },
    };
    let level = Level::of_word(word.trim_ascii())?;
    (marked || timed || word.iter().all(u8::is_ascii_uppercase)).then_some(level)
}

fn is_time(token: &[u8]) -> bool {
    let token = token.strip_prefix(b"[").unwrap_or(token);
    token.len() >= 5
        && token[0].is_ascii_digit()
        && token.iter().all(|byte| byte.is_ascii_digit() || b"-:.,/TZ+]".contains(byte))
}

fn of_logfmt(head: &[u8]) -> Option<Level> {
    for key in [b"level=".as_slice(), b"lvl=", b"severity="] {
        for at in memmem::find_iter(head, key) {
            if at > 0 && !head[at - 1].is_ascii_whitespace() {
                continue;
            }
            let value = &head[at + key.len()..];
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            let end = value.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(value.len());
            if let Some(level) = of_value(&value[..end]) {
                return Some(level);
            }
        }
    }
    None
}

fn of_value(value: &[u8]) -> Option<Level> {
    if value.first()?.is_ascii_digit() {
        std::str::from_utf8(value).ok()?.parse().ok().map(Level::of_number)
    } else {
        Level::of_word(value)
    }
}

/// The level among the keys of the outermost object. What stands in strings and inner objects is passed over.
fn of_json(object: &[u8]) -> Option<Level> {
    let (mut at, mut depth) = (0, 0_usize);
    while at < object.len() {
        match object[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b'"' => {
                let end = string_end(object, at + 1)?;
                if depth == 1
                    && is_level_key(&object[at + 1..end])
                    && let Some(value) = object[end + 1..].trim_ascii_start().strip_prefix(b":")
                {
                    let value = value.trim_ascii_start();
                    let value = value.strip_prefix(b"\"").unwrap_or(value);
                    let end = value.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(value.len());
                    if let Some(level) = of_value(&value[..end]) {
                        return Some(level);
                    }
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The place of the quote that ends a string.
fn string_end(text: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let at = from + memchr2(b'"', b'\\', text.get(from..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        from = at + 2;
    }
}

fn is_level_key(key: &[u8]) -> bool {
    matches!(
        key,
        b"level" | b"Level" | b"lvl" | b"severity" | b"@l" | b"log.level" | b"levelname" | b"log_level" | b"loglevel"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_of_common_loggers() {
        use Level::{Debug, Error, Info, Warn};
        for (line, level) in [
            (r#"{"ts":1,"level":"warn","msg":"x"}"#, Warn),
            (r#"{"time":"…","severity":"ERROR","msg":"\"level\":\"debug\""}"#, Error),
            (r#"{"inner":{"level":"error"},"lvl":"debug"}"#, Debug),
            (r#"{"level":50,"msg":"pino"}"#, Error),
            (r#"{"level":30}"#, Info),
            (r#"{"level":4,"short_message":"gelf"}"#, Warn),
            (r#"{"@l":"Warning"}"#, Warn),
            (r#"{"msg":"level"}"#, Info),
            (r#"{"msg":"cut"#, Info),
            ("time=2026-11-21T10:00:00Z level=warning msg=\"[ERROR] x\"", Warn),
            ("ts=1 lvl=dbug msg=x", Debug),
            ("msg=x level=\"error\"", Error),
            ("sealevel=error rises", Info),
            ("[ERROR] x", Error),
            ("[2026-11-21 10:00:00] [warn] nginx", Warn),
            ("2026/11/21 10:00:00 [error] 1#1: nginx", Error),
            ("WARN: x", Warn),
            ("warning: unused variable", Warn),
            ("error[E0308]: mismatched types", Error),
            ("error: could not compile", Error),
            ("ERROR:root:python", Error),
            ("2026-11-21T10:00:00Z ERROR foo", Error),
            ("2026-11-21T10:00:00.123Z  WARN tracing::target: x", Warn),
            ("2026-11-21 10:00:00,123 - app.main - ERROR - python", Error),
            ("2026-11-21T10:00:00.000Z\tdebug\tzap", Debug),
            ("10:00:00.123 [main] WARN com.acme.Main -- logback", Warn),
            ("E1121 10:00:00.000000   1 klog.go:1] x", Error),
            ("I1121 10:00:00.000000   1 klog.go:1] ERROR", Info),
            ("\x1b[33mWARN\x1b[0m[0000] logrus on a terminal", Warn),
            ("\x1b[2m2026-11-21T10:00:00Z\x1b[0m \x1b[31mERROR\x1b[0m x", Error),
            ("fail: Microsoft.Hosting[0]", Error),
            ("FATAL out of cheese", Error),
            ("Error rates are low", Info),
            ("no error here", Info),
            ("an ERROR here", Info),
            ("", Info),
            ("   ", Info),
        ] {
            assert_eq!(Level::of_line(line.as_bytes()), level, "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(line in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..600),
            "[\\[{\"\\\\:=EWIFlevel \x1b0-9,}\\]]{0,80}".prop_map(String::into_bytes),
        ]) {
            let _ = Level::of_line(&line);
        }
    }
}

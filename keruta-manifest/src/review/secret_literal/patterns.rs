//! How secrets look, without regular expressions: one pass over a text that stops at the few places where one can begin.

/// Endings of variable names that hold secrets; also whole names without the underscore.
const ENDINGS: [&str; 17] = [
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "API_KEY",
    "APIKEY",
    "SECRET_KEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "ENCRYPTION_KEY",
    "SIGNING_KEY",
    "SSH_KEY",
    "CREDENTIALS",
    "CREDENTIAL",
    "PAT",
    "AUTH_KEY",
];

/// Whether a variable is named like a secret: `GITHUB_TOKEN`, `db-password`, `apiKey`.
pub(super) fn name_is_secret(name: &str) -> bool {
    let Some(last) = name.bytes().next_back().map(|byte| byte.to_ascii_uppercase()) else { return false };
    // Most names differ in their last letter.
    ENDINGS.iter().filter(|ending| ending.bytes().next_back() == Some(last)).any(|ending| {
        let Some(start) = name.len().checked_sub(ending.len()) else { return false };
        let tail = name.as_bytes().get(start..).unwrap_or_default();
        // From the back, where most names differ at once.
        let matches = tail.iter().rev().zip(ending.bytes().rev()).all(|(&byte, expected)| {
            byte.to_ascii_uppercase() == expected || (expected == b'_' && matches!(byte, b'-' | b'.'))
        });
        let bounded = start == 0
            || name.as_bytes().get(start - 1).is_some_and(|&before| matches!(before, b'_' | b'-' | b'.'))
            // `githubToken`: a new word in camel case.
            || (name.as_bytes().get(start).is_some_and(u8::is_ascii_uppercase)
                && name.as_bytes().get(start - 1).is_some_and(u8::is_ascii_lowercase));
        matches && bounded
    })
}

/// Whether a value cannot be a secret whatever its name: empty, a reference, a switch, a small number, a path.
pub(super) fn value_is_harmless(value: &str) -> bool {
    let value = value.trim();
    value.is_empty()
        || (value.starts_with("$(") && value.ends_with(')') && value.matches("$(").count() == 1)
        || ["true", "false", "yes", "no", "on", "off", "none", "null"]
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word))
        || (value.len() < 7 && value.bytes().all(|byte| byte.is_ascii_digit()))
        || (value.starts_with('/') && !value.contains(char::is_whitespace))
}

/// The first two bytes of every pattern.
const BEGINNINGS: [[u8; 2]; 17] = [
    *b"gh", *b"gi", *b"gl", *b"xo", *b"xa", *b"AK", *b"AS", *b"AI", *b"sk", *b"np", *b"py", *b"hf", *b"hv", *b"SG",
    *b"--", *b"ey", *b":/",
];

/// For each byte the beginnings that it is the first of, and those that it is the second of, as bits: a pair of
/// bytes begins a pattern if the two have a bit in common.
static PAIRS: [[u32; 256]; 2] = {
    let mut pairs = [[0; 256]; 2];
    let mut index = 0;
    while index < BEGINNINGS.len() {
        let [first, second] = BEGINNINGS[index];
        pairs[0][first as usize] |= 1 << index;
        pairs[1][second as usize] |= 1 << index;
        index += 1;
    }
    pairs
};

/// What kind of secret a text holds, by its form.
pub(super) fn recognise(text: &str) -> Option<&'static str> {
    let bytes = text.as_bytes();
    let [first, second] = &PAIRS;
    for (index, pair) in bytes.windows(2).enumerate() {
        if let &[one, two] = pair
            && first[usize::from(one)] & second[usize::from(two)] != 0
            && (one == b':'
                || !index
                    .checked_sub(1)
                    .and_then(|before| bytes.get(before))
                    .is_some_and(|&byte| is_word(byte) || byte == b'-'))
            && let Some(kind) = at(bytes, index)
        {
            return Some(kind);
        }
    }
    None
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn at(bytes: &[u8], index: usize) -> Option<&'static str> {
    let rest = bytes.get(index..)?;
    let after = |prefix: &str| rest.strip_prefix(prefix.as_bytes());
    let token = |prefix: &str, least: usize| after(prefix).is_some_and(|tail| run(tail, is_token) >= least);
    match rest.first()? {
        b'g' => {
            let github = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"].iter().any(|prefix| token(prefix, 20));
            if github || token("github_pat_", 20) {
                return Some("a GitHub token");
            }
            ["glpat-", "glptt-", "gldt-", "glrt-"].iter().any(|prefix| token(prefix, 16)).then_some("a GitLab token")
        }
        b'x' => ["xoxb-", "xoxa-", "xoxp-", "xoxr-", "xoxs-", "xapp-"]
            .iter()
            .any(|prefix| token(prefix, 10))
            .then_some("a Slack token"),
        b'A' => {
            let exact = |prefix: &str, length: usize| {
                after(prefix).is_some_and(|tail| {
                    run(tail, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) == length
                        && !tail.get(length).is_some_and(|&byte| is_word(byte))
                })
            };
            if exact("AKIA", 16) || exact("ASIA", 16) {
                return Some("an AWS access key");
            }
            token("AIza", 35).then_some("a Google API key")
        }
        b's' => {
            if token("sk_live_", 16) || token("sk_test_", 16) {
                return Some("a Stripe key");
            }
            // `sk-` alone begins words of prose, so that a key must be long and mixed.
            after("sk-").filter(|tail| is_random(tail, 20)).map(|_| "an API key (sk-…)")
        }
        b'n' => token("npm_", 36).then_some("an npm token"),
        b'p' => token("pypi-", 50).then_some("a PyPI token"),
        b'h' => {
            if token("hf_", 30) {
                return Some("a Hugging Face token");
            }
            token("hvs.", 20).then_some("a Vault token")
        }
        b'S' => (token("SG.", 40)).then_some("a SendGrid key"),
        b'-' => private_key(rest).then_some("a private key"),
        b'e' => is_jwt(rest).then_some("a JSON web token"),
        b':' => has_password(rest).then_some("a URL with a password"),
        _ => None,
    }
}

fn run(bytes: &[u8], is: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|&&byte| is(byte)).count()
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// A run of at least `least` token characters with letters and digits.
fn is_random(bytes: &[u8], least: usize) -> bool {
    let length = run(bytes, is_token);
    let text = bytes.get(..length).unwrap_or_default();
    length >= least && text.iter().any(u8::is_ascii_digit) && text.iter().any(u8::is_ascii_alphabetic)
}

/// `-----BEGIN … PRIVATE KEY-----`.
fn private_key(bytes: &[u8]) -> bool {
    let Some(tail) = bytes.strip_prefix(b"-----BEGIN ") else { return false };
    let label = tail.get(..run(tail, |byte| byte.is_ascii_uppercase() || byte == b' ')).unwrap_or_default();
    label.ends_with(b"PRIVATE KEY") && tail.get(label.len()..).is_some_and(|end| end.starts_with(b"-----"))
}

/// Three base64url parts, the first two of which begin like a JSON object.
fn is_jwt(bytes: &[u8]) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let Some(header) = bytes.strip_prefix(b"eyJ") else { return false };
    let length = run(header, part);
    let Some(claims) = header.get(length..).and_then(|tail| tail.strip_prefix(b".eyJ")) else { return false };
    let claims_length = run(claims, part);
    let Some(signature) = claims.get(claims_length..).and_then(|tail| tail.strip_prefix(b".")) else { return false };
    length >= 8 && claims_length >= 8 && run(signature, part) >= 16
}

/// `://user:password@`, where the password is not a reference to something else.
fn has_password(bytes: &[u8]) -> bool {
    let Some(tail) = bytes.strip_prefix(b"://") else { return false };
    let end = run(tail, |byte| !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>') && byte > b' ');
    let authority = tail.get(..end).unwrap_or_default();
    let Some(at) = authority.iter().rposition(|&byte| byte == b'@') else { return false };
    let userinfo = authority.get(..at).unwrap_or_default();
    let Some(colon) = userinfo.iter().position(|&byte| byte == b':') else { return false };
    let password = userinfo.get(colon + 1..).unwrap_or_default();
    !password.is_empty()
        && !password.starts_with(b"$")
        && !password.iter().all(|&byte| matches!(byte, b'*' | b'x' | b'.'))
}

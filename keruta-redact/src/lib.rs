//! Secrets out of what is kept: of a line, or of one that comes in pieces.

mod forms;

use std::fmt;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use bytes::{Bytes, BytesMut};

use forms::forms;

/// What stands for a secret.
const MASK: &[u8] = b"***";

/// Up to so many bytes of secrets in all their forms the search uses its fastest table, of some hundred bytes for each.
const DFA: usize = 16 << 10;

/// Replaces known secrets by `***`, as GitHub Actions does.
///
/// A secret is looked for as it is, each line of a multi-line one by itself, in base64 (both alphabets, also where it stands
/// in the middle of what was encoded, as in `Authorization: Basic`), percent-encoded, and as JSON escapes it. A value or a
/// line of one with fewer than [`Redactor::SHORTEST`] bytes is not looked for: it would blot out ordinary words. A secret
/// that itself holds `***` may be formed anew by a mask and the text beside it.
///
/// ```
/// use keruta_redact::Redactor;
///
/// let redactor = Redactor::new(["s3cret-token"]).unwrap();
/// assert_eq!(redactor.redact("got s3cret-token!".into()), "got ***!");
/// assert_eq!(redactor.redact("got czNjcmV0LXRva2Vu".into()), "got ***");
/// ```
#[derive(Clone, Default)]
pub struct Redactor {
    patterns: Vec<Vec<u8>>,
    automaton: Option<AhoCorasick>,
    longest: usize,
    ignored: usize,
}

impl Redactor {
    /// The shortest value in bytes that is looked for.
    pub const SHORTEST: usize = 4;

    /// A redactor for these values.
    ///
    /// # Errors
    ///
    /// Where they are too many or too long for one search: billions of bytes.
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, RedactError> {
        Self::default().with(secrets)
    }

    /// The same, and these values too.
    ///
    /// # Errors
    ///
    /// As for [`Redactor::new`].
    pub fn with<S: AsRef<[u8]>>(&self, secrets: impl IntoIterator<Item = S>) -> Result<Self, RedactError> {
        let (mut patterns, mut ignored) = (self.patterns.clone(), self.ignored);
        for secret in secrets {
            ignored += usize::from(!forms(secret.as_ref(), &mut patterns));
        }
        patterns.sort_unstable();
        patterns.dedup();
        if patterns.is_empty() {
            return Ok(Self { ignored, ..Self::default() });
        }
        let longest = patterns.iter().map(Vec::len).max().unwrap_or_default();
        let mut builder = AhoCorasick::builder();
        builder.match_kind(MatchKind::LeftmostLongest);
        if patterns.iter().map(Vec::len).sum::<usize>() <= DFA {
            builder.kind(Some(AhoCorasickKind::DFA));
        }
        let automaton = builder.build(&patterns).map_err(RedactError)?;
        Ok(Self { patterns, automaton: Some(automaton), longest, ignored })
    }

    /// Whether it looks for nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.automaton.is_none()
    }

    /// How many of the values were too short to be looked for.
    #[must_use]
    pub const fn ignored(&self) -> usize {
        self.ignored
    }

    /// A whole line without its secrets. Costs no copy where there is none.
    #[must_use]
    pub fn redact(&self, line: Bytes) -> Bytes {
        let Some(automaton) = &self.automaton else { return line };
        let mut matches = automaton.find_iter(&line).peekable();
        if matches.peek().is_none() {
            drop(matches);
            return line;
        }
        let mut out = BytesMut::with_capacity(line.len());
        let mut done = 0;
        for found in matches {
            out.extend_from_slice(&line[done..found.start()]);
            out.extend_from_slice(MASK);
            done = found.end();
        }
        out.extend_from_slice(&line[done..]);
        out.freeze()
    }
}

impl fmt::Debug for Redactor {
    /// Without the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("patterns", &self.patterns.len()).finish_non_exhaustive()
    }
}

/// Redacts a line that comes in pieces. The end of a piece is held back as long as a secret may begin in it.
#[derive(Default)]
pub struct PieceRedactor {
    held: BytesMut,
    consumed: u64,
}

impl PieceRedactor {
    /// Goes on behind so many bytes of a line, where [`Self::consumed`] once stood.
    #[must_use]
    pub fn from(consumed: u64) -> Self {
        Self { held: BytesMut::new(), consumed }
    }

    /// How many bytes of the line are in what was given out: no secret lies across this border.
    #[must_use]
    pub const fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Takes the next piece and gives what is certain.
    #[must_use]
    pub fn push(&mut self, redactor: &Redactor, piece: &[u8]) -> Bytes {
        self.held.extend_from_slice(piece);
        // A match that begins before this place can be no longer than what is here.
        let certain = (self.held.len() + 1).saturating_sub(redactor.longest.max(1));
        self.give(redactor, certain)
    }

    /// The end of the line.
    #[must_use]
    pub fn finish(mut self, redactor: &Redactor) -> Bytes {
        let all = self.held.len();
        self.give(redactor, all)
    }

    fn give(&mut self, redactor: &Redactor, certain: usize) -> Bytes {
        let mut out = BytesMut::new();
        let mut done = 0;
        if let Some(automaton) = &redactor.automaton {
            for found in automaton.find_iter(&self.held).take_while(|found| found.start() < certain) {
                out.extend_from_slice(&self.held[done..found.start()]);
                out.extend_from_slice(MASK);
                done = found.end();
            }
        }
        let end = certain.max(done);
        out.extend_from_slice(&self.held[done..end]);
        let _ = self.held.split_to(end);
        self.consumed += end as u64;
        out.freeze()
    }
}

impl fmt::Debug for PieceRedactor {
    /// Without what is held back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PieceRedactor").field("held", &self.held.len()).field("consumed", &self.consumed).finish()
    }
}

/// Secrets that one search cannot hold.
#[derive(Debug, thiserror::Error)]
#[error("the secrets are too many or too long to be looked for")]
pub struct RedactError(#[source] aho_corasick::BuildError);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redact(secrets: &[&str], line: &str) -> String {
        let redactor = Redactor::new(secrets).unwrap();
        String::from_utf8(redactor.redact(line.to_owned().into()).into()).unwrap()
    }

    #[test]
    fn the_longest_secret_is_taken() {
        assert_eq!(redact(&["pass", "password1"], "a password1 b pass c"), "a *** b *** c");
    }

    #[test]
    fn each_line_of_a_key_is_a_secret() {
        let key = "-----BEGIN KEY-----\r\nAAAABBBB\nabc\nCCCCDDDD\n";
        assert_eq!(redact(&[key], "x AAAABBBB abc CCCCDDDD"), "x *** abc ***");
    }

    #[test]
    fn short_values_are_not_looked_for_and_counted() {
        let redactor = Redactor::new(["abc", "", "abcd"]).unwrap();
        assert_eq!(redactor.ignored(), 2);
        assert_eq!(redactor.redact("abc abcd".into()), "abc ***");
    }

    #[test]
    fn values_are_added_to_those_before() {
        let redactor = Redactor::new(["first", "abc"]).unwrap().with(["second", "x"]).unwrap();
        assert_eq!(redactor.redact("first second third".into()), "*** *** third");
        assert_eq!(redactor.ignored(), 2);
    }

    #[test]
    fn no_secret_shows_in_debug_output() {
        let redactor = Redactor::new(["s3cret"]).unwrap();
        let mut pieces = PieceRedactor::default();
        assert_eq!(pieces.push(&redactor, b"s3cr"), "");
        let shown = format!("{redactor:?} {pieces:?}");
        assert!(!shown.contains("s3cr") && shown.contains("patterns"), "{shown}");
    }

    #[test]
    fn a_line_without_secrets_is_not_copied() {
        let line = Bytes::from(vec![b'x'; 100]);
        let redacted = Redactor::new(["s3cret"]).unwrap().redact(line.clone());
        assert_eq!(redacted.as_ptr(), line.as_ptr());
    }

    proptest! {
        #[test]
        fn no_secret_is_in_the_output_whatever_the_pieces(
            secrets in proptest::collection::vec("[ab]{4,9}", 1..4),
            line in proptest::collection::vec("[abc]{0,12}", 0..12),
            cuts in proptest::collection::vec(0usize..150, 0..8),
            stop in 0usize..9,
        ) {
            let line = line.concat();
            let redactor = Redactor::new(&secrets).unwrap();
            let whole = redactor.redact(line.clone().into());
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(line.len())).collect();
            cuts.extend([0, line.len()]);
            cuts.sort_unstable();
            let mut pieces = PieceRedactor::default();
            let mut out = BytesMut::new();
            for (number, cut) in cuts.windows(2).enumerate() {
                if number == stop {
                    // As after a restart: what was held back is read again.
                    let consumed = pieces.consumed();
                    pieces = PieceRedactor::from(consumed);
                    let from = usize::try_from(consumed).unwrap();
                    out.extend(pieces.push(&redactor, &line.as_bytes()[from..cut[0]]));
                }
                out.extend(pieces.push(&redactor, &line.as_bytes()[cut[0]..cut[1]]));
            }
            out.extend(pieces.finish(&redactor));
            prop_assert_eq!(&out[..], &whole[..]);
            for secret in &secrets {
                prop_assert!(memchr::memmem::find(&out, secret.as_bytes()).is_none());
            }
        }
    }
}

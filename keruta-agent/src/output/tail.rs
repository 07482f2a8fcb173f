//! The last bytes of an output.

/// Keeps the last bytes that it was given, at least as many as it was made for.
#[derive(Debug)]
pub(crate) struct Tail {
    kept: Vec<u8>,
    most: usize,
    /// Whether something came before what is kept.
    cut: bool,
}

impl Tail {
    pub(crate) fn new(most: usize) -> Self {
        Self { kept: Vec::with_capacity(2 * most), most, cut: false }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.cut |= bytes.len() > self.most;
        let bytes = bytes.get(bytes.len().saturating_sub(self.most)..).unwrap_or_default();
        if self.kept.len() + bytes.len() > 2 * self.most {
            // What is moved is moved once for every `most` bytes.
            let superfluous = (self.kept.len() + bytes.len()).saturating_sub(self.most).min(self.kept.len());
            self.kept.drain(..superfluous);
            self.cut = true;
        }
        self.kept.extend_from_slice(bytes);
    }

    /// The last bytes as a text, from the beginning of a line where there is one.
    pub(crate) fn text(&self) -> String {
        let from = self.kept.len().saturating_sub(self.most);
        let mut last = self.kept.get(from..).unwrap_or_default();
        if (self.cut || from > 0)
            && let Some(feed) = memchr::memchr(b'\n', last).filter(|feed| feed + 1 < last.len())
        {
            last = last.get(feed + 1..).unwrap_or_default();
        }
        String::from_utf8_lossy(last).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_whatever_the_pieces() {
        for piece in [1, 3, 7, 100, 5000] {
            let mut tail = Tail::new(100);
            let text = (0..500).map(|number| format!("line {number}\n")).collect::<Vec<_>>().concat();
            for bytes in text.as_bytes().chunks(piece) {
                tail.push(bytes);
            }
            let kept = tail.text();
            assert!(kept.starts_with("line ") && kept.ends_with("line 499"), "{piece}: {kept}");
            assert!(kept.len() > 80 && kept.len() <= 100, "{piece}: {}", kept.len());
        }
    }

    #[test]
    fn little_is_kept_whole() {
        let mut tail = Tail::new(100);
        tail.push(b"a\nb \xff\n");
        assert_eq!(tail.text(), "a\nb \u{fffd}");
    }
}

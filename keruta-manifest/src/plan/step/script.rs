//! The shell scripts of the steps, as a manifest shows them.
//!
//! The files of `scripts/` are written to be read, a manifest is read by many: comments below the head are left
//! out, and so is what stands between `#[name` and `#]name` where the task does not ask for it.

use std::sync::OnceLock;

/// A script, cut into its sections once.
pub(in crate::plan) struct Script {
    source: &'static str,
    pieces: OnceLock<Vec<Piece>>,
}

/// Lines that belong to a section, or to every form of the script.
struct Piece {
    section: Option<&'static str>,
    lines: String,
}

impl Script {
    pub(in crate::plan) const fn new(source: &'static str) -> Self {
        Self { source, pieces: OnceLock::new() }
    }

    /// The script with the sections that are wanted.
    pub(in crate::plan) fn with(&self, sections: &[&str]) -> String {
        let mut text = String::with_capacity(self.source.len());
        for piece in self.pieces() {
            if piece.section.is_none_or(|section| sections.contains(&section)) {
                text.push_str(&piece.lines);
            }
        }
        text
    }

    fn pieces(&self) -> &[Piece] {
        self.pieces.get_or_init(|| pieces(self.source))
    }

    /// The names of all sections.
    #[cfg(test)]
    pub(in crate::plan) fn sections(&self) -> Vec<&'static str> {
        self.pieces().iter().filter_map(|piece| piece.section).collect()
    }
}

/// Cuts a script at the marks of its sections and drops the comments below its head.
fn pieces(source: &'static str) -> Vec<Piece> {
    let mut pieces = vec![Piece { section: None, lines: String::new() }];
    let mut in_head = true;
    for line in source.lines() {
        let mark = line.trim_start();
        in_head &= mark.starts_with('#');
        let section = match mark.strip_prefix("#[") {
            Some(name) => Some(Some(name)),
            None => mark.strip_prefix("#]").map(|_| None),
        };
        if let Some(section) = section {
            pieces.push(Piece { section, lines: String::new() });
        } else if (in_head || !(mark.starts_with('#') || mark.is_empty()))
            && let Some(piece) = pieces.last_mut()
        {
            piece.lines.push_str(line);
            piece.lines.push('\n');
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_sections_stay_where_they_are_wanted() {
        const SOURCE: &str = "# head\nset -eu\n\n# why\n#[a\necho a\n#]a\nif x; then\n  #[b\n  echo '# b'\n  #]b\nfi\n";
        let script = Script::new(SOURCE);
        assert_eq!(script.sections(), ["a", "b"]);
        assert_eq!(script.with(&[]), "# head\nset -eu\nif x; then\nfi\n");
        assert_eq!(script.with(&["b"]), "# head\nset -eu\nif x; then\n  echo '# b'\nfi\n");
    }
}

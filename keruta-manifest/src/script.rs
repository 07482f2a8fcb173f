//! The shell scripts of keruta's own steps, as a manifest shows them.
//!
//! The files of `plan/step/scripts/` are written to be read, a manifest is read by many: comments below the head are
//! left out, and so is what stands between `#[name` and `#]name` where the task does not ask for it.
//!
//! Most of the bytes of a manifest are these scripts, and they never change. So each form is made once, and whoever
//! reads finished objects asks [`known`] before reading one of them letter by letter again.

use std::sync::OnceLock;

use sha2::{Digest, Sha256};

pub(crate) static CALL_HTTP: Script = Script::new(include_str!("plan/step/scripts/call-http.sh"));
pub(crate) static GIT_CLONE: Script = Script::new(include_str!("plan/step/scripts/git-clone.sh"));
pub(crate) static SETUP: Script = Script::new(include_str!("plan/step/scripts/setup.sh"));
pub(crate) static SLEEP: Script = Script::new(include_str!("plan/step/scripts/sleep.sh"));
pub(crate) static WAIT_HTTP: Script = Script::new(include_str!("plan/step/scripts/wait-http.sh"));
pub(crate) static WAIT_SERVICE: Script = Script::new(include_str!("plan/step/scripts/wait-service.sh"));
pub(crate) static WAIT_TCP: Script = Script::new(include_str!("plan/step/scripts/wait-tcp.sh"));
pub(crate) static WRITE_FILE: Script = Script::new(include_str!("plan/step/scripts/write-file.sh"));

static ALL: [&Script; 8] = [&GIT_CLONE, &SETUP, &SLEEP, &WAIT_TCP, &WAIT_SERVICE, &WAIT_HTTP, &CALL_HTTP, &WRITE_FILE];

/// How many sections a script may have.
const SECTIONS: usize = 6;
/// The least length of a form: whatever is shorter is none, which spares most texts the comparison.
const SHORTEST: usize = 128;

/// A script, cut into its sections once.
pub(crate) struct Script {
    source: &'static str,
    parts: OnceLock<Parts>,
    /// One for each set of sections, its bits the sections in their order.
    forms: [OnceLock<Form>; 1 << SECTIONS],
}

/// A script cut at the marks of its sections.
struct Parts {
    pieces: Vec<Piece>,
    /// The names of all sections.
    sections: Vec<&'static str>,
}

/// Lines that belong to a section, or to every form of the script.
struct Piece {
    section: Option<&'static str>,
    lines: String,
}

/// A script with some of its sections.
pub(crate) struct Form {
    text: String,
    /// SHA-256 of the text.
    pub(crate) digest: [u8; 32],
    /// The text as a page shows it, with the column that its lines begin in.
    on_page: OnceLock<(usize, String)>,
}

/// The form of an own script that a text is. Nothing hangs on it but time: a form that no task has asked for yet
/// is not found, and is then read like any other text.
pub(crate) fn known(text: &str) -> Option<&'static Form> {
    if text.len() < SHORTEST || !text.starts_with("# ") {
        return None;
    }
    ALL.iter().flat_map(|script| &script.forms).filter_map(OnceLock::get).find(|form| form.text == text)
}

impl Script {
    const fn new(source: &'static str) -> Self {
        Self { source, parts: OnceLock::new(), forms: [const { OnceLock::new() }; 1 << SECTIONS] }
    }

    /// The script with the sections that are wanted.
    pub(crate) fn with(&self, wanted: &[&str]) -> String {
        let set = self.sections().iter().rev().fold(0, |set, section| set << 1 | usize::from(wanted.contains(section)));
        match self.forms.get(set) {
            Some(form) => form.get_or_init(|| Form::new(self.text(wanted))).text.clone(),
            // Only a script of more sections than there is room for, which a test rules out.
            None => self.text(wanted),
        }
    }

    fn text(&self, wanted: &[&str]) -> String {
        let is_wanted = |piece: &&Piece| piece.section.is_none_or(|section| wanted.contains(&section));
        self.parts().pieces.iter().filter(is_wanted).map(|piece| piece.lines.as_str()).collect()
    }

    fn sections(&self) -> &[&'static str] {
        &self.parts().sections
    }

    fn parts(&self) -> &Parts {
        self.parts.get_or_init(|| Parts::new(self.source))
    }
}

impl Parts {
    fn new(source: &'static str) -> Self {
        let pieces = pieces(source);
        let mut sections: Vec<&'static str> = Vec::new();
        for section in pieces.iter().filter_map(|piece| piece.section) {
            if !sections.contains(&section) {
                sections.push(section);
            }
        }
        Self { pieces, sections }
    }
}

impl Form {
    fn new(text: String) -> Self {
        let digest = Sha256::digest(text.as_bytes()).into();
        Self { text, digest, on_page: OnceLock::new() }
    }

    /// The text as `write` puts it on a page, with its lines in the column `indent`. It is written once: the same step stands
    /// in the same column of every manifest. `None` for another column than the first that was asked for.
    pub(crate) fn on_page(&self, indent: usize, write: impl FnOnce(&mut String)) -> Option<&str> {
        let (column, page) = self.on_page.get_or_init(|| {
            let mut page = String::new();
            write(&mut page);
            (indent, page)
        });
        (*column == indent).then_some(page.as_str())
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

/// Every form of every script.
#[cfg(test)]
pub(crate) fn every_form() -> Vec<String> {
    tests::forms().map(|(script, wanted)| script.with(&wanted)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::expand;

    /// Every form of every script, by its sections.
    pub(super) fn forms() -> impl Iterator<Item = (&'static Script, Vec<&'static str>)> {
        ALL.iter().flat_map(|script| {
            let sections = script.sections();
            (0..1_usize << sections.len()).map(move |set| {
                let wanted = sections.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1);
                (*script, wanted.map(|(_, section)| *section).collect())
            })
        })
    }

    #[test]
    fn comments_go_and_sections_stay_where_they_are_wanted() {
        const SOURCE: &str = "# head\nset -eu\n\n# why\n#[a\necho a\n#]a\nif x; then\n  #[b\n  echo '# b'\n  #]b\n  #[a\n  echo a\n  #]a\nfi\n";
        let script = Script::new(SOURCE);
        assert_eq!(script.sections(), ["a", "b"]);
        assert_eq!(script.with(&[]), "# head\nset -eu\nif x; then\nfi\n");
        assert_eq!(script.with(&["b"]), "# head\nset -eu\nif x; then\n  echo '# b'\nfi\n");
        assert_eq!(script.with(&["b", "a"]), script.with(&["a", "b"]));
        assert_ne!(script.with(&["a"]), script.with(&["b"]));
    }

    #[test]
    fn every_form_is_known_and_a_changed_one_is_not() {
        for (script, wanted) in forms() {
            let text = script.with(&wanted);
            assert_eq!(text, script.text(&wanted));
            let form = known(&text).unwrap();
            assert_eq!(form.digest, <[u8; 32]>::from(Sha256::digest(text.as_bytes())), "{wanted:?}");
            assert!(known(&format!("{text}\n")).is_none() && known(&text[..text.len() - 1]).is_none());
        }
        assert!(known("").is_none() && known(&"# ".repeat(400)).is_none());
    }

    #[test]
    fn a_form_is_put_on_the_page_once_for_its_column() {
        let form = Form::new("# head\n".to_owned());
        assert_eq!(form.on_page(4, |page| page.push_str("    # head\n")), Some("    # head\n"));
        assert_eq!(form.on_page(4, |_| unreachable!("it was written before")), Some("    # head\n"));
        assert_eq!(form.on_page(6, |_| unreachable!("there is room for one column")), None);
    }

    #[test]
    fn there_is_room_for_the_forms_of_every_script() {
        assert!(ALL.iter().all(|script| script.sections().len() <= SECTIONS));
    }

    #[test]
    fn kubernetes_expansion_leaves_every_form_alone() {
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        for (script, wanted) in forms() {
            let text = script.with(&wanted);
            assert_eq!(expand(&text, |name| is_name(name).then(|| "EXPANDED".to_owned())), text);
        }
    }
}

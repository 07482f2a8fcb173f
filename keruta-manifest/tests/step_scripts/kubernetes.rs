//! Kubernetes expands `$(NAME)` and folds `$$` in `command` before a container sees it: the scripts are
//! written so that this changes nothing. keruta may also leave out the lines that are comments.

use crate::sandbox::{ALL, GIT_CLONE, run, with_shells};

/// `expansion.Expand` of Kubernetes (its `third_party/forked/golang/expansion`), with every variable set whose
/// name an environment can plainly have. Returns the text and the names found between parentheses.
fn expand(text: &str) -> (String, Vec<String>) {
    let (mut out, mut names, mut rest) = (String::new(), Vec::new(), text);
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.chars().next() {
            Some('$') => {
                out.push('$');
                rest = &rest[1..];
            }
            Some('(') => {
                if let Some(end) = rest.find(')') {
                    let name = &rest[1..end];
                    names.push(name.to_owned());
                    out.push_str(if plain(name) { "EXPANDED" } else { "$" });
                    out.push_str(if plain(name) { "" } else { &rest[..=end] });
                    rest = &rest[end + 1..];
                } else {
                    out.push_str("$(");
                    rest = &rest[1..];
                }
            }
            _ => out.push('$'),
        }
    }
    out.push_str(rest);
    (out, names)
}

fn plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._".contains(letter))
}

fn without_comments(script: &str) -> String {
    script
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn the_rule_is_the_one_of_kubernetes() {
    assert_eq!(expand("a $(B) $$(B) $(c d) $x $").0, "a EXPANDED $(B) $(c d) $x $");
    assert_eq!(expand("$$ $(").0, "$ $(");
}

#[test]
fn kubernetes_leaves_every_script_as_it_is() {
    for (name, script) in ALL {
        let (expanded, found) = expand(script);
        assert_eq!(expanded, script, "{name}");
        assert!(!script.contains("$$"), "{name}");
        // Newer clusters allow more letters in a name; none allows a program to be called there by chance.
        assert!(found.iter().all(|inner| inner.contains([' ', '(', '/'])), "{name}: {found:?}");
    }
}

#[test]
fn every_script_is_valid_for_both_shells_with_and_without_comments() {
    with_shells(|sandbox| {
        for (name, script) in ALL {
            assert!(script.ends_with('\n') && !script.contains('\r'), "{name}");
            for text in [script.to_owned(), without_comments(script)] {
                run(&mut sandbox.script(&format!("if false; then\n{text}\nfi"), name)).succeeds();
            }
        }
    });
}

/// The text without the sections of these names.
fn without_sections(script: &str, names: &[&str]) -> String {
    let mut text = String::new();
    let mut skipping = false;
    for line in script.lines() {
        let mark = line.trim_start();
        if names.iter().any(|name| mark == format!("#[{name}")) {
            skipping = true;
        }
        if !skipping {
            text = text + line + "\n";
        }
        if names.iter().any(|name| mark == format!("#]{name}")) {
            skipping = false;
        }
    }
    assert!(!skipping);
    text
}

#[test]
fn the_clone_works_without_its_comments_and_optional_sections() {
    with_shells(|sandbox| {
        let sections = ["lfs", "http", "ssh", "sparse", "submodules"];
        sandbox.remote();
        for left_out in sections.iter().map(std::slice::from_ref).chain([&sections[..]]) {
            let script = without_comments(&without_sections(GIT_CLONE, left_out));
            assert!(script.len() < without_comments(GIT_CLONE).len(), "{left_out:?}");
            for _ in 0..2 {
                run(sandbox
                    .script(&script, "git-clone")
                    .args(["--ref", "main", "--", &sandbox.url()])
                    .arg(sandbox.path("work")))
                .succeeds();
            }
            sandbox.is_whole(&sandbox.git("desk", &["rev-parse", "main"]));
            std::fs::remove_dir_all(sandbox.path("work")).unwrap();
            std::fs::create_dir(sandbox.path("work")).unwrap();
        }
        let least = without_comments(&without_sections(GIT_CLONE, &sections));
        eprintln!("{} bytes, at least {}", without_comments(GIT_CLONE).len(), least.len());
    });
}

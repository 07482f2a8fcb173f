//! `man`: the pages are ones that `man` reads without complaint.

use std::process::Command;

use super::world::World;

const PAGES: [&str; 10] = [
    "keruta-manifest-completion.1",
    "keruta-manifest-diff.1",
    "keruta-manifest-explain.1",
    "keruta-manifest-install.1",
    "keruta-manifest-man.1",
    "keruta-manifest-render.1",
    "keruta-manifest-schema.1",
    "keruta-manifest-validate.1",
    "keruta-manifest-version.1",
    "keruta-manifest.1",
];

#[test]
fn every_command_has_a_page() {
    let world = World::new();
    let run = world.run(&["man", "--output-dir", "man1"]);
    assert_eq!(run, super::world::Run { code: 0, stdout: String::new(), stderr: String::new() });
    assert_eq!(world.list("man1"), PAGES);
    assert_eq!(world.run(&["man"]).stdout, world.read("man1/keruta-manifest.1"));
    for name in PAGES {
        let page = world.read(&format!("man1/{name}"));
        for part in [".TH ", ".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"] {
            assert!(page.contains(part), "{name} has no {part}");
        }
        // A line that begins with a quote or an unknown dot would be taken for a command and lost.
        for line in page.lines().filter(|line| line.starts_with(['.', '\''])) {
            let known = [".TH", ".SH", ".SS", ".TP", ".RS", ".RE", ".br", ".PP", ".ie", ".el", ".nf", ".fi", ".IP"];
            assert!(known.iter().any(|request| line.starts_with(request)), "{name}: {line}");
        }
    }
    let render = world.read("man1/keruta-manifest-render.1");
    for word in ["keruta\\-manifest\\-render", "\\-\\-kubernetes\\-version", "\\-\\-keep\\-going", "Examples:"] {
        assert!(render.contains(word), "{word}");
    }
}

#[test]
fn man_finds_no_fault() {
    let world = World::new();
    assert_eq!(world.run(&["man", "--output-dir", "man1"]).code, 0);
    for name in PAGES {
        let page = world.path(&format!("man1/{name}"));
        // Only where man is installed, and is no placeholder of a minimized system.
        let shown = Command::new("man").env("MANWIDTH", "100").args(["--warnings", "-l"]).arg(&page).output();
        let Ok(shown) = shown else { return };
        if shown.status.success() && String::from_utf8_lossy(&shown.stdout).contains("SYNOPSIS") {
            assert_eq!(String::from_utf8_lossy(&shown.stderr), "", "{name}");
        }
        if let Ok(lint) = Command::new("mandoc").args(["-T", "lint", "-W", "error"]).arg(&page).output() {
            assert!(lint.status.success(), "{name}: {}", String::from_utf8_lossy(&lint.stdout));
        }
    }
}

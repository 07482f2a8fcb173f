//! `completion`, `man`, `version` and the help.

use std::io::Write;
use std::process::{Command, Stdio};

use super::world::World;

const COMMANDS: [&str; 11] =
    ["cancel", "cleanup", "completion", "doctor", "follow", "logs", "man", "retry", "status", "submit", "version"];

#[test]
fn every_command_has_a_page() {
    let world = World::new();
    let run = world.run(&["man", "--output-dir", "man1"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
    for command in COMMANDS {
        let page = world.read(&format!("man1/keruta-submitter-{command}.1"));
        for part in [".TH ", ".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"] {
            assert!(page.contains(part), "{command} has no {part}");
        }
    }
    assert_eq!(world.run(&["man"]).stdout, world.read("man1/keruta-submitter.1"));
}

#[test]
fn every_shell_gets_its_script() {
    let world = World::new();
    for (shell, args) in [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["--no-execute"])] {
        let script = world.run(&["completion", shell]).stdout;
        for word in ["submit", "max-in-flight", "ndjson", "doctor"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
        // Only where the shell is installed.
        let Ok(mut child) = Command::new(shell).args(args).stdin(Stdio::piped()).stdout(Stdio::null()).spawn() else {
            continue;
        };
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{shell}");
    }
    let script = world.run(&["completion", "bash"]).stdout;
    let function = script.split("()").next().unwrap();
    let ask = format!(
        "{script}\nCOMP_WORDS=(keruta-submitter submit --output nd); COMP_CWORD=3; \
         {function} keruta-submitter nd --output; echo \"${{COMPREPLY[@]}}\""
    );
    if let Ok(output) = Command::new("bash").args(["--norc", "-c", &ask]).output() {
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "ndjson");
    }
}

#[test]
fn help_teaches() {
    let world = World::new();
    let top = world.run(&["--help"]);
    assert_eq!((top.code, top.stderr.as_str()), (0, ""));
    assert!(top.stdout.contains("Exit codes:") && top.stdout.contains("130  detached"), "{}", top.stdout);
    for command in COMMANDS.iter().filter(|command| **command != "version") {
        let help = world.run(&[command, "--help"]);
        assert!(help.stdout.contains("Examples:\n  "), "{command}");
    }
    assert!(world.run(&["version", "-o", "json"]).stdout.contains("\"supported\""));
}

/// The table of traps (`tests/README.md`).
#[test]
fn what_holds_a_trap_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(root.join("tests/README.md")).unwrap();
    let named: Vec<_> = table.split('`').filter_map(|name| name.split_once(".rs::")).collect();
    assert!(named.len() > 30, "{named:?}");
    for (file, test) in named {
        let folder = if file.starts_with("src/") { "" } else { "tests/" };
        let source = std::fs::read_to_string(root.join(format!("{folder}{file}.rs"))).unwrap_or_default();
        assert!(source.contains(&format!("fn {test}(")), "{file}.rs has no test {test}");
    }
}

//! `completion`: the scripts are ones that their shells take.

use std::io::Write;
use std::process::{Command, Stdio};

use super::world::World;

/// Whether a shell finds no fault in a script; nothing where the shell is not installed.
fn taken_by(shell: &str, args: &[&str], script: &str) -> Option<bool> {
    let mut child = Command::new(shell)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    Some(child.wait().unwrap().success())
}

#[test]
fn every_shell_gets_its_script() {
    let world = World::new();
    for (shell, args) in [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["--no-execute"])] {
        let run = world.run(&["completion", shell]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{shell}");
        for word in ["render", "validate", "explain", "diff", "kubernetes-version", "network-policy", "restricted"] {
            assert!(run.stdout.contains(word), "{shell} does not know {word}");
        }
        assert_ne!(taken_by(shell, args, &run.stdout), Some(false), "{shell}");
    }
    for shell in ["elvish", "powershell"] {
        assert!(world.run(&["completion", shell]).stdout.contains("keruta-manifest"));
    }
}

#[test]
fn bash_completes_commands_and_words() {
    let script = World::new().run(&["completion", "bash"]).stdout;
    let function = script.split("()").next().unwrap();
    let complete = |words: &str, at: usize| {
        let ask = format!(
            "{script}\nCOMP_WORDS=({words}); COMP_CWORD={at}; COMP_LINE='{words}'; \
             {function} keruta-manifest \"${{COMP_WORDS[{at}]}}\" \"${{COMP_WORDS[{at}-1]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        let output = Command::new("bash").args(["--norc", "-c", &ask]).output().ok()?;
        Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    };
    let Some(commands) = complete("keruta-manifest ren", 1) else { return };
    assert_eq!(commands, "render");
    assert_eq!(complete("keruta-manifest render --output na", 3).unwrap(), "name");
    assert_eq!(complete("keruta-manifest validate --format s", 3).unwrap(), "sarif");
}

//! Colour and the live view are for terminals.

use std::process::Command;

use scripted_apiserver::Run as Does;

use super::world::{World, program, task};

/// Runs the program on a terminal; nothing where `script` is not installed.
fn on_a_terminal(world: &World, args: &[&str], variable: (&str, &str)) -> Option<String> {
    let words: Vec<String> = [program().to_str().unwrap()].iter().chain(args).map(|word| format!("'{word}'")).collect();
    let plain = world.command(&[]);
    let mut command = Command::new("script");
    command.args(["-qec", &words.join(" "), "/dev/null"]).env_clear().current_dir(plain.get_current_dir().unwrap());
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("TERM", "xterm-256color");
    command.env("PATH", "/usr/bin:/bin").env(variable.0, variable.1).stdin(std::process::Stdio::null());
    let output = command.output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_terminal_gets_colour_and_a_moving_line() {
    let world = World::new().task(&task("a", Does::new().line("ERROR: bad").sleep(300).exit(1)));
    let args = ["submit", "--task", "task.json", "--wait", "--logs"];
    let Some(shown) = on_a_terminal(&world, &args, ("LANG", "C.UTF-8")) else { return };
    assert!(shown.contains("\u{1b}[31mERROR: bad"), "{shown:?}");
    assert!(shown.contains('⠋') && shown.contains('✘'), "{shown:?}");
    assert!(shown.contains("FAILED") && shown.contains("exit code 1"), "{shown:?}");
}

#[test]
fn no_color_is_honoured() {
    let world = World::new().task(&task("a", Does::new().line("ERROR: bad").sleep(300).exit(1)));
    let args = ["submit", "--task", "task.json", "--wait", "--logs"];
    let Some(shown) = on_a_terminal(&world, &args, ("NO_COLOR", "1")) else { return };
    assert!(shown.contains("ERROR: bad"), "{shown:?}");
    // What moves the cursor stays; what paints does not.
    let painted = shown.split("\u{1b}[").skip(1).any(|rest| {
        let end = rest.find(|end: char| end.is_ascii_alphabetic()).unwrap_or(0);
        rest[end..].starts_with('m')
    });
    assert!(!painted, "{shown:?}");
}

#[test]
fn a_pipe_gets_neither() {
    let world = World::new().task(&task("a", Does::new().line("ERROR: bad").exit(1)));
    let run = world.run(&["submit", "--task", "task.json", "--wait", "--logs"]);
    assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "{run:?}");
    let forced = world.run(&["logs", "a", "--color", "always"]);
    assert!(forced.stdout.contains("\u{1b}[31mERROR: bad"), "{forced:?}");
}

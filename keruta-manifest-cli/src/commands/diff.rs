//! `diff`: the manifests of tasks beside those of a file.

mod existing;

use std::fmt::Write as _;

use keruta_input::exit::Exit;
use keruta_input::failure::Failure;
use keruta_input::rendering::Rendering;
use keruta_input::tasks::{self, Detail, Done, Item, Sink, Teller, Work};
use keruta_input::terminal::{Stdout, Talk};
use keruta_manifest::object::Object;
use keruta_manifest::review::immutable_changes;
use keruta_manifest::yaml;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::args::DiffArgs;
use existing::Existing;

const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const CYAN: &str = "\u{1b}[36m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";

pub(super) fn run(args: &DiffArgs, talk: Talk) -> Result<Exit, Failure> {
    let on_stdin = |path: &std::path::Path| path.as_os_str() == "-";
    if on_stdin(&args.against) && args.input.task.task.as_deref().is_some_and(on_stdin) {
        return Err(Failure::Usage("only one of --task and --against can be standard input".to_owned()));
    }
    let rendering = Rendering::new(&args.input, talk)?;
    let existing = Existing::read(&args.against)?;
    let colour = talk.stdout_has_colour();
    let detail = talk.detail();
    let work = Diff { rendering, existing, colour, keeps_going: args.input.task.keep_going, detail };
    let mut target = Target { stdout: Stdout::new()?, teller: Teller::new(talk, detail) };
    let exit = tasks::run(&args.input.task, &work, &mut target)?;
    target.teller.end();
    Ok(exit)
}

struct Diff {
    rendering: Rendering,
    existing: Existing,
    colour: bool,
    keeps_going: bool,
    detail: Detail,
}

impl Work for Diff {
    fn work(&self, item: &mut Item<'_>, done: &mut Done) -> Exit {
        let rendered = match self.rendering.render(item) {
            Ok(rendered) => rendered,
            Err(problems) => {
                done.diagnostics.extend(problems);
                return Exit::Invalid;
            }
        };
        self.rendering.tell(item, &rendered.findings, self.detail, done);
        let mut exit = Exit::Fine;
        for object in &rendered.objects {
            match self.object(object, &mut done.out) {
                Ok(true) => exit = Exit::Findings,
                Ok(false) => {}
                Err(failure) => {
                    done.failure = Some(failure);
                    return Exit::Invalid;
                }
            }
        }
        exit
    }

    fn keeps_going(&self) -> bool {
        self.keeps_going
    }

    fn stops_at(&self, exit: Exit) -> bool {
        exit > Exit::Findings && !self.keeps_going
    }
}

impl Diff {
    /// Appends the differences of one object; says whether there are any.
    fn object(&self, object: &Object, out: &mut String) -> Result<bool, Failure> {
        let refused = |error: &dyn std::fmt::Display| Failure::Refused(format!("cannot write the manifest: {error}"));
        let new = serde_json::to_value(object).map_err(|error| refused(&error))?;
        let text = |value: &Value| yaml::to_string(value).map_err(|error| refused(&error));
        let new_text = text(&new)?;
        let name = format!("{}/{}", object.kind(), object.name());
        let Some(old) = self.existing.find(&new) else {
            self.write(out, "/dev/null", &name, "", &new_text);
            return Ok(true);
        };
        let old_text = text(&existing::comparable(old, &new))?;
        if old_text == new_text {
            return Ok(false);
        }
        self.write(out, &format!("{} {name}", self.existing.name), &name, &old_text, &new_text);
        for finding in immutable_changes(old, &new, self.rendering.options.kubernetes_version) {
            let (on, off) = if self.colour { (BOLD, PLAIN) } else { ("", "") };
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{on}# refused on the existing {name}: {}{off}", finding.message);
            let _ = writeln!(out, "#   at {}; help: {}", finding.pointer, finding.cure);
        }
        Ok(true)
    }

    fn write(&self, out: &mut String, old_name: &str, new_name: &str, old: &str, new: &str) {
        let paint = |out: &mut String, colour: &str, line: &str| {
            if self.colour {
                let _ = writeln!(out, "{colour}{line}{PLAIN}");
            } else {
                let _ = writeln!(out, "{line}");
            }
        };
        paint(out, BOLD, &format!("--- {old_name}"));
        paint(out, BOLD, &format!("+++ {new_name}"));
        let diff = TextDiff::from_lines(old, new);
        for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
            paint(out, CYAN, &hunk.header().to_string());
            for change in hunk.iter_changes() {
                let line = change.value().trim_end_matches('\n');
                match change.tag() {
                    ChangeTag::Delete => paint(out, RED, &format!("-{line}")),
                    ChangeTag::Insert => paint(out, GREEN, &format!("+{line}")),
                    ChangeTag::Equal => {
                        let _ = writeln!(out, " {line}");
                    }
                }
            }
        }
    }
}

struct Target {
    stdout: Stdout,
    teller: Teller,
}

impl Sink for Target {
    fn take(&mut self, done: &mut Done) -> Result<(), Failure> {
        self.teller.tell(done);
        if done.out.is_empty() { Ok(()) } else { self.stdout.write(&done.out) }
    }
}

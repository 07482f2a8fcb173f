//! What is submitted, read and checked in full before anything is.

use std::io::Read as _;
use std::path::Path;

use keruta_input::args::TaskArgs;
use keruta_input::exit::Exit as InputExit;
use keruta_input::failure::Failure as InputFailure;
use keruta_input::rendering::Rendering;
use keruta_input::tasks::{self, Detail, Done, Item, Sink, Teller, Work};
use keruta_manifest::render::Rendered;
use keruta_manifest::review::Severity;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;

/// A stream of manifests: its name and text.
pub(super) fn manifests(path: &Path) -> Result<(String, String), Failure> {
    let stdin = path.as_os_str() == "-";
    let name = if stdin { "<stdin>".to_owned() } else { path.display().to_string() };
    let mut bytes = Vec::new();
    let read = if stdin {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(path).map(|read| bytes = read)
    };
    read.map_err(|error| InputFailure::read(name.as_str(), error))?;
    let text = String::from_utf8(bytes).map_err(|error| InputFailure::not_text(&name, &error.utf8_error()))?;
    Ok((name, text))
}

/// The objects of all tasks, in their order. Where one is wrong there are none, unless `--keep-going` leaves it out; the exit
/// code then tells of it.
pub(super) fn render(
    args: &TaskArgs,
    rendering: &Rendering,
    session: &Session,
) -> Result<(Vec<Rendered>, Exit), Failure> {
    let talk = session.talk();
    let detail = talk.detail();
    let mut all = All { teller: Teller::new(talk, detail), rendered: Vec::new(), wrong: 0 };
    let exit = tasks::run(args, &Render { rendering, detail }, &mut all)?;
    all.teller.end();
    let tasks = all.wrong + all.rendered.len();
    if all.wrong > 0 && (!args.keep_going || all.rendered.is_empty()) {
        if tasks > 1 {
            let hint = if args.keep_going { "" } else { "; --keep-going submits the others" };
            talk.line(
                Severity::Error,
                &format!("{} of {tasks} tasks are invalid: nothing is submitted{hint}", all.wrong),
            );
        }
        return Err(Failure::Told(Exit::Invalid));
    }
    if all.wrong > 0 {
        talk.line(Severity::Error, &format!("{} of {tasks} tasks are invalid and left out", all.wrong));
    }
    Ok((all.rendered, exit.into()))
}

struct Render<'a> {
    rendering: &'a Rendering,
    detail: Detail,
}

impl Work for Render<'_> {
    fn work(&self, item: &mut Item<'_>, done: &mut Done) -> InputExit {
        let rendered = match self.rendering.render(item) {
            Ok(rendered) => rendered,
            Err(problems) => {
                done.diagnostics.extend(problems);
                done.wrong += 1;
                return InputExit::Invalid;
            }
        };
        self.rendering.tell(item, &rendered.findings, self.detail, done);
        if rendered.findings.iter().any(|finding| finding.severity == Severity::Error) {
            done.wrong += 1;
            return InputExit::Invalid;
        }
        done.rendered.push(rendered);
        InputExit::Fine
    }

    /// All that is wrong is told at once.
    fn keeps_going(&self) -> bool {
        true
    }
}

struct All {
    teller: Teller,
    rendered: Vec<Rendered>,
    wrong: usize,
}

impl Sink for All {
    fn take(&mut self, done: &mut Done) -> Result<(), InputFailure> {
        self.teller.tell(done);
        self.rendered.append(&mut done.rendered);
        self.wrong += done.wrong;
        Ok(())
    }
}

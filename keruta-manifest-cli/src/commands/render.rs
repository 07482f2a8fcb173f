//! `render`: the manifests of tasks.

use keruta_input::exit::Exit;
use keruta_input::failure::Failure;
use keruta_input::files::Directory;
use keruta_input::rendering::Rendering;
use keruta_input::tasks::{self, Detail, Done, Item, Sink, Teller, Work};
use keruta_input::terminal::{Stdout, Talk};
use keruta_manifest::object::Object;
use keruta_manifest::review::Severity;

use crate::args::{Output, RenderArgs};
use crate::manifests;

pub(super) fn run(args: &RenderArgs, talk: Talk) -> Result<Exit, Failure> {
    let extension = match args.output {
        Output::Yaml => "yaml",
        Output::Json => "json",
        Output::Name if args.output_dir.is_some() => {
            return Err(Failure::Usage("-o name writes no manifests, so there is nothing for --output-dir".to_owned()));
        }
        Output::Name => "",
    };
    let rendering = Rendering::new(&args.input, talk)?;
    let mut detail = talk.detail();
    if args.strict {
        // Each task that a warning refuses is named.
        detail = Detail { least: detail.least.min(Severity::Warning), full: true };
    }
    let work = Render { rendering: &rendering, args, extension, detail };
    let directory = match &args.output_dir {
        Some(path) => {
            let made = Directory::make(path);
            Some((made.map_err(|error| Failure::write(path.display().to_string(), error))?, path))
        }
        None => None,
    };
    let teller = Teller::new(talk, detail);
    let mut target =
        Target { stdout: Stdout::new()?, output: args.output, any: false, talk, teller, fine: 0, wrong: 0 };
    let exit = if let Some((directory, path)) = directory {
        let name = path.display().to_string();
        let mut files = Files { directory, name, target: &mut target };
        tasks::run(&args.input.task, &work, &mut files)?
    } else {
        let exit = tasks::run(&args.input.task, &work, &mut target)?;
        // A List that was stopped is left open, so that no reader takes it for whole; of a single task there is none.
        let stopped = exit > Exit::Fine && (!args.input.task.keep_going || !target.any);
        if !stopped {
            let any = target.any;
            target.stdout.write(manifests::tail(args.output, any))?;
        }
        exit
    };
    target.sum_up(args.input.task.keep_going);
    Ok(exit)
}

struct Render<'a> {
    rendering: &'a Rendering,
    args: &'a RenderArgs,
    extension: &'static str,
    detail: Detail,
}

impl Work for Render<'_> {
    fn work(&self, item: &mut Item<'_>, done: &mut Done) -> Exit {
        let exit = self.render(item, done);
        if exit == Exit::Fine {
            done.fine += 1;
        } else {
            done.wrong += 1;
        }
        exit
    }

    fn keeps_going(&self) -> bool {
        self.args.input.task.keep_going
    }
}

impl Render<'_> {
    fn render(&self, item: &mut Item<'_>, done: &mut Done) -> Exit {
        let rendered = match self.rendering.render(item) {
            Ok(rendered) => rendered,
            Err(problems) => {
                done.diagnostics.extend(problems);
                return Exit::Invalid;
            }
        };
        self.rendering.tell(item, &rendered.findings, self.detail, done);
        match rendered.findings.iter().map(|finding| finding.severity).max() {
            Some(Severity::Error) => return Exit::Invalid,
            Some(Severity::Warning) if self.args.strict => return Exit::Findings,
            _ => {}
        }
        match self.write(&rendered.objects, done) {
            Ok(()) => Exit::Fine,
            Err(failure) => {
                done.failure = Some(failure);
                Exit::Invalid
            }
        }
    }

    fn write(&self, objects: &[Object], done: &mut Done) -> Result<(), Failure> {
        if self.args.output_dir.is_none() {
            return manifests::append(&mut done.out, objects, self.args.output);
        }
        let name = objects.last().map(Object::name).unwrap_or_default();
        let content = manifests::whole(objects, self.args.output)?;
        done.files.push((format!("{name}.{}", self.extension), content));
        Ok(())
    }
}

/// Standard output, and what is said beside it.
struct Target {
    stdout: Stdout,
    output: Output,
    any: bool,
    talk: Talk,
    teller: Teller,
    fine: usize,
    wrong: usize,
}

impl Target {
    fn tell(&mut self, done: &mut Done) {
        self.teller.tell(done);
        self.fine += done.fine;
        self.wrong += done.wrong;
    }

    fn sum_up(&self, keep_going: bool) {
        self.teller.end();
        if self.wrong == 0 || self.fine + self.wrong < 2 {
            return;
        }
        let text = if keep_going {
            format!("{} of {} tasks were not rendered", self.wrong, self.fine + self.wrong)
        } else {
            format!("stopped at the first wrong task, after {} that were rendered; --keep-going goes on", self.fine)
        };
        self.talk.line(Severity::Error, &text);
    }
}

impl Sink for Target {
    fn take(&mut self, done: &mut Done) -> Result<(), Failure> {
        self.tell(done);
        if !done.out.is_empty() {
            self.stdout.write(if self.any { manifests::between(self.output) } else { manifests::head(self.output) })?;
            self.stdout.write(&done.out)?;
            self.any = true;
        }
        Ok(())
    }
}

/// A file for each task.
struct Files<'a> {
    directory: Directory,
    name: String,
    target: &'a mut Target,
}

impl Sink for Files<'_> {
    fn take(&mut self, done: &mut Done) -> Result<(), Failure> {
        self.target.tell(done);
        for (name, content) in &done.files {
            self.directory
                .write(name, content)
                .map_err(|error| Failure::write(format!("{}/{name}", self.name), error))?;
        }
        Ok(())
    }
}

//! `validate`: what is wrong with tasks, settings and the manifests they would become.

use keruta_input::diagnostic::Diagnostic;
use keruta_input::exit::Exit;
use keruta_input::failure::Failure;
use keruta_input::rendering::Rendering;
use keruta_input::tasks::{self, Detail, Done, Item, Sink, Summary, Work};
use keruta_input::terminal::{Stdout, Talk};
use keruta_manifest::review::Severity;

use crate::args::{Format, ValidateArgs};
use crate::report::{github, json, sarif};

pub(super) fn run(args: &ValidateArgs, talk: Talk) -> Result<Exit, Failure> {
    let mut report = Report {
        stdout: Stdout::new()?,
        format: args.format,
        talk,
        begun: false,
        any: false,
        valid: 0,
        invalid: 0,
        told: [0; 3],
        full: true,
        summary: Summary::default(),
    };
    let worked = Rendering::new(&args.input, talk).and_then(|rendering| {
        // Tools filter by themselves. People are told notes where they ask for them, and GitHub shows no more than ten
        // annotations of a kind.
        let detail = match args.format {
            Format::Human | Format::Github => talk.detail(),
            Format::Json | Format::Sarif => Detail { least: Severity::Note, full: true },
        };
        report.full = detail.full;
        tasks::run(&args.input.task, &Validate { rendering, detail }, &mut report)
    });
    let exit = match worked {
        // What is wrong with the settings, or with the file as a whole, belongs into the report as well.
        Err(Failure::Invalid(diagnostics)) => {
            report.take(&mut Done { diagnostics, ..Done::default() })?;
            Exit::Invalid
        }
        other => other?,
    };
    report.end()?;
    Ok(exit)
}

struct Validate {
    rendering: Rendering,
    detail: Detail,
}

impl Work for Validate {
    fn work(&self, item: &mut Item<'_>, done: &mut Done) -> Exit {
        let rendered = match self.rendering.render(item) {
            Ok(rendered) => rendered,
            Err(problems) => {
                done.diagnostics.extend(problems);
                done.wrong += 1;
                return Exit::Invalid;
            }
        };
        done.fine += 1;
        self.rendering.tell(item, &rendered.findings, self.detail, done);
        if rendered.findings.iter().any(|finding| finding.severity >= Severity::Warning) {
            Exit::Findings
        } else {
            Exit::Fine
        }
    }

    fn keeps_going(&self) -> bool {
        true
    }
}

/// The report on standard output.
struct Report {
    stdout: Stdout,
    format: Format,
    talk: Talk,
    begun: bool,
    any: bool,
    valid: usize,
    invalid: usize,
    /// How many notes, warnings and errors there are.
    told: [usize; 3],
    /// Whether each finding is written.
    full: bool,
    /// The findings that are only counted.
    summary: Summary,
}

impl Report {
    fn begin(&mut self) -> Result<(), Failure> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        match self.format {
            Format::Human | Format::Github => Ok(()),
            Format::Json => self.stdout.write(json::HEAD),
            Format::Sarif => self.stdout.write(&sarif::head()),
        }
    }

    fn write(&mut self, out: &mut String, diagnostic: &Diagnostic) {
        let first = !std::mem::replace(&mut self.any, true);
        match self.format {
            Format::Human => self.talk.for_stdout().write(out, diagnostic),
            Format::Json => json::write(out, diagnostic, first),
            Format::Sarif => sarif::write(out, diagnostic, first),
            Format::Github => github::write(out, diagnostic),
        }
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.begin()?;
        self.left_out()?;
        match self.format {
            Format::Json => self.stdout.write(&json::tail(self.valid, self.invalid)),
            Format::Sarif => self.stdout.write(sarif::TAIL),
            Format::Github => Ok(()),
            Format::Human => {
                let [notes, warnings, errors] = self.told;
                let text = format!(
                    "{} valid, {} invalid; {}, {}, {}",
                    counted(self.valid, "task"),
                    self.invalid,
                    counted(errors, "error"),
                    counted(warnings, "warning"),
                    counted(notes, "note"),
                );
                if self.talk.least < Severity::Error {
                    self.talk.sum_up(self.worst(), &text);
                }
                Ok(())
            }
        }
    }

    /// Writes how many findings were only counted.
    fn left_out(&mut self) -> Result<(), Failure> {
        let mut out = String::new();
        for left_out in self.summary.left_out() {
            self.told[left_out.severity as usize] += left_out.count;
            match self.format {
                Format::Human => self.talk.for_stdout().write_left_out(&mut out, &left_out),
                Format::Github => github::write_left_out(&mut out, &left_out),
                // Nothing is left out of these.
                Format::Json | Format::Sarif => {}
            }
        }
        if out.is_empty() { Ok(()) } else { self.stdout.write(&out) }
    }

    fn worst(&self) -> Severity {
        let [_, warnings, errors] = self.told;
        match (errors, warnings) {
            (1.., _) => Severity::Error,
            (_, 1..) => Severity::Warning,
            _ => Severity::Note,
        }
    }
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

impl Sink for Report {
    fn take(&mut self, done: &mut Done) -> Result<(), Failure> {
        self.begin()?;
        if !self.full {
            self.summary.shorten(done);
        }
        let mut out = String::new();
        for diagnostic in &done.diagnostics {
            self.told[diagnostic.severity as usize] += 1;
            self.write(&mut out, diagnostic);
        }
        self.valid += done.fine;
        self.invalid += done.wrong;
        if out.is_empty() { Ok(()) } else { self.stdout.write(&out) }
    }
}

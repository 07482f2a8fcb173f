//! For a pipe or a file: a line for each thing that happens, on standard error; results on standard output.

use std::collections::HashMap;

use keruta_input::failure::Failure;
use keruta_input::terminal::{Stdout, Talk};
use keruta_submitter::Attempt;

use super::event::Event;
use super::log_line::LogStyle;
use super::paint::Paint;
use super::screen::Show;
use super::text;

/// Plain lines.
pub(super) struct Plain {
    talk: Talk,
    style: LogStyle,
    many: bool,
    /// What was told last of each.
    told: HashMap<Attempt, String>,
}

impl Plain {
    pub(super) fn new(talk: Talk, style: LogStyle, many: bool) -> Self {
        Self { talk, style, many, told: HashMap::new() }
    }
}

impl Show for Plain {
    fn show(&mut self, event: Event, stdout: &mut Stdout) -> Result<(), Failure> {
        match event {
            Event::Submitted { attempt, job, created } => {
                let how = if created { "created" } else { "unchanged" };
                self.talk.say(&format!("{}: job.batch/{job} {how}\n", attempt.task));
            }
            Event::Progress(progress) => {
                let words = text::phase(&progress.phase);
                if self.told.get(&progress.attempt) != Some(&words) {
                    self.talk.say(&format!("{}: {words}\n", progress.attempt.task));
                    self.told.insert(progress.attempt, words);
                }
            }
            Event::Status(_) => {}
            Event::Log { source, entries } => {
                let mut out = Vec::new();
                self.style.write(&mut out, &source, &entries);
                stdout.write_bytes(&out)?;
            }
            Event::Ended(ended) => {
                self.told.remove(&ended.attempt);
                if self.many {
                    let paint = Paint(self.talk.stderr_has_colour());
                    self.talk.say(&text::result(&ended, paint));
                }
            }
            Event::Message(message) => self.talk.message(&message),
            Event::Results(results) => {
                for message in results.iter().filter_map(text::by_what_one_knows) {
                    self.talk.message(&message);
                }
                let paint = Paint(self.talk.stdout_has_colour());
                let shown = match results.as_slice() {
                    [ended] if !self.many => text::result(ended, paint),
                    results => text::results(results, paint),
                };
                stdout.write(&shown)?;
            }
        }
        Ok(())
    }
}

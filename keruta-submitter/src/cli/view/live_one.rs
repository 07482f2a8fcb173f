//! One task on a terminal: a line for each thing that it has done, with the time it took, and one that moves.

use keruta_input::failure::Failure;
use keruta_input::terminal::Stdout;
use keruta_submitter::Phase;

use super::event::Event;
use super::live::{Live, Row};
use super::screen::Show;
use super::text;

/// One task.
pub(super) struct LiveOne {
    live: Live,
    now: Option<Now>,
}

/// What it does now.
struct Now {
    row: Row,
    doing: Doing,
    words: String,
}

/// What makes a row another one.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Doing {
    Submitted,
    Suspended,
    Scheduling,
    /// A container, from its image to its end; a step of the pipeline or main.
    Container(String),
    Retrying,
}

impl LiveOne {
    pub(super) const fn new(live: Live) -> Self {
        Self { live, now: None }
    }

    fn go_on(&mut self, phase: &Phase) {
        let Some((doing, words)) = self.doing(phase) else {
            // What it did may take a moment to end, and only its verdict tells whether that went well.
            if let Some(now) = &self.now {
                now.row.say(&format!("{} {}", now.words, self.live.paint.dim("ending")));
            }
            return;
        };
        match &mut self.now {
            Some(now) if now.doing == doing => {
                now.row.say(&words);
                now.words = words;
            }
            _ => {
                self.finish(!matches!(phase, Phase::Retrying { .. }));
                self.now = Some(Now { row: self.live.row(&words), doing, words });
            }
        }
    }

    /// What it does, and the words for it; nothing new where it is ending.
    fn doing(&self, phase: &Phase) -> Option<(Doing, String)> {
        let paint = self.live.paint;
        let plain = text::phase(phase);
        Some(match phase {
            Phase::Suspended => (Doing::Suspended, plain),
            Phase::Scheduling { .. } => (Doing::Scheduling, plain),
            Phase::Starting { container, reason } => {
                let words = match reason.as_deref().filter(|reason| text::is_trouble(reason)) {
                    Some(reason) => format!("{} {}", paint.bold(container), paint.yellow(reason)),
                    None => format!("{} {}", paint.bold(container), paint.dim("starting")),
                };
                (Doing::Container(container.clone()), words)
            }
            Phase::Step { name, number, of } => {
                let words = format!("{} {}", paint.bold(name), paint.dim(format!("step {number} of {of}")));
                (Doing::Container(name.clone()), words)
            }
            // The phase does not tell which container it is; the one that was starting is.
            Phase::Running => match self.now.as_ref().map(|now| &now.doing) {
                Some(Doing::Container(name)) if !self.is_step() => (Doing::Container(name.clone()), paint.bold(name)),
                _ => (Doing::Container(String::new()), paint.bold("running")),
            },
            Phase::Retrying { .. } => (Doing::Retrying, plain),
            _ => return None,
        })
    }

    /// Whether the container is a step that has started, which ends before main begins.
    fn is_step(&self) -> bool {
        self.now.as_ref().is_some_and(|now| now.words.contains("step "))
    }

    /// What it did stays as a line.
    fn finish(&mut self, well: bool) {
        if let Some(now) = self.now.take() {
            self.live.finish(now.row, &now.words, well);
        }
    }
}

impl Show for LiveOne {
    fn show(&mut self, event: Event, stdout: &mut Stdout) -> Result<(), Failure> {
        match event {
            Event::Submitted { attempt, job, created } => {
                let paint = self.live.paint;
                let how = if created { "created" } else { "unchanged" };
                let head = format!("{} job.batch/{job} {how} in {}", paint.bold(&attempt.task), attempt.namespace);
                self.live.say(&head);
                let words = "waiting for its Pod".to_owned();
                self.now = Some(Now { row: self.live.row(&words), doing: Doing::Submitted, words });
            }
            Event::Progress(progress) => self.go_on(&progress.phase),
            // The last lines of its log may still come.
            Event::Status(_) | Event::Ended(_) => {}
            Event::Log { source, entries } => self.live.log(&source, &entries, stdout)?,
            Event::Message(message) => self.live.message(&message),
            Event::Results(results) => {
                for ended in &results {
                    // Waiting for another Pod that did not come is nothing that it did.
                    let waited = self.now.as_ref().is_some_and(|now| now.doing == Doing::Retrying);
                    if (ended.is_left() || waited)
                        && let Some(now) = self.now.take()
                    {
                        now.row.remove();
                    }
                    self.finish(ended.is_well());
                    if let Some(message) = text::by_what_one_knows(ended) {
                        self.live.message(&message);
                    }
                    self.live.result(&text::result(ended, self.live.paint), stdout)?;
                }
            }
        }
        Ok(())
    }
}

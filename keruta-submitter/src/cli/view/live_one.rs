//! One task on a terminal: a row for each thing it does, with the time it took.

use keruta_input::failure::Failure;
use keruta_input::terminal::Stdout;
use keruta_submitter::journal::Phase;

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
    Container(String),
    Main,
    Retrying,
    Ending,
}

impl LiveOne {
    pub(super) const fn new(live: Live) -> Self {
        Self { live, now: None }
    }

    fn go_on(&mut self, phase: &Phase) {
        let (doing, words) = self.doing(phase);
        match &mut self.now {
            Some(now)
                if now.doing == doing
                    || (doing == Doing::Main && matches!(now.doing, Doing::Container(_)) && !is_step(&now.words)) =>
            {
                now.doing = doing;
                now.row.say(words.clone());
                now.words = words;
            }
            _ => {
                let failed = matches!(phase, Phase::Retrying { .. });
                self.finish(!failed);
                let row = self.live.row(&words);
                self.now = Some(Now { row, doing, words });
            }
        }
    }

    fn doing(&self, phase: &Phase) -> (Doing, String) {
        let paint = self.live.paint;
        let doing = match phase {
            Phase::Suspended => Doing::Suspended,
            Phase::Scheduling { .. } => Doing::Scheduling,
            Phase::Starting { container, .. } => Doing::Container(container.clone()),
            Phase::Step { name, .. } => Doing::Container(name.clone()),
            Phase::Running => Doing::Main,
            Phase::Retrying { .. } => Doing::Retrying,
            _ => Doing::Ending,
        };
        let words = match phase {
            Phase::Step { name, number, of } => format!("{} {name}", paint.dim(format!("[{number}/{of}]"))),
            phase => text::phase(phase),
        };
        (doing, words)
    }

    fn finish(&mut self, well: bool) {
        let Some(now) = self.now.take() else { return };
        let paint = self.live.paint;
        let mark = if well { paint.green("✔") } else { paint.red("✘") };
        now.row.finish(&mark, &now.words);
    }
}

/// Whether the words are a step's, which ends before main begins.
fn is_step(words: &str) -> bool {
    words.contains('/') && words.contains('[')
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
            Event::Status(_) => {}
            Event::Log { source, entries } => self.live.log(&source, &entries, stdout)?,
            Event::Ended(ended) => self.finish(ended.is_well()),
            Event::Message(message) => self.live.message(&message),
            Event::Results(results) => {
                for ended in &results {
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

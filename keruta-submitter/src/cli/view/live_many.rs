//! Many tasks on a terminal: a row for each that is under way, as many as fit, and one for all.

use std::collections::HashMap;
use std::fmt::Write as _;

use keruta_input::failure::Failure;
use keruta_input::terminal::Stdout;
use keruta_submitter::Attempt;

use super::event::Event;
use super::live::{Live, Row};
use super::screen::Show;
use super::text;

/// Rows beside those of tasks.
const KEPT_FREE: u16 = 4;

/// Many tasks.
pub(super) struct LiveMany {
    live: Live,
    /// Until the end.
    all: Option<Row>,
    rows: HashMap<Attempt, Row>,
    most: usize,
    tasks: usize,
    under_way: usize,
    ended: usize,
    wrong: usize,
}

impl LiveMany {
    pub(super) fn new(live: Live, tasks: usize) -> Self {
        let all = live.row(&format!("0/{tasks}"));
        let height = terminal_size::terminal_size_of(std::io::stderr()).map_or(24, |(_, height)| height.0);
        let most = usize::from(height.saturating_sub(KEPT_FREE)).clamp(1, 20);
        Self { live, all: Some(all), rows: HashMap::new(), most, tasks, under_way: 0, ended: 0, wrong: 0 }
    }

    fn sum_up(&self) {
        let paint = self.live.paint;
        // Writing to a String cannot fail.
        let mut words = format!("{}/{} tasks ended", self.ended, self.tasks);
        if self.wrong > 0 {
            let _ = write!(words, ", {}", paint.red(format!("{} not well", self.wrong)));
        }
        let hidden = self.under_way.saturating_sub(self.rows.len());
        let _ = write!(words, ", {} under way", self.under_way);
        if hidden > 0 {
            let _ = write!(words, " ({hidden} not shown)");
        }
        if let Some(all) = &self.all {
            all.say(&words);
        }
    }
}

impl Show for LiveMany {
    fn show(&mut self, event: Event, stdout: &mut Stdout) -> Result<(), Failure> {
        match event {
            Event::Submitted { attempt, .. } => {
                self.under_way += 1;
                if let Some(all) = self.all.as_ref().filter(|_| self.rows.len() < self.most) {
                    let words = format!("{} waiting for its Pod", self.live.paint.bold(&attempt.task));
                    let row = self.live.row_before(all, &words);
                    self.rows.insert(attempt, row);
                }
            }
            Event::Progress(progress) => {
                if let Some(row) = self.rows.get(&progress.attempt) {
                    let name = self.live.paint.bold(&progress.attempt.task);
                    row.say(&format!("{name} {}", text::phase(&progress.phase)));
                }
            }
            Event::Status(_) => {}
            Event::Log { source, entries } => self.live.log(&source, &entries, stdout)?,
            Event::Ended(ended) => {
                self.ended += 1;
                self.wrong += usize::from(!ended.is_well());
                if ended.took.is_some() {
                    self.under_way = self.under_way.saturating_sub(1);
                }
                if let Some(row) = self.rows.remove(&ended.attempt) {
                    row.remove();
                }
                let paint = self.live.paint;
                let mark = if ended.is_well() { paint.green("✔") } else { paint.red("✘") };
                let line = text::result(&ended, paint);
                self.live.say(&format!(" {mark} {}", line.trim_end()));
            }
            Event::Message(message) => self.live.message(&message),
            Event::Results(results) => {
                for (_, row) in self.rows.drain() {
                    row.remove();
                }
                if let Some(all) = self.all.take() {
                    all.remove();
                }
                for message in results.iter().filter_map(text::by_what_one_knows) {
                    self.live.message(&message);
                }
                return self.live.result(&text::results(&results, self.live.paint), stdout);
            }
        }
        self.sum_up();
        Ok(())
    }
}

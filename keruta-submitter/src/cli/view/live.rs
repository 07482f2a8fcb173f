//! What the live views share: rows that move, with lines above them.

use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use keruta_input::diagnostic::human::Message;
use keruta_input::failure::Failure;
use keruta_input::terminal::{Stdout, Talk};
use keruta_submitter::logs::{LogEntry, LogSource};

use super::log_line::LogStyle;
use super::paint::Paint;
use super::text::seconds;

const TICK: Duration = Duration::from_millis(100);
const SPINNER: [&str; 11] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "];

/// A terminal with rows at its end.
pub(super) struct Live {
    bars: MultiProgress,
    talk: Talk,
    style: LogStyle,
    pub(super) paint: Paint,
}

/// A row that moves until it is finished.
pub(super) struct Row {
    bar: ProgressBar,
    began: Instant,
}

impl Live {
    pub(super) fn new(bars: MultiProgress, talk: Talk, style: LogStyle) -> Self {
        Self { bars, talk, style, paint: Paint(talk.stderr_has_colour()) }
    }

    /// A row at the end.
    pub(super) fn row(&self, words: &str) -> Row {
        self.begin(self.bars.add(bar()), words)
    }

    /// A row before another one.
    pub(super) fn row_before(&self, other: &Row, words: &str) -> Row {
        self.begin(self.bars.insert_before(&other.bar, bar()), words)
    }

    fn begin(&self, bar: ProgressBar, words: &str) -> Row {
        let spinner = if self.paint.0 { "{spinner:.cyan}" } else { "{spinner}" };
        bar.set_style(style(&format!(" {spinner} {{msg}} {{took}}")).tick_strings(&SPINNER));
        bar.set_message(words.to_owned());
        bar.enable_steady_tick(TICK);
        Row { bar, began: Instant::now() }
    }

    /// Lines of a log, above the rows.
    pub(super) fn log(&self, source: &LogSource, entries: &[LogEntry], stdout: &mut Stdout) -> Result<(), Failure> {
        let mut out = Vec::new();
        self.style.write(&mut out, source, entries);
        self.bars.suspend(|| stdout.write_bytes(&out))
    }

    /// A line above the rows.
    pub(super) fn say(&self, line: &str) {
        self.bars.suspend(|| self.talk.say(&format!("{line}\n")));
    }

    /// A row's words stay as a line above the rows, under a mark and with the time that it took.
    pub(super) fn finish(&self, row: Row, words: &str, well: bool) {
        let mark = if well { self.paint.green("✔") } else { self.paint.red("✘") };
        let took = self.paint.dim(seconds(row.began.elapsed()));
        row.remove();
        self.say(&format!(" {mark} {words} {took}"));
    }

    /// A message above the rows.
    pub(super) fn message(&self, message: &Message) {
        self.bars.suspend(|| self.talk.message(message));
    }

    /// A result, above the rows if there are any left.
    pub(super) fn result(&self, text: &str, stdout: &mut Stdout) -> Result<(), Failure> {
        self.bars.suspend(|| stdout.write(text))
    }
}

impl Row {
    /// Changes what the row says.
    pub(super) fn say(&self, words: String) {
        self.bar.set_message(words);
    }

    /// The row goes.
    pub(super) fn remove(self) {
        self.bar.finish_and_clear();
    }
}

fn bar() -> ProgressBar {
    ProgressBar::new_spinner()
}

fn style(template: &str) -> ProgressStyle {
    let took = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = out.write_str(&seconds(state.elapsed()));
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner()).with_key("took", took)
}

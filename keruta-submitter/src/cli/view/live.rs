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

/// What stands in a row beside its words: the spinner, the time, blanks.
const AROUND: usize = 12;

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
        bar.set_message(one_row(words));
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
    pub(super) fn say(&self, words: &str) {
        self.bar.set_message(one_row(words));
    }

    /// The row goes.
    pub(super) fn remove(self) {
        self.bar.finish_and_clear();
    }
}

/// Words that fit into a row of the terminal with the spinner and the time; a longer row would be drawn as several.
fn one_row(words: &str) -> String {
    let width = terminal_size::terminal_size_of(std::io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
    cut(words, width.saturating_sub(AROUND))
}

fn cut(words: &str, width: usize) -> String {
    let words = words.replace(['\r', '\n'], " ");
    console::truncate_str(&words, width, "…").into_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_cut_at_the_edge_and_its_colour_closed() {
        assert_eq!(cut("waiting for a node", 18), "waiting for a node");
        assert_eq!(cut("waiting for a node", 10), "waiting f…");
        assert_eq!(cut("two\nlines", 20), "two lines");
        assert_eq!(cut("\u{1b}[1mn-7\u{1b}[0m waiting", 6), "\u{1b}[1mn-7\u{1b}[0m w…");
        assert_eq!(cut("\u{1b}[1mlonger\u{1b}[0m", 4), "\u{1b}[1mlon…\u{1b}[0m");
        assert_eq!(cut("文書を書く", 6), "文書…");
    }
}

//! Texts that several views write.

use std::time::Duration;

use keruta_input::diagnostic::human::Message;
use keruta_submitter::{Cause, Outcome, Phase, Verdict};

use super::event::{Ended, Fate};
use super::paint::Paint;

/// More lines of a container's last words than these are in its log.
const LAST_WORDS: usize = 10;

/// A length of time for people: `0.4s`, `12.3s`, `2m05s`, `1h02m`.
pub(crate) fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    match whole {
        0..60 => format!("{:.1}s", time.as_secs_f64()),
        60..3600 => format!("{}m{:02}s", whole / 60, whole % 60),
        _ => format!("{}h{:02}m", whole / 3600, whole / 60 % 60),
    }
}

/// What an attempt does now, in a few words.
pub(crate) fn phase(phase: &Phase) -> String {
    let because = |words: &str, reason: &Option<String>| match reason {
        Some(reason) => format!("{words} ({reason})"),
        None => words.to_owned(),
    };
    match phase {
        Phase::Suspended => "suspended, waits for its queue".to_owned(),
        Phase::Scheduling { reason } => because("waiting for a node", reason),
        Phase::Starting { container, reason } => {
            let odd = reason.clone().filter(|reason| is_trouble(reason));
            because(&format!("starting {container}"), &odd)
        }
        Phase::Step { name, number, of } => format!("step {number}/{of} {name}"),
        Phase::Running => "running".to_owned(),
        // One that was disturbed has not failed.
        Phase::Retrying { failed: 0 } => "waiting for the next Pod".to_owned(),
        Phase::Retrying { failed } => {
            format!("{failed} Pod{} failed, waiting for the next", if *failed == 1 { "" } else { "s" })
        }
        _ => "ending".to_owned(),
    }
}

/// Whether a container waits for a reason that is not the ordinary course.
pub(super) fn is_trouble(reason: &str) -> bool {
    !matches!(reason, "PodInitializing" | "ContainerCreating")
}

/// How a task did not end well, with the evidence and the cure; `None` where it did.
pub(crate) fn by_what_one_knows(ended: &Ended) -> Option<Message> {
    let task = &ended.attempt.task;
    let verdict = match &ended.fate {
        Fate::Submitted | Fate::Left => return None,
        Fate::Skipped(why) => return Some(Message::warning(format!("{task} was not submitted: {why}"))),
        Fate::Refused { why, cure } => {
            return Some(Message::error(format!("{task} was not submitted: {why}")).help(cure));
        }
        Fate::Judged(verdict) => verdict,
    };
    let evidence = &verdict.evidence;
    let mut message = match verdict.outcome {
        Outcome::Completed => return None,
        Outcome::Cancelled => Message::warning(format!("{task} was cancelled: {}", evidence.summary)),
        Outcome::Failed(cause) => Message::error(format!("{task} failed: {cause}: {}", evidence.summary)),
    };
    let where_it_was = [
        evidence.container.as_ref().map(|name| format!("container {name}")),
        evidence.exit_code.map(|code| format!("exit code {code}")),
        evidence.signal.map(|signal| format!("signal {signal}")),
        evidence.reason.as_ref().map(|reason| format!("reason {reason}")),
        evidence.pod.as_ref().map(|name| format!("Pod {name}")),
        evidence.node.as_ref().map(|name| format!("node {name}")),
    ];
    let where_it_was: Vec<String> = where_it_was.into_iter().flatten().collect();
    if !where_it_was.is_empty() {
        message = message.note(where_it_was.join(", "));
    }
    if let Some(words) =
        evidence.message.as_deref().map(str::trim_end).filter(|words| !evidence.summary.contains(words))
    {
        let lines: Vec<&str> = words.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(LAST_WORDS)..).unwrap_or_default();
        let whose = if is_by_container(verdict) { "its last words" } else { "Kubernetes says" };
        message = message.note(format!("{whose}:\n{}", tail.join("\n")));
    }
    if let Some(cure) = &evidence.cure {
        message = message.help(cure);
    } else if verdict.retryable && matches!(verdict.outcome, Outcome::Failed(_)) {
        message = message.help(format!("the cause lies outside of the task: keruta-submitter retry {task}"));
    }
    Some(message)
}

/// Whether the message of a verdict is what the container wrote last.
fn is_by_container(verdict: &Verdict) -> bool {
    let of_container = [Cause::CommandFailed, Cause::InitStepFailed, Cause::CrashLoop, Cause::OomKilled];
    matches!(verdict.outcome, Outcome::Failed(cause) if of_container.contains(&cause))
}

/// Rows under their heads, in columns; the last column is as wide as it is. A cell's colour does not count.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>], paint: Paint) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([heads[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let mut out = String::new();
    let mut line = |cells: Vec<&str>, dress: &dyn Fn(&str) -> String| {
        let mut text = String::new();
        for (index, cell) in cells.iter().enumerate() {
            text.push_str(&dress(cell));
            if index + 1 < cells.len() {
                let blanks = widths[index].saturating_sub(cell.chars().count()) + 2;
                text.extend(std::iter::repeat_n(' ', blanks));
            }
        }
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(heads.to_vec(), &|head| paint.bold(head));
    for row in rows {
        line(row.iter().map(String::as_str).collect(), &|cell| paint.word(cell));
    }
    out
}

/// How the tasks ended, a line each.
pub(super) fn results(results: &[Ended], paint: Paint) -> String {
    let rows: Vec<Vec<String>> = results
        .iter()
        .map(|ended| {
            vec![
                ended.attempt.task.clone(),
                ended.attempt.number.to_string(),
                ended.word().to_owned(),
                ended.took.map_or_else(|| "-".to_owned(), seconds),
                ended.why().lines().next().unwrap_or_default().to_owned(),
            ]
        })
        .collect();
    table(&["TASK", "ATTEMPT", "STATUS", "TIME", "WHY"], &rows, paint)
}

/// One task's end in a line.
pub(super) fn result(ended: &Ended, paint: Paint) -> String {
    let took = ended.took.map(|took| format!(" after {}", seconds(took))).unwrap_or_default();
    format!("{} {}{took}\n", ended.attempt.task, paint.word(ended.word()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let shown = |millis| seconds(Duration::from_millis(millis));
        assert_eq!([40, 12_340, 125_000, 3_725_000].map(shown), ["0.0s", "12.3s", "2m05s", "1h02m"]);
    }

    #[test]
    fn colour_does_not_widen_a_column() {
        let rows = [vec!["a".to_owned(), "FAILED".to_owned(), "x".to_owned()]];
        let plain = table(&["T", "STATUS", "WHY"], &rows, Paint(false));
        assert_eq!(plain, "T  STATUS  WHY\na  FAILED  x\n");
        let coloured = table(&["T", "STATUS", "WHY"], &rows, Paint(true));
        assert!(coloured.contains("\u{1b}[31mFAILED") || coloured.contains("FAILED\u{1b}[0m  x"), "{coloured:?}");
    }
}

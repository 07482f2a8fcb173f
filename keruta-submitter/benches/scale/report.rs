//! The figures, and what they say.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::arguments::Arguments;

/// Of a bare client.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Bare {
    pub(crate) seconds: f64,
    /// Processor time of the process.
    pub(crate) cpu_seconds: f64,
    pub(crate) requests: BTreeMap<String, u64>,
}

/// Of the submitter. Times in seconds, memory in bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ours {
    /// Until the last task was submitted.
    pub(crate) submit_seconds: f64,
    /// Until the follower had told the status of every task.
    pub(crate) known_seconds: f64,
    /// Until it knew of every task's Pod that it waits for a node.
    pub(crate) pods_seconds: f64,
    /// The whole time until the tasks were ended.
    pub(crate) tracked_seconds: f64,
    /// Processor time of the process until then.
    pub(crate) cpu_seconds: f64,
    /// Until every task was told to end, from the first on.
    pub(crate) stop_seconds: f64,
    /// Until every task had its verdict.
    pub(crate) verdict_seconds: f64,
    /// Resident before the first task.
    pub(crate) rss_before: u64,
    /// Resident with all tasks tracked.
    pub(crate) rss_tracked: u64,
    /// The most until then.
    pub(crate) rss_peak_tracked: u64,
    /// The most of all.
    pub(crate) rss_peak: u64,
    /// Until the tasks were ended.
    pub(crate) requests: BTreeMap<String, u64>,
    /// From then on.
    pub(crate) ending_requests: BTreeMap<String, u64>,
}

/// All rounds.
#[derive(Debug)]
pub(crate) struct Report {
    tasks: f64,
    concurrency: usize,
    version: String,
    pub(crate) bare: Vec<Bare>,
    pub(crate) ours: Vec<Ours>,
}

impl Report {
    #[allow(clippy::cast_precision_loss, reason = "so many tasks fit on no cluster")]
    pub(crate) fn new(arguments: &Arguments, version: String) -> Self {
        let concurrency = arguments.concurrency;
        Self { tasks: arguments.tasks as f64, concurrency, version, bare: Vec::new(), ours: Vec::new() }
    }

    fn bare(&self, figure: impl Fn(&Bare) -> f64) -> f64 {
        median(self.bare.iter().map(figure).collect())
    }

    fn ours(&self, figure: impl Fn(&Ours) -> f64) -> f64 {
        median(self.ours.iter().map(figure).collect())
    }
}

impl fmt::Display for Report {
    #[allow(clippy::cast_precision_loss, reason = "no process has so much memory")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minute = |seconds: f64| self.tasks / seconds * 60.0;
        let mib = |bytes: f64| bytes / f64::from(1 << 20);
        let bare = self.bare(|bare| minute(bare.seconds));
        let ours = self.ours(|ours| minute(ours.submit_seconds));
        let writes = |counts: &BTreeMap<String, u64>| {
            let ours = counts.iter().filter(|(kind, _)| !kind.starts_with("GET") && !kind.starts_with("LIST"));
            ours.filter(|(kind, _)| !kind.starts_with("WATCH")).map(|(_, count)| *count as f64).sum::<f64>()
        };
        writeln!(
            f,
            "{} tasks, {} at once, Kubernetes {}, median of {} rounds\n",
            self.tasks,
            self.concurrency,
            self.version,
            self.ours.len()
        )?;
        writeln!(f, "| figure | value |\n|---|---|")?;
        writeln!(f, "| bare client, tasks a minute | {bare:.0} |")?;
        writeln!(f, "| submitted and followed, tasks a minute | {ours:.0} |")?;
        let shares = self.bare.iter().zip(&self.ours).map(|(bare, ours)| bare.seconds / ours.submit_seconds * 100.0);
        let each: Vec<String> = shares.clone().map(|share| format!("{share:.0}")).collect();
        writeln!(
            f,
            "| share of the bare rate in the same round, % | {:.0} ({}) |",
            median(shares.collect()),
            each.join(", ")
        )?;
        writeln!(f, "| last submission to last task known to the follower, s | {:.2} |", {
            self.ours(|ours| ours.known_seconds - ours.submit_seconds)
        })?;
        writeln!(f, "| last Pod known, s | {:.1} |", self.ours(|ours| ours.pods_seconds))?;
        writeln!(f, "| memory before the first task, MiB | {:.1} |", mib(self.ours(|ours| ours.rss_before as f64)))?;
        writeln!(f, "| memory with all tracked, MiB | {:.1} |", mib(self.ours(|ours| ours.rss_tracked as f64)))?;
        writeln!(f, "| most memory, MiB | {:.1} |", mib(self.ours(|ours| ours.rss_peak_tracked as f64)))?;
        writeln!(f, "| most memory, also while all end, MiB | {:.1} |", mib(self.ours(|ours| ours.rss_peak as f64)))?;
        let each = self.ours(|ours| (ours.rss_tracked as f64 - ours.rss_before as f64) / self.tasks / 1024.0);
        writeln!(f, "| memory for each tracked task, KiB | {each:.2} |")?;
        let cpu = self.ours(|ours| ours.cpu_seconds / self.tasks * 1000.0);
        let bare = self.bare(|bare| bare.cpu_seconds / self.tasks * 1000.0);
        writeln!(f, "| processor time for each task, ms (of the bare client) | {cpu:.2} ({bare:.2}) |")?;
        let beyond = self.ours(|ours| writes(&ours.requests) / self.tasks - 2.0);
        writeln!(f, "| writes for each task until it is tracked, beyond its objects | {beyond:.2} |")?;
        let ending = self.ours(|ours| writes(&ours.ending_requests) / self.tasks);
        writeln!(f, "| writes for each task from its cancel on | {ending:.2} |")?;
        writeln!(f, "| cancels a minute | {:.0} |", self.ours(|ours| minute(ours.stop_seconds)))?;
        writeln!(f, "| verdicts a minute | {:.0} |", self.ours(|ours| minute(ours.verdict_seconds)))?;
        writeln!(f)?;
        for (round, ours) in self.ours.iter().enumerate() {
            let seconds = ours.tracked_seconds;
            writeln!(f, "Requests of round {}: in {seconds:.0} s {:?}, then {:?}", round + 1, ours.requests, {
                &ours.ending_requests
            })?;
        }
        Ok(())
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => figures[middle],
        _ => f64::midpoint(figures[middle - 1], figures[middle]),
    }
}

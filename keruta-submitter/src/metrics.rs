//! What an operator watches: numbers in the text format of [Prometheus] and `OpenMetrics`.
//!
//! [Prometheus]: https://prometheus.io/docs/instrumenting/exposition_formats/

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::verdict::{Outcome, Verdict};

/// Seconds, from a quick answer of the API server to a grace that ran out.
const SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// The numbers of one process.
///
/// ```
/// use keruta_submitter::metrics::Metrics;
///
/// let metrics = Metrics::default();
/// metrics.submitted("created", std::time::Duration::from_millis(12));
/// assert!(metrics.encode().contains("keruta_submissions_total{result=\"created\"} 1"));
/// ```
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    submissions: Family<Submission, Counter>,
    submit_seconds: Histogram,
    verdicts: Family<Judged, Counter>,
    tracked: Gauge,
    watch_interruptions: Family<Watched, Counter>,
    watch_lag_seconds: Histogram,
    log_lines: Counter,
    log_bytes: Counter,
    log_gaps: Counter,
    log_lag_seconds: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Submission {
    result: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Judged {
    outcome: &'static str,
    cause: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Watched {
    kind: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds = || Histogram::new(SECONDS);
        let mut metrics = Self {
            registry: Registry::with_prefix("keruta"),
            submissions: Family::default(),
            submit_seconds: seconds(),
            verdicts: Family::default(),
            tracked: Gauge::default(),
            watch_interruptions: Family::default(),
            watch_lag_seconds: seconds(),
            log_lines: Counter::default(),
            log_bytes: Counter::default(),
            log_gaps: Counter::default(),
            log_lag_seconds: seconds(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("submissions", "Attempts submitted, by what came of it", self.submissions.clone());
        let help = "Time that the submission of an attempt took";
        registry.register_with_unit("submit_duration", help, Unit::Seconds, self.submit_seconds.clone());
        registry.register("verdicts", "Attempts that ended, by outcome and cause", self.verdicts.clone());
        registry.register("tracked_attempts", "Attempts that are followed", self.tracked.clone());
        let help = "Watches that had to begin anew after an error";
        registry.register("watch_interruptions", help, self.watch_interruptions.clone());
        let help = "Time from the end of a container to its being seen";
        registry.register_with_unit("watch_lag", help, Unit::Seconds, self.watch_lag_seconds.clone());
        registry.register("log_lines", "Lines of logs kept", self.log_lines.clone());
        registry.register_with_unit("log", "Size of the lines kept", Unit::Bytes, self.log_bytes.clone());
        registry.register("log_gaps", "Places in logs where lines are lost", self.log_gaps.clone());
        let help = "Time from the writing of a line to its being kept";
        registry.register_with_unit("log_lag", help, Unit::Seconds, self.log_lag_seconds.clone());
    }

    /// An attempt was submitted: `created`, `already there`, or the name of the error.
    pub fn submitted(&self, result: &str, took: Duration) {
        self.submissions.get_or_create(&Submission { result: result.to_owned() }).inc();
        self.submit_seconds.observe(took.as_secs_f64());
    }

    /// An attempt has ended.
    pub fn judged(&self, verdict: &Verdict) {
        let (outcome, cause) = match verdict.outcome {
            Outcome::Completed => ("completed", String::new()),
            Outcome::Cancelled => ("cancelled", String::new()),
            Outcome::Failed(cause) => ("failed", cause.to_string()),
        };
        self.verdicts.get_or_create(&Judged { outcome, cause }).inc();
    }

    /// So many attempts are followed now.
    pub fn tracked(&self, attempts: usize) {
        self.tracked.set(i64::try_from(attempts).unwrap_or(i64::MAX));
    }

    /// The watch of a kind of objects had to begin anew.
    pub fn watch_interrupted(&self, kind: &'static str) {
        self.watch_interruptions.get_or_create(&Watched { kind }).inc();
    }

    /// The end of a container was seen so long after it.
    pub fn watch_lag(&self, lag: Duration) {
        self.watch_lag_seconds.observe(lag.as_secs_f64());
    }

    /// Lines were kept, the last of them so long after it was written.
    pub fn logged(&self, lines: u64, bytes: u64, gaps: u64, lag: Option<Duration>) {
        self.log_lines.inc_by(lines);
        self.log_bytes.inc_by(bytes);
        self.log_gaps.inc_by(gaps);
        if let Some(lag) = lag {
            self.log_lag_seconds.observe(lag.as_secs_f64());
        }
    }

    /// All numbers as text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

//! When a job runs next: a pure function of its last run, what is set and what was asked for.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::JobName;
use crate::operation::ServerSettings;
use crate::store::BackgroundRequest;
use crate::store::logs::{Run, RunState};

/// How soon a run that failed is tried again, where the next one is not sooner anyway.
const AGAIN: Duration = Duration::from_mins(5);

/// What is to be expected of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// Whether it runs by itself.
    pub enabled: bool,
    /// How long after one run the next one begins.
    pub every: Duration,
    /// When it runs next; in the past where it is due. `None` where it does not run by itself, or runs now.
    pub next: Option<Timestamp>,
    /// Who asked for a run that has not begun.
    pub requested_by: Option<String>,
}

/// What is to be expected of a job.
#[must_use]
pub fn outlook(
    name: JobName,
    settings: &ServerSettings,
    last: Option<&Run>,
    request: Option<&BackgroundRequest>,
) -> Outlook {
    let own = settings.background_jobs.get(&name);
    let every = own.and_then(|own| own.every);
    let every = every.map_or(name.every(), |every| Duration::from_secs(every.as_secs().into()));
    // Without a place to export to there is nothing to do.
    let enabled = own.is_none_or(|own| own.enabled) && (name != JobName::LogExport || settings.logs.export.is_some());
    let open = request.filter(|request| last.is_none_or(|run| run.started_at < request.at));
    let next = match (last, open) {
        (Some(run), _) if run.state == RunState::Running => None,
        (_, Some(request)) => Some(request.at),
        (None, None) => enabled.then_some(Timestamp::UNIX_EPOCH),
        (Some(run), None) => {
            let pause = if run.state == RunState::Failed { every.min(AGAIN) } else { every };
            let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
            let ended = run.finished_at.unwrap_or(run.started_at);
            enabled.then(|| ended.checked_add(pause).unwrap_or(Timestamp::MAX))
        }
    };
    Outlook { enabled, every, next, requested_by: open.map(|request| request.by.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn run(state: RunState, started: i64, finished: Option<i64>) -> Run {
        Run {
            name: "cleanup".to_owned(),
            state,
            started_at: at(started),
            finished_at: finished.map(at),
            progress: None,
            result: None,
            error: None,
            succeeded_at: None,
        }
    }

    fn settings(json: &str) -> ServerSettings {
        serde_json::from_str(json).unwrap()
    }

    fn next(json: &str, last: Option<&Run>, request: Option<i64>) -> Option<i64> {
        let request = request.map(|second| BackgroundRequest { at: at(second), by: "user/ada".to_owned() });
        outlook(JobName::Cleanup, &settings(json), last, request.as_ref()).next.map(Timestamp::as_second)
    }

    #[test]
    fn a_job_runs_at_once_then_again_and_when_it_is_asked_for() {
        let (well, failed) = (run(RunState::Succeeded, 100, Some(110)), run(RunState::Failed, 100, Some(110)));
        assert_eq!(next("{}", None, None), Some(0));
        assert_eq!(next("{}", Some(&well), None), Some(110 + 3600));
        assert_eq!(next("{}", Some(&failed), None), Some(110 + 300), "sooner, since it failed");
        let often = r#"{"backgroundJobs": {"cleanup": {"every": "30s"}}}"#;
        assert_eq!(next(often, Some(&well), None), Some(140));
        assert_eq!(next(often, Some(&failed), None), Some(140));
        assert_eq!(next("{}", Some(&well), Some(105)), Some(105), "asked for while it ran: once more");
        assert_eq!(next("{}", Some(&well), Some(99)), Some(110 + 3600), "that run has begun");
        assert_eq!(next("{}", Some(&run(RunState::Running, 100, None)), Some(105)), None);
    }

    #[test]
    fn what_is_turned_off_runs_only_when_it_is_asked_for() {
        let off = r#"{"backgroundJobs": {"cleanup": {"enabled": false}}}"#;
        let well = run(RunState::Succeeded, 100, Some(110));
        assert_eq!((next(off, None, None), next(off, Some(&well), None)), (None, None));
        assert_eq!(next(off, Some(&well), Some(120)), Some(120));
        let export = |json: &str| outlook(JobName::LogExport, &settings(json), None, None).enabled;
        assert!(!export("{}"));
        assert!(export(r#"{"logs": {"export": {"url": "file:///var/lib/logs"}}}"#));
    }
}

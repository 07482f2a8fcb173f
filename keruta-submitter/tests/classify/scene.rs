//! What a submitter holds of one attempt.

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod};
use keruta_submitter::Attempt;
use keruta_submitter::classify::{Judgement, Policy, Seen, classify};
use keruta_submitter::observe::{FirstSeen, ObservedEvent, ObservedJob, ObservedPod, Stop};

pub(crate) struct Scene {
    pub(crate) attempt: Attempt,
    pub(crate) job: Option<ObservedJob>,
    pub(crate) last: Option<ObservedJob>,
    pub(crate) stop: Option<Stop>,
    pub(crate) pods: Vec<ObservedPod>,
    pub(crate) events: Vec<ObservedEvent>,
    pub(crate) first_seen: FirstSeen,
    pub(crate) changed_at: Timestamp,
}

impl Scene {
    /// A Job, and nothing else yet.
    pub(crate) fn of(job: &Job) -> Self {
        let job = ObservedJob::of(job).expect("a Job of keruta's");
        Self {
            attempt: job.attempt.clone(),
            job: Some(job),
            last: None,
            stop: None,
            pods: Vec::new(),
            events: Vec::new(),
            first_seen: FirstSeen::default(),
            changed_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// Takes over what is there now, as a watch does.
    pub(crate) fn show(&mut self, job: Option<&Job>, pods: &[Pod], events: &[Event], now: Timestamp) {
        let job = job.map(|job| ObservedJob::of(job).expect("a Job of keruta's"));
        if job.is_none() {
            self.last = self.job.take().or(self.last.take());
        }
        let known = std::mem::take(&mut self.pods);
        self.pods = pods
            .iter()
            .map(|pod| {
                let pod = ObservedPod::of(pod).expect("a Pod of a Job");
                match known.iter().find(|known| known.uid == pod.uid) {
                    Some(known) => pod.after(known),
                    None => pod,
                }
            })
            .collect();
        if self.job != job || self.pods != known {
            self.changed_at = now;
        }
        self.job = job;
        self.events = events.iter().map(ObservedEvent::from).collect();
    }

    pub(crate) fn judge(&self, policy: &Policy, now: Timestamp) -> Judgement {
        let pods: Vec<_> = self.pods.iter().collect();
        let seen = Seen {
            attempt: &self.attempt,
            job: self.job.as_ref(),
            last: self.last.as_ref(),
            stop: self.stop.as_ref(),
            pods: &pods,
            events: &self.events,
            first_seen: &self.first_seen,
            changed_at: self.changed_at,
        };
        classify(&seen, policy, now)
    }
}

//! Where each task of a run stands.

use std::collections::HashMap;
use std::sync::Arc;

use keruta_submitter::Attempt;
use keruta_submitter::bundle::Bundle;
use tokio::time::Instant;

use super::super::super::view::{Ended, Fate};
use super::queue::Queue;

/// The tasks, by their place in the input.
pub(super) struct Tasks {
    bundles: Vec<Arc<Bundle>>,
    indices: HashMap<Attempt, usize>,
    queue: Queue,
    under_way: HashMap<usize, UnderWay>,
    ended: Vec<Option<Ended>>,
}

struct UnderWay {
    began: Instant,
    deadline: Option<Instant>,
}

impl Tasks {
    pub(super) fn new(bundles: Vec<Bundle>) -> Self {
        let queue = Queue::new(&keruta_submitter::bundle::parents(&bundles));
        let indices = bundles.iter().enumerate().map(|(index, bundle)| (bundle.attempt.clone(), index)).collect();
        let ended = bundles.iter().map(|_| None).collect();
        let bundles = bundles.into_iter().map(Arc::new).collect();
        Self { bundles, indices, queue, under_way: HashMap::new(), ended }
    }

    /// The next one that may be submitted.
    pub(super) fn next(&mut self) -> Option<(usize, Arc<Bundle>)> {
        let index = self.queue.pop()?;
        Some((index, Arc::clone(&self.bundles[index])))
    }

    pub(super) fn bundle(&self, index: usize) -> &Bundle {
        &self.bundles[index]
    }

    pub(super) fn attempt(&self, index: usize) -> &Attempt {
        &self.bundles[index].attempt
    }

    pub(super) fn index(&self, attempt: &Attempt) -> Option<usize> {
        self.indices.get(attempt).copied()
    }

    /// It has its Job.
    pub(super) fn submitted(&mut self, index: usize, deadline: Option<Instant>) {
        self.under_way.insert(index, UnderWay { began: Instant::now(), deadline });
    }

    /// It is being ended: its deadline does not matter any more.
    pub(super) fn stopping(&mut self, index: usize) {
        if let Some(under_way) = self.under_way.get_mut(&index) {
            under_way.deadline = None;
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.under_way.values().filter_map(|under_way| under_way.deadline).min()
    }

    pub(super) fn overdue(&self, now: Instant) -> Vec<usize> {
        let overdue = |under_way: &UnderWay| under_way.deadline.is_some_and(|deadline| deadline <= now);
        self.under_way.iter().filter(|(_, under_way)| overdue(under_way)).map(|(index, _)| *index).collect()
    }

    pub(super) fn is_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    pub(super) fn count_under_way(&self) -> usize {
        self.under_way.len()
    }

    pub(super) fn under_way_indices(&self) -> Vec<usize> {
        self.under_way.keys().copied().collect()
    }

    /// Attempts with a Job that have not ended, and their Jobs' names.
    pub(super) fn under_way(&self) -> impl Iterator<Item = (&Attempt, &str)> {
        self.under_way.keys().map(|index| &self.bundles[*index]).map(|bundle| (&bundle.attempt, bundle.job_name()))
    }

    /// Whether some have not been submitted.
    pub(super) fn is_waiting(&self) -> bool {
        self.queue.is_ready() || self.queue.holds()
    }

    /// Its way is over, and that of those below it where it was not well. All whose way is over now.
    pub(super) fn settle(&mut self, index: usize, fate: Fate) -> Vec<Ended> {
        if self.ended[index].is_some() {
            return Vec::new();
        }
        let took = self.under_way.remove(&index).map(|under_way| under_way.began.elapsed());
        let ended = self.end(index, fate, took);
        let mut all = vec![ended];
        if all[0].is_well() {
            self.queue.went_well(index);
        } else {
            let why = format!("its ancestor {} did not complete", self.attempt(index).task);
            for below in self.queue.went_wrong(index) {
                all.push(self.end(below, Fate::Skipped(why.clone()), None));
            }
        }
        all
    }

    /// Those that were not submitted will not be.
    pub(super) fn leave_out(&mut self, why: &str) -> Vec<Ended> {
        let left = self.queue.drain();
        left.into_iter().map(|index| self.end(index, Fate::Skipped(why.to_owned()), None)).collect()
    }

    /// Those under way go on without us.
    pub(super) fn leave(&mut self) -> Vec<Ended> {
        let mut left: Vec<(usize, UnderWay)> = self.under_way.drain().collect();
        left.sort_unstable_by_key(|(index, _)| *index);
        left.into_iter()
            .map(|(index, under_way)| self.end(index, Fate::Left, Some(under_way.began.elapsed())))
            .collect()
    }

    fn end(&mut self, index: usize, fate: Fate, took: Option<std::time::Duration>) -> Ended {
        let bundle = &self.bundles[index];
        let ended = Ended { attempt: bundle.attempt.clone(), job: bundle.job_name().to_owned(), fate, took };
        self.ended[index] = Some(ended.clone());
        ended
    }

    /// How they ended, in the order of the input.
    pub(super) fn results(&mut self) -> Vec<Ended> {
        std::mem::take(&mut self.ended).into_iter().flatten().collect()
    }
}

//! When to look again at attempts of which nothing is heard.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::JobName;

/// So many that were replaced may stay in the queue, beside as many as hold.
const REPLACED: usize = 64;

/// At most one requeue for each name: the soonest.
#[derive(Debug, Default)]
pub(super) struct Requeues {
    at: HashMap<JobName, Instant>,
    queue: BinaryHeap<Reverse<(Instant, JobName)>>,
}

impl Requeues {
    /// Has a name looked at again by then at the latest.
    pub(super) fn set(&mut self, name: &JobName, at: Instant) {
        if self.at.get(name).is_some_and(|known| *known <= at) {
            return;
        }
        self.at.insert(Arc::clone(name), at);
        self.queue.push(Reverse((at, Arc::clone(name))));
        // What was replaced stays in the queue until its time comes, which may be in days.
        if self.queue.len() > 2 * self.at.len() + REPLACED {
            let Self { at, queue } = self;
            queue.retain(|Reverse((time, name))| at.get(name) == Some(time));
            queue.shrink_to_fit();
        }
    }

    /// What was set before a name is looked at is done with.
    pub(super) fn clear(&mut self, name: &str) {
        self.at.remove(name);
    }

    /// How long it is until this name's requeue.
    pub(super) fn wait(&self, name: &str) -> Option<Duration> {
        self.at.get(name).map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Waits for the next requeue; for ever where there is none.
    pub(super) async fn next(&mut self) -> JobName {
        loop {
            let Some(Reverse((at, _))) = self.queue.peek() else { return std::future::pending().await };
            sleep_until(*at).await;
            if let Some(Reverse((at, name))) = self.queue.pop()
                && self.at.get(&name) == Some(&at)
            {
                self.at.remove(&name);
                return name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requeues_come_in_order_and_the_soonest_counts() {
        let start = Instant::now();
        let mut requeues = Requeues::default();
        for (name, seconds) in [("a", 7), ("b", 3), ("c", 2), ("a", 5), ("d", 4), ("a", 6)] {
            requeues.set(&name.into(), start + Duration::from_secs(seconds));
        }
        requeues.clear("d");
        let mut rung = Vec::new();
        for _ in 0..3 {
            rung.push(format!("{} {}", requeues.next().await, start.elapsed().as_secs()));
        }
        assert_eq!(rung, ["c 2", "b 3", "a 5"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_replaced_does_not_pile_up() {
        let start = Instant::now();
        let mut requeues = Requeues::default();
        for second in 0..10_000 {
            requeues.set(&"a".into(), start + Duration::from_secs(86_400 - second));
            requeues.set(&"b".into(), start + Duration::from_secs(1));
            requeues.clear("b");
        }
        assert!(requeues.queue.len() <= REPLACED + 2, "{}", requeues.queue.len());
        assert_eq!(&*requeues.next().await, "a");
        assert_eq!(start.elapsed().as_secs(), 86_400 - 9_999);
    }
}

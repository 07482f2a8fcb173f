//! When to look again at attempts of which nothing is heard.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use tokio::time::{Instant, sleep_until};

/// At most one alarm for each name; setting one replaces the one before.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    at: HashMap<Box<str>, Instant>,
    queue: BinaryHeap<Reverse<(Instant, Box<str>)>>,
}

impl Alarms {
    pub(super) fn set(&mut self, name: &str, at: Instant) {
        self.at.insert(name.into(), at);
        self.queue.push(Reverse((at, name.into())));
    }

    pub(super) fn clear(&mut self, name: &str) {
        self.at.remove(name);
    }

    /// Waits for the next alarm; for ever where there is none.
    pub(super) async fn next(&mut self) -> Box<str> {
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
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn alarms_come_in_order_and_the_last_setting_counts() {
        let start = Instant::now();
        let mut alarms = Alarms::default();
        for (name, seconds) in [("a", 1), ("b", 3), ("c", 2), ("a", 5), ("d", 4)] {
            alarms.set(name, start + Duration::from_secs(seconds));
        }
        alarms.clear("d");
        let mut rung = Vec::new();
        for _ in 0..3 {
            rung.push(format!("{} {}", alarms.next().await, start.elapsed().as_secs()));
        }
        assert_eq!(rung, ["c 2", "b 3", "a 5"]);
    }
}

//! Pauses that grow.

use std::time::Duration;

/// Pauses from `first` to `longest`, each twice the one before, less up to a quarter so that many agents do not ask at once.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    next: Duration,
    first: Duration,
    longest: Duration,
    seed: u32,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first, first, longest, seed: std::process::id() }
    }

    /// The next pause.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        // Knuth's multiplier: it only has to differ from one process to the next.
        self.seed = self.seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        pause.saturating_sub(pause / 4 * (self.seed >> 16) / 65_536)
    }

    /// Begins anew.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_begin_anew() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(1));
        let mut backoff = Backoff::new(first, longest);
        let pauses: Vec<_> = (0..8).map(|_| backoff.pause()).collect();
        assert!(pauses[0] <= first && pauses[0] >= first * 3 / 4, "{pauses:?}");
        assert!(pauses[7] <= longest && pauses[7] >= longest * 3 / 4, "{pauses:?}");
        backoff.reset();
        assert!(backoff.pause() <= first);
    }
}

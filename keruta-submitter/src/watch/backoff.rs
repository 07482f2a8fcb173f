//! Pauses that grow.

use std::time::Duration;

/// Pauses between repeated failures: each twice as long as the one before, up to a longest.
///
/// ```
/// use std::time::Duration;
/// use keruta_submitter::watch::Backoff;
///
/// let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(3));
/// let pauses: Vec<u64> = (0..4).map(|_| backoff.next_pause().as_secs()).collect();
/// assert_eq!(pauses, [1, 2, 3, 3]);
/// ```
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// Begins with the pause `first` and never exceeds `longest`.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, failures: 0 }
    }

    /// Counts a failure and says how long to wait.
    pub fn next_pause(&mut self) -> Duration {
        let pause = self.first.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        self.failures = self.failures.saturating_add(1);
        pause.min(self.longest)
    }

    /// How many failures there were since the last success.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Takes note of a success.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }
}

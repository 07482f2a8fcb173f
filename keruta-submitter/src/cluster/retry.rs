//! Asking again: how often, how soon, and when to give up.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::error::ClusterError;

/// How often and how soon to ask again. The waits double from `first` to `longest`; all together end with `total`.
///
/// ```
/// use std::time::Duration;
/// use keruta_submitter::cluster::Backoff;
///
/// let second = Duration::from_secs(1);
/// let backoff = Backoff { first: second, longest: 4 * second, total: 60 * second };
/// let waits: Vec<u64> = (0..5).map(|tries| backoff.wait(tries, 0.0).as_secs()).collect();
/// assert_eq!(waits, [1, 2, 4, 4, 4]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first failure.
    pub first: Duration,
    /// The longest wait, also where the server asks for a longer one.
    pub longest: Duration,
    /// When to give up, from the first try on.
    pub total: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(250), longest: Duration::from_secs(10), total: Duration::from_secs(60) }
    }
}

impl Backoff {
    /// The wait after so many failures before this one (from 0), shortened by up to a half: `jitter` is from 0 to 1.
    #[must_use]
    pub fn wait(&self, failures: u32, jitter: f64) -> Duration {
        let factor = 2_u32.saturating_pow(failures.min(30));
        let wait = self.first.saturating_mul(factor).min(self.longest);
        wait.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
    }

    /// The wait before the next try, or `None` to give up: the error will not pass, or the time is over.
    #[must_use]
    pub fn next(&self, error: &ClusterError, failures: u32, elapsed: Duration, jitter: f64) -> Option<Duration> {
        if !error.is_transient() {
            return None;
        }
        let asked = error.retry_after().unwrap_or_default().min(self.longest);
        let wait = self.wait(failures, jitter).max(asked);
        (elapsed.saturating_add(wait) < self.total).then_some(wait)
    }

    /// Does something until it succeeds, fails for good or the time is over. It must be safe to repeat.
    ///
    /// `seed` spreads the waits of many that fail at once; the same seed gives the same waits.
    ///
    /// # Errors
    ///
    /// The last error.
    pub async fn retry<T, F, O>(&self, seed: u64, mut operation: O) -> Result<T, ClusterError>
    where
        F: Future<Output = Result<T, ClusterError>>,
        O: FnMut() -> F,
    {
        let start = Instant::now();
        let mut failures = 0;
        loop {
            let error = match operation().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(wait) = self.next(&error, failures, start.elapsed(), jitter(seed, failures)) else {
                return Err(error);
            };
            tracing::debug!(%error, ?wait, "asking again");
            tokio::time::sleep(wait).await;
            failures += 1;
        }
    }
}

/// A seed that follows from a name (FNV-1a).
#[must_use]
pub fn seed(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A number from 0 to 1 that follows from its arguments (the mixing steps of splitmix64).
#[must_use]
pub fn jitter(seed: u64, number: u32) -> f64 {
    let mut mixed = seed.wrapping_add(u64::from(number).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    f64::from(u32::try_from(mixed >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cluster::{Action, Verb};

    fn busy(retry_after: Option<u64>) -> ClusterError {
        let action = Action::on::<k8s_openapi::api::batch::v1::Job>(Verb::Create, "n", Some("j"));
        ClusterError::Throttled { action: Box::new(action), retry_after: retry_after.map(Duration::from_secs) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_cannot_make_one_wait_for_ever() {
        let start = Instant::now();
        let backoff = Backoff::default();
        let mut tries = 0;
        let result: Result<(), _> = backoff
            .retry(7, || {
                tries += 1;
                async { Err(busy(Some(86_400))) }
            })
            .await;
        assert!(result.is_err());
        assert!(start.elapsed() <= backoff.total);
        assert_eq!(tries, 6, "each wait is the longest one");
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_asked_again_and_what_does_not_is_not() {
        let mut tries = 0;
        let result = Backoff::default()
            .retry(1, || {
                tries += 1;
                let now = tries;
                async move { if now < 4 { Err(busy(None)) } else { Ok(now) } }
            })
            .await;
        assert_eq!(result, Ok(4));
        let mut tries = 0;
        let _: Result<(), _> = Backoff::default()
            .retry(1, || {
                tries += 1;
                async { Err(ClusterError::Unauthorized { server: String::new(), why: String::new() }) }
            })
            .await;
        assert_eq!(tries, 1);
    }

    proptest! {
        #[test]
        fn waits_are_bounded(seed: u64, failures: u32, after in proptest::option::of(0_u64..1_000_000), spent in 0_u64..120) {
            let backoff = Backoff::default();
            let jitter = jitter(seed, failures);
            prop_assert!((0.0..=1.0).contains(&jitter));
            let elapsed = Duration::from_secs(spent);
            if let Some(wait) = backoff.next(&busy(after), failures, elapsed, jitter) {
                prop_assert!(wait <= backoff.longest && elapsed + wait < backoff.total && wait >= backoff.first / 2);
            }
        }
    }
}

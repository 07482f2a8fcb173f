//! How often somebody may ask.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// After so many checks those that have not asked for a while are forgotten.
const FORGET_AFTER: u32 = 4096;

/// A rate for each key: some at once, then one each time a pause has passed.
#[derive(Debug)]
pub struct Rate<K: Hash + Eq + Clone, C: Clock + Clone = DefaultClock> {
    limiter: RateLimiter<K, HashMapStateStore<K>, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    checks: AtomicU32,
}

impl<K: Hash + Eq + Clone> Rate<K> {
    /// `burst` at once, then one a `pause`. A pause of nothing is one of a nanosecond: no limit that anybody feels.
    #[must_use]
    pub fn new(burst: NonZeroU32, pause: Duration) -> Self {
        Self::with_clock(burst, pause, DefaultClock::default())
    }
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Rate<K, C> {
    fn with_clock(burst: NonZeroU32, pause: Duration, clock: C) -> Self {
        let quota = Quota::with_period(pause.max(Duration::from_nanos(1)))
            .unwrap_or_else(|| Quota::per_second(burst))
            .allow_burst(burst);
        Self {
            limiter: RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()),
            clock,
            checks: AtomicU32::new(0),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    ///
    /// How long to wait, where there were too many.
    pub fn check(&self, key: &K) -> Result<(), Duration> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % FORGET_AFTER == FORGET_AFTER - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn each_key_has_a_burst_and_then_a_pace() {
        let clock = FakeRelativeClock::default();
        let rate = Rate::with_clock(NonZeroU32::new(3).unwrap(), Duration::from_secs(10), clock.clone());
        assert_eq!([1, 2, 3].map(|_| rate.check(&"a")), [Ok(()); 3]);
        let wait = rate.check(&"a").unwrap_err();
        assert!(wait > Duration::from_secs(9) && wait <= Duration::from_secs(10), "{wait:?}");
        assert_eq!(rate.check(&"b"), Ok(()));
        clock.advance(wait);
        assert_eq!(rate.check(&"a"), Ok(()));
        assert!(rate.check(&"a").is_err());
    }

    #[test]
    fn those_who_went_are_forgotten() {
        let clock = FakeRelativeClock::default();
        let rate = Rate::with_clock(NonZeroU32::MIN, Duration::from_millis(1), clock.clone());
        for key in 0..FORGET_AFTER * 3 {
            assert_eq!(rate.check(&key), Ok(()));
            clock.advance(Duration::from_millis(2));
        }
        assert!(rate.limiter.len() <= FORGET_AFTER as usize, "{}", rate.limiter.len());
    }
}

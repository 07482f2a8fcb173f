//! The faults of a server, and whether they fired.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Fault;

/// A fault in place, with its counts.
#[derive(Debug)]
pub(crate) struct Armed {
    pub(crate) fault: Fault,
    seen: AtomicU64,
    fired: AtomicU64,
    removed: AtomicBool,
}

impl Armed {
    /// Counts that the fault took place.
    pub(crate) fn fire(&self) {
        self.fired.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn after(&self) -> bool {
        self.fault.after
    }
}

/// The faults of a server.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    armed: Arc<Mutex<Vec<Arc<Armed>>>>,
}

impl Faults {
    /// Puts a fault in place. The guard counts it, and fails the test that ends before it fired.
    #[must_use = "the guard fails the test that never met its fault"]
    pub fn add(&self, fault: Fault) -> FaultGuard {
        let armed = Arc::new(Armed {
            fault,
            seen: AtomicU64::new(0),
            fired: AtomicU64::new(0),
            removed: AtomicBool::new(false),
        });
        self.armed.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&armed));
        FaultGuard { armed, excused: false }
    }

    /// The faults that meet this request; counts it for all that it matches.
    pub(crate) fn meeting(&self, verb: &str, resource: &str, name: &str) -> Vec<Arc<Armed>> {
        let is = |pattern: &str, text: &str| pattern == "*" || pattern == text;
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        armed.retain(|armed| !armed.removed.load(Ordering::SeqCst));
        armed
            .iter()
            .filter(|armed| {
                let fault = &armed.fault;
                is(&fault.verb, verb)
                    && is(&fault.resource, resource)
                    && fault.name.as_ref().is_none_or(|wanted| wanted == name)
            })
            .filter(|armed| {
                let nth = armed.seen.fetch_add(1, Ordering::SeqCst) + 1;
                nth >= armed.fault.first && nth - armed.fault.first < armed.fault.times
            })
            .cloned()
            .collect()
    }

    /// Fails unless every fault that is in place fired.
    ///
    /// # Panics
    /// Where one never did.
    pub fn assert_all_fired(&self) {
        let armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        for armed in armed.iter().filter(|armed| !armed.removed.load(Ordering::SeqCst)) {
            assert!(armed.fired.load(Ordering::SeqCst) > 0, "this fault never fired: {:?}", armed.fault);
        }
    }

    /// Takes all faults away, those too that never fired.
    pub fn clear(&self) {
        for armed in self.armed.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            armed.removed.store(true, Ordering::SeqCst);
        }
    }
}

/// Watches over a fault: ends it when dropped, and panics there if it never fired.
#[derive(Debug)]
#[must_use = "dropping the guard ends the fault"]
pub struct FaultGuard {
    armed: Arc<Armed>,
    excused: bool,
}

impl FaultGuard {
    /// How often the fault took place.
    #[must_use]
    pub fn fired(&self) -> u64 {
        self.armed.fired.load(Ordering::SeqCst)
    }

    /// How many requests matched, met or not.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.armed.seen.load(Ordering::SeqCst)
    }

    /// Waits until the fault fired; `false` where it has not within `time`.
    pub async fn wait_fired(&self, time: Duration) -> bool {
        let fired = async {
            while self.fired() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(time, fired).await.is_ok()
    }

    /// Ends the fault.
    ///
    /// # Panics
    /// Where it never fired.
    pub fn assert_fired(mut self) {
        self.excused = true;
        assert!(self.fired() > 0, "this fault never fired: {:?}", self.armed.fault);
    }

    /// The fault may stay away, as in a test of random orders. Its firing is still counted.
    pub fn may_stay_away(mut self) -> Self {
        self.excused = true;
        self
    }
}

impl Drop for FaultGuard {
    fn drop(&mut self) {
        self.armed.removed.store(true, Ordering::SeqCst);
        // A test that fails for another reason is told that reason.
        if !self.excused && !std::thread::panicking() {
            assert!(self.fired() > 0, "this fault never fired: {:?}", self.armed.fault);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meets_the_nth_requests() {
        let faults = Faults::default();
        let guard = faults.add(Fault::on("create", "jobs").nth(2).times(2)).may_stay_away();
        let met: Vec<usize> = (0..5).map(|_| faults.meeting("create", "jobs", "x").len()).collect();
        assert_eq!(met, [0, 1, 1, 0, 0]);
        assert!(faults.meeting("create", "pods", "x").is_empty());
        assert_eq!((guard.seen(), guard.fired()), (5, 0));
    }

    #[test]
    #[should_panic(expected = "never fired")]
    fn a_fault_that_never_fired_fails() {
        let _guard = Faults::default().add(Fault::on("get", "pods"));
    }
}

//! Faults: what goes wrong, at which request, and whether it did.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A fault and the requests that it meets.
///
/// ```
/// use scripted_apiserver::Fault;
///
/// // The second create of a Job takes effect, and its client reads 504.
/// let fault = Fault::on("create", "jobs").nth(2).answer(504).after_effect();
/// // The next watch of Pods ends after three events.
/// let fault = Fault::on("watch", "pods").cut_after(3);
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    verb: String,
    resource: String,
    name: Option<String>,
    first: u64,
    times: u64,
    after: bool,
    pub(crate) effect: Effect,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    Answer { code: u16, retry_after: Option<u64> },
    Drop,
    Delay(Duration),
    CutWatch(usize),
    StallWatch(usize),
    DuplicateEvent(usize),
    ReorderEvents(usize),
    GoneInStream(usize),
    StaleList(u64),
    CutLog { bytes: usize, clean: bool },
    StallLog(usize),
}

impl Fault {
    /// A fault of requests with this verb (`get`, `list`, `watch`, `create`, `update`, `patch`, `delete`; `*` for any) on
    /// this resource (`jobs`, `pods`, `pods/log`; `*` for any). Without more it answers 500 once, before any effect.
    #[must_use]
    pub fn on(verb: &str, resource: &str) -> Self {
        Self {
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            name: None,
            first: 1,
            times: 1,
            after: false,
            effect: Effect::Answer { code: 500, retry_after: None },
        }
    }

    /// Only requests about the object of this name. A create is about the name in its body.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// The first matching request that it meets, counted from 1.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.first = nth;
        self
    }

    /// How many matching requests in a row it meets (1 unless told).
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    /// It meets every matching request.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(u64::MAX)
    }

    /// The request is carried out first; only then does it go wrong.
    #[must_use]
    pub fn after_effect(mut self) -> Self {
        self.after = true;
        self
    }

    fn with(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// Answers with a `Status` of this code: 429, 500, 503, 504; 410 at the start of a watch.
    #[must_use]
    pub fn answer(self, code: u16) -> Self {
        self.with(Effect::Answer { code, retry_after: None })
    }

    /// Adds a `Retry-After` of so many seconds to the answer.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        if let Effect::Answer { retry_after, .. } = &mut self.effect {
            *retry_after = Some(seconds);
        }
        self
    }

    /// Closes the connection without an answer.
    #[must_use]
    pub fn drop_connection(self) -> Self {
        self.with(Effect::Drop)
    }

    /// Waits before it goes on as usual.
    #[must_use]
    pub fn delay(self, time: Duration) -> Self {
        self.with(Effect::Delay(time))
    }

    /// A watch ends, without an error, after so many events.
    #[must_use]
    pub fn cut_after(self, events: usize) -> Self {
        self.with(Effect::CutWatch(events))
    }

    /// A watch sends nothing more after so many events, and stays open.
    #[must_use]
    pub fn stall_after(self, events: usize) -> Self {
        self.with(Effect::StallWatch(events))
    }

    /// A watch sends its n-th event (from 1) twice.
    #[must_use]
    pub fn duplicate_event(self, nth: usize) -> Self {
        self.with(Effect::DuplicateEvent(nth))
    }

    /// A watch sends its n-th event (from 1) after the next one that is about another object.
    #[must_use]
    pub fn reorder_event(self, nth: usize) -> Self {
        self.with(Effect::ReorderEvents(nth))
    }

    /// A watch sends an `ERROR` event with a 410 after so many events, and ends.
    #[must_use]
    pub fn gone_after(self, events: usize) -> Self {
        self.with(Effect::GoneInStream(events))
    }

    /// A list answers as things were so many resourceVersions ago (as an API server with an old watch cache does).
    #[must_use]
    pub fn stale_list(self, versions: u64) -> Self {
        self.with(Effect::StaleList(versions))
    }

    /// A log stream ends cleanly after so many bytes, in the middle of a line or not.
    #[must_use]
    pub fn cut_log_after(self, bytes: usize) -> Self {
        self.with(Effect::CutLog { bytes, clean: true })
    }

    /// A log stream's connection breaks after so many bytes.
    #[must_use]
    pub fn break_log_after(self, bytes: usize) -> Self {
        self.with(Effect::CutLog { bytes, clean: false })
    }

    /// A log stream sends nothing more after so many bytes, and stays open.
    #[must_use]
    pub fn stall_log_after(self, bytes: usize) -> Self {
        self.with(Effect::StallLog(bytes))
    }
}

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

//! Faults: what goes wrong, at which request, and whether it did.

mod guard;

use std::time::Duration;

pub(crate) use guard::Armed;
pub use guard::{FaultGuard, Faults};

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

    /// A watch sends one event after the next one that is about another object: its n-th (from 1), or the first one behind
    /// that which is followed by such a one soon enough.
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

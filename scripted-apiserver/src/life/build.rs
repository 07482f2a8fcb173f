//! Telling a life in code.

use super::{Disruption, DisruptionKind, End, ImageTrouble, LIFE, Life, OnTerm, Run, Step, Trouble};

impl Life {
    /// The ordinary life.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a run of a container: its first, or the one after those told already.
    #[must_use]
    pub fn container(mut self, name: &str, run: Run) -> Self {
        self.containers.entry(name.to_owned()).or_default().runs.push(run);
        self
    }

    /// A container whose image cannot be had.
    #[must_use]
    pub fn image(mut self, container: &str, trouble: ImageTrouble) -> Self {
        self.containers.entry(container.to_owned()).or_default().image = Some(trouble);
        self
    }

    /// A container that the kubelet cannot make, with the kubelet's message.
    #[must_use]
    pub fn config_error(mut self, container: &str, message: &str) -> Self {
        self.containers.entry(container.to_owned()).or_default().config_error = Some(Trouble::lasting(message));
        self
    }

    /// What comes over the Pod from outside, so many milliseconds after its creation.
    #[must_use]
    pub fn disrupted(mut self, kind: DisruptionKind, after_ms: u64) -> Self {
        self.disruption = Some(Disruption { kind, after_ms });
        self
    }

    /// No node for it, with the scheduler's message.
    #[must_use]
    pub fn unschedulable(mut self, message: &str) -> Self {
        self.unschedulable = Some(Trouble::lasting(message));
        self
    }

    /// The life of the Job's next Pod.
    #[must_use]
    pub fn then(mut self, next: Self) -> Self {
        match self.next.take() {
            None => self.next = Some(Box::new(next)),
            Some(later) => self.next = Some(Box::new(later.then(next))),
        }
        self
    }

    /// The annotation for a Pod template: its key and its JSON.
    #[must_use]
    pub fn annotation(&self) -> (String, String) {
        (LIFE.to_owned(), serde_json::to_string(self).unwrap_or_default())
    }

    /// The life of the Job's Pod with this index, from 0.
    pub(crate) fn of_pod(&self, index: usize) -> &Self {
        let mut life = self;
        for _ in 0..index {
            match &life.next {
                Some(next) => life = next,
                None => break,
            }
        }
        life
    }

    /// The run of a container with this index, from 0; `None` where none is told.
    pub(crate) fn run(&self, container: &str, index: usize) -> Option<&Run> {
        let runs = &self.containers.get(container)?.runs;
        runs.get(index).or_else(|| runs.last())
    }
}

impl Run {
    /// A run that does nothing and exits 0.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a step.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Writes a line.
    #[must_use]
    pub fn line(self, text: &str) -> Self {
        self.step(Step::Line(text.to_owned()))
    }

    /// Waits so many milliseconds.
    #[must_use]
    pub fn sleep(self, ms: u64) -> Self {
        self.step(Step::SleepMs(ms))
    }

    /// Waits until it is ended.
    #[must_use]
    pub fn forever(self) -> Self {
        self.step(Step::Forever)
    }

    /// Writes numbered lines (`<prefix><n>`), spread over so many milliseconds.
    #[must_use]
    pub fn numbered(self, prefix: &str, count: u64, over_ms: u64) -> Self {
        self.step(Step::Numbered { count, prefix: prefix.to_owned(), over_ms })
    }

    /// Exits with this code.
    #[must_use]
    pub fn exit(mut self, code: i32) -> Self {
        self.end = End::Exit(code);
        self
    }

    /// Ends otherwise.
    #[must_use]
    pub fn end(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    /// What it does on SIGTERM.
    #[must_use]
    pub fn on_term(mut self, on_term: OnTerm) -> Self {
        self.on_term = on_term;
        self
    }
}

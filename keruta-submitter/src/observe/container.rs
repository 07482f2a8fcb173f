//! A container of a Pod, condensed.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, ContainerState as State, ContainerStateTerminated, ContainerStatus};
use keruta_api::Receipt;

use super::condense::{MESSAGE, TERMINATION_MESSAGE, head, tail, text};

/// A container: an init step, a sidecar or a main one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedContainer {
    /// Its name; an init container's is the name of its step.
    pub name: Box<str>,
    /// The image, as the Pod names it.
    pub image: Box<str>,
    /// Whether it is an init container that runs beside the main ones: `restartPolicy: Always`.
    pub sidecar: bool,
    /// How often it was started again in its Pod.
    pub restarts: u32,
    /// What it does now.
    pub state: ContainerState,
    /// How its run before this one ended.
    pub last_termination: Option<Box<Termination>>,
}

/// What a container does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerState {
    /// It does not run yet, or not again; also where the kubelet has said nothing yet.
    Waiting {
        /// Kubernetes' reason, such as `ContainerCreating` or `ImagePullBackOff`.
        reason: Option<Box<str>>,
        /// What it says about it.
        message: Option<Box<str>>,
    },
    /// It runs.
    Running {
        /// Since when.
        since: Option<Timestamp>,
    },
    /// It has ended.
    Terminated(Box<Termination>),
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Termination {
    /// Its exit code; more than 128 where a signal ended it.
    pub exit_code: i32,
    /// The signal that ended it, where the container runtime says so. Most do not: see [`Termination::signal`].
    pub signal: Option<i32>,
    /// Kubernetes' reason: `Completed`, `Error`, `OOMKilled`, `StartError`, `ContainerStatusUnknown`.
    pub reason: Option<Box<str>>,
    /// Its termination message; under `FallbackToLogsOnError` the last lines of its log. Where it is a receipt, the lines in it.
    pub message: Option<Box<str>>,
    /// What its agent says of the end, where it had one.
    pub receipt: Option<Box<Receipt>>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl ObservedContainer {
    pub(super) fn new(container: &Container, status: Option<&ContainerStatus>, init: bool) -> Self {
        let restarts = status.map_or(0, |status| u32::try_from(status.restart_count).unwrap_or(0));
        let last = status.and_then(|status| status.last_state.as_ref()?.terminated.as_ref());
        Self {
            name: container.name.as_str().into(),
            image: container.image.as_deref().unwrap_or_default().into(),
            sidecar: init && container.restart_policy.as_deref() == Some("Always"),
            restarts,
            state: ContainerState::new(status.and_then(|status| status.state.as_ref())),
            last_termination: last.map(|last| Box::new(Termination::from(last))),
        }
    }

    /// How it ended, where it has.
    #[must_use]
    pub fn termination(&self) -> Option<&Termination> {
        match &self.state {
            ContainerState::Terminated(termination) => Some(termination),
            _ => None,
        }
    }

    /// Whether it runs now.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        matches!(self.state, ContainerState::Running { .. })
    }

    /// Whether it runs or has ever run.
    #[must_use]
    pub fn has_started(&self) -> bool {
        match &self.state {
            ContainerState::Running { .. } => true,
            // A container that was killed before it started has ended without having begun.
            ContainerState::Terminated(termination) => termination.started_at.is_some(),
            ContainerState::Waiting { .. } => self.last_termination.is_some(),
        }
    }
}

impl ContainerState {
    fn new(state: Option<&State>) -> Self {
        let Some(state) = state else { return Self::Waiting { reason: None, message: None } };
        if let Some(terminated) = &state.terminated {
            Self::Terminated(Box::new(terminated.into()))
        } else if let Some(running) = &state.running {
            Self::Running { since: running.started_at.as_ref().map(|at| at.0) }
        } else {
            let waiting = state.waiting.as_ref();
            Self::Waiting {
                reason: text(waiting.and_then(|waiting| waiting.reason.as_deref())),
                message: head(waiting.and_then(|waiting| waiting.message.as_deref()), MESSAGE),
            }
        }
    }
}

impl Termination {
    /// Whether it ended well.
    #[must_use]
    pub const fn succeeded(&self) -> bool {
        self.exit_code == 0
    }

    /// The signal that ended it: what the runtime says, or the exit code less 128 as a shell counts.
    #[must_use]
    pub const fn signal(&self) -> Option<i32> {
        match self.signal {
            Some(signal) if signal > 0 => Some(signal),
            _ if self.exit_code > 128 && self.exit_code <= 128 + 64 => Some(self.exit_code - 128),
            _ => None,
        }
    }
}

impl From<&ContainerStateTerminated> for Termination {
    fn from(terminated: &ContainerStateTerminated) -> Self {
        // The kubelet writes the year 1970 where a container never started.
        let time = |at: Option<Timestamp>| at.filter(|at| at.as_second() > 0);
        let mut receipt = terminated.message.as_deref().and_then(Receipt::read).map(Box::new);
        let lines = receipt.as_mut().map(|receipt| std::mem::take(&mut receipt.tail));
        Self {
            exit_code: terminated.exit_code,
            signal: terminated.signal.filter(|signal| *signal != 0),
            reason: text(terminated.reason.as_deref()),
            message: tail(lines.as_deref().or(terminated.message.as_deref()), TERMINATION_MESSAGE),
            receipt,
            started_at: time(terminated.started_at.as_ref().map(|at| at.0)),
            finished_at: time(terminated.finished_at.as_ref().map(|at| at.0)),
        }
    }
}

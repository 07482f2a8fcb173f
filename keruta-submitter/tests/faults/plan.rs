//! What goes wrong in one round.

use std::time::Duration;

use fastrand::Rng;
use jiff::SignedDuration;
use scripted_apiserver::{DisruptionKind, Fault};
use serde_json::{Value, json};

use crate::scene::{SECRET, Subject};
use crate::workload::{Behaviour, Workload};

/// A kind of fault, by the name under which its firing is counted.
pub(crate) type Kind = (&'static str, fn(&mut Rng) -> Fault);

fn resource(rng: &mut Rng) -> &'static str {
    if rng.bool() { "jobs" } else { "pods" }
}

const REORDER: &str = "events in another order";

/// All kinds. The requests that they meet are ones that every round makes.
pub(crate) const KINDS: &[Kind] = &[
    ("500 to any request", |rng| Fault::on("*", "*").nth(rng.u64(1..25)).times(rng.u64(1..3)).answer(500)),
    ("503 to any request", |rng| Fault::on("*", "*").nth(rng.u64(1..25)).times(rng.u64(1..4)).answer(503)),
    ("429 with a Retry-After of an hour", |rng| {
        Fault::on(["create", "patch", "list", "watch"][rng.usize(0..4)], "*")
            .nth(rng.u64(1..3))
            .answer(429)
            .retry_after(3600)
    }),
    ("500 to a create", |rng| Fault::on("create", "jobs").times(rng.u64(1..3)).answer(500)),
    ("504 after a create", |rng| Fault::on("create", "*").nth(rng.u64(1..3)).answer(504).after_effect()),
    ("504 after a patch of a Job", |_| Fault::on("patch", "jobs").answer(504).after_effect()),
    ("504 after a patch of a Pod", |_| Fault::on("patch", "pods").answer(504).after_effect()),
    ("a conflict on a patch", |_| Fault::on("patch", "jobs").answer(409)),
    ("a connection dropped before the effect", |rng| Fault::on("*", "*").nth(rng.u64(1..25)).drop_connection()),
    ("a connection dropped after a create", |_| Fault::on("create", "jobs").drop_connection().after_effect()),
    ("a connection dropped after a patch", |rng| {
        Fault::on("patch", "*").nth(rng.u64(1..3)).drop_connection().after_effect()
    }),
    ("a watch cut", |rng| Fault::on("watch", resource(rng)).times(rng.u64(1..3)).cut_after(rng.usize(0..4))),
    ("an event twice", |rng| Fault::on("watch", resource(rng)).duplicate_event(rng.usize(1..4))),
    (REORDER, |rng| Fault::on("watch", resource(rng)).reorder_event(rng.usize(1..5))),
    ("410 at the start of a watch", |rng| Fault::on("watch", resource(rng)).times(rng.u64(1..3)).answer(410)),
    ("410 in a watch", |rng| Fault::on("watch", resource(rng)).gone_after(rng.usize(0..4))),
    ("a watch that stalls", |rng| Fault::on("watch", resource(rng)).stall_after(rng.usize(0..4))),
    ("a stale list", |rng| Fault::on("list", resource(rng)).nth(rng.u64(1..3)).stale_list(rng.u64(1..12))),
    // Once: nothing could tell two that end at the same place from the log's end.
    ("a log cut", |rng| Fault::on("get", "pods/log").nth(rng.u64(1..4)).cut_log_after(rng.usize(0..1200))),
    ("a log broken", |rng| Fault::on("get", "pods/log").times(rng.u64(1..3)).break_log_after(rng.usize(0..1200))),
    ("a log that stalls", |rng| Fault::on("get", "pods/log").stall_log_after(rng.usize(0..800))),
    ("no log", |rng| Fault::on("get", "pods/log").nth(rng.u64(1..3)).answer([500, 503][rng.usize(0..2)])),
];

/// Something that somebody does to the cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Restart,
    /// For so many milliseconds.
    Outage(u64),
    Compact,
    /// To the Pod of the n-th task.
    Disrupt(usize, DisruptionKind),
    ForceDelete(usize),
    DeleteJob(usize),
    /// A restart, after which lists are so many versions old.
    Behind(u64),
    /// The journal keeps nothing for so many calls.
    Journal(u32),
}

impl Act {
    /// The name under which it is counted.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Restart => "a restart of the API server",
            Self::Outage(_) => "an outage of the API server",
            Self::Compact => "a compaction",
            Self::Disrupt(_, DisruptionKind::Eviction) => "an eviction",
            Self::Disrupt(_, DisruptionKind::Deletion) | Self::ForceDelete(_) => "a Pod deleted",
            Self::Disrupt(..) => "another disruption",
            Self::DeleteJob(_) => "a Job deleted",
            Self::Behind(_) => "an API server that comes back behind",
            Self::Journal(_) => "a journal that fails",
        }
    }

    pub(crate) const NAMES: [&str; 9] = [
        "a restart of the API server",
        "an outage of the API server",
        "a compaction",
        "an eviction",
        "a Pod deleted",
        "another disruption",
        "a Job deleted",
        "an API server that comes back behind",
        "a journal that fails",
    ];
}

/// A round.
pub(crate) struct Plan {
    pub(crate) subjects: Vec<Subject>,
    pub(crate) faults: Vec<(&'static str, Fault)>,
    /// After so many milliseconds.
    pub(crate) acts: Vec<(u64, Act)>,
    /// After so many steps each.
    pub(crate) kills: Vec<u64>,
    pub(crate) node_clock: SignedDuration,
    /// How often everything is listed in any case.
    pub(crate) relist: Duration,
    /// How many attempts are looked at, and how many logs are read, at once.
    pub(crate) parallel: usize,
    pub(crate) streams: usize,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let count = rng.usize(2..4);
        let subjects = (0..count).map(|number| subject(&mut rng, number)).collect();
        // Every kind in turn, and some at random.
        let first = usize::try_from(seed % KINDS.len() as u64).unwrap();
        let others = rng.usize(1..6);
        let kinds: Vec<usize> = std::iter::once(first).chain((0..others).map(|_| rng.usize(0..KINDS.len()))).collect();
        let faults: Vec<_> = kinds.into_iter().map(|kind| (KINDS[kind].0, KINDS[kind].1(&mut rng))).collect();
        // A list in any case would hide that something was missed. Only an event that comes behind a later one, and that a
        // cut then takes away, is not to be had otherwise.
        let reorders = faults.iter().any(|(name, _)| *name == REORDER);
        let relist = Duration::from_secs(if reorders { 5 } else { 3600 });
        // Every act in turn, too.
        let mut acts: Vec<_> = (0..rng.usize(0..3)).map(|_| (rng.u64(50..1200), act(&mut rng, count))).collect();
        if seed.is_multiple_of(2) {
            let name = Act::NAMES[usize::try_from(seed / 2 % Act::NAMES.len() as u64).unwrap()];
            let act = std::iter::repeat_with(|| act(&mut rng, count)).find(|act| act.name() == name).unwrap();
            acts.push((rng.u64(50..600), act));
        }
        let kills = (0..rng.usize(0..4)).map(|_| rng.u64(1..60)).collect();
        let clocks = [0, 0, 0, 2, -2, 3600, -3600];
        let node_clock = SignedDuration::from_secs(clocks[rng.usize(0..clocks.len())]);
        let (parallel, streams) = ([1, 2, 64][rng.usize(0..3)], [1, 512][rng.usize(0..2)]);
        Self { subjects, faults, acts, kills, node_clock, relist, parallel, streams }
    }

    /// Whether something of this name is planned, or is no matter of a plan.
    pub(crate) fn may_show(&self, name: &str) -> bool {
        let planned =
            self.faults.iter().any(|(kind, _)| *kind == name) || self.acts.iter().any(|(_, act)| act.name() == name);
        planned || !(Act::NAMES.contains(&name) || KINDS.iter().any(|(kind, _)| *kind == name))
    }
}

fn act(rng: &mut Rng, tasks: usize) -> Act {
    let task = rng.usize(0..tasks);
    match rng.u8(0..14) {
        0..2 => Act::Restart,
        2 => Act::Outage(rng.u64(50..1500)),
        3 => Act::Compact,
        4..7 => Act::Disrupt(task, DisruptionKind::Eviction),
        7 => Act::Disrupt(task, DisruptionKind::Deletion),
        8 => Act::ForceDelete(task),
        9 => Act::Disrupt(task, DisruptionKind::Preemption),
        10 => Act::Disrupt(task, DisruptionKind::NodePressure),
        11 => Act::Behind(rng.u64(1..12)),
        12 => Act::Journal(rng.u32(1..5)),
        _ => Act::DeleteJob(task),
    }
}

/// What a container prints that exits with this code.
pub(crate) fn chatty(id: &str, count: u64, over_ms: u64, exit: Option<i32>) -> Subject {
    let main = Behaviour::new().numbered("line ", count, over_ms).line(&format!("the token is {SECRET}, keep it"));
    let mut lines: Vec<String> = (1..=count).map(|number| format!("line {number}")).collect();
    lines.push("the token is ***, keep it".to_owned());
    let main = match exit {
        Some(code) => main.exit(code),
        None => main.forever().exits_well_on_sigterm(),
    };
    Subject::new(Workload::new(id, &main), exit, lines)
}

fn subject(rng: &mut Rng, number: usize) -> Subject {
    let id = format!("task-{number}");
    let exit = [Some(0), Some(0), Some(0), Some(3), None][rng.usize(0..5)];
    let mut subject = chatty(&id, rng.u64(10..80), rng.u64(0..600), exit).submit_at(rng.u64(0..300));
    if rng.u8(0..3) == 0 {
        subject.workload = subject.workload.with("files", files());
    }
    if rng.u8(0..3) == 0 {
        subject.workload = subject.workload.with("workspace", workspace());
    }
    // One that runs for ever must be ended by somebody.
    if exit.is_none() || rng.u8(0..6) == 0 {
        subject = subject.cancel_at(rng.u64(0..1500));
    }
    subject
}

/// A file of the task, which comes as a ConfigMap.
pub(crate) fn files() -> Value {
    json!([{"path": "/etc/task/notes.txt", "content": "notes"}])
}

/// A claim of the task's own.
pub(crate) fn workspace() -> Value {
    json!({"kind": "pvc", "size": "16Mi", "retention": "delete-with-task"})
}

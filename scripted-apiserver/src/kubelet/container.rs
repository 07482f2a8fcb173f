//! One container: its runs, their logs and their ends.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Order;
use super::pod::{Pod, Stopped};
use super::start::{field, prepare};
use super::state::{Ended, Now};
use crate::cluster::locked;
use crate::life::{End, OnTerm, Run, Step};
use crate::log::LogFile;
use crate::object::{int, text};

/// Numbered lines are written in bursts of about this length.
const BURST: Duration = Duration::from_millis(5);

/// Runs a container, again where its restart policy says so. Its last exit code; `Err` where the Pod was to end.
pub(super) async fn run(pod: Arc<Pod>, index: usize, started: Option<oneshot::Sender<()>>) -> Result<i32, Stopped> {
    let (sidecar, init, name) = {
        let state = locked(&pod.state);
        let container = &state.containers[index];
        (container.sidecar, container.init, container.name.clone())
    };
    let restarts = sidecar || text(&pod.object, "/spec/restartPolicy") != "Never";
    let mut begun = started;
    let mut runs = 0;
    loop {
        if !sidecar || runs > 0 {
            prepare(&pod, index).await?;
        }
        let script = pod.life.run(&name, runs).cloned().unwrap_or_else(|| ordinary(sidecar, init));
        let ended = once(&pod, index, &script, runs, &mut begun).await;
        let code = ended.code;
        pod.update(|state| state.containers[index].now = Now::Ended(ended));
        if *pod.order().borrow() != Order::Live {
            return Err(Stopped);
        }
        let over = sidecar && *pod.sidecars_end.borrow();
        if over || !restarts || (!sidecar && code == 0) {
            return Ok(code);
        }
        runs += 1;
        if back_off(&pod, index, &name, runs).await? {
            return Ok(code);
        }
    }
}

/// What a container does that no script tells.
fn ordinary(sidecar: bool, init: bool) -> Run {
    match (sidecar, init) {
        (true, _) => Run::new().forever(),
        (false, true) => Run::new().sleep(10),
        (false, false) => Run::new().sleep(30),
    }
}

/// Waits before a container starts again. `true` where it does not, because the Pod's work is done.
///
/// As in Kubernetes the first restart comes at once; afterwards the state reads `terminated` for most of a short wait,
/// and `CrashLoopBackOff` only at its end. In longer waits it is seen for longer.
async fn back_off(pod: &Arc<Pod>, index: usize, name: &str, runs: usize) -> Result<bool, Stopped> {
    if runs < 2 {
        return Ok(false);
    }
    let doublings = u32::try_from(runs - 2).unwrap_or(u32::MAX).min(4);
    let wait = pod.cluster.settings.restart_backoff.saturating_mul(1 << doublings);
    let message = format!(
        "Back-off restarting failed container {name} in pod {}_{}({})",
        pod.key.name, pod.key.namespace, pod.uid
    );
    pod.tell("kubelet", true, "BackOff", &message, &field(pod, index));
    let shown_for = if doublings >= 3 { wait / 2 } else { wait / 10 };
    if sleep_beside(pod, wait.saturating_sub(shown_for)).await? {
        return Ok(true);
    }
    let seconds = 10_u64 << doublings;
    let message = format!(
        "back-off {seconds}s restarting failed container={name} pod={}_{}({})",
        pod.key.name, pod.key.namespace, pod.uid
    );
    pod.update(|state| {
        let container = &mut state.containers[index];
        if let Now::Ended(ended) = &container.now {
            container.last = Some(ended.clone());
        }
        container.now = Now::Waiting { reason: "CrashLoopBackOff", message };
    });
    sleep_beside(pod, shown_for).await
}

/// Waits as a sidecar does: `true` where the main containers have ended meanwhile.
async fn sleep_beside(pod: &Arc<Pod>, time: Duration) -> Result<bool, Stopped> {
    let mut end = pod.sidecars_end.subscribe();
    tokio::select! {
        slept = pod.sleep(time) => slept.map(|()| false),
        // The sender lives as long as the Pod.
        _ = end.wait_for(|end| *end) => Ok(true),
    }
}

async fn once(
    pod: &Arc<Pod>,
    index: usize,
    script: &Run,
    runs: usize,
    begun: &mut Option<oneshot::Sender<()>>,
) -> Ended {
    let id = format!("containerd://{:032x}{:032x}", fastrand::u128(..), fastrand::u128(..));
    let (name, sidecar) = {
        let state = locked(&pod.state);
        (state.containers[index].name.clone(), state.containers[index].sidecar)
    };
    let field = field(pod, index);
    let log = new_log(pod, &name, &id);
    pod.tell("kubelet", false, "Created", "Container created", &field);
    let since = pod.cluster.node_time();
    let start_error = pod.life.containers.get(&name).and_then(|life| life.start_error.clone());
    pod.update(|state| {
        let container = &mut state.containers[index];
        if let Now::Ended(ended) = &container.now {
            container.last = Some(ended.clone());
        }
        container.restarts = u32::try_from(runs).unwrap_or(u32::MAX);
        container.id.clone_from(&id);
        if start_error.is_none() {
            container.now = Now::Running { since };
        }
    });
    if let Some(begun) = begun.take() {
        // The Pod may have stopped waiting.
        let _ = begun.send(());
    }
    if let Some(message) = start_error {
        pod.tell("kubelet", true, "Failed", &format!("Error: {message}"), &field);
        end_log(pod, &name, &log);
        let started = Some(Timestamp::UNIX_EPOCH);
        return Ended {
            code: 128,
            reason: "StartError",
            message,
            started,
            finished: Some(pod.cluster.node_time()),
            id,
        };
    }
    pod.tell("kubelet", false, "Started", "Container started", &field);
    let (end, told) = act(pod, script, &log, sidecar, &field).await;
    end_log(pod, &name, &log);
    let (code, reason) = match end {
        End::Exit(0) => (0, "Completed"),
        End::Exit(code) => (code, "Error"),
        End::Signal(signal) => (128 + signal, "Error"),
        End::OomKilled => (137, "OOMKilled"),
    };
    let fallback = locked(&pod.state).containers[index].fallback_to_logs;
    let message = match told.as_ref().or(script.termination_message.as_ref()) {
        Some(message) => message.clone(),
        None if fallback && code != 0 => log.tail_text(),
        None => String::new(),
    };
    Ended { code, reason, message, started: Some(since), finished: Some(pod.cluster.node_time()), id }
}

/// Begins the log of a new instance.
fn new_log(pod: &Pod, name: &str, id: &str) -> Arc<LogFile> {
    let log = Arc::new(LogFile::new(id.to_owned()));
    let place = (pod.uid.clone(), name.to_owned());
    pod.cluster.logs().entry(place.clone()).or_default().push(Arc::clone(&log));
    if pod.cluster.settings.chronicle {
        locked(&pod.cluster.all_logs).entry(place).or_default().push(Arc::clone(&log));
    }
    log
}

/// Ends the log of an instance. The kubelet keeps one dead instance of a container, so that `--previous` fails while
/// the state reads `terminated` (measured).
fn end_log(pod: &Pod, name: &str, log: &LogFile) {
    log.end();
    if let Some(files) = pod.cluster.logs().get_mut(&(pod.uid.clone(), name.to_owned())) {
        files.retain(|file| {
            let keep = file.container_id == log.container_id;
            if !keep {
                file.remove();
            }
            keep
        });
    }
}

/// Follows the script until it ends by itself, is ended, or a test says how it ended, and with which termination message.
async fn act(pod: &Arc<Pod>, script: &Run, log: &LogFile, sidecar: bool, field: &str) -> (End, Option<String>) {
    let open = Mutex::new(Vec::new());
    let name = field.split(['{', '}']).nth(1).unwrap_or_default();
    let end = tokio::select! {
        end = until_end(pod, script, log, &open, sidecar, field, name) => (end, None),
        (end, message) = pod.control.by_hand(name) => (end, Some(message)),
    };
    // The runtime writes what is left of a line when the container ends.
    let open = locked(&open);
    if !open.is_empty() {
        log.append(pod.cluster.node_time(), &open, true, pod.cluster.settings.log_max_size);
    }
    end
}

async fn until_end(
    pod: &Arc<Pod>,
    script: &Run,
    log: &LogFile,
    open: &Mutex<Vec<u8>>,
    sidecar: bool,
    field: &str,
    name: &str,
) -> End {
    let steps = steps(pod, script, log, open);
    tokio::pin!(steps);
    let grace = tokio::select! {
        () = &mut steps => return script.end,
        grace = told_to_end(pod, sidecar) => grace,
    };
    pod.tell("kubelet", false, "Killing", &format!("Stopping container {name}"), field);
    if grace.is_zero() {
        return End::Signal(9);
    }
    match script.on_term {
        OnTerm::Die => End::Signal(15),
        OnTerm::Exit(code) => End::Exit(code),
        OnTerm::Ignore => tokio::select! {
            () = &mut steps => script.end,
            () = tokio::time::sleep(grace) => End::Signal(9),
            () = forced(pod) => End::Signal(9),
        },
    }
}

/// The grace period, once the container is to end.
async fn told_to_end(pod: &Arc<Pod>, sidecar: bool) -> Duration {
    let mut end = pod.sidecars_end.subscribe();
    tokio::select! {
        stop = pod.stopped() => stop.grace,
        _ = end.wait_for(|end| *end), if sidecar => {
            let seconds = int(&pod.object, "/spec/terminationGracePeriodSeconds").unwrap_or(30);
            pod.cluster.seconds(seconds)
        }
    }
}

/// The Pod is deleted without grace, or gone.
async fn forced(pod: &Pod) {
    let now = |order: &Order| match order {
        Order::Live => false,
        Order::Stop(stop) => stop.grace.is_zero(),
        Order::Gone => true,
    };
    // The sender lives as long as the Pod.
    let _ = pod.order().wait_for(now).await;
}

/// Does the steps; `open` is what was written of a line that has not ended.
async fn steps(pod: &Pod, script: &Run, log: &LogFile, open: &Mutex<Vec<u8>>) {
    let line = |text: &[u8]| {
        let mut open = locked(open);
        open.extend_from_slice(text);
        // containerd reads lines as Go's `bufio.Reader.ReadLine` does (measured).
        let line = open.strip_suffix(b"\r").unwrap_or(&open);
        log.append(pod.cluster.node_time(), line, false, pod.cluster.settings.log_max_size);
        open.clear();
    };
    for step in &script.steps {
        match step {
            Step::SleepMs(time) => tokio::time::sleep(Duration::from_millis(*time)).await,
            Step::Forever => std::future::pending().await,
            Step::Line(text) => line(text.as_bytes()),
            Step::Partial(text) => locked(open).extend_from_slice(text.as_bytes()),
            Step::Base64(text) => line(&STANDARD.decode(text).unwrap_or_else(|_| text.clone().into_bytes())),
            Step::Long(length) => line(&vec![b'x'; *length]),
            Step::Numbered { count, prefix, over_ms } => {
                let begun = Instant::now();
                let over = Duration::from_millis(*over_ms);
                for number in 1..=*count {
                    let due = over.mul_f64(number_share(number, *count));
                    if due > begun.elapsed() + BURST {
                        tokio::time::sleep_until(begun + due).await;
                    } else if number % 1000 == 0 {
                        tokio::task::yield_now().await;
                    }
                    line(format!("{prefix}{number}").as_bytes());
                }
            }
        }
    }
}

/// Which share of the lines has come with this one.
#[allow(clippy::cast_precision_loss, reason = "a share of time need not be exact")]
fn number_share(number: u64, count: u64) -> f64 {
    number as f64 / count.max(1) as f64
}

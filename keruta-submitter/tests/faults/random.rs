//! Random faults.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt};
use keruta_submitter::stop::Stopped;
use scripted_apiserver::{Fault, FaultGuard};
use serde_json::Value;

use crate::plan::{Act, KINDS, Plan};
use crate::scene::{Died, NAMESPACE, Scene};
use crate::truth;

/// So many rounds that each kind of fault is the first of three, and each act is planned in one at least.
const ROUNDS: u64 = 3 * KINDS.len() as u64;
/// How many rounds more are played at once for what none of those has met.
const MORE: usize = 8;
/// When the faults of a round stop.
const END_OF_FAULTS: Duration = Duration::from_secs(6);

type Counts = Mutex<BTreeMap<String, u64>>;

fn count(counts: &Counts, name: &str, more: u64) {
    *counts.lock().unwrap().entry(name.to_owned()).or_default() += more;
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// All that is to be met.
fn names() -> impl Iterator<Item = &'static str> {
    let others = ["a kill", CLOCK, STALE];
    KINDS.iter().map(|(name, _)| *name).chain(Act::NAMES).chain(CANCELS).chain(others)
}

fn missing(counts: &Counts) -> Vec<&'static str> {
    let counts = counts.lock().unwrap();
    names().filter(|name| counts.get(*name).is_none_or(|fired| *fired == 0)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_in_whatever_order() {
    let first = number("KERUTA_FAULTS_SEED", 1);
    let rounds = number("KERUTA_FAULTS_ROUNDS", ROUNDS);
    let counts = Counts::default();
    let mut failures = play((first..first + rounds).collect(), &counts).await;
    // A round may end before its faults are met; many of them together may not.
    if rounds >= ROUNDS {
        let mut next = first + rounds;
        for _ in 0..5 {
            let missing = missing(&counts);
            if missing.is_empty() {
                break;
            }
            let may_show = |seed: &u64| missing.iter().any(|name| Plan::of(*seed).may_show(name));
            let seeds: Vec<u64> = (next..).filter(may_show).take(MORE).collect();
            next = seeds.last().map_or(next, |last| last + 1);
            failures.extend(play(seeds, &counts).await);
        }
        failures.extend(missing(&counts).iter().map(|name| format!("never fired: {name}")));
    }
    println!("{:#?}", counts.into_inner().unwrap());
    assert!(failures.is_empty(), "{} rounds failed:\n{}", failures.len(), failures.join("\n\n"));
}

/// Plays the rounds of these seeds, and says what was wrong.
async fn play(seeds: Vec<u64>, counts: &Counts) -> Vec<String> {
    let at_once = usize::try_from(number("KERUTA_FAULTS_AT_ONCE", 12)).unwrap();
    let mut played: Vec<(Duration, u64, Option<String>)> = futures::stream::iter(seeds)
        .map(|seed| async move {
            let begun = Instant::now();
            let played = AssertUnwindSafe(Box::pin(round(seed, counts))).catch_unwind().await;
            let wrong = played.unwrap_or_else(|panic| {
                let text = panic.downcast_ref::<String>().cloned();
                vec![text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()]
            });
            let told = format!("KERUTA_FAULTS_SEED={seed} KERUTA_FAULTS_ROUNDS=1: {}", wrong.join("\n"));
            if !wrong.is_empty() {
                eprintln!("{told}");
            }
            (begun.elapsed(), seed, (!wrong.is_empty()).then_some(told))
        })
        .buffer_unordered(at_once)
        .collect()
        .await;
    played.sort();
    let slowest = played.iter().rev().take(8).map(|(took, seed, _)| format!("{seed}: {took:.1?}"));
    println!("the slowest rounds: {}", slowest.collect::<Vec<_>>().join(", "));
    played.into_iter().filter_map(|(.., failure)| failure).collect()
}

/// Plays a round, and says what was wrong.
async fn round(seed: u64, counts: &Counts) -> Vec<String> {
    let Plan { subjects, faults, acts, kills, node_clock, relist, parallel, streams } = Plan::of(seed);
    let mut scene = Scene::start(subjects, node_clock).await;
    (scene.relist, scene.parallel, scene.streams) = (relist, parallel, streams);
    let guards: Vec<_> =
        faults.into_iter().map(|(name, fault)| (name, scene.server.faults().add(fault).may_stay_away())).collect();
    // Faults of the acts.
    let more = Mutex::new(Vec::new());
    let deeds = async {
        let doing = acts.iter().map(|(at, act)| async {
            scene.until(*at).await;
            if carry_out(&scene, *act, &more).await {
                count(counts, act.name(), 1);
            }
        });
        futures::future::join_all(doing).await;
        tokio::time::sleep(END_OF_FAULTS).await;
        scene.server.faults().clear();
        std::future::pending::<()>().await;
    };
    let living = async {
        let mut deaths = Vec::new();
        for kill in kills {
            match scene.process(Some(kill)).await {
                Died::Done => return deaths,
                Died::Killed(step) => deaths.push(step),
            }
        }
        scene.process(None).await;
        deaths
    };
    let deaths = tokio::select! {
        deaths = living => deaths,
        () = deeds => unreachable!("the deeds never end"),
    };
    count(counts, "a kill", deaths.len() as u64);
    let more = more.into_inner().unwrap();
    for (name, guard) in guards.iter().chain(&more) {
        count(counts, name, guard.fired());
    }
    count(counts, CLOCK, u64::from(!node_clock.is_zero()));
    for subject in &scene.subjects {
        count(counts, cancel(subject.cancelled.lock().unwrap().as_ref()), 1);
    }
    let mut wrong = truth::check(&scene);
    if !wrong.is_empty() {
        wrong.push(format!(
            "killed {deaths:?}, acts {acts:?}, clock {node_clock:?}, {parallel} at once, {streams} streams"
        ));
        wrong.extend(guards.iter().map(|(name, guard)| format!("{name} ({} times)", guard.fired())));
        wrong.push(scene.told().await);
        return wrong;
    }
    // It may have been left in the middle of an outage.
    scene.server.restart().await;
    let left = scene.cleaned().await;
    if !left.is_empty() {
        wrong.push("a cleanup leaves:".to_owned());
        wrong.extend(left);
    }
    wrong
}

const CLOCK: &str = "a node's clock that is ahead or behind";
const STALE: &str = "a stale list after a restart";
const CANCELS: [&str; 3] = ["a cancel of a Job", "a cancel before the start", "a cancel after the end"];

fn cancel(stopped: Option<&Stopped>) -> &'static str {
    match stopped {
        None => "no cancel",
        Some(Stopped::Stopping { .. }) => CANCELS[0],
        Some(Stopped::Tombstone { .. }) => CANCELS[1],
        Some(Stopped::AlreadyEnded { .. }) => CANCELS[2],
    }
}

/// Does it as soon as it can be done. Whether it could.
async fn carry_out(scene: &Scene, act: Act, more: &Mutex<Vec<(&'static str, FaultGuard)>>) -> bool {
    let pod = async |task: usize| {
        let id = &scene.subjects[task].workload.id;
        soon(|| {
            let pods = scene.server.objects("pods", NAMESPACE);
            let of = |pod: &&Value| pod["metadata"]["labels"]["task-id"] == **id;
            let name = pods.iter().find(of)?["metadata"]["name"].as_str()?.to_owned();
            Some(scene.server.pod(NAMESPACE, &name))
        })
        .await
    };
    match act {
        Act::Behind(versions) => {
            for resource in ["jobs", "pods"] {
                let fault = scene.server.faults().add(Fault::on("list", resource).stale_list(versions));
                more.lock().unwrap().push((STALE, fault.may_stay_away()));
            }
            scene.server.restart().await;
        }
        Act::Journal(times) => scene.journal.fail(times),
        Act::Restart => scene.server.restart().await,
        Act::Outage(ms) => {
            scene.server.stop().await;
            tokio::time::sleep(Duration::from_millis(ms)).await;
            scene.server.resume().await;
        }
        Act::Compact => scene.server.compact(),
        Act::Disrupt(task, kind) => return pod(task).await.is_some_and(|pod| pod.disrupt(kind)),
        Act::ForceDelete(task) => return pod(task).await.is_some_and(|pod| pod.force_delete()),
        Act::DeleteJob(task) => {
            let job = scene.subjects[task].job();
            return soon(|| scene.server.delete_job(NAMESPACE, &job).then_some(())).await.is_some();
        }
    }
    true
}

/// What is there soon.
async fn soon<T>(find: impl Fn() -> Option<T>) -> Option<T> {
    for _ in 0..200 {
        if let Some(found) = find() {
            return Some(found);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    None
}

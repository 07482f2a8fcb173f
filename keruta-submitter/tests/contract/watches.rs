//! Watches through what breaks a watch. The stand-in alone does so on order.

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use keruta_submitter::Outcome;
use keruta_submitter::watch::{Change, WatchOptions, watch};
use scripted_apiserver::Fault;
use tokio::sync::mpsc;

use crate::backend::World;
use crate::workload::{Behaviour, Workload};

/// 410 at the start and in the stream, cuts, events twice and in another order, a broken connection, and 500s.
#[tokio::test]
async fn a_follower_goes_on_through_every_end_of_a_watch() {
    let world = World::start("watchfaults").await;
    let Some(server) = &world.scripted else { return world.finish().await };
    let guards: Vec<_> = ["jobs", "pods"]
        .into_iter()
        .flat_map(|resource| {
            let on = |nth| Fault::on("watch", resource).nth(nth);
            [
                on(1).answer(410),
                on(2).gone_after(0),
                on(3).cut_after(1),
                on(4).drop_connection(),
                on(5).duplicate_event(1),
                Fault::on("list", resource).nth(2).answer(500),
                on(5).cut_after(2),
            ]
        })
        .map(|fault| server.faults().add(fault))
        .collect();
    let task = Workload::new("a", &Behaviour::new().line("one").sleep_ms(4000).line("two"))
        .step("prepare", &Behaviour::new().line("ready"));
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Completed, "{verdict:#?}");
    assert_eq!(world.lines("main"), ["one", "two"]);
    let finals = world.statuses(&task).into_iter().filter(|status| status.is_final()).count();
    assert_eq!(finals, 1);
    // A fault that never fired fails the test when its guard goes, except where there may be no event left.
    for (number, guard) in guards.into_iter().enumerate() {
        if number % 7 == 6 || number % 7 == 4 {
            drop(guard.may_stay_away());
        }
    }
    world.finish().await;
}

/// A watch that is open and silent is no quiet namespace: neither events nor bookmarks come.
#[tokio::test]
async fn a_stalled_watch_is_cut_and_nothing_is_missed() {
    let world = World::start("stalled").await;
    let Some(server) = &world.scripted else { return world.finish().await };
    let stall = server.faults().add(Fault::on("watch", "jobs").stall_after(0));
    let mut options = WatchOptions::new("app=keruta");
    options.idle = Duration::from_millis(500);
    let (sender, mut changes) = mpsc::channel(16);
    let name = |job: Job| job.metadata.name;
    let running = tokio::spawn(watch(world.cluster.clone(), world.namespace.clone(), options, name, sender));
    while !matches!(changes.recv().await, Some(Change::ListEnded)) {}
    let task = Workload::new("a", &Behaviour::new().line("done"));
    let submitted = world.submit(&task).await;
    let seen = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            if let Change::Seen { object, .. } = changes.recv().await.unwrap() {
                return object;
            }
        }
    });
    assert_eq!(seen.await.unwrap(), submitted.job);
    drop(stall);
    running.abort();
    world.follow(&[&task]).ended().await;
    world.finish().await;
}

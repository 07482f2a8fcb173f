//! Logs: every line once and in order, whatever breaks.

use std::time::Duration;

use keruta_submitter::Outcome;

use crate::backend::World;
use crate::workload::{Behaviour, Workload};

const LINES: u64 = 10_000;

fn expected(prefix: &str) -> Vec<String> {
    (1..=LINES).map(|number| format!("{prefix}{number}")).collect()
}

fn chatty(over_ms: u64) -> Workload {
    Workload::new("a", &Behaviour::new().numbered("main ", LINES, over_ms).sleep_ms(200))
        .step("prepare", &Behaviour::new().numbered("prepare ", LINES, 100))
        .sidecar("proxy", &Behaviour::new().numbered("proxy ", LINES, over_ms).forever().exits_well_on_sigterm())
}

fn assert_complete(world: &World) {
    for container in ["prepare", "main", "proxy"] {
        let lines = world.lines(container);
        let prefix = format!("{container} ");
        let wanted = expected(&prefix);
        let first = lines.iter().zip(&wanted).position(|(line, wanted)| line != wanted);
        assert_eq!((lines.len(), first), (wanted.len(), None), "{container}: {:?}", first.map(|at| &lines[at]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_lines_of_three_containers() {
    let world = World::start("lines").await;
    let verdict = world.run(&chatty(1000)).await;
    assert_eq!(verdict.outcome, Outcome::Completed, "{verdict:#?}");
    assert_complete(&world);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_is_killed_and_started_again_loses_and_doubles_nothing() {
    let world = World::start("killed").await;
    let task = chatty(4000);
    world.submit(&task).await;
    for _ in 0..4 {
        let following = world.follow(&[&task]);
        tokio::time::sleep(Duration::from_millis(700)).await;
        following.kill();
    }
    world.follow(&[&task]).ended().await;
    assert_complete(&world);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_restarts_loses_nothing() {
    let world = World::start_alone("restart").await;
    let task = chatty(4000);
    world.submit(&task).await;
    let following = world.follow(&[&task]);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(800)).await;
        match (&world.scripted, std::env::var("KERUTA_TEST_RESTART_APISERVER")) {
            (Some(server), _) => server.restart().await,
            // A command that restarts the real one.
            (None, Ok(command)) => {
                let status = tokio::process::Command::new("/bin/sh").args(["-c", &command]).status().await.unwrap();
                assert!(status.success(), "{command}");
            }
            (None, Err(_)) => {}
        }
    }
    following.ended().await;
    assert_complete(&world);
    world.finish().await;
}

#[tokio::test]
async fn a_last_line_without_its_end_is_a_line() {
    let world = World::start("partial").await;
    let task = Workload::new("a", &Behaviour::new().line("first").partial("no line feed"));
    world.run(&task).await;
    assert_eq!(world.lines("main"), ["first", "no line feed"]);
    world.finish().await;
}

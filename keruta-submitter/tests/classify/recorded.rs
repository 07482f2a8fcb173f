//! Real runs, recorded: each snapshot is judged as a submitter would that sees one after the other.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod};
use keruta_submitter::classify::{Judgement, Policy};
use serde::Deserialize;

use crate::scene::Scene;

#[derive(Deserialize)]
struct Snapshot {
    at: Timestamp,
    job: Option<Job>,
    pods: Vec<Pod>,
    events: Vec<Event>,
}

#[test]
fn recorded_runs_are_judged_as_the_snapshots_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/classify/recorded");
    let mut cases: Vec<_> = entries(&root).unwrap().into_iter().filter(|path| path.is_dir()).collect();
    cases.sort();
    assert!(cases.len() >= 20, "only {} cases are there", cases.len());
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, story(&case));
        });
    }
}

/// How a run looks at each snapshot, and an hour after the last if it has no verdict by then.
fn story(case: &Path) -> String {
    let mut files = entries(case).unwrap();
    files.sort();
    let policy = Policy::default();
    let mut scene: Option<Scene> = None;
    let mut story = String::new();
    let mut start = None;
    let mut last = None;
    for file in files {
        let snapshot: Snapshot = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let now = snapshot.at;
        let seconds = now.duration_since(*start.get_or_insert(now)).as_secs();
        let scene = match &mut scene {
            Some(scene) => scene,
            none => none.insert(Scene::of(snapshot.job.as_ref().expect("a run begins with its Job"))),
        };
        scene.show(snapshot.job.as_ref(), &snapshot.pods, &snapshot.events, now);
        let judgement = scene.judge(&policy, now);
        tell(&mut story, seconds, now, &judgement);
        scene.first_seen = judgement.first_seen.clone();
        last = Some((now, judgement));
    }
    let (mut now, mut judgement) = last.expect("there is a snapshot");
    // What a submitter does when nothing changes any more: it wakes when it is told to.
    let scene = scene.expect("there is a snapshot");
    for _ in 0..100 {
        if judgement.verdict.is_some() || judgement.stop.is_some() {
            break;
        }
        let Some(wake_at) = judgement.wake_at else { break };
        assert!(wake_at > now, "{} would wake at once, for ever", case.display());
        now = wake_at;
        let before = judgement;
        judgement = scene.judge(&policy, now);
        if before.wants_events != judgement.wants_events || before.stop != judgement.stop {
            tell(&mut story, now.duration_since(start.unwrap()).as_secs(), now, &judgement);
        }
    }
    story
}

fn tell(story: &mut String, seconds: i64, now: Timestamp, judgement: &Judgement) {
    let phase = serde_json::to_string(&judgement.phase).unwrap();
    write!(story, "{seconds:>4} s {} {phase}", judgement.status).unwrap();
    for (state, since) in judgement.first_seen.iter() {
        write!(story, " [{state} for {} s]", now.duration_since(since).as_secs()).unwrap();
    }
    if let Some(at) = judgement.wake_at {
        write!(story, " wake in {} s", at.duration_since(now).as_secs()).unwrap();
    }
    if judgement.wants_events {
        story.push_str(" wants Events");
    }
    story.push('\n');
    if let Some(verdict) = &judgement.verdict {
        writeln!(story, "verdict {}", serde_json::to_string_pretty(verdict).unwrap()).unwrap();
    }
    if let Some(stop) = &judgement.stop {
        writeln!(story, "stop {}", serde_json::to_string_pretty(stop).unwrap()).unwrap();
    }
}

fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect()
}

/// A grace that is cut short by a restart of the submitter would never run out.
#[test]
fn a_grace_runs_on_over_the_annotation() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/classify/recorded/crash-looping-sidecar");
    let mut files = entries(&case).unwrap();
    files.sort();
    let mut scene: Option<Scene> = None;
    let mut annotation = String::from("{}");
    let mut now = Timestamp::UNIX_EPOCH;
    for file in files {
        let snapshot: Snapshot = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        now = snapshot.at;
        // A new process knows nothing but the annotation.
        let mut fresh = Scene::of(snapshot.job.as_ref().unwrap());
        fresh.show(snapshot.job.as_ref(), &snapshot.pods, &snapshot.events, now);
        fresh.first_seen = serde_json::from_str(&annotation).unwrap();
        annotation = fresh.judge(&Policy::default(), now).first_seen.to_annotation();
        scene = Some(fresh);
    }
    let mut scene = scene.unwrap();
    scene.first_seen = serde_json::from_str(&annotation).unwrap();
    let (_, since) = scene.first_seen.iter().next().expect("the loop was noted");
    let grace = SignedDuration::from_secs(300);
    assert!(since < now);
    assert!(scene.judge(&Policy::default(), since + grace - SignedDuration::from_secs(1)).stop.is_none());
    assert!(scene.judge(&Policy::default(), since + grace).stop.is_some());
}

//! What a review of one task's objects costs. `cargo test --release -p keruta-manifest --test review_cost -- --ignored --nocapture`

#![allow(clippy::unwrap_used, reason = "a measurement")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use keruta_manifest::review::{KubernetesVersion, Options, PodSecurityLevel, gate, review};

#[path = "review/sample.rs"]
mod sample;

/// The fastest of many rounds, for one call.
fn cost(mut call: impl FnMut()) -> Duration {
    const CALLS: u32 = 200;
    (0..200)
        .map(|_| {
            let start = Instant::now();
            (0..CALLS).for_each(|_| call());
            start.elapsed() / CALLS
        })
        .min()
        .unwrap()
}

#[test]
#[ignore = "a measurement, of use in a release build only"]
fn one_task() {
    let mut objects = sample::task();
    let bytes: usize = objects.iter().map(|object| serde_json::to_string(object).unwrap().len()).sum();
    let options = Options { pod_security: Some(PodSecurityLevel::Restricted), ..Options::default() };
    assert!(review(&objects, &options).is_empty());
    let reviewed = cost(|| drop(black_box(review(black_box(&objects), &options))));
    let gated = cost(|| drop(black_box(gate(black_box(&mut objects), KubernetesVersion::default()))));
    let written = cost(|| drop(black_box(serde_json::to_string(black_box(&objects)))));
    println!(
        "{bytes} bytes of JSON: review {reviewed:?}, gate {gated:?}; for comparison serde_json::to_string {written:?}"
    );
    assert!(reviewed < Duration::from_micros(50), "{reviewed:?}");
}

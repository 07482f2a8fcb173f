//! Whole runs of the program, over 1, 1,000 and 100,000 tasks, a task a line.
//!
//! `cargo bench -p keruta-manifest-cli` prints the time of a run beside that of `/bin/true`, and tasks a second.

#![allow(clippy::expect_used, missing_docs, reason = "a benchmark ends where its input is wrong")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};

const COUNTS: [u32; 3] = [1, 1_000, 100_000];

/// A file of so many tasks with a repository each.
fn tasks(directory: &Path, count: u32) -> PathBuf {
    let mut text = String::new();
    for number in 1..=count {
        let _ = writeln!(
            text,
            r#"{{"id":"task-{number:06}","image":"nginx:1.27","repository":{{"url":"https://github.com/example/repo.git"}}}}"#
        );
    }
    let path = directory.join(format!("tasks-{count}.jsonl"));
    std::fs::write(&path, text).expect("the tasks can be written");
    path
}

fn run(program: &str, arguments: &[&str], path: Option<&Path>) {
    let mut command = Command::new(program);
    command.args(arguments).args(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().expect("it can be run").success(), "{command:?}");
}

fn benches(c: &mut Criterion) {
    let directory = tempfile::tempdir().expect("there is a directory for temporary files");
    c.bench_function("true", |b| b.iter(|| run("/bin/true", &[], None)));
    for (name, options) in [
        ("kotlin", &["render", "--quiet", "--preset", "kotlin", "--task"][..]),
        ("pipeline", &["render", "--quiet", "--task"]),
    ] {
        let mut group = c.benchmark_group(name);
        group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
        for count in COUNTS {
            let path = tasks(directory.path(), count);
            group.throughput(Throughput::Elements(count.into()));
            if count > 1_000 {
                // A run takes seconds: ten of them, one a sample.
                group.sample_size(10).sampling_mode(SamplingMode::Flat);
            }
            group.bench_function(count.to_string(), |b| {
                b.iter(|| run(env!("CARGO_BIN_EXE_keruta-manifest"), options, Some(&path)));
            });
        }
        group.finish();
    }
}

criterion_group!(all, benches);
criterion_main!(all);

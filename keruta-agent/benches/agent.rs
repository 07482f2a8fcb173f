//! What the agent costs: `cargo bench -p keruta-agent`, or with another binary `KERUTA_AGENT_BINARY=… cargo bench -p keruta-agent`.
//!
//! Printed, not judged: figures of a busy machine say little.

#![allow(clippy::unwrap_used, reason = "a program that measures ends where it cannot")]

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 41;
const BYTES: u64 = 2 << 30;

fn main() {
    let binary = std::env::var("KERUTA_AGENT_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_keruta-agent").to_owned());
    let directory = tempfile::tempdir().unwrap();
    let agent = |words: &[&str]| {
        let mut command = Command::new(&binary);
        command
            .args(["execute", "--task-id", "bench", "--skip-init", "--log-level", "ERROR", "--work-dir"])
            .arg(directory.path())
            .arg("--")
            .args(words)
            .env("KERUTA_TERMINATION_LOG", directory.path().join("termination-log"))
            .stdin(Stdio::null());
        command
    };
    println!("binary: {} bytes", std::fs::metadata(&binary).unwrap().len());
    let bare = median(|| Command::new("true"));
    let under = median(|| agent(&["true"]));
    println!("trivial command: {bare:?} bare, {under:?} under the agent: {:?} more", under.saturating_sub(bare));
    let script = format!("head -c {BYTES} /dev/zero");
    let mut plain = Command::new("sh");
    plain.args(["-c", &script]);
    println!("output: {:.0} MB/s bare, {:.0} MB/s under the agent", rate(plain).0, {
        let (rate, peak) = rate(agent(&["sh", "-c", &script]));
        println!("memory at most while it writes: {peak} KiB");
        rate
    });
}

/// The time in the middle of many.
fn median(command: impl Fn() -> Command) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let mut command = command();
            let began = Instant::now();
            assert!(command.status().unwrap().success());
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

/// Megabytes a second through a pipe, and the most memory of the process in KiB.
fn rate(mut command: Command) -> (f64, u64) {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut from = child.stdout.take().unwrap();
    let (mut buffer, mut read, mut peak) = (vec![0; 1 << 20], 0_u64, 0);
    loop {
        let more = from.read(&mut buffer).unwrap();
        if more == 0 {
            break;
        }
        read += more as u64;
        // Once in a while; at the very end there is nothing left to look at.
        if read % (64 << 20) < more as u64 {
            peak = peak.max(memory(child.id()));
        }
    }
    assert!(child.wait().unwrap().success());
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = read as f64 / 1e6 / began.elapsed().as_secs_f64();
    (rate, peak)
}

fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or(0, |peak| peak.trim().trim_end_matches(" kB").parse().unwrap())
}

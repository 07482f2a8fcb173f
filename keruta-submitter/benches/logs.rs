//! How fast a log is read: lines, levels, redaction and the cursor, without network and disk.

#![allow(missing_docs, reason = "criterion's macros")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use keruta_submitter::logs::{Cursor, LogDecoder, Redactor};

/// 8 MiB of a log, as the kubelet gives it.
fn log(line: impl Fn(usize) -> String) -> (Vec<Bytes>, usize) {
    let (mut text, mut lines) = (String::new(), 0);
    while text.len() < 8 << 20 {
        let (second, nanosecond) = (lines / 20_000 % 60, lines * 50_000 % 1_000_000_000);
        let _ = writeln!(text, "2026-11-21T10:00:{second:02}.{nanosecond:09}Z {}", line(lines));
        lines += 1;
    }
    let bytes = Bytes::from(text);
    let chunks = (0..bytes.len()).step_by(64 << 10).map(|at| bytes.slice(at..(at + (64 << 10)).min(bytes.len())));
    (chunks.collect(), lines)
}

fn decode(c: &mut Criterion) {
    let secrets = (0..10).map(|number| format!("ghp_0123456789abcdefghij{number}"));
    let redactor = Arc::new(Redactor::new(secrets).unwrap_or_default());
    let plain =
        |n| format!("2026-11-21 10:00:00,000 INFO worker.{n}: step {n} of the build was done in 12.3 s, 4 warnings");
    let json = |n| {
        format!(r#"{{"ts":1763719200.{n},"caller":"worker/step.go:{n}","msg":"step {n} was done","level":"warn"}}"#)
    };
    let long = |n| format!("{n} ").repeat(500);
    let logs: [(&str, (Vec<Bytes>, usize)); 3] =
        [("plain", log(plain)), ("json", log(json)), ("3 KB lines", log(long))];
    let mut group = c.benchmark_group("decode");
    for (name, (chunks, lines)) in &logs {
        let bytes: usize = chunks.iter().map(Bytes::len).sum();
        for (unit, throughput) in
            [("bytes", Throughput::Bytes(bytes as u64)), ("lines", Throughput::Elements(*lines as u64))]
        {
            group.throughput(throughput);
            group.bench_function(format!("{name}/{unit}"), |b| {
                let decoder = || LogDecoder::new(Arc::clone(&redactor), Cursor::default());
                b.iter_batched(
                    decoder,
                    |mut decoder| {
                        let mut entries = Vec::new();
                        for chunk in chunks {
                            let _ = decoder.push(chunk.clone(), &mut entries);
                            black_box(&entries);
                            entries.clear();
                        }
                        decoder
                    },
                    BatchSize::LargeInput,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);

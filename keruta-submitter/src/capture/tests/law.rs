//! The law: every line once and in order, or a gap where the file lost lines.

use proptest::prelude::*;

use super::kubelet::Fault;
use super::*;

#[derive(Debug, Clone)]
enum Step {
    /// Lines, each some nanoseconds after the one before, some before it.
    Write(Vec<Line>),
    Rotate,
    /// All streams end, as where the kubelet is restarted.
    CutAll,
    Fault(Fault),
    Kill,
    Wait(u64),
    Fail(u32),
}

#[derive(Debug, Clone)]
struct Line {
    /// Nanoseconds since the line before.
    after: i64,
    /// Lines may be equal, also in their timestamps.
    text: u8,
    /// In how many pieces the runtime writes it, and the time between them.
    pieces: usize,
    between: i64,
}

fn line(back: bool) -> impl Strategy<Value = Line> {
    let ordinary = prop_oneof![
        3 => 1i64..2_000_000,
        2 => 100_000_000i64..900_000_000,
        1 => 1_000_000_000i64..5_000_000_000,
        // Two streams of a container are stamped side by side.
        1 => -3_000i64..0,
    ];
    let after = if back { prop_oneof![9 => ordinary, 1 => -9_000_000_000i64..0].boxed() } else { ordinary.boxed() };
    let pieces = prop_oneof![6 => Just(1usize), 1 => 2usize..4];
    (after, any::<u8>(), pieces, prop_oneof![0i64..1000, 0i64..1_500_000_000])
        .prop_map(|(after, text, pieces, between)| Line { after, text: text % 3, pieces, between })
}

fn step(back: bool, rotate: bool) -> impl Strategy<Value = Step> {
    let bytes = 0usize..400;
    let fault = prop_oneof![
        bytes.clone().prop_map(Fault::Cut),
        bytes.clone().prop_map(Fault::Break),
        bytes.prop_map(Fault::Stall),
        Just(Fault::Refuse(500)),
        Just(Fault::Refuse(400)),
    ];
    let write = proptest::collection::vec(line(back), 1..12).prop_map(Step::Write);
    let write = if rotate { prop_oneof![6 => write, 1 => Just(Step::Rotate)].boxed() } else { write.boxed() };
    prop_oneof![
        7 => write,
        3 => fault.prop_map(Step::Fault),
        1 => Just(Step::CutAll),
        2 => Just(Step::Kill),
        3 => (1u64..90_000).prop_map(Step::Wait),
        1 => (1u32..4).prop_map(Step::Fail),
    ]
}

/// What was written and what was kept.
struct Outcome {
    written: Vec<String>,
    kept: Vec<String>,
}

fn run(steps: &[Step], chunk: usize, unique: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut bench = Bench::new();
        bench.kubelet.chunk(chunk);
        // Over-long lines come in pieces.
        bench.capture.settings.longest_line = 64;
        // More than there are steps.
        bench.capture.settings.refusals = 30;
        // As patient as there may be faults after the end; a server that never answers is another test.
        bench.capture.settings.drain_limit = Duration::from_secs(3000);
        // Files of a few lines are rotated.
        bench.capture.settings.rotated_from = 0;
        let mut task = bench.start();
        let (mut at, mut written) = (0_i128, Vec::<String>::new());
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Write(lines) => {
                    for line in lines {
                        at += i128::from(line.after);
                        let mut text = format!("{}", line.text).repeat(30);
                        if unique {
                            text = format!("<{}> {text}", written.len());
                        }
                        for piece in 0..line.pieces {
                            let end = piece + 1 == line.pieces;
                            bench.kubelet.write(at, &text, end);
                            at += if end { 0 } else { i128::from(line.between) };
                        }
                        written.push(text.repeat(line.pieces));
                    }
                }
                Step::Rotate => bench.kubelet.rotate(),
                Step::CutAll => {
                    // What is written is sent at once, and nothing is restarted twice in a second.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    bench.kubelet.cut_all();
                    seconds(1).await;
                }
                Step::Fault(fault) => bench.kubelet.fault(match *fault {
                    // No two streams are cut at the same place: nothing could tell that from the log's end.
                    Fault::Cut(bytes) => Fault::Cut(bytes / 32 * 32 + number),
                    Fault::Break(bytes) => Fault::Break(bytes / 32 * 32 + number),
                    fault => fault,
                }),
                Step::Kill => {
                    task.abort();
                    let _ = (&mut task).await;
                    task = bench.start();
                }
                Step::Wait(milliseconds) => tokio::time::sleep(Duration::from_millis(*milliseconds)).await,
                Step::Fail(times) => bench.journal.fail(*times),
            }
        }
        bench.journal.fail(0);
        bench.end();
        tokio::time::timeout(Duration::from_secs(3600), task).await.expect("it ends").unwrap();
        Outcome { written, kept: bench.kept() }
    })
}

/// The steps with a moment after each, as between what a container writes and a rotation.
fn unhurried(steps: Vec<Step>) -> Vec<Step> {
    steps.into_iter().flat_map(|step| [step, Step::Wait(1)]).chain([Step::Wait(300)]).collect()
}

proptest! {
    #[test]
    fn rotation_alone_leaves_no_gap(
        steps in proptest::collection::vec(
            prop_oneof![
                3 => proptest::collection::vec(line(false), 1..12).prop_map(Step::Write),
                2 => Just(Step::Rotate),
                2 => (1u64..90_000).prop_map(Step::Wait),
            ],
            1..25,
        ),
        chunk in 1usize..300,
    ) {
        let Outcome { written, kept } = run(&unhurried(steps), chunk, false);
        prop_assert_eq!(kept, written);
    }

    #[test]
    fn without_rotation_nothing_is_lost_or_doubled_or_marked(
        steps in proptest::collection::vec(step(false, false), 1..25), chunk in 1usize..300,
    ) {
        let Outcome { written, kept } = run(&steps, chunk, false);
        prop_assert_eq!(kept, written);
    }

    #[test]
    fn a_clock_that_is_set_back_loses_no_line_without_a_gap(
        steps in proptest::collection::vec(step(true, false), 1..25), chunk in 1usize..300,
    ) {
        let Outcome { written, kept } = run(&steps, chunk, true);
        let mut rest = written.iter();
        for (number, line) in kept.iter().enumerate().filter(|(_, line)| *line != "…") {
            // The head of an over-long line that is given up, and may come again.
            let torn = kept.get(number + 1).is_some_and(|next| next == "…") && !written.contains(line);
            prop_assert!(torn && written.iter().any(|whole| whole.starts_with(line.as_str())) || rest.any(|next| next == line), "{:?} is doubled or out of order in {:?}", line, kept);
        }
        prop_assert!(kept == written || kept.iter().any(|line| line == "…"), "{:?} of {:?}", kept, written);
    }

    #[test]
    fn with_rotation_a_gap_stands_where_lines_are_lost(
        steps in proptest::collection::vec(step(false, true), 1..25), chunk in 1usize..300,
    ) {
        let Outcome { written, kept } = run(&steps, chunk, true);
        let mut rest = written.iter().peekable();
        // What was rotated away before anything was read nobody can know of.
        let mut gap = true;
        for (number, line) in kept.iter().enumerate() {
            if line == "…" {
                gap = true;
                continue;
            }
            // Beside a gap stands the head of an over-long line, or the tail of one whose head was rotated away.
            let torn = kept.get(number + 1).is_some_and(|next| next == "…");
            let is = |next: &String| {
                next == line || (gap && next.ends_with(line.as_str())) || (torn && next.starts_with(line.as_str()))
            };
            while gap && rest.peek().is_some_and(|next| !is(next)) {
                rest.next();
            }
            let next = rest.next();
            prop_assert!(next.is_some_and(is), "{:?} instead of {:?} in {:?}", line, next, kept);
            gap = false;
        }
        prop_assert!(gap || kept.is_empty() || rest.next().is_none(), "lines are missing at the end: {:?} of {:?}", kept, written);
    }
}

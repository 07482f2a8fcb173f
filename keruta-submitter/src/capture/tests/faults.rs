//! Each fault by itself.

use super::kubelet::Fault;
use super::*;
use crate::capture::LogRequest;

#[tokio::test(start_paused = true)]
async fn a_log_is_kept_while_the_container_runs() {
    let bench = Bench::new();
    let task = bench.start();
    bench.kubelet.lines(0..10);
    seconds(1).await;
    assert_eq!(bench.kept(), numbered(0..10));
    bench.kubelet.lines(10..20);
    bench.end();
    let stats = task.await.unwrap();
    assert_eq!(bench.kept(), numbered(0..20));
    assert_eq!((stats.entries, stats.gaps), (20, 0));
    let numbers: Vec<_> = bench.journal.entries(&source()).iter().map(number).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    assert!(bench.journal.log_cursor(&source()).await.unwrap().unwrap().done);
}

fn number(entry: &LogEntry) -> u64 {
    let LogEntry::Line(line) = entry else { panic!("a gap") };
    line.number
}

#[tokio::test(start_paused = true)]
async fn cut_broken_and_stalled_streams_go_on_where_they_were() {
    let bench = Bench::new();
    for fault in [Fault::Cut(33 * 1000 + 7), Fault::Break(20_000), Fault::Stall(90_000), Fault::Refuse(500)] {
        bench.kubelet.fault(fault);
    }
    bench.kubelet.lines(0..5000);
    let task = bench.start();
    seconds(200).await;
    assert_eq!(bench.kubelet.faults_left(), 0);
    assert_eq!(bench.kept(), numbered(0..5000));
    bench.end();
    assert_eq!(task.await.unwrap().gaps, 0);
    assert_eq!(bench.kept(), numbered(0..5000));
    let requests = bench.kubelet.requests();
    assert!(requests.iter().skip(1).any(|request| request.since.is_some()), "{requests:?}");
}

#[tokio::test(start_paused = true)]
async fn a_container_that_waits_to_start_is_waited_for() {
    let bench = Bench::new();
    bench.life.send_replace(ContainerLife::Waiting);
    let task = bench.start();
    seconds(1000).await;
    assert_eq!(bench.kubelet.requests(), []);
    (0..8).for_each(|_| bench.kubelet.fault(Fault::Refuse(400)));
    bench.kubelet.lines(0..3);
    bench.life.send_replace(ContainerLife::Running);
    seconds(200).await;
    bench.end();
    task.await.unwrap();
    assert_eq!((bench.kubelet.faults_left(), bench.kept()), (0, numbered(0..3)));
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_gone_leaves_a_gap_told_once() {
    let bench = Bench::new();
    bench.kubelet.lines(0..3);
    let task = bench.start();
    seconds(1).await;
    (0..5).for_each(|_| bench.kubelet.fault(Fault::Refuse(404)));
    bench.life.send_replace(ContainerLife::PodGone);
    task.await.unwrap();
    let kept = ["line 0", "line 1", "line 2", "…"];
    assert_eq!(bench.kept(), kept);
    bench.start().await.unwrap();
    assert_eq!(bench.kept(), kept);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_gone_is_given_up_in_time() {
    for says in [Fault::Refuse(404), Fault::Refuse(400), Fault::Says(GONE), Fault::Says(GONE_WITH_LINE_FEED)] {
        let bench = Bench::new();
        bench.kubelet.lines(0..3);
        let task = bench.start();
        seconds(1).await;
        (0..5).for_each(|_| bench.kubelet.fault(says));
        let begun = Instant::now();
        bench.end();
        // The stream that is open gives its rest first.
        task.await.unwrap();
        assert_eq!(bench.kept(), ["line 0", "line 1", "line 2", "…"], "{says:?}");
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    }
}

/// Measured: without a line feed, and with status 200.
const GONE: &str = "unable to retrieve container logs for containerd://1";
const GONE_WITH_LINE_FEED: &str = "unable to retrieve container logs for containerd://1\n";

#[tokio::test(start_paused = true)]
async fn a_log_that_was_removed_before_it_was_read_is_a_gap_and_no_line() {
    for says in [GONE, GONE_WITH_LINE_FEED] {
        let bench = Bench::new();
        (0..100).for_each(|_| bench.kubelet.fault(Fault::Says(says)));
        bench.kubelet.lines(0..3);
        bench.end();
        let begun = Instant::now();
        bench.start().await.unwrap();
        assert_eq!(bench.kept(), ["…"], "{says:?}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn the_kubelets_own_words_in_the_middle_of_a_resume_are_no_line() {
    for says in [GONE, GONE_WITH_LINE_FEED] {
        for running in [true, false] {
            // Over many seconds, so that a resume asks from one.
            let bench = Bench::new();
            bench.kubelet.fault(Fault::Cut(4000 * 40));
            bench.kubelet.lines(0..8000);
            (0..3).for_each(|_| bench.kubelet.fault(Fault::Says(says)));
            if !running {
                bench.end();
            }
            let task = bench.start();
            seconds(100).await;
            if running {
                // A restart of the runtime: the log is there again.
                assert_eq!(bench.kept(), numbered(0..8000), "{says:?}");
                bench.end();
            }
            task.await.unwrap();
            assert_eq!(bench.kubelet.faults_left(), 0, "{says:?}, {running}");
            let kept = bench.kept();
            assert!(kept.iter().all(|line| line == "…" || line.starts_with("line ")), "{:?}", kept.last());
            assert!(running || kept.last().is_some_and(|last| last == "…"), "{:?}", kept.last());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_never_started_has_no_gap() {
    let bench = Bench::new();
    bench.life.send_replace(ContainerLife::Waiting);
    let task = bench.start();
    seconds(1).await;
    bench.life.send_replace(ContainerLife::PodGone);
    assert_eq!(task.await.unwrap().entries, 0);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_ends_the_drain() {
    let bench = Bench::new();
    (0..1000).for_each(|_| bench.kubelet.fault(Fault::Refuse(500)));
    bench.end();
    let begun = Instant::now();
    bench.start().await.unwrap();
    assert_eq!(bench.kept(), ["…"]);
    assert!(begun.elapsed() < Duration::from_secs(330));
}

#[tokio::test(start_paused = true)]
async fn rotation_while_away_is_a_gap_only_where_lines_are_lost() {
    for (rotated_at, gaps) in [(50, 0), (150, 1)] {
        let bench = Bench::new();
        bench.kubelet.lines(0..rotated_at);
        if rotated_at < 100 {
            bench.kubelet.rotate();
            bench.kubelet.lines(rotated_at..100);
        }
        bench.kubelet.fault(Fault::Stall(usize::MAX));
        let task = bench.start();
        seconds(1).await;
        task.abort();
        if rotated_at > 100 {
            bench.kubelet.lines(150..160);
            bench.kubelet.rotate();
        }
        bench.kubelet.lines(160..200);
        bench.end();
        let stats = bench.start().await.unwrap();
        assert_eq!(stats.gaps, gaps, "{:?}", bench.kept());
        let expected = if gaps == 0 {
            [numbered(50..100), numbered(160..200)].concat()
        } else {
            [numbered(0..150), vec!["…".into()], numbered(160..200)].concat()
        };
        assert_eq!(bench.kept(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_last_line_without_its_end_is_kept_and_half_a_line_is_not() {
    let bench = Bench::new();
    bench.kubelet.lines(0..3);
    bench.kubelet.write(3_000_000, "no end", false);
    let task = bench.start();
    seconds(300).await;
    assert_eq!(bench.kept(), numbered(0..3), "it may go on");
    // The drain is cut in the middle of the last line.
    bench.kubelet.fault(Fault::Cut(4 * 33 - 2));
    bench.end();
    task.await.unwrap();
    assert_eq!(bench.kept(), ["line 0", "line 1", "line 2", "no end"]);
}

#[tokio::test(start_paused = true)]
async fn an_over_long_line_is_kept_in_pieces_and_goes_on_after_a_kill() {
    let mut bench = Bench::new();
    bench.capture.settings.longest_line = 1000;
    bench.capture.redactor = Arc::new(Redactor::new(["s3cret-s3cret"]).unwrap());
    bench.kubelet.lines(0..2);
    let half = "0123456789s3cret-s3cret".repeat(100);
    bench.kubelet.write(2_000_000, &half, false);
    let task = bench.start();
    seconds(1).await;
    task.abort();
    assert!(bench.kept()[2].len() > 500, "some of it is kept");
    bench.kubelet.write(3_000_000, &half, true);
    bench.kubelet.lines(4..6);
    bench.end();
    bench.start().await.unwrap();
    let long = "0123456789***".repeat(200);
    assert_eq!(bench.kept(), ["line 0", "line 1", &long, "line 4", "line 5"]);
    let numbers: Vec<_> = bench.journal.entries(&source()).iter().map(number).collect();
    assert_eq!((numbers[2], *numbers.last().unwrap()), (3, 5));
}

#[tokio::test(start_paused = true)]
async fn a_slow_journal_slows_the_reading() {
    let bench = Bench::new();
    bench.journal.slow_down(Duration::from_secs(1000));
    bench.kubelet.chunk(8 << 10);
    bench.kubelet.lines(0..100_000);
    let task = bench.start();
    // The cursor was read; the first batch is on its way.
    seconds(1900).await;
    assert_eq!(bench.kept().len(), 0);
    let first = bench.kubelet.served();
    assert!((1..300 << 10).contains(&first), "{first} bytes were read");
    seconds(1000).await;
    assert!(!bench.kept().is_empty());
    assert!(bench.kubelet.served() < first + (300 << 10), "{} bytes were read", bench.kubelet.served());
    assert_eq!(bench.kubelet.requests().len(), 1, "the slowness is not the stream's");
    bench.journal.slow_down(Duration::ZERO);
    bench.end();
    task.await.unwrap();
    assert_eq!(bench.kept(), numbered(0..100_000));
}

#[tokio::test(start_paused = true)]
async fn a_failing_journal_gets_all_when_it_heals() {
    let bench = Bench::new();
    bench.kubelet.lines(0..1000);
    bench.journal.fail(20);
    let task = bench.start();
    seconds(600).await;
    assert_eq!(bench.kept(), numbered(0..1000));
    bench.journal.fail(10);
    bench.kubelet.lines(1000..2000);
    bench.end();
    task.await.unwrap();
    assert_eq!(bench.kept(), numbered(0..2000));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_lines_once_and_in_order_over_many_kills() {
    let bench = Bench::new();
    bench.kubelet.chunk(1000);
    for round in 0..100 {
        let task = bench.start();
        bench.kubelet.lines(round * 100..(round + 1) * 100);
        tokio::time::sleep(Duration::from_millis((round as u64 * 37) % 450)).await;
        task.abort();
    }
    bench.end();
    assert_eq!(bench.start().await.unwrap().gaps, 0);
    assert_eq!(bench.kept(), numbered(0..10_000));
}

#[tokio::test(start_paused = true)]
async fn the_run_before_a_restart_is_read_as_the_previous_one() {
    let bench = Bench::new();
    bench.kubelet.lines(0..5);
    bench.kubelet.end();
    bench.life.send_replace(ContainerLife::Restarted { to: 1 });
    bench.start().await.unwrap();
    assert_eq!(bench.kept(), numbered(0..5));
    assert_eq!(bench.kubelet.requests()[0], LogRequest { previous: true, ..LogRequest::default() });

    let bench = Bench::new();
    bench.life.send_replace(ContainerLife::Restarted { to: 2 });
    bench.start().await.unwrap();
    assert_eq!(bench.kept(), ["…"]);
}

#[tokio::test(start_paused = true)]
async fn the_number_of_open_streams_is_limited() {
    let bench = Bench::new();
    let taken = Arc::clone(&bench.capture.streams).acquire_owned().await.unwrap();
    bench.kubelet.lines(0..5);
    bench.end();
    let task = bench.start();
    seconds(100).await;
    assert_eq!(bench.kubelet.requests(), []);
    drop(taken);
    task.await.unwrap();
    assert_eq!(bench.kept(), numbered(0..5));
}

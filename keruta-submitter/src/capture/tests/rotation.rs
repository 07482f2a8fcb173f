//! Files that are rotated away: a gap where a line may be lost, and nowhere else.

use super::kubelet::Fault;
use super::*;

/// Enough lines for a file that a kubelet may rotate.
const MANY: usize = 2000;

#[tokio::test(start_paused = true)]
async fn a_file_that_is_empty_at_the_end_is_no_gap_where_the_end_was_seen() {
    let bench = Bench::new();
    bench.kubelet.lines(0..MANY);
    let task = bench.start();
    seconds(1).await;
    bench.kubelet.rotate();
    seconds(5).await;
    let begun = Instant::now();
    bench.end();
    assert_eq!(task.await.unwrap().gaps, 0);
    assert_eq!(bench.kept(), numbered(0..MANY));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_container_that_is_silent_for_long_keeps_its_stream() {
    let bench = Bench::new();
    bench.kubelet.lines(0..MANY);
    let task = bench.start();
    seconds(1).await;
    bench.kubelet.rotate();
    seconds(1000).await;
    bench.kubelet.lines(MANY..MANY + 10);
    seconds(1).await;
    bench.end();
    assert_eq!(task.await.unwrap().gaps, 0);
    assert_eq!(bench.kept(), numbered(0..MANY + 10));
    let follows = bench.kubelet.requests().iter().filter(|request| request.follow && request.tail.is_none()).count();
    assert_eq!(follows, 1);
}

#[tokio::test(start_paused = true)]
async fn the_watch_may_tell_late_of_the_end() {
    for late in [1, 10, 100] {
        let bench = Bench::new();
        bench.kubelet.lines(0..MANY);
        let task = bench.start();
        seconds(1).await;
        bench.kubelet.rotate();
        seconds(5).await;
        bench.kubelet.end();
        seconds(late).await;
        bench.life.send_replace(ContainerLife::Ended);
        assert_eq!(task.await.unwrap().gaps, 0, "{late}");
        assert_eq!(bench.kept(), numbered(0..MANY));
    }
}

#[tokio::test(start_paused = true)]
async fn a_next_file_that_no_stream_has_shown_goes_on_where_the_last_one_ended() {
    let bench = Bench::new();
    bench.kubelet.be_deaf();
    bench.kubelet.lines(0..MANY);
    let task = bench.start();
    seconds(1).await;
    bench.kubelet.rotate();
    bench.kubelet.lines(MANY..MANY + 10);
    seconds(1).await;
    // The stream that looks whether it has ended meets none; the first reads of it are cut.
    bench.kubelet.fault(Fault::Cut(usize::MAX));
    bench.kubelet.fault(Fault::Cut(0));
    bench.kubelet.fault(Fault::Cut(100));
    bench.end();
    assert_eq!(task.await.unwrap().gaps, 0);
    assert_eq!(bench.kept(), numbered(0..MANY + 10));
    assert_eq!(bench.kubelet.faults_left(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_written_and_rotated_while_no_stream_was_open_is_a_gap() {
    for (last, refused) in [(0, 5), (10, 5), (0, 0), (10, 0)] {
        let bench = Bench::new();
        bench.kubelet.lines(0..MANY);
        let task = bench.start();
        seconds(1).await;
        (0..refused).for_each(|_| bench.kubelet.fault(Fault::Refuse(500)));
        bench.kubelet.cut_all();
        // The reader notices.
        tokio::time::sleep(Duration::from_millis(1)).await;
        bench.kubelet.lines(MANY..MANY + 5);
        bench.kubelet.rotate();
        bench.kubelet.lines(MANY + 5..MANY + 5 + last);
        bench.end();
        let begun = Instant::now();
        task.await.unwrap();
        // Refusals are given half a minute.
        assert!(begun.elapsed() < Duration::from_secs(5 + 6 * refused), "{:?}", begun.elapsed());
        let expected = [numbered(0..MANY), vec!["…".into()], numbered(MANY + 5..MANY + 5 + last)].concat();
        assert_eq!(bench.kept(), expected, "{last} lines in the last file, refused {refused} times");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_amid_its_lines_may_have_been_cut() {
    let bench = Bench::new();
    bench.kubelet.lines(0..MANY);
    bench.kubelet.fault(Fault::Cut(1000 * 40));
    let task = bench.start();
    tokio::time::sleep(Duration::from_millis(1)).await;
    bench.kubelet.rotate();
    bench.end();
    task.await.unwrap();
    let kept = bench.kept();
    assert_eq!((kept.last().unwrap().as_str(), bench.kubelet.faults_left()), ("…", 0));
    assert!((500..MANY).contains(&kept.len()), "{}", kept.len());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_stalls_shows_nothing_of_the_end() {
    let bench = Bench::new();
    bench.kubelet.lines(0..MANY);
    bench.kubelet.fault(Fault::Stall(1000 * 40));
    let task = bench.start();
    seconds(5).await;
    bench.kubelet.rotate();
    bench.end();
    task.await.unwrap();
    assert_eq!(bench.kept().last().unwrap(), "…");
}

#[tokio::test(start_paused = true)]
async fn the_next_runs_lines_are_not_taken_for_this_ones() {
    for lines in [10, MANY] {
        let bench = Bench::new();
        bench.kubelet.lines(0..lines);
        let task = bench.start();
        seconds(1).await;
        // The container has been started again already; the watch tells of it later.
        bench.kubelet.end();
        tokio::time::sleep(Duration::from_millis(1)).await;
        bench.kubelet.restart();
        bench.kubelet.lines(lines..lines + 10);
        tokio::time::sleep(Duration::from_millis(1400)).await;
        bench.kubelet.lines(lines + 10..lines + 20);
        tokio::time::sleep(Duration::from_millis(1400)).await;
        let begun = Instant::now();
        bench.kubelet.restart();
        bench.kubelet.lines(0..lines);
        bench.kubelet.end();
        // What is asked for now is the run before.
        bench.life.send_replace(ContainerLife::Restarted { to: 1 });
        assert_eq!(task.await.unwrap().gaps, 0, "{lines}");
        assert_eq!(bench.kept(), numbered(0..lines));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}

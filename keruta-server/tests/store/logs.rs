//! Logs: written once, read in every order, followed.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use keruta_api::TaskStatus;
use keruta_server::log::{Levels, LineFilter, Place, Places, TextFilter};
use keruta_server::store::Store;
use keruta_server::store::logs::{
    Follow, Item, LogError, LogQuery, LogStore, News, Page, Progress, SealSettings, Start,
};
use keruta_submitter::Attempt;
use keruta_submitter::logs::{Cursor, Gap, Level, LogEntry, LogLine, LogSource};

use crate::{at, on_each, spec};

pub(crate) fn source(task: &str, attempt: u32, container: &str) -> LogSource {
    LogSource {
        attempt: Attempt { namespace: "tasks".into(), task: task.into(), number: attempt },
        job: format!("keruta-job-{task}"),
        pod: format!("keruta-job-{task}-{attempt}"),
        pod_uid: format!("uid-{attempt}"),
        container: container.into(),
        restart: 0,
    }
}

/// A time so many milliseconds after the first.
fn ms(milliseconds: i64) -> Timestamp {
    at(0) + Duration::from_millis(milliseconds.unsigned_abs())
}

pub(crate) fn line(number: u64, timestamp: Timestamp, message: &str) -> LogEntry {
    let level = Level::of_line(message.as_bytes());
    LogEntry::Line(LogLine { number, timestamp, level, message: message.to_owned().into(), continues: false })
}

pub(crate) fn cursor(lines: u64, done: bool) -> Cursor {
    let mut cursor = Cursor::default();
    (cursor.lines, cursor.done) = (lines, done);
    cursor
}

fn texts(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| String::from_utf8_lossy(item.entry().unwrap().message).into_owned()).collect()
}

async fn all(logs: &LogStore, query: &LogQuery) -> Vec<Item> {
    use futures::TryStreamExt;
    logs.stream(query, &Places::default()).await.unwrap().try_concat().await.unwrap()
}

#[tokio::test]
async fn a_batch_and_its_cursor_are_kept_once() {
    on_each(async |store| {
        let logs = LogStore::start(store);
        let main = source("a", 1, "main");
        assert_eq!(logs.cursor(&main).await.unwrap(), None);
        let batch = [line(1, ms(0), "one"), line(2, ms(1), "ERROR: two")];
        let kept = logs.append(&main, &batch, &cursor(2, false)).await.unwrap();
        assert_eq!((kept.entries, kept.news), (2, true));
        // The answer was lost, and the batch comes again.
        let kept = logs.append(&main, &batch, &cursor(2, false)).await.unwrap();
        assert_eq!((kept.entries, kept.news), (2, false));
        assert_eq!(logs.cursor(&main).await.unwrap(), Some(cursor(2, false)));
        // A reader that was thought dead.
        let stale = logs.append(&main, &[line(2, ms(1), "two"), line(3, ms(2), "x")], &cursor(3, false)).await;
        assert!(matches!(stale, Err(LogError::Behind { lines: 2, first: 2 })), "{stale:?}");
        let gap = LogEntry::Gap(Gap { after: Some(ms(1)), before: None, reason: "the Pod is gone".into() });
        logs.append(&main, std::slice::from_ref(&gap), &cursor(2, true)).await.unwrap();

        let read: Vec<_> =
            all(&logs, &LogQuery::new("a")).await.iter().map(|item| item.entry().unwrap().to_log_entry()).collect();
        assert_eq!(read, [batch[0].clone(), batch[1].clone(), gap]);
        let [kept] = &logs.sources("a").await.unwrap()[..] else { panic!("one log") };
        assert_eq!((&kept.source, kept.entries, kept.lines, kept.gaps, kept.done), (&main, 3, 2, 1, true));
        assert_eq!((kept.levels.of(Level::Info), kept.levels.of(Level::Error)), (1, 1));
        assert_eq!(logs.sources("b").await.unwrap(), []);
        assert_eq!(logs.sizes().await.unwrap().lines, 2);
    })
    .await;
}

#[tokio::test]
async fn an_agent_sends_on_at_the_offset_and_is_told_the_true_one() {
    on_each(async |store| {
        let logs = LogStore::start(store);
        let agent = source("a", 1, "agent");
        let batch = |from: u64, texts: &[&str]| -> Vec<_> {
            (from..).zip(texts).map(|(number, text)| line(0, ms(number.cast_signed()), text)).collect()
        };
        logs.append_at(&agent, 0, &batch(0, &["a", "b"]), false).await.unwrap();
        let ahead = logs.append_at(&agent, 3, &batch(3, &["d"]), false).await;
        assert!(matches!(ahead, Err(LogError::Offset { current: 2 })), "{ahead:?}");
        assert_eq!(logs.append_at(&agent, 2, &batch(2, &["c"]), false).await.unwrap().entries, 3);
        // The same again is done already; another text at the same place is not.
        for (offset, again) in [(0, batch(0, &["a", "b"])), (1, batch(1, &["b", "c"])), (2, batch(2, &["c"]))] {
            let kept = logs.append_at(&agent, offset, &again, false).await.unwrap();
            assert_eq!((kept.entries, kept.news), (3, false));
        }
        for (offset, other) in [(0, batch(0, &["a", "x"])), (2, batch(2, &["c", "d"]))] {
            let refused = logs.append_at(&agent, offset, &other, false).await;
            assert!(matches!(refused, Err(LogError::Offset { current: 3 })), "{refused:?}");
        }
        let items = all(&logs, &LogQuery::new("a")).await;
        assert_eq!(texts(&items), ["a", "b", "c"]);
        assert_eq!(items.iter().map(|item| item.entry().unwrap().number).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(logs.offset(&agent).await.unwrap(), 3);
        logs.append(&source("a", 1, "main"), &[line(1, ms(0), "x")], &cursor(1, false)).await.unwrap();
        let captured = logs.append_at(&source("a", 1, "main"), 1, &batch(1, &["y"]), false).await;
        assert!(matches!(captured, Err(LogError::Captured)), "{captured:?}");
    })
    .await;
}

/// Three containers that log in turns, in many small batches; some of it merged already.
async fn three(store: Store) -> LogStore {
    let logs = LogStore::start(store);
    for start in (0..300_u64).step_by(10) {
        for (index, container) in (0_u64..).zip(["git-clone", "main", "sidecar"]) {
            let lines: Vec<_> = (start..start + 10)
                .map(|number| {
                    let word = ["INFO", "ERROR", "DEBUG"][(number % 3) as usize];
                    line(number + 1, ms((number * 3 + index).cast_signed()), &format!("{word}: {container} {number}"))
                })
                .collect();
            logs.append(&source("a", 1, container), &lines, &cursor(start + 10, false)).await.unwrap();
        }
        if start == 200 {
            logs.seal(&SealSettings::default(), at(9_000_000_000), &Progress::default()).await.unwrap();
        }
    }
    logs
}

fn filter(levels: &str, keyword: &str) -> Arc<LineFilter> {
    let texts = if keyword.is_empty() { vec![] } else { vec![TextFilter::keyword(keyword).unwrap()] };
    Arc::new(LineFilter { levels: levels.parse::<Levels>().unwrap(), texts, ..LineFilter::default() })
}

#[tokio::test]
async fn several_logs_are_read_as_one_in_pages_both_ways() {
    on_each(async |store| {
        let logs = three(store).await;
        let everything = LogQuery::new("a");
        let whole = texts(&all(&logs, &everything).await);
        let numbered = |number: u64| ["git-clone", "main", "sidecar"].map(|name| format!("{name} {number}"));
        let wanted: Vec<_> = (0..300).flat_map(numbered).collect();
        assert!(whole.iter().map(|text| text.split_once(' ').unwrap().1).eq(wanted.iter()), "{whole:?}");

        let mut queries = vec![everything.clone()];
        queries.push(LogQuery { filter: filter("=ERROR", ""), ..everything.clone() });
        queries.push(LogQuery { filter: filter("DEBUG", "main 2"), ..everything.clone() });
        queries.push(LogQuery { containers: vec!["main".into(), "sidecar".into()], ..everything.clone() });
        let (since, until) = (Some(300_000_000 + at(0).as_second() * 1_000_000_000), None);
        queries.push(LogQuery {
            filter: Arc::new(LineFilter { since, until, ..LineFilter::default() }),
            ..everything.clone()
        });
        for query in queries {
            let whole = texts(&all(&logs, &query).await);
            assert!((30..=900).contains(&whole.len()));
            for limit in [7, 100, 5000] {
                let (mut forward, mut start) = (Vec::new(), Start::First);
                loop {
                    let page = logs.page(&query, start, limit).await.unwrap();
                    assert!(page.items.len() <= limit);
                    forward.extend(texts(&page.items));
                    let Some(next) = page.next else { break };
                    start = Start::from(next.to_string().parse::<Place>().unwrap());
                }
                assert_eq!(forward, whole, "{query:?}");
                let (mut backward, mut start) = (Vec::new(), Start::Tail);
                loop {
                    let page = logs.page(&query, start, limit).await.unwrap();
                    backward.splice(0..0, texts(&page.items));
                    let Some(previous) = page.previous else { break };
                    start = Start::from(previous);
                }
                assert_eq!(backward, whole, "{query:?}");
            }
            let hits = logs.hits(&query, 5).await.unwrap();
            assert_eq!((hits.levels.total(), hits.first.len(), hits.searched_to), (whole.len() as u64, 5, None));
        }
        let tail =
            logs.page(&LogQuery { filter: filter("=ERROR", ""), ..everything.clone() }, Start::Tail, 2).await.unwrap();
        assert_eq!(texts(&tail.items), ["ERROR: main 298", "ERROR: sidecar 298"]);
        // A page goes both ways from where it is.
        let Page { previous: Some(previous), next: None, .. } = tail else { panic!("{tail:?}") };
        let before = logs.page(&everything, Start::from(previous), 1).await.unwrap();
        assert_eq!(texts(&before.items), ["ERROR: git-clone 298"]);
    })
    .await;
}

#[tokio::test]
async fn a_window_begins_at_any_line_of_a_log() {
    on_each(async |store| {
        let logs = three(store).await;
        let main = logs.sources("a").await.unwrap().into_iter().find(|log| log.source.container == "main").unwrap();
        let query = LogQuery { source: Some(main.id), ..LogQuery::new("a") };
        for (line, before, first, count) in
            [(1, 0, 1, 3), (150, 0, 150, 3), (211, 10, 201, 3), (299, 0, 299, 2), (5, 99, 1, 3)]
        {
            let page = logs.page(&query, Start::Line { line, before }, 3).await.unwrap();
            let numbers: Vec<_> = page.items.iter().map(|item| item.entry().unwrap().number).collect();
            assert_eq!(numbers, (first..first + count).collect::<Vec<u64>>(), "{line} {before}");
        }
        assert!(logs.page(&query, Start::Line { line: 301, before: 0 }, 3).await.unwrap().items.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_keeps_the_order_of_lines() {
    on_each(async |store| {
        let logs = LogStore::start(store);
        for (start, times) in [(0, [5, 6]), (2, [1, 2]), (4, [7, 3])] {
            let lines: Vec<_> =
                (start..).zip(times).map(|(n, time)| line(n + 1, ms(time), &format!("main {n}"))).collect();
            logs.append(&source("a", 1, "main"), &lines, &cursor(start + 2, false)).await.unwrap();
        }
        logs.append(&source("a", 1, "other"), &[line(1, ms(0), "first"), line(2, ms(6), "late")], &cursor(2, false))
            .await
            .unwrap();
        let whole = ["first", "main 0", "main 1", "main 2", "main 3", "late", "main 4", "main 5"];
        assert_eq!(texts(&all(&logs, &LogQuery::new("a")).await), whole);
        assert_eq!(texts(&logs.page(&LogQuery::new("a"), Start::Tail, 4).await.unwrap().items), whole[4..]);
        // What is asked for by time is what was stamped so.
        let since = Some(at(0).as_second() * 1_000_000_000);
        let until = since.map(|since| since + 3_000_000);
        let query =
            LogQuery { filter: Arc::new(LineFilter { since, until, ..LineFilter::default() }), ..LogQuery::new("a") };
        assert_eq!(texts(&all(&logs, &query).await), ["first", "main 2", "main 3"]);
    })
    .await;
}

/// What a follower is told until there is nothing for a while.
async fn told(follow: &mut Follow, until: usize) -> (Vec<String>, Option<Option<TaskStatus>>) {
    let mut told = Vec::new();
    while told.len() < until {
        let news = tokio::time::timeout(Duration::from_secs(10), follow.next()).await.expect("news in time").unwrap();
        let text = |message: &[u8]| String::from_utf8_lossy(message).into_owned();
        match news {
            News::Items(items) => told.extend(texts(&items)),
            News::Batch(batch) => told.extend(batch.chunk().unwrap().iter().map(|entry| text(entry.message))),
            News::Picked { batch, picked } => {
                let chunk = batch.chunk().unwrap();
                told.extend(picked.into_iter().map(|index| text(chunk.get(index).unwrap().message)));
            }
            News::Ended(status) => return (told, Some(status)),
        }
    }
    (told, None)
}

#[tokio::test]
async fn a_follower_sees_what_was_and_what_comes_and_the_end() {
    on_each(async |store| {
        store.create_task(spec(r#"{"id": "a"}"#), "tasks", "ada", at(0)).await.unwrap();
        let logs = three(store.clone()).await;
        let main = LogQuery { containers: vec!["main".into()], ..LogQuery::new("a") };
        let mut everything = logs.follow(LogQuery::new("a"), Places::default());
        let mut errors = logs.follow(LogQuery { filter: filter("=ERROR", ""), ..main.clone() }, Places::default());
        assert_eq!(told(&mut everything, 900).await.0, texts(&all(&logs, &LogQuery::new("a")).await));
        assert_eq!(told(&mut errors, 100).await.0.len(), 100);
        let place = everything.places().clone();

        // Live, and at once: not by the next look.
        for (later, number, container) in [(0, 301, "main"), (1, 301, "sidecar"), (2, 302, "main")] {
            let text = format!("ERROR: {container} {number}");
            logs.append(&source("a", 1, container), &[line(number, ms(2000 + later), &text)], &cursor(number, false))
                .await
                .unwrap();
        }
        let live = ["ERROR: main 301", "ERROR: sidecar 301", "ERROR: main 302"];
        assert_eq!(told(&mut everything, 3).await.0, live);
        assert_eq!(told(&mut errors, 2).await.0, [live[0], live[2]]);
        // One that was cut goes on where it was.
        let mut again = logs.follow(LogQuery::new("a"), place.to_string().parse().unwrap());
        assert_eq!(told(&mut again, 3).await.0, live);

        // A process of its own, as another replica is: nothing tells this one of it.
        let other = LogStore::start(store.clone());
        let new = source("a", 2, "main");
        other.append(&new, &[line(1, ms(3000), "from afar")], &cursor(1, true)).await.unwrap();
        assert_eq!(told(&mut everything, 1).await.0, ["from afar"]);
        assert_eq!(told(&mut again, 1).await.0, ["from afar"]);

        store.cancel_task("a", "ada", None, at(1)).await.unwrap();
        for container in ["git-clone", "main", "sidecar"] {
            logs.append(&source("a", 1, container), &[], &cursor(999, true)).await.unwrap();
        }
        for follower in [&mut everything, &mut errors, &mut again] {
            assert_eq!(told(follower, 1).await, (vec![], Some(Some(TaskStatus::Cancelled))));
        }
        let mut late = logs.follow(LogQuery::new("a"), everything.places().clone());
        assert_eq!(told(&mut late, 1).await, (vec![], Some(Some(TaskStatus::Cancelled))));
    })
    .await;
}

#[tokio::test]
async fn a_line_is_handed_on_when_it_is_written() {
    on_each(async |store| {
        let logs = LogStore::start(store);
        let main = source("a", 1, "main");
        logs.append(&main, &[line(1, ms(0), "1")], &cursor(1, false)).await.unwrap();
        let mut everything = logs.follow(LogQuery::new("a"), Places::default());
        let errors = LogQuery { filter: filter("ERROR", ""), ..LogQuery::new("a") };
        let mut errors = logs.follow(errors, Places::default());
        assert_eq!(told(&mut everything, 1).await.0, ["1"]);
        let write = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let batch = [line(2, ms(1), "2"), line(3, ms(2), "ERROR: 3")];
            logs.append(&main, &batch, &cursor(3, false)).await.unwrap();
        };
        let (all, picked, ()) = tokio::join!(everything.next(), errors.next(), write);
        assert!(matches!(&all.unwrap(), News::Batch(batch) if batch.end() == 3));
        assert!(matches!(&picked.unwrap(), News::Picked { picked, .. } if *picked == [1]));
        assert_eq!(everything.places(), errors.places());
    })
    .await;
}

#[tokio::test]
async fn a_log_that_was_lost_as_a_whole_says_so_at_its_time() {
    on_each(async |store| {
        let logs = LogStore::start(store);
        let gap = LogEntry::Gap(Gap { after: None, before: None, reason: "the Pod was gone".into() });
        let begun = Timestamp::now();
        logs.append(&source("a", 1, "main"), &[gap], &cursor(0, true)).await.unwrap();
        let items = all(&logs, &LogQuery::new("a")).await;
        let noticed = keruta_server::log::timestamp(items[0].entry().unwrap().time);
        assert!((begun..=Timestamp::now()).contains(&noticed), "{noticed}");
    })
    .await;
}

#[tokio::test]
async fn many_large_logs_at_the_same_time_are_followed() {
    on_each(async |store| {
        let logs = LogStore::start(store);
        let long = "x".repeat(1000);
        for number in 0..30 {
            // More at once than a follower reads in a turn.
            let lines: Vec<_> = (1..=260).map(|n| line(n, ms(n.cast_signed()), &format!("{n} {long}"))).collect();
            logs.append(&source("a", 1, &format!("c{number}")), &lines, &cursor(260, false)).await.unwrap();
        }
        let mut follow = logs.follow(LogQuery::new("a"), Places::default());
        let told = told(&mut follow, 7800).await.0;
        assert!(told.iter().enumerate().all(|(at, text)| text.starts_with(&format!("{} ", at / 30 + 1))));
    })
    .await;
}

#[tokio::test]
async fn a_page_of_very_long_lines_ends_early() {
    on_each(async |store| {
        let logs = LogStore::start(store);
        let long = "x".repeat(1 << 20);
        for number in 1..=40 {
            logs.append(&source("a", 1, "main"), &[line(number, ms(0), &long)], &cursor(number, false)).await.unwrap();
        }
        let page = logs.page(&LogQuery::new("a"), Start::First, 1000).await.unwrap();
        assert_eq!((page.items.len(), page.next.is_some()), (16, true));
        let page = logs.page(&LogQuery::new("a"), Start::Tail, 1000).await.unwrap();
        assert_eq!((page.items.len(), page.previous.is_some()), (16, true));
        assert_eq!(all(&logs, &LogQuery::new("a")).await.len(), 40);
    })
    .await;
}

#[tokio::test]
async fn a_follower_that_is_slow_misses_nothing() {
    on_each(async |store| {
        let logs = LogStore::start(store);
        let main = source("a", 1, "main");
        logs.append(&main, &[line(1, ms(0), "1")], &cursor(1, false)).await.unwrap();
        let mut follow = logs.follow(LogQuery::new("a"), Places::default());
        assert_eq!(told(&mut follow, 1).await.0, ["1"]);
        // More batches than are held for it.
        for number in 2..=200 {
            logs.append(&main, &[line(number, ms(number.cast_signed()), &number.to_string())], &cursor(number, false))
                .await
                .unwrap();
        }
        assert_eq!(told(&mut follow, 199).await.0, (2..=200).map(|number| number.to_string()).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn many_writers_at_once_lose_and_double_nothing() {
    on_each(async |store| {
        let logs = LogStore::start(store);
        let writers = (0..40).map(|number| {
            let logs = logs.clone();
            tokio::spawn(async move {
                let source = source(&format!("task-{}", number % 4), 1, &format!("c{number}"));
                for batch in 0..25_u64 {
                    let lines: Vec<_> = (1..=4).map(|n| line(batch * 4 + n, ms(0), "x")).collect();
                    logs.append(&source, &lines, &cursor(batch * 4 + 4, false)).await.unwrap();
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        for task in 0..4 {
            let task = format!("task-{task}");
            assert_eq!(all(&logs, &LogQuery::new(&task)).await.len(), 1000);
            for log in logs.sources(&task).await.unwrap() {
                let query = LogQuery { source: Some(log.id), ..LogQuery::new(&task) };
                let numbers: Vec<_> =
                    all(&logs, &query).await.iter().map(|item| item.entry().unwrap().number).collect();
                assert_eq!(numbers, (1..=100).collect::<Vec<u64>>());
            }
        }
    })
    .await;
}

use super::*;

fn attempt(task: &str) -> Attempt {
    Attempt { namespace: "ns".into(), task: task.into(), number: 1 }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn lines(directory: &Path) -> usize {
    fs::read_to_string(directory.join("submissions.ndjson")).unwrap().lines().count()
}

#[tokio::test]
async fn what_was_noted_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = FileLedger::open(directory.path(), "a").unwrap();
    ledger.intend(&attempt("one"), at(1)).await.unwrap();
    ledger.intend(&attempt("one"), at(2)).await.unwrap();
    ledger.created(&attempt("one"), "uid-1", at(3)).await.unwrap();
    ledger.created(&attempt("one"), "uid-1", at(4)).await.unwrap();
    ledger.intend(&attempt("two"), at(5)).await.unwrap();
    let other = ledger.created(&attempt("one"), "uid-2", at(6)).await.unwrap_err();
    assert!(matches!(other, LedgerError::OtherJob { .. }), "{other}");
    drop(ledger);

    // Half a line, as a crash leaves it.
    let path = directory.path().join("submissions.ndjson");
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"cluster\":\"a\",\"names").unwrap();
    let ledger = FileLedger::open(directory.path(), "a").unwrap();
    let one = Submission { intended_at: at(1), job_uid: Some("uid-1".into()) };
    assert_eq!(ledger.lookup(&attempt("one")).await.unwrap(), Some(one));
    assert_eq!(ledger.lookup(&attempt("two")).await.unwrap().unwrap().job_uid, None);
    assert_eq!(ledger.lookup(&attempt("three")).await.unwrap(), None);
    ledger.created(&attempt("three"), "uid-3", at(7)).await.unwrap();
    drop(ledger);
    assert_eq!(lines(directory.path()), 4, "two calls changed nothing, and half a line is cut away");

    let elsewhere = FileLedger::open(directory.path(), "b").unwrap();
    assert_eq!(elsewhere.lookup(&attempt("one")).await.unwrap(), None);
}

/// Two handles lock each other out as two processes do.
#[tokio::test]
async fn two_handles_know_what_the_other_noted() {
    let directory = tempfile::tempdir().unwrap();
    let open = |cluster| FileLedger::open(directory.path(), cluster).unwrap();
    let (first, second, elsewhere) = (open("a"), open("a"), open("b"));
    first.intend(&attempt("one"), at(1)).await.unwrap();
    assert_eq!(second.lookup(&attempt("one")).await.unwrap().unwrap().intended_at, at(1));
    second.created(&attempt("one"), "uid-1", at(2)).await.unwrap();
    let other = first.created(&attempt("one"), "uid-2", at(3)).await.unwrap_err();
    assert!(matches!(other, LedgerError::OtherJob { .. }), "{other}");
    assert_eq!(elsewhere.lookup(&attempt("one")).await.unwrap(), None);

    // A third that was killed while it wrote.
    let mut file = OpenOptions::new().append(true).open(directory.path().join("submissions.ndjson")).unwrap();
    file.write_all(b"{\"cluster\":\"a\",\"names").unwrap();
    second.intend(&attempt("two"), at(4)).await.unwrap();
    assert!(first.lookup(&attempt("two")).await.unwrap().is_some());

    // Many at once: every attempt gets one line for its intent and one for its Job, and one Job.
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..200 {
        let (ledger, uid) = if number % 2 == 0 { (first.clone(), "even") } else { (second.clone(), "odd") };
        calls.spawn(async move {
            let attempt = attempt(&format!("many-{}", number / 2));
            ledger.intend(&attempt, at(5)).await.unwrap();
            ledger.created(&attempt, uid, at(6)).await.is_ok()
        });
    }
    let recorded = calls.join_all().await.into_iter().filter(|recorded| *recorded).count();
    assert_eq!(recorded, 100);
    assert_eq!(lines(directory.path()), 3 + 200);
    for number in 0..100 {
        let attempt = attempt(&format!("many-{number}"));
        let known = first.lookup(&attempt).await.unwrap();
        assert!(known.is_some() && known == second.lookup(&attempt).await.unwrap());
    }
}

#[tokio::test]
async fn a_file_with_much_that_is_superseded_is_compacted_by_who_is_alone() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = FileLedger::open(directory.path(), "a").unwrap();
    let elsewhere = FileLedger::open(directory.path(), "b").unwrap();
    elsewhere.intend(&attempt("other"), at(1)).await.unwrap();
    for number in 0..SUPERSEDED {
        let attempt = attempt(&number.to_string());
        ledger.intend(&attempt, at(2)).await.unwrap();
        ledger.created(&attempt, &format!("uid-{number}"), at(3)).await.unwrap();
    }
    drop(elsewhere);
    let second = FileLedger::open(directory.path(), "a").unwrap();
    assert_eq!(lines(directory.path()), 2 * SUPERSEDED + 1, "the first has it open");
    drop((ledger, second));
    let again = FileLedger::open(directory.path(), "a").unwrap();
    assert_eq!(lines(directory.path()), SUPERSEDED + 1);
    assert_eq!(again.lookup(&attempt("7")).await.unwrap().unwrap().job_uid.as_deref(), Some("uid-7"));
    let elsewhere = FileLedger::open(directory.path(), "b").unwrap();
    assert_eq!(elsewhere.lookup(&attempt("other")).await.unwrap().unwrap().intended_at, at(1));
}

#[test]
fn a_file_of_something_else_is_not_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("submissions.ndjson");
    fs::write(&path, "hello\n").unwrap();
    assert!(matches!(FileLedger::open(directory.path(), "a"), Err(LedgerError::Spoilt { line: 1, .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), "hello\n");
}

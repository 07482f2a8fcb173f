//! Applies what is rendered to a real cluster and follows it to its end.
//!
//! Runs where `KERUTA_TEST_KUBECONFIG` names a kubeconfig, and says that it was skipped elsewhere. It needs `kubectl`
//! and the right to make namespaces; it makes its own, named after this process, and deletes them at its end.
//!
//! | variable | what it says |
//! |---|---|
//! | `KERUTA_TEST_IMAGE_GIT`, `_CURL`, `_WAIT` | images in place of the default ones, for a cluster without a way out |
//! | `KERUTA_TEST_STORAGE_CLASS` | the class of the claims; the cluster's default where absent |
//! | `KERUTA_TEST_CASE` | runs only the cases whose name has this text |
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

#[path = "cluster/case.rs"]
mod case;
#[path = "cluster/lab.rs"]
mod lab;

#[path = "cluster/applying.rs"]
mod applying;
#[path = "cluster/failing.rs"]
mod failing;
#[path = "cluster/pipeline.rs"]
mod pipeline;
#[path = "cluster/workspace.rs"]
mod workspace;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

use case::Case;
use lab::Lab;

/// A case, the Pod Security Standard that its namespace enforces, and what it does.
type Row = (&'static str, &'static str, fn(&Case<'_>));

const CASES: [Row; 13] = [
    ("minimal", "restricted", applying::a_minimal_task_completes),
    ("unchanged", "baseline", applying::what_was_applied_is_unchanged_and_another_status_is_refused),
    ("root", "baseline", workspace::a_root_has_checkout_script_and_document),
    ("user", "baseline", workspace::a_main_container_with_a_user_of_its_own_can_write),
    ("family", "baseline", workspace::descendants_find_the_work_of_their_root),
    ("stream", "baseline", workspace::a_family_applied_at_once_shares_one_checkout),
    ("restricted-dir", "restricted", workspace::a_restricted_task_works_in_an_empty_dir),
    ("restricted-pvc", "restricted", workspace::a_restricted_task_works_in_a_claim),
    ("retry", "baseline", failing::a_retry_and_a_second_attempt_find_the_checkout),
    ("refused", "baseline", failing::what_a_retry_cannot_help_fails_at_once),
    ("flaky", "baseline", failing::an_api_that_stumbles_is_asked_again),
    ("evicted", "baseline", failing::an_eviction_does_not_count_as_a_failure),
    ("pipeline", "restricted", pipeline::steps_run_and_texts_arrive_byte_for_byte),
];

#[test]
fn what_is_rendered_runs_on_a_cluster() {
    let Some(lab) = Lab::set_up() else { return };
    let wanted = std::env::var("KERUTA_TEST_CASE").unwrap_or_default();
    let queue: Mutex<Vec<&Row>> = Mutex::new(CASES.iter().rev().filter(|row| row.0.contains(&wanted)).collect());
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some((name, level, run)) = queue.lock().unwrap().pop() else { return };
                    let case = Case::new(&lab, name, level);
                    let ran = catch_unwind(AssertUnwindSafe(|| run(&case)));
                    eprintln!("{name} ... {}", if ran.is_ok() { "ok" } else { "FAILED" });
                    if ran.is_err() {
                        case.tell();
                        failed.lock().unwrap().push(*name);
                    }
                }
            });
        }
    });
    drop(lab);
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "failed: {}", failed.join(", "));
}

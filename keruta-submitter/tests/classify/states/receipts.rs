//! What an agent's receipt says, beside what Kubernetes shows.

use keruta_submitter::{Cause, Outcome};
use serde_json::{Value, json};

use super::verdict;
use crate::made::{at, disrupted, ended, job, main_state, pod, terminated, with};

/// A termination message of the agent of the task `a`.
fn receipt(outcome: &str, code: u8, more: Value) -> String {
    let line = json!({"kerutaReceipt": 1, "task": "a", "attempt": 1, "outcome": outcome, "exitCode": code,
        "startedAt": at(1).to_string(), "finishedAt": at(11).to_string(), "tail": "step 1\nstep 2"});
    with([line, more]).to_string()
}

fn ended_with(phase: &str, code: u8, message: &str) -> Value {
    main_state(phase, terminated(code.into(), if code == 0 { "Completed" } else { "Error" }, message))
}

#[test]
fn work_that_was_done_before_the_pod_was_put_out_is_done() {
    let complete = job(ended("Complete", "CompletionsReached"));
    let done = ended_with("Succeeded", 0, &receipt("completed", 0, json!({})));
    let put_out = disrupted("EvictionByEvictionAPI");
    verdict(&complete, &[pod(with([done, put_out.clone()]))], Outcome::Completed, false, "receipt");
    // The same without a receipt cannot be told from a command that ended because it was told to.
    let unknown = ended_with("Succeeded", 0, "bye");
    verdict(&complete, &[pod(with([unknown, put_out]))], Outcome::Failed(Cause::Evicted), true, "evicted");
}

#[test]
fn an_end_with_0_on_somebodys_word_is_no_success_though_nothing_else_shows_of_it() {
    let complete = job(ended("Complete", "CompletionsReached"));
    let told = receipt("interrupted", 0, json!({"signal": 15, "reason": "the container was told to end by signal 15"}));
    let pod = pod(ended_with("Succeeded", 0, &told));
    verdict(&complete, &[pod], Outcome::Failed(Cause::Evicted), true, "told to end by signal 15");
}

#[test]
fn a_pod_that_failed_because_it_was_told_to_end_may_be_tried_again() {
    let failed = job(ended("Failed", "BackoffLimitExceeded"));
    let told = receipt("interrupted", 143, json!({"reason": "the container was told to end by signal 15"}));
    let interrupted = pod(ended_with("Failed", 143, &told));
    verdict(&failed, &[interrupted], Outcome::Failed(Cause::Evicted), true, "signal 15");
    // Without its word it reads as the command's own end.
    let unknown = pod(ended_with("Failed", 143, "Terminated"));
    verdict(&failed, &[unknown], Outcome::Failed(Cause::CommandFailed), false, "SIGTERM");
}

#[test]
fn a_reserved_exit_code_of_the_command_itself_is_its_own() {
    let failed = job(ended("Failed", "PodFailurePolicy"));
    let own = receipt("failed", 242, json!({"reason": "the task's command ended with exit code 242"}));
    verdict(&failed, &[pod(ended_with("Failed", 242, &own))], Outcome::Failed(Cause::CommandFailed), false, "242");
    let agents = receipt("timedOut", 242, json!({"reason": "the task ran out of its time"}));
    // Also where the Job has no podFailurePolicy.
    let failed = job(ended("Failed", "BackoffLimitExceeded"));
    verdict(
        &failed,
        &[pod(ended_with("Failed", 242, &agents))],
        Outcome::Failed(Cause::Deadline),
        false,
        "out of its time",
    );
    let cancelled = receipt("cancelled", 243, json!({}));
    verdict(&failed, &[pod(ended_with("Failed", 243, &cancelled))], Outcome::Cancelled, false, "cancel");
}

#[test]
fn an_ordinary_failure_is_told_with_the_lines_of_the_receipt() {
    let failed = job(ended("Failed", "BackoffLimitExceeded"));
    let own = receipt(
        "failed",
        3,
        json!({"reason": "the task's command ended with exit code 3", "tail": "step 1\nerror: no cheese"}),
    );
    let pod = pod(ended_with("Failed", 3, &own));
    verdict(&failed, &[pod], Outcome::Failed(Cause::CommandFailed), false, "error: no cheese");
}

#[test]
fn a_receipt_of_another_attempt_counts_for_nothing() {
    let complete = job(ended("Complete", "CompletionsReached"));
    for other in [json!({"attempt": 2}), json!({"task": "b"})] {
        let pod = pod(ended_with("Succeeded", 0, &receipt("interrupted", 0, other)));
        verdict(&complete, &[pod], Outcome::Completed, false, "was not disturbed");
    }
}

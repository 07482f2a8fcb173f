//! What a Job that has ended is judged to be.

use keruta_submitter::classify::Policy;
use keruta_submitter::{Cause, Outcome};
use serde_json::{Value, json};

use super::{complete, deleted, failed, judge, verdict};
use crate::made::{
    at, disrupted, done, ended, job, main_state, pod, running, start, states, terminated, waiting, with,
};
use crate::scene::Scene;

#[test]
fn a_job_that_is_complete_is_completed_unless_its_pod_was_disturbed() {
    let succeeded = main_state("Succeeded", done(0));
    verdict(&complete(), &[pod(succeeded.clone())], Outcome::Completed, false, "complete");
    for (reason, cause) in [
        ("EvictionByEvictionAPI", Cause::Evicted),
        ("PreemptionByScheduler", Cause::Preempted),
        ("DeletionByTaintManager", Cause::NodeLost),
        ("DeletionByPodGC", Cause::NodeLost),
        ("TerminationByKubelet", Cause::Evicted),
        ("SomethingNew", Cause::Evicted),
    ] {
        let pod = pod(with([succeeded.clone(), disrupted(reason)]));
        verdict(&complete(), &[pod], Outcome::Failed(cause), true, "it goes");
    }
    let cut_short = pod(with([succeeded.clone(), deleted(2)]));
    verdict(&complete(), &[cut_short], Outcome::Failed(Cause::Deleted), true, "deleted the Pod");
    // The node's clock is an hour behind: the kubelet knew all the same.
    let behind = json!({"metadata": {"deletionTimestamp": at(3600).to_string(), "deletionGracePeriodSeconds": 30}});
    let behind = pod(with([succeeded.clone(), deleted(2), behind]));
    verdict(&complete(), &[behind], Outcome::Failed(Cause::Deleted), true, "deleted the Pod");
    let deleted_later = pod(with([succeeded, deleted(1)]));
    verdict(&complete(), &[deleted_later], Outcome::Completed, false, "complete");
}

#[test]
fn a_pod_cut_short_is_told_without_generations_too() {
    let ended = main_state("Succeeded", done(0));
    let old = json!({"metadata": {"generation": null}, "status": {"observedGeneration": null}});
    let deleted = |at_second: i64, grace: i64| json!({"metadata": {"deletionTimestamp": at(at_second).to_string(), "deletionGracePeriodSeconds": grace}});
    for (deletion, cut_short) in [
        // Asked for at 11, in the second of the end; at 10; at 12.
        (deleted(41, 30), true),
        (deleted(40, 30), true),
        (deleted(42, 30), false),
        // Only when the rest was cleaned up is known: soon after the end, and much later.
        (deleted(13, 0), true),
        (deleted(3600, 0), false),
    ] {
        let pod = pod(with([ended.clone(), deletion.clone(), old.clone()]));
        let outcome = judge(&complete(), &[pod]).verdict.unwrap().outcome;
        assert_eq!(outcome == Outcome::Failed(Cause::Deleted), cut_short, "{deletion}");
    }
    // A watch that saw it end before knows better.
    let mut scene = Scene::of(&complete());
    scene.show(Some(&complete()), &[pod(with([ended.clone(), old.clone()]))], &[], start());
    scene.show(Some(&complete()), &[pod(with([ended, deleted(13, 0), old]))], &[], start());
    assert_eq!(scene.judge(&Policy::default(), start()).verdict.unwrap().outcome, Outcome::Completed);
}

#[test]
fn a_complete_job_without_its_pod_goes_by_its_own_count() {
    verdict(&complete(), &[], Outcome::Completed, false, "gone before it was seen");
    let none = job(ended("Complete", "CompletionsReached"));
    verdict(&none, &[], Outcome::Failed(Cause::Unknown), false, "no Pod of it has succeeded");
    // A Pod of another Job is no witness.
    let other = json!({"metadata": {"ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "keruta-job-a",
        "uid": "job-0", "controller": true}]}});
    let other = pod(with([main_state("Succeeded", done(0)), disrupted("EvictionByEvictionAPI"), other]));
    verdict(&complete(), &[other], Outcome::Completed, false, "gone before it was seen");
}

#[test]
fn an_undisturbed_pod_that_succeeded_outweighs_a_disturbed_one() {
    let first = pod(with([main_state("Succeeded", done(0)), disrupted("PreemptionByScheduler")]));
    let second = json!({"metadata": {"name": "keruta-job-a-y", "uid": "pod-2"}});
    let second = pod(with([main_state("Succeeded", done(0)), second]));
    verdict(&complete(), &[first, second], Outcome::Completed, false, "complete");
}

/// A controller counts it as failed, and its phase may never say so.
#[test]
fn a_failed_job_whose_pod_was_deleted_before_it_had_a_node_is_told_as_deleted() {
    let deleted = json!({"metadata": {"deletionTimestamp": at(10).to_string(), "deletionGracePeriodSeconds": 0},
        "spec": {"nodeName": null}, "status": {"phase": "Pending", "observedGeneration": null}});
    let failed = job(with([ended("Failed", "BackoffLimitExceeded"), json!({"status": {"failed": 1}})]));
    verdict(&failed, &[pod(deleted.clone())], Outcome::Failed(Cause::Deleted), true, "somebody deleted the Pod");
    // The last of several.
    let first = pod(main_state("Failed", terminated(3, "Error", "")));
    let later = json!({"metadata": {"name": "keruta-job-a-y", "uid": "pod-2", "creationTimestamp": at(5).to_string()}});
    let failed = job(with([ended("Failed", "BackoffLimitExceeded"), json!({"status": {"failed": 2}})]));
    let told = "somebody deleted the Pod before it had ended (1 Pod had failed before)";
    verdict(&failed, &[first, pod(with([deleted, later]))], Outcome::Failed(Cause::Deleted), true, told);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_failed_job_is_told_by_its_last_failed_pod() {
    type Row<'a> = (Value, Cause, bool, &'a str);
    let rows: [Row<'_>; 27] = [
        (
            main_state("Failed", terminated(3, "Error", "reading\nerror: no input\nbye")),
            Cause::CommandFailed,
            false,
            "the container main ended with exit code 3: error: no input",
        ),
        (main_state("Failed", terminated(139, "Error", "")), Cause::CommandFailed, false, "signal 11 (SIGSEGV)"),
        (main_state("Failed", terminated(137, "Error", "")), Cause::CommandFailed, false, "signal 9 (SIGKILL)"),
        (main_state("Failed", terminated(255, "Error", "")), Cause::CommandFailed, false, "exit code 255"),
        (main_state("Failed", terminated(241, "Error", "")), Cause::CommandFailed, false, "exit code 241"),
        (
            main_state("Failed", terminated(137, "OOMKilled", "")),
            Cause::OomKilled,
            false,
            "the container main used more memory",
        ),
        (main_state("Failed", terminated(1, "OOMKilled", "")), Cause::OomKilled, false, "more memory"),
        (
            states("Failed", running(), terminated(137, "OOMKilled", ""), waiting("PodInitializing", "")),
            Cause::OomKilled,
            false,
            "the step git-clone used more memory",
        ),
        (
            states("Failed", terminated(137, "OOMKilled", ""), done(0), done(1)),
            Cause::OomKilled,
            false,
            "the sidecar database",
        ),
        (
            states("Failed", running(), done(20), waiting("PodInitializing", "")),
            Cause::InitStepFailed,
            false,
            "exit code 20 (the repository or ref does not exist, or access was refused)",
        ),
        (
            states("Failed", running(), done(10), waiting("PodInitializing", "")),
            Cause::InitStepFailed,
            true,
            "could not be reached",
        ),
        (states("Failed", running(), done(11), waiting("PodInitializing", "")), Cause::InitStepFailed, true, "lock"),
        (
            states("Failed", running(), done(1), waiting("PodInitializing", "")),
            Cause::InitStepFailed,
            false,
            "exit code 1",
        ),
        (
            states(
                "Failed",
                terminated(2, "Error", ""),
                done(0),
                json!({"terminated": {"exitCode": 1, "finishedAt": at(12).to_string(),
            "startedAt": at(2).to_string()}}),
            ),
            Cause::CommandFailed,
            false,
            "after its sidecar database had crashed",
        ),
        (
            main_state(
                "Failed",
                json!({"terminated": {"exitCode": 128, "reason": "StartError", "message": "exec: \"x\": not found",
            "startedAt": "1970-01-01T00:00:00Z"}}),
            ),
            Cause::CreateContainer,
            false,
            "could not be started: exec",
        ),
        (
            main_state("Failed", json!({"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}})),
            Cause::NodeLost,
            true,
            "lost from sight",
        ),
        (with([main_state("Failed", done(143)), disrupted("EvictionByEvictionAPI")]), Cause::Evicted, true, "evicted"),
        (
            with([
                main_state("Failed", done(143)),
                disrupted("TerminationByKubelet"),
                json!({"status": {"reason": "Terminated"}}),
            ]),
            Cause::NodeLost,
            true,
            "node",
        ),
        (
            with([
                main_state("Failed", done(137)),
                json!({"status": {"reason": "Evicted", "message": "The node was low on resource: memory."}}),
            ]),
            Cause::Evicted,
            true,
            "low on resource",
        ),
        (
            with([
                main_state("Failed", done(137)),
                json!({"status": {"reason": "Evicted",
            "message": "Usage of EmptyDir volume \"work-volume\" exceeds the limit \"1Gi\". "}}),
            ]),
            Cause::Evicted,
            false,
            "its own limit",
        ),
        (
            json!({"status": {"phase": "Failed", "reason": "OutOfcpu", "message": "Node didn't have enough resource"}}),
            Cause::Evicted,
            true,
            "enough resource",
        ),
        (json!({"status": {"phase": "Failed", "reason": "NodeLost"}}), Cause::NodeLost, true, "node"),
        (json!({"status": {"phase": "Failed", "reason": "NodeShutdown"}}), Cause::NodeLost, true, "node"),
        (
            json!({"status": {"phase": "Failed", "reason": "UnexpectedAdmissionError", "message": "Allocate failed"}}),
            Cause::Evicted,
            true,
            "Allocate failed",
        ),
        (
            json!({"status": {"phase": "Failed", "reason": "OutOfmemory", "message": "Node didn't have enough resource"}}),
            Cause::Evicted,
            true,
            "enough resource",
        ),
        (with([main_state("Failed", done(143)), deleted(2)]), Cause::Deleted, true, "deleted the Pod"),
        (json!({"status": {"phase": "Failed"}}), Cause::Unknown, false, "no container of it says why"),
    ];
    for (fields, cause, retryable, says) in rows {
        verdict(&failed(), &[pod(fields)], Outcome::Failed(cause), retryable, says);
    }
}

/// Only the deadline, and keruta's own exit codes under a failure policy, tell more than the Pod.
#[test]
fn a_failed_job_is_told_by_its_pod_whatever_the_reason() {
    let reasons =
        ["BackoffLimitExceeded", "PodFailurePolicy", "FailedIndexes", "MaxFailedIndexesExceeded", "SomethingNew"];
    for reason in reasons {
        let failed = job(with([ended("Failed", reason), json!({"status": {"failed": 1}})]));
        let main = main_state("Failed", terminated(3, "Error", "no input"));
        verdict(&failed, &[pod(main)], Outcome::Failed(Cause::CommandFailed), false, "exit code 3");
    }
}

#[test]
fn a_sidecar_killed_when_the_pod_ends_is_no_cause() {
    let late = json!({"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": at(30).to_string()}});
    let pod = pod(states("Failed", late, done(0), done(4)));
    verdict(&failed(), &[pod], Outcome::Failed(Cause::CommandFailed), false, "ended with exit code 4");
}

#[test]
fn the_last_failed_pod_counts_and_the_others_are_mentioned() {
    let first = pod(main_state("Failed", terminated(137, "OOMKilled", "")));
    let second =
        json!({"metadata": {"name": "keruta-job-a-y", "uid": "pod-2", "creationTimestamp": at(30).to_string()}});
    let second = pod(with([main_state("Failed", done(3)), second]));
    let job = job(with([ended("Failed", "BackoffLimitExceeded"), json!({"status": {"failed": 3}})]));
    for pods in [[first.clone(), second.clone()], [second, first]] {
        verdict(&job, &pods, Outcome::Failed(Cause::CommandFailed), false, "exit code 3 (2 Pods had failed before)");
    }
}

#[test]
fn reserved_codes_mean_what_they_say_under_the_pod_failure_policy_only() {
    let job = job(with([ended("Failed", "PodFailurePolicy"), json!({"status": {"failed": 1}})]));
    let rows = [
        (240, Outcome::Failed(Cause::CommandFailed), "invalid"),
        (241, Outcome::Failed(Cause::CommandFailed), "refused the agent"),
        (242, Outcome::Failed(Cause::Deadline), "ran out of its time"),
        (243, Outcome::Cancelled, "told to cancel"),
        (7, Outcome::Failed(Cause::CommandFailed), "exit code 7"),
    ];
    for (code, outcome, says) in rows {
        verdict(&job, &[pod(main_state("Failed", done(code)))], outcome, false, says);
    }
}

#[test]
fn a_failed_job_whose_pods_are_gone_says_so() {
    verdict(&failed(), &[], Outcome::Failed(Cause::Unknown), false, "BackoffLimitExceeded");
}

#[test]
fn a_deadline_says_what_was_going_on() {
    let job = job(with([ended("Failed", "DeadlineExceeded"), json!({"spec": {"activeDeadlineSeconds": 90}})]));
    let deadline = Outcome::Failed(Cause::Deadline);
    verdict(&job, &[], deadline, false, "time limit of 1m30s; no Pod of it was seen");
    let at_work = pod(with([main_state("Failed", done(143)), deleted(2)]));
    verdict(&job, &[at_work], deadline, false, "the container main was at work");
    let step = pod(with([states("Failed", running(), done(143), waiting("PodInitializing", "")), deleted(2)]));
    verdict(&job, &[step], deadline, false, "the step git-clone was at work");
    let pulling = waiting("ImagePullBackOff", "Back-off pulling image \"x\"");
    let pulling = pod(states("Pending", waiting("PodInitializing", ""), pulling, waiting("PodInitializing", "")));
    verdict(&job, &[pulling], deadline, false, "had not started: Back-off pulling image");
}

//! What fails, what is tried again, and what is not.

use serde_json::{Value, json};

use crate::case::{Case, has_line};

const DONE: &str = "Complete: CompletionsReached";

pub(crate) fn a_retry_and_a_second_attempt_find_the_checkout(case: &Case<'_>) {
    let task = |attempt: u32| -> Value {
        json!({"id": "retry", "attempt": attempt, "backoffLimit": 1, "repository": {"url": case.repository(), "ref": "main"},
            "script": "cat a.txt; echo again >>a.txt; [ \"$(grep -c again a.txt)\" = 3 ]"})
    };
    case.runs(&task(1), "Failed: BackoffLimitExceeded");
    assert_eq!(case.pods("keruta-job-retry").len(), 2);
    assert_eq!(case.said("retry"), "one\nagain\n");
    has_line(&case.log("keruta-job-retry", "git-clone"), "git-clone: 1 uncommitted changes stay");

    let manifest = case.render(&[task(2)]);
    let applied = case.apply(&manifest);
    assert!(applied.contains("git-repo-pvc-retry unchanged"), "{applied}");
    case.ends("keruta-job-retry-attempt-2", DONE);
    assert_eq!(case.log("keruta-job-retry-attempt-2", "main"), "one\nagain\nagain\n");
}

/// A wrong ref, a refusing API, the checkout of another repository: one Pod, no second.
pub(crate) fn what_a_retry_cannot_help_fails_at_once(case: &Case<'_>) {
    let directory = json!({"kind": "emptyDir"});
    let missing = json!({"id": "missing", "script": "true", "repository": {"url": case.repository(), "ref": "missing"},
        "workspace": directory});
    let denied = json!({"id": "denied", "script": "true", "repositoryId": "denied"});
    case.apply(&case.render(&[missing, denied]));
    for (job, step, says) in [
        ("keruta-job-missing", "git-clone", "has no branch or tag missing"),
        ("keruta-job-denied", "setup", "the API answered 401"),
    ] {
        case.ends(job, "Failed: PodFailurePolicy");
        assert_eq!(case.pods(job).len(), 1, "{job}");
        let log = case.log(job, step);
        assert!(log.contains(says), "{log}");
    }
}

/// A 500 is not "no script".
pub(crate) fn an_api_that_stumbles_is_asked_again(case: &Case<'_>) {
    case.runs(&json!({"id": "flaky", "script": "true", "repositoryId": "flaky", "backoffLimit": 0}), DONE);
    let log = case.log("keruta-job-flaky", "setup");
    assert!(log.contains("500; again in") && log.contains("\nat last\n"), "{log}");
}

/// The Pod is evicted in mid-run; with no failure allowed, the Job still comes to its end, on the same checkout.
pub(crate) fn an_eviction_does_not_count_as_a_failure(case: &Case<'_>) {
    let script = "if [ -e second ]; then echo second run; exit 0; fi\n\
                  touch second; echo first run; trap 'exit 1' TERM; sleep 300 & wait";
    case.apply(&case.render(&[case.task("evicted", script)]));
    let pod = loop {
        let pod = case.pods("keruta-job-evicted").pop();
        let log = pod.as_deref().map(|pod| case.lab.try_kubectl(&["logs", "-n", case.namespace(), pod], ""));
        match (pod, log) {
            (Some(pod), Some(log)) if log.stdout == b"first run\n" => break pod,
            _ => std::thread::sleep(std::time::Duration::from_secs(1)),
        }
    };
    let path = format!("/api/v1/namespaces/{}/pods/{pod}/eviction", case.namespace());
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"name": pod, "namespace": case.namespace()}});
    case.lab.kubectl(&["create", "--raw", &path, "-f", "-"], &eviction.to_string());
    case.ends("keruta-job-evicted", DONE);
    assert_eq!(case.said("evicted"), "second run\n");
}

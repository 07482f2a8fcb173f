//! `spec.podFailurePolicy` (`pkg/controller/job/pod_failure_policy.go`).

use serde_json::Value;

use crate::object::{condition_is, int, list, text};

/// What a failed Pod means to its Job.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    Count,
    Ignore,
    /// The Job fails, with this message.
    FailJob(String),
}

/// The first rule that matches a failed Pod decides.
pub(super) fn action(job: &Value, pod: &Value) -> Action {
    for (index, rule) in list(job, "/spec/podFailurePolicy/rules").iter().enumerate() {
        let action = text(rule, "/action");
        let Some(why) = exit_code(rule, pod).or_else(|| condition(rule, pod)) else { continue };
        return match action {
            "Ignore" => Action::Ignore,
            "FailJob" => Action::FailJob(format!("{why} matching {action} rule at index {index}")),
            _ => Action::Count,
        };
    }
    Action::Count
}

fn subject(pod: &Value) -> String {
    format!("{}/{}", text(pod, "/metadata/namespace"), text(pod, "/metadata/name"))
}

fn exit_code(rule: &Value, pod: &Value) -> Option<String> {
    let codes = rule.get("onExitCodes").filter(|codes| codes.is_object())?;
    let wanted = text(codes, "/containerName");
    let values: Vec<i64> = list(codes, "/values").iter().filter_map(Value::as_i64).collect();
    let inside = text(codes, "/operator") == "In";
    let statuses = list(pod, "/status/initContainerStatuses").iter().chain(list(pod, "/status/containerStatuses"));
    statuses.into_iter().find_map(|status| {
        let name = text(status, "/name");
        let code = int(status, "/state/terminated/exitCode").filter(|code| *code != 0)?;
        let matches = (wanted.is_empty() || wanted == name) && values.contains(&code) == inside;
        matches.then(|| format!("Container {name} for pod {} failed with exit code {code}", subject(pod)))
    })
}

fn condition(rule: &Value, pod: &Value) -> Option<String> {
    list(rule, "/onPodConditions").iter().find_map(|pattern| {
        let (kind, status) = (text(pattern, "/type"), text(pattern, "/status"));
        condition_is(pod, kind, status).then(|| format!("Pod {} has condition {kind}", subject(pod)))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(rules: &Value) -> Value {
        json!({"spec": {"podFailurePolicy": {"rules": rules}}})
    }

    fn pod(code: i64) -> Value {
        json!({
            "metadata": {"name": "p", "namespace": "n"},
            "status": {
                "containerStatuses": [{"name": "main", "state": {"terminated": {"exitCode": code}}}],
                "conditions": [{"type": "DisruptionTarget", "status": "True"}]
            }
        })
    }

    #[test]
    fn the_first_matching_rule_decides() {
        let rules = json!([
            {"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]}},
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
        ]);
        let message = "Container main for pod n/p failed with exit code 42 matching FailJob rule at index 0";
        assert_eq!(action(&job(&rules), &pod(42)), Action::FailJob(message.to_owned()));
        assert_eq!(action(&job(&rules), &pod(1)), Action::Ignore);
        assert_eq!(action(&job(&json!([])), &pod(1)), Action::Count);
        let other = json!([{"action": "Ignore", "onExitCodes": {"operator": "NotIn", "values": [0, 1]}}]);
        assert_eq!((action(&job(&other), &pod(1)), action(&job(&other), &pod(2))), (Action::Count, Action::Ignore));
    }
}

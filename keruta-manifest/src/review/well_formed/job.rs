//! The Job's own fields.

use k8s_openapi::api::batch::v1::{JobSpec, PodFailurePolicyRule};

use super::super::finding::FindingId;
use super::super::sink::{Sink, short};

pub(super) fn check(spec: &JobSpec, sink: &mut Sink<'_>) {
    let policy = spec.template.spec.as_ref().and_then(|pod| pod.restart_policy.as_deref());
    if spec.template.spec.is_some() && !matches!(policy, Some("Never" | "OnFailure")) {
        sink.add(
            FindingId::InvalidRestartPolicy,
            "/spec/template/spec/restartPolicy",
            format!("The Pods of a Job cannot have the restart policy \"{}\".", short(policy.unwrap_or("Always"))),
            "Set it to Never or OnFailure.",
        );
    }
    failure_policy(spec, policy, sink);
    for (field, value, least) in [
        ("activeDeadlineSeconds", spec.active_deadline_seconds, 1),
        ("backoffLimit", spec.backoff_limit.map(i64::from), 0),
        ("backoffLimitPerIndex", spec.backoff_limit_per_index.map(i64::from), 0),
        ("completions", spec.completions.map(i64::from), 0),
        ("maxFailedIndexes", spec.max_failed_indexes.map(i64::from), 0),
        ("parallelism", spec.parallelism.map(i64::from), 0),
        ("ttlSecondsAfterFinished", spec.ttl_seconds_after_finished.map(i64::from), 0),
    ] {
        if let Some(value) = value.filter(|&value| value < least) {
            field_error(field, &format!("{value} is less than {least}"), sink);
        }
    }
    let mode = spec.completion_mode.as_deref().unwrap_or("NonIndexed");
    if !matches!(mode, "NonIndexed" | "Indexed") {
        field_error("completionMode", "it is neither NonIndexed nor Indexed", sink);
    }
    let indexed = mode == "Indexed";
    if indexed && spec.completions.is_none() {
        field_error("completions", "an indexed Job needs it", sink);
    }
    if !indexed {
        for (field, set) in [
            ("backoffLimitPerIndex", spec.backoff_limit_per_index.is_some()),
            ("maxFailedIndexes", spec.max_failed_indexes.is_some()),
            ("successPolicy", spec.success_policy.is_some()),
        ] {
            if set {
                field_error(field, "only an indexed Job can have it", sink);
            }
        }
    } else if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
        field_error("maxFailedIndexes", "it goes with backoffLimitPerIndex only", sink);
    }
    match spec.pod_replacement_policy.as_deref() {
        Some("TerminatingOrFailed") if spec.pod_failure_policy.is_some() => {
            field_error("podReplacementPolicy", "with a podFailurePolicy it must be Failed", sink);
        }
        None | Some("Failed" | "TerminatingOrFailed") => {}
        Some(_) => field_error("podReplacementPolicy", "it is neither Failed nor TerminatingOrFailed", sink),
    }
    if let Some(manager) = spec.managed_by.as_deref()
        && (manager.len() > 63 || !manager.contains('/') || !super::names::is_qualified_name(manager))
    {
        field_error("managedBy", "it must be a domain, a slash and a name, at most 63 characters", sink);
    }
}

fn field_error(field: &str, wrong: &str, sink: &mut Sink<'_>) {
    sink.add(
        FindingId::InvalidJobField,
        format!("/spec/{field}"),
        format!("Kubernetes refuses `{field}`: {wrong}."),
        "Mend or remove the field.",
    );
}

fn failure_policy(spec: &JobSpec, restart_policy: Option<&str>, sink: &mut Sink<'_>) {
    let Some(policy) = &spec.pod_failure_policy else { return };
    let mut add = |pointer: String, wrong: &str| {
        sink.add(
            FindingId::InvalidFailurePolicy,
            pointer,
            format!("Kubernetes refuses the Pod failure policy: {wrong}."),
            "Mend or remove the rule.",
        );
    };
    if restart_policy != Some("Never") {
        add("/spec/podFailurePolicy".into(), "it goes with the Pod's restart policy Never only");
    }
    if policy.rules.len() > 20 {
        add("/spec/podFailurePolicy/rules".into(), "there are more than 20 rules");
    }
    for (index, rule) in policy.rules.iter().enumerate() {
        if let Some(wrong) = wrong_rule(spec, rule) {
            add(format!("/spec/podFailurePolicy/rules/{index}"), wrong);
        }
    }
}

fn wrong_rule(spec: &JobSpec, rule: &PodFailurePolicyRule) -> Option<&'static str> {
    match rule.action.as_str() {
        "Count" | "FailJob" | "Ignore" => {}
        "FailIndex" if spec.backoff_limit_per_index.is_some() => {}
        "FailIndex" => return Some("the action FailIndex goes with backoffLimitPerIndex only"),
        _ => return Some("the action is none of Count, FailIndex, FailJob and Ignore"),
    }
    let conditions = rule.on_pod_conditions.as_deref().unwrap_or_default();
    match (&rule.on_exit_codes, conditions.is_empty()) {
        (None, true) => return Some("the rule has neither onExitCodes nor onPodConditions"),
        (Some(_), false) => return Some("the rule has onExitCodes and onPodConditions"),
        _ => {}
    }
    if conditions.len() > 20 {
        return Some("the rule has more than 20 conditions");
    }
    if conditions
        .iter()
        .filter_map(|condition| condition.status.text())
        .any(|status| !matches!(status, "True" | "False" | "Unknown"))
    {
        return Some("the status of a condition is none of True, False and Unknown");
    }
    let codes = rule.on_exit_codes.as_ref()?;
    if !matches!(codes.operator.as_str(), "In" | "NotIn") {
        return Some("the operator is neither In nor NotIn");
    }
    if codes.values.is_empty() || codes.values.len() > 255 {
        return Some("the list of exit codes is empty or longer than 255");
    }
    if codes.operator == "In" && codes.values.contains(&0) {
        return Some("the exit code 0 cannot be a failure");
    }
    if !codes.values.is_sorted_by(|a, b| a < b) {
        return Some("the exit codes are not in rising order without repetition");
    }
    let pod = spec.template.spec.as_ref()?;
    let container = codes.container_name.as_deref()?;
    let names =
        pod.containers.iter().chain(pod.init_containers.iter().flatten()).map(|container| container.name.as_str());
    (!names.into_iter().any(|name| name == container))
        .then_some("the rule names a container that the Pod does not have")
}

/// The status of a condition is required in older versions of the types and optional in newer ones.
trait Text {
    fn text(&self) -> Option<&str>;
}

impl Text for String {
    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl Text for Option<String> {
    fn text(&self) -> Option<&str> {
        self.as_deref()
    }
}

//! From the client's errors to [`ClusterError`]: the API server's words are read here and nowhere else.

use std::time::Duration;

use kube::core::Status;

use super::action::Action;
use super::error::{ClusterError, InvalidField};
use super::right::MissingRight;

/// What an error of the client means for an action.
pub(super) fn of(error: kube::Error, action: Action, server: &str) -> ClusterError {
    let server = server.to_owned();
    match error {
        kube::Error::Api(status) => of_status(&status, action, server),
        kube::Error::Auth(error) => ClusterError::Unauthorized { server, why: chain(&error) },
        kube::Error::Service(error) => ClusterError::Unreachable { server, why: chain(&*error) },
        kube::Error::HyperError(error) => ClusterError::Unreachable { server, why: chain(&error) },
        kube::Error::ReadEvents(error) => ClusterError::Unreachable { server, why: chain(&error) },
        error => ClusterError::Protocol { action: Box::new(action), why: chain(&error) },
    }
}

/// An error with its sources, without those that only repeat what was said.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = error.source();
    }
    text
}

fn of_status(status: &Status, action: Action, server: String) -> ClusterError {
    let action = Box::new(action);
    let details = status.details.as_ref();
    let retry_after = details
        .map(|details| details.retry_after_seconds)
        .filter(|seconds| *seconds > 0)
        .map(|seconds| Duration::from_secs(seconds.into()));
    let message = if status.message.is_empty() { status.reason.clone() } else { status.message.clone() };
    let message = message.trim().to_owned();
    if let Some(by) = denied_by(&message) {
        return ClusterError::AdmissionDenied { action, by: Some(by), message };
    }
    match (status.code, status.reason.as_str()) {
        (401, _) => ClusterError::Unauthorized { server, why: message },
        (403, _) => forbidden(action, message),
        (404, _) => ClusterError::NotFound { action, message },
        (409, "AlreadyExists") => ClusterError::AlreadyExists { action },
        (409, _) => ClusterError::Conflict { action, message },
        (410, _) => ClusterError::Gone { action, message },
        (413, _) => ClusterError::TooLarge { action, message },
        (429, _) => ClusterError::Throttled { action, retry_after },
        (422, _) => {
            let causes = details.map(|details| details.causes.as_slice()).unwrap_or_default();
            let causes = causes
                .iter()
                .map(|cause| InvalidField { field: cause.field.clone(), message: cause.message.clone() })
                .collect();
            ClusterError::Invalid { action, message, causes }
        }
        (400, _) => ClusterError::Invalid { action, message, causes: Vec::new() },
        (500.., _) => {
            // etcd's own limit, of a request that the API server took.
            if message.contains("request is too large") {
                return ClusterError::TooLarge { action, message };
            }
            ClusterError::Server { action, code: status.code, message, retry_after }
        }
        _ => ClusterError::Protocol { action, why: message },
    }
}

fn forbidden(action: Box<Action>, message: String) -> ClusterError {
    if let Some(right) = MissingRight::read(&message) {
        return ClusterError::Forbidden { action, right: Box::new(right) };
    }
    // `jobs.batch "x" is forbidden: exceeded quota: q, requested: …, used: …, limited: …`, or `failed quota: q: must
    // specify …` (k8s.io/apiserver/pkg/admission/plugin/resourcequota).
    for before in ["exceeded quota: ", "failed quota: "] {
        if let Some((_, rest)) = message.split_once(before) {
            let (quota, why) = rest.split_once([',', ':']).unwrap_or((rest, ""));
            let (quota, why) = (quota.trim().to_owned(), why.trim());
            let message = if why.is_empty() { message.clone() } else { why.to_owned() };
            return ClusterError::QuotaExceeded { action, quota, message };
        }
    }
    if message.contains(" is forbidden: ") || message.contains("because it is being terminated") {
        return ClusterError::AdmissionDenied { action, by: None, message };
    }
    let right = Box::new(MissingRight::of(&action, None));
    ClusterError::Forbidden { action, right }
}

/// Who denies a request, by the fixed words of webhooks and of admission policies.
fn denied_by(message: &str) -> Option<String> {
    if let Some((_, rest)) = message.split_once("admission webhook \"")
        && let Some((name, rest)) = rest.split_once('"')
        && rest.contains("denied")
    {
        return Some(format!("webhook {name:?}"));
    }
    if let Some((_, rest)) = message.split_once("ValidatingAdmissionPolicy '")
        && let Some((name, rest)) = rest.split_once('\'')
        && rest.contains("denied")
    {
        return Some(format!("ValidatingAdmissionPolicy {name:?}"));
    }
    message.contains("violates PodSecurity").then(|| "Pod Security".to_owned())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::batch::v1::Job;
    use proptest::prelude::*;

    use super::*;
    use crate::cluster::Verb;

    fn refused(code: u16, reason: &str, message: &str) -> ClusterError {
        let action = Action::on::<Job>(Verb::Create, "tasks", Some("keruta-job-1"));
        let status = Status::failure(message, reason).with_code(code);
        of(kube::Error::Api(status.boxed()), action, "https://k")
    }

    #[test]
    fn a_missing_right_is_the_rule_that_grants_it() {
        let error = refused(
            403,
            "Forbidden",
            "jobs.batch is forbidden: User \"system:serviceaccount:keruta:s\" cannot create resource \"jobs\" in API \
             group \"batch\" in the namespace \"tasks\"",
        );
        let ClusterError::Forbidden { right, .. } = &error else { panic!("{error:?}") };
        assert_eq!(right.user.as_deref(), Some("system:serviceaccount:keruta:s"));
        let cure = error.cure();
        assert!(cure.contains("keruta-manifest install --only rbac"), "{cure}");
        assert!(cure.contains("  namespace: \"tasks\"\nrules:\n- apiGroups: [\"batch\"]"), "{cure}");
        let cluster_wide = MissingRight::read(
            "nodes is forbidden: User \"u\" cannot list resource \"nodes\" in API group \"\" at the cluster scope",
        );
        assert!(cluster_wide.unwrap().to_role().contains("kind: ClusterRole\n"));
    }

    #[test]
    fn a_quota_is_named() {
        let error = refused(
            403,
            "Forbidden",
            "jobs.batch \"j\" is forbidden: exceeded quota: few, requested: count/jobs.batch=1, used: \
             count/jobs.batch=2, limited: count/jobs.batch=2",
        );
        let ClusterError::QuotaExceeded { quota, message, .. } = error else { panic!("{error:?}") };
        assert_eq!(quota, "few");
        assert!(message.starts_with("requested: count/jobs.batch=1, used"), "{message}");
    }

    #[test]
    fn who_denies_is_named_whatever_the_code() {
        let webhook = "admission webhook \"p.example.com\" denied the request: no";
        for code in [400, 403, 422, 500] {
            let error = refused(code, "", webhook);
            assert!(
                matches!(&error, ClusterError::AdmissionDenied { by: Some(by), .. } if by == "webhook \"p.example.com\"")
            );
            assert!(error.is_refusal() && !error.is_transient());
        }
        let policy = "jobs.batch \"j\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no";
        assert!(matches!(refused(422, "Invalid", policy), ClusterError::AdmissionDenied { by: Some(_), .. }));
        let limits = "pods \"p\" is forbidden: [maximum cpu usage per Container is 1, but limit is 2]";
        assert!(matches!(refused(403, "Forbidden", limits), ClusterError::AdmissionDenied { by: None, .. }));
        // A webhook that cannot be called is the cluster's trouble, not the task's.
        let broken = refused(500, "InternalError", "failed calling webhook \"p.example.com\": connection refused");
        assert!(broken.is_transient());
    }

    /// The API server refuses what is longer than 3 MiB, etcd what is longer than 1.5.
    #[test]
    fn what_is_too_large_is_told_so_and_not_sent_again() {
        for (code, message) in
            [(413, "Request entity too large: limit is 3145728"), (500, "etcdserver: request is too large")]
        {
            let error = refused(code, "", message);
            assert!(matches!(error, ClusterError::TooLarge { .. }), "{error:?}");
            assert!(error.is_refusal() && !error.is_transient() && error.cure().contains("1 MiB"), "{error:?}");
        }
    }

    #[test]
    fn what_is_worth_another_try_is_told() {
        for (code, transient) in [(429, true), (500, true), (503, true), (504, true), (404, false), (409, false)] {
            assert_eq!(refused(code, "", "x").is_transient(), transient, "{code}");
        }
        assert!(refused(504, "Timeout", "x").may_have_taken_effect());
        assert!(!refused(429, "TooManyRequests", "x").may_have_taken_effect());
        assert!(matches!(refused(409, "AlreadyExists", "x"), ClusterError::AlreadyExists { .. }));
    }

    proptest! {
        #[test]
        fn every_answer_has_a_sentence_and_a_cure(code in 400_u16..600, reason in ".{0,12}", message in ".{0,80}") {
            let error = refused(code, &reason, &message);
            prop_assert!(!error.to_string().is_empty() && !error.cure().is_empty());
        }
    }
}

//! The way to the cluster: does it answer, which version is it, what time is it there?

use crate::cluster::{Action, Cluster, Origin, Verb};
use http::{Request, header};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::version::Info;
use keruta_manifest::review::KubernetesVersion;
use kube::client::Body;

use super::Check;

/// A clock that is off by more than this makes times in logs and statuses misleading.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

pub(super) async fn check(cluster: &Cluster) -> Vec<Check> {
    let action = || Action {
        verb: Verb::Get,
        group: String::new(),
        resource: "version".to_owned(),
        namespace: String::new(),
        name: None,
    };
    let info = match cluster.call(action(), cluster.client().apiserver_version()).await {
        Ok(info) => info,
        Err(error) => return vec![Check::fail("cluster", error.to_string(), error.cure())],
    };
    let origin = match cluster.origin() {
        Origin::Kubeconfig { context, .. } => format!(" (context {context})"),
        Origin::InCluster => " (the Pod's service account)".to_owned(),
        Origin::Given => String::new(),
    };
    let mut checks = vec![Check::ok("cluster", format!("{} answers{origin}", cluster.server())), version(&info)];
    let request = Request::get("/version").body(Body::empty());
    let asked = Timestamp::now();
    if let Ok(request) = request
        && let Ok(answer) = cluster.call(action(), cluster.client().send(request)).await
    {
        let date = answer.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        // The time is of the answer's making, somewhere between.
        let now = asked.checked_add(Timestamp::now().duration_since(asked) / 2).unwrap_or(asked);
        checks.push(clock(date, now));
    }
    checks
}

fn version(info: &Info) -> Check {
    let minor: String = info.minor.chars().take_while(char::is_ascii_digit).collect();
    let short = format!("{}.{minor}", info.major);
    let known: Vec<&str> = KubernetesVersion::all().iter().map(|version| version.as_str()).collect();
    if known.contains(&short.as_str()) {
        return Check::ok("version", format!("Kubernetes {}", info.git_version));
    }
    let what =
        format!("Kubernetes {} is not one that this program was made for: {}", info.git_version, known.join(", "));
    Check::warn("version", what, "what it needs is likely there; use a program of the cluster's time to be sure")
}

/// An HTTP date has whole seconds.
fn clock(date: Option<&str>, now: Timestamp) -> Check {
    let there = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|date| date.timestamp());
    let Some(there) = there else { return Check::skip("clock", "the API server does not tell its time") };
    let skew = now.duration_since(there) - SignedDuration::from_millis(500);
    if skew.abs() <= SKEW {
        return Check::ok("clock", "this machine and the API server agree");
    }
    let (seconds, which) = (skew.abs().as_secs(), if skew.is_negative() { "behind" } else { "ahead of" });
    let what = format!("this machine's clock is {seconds} s {which} the API server's");
    Check::warn("clock", what, "set both by NTP; credentials and times of logs depend on it")
}

#[cfg(test)]
mod tests {
    use super::super::CheckResult;
    use super::*;

    #[test]
    fn clocks_are_compared() {
        let now: Timestamp = "2026-11-21T10:00:10.2Z".parse().unwrap();
        assert_eq!(clock(Some("Sat, 21 Nov 2026 10:00:09 GMT"), now).result, CheckResult::Ok);
        let ahead = clock(Some("Sat, 21 Nov 2026 09:59:10 GMT"), now);
        assert!(ahead.result == CheckResult::Warn && ahead.message.contains("59 s ahead"), "{ahead:?}");
        assert!(clock(Some("Sat, 21 Nov 2026 10:01:10 GMT"), now).message.contains("60 s behind"));
        assert_eq!(clock(Some("yesterday"), now).result, CheckResult::Skip);
    }

    #[test]
    fn versions_have_suffixes() {
        let info = |minor: &str| Info {
            major: "1".to_owned(),
            minor: minor.to_owned(),
            git_version: format!("v1.{minor}"),
            ..Info::default()
        };
        assert_eq!(version(&info("36+")).result, CheckResult::Ok);
        assert_eq!(version(&info("9")).result, CheckResult::Warn);
    }
}

//! The review through its public face.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use keruta_manifest::object::Object;
use keruta_manifest::review::{
    FindingId, KubernetesVersion, Options, PodSecurityLevel, Severity, SharedClaim, gate, review,
};
use serde_json::{Value, json};

#[path = "review/sample.rs"]
mod sample;

fn ids(objects: &[Object], options: &Options<'_>) -> Vec<String> {
    review(objects, options).iter().map(|finding| format!("{} {}", finding.object.kind, finding.id)).collect()
}

#[test]
fn a_sound_task_has_no_findings() {
    for &version in KubernetesVersion::all() {
        for pod_security in [None, Some(PodSecurityLevel::Baseline), Some(PodSecurityLevel::Restricted)] {
            let options = Options { pod_security, version, ..Options::default() };
            let mut objects = sample::task();
            assert_eq!(gate(&mut objects, version), []);
            assert_eq!(review(&objects, &options), []);
        }
    }
}

#[test]
fn findings_come_in_a_fixed_order_and_once() {
    let mut objects = sample::task();
    if let Object::PersistentVolumeClaim(claim) = &mut objects[0] {
        claim.metadata.name = Some("BAD".into());
    }
    if let Object::Job(job) = &mut objects[1] {
        let pod = job.spec.as_mut().unwrap().template.spec.as_mut().unwrap();
        pod.host_network = Some(true);
        pod.containers[0].image = Some("alpine".into());
        pod.restart_policy = Some("Always".into());
    }
    let options = Options { pod_security: Some(PodSecurityLevel::Baseline), ..Options::default() };
    let expected = [
        "PersistentVolumeClaim invalid-object-name",
        "Job invalid-failure-policy",
        "Job image-tag-missing",
        "Job pss-baseline-host-namespaces",
        "Job invalid-restart-policy",
    ];
    assert_eq!(ids(&objects, &options), expected);
    assert_eq!(review(&objects, &options), review(&objects, &options));
}

#[test]
fn what_the_caller_knows_of_a_claim_counts() {
    let shared = [SharedClaim {
        claim: "git-repo-pvc-1".into(),
        access_modes: vec!["ReadWriteOncePod".into()],
        writers: vec!["keruta-job-0".into()],
        consent: false,
    }];
    let objects = &sample::task()[1..];
    let found = review(objects, &Options { claims: &shared, ..Options::default() });
    assert_eq!(found.iter().map(|finding| finding.id).collect::<Vec<_>>(), [FindingId::StorageRwopShared]);
    assert!(found[0].message.contains("keruta-job-0"));
    assert_eq!(review(objects, &Options::default()), []);
}

#[test]
fn pointers_lead_to_what_they_name() {
    let objects = sample::broken();
    let options = Options { pod_security: Some(PodSecurityLevel::Restricted), ..Options::default() };
    let found = review(&objects, &options);
    assert!(found.len() > 20, "{}", found.len());
    for finding in &found {
        let object = objects.iter().find(|object| object.kind() == finding.object.kind).unwrap();
        let value = serde_json::to_value(object).unwrap();
        // The place itself may be what is missing, or the structure around it.
        let mut pointer = finding.pointer.as_str();
        let mut missing = 0;
        while value.pointer(pointer).is_none() {
            pointer = &pointer[..pointer.rfind('/').unwrap()];
            missing += 1;
        }
        assert!(missing <= 3, "{finding:?}");
        assert!(finding.message.ends_with('.') && finding.cure.ends_with('.'), "{finding:?}");
        assert_eq!(finding.severity, finding.id.severity());
        assert!(!serde_json::to_string(finding).unwrap().contains("hunter2"), "{finding:?}");
    }
    assert!(found.iter().any(|finding| finding.severity == Severity::Error));
}

#[test]
fn findings_read_back() {
    for finding in review(&sample::broken(), &Options::default()) {
        let text = serde_json::to_string(&finding).unwrap();
        assert_eq!(serde_json::from_str::<keruta_manifest::review::Finding>(&text).unwrap(), finding);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    /// Nothing that a patch can write makes the review fail, and it says the same every time.
    #[test]
    fn any_text_is_reviewed(text in ".{0,60}", number in proptest::num::i32::ANY) {
        let mut job = sample::job();
        for pointer in ["/metadata/name", "/spec/template/spec/containers/0/name", "/spec/template/spec/containers/0/image",
            "/spec/template/spec/containers/0/env/0/name", "/spec/template/spec/containers/0/env/0/value",
            "/spec/template/spec/containers/0/volumeMounts/0/mountPath", "/spec/template/spec/containers/0/args/0",
            "/spec/template/spec/containers/0/resources/requests/cpu", "/spec/template/spec/restartPolicy"] {
            *job.pointer_mut(pointer).unwrap() = Value::from(text.as_str());
        }
        job["spec"]["backoffLimit"] = json!(number);
        let objects = [Object::from(serde_json::from_value::<Job>(job).unwrap())];
        let options = Options { pod_security: Some(PodSecurityLevel::Restricted), ..Options::default() };
        proptest::prop_assert_eq!(review(&objects, &options), review(&objects, &options));
    }
}

#[test]
fn a_claim_alone() {
    let claim: PersistentVolumeClaim = serde_json::from_value(json!({"metadata": {"name": "c"}, "spec": {}})).unwrap();
    assert_eq!(
        ids(&[Object::from(claim)], &Options::default()),
        ["PersistentVolumeClaim invalid-claim", "PersistentVolumeClaim invalid-claim"]
    );
}

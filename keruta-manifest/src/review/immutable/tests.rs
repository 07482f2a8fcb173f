use super::*;
use serde_json::json;

fn job(patch: &Value) -> Value {
    let mut job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template":
        {"metadata": {"labels": {"app": "keruta"}}, "spec": {"restartPolicy": "Never",
            "containers": [{"name": "main", "image": "a:1", "resources": {"requests": {"cpu": "1"}}}]}}}});
    json_patch::merge(&mut job, patch);
    job
}

fn found(old: &Value, new: &Value, version: KubernetesVersion) -> Vec<(String, String)> {
    immutable_changes(old, new, version)
        .into_iter()
        .map(|finding| (finding.id.as_str().to_owned(), finding.pointer))
        .collect()
}

#[test]
fn fields_of_a_job() {
    let plain = job(&json!({}));
    let suspended = job(&json!({"spec": {"suspend": true}}));
    let indexed = job(&json!({"spec": {"completionMode": "Indexed", "completions": 2, "parallelism": 2}}));
    let template = |pod: Value| json!({"spec": {"template": {"spec": pod}}});
    let cpu =
        template(json!({"containers": [{"name": "main", "image": "a:1", "resources": {"requests": {"cpu": "2"}}}]}));
    let same_cpu = template(
        json!({"containers": [{"name": "main", "image": "a:1", "resources": {"requests": {"cpu": "1000m"}}}]}),
    );
    let node = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
        {"nodeSelectorTerms": [{"matchExpressions": [{"key": "k", "operator": "Exists"}]}]}}});
    let pods = json!({"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "k"}]}});
    let (field, pod) = ("immutable-job-field", "immutable-job-template");
    for (old, patch, expected) in [
        (&plain, json!({}), None),
        (
            &plain,
            json!({"spec": {"backoffLimit": 9, "ttlSecondsAfterFinished": 1, "parallelism": 3, "suspend": true,
            "activeDeadlineSeconds": 5, "podReplacementPolicy": "Failed"}}),
            None,
        ),
        (&plain, json!({"metadata": {"labels": {"a": "b"}}}), None),
        (&plain, json!({"spec": {"completionMode": "NonIndexed"}}), None),
        (&plain, json!({"spec": {"completionMode": "Indexed"}}), Some((field, "/spec/completionMode"))),
        (&plain, json!({"spec": {"completions": 3}}), Some((field, "/spec/completions"))),
        (&plain, json!({"spec": {"managedBy": "a.b/c"}}), Some((field, "/spec/managedBy"))),
        (&plain, json!({"spec": {"backoffLimitPerIndex": 1}}), Some((field, "/spec/backoffLimitPerIndex"))),
        (
            &plain,
            json!({"spec": {"podFailurePolicy": {"rules": [{"action": "Ignore"}]}}}),
            Some((field, "/spec/podFailurePolicy/rules")),
        ),
        (
            &plain,
            json!({"spec": {"selector": {"matchLabels": {"a": "b"}}}}),
            Some((field, "/spec/selector/matchLabels/a")),
        ),
        (&indexed, json!({"spec": {"completionMode": "Indexed", "completions": 4, "parallelism": 4}}), None),
        (
            &indexed,
            json!({"spec": {"completionMode": "Indexed", "completions": 4, "parallelism": 2}}),
            Some((field, "/spec/completions")),
        ),
        (&plain, template(json!({"restartPolicy": "OnFailure"})), Some((pod, "/spec/template/spec/restartPolicy"))),
        (
            &plain,
            json!({"spec": {"template": {"metadata": {"labels": {"x": "y"}}}}}),
            Some((pod, "/spec/template/metadata/labels/x")),
        ),
        (&suspended, json!({"spec": {"template": {"metadata": {"labels": {"x": "y"}}}}}), None),
        (&plain, template(json!({"nodeSelector": {"a/b": "c"}})), Some((pod, "/spec/template/spec/nodeSelector/a~1b"))),
        (&suspended, template(json!({"nodeSelector": {"a/b": "c"}})), None),
        (&suspended, template(json!({"tolerations": [{"operator": "Exists"}]})), None),
        (&suspended, template(json!({"affinity": node})), None),
        (
            &suspended,
            template(json!({"affinity": pods})),
            Some((pod, "/spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution")),
        ),
        (&suspended, cpu.clone(), None),
        (&plain, cpu.clone(), Some((pod, "/spec/template/spec/containers/0/resources/requests/cpu"))),
        (&plain, same_cpu, None),
        (&plain, template(json!({"terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst"})), None),
    ] {
        let new = job(&patch);
        let expected: Vec<_> = expected.into_iter().map(|(id, at)| (id.to_owned(), at.to_owned())).collect();
        assert_eq!(found(old, &new, KubernetesVersion::V1_37), expected, "{patch}");
    }
    assert_eq!(found(&suspended, &job(&cpu), KubernetesVersion::V1_35).len(), 1);
}

#[test]
fn a_job_as_the_cluster_shows_it_is_no_change() {
    let live = job(&json!({"metadata": {"uid": "u", "resourceVersion": "1", "namespace": "default"},
        "status": {"active": 1}, "spec": {"completions": 1, "parallelism": 1, "completionMode": "NonIndexed",
        "podReplacementPolicy": "TerminatingOrFailed", "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}},
        "manualSelector": false, "template": {"metadata": {"creationTimestamp": null, "labels": {"app": "keruta",
            "batch.kubernetes.io/controller-uid": "u", "batch.kubernetes.io/job-name": "j", "controller-uid": "u", "job-name": "j"}},
            "spec": {"dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "securityContext": {},
                "terminationGracePeriodSeconds": 30, "containers": [{"name": "main", "image": "a:1",
                "imagePullPolicy": "IfNotPresent", "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File", "resources": {"requests": {"cpu": "1"}}}]}}}}));
    assert_eq!(found(&live, &job(&json!({})), KubernetesVersion::default()), []);
}

#[test]
fn claims() {
    let claim = |spec: Value| json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "c"}, "spec": spec});
    let spec = |patch: Value| {
        let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}});
        json_patch::merge(&mut spec, &patch);
        claim(spec)
    };
    let mut live = spec(json!({"storageClassName": "standard", "volumeName": "pv-1", "volumeMode": "Filesystem"}));
    let size = |text: &str| json!({"resources": {"requests": {"storage": text}}});
    let shrunk = ("claim-shrunk", "/spec/resources/requests/storage");
    for (patch, expected) in [
        (json!({}), None),
        (size("2048Mi"), None),
        (size("3Gi"), None),
        (size("1Gi"), Some(shrunk)),
        (json!({"accessModes": ["ReadWriteMany"]}), Some(("immutable-claim", "/spec/accessModes/0"))),
        (json!({"storageClassName": "fast"}), Some(("immutable-claim", "/spec/storageClassName"))),
        (json!({"volumeMode": "Block"}), Some(("immutable-claim", "/spec/volumeMode"))),
        (json!({"volumeAttributesClassName": "gold"}), None),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(id, at)| (id.to_owned(), at.to_owned())).collect();
        assert_eq!(found(&live, &spec(patch.clone()), KubernetesVersion::V1_37), expected, "{patch}");
    }
    let gold = spec(json!({"volumeAttributesClassName": "gold"}));
    assert_eq!(found(&live, &gold, KubernetesVersion::V1_33).len(), 1);
    // An expansion that did not happen yet is taken back.
    live["status"] = json!({"capacity": {"storage": "1Gi"}});
    assert_eq!(found(&live, &spec(size("1Gi")), KubernetesVersion::V1_37), []);
    assert_eq!(found(&live, &spec(size("500Mi")), KubernetesVersion::V1_37).len(), 1);
}

#[test]
fn immutable_data_and_other_objects() {
    let map = |immutable: bool, value: &str| json!({"kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"k": value}, "immutable": immutable});
    let version = KubernetesVersion::default();
    assert_eq!(found(&map(false, "hunter2"), &map(false, "b"), version), []);
    let findings = immutable_changes(&map(true, "hunter2"), &map(true, "b"), version);
    assert_eq!(findings[0].pointer, "/data/k");
    assert!(!findings[0].message.contains("hunter2"));
    assert_eq!(found(&map(true, "a"), &map(false, "a"), version)[0].1, "/immutable");
    let secret = |kind: &str| json!({"kind": "Secret", "metadata": {"name": "s"}, "type": kind});
    assert_eq!(found(&secret("Opaque"), &secret("kubernetes.io/tls"), version)[0].1, "/type");

    let other = json!({"kind": "Job", "metadata": {"name": "other", "namespace": "n"}});
    let here = json!({"kind": "Job", "metadata": {"name": "j"}});
    assert_eq!(found(&other, &here, version), [("different-object".to_owned(), "/metadata/name".to_owned())]);
}

#[test]
fn secrets_in_the_environment_are_not_shown() {
    let with = |value: &str| {
        job(
            &json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "env": [{"name": "T", "value": value}],
        "args": [value]}]}}}}),
        )
    };
    let findings = immutable_changes(&with("hunter2"), &with("hunter3"), KubernetesVersion::default());
    assert_eq!(findings.len(), 2);
    assert!(!serde_json::to_string(&findings).unwrap().contains("hunter"));
}

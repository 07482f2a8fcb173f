use super::*;
use crate::review::finding::Finding;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim};
use serde_json::{Value, json};

const SPEC: &str = "/spec/template/spec";

const MAIN: &str = "/spec/template/spec/containers/0";

const INIT: &str = "/spec/template/spec/initContainers/0";

fn found(object: &Object, version: KubernetesVersion) -> Vec<(&'static str, String)> {
    let mut found: Vec<Finding> = Vec::new();
    check(object, version, &mut Sink::new(object.kind(), object.name(), &mut found));
    found.into_iter().map(|finding| (finding.id.as_str(), finding.pointer)).collect()
}

fn job(patch: &Value) -> Object {
    let mut job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "labels": {"app": "keruta"}},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "volumes": [{"name": "v", "emptyDir": {}}]}}}});
    json_patch::merge(&mut job, patch);
    if job.pointer("/spec/template/spec/containers").is_none() {
        job["spec"]["template"]["spec"]["containers"] = json!([{"name": "main", "image": "a:1"}]);
    }
    Object::from(serde_json::from_value::<Job>(job).unwrap())
}

fn check_job(patch: &Value, expected: &[(&str, &str)]) {
    let found = found(&job(patch), KubernetesVersion::default());
    let found: Vec<_> = found.iter().map(|(id, pointer)| (*id, pointer.as_str())).collect();
    assert_eq!(found, expected, "{patch}");
}

#[test]
fn a_whole_job_passes() {
    check_job(&json!({}), &[]);
    check_job(
        &json!({"metadata": {"namespace": "n", "annotations": {"keruta.dev/Title": "日本 = anything"}},
            "spec": {"backoffLimit": 0, "activeDeadlineSeconds": 1, "podFailurePolicy": {"rules": [
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                {"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [3, 42]}}]},
            "template": {"metadata": {"labels": {"task-id": "1"}}, "spec": {"serviceAccountName": "a.b",
                "tolerations": [{"key": "k", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}],
                "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}, {"name": "s", "secret": {"secretName": "s"}}],
                "initContainers": [{"name": "side", "image": "a:1", "restartPolicy": "Always",
                    "livenessProbe": {"httpGet": {"port": 80}}, "lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}],
                "containers": [{"name": "main", "image": "r:5000/a/b:1", "command": ["sh", "-c", "echo $(date) $(A) $$(B)"],
                    "env": [{"name": "A", "value": "x$$(NOT)"}, {"name": "C", "value": "$(A) $(DB_SERVICE_HOST)"},
                        {"name": "P", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['a']"}}},
                        {"name": "L", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}],
                    "ports": [{"containerPort": 80, "name": "http"}],
                    "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "1024Mi"}},
                    "volumeMounts": [{"name": "v", "mountPath": "/work"}, {"name": "s", "mountPath": "/s", "subPath": "a/..b"}]}]}}}}),
        &[],
    );
}

#[test]
fn metadata_and_job_fields() {
    for (patch, expected) in [
        (json!({"metadata": {"name": "A"}}), ("invalid-object-name", "/metadata/name")),
        (json!({"metadata": {"name": "a".repeat(64)}}), ("invalid-object-name", "/metadata/name")),
        (json!({"metadata": {"namespace": "a.b"}}), ("invalid-object-name", "/metadata/namespace")),
        (json!({"metadata": {"labels": {"a/b/c": "x"}}}), ("invalid-label", "/metadata/labels/a~1b~1c")),
        (json!({"metadata": {"labels": {"a": "日本"}}}), ("invalid-label", "/metadata/labels/a")),
        (json!({"metadata": {"annotations": {"a b": ""}}}), ("invalid-annotation", "/metadata/annotations/a b")),
        (
            json!({"spec": {"template": {"metadata": {"labels": {"a": "-"}}}}}),
            ("invalid-label", "/spec/template/metadata/labels/a"),
        ),
        (json!({"spec": {"backoffLimit": -1}}), ("invalid-job-field", "/spec/backoffLimit")),
        (json!({"spec": {"activeDeadlineSeconds": 0}}), ("invalid-job-field", "/spec/activeDeadlineSeconds")),
        (json!({"spec": {"completionMode": "Indexed"}}), ("invalid-job-field", "/spec/completions")),
        (json!({"spec": {"maxFailedIndexes": 1}}), ("invalid-job-field", "/spec/maxFailedIndexes")),
        (json!({"spec": {"managedBy": "x"}}), ("invalid-job-field", "/spec/managedBy")),
        (json!({"spec": {"podReplacementPolicy": "Now"}}), ("invalid-job-field", "/spec/podReplacementPolicy")),
        (
            json!({"spec": {"template": {"spec": {"restartPolicy": "Always"}}}}),
            ("invalid-restart-policy", "/spec/template/spec/restartPolicy"),
        ),
        (
            json!({"spec": {"template": {"spec": {"restartPolicy": null}}}}),
            ("invalid-restart-policy", "/spec/template/spec/restartPolicy"),
        ),
        (
            json!({"spec": {"template": {"spec": {"restartPolicy": "OnFailure"}}, "podFailurePolicy": {"rules": []}}}),
            ("invalid-failure-policy", "/spec/podFailurePolicy"),
        ),
    ] {
        check_job(&patch, &[expected]);
    }
    let rule = |rule: Value| json!({"spec": {"podFailurePolicy": {"rules": [rule]}}});
    for bad in [
        json!({"action": "Stop", "onPodConditions": [{"type": "T", "status": "True"}]}),
        json!({"action": "FailIndex", "onPodConditions": [{"type": "T", "status": "True"}]}),
        json!({"action": "Ignore"}),
        json!({"action": "Ignore", "onPodConditions": [{"type": "T", "status": "true"}]}),
        json!({"action": "Ignore", "onExitCodes": {"operator": "In", "values": [0]}}),
        json!({"action": "Ignore", "onExitCodes": {"operator": "In", "values": [2, 1]}}),
        json!({"action": "Ignore", "onExitCodes": {"operator": "In", "values": []}}),
        json!({"action": "Ignore", "onExitCodes": {"operator": "Is", "values": [1]}}),
        json!({"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1], "containerName": "x"}}),
    ] {
        check_job(&rule(bad), &[("invalid-failure-policy", "/spec/podFailurePolicy/rules/0")]);
    }
}

#[test]
fn pods_and_volumes() {
    let pod = |pod: Value| json!({"spec": {"template": {"spec": pod}}});
    for (patch, id, below) in [
        (json!({"containers": []}), "missing-containers", "/containers"),
        (json!({"serviceAccountName": "A"}), "invalid-pod-field", "/serviceAccountName"),
        (json!({"hostname": "a.b"}), "invalid-pod-field", "/hostname"),
        (json!({"activeDeadlineSeconds": 0}), "invalid-pod-field", "/activeDeadlineSeconds"),
        (json!({"tolerations": [{"operator": "Is", "key": "k"}]}), "invalid-pod-field", "/tolerations/0"),
        (json!({"tolerations": [{"value": "v"}]}), "invalid-pod-field", "/tolerations/0"),
        (json!({"volumes": [{"name": "A", "emptyDir": {}}]}), "invalid-volume-name", "/volumes/0/name"),
        (
            json!({"volumes": [{"name": "a", "emptyDir": {}}, {"name": "a", "emptyDir": {}}]}),
            "duplicate-volume-name",
            "/volumes/1/name",
        ),
        (
            json!({"volumes": [{"name": "a", "emptyDir": {}, "secret": {"secretName": "s"}}]}),
            "invalid-volume-source",
            "/volumes/0",
        ),
        (json!({"volumes": [{"name": "a", "secret": {}}]}), "invalid-volume-source", "/volumes/0"),
        (
            json!({"volumes": [{"name": "a", "emptyDir": {"sizeLimit": "1GB"}}]}),
            "invalid-quantity",
            "/volumes/0/emptyDir/sizeLimit",
        ),
    ] {
        check_job(&pod(patch), &[(id, &format!("{SPEC}{below}"))]);
    }
}

#[test]
fn containers() {
    for (patch, id, below) in [
        (json!({"name": "A"}), "invalid-container-name", "/name"),
        (json!({"image": null}), "missing-image", "/image"),
        (json!({"image": "a b"}), "invalid-image", "/image"),
        (json!({"imagePullPolicy": "Sometimes"}), "invalid-pod-field", "/imagePullPolicy"),
        (json!({"env": [{"name": "A=B"}]}), "invalid-env-name", "/env/0/name"),
        (
            json!({"env": [{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}),
            "invalid-env-source",
            "/env/0",
        ),
        (
            json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.phase"}}}]}),
            "invalid-env-source",
            "/env/0",
        ),
        (
            json!({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "", "key": "k"}}}]}),
            "invalid-env-source",
            "/env/0",
        ),
        (
            json!({"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "cpu"}}}]}),
            "invalid-env-source",
            "/env/0",
        ),
        (json!({"envFrom": [{}]}), "invalid-env-source", "/envFrom/0"),
        (
            json!({"env": [{"name": "A", "value": "$(B)"}, {"name": "B", "value": "1"}]}),
            "undefined-env-reference",
            "/env/0/value",
        ),
        (json!({"args": ["x$$$(NONE)"]}), "undefined-env-reference", "/args/0"),
        (json!({"volumeMounts": [{"name": "w", "mountPath": "/w"}]}), "unknown-volume", "/volumeMounts/0/name"),
        (
            json!({"volumeMounts": [{"name": "v", "mountPath": "/w"}, {"name": "v", "mountPath": "/w"}]}),
            "duplicate-mount-path",
            "/volumeMounts/1/mountPath",
        ),
        (
            json!({"volumeMounts": [{"name": "v", "mountPath": "/a:b"}]}),
            "invalid-mount-path",
            "/volumeMounts/0/mountPath",
        ),
        (
            json!({"volumeMounts": [{"name": "v", "mountPath": "/a", "subPath": "../x"}]}),
            "invalid-mount-path",
            "/volumeMounts/0",
        ),
        (json!({"ports": [{"containerPort": 0}]}), "invalid-port", "/ports/0"),
        (json!({"ports": [{"containerPort": 1, "name": "a_b"}]}), "invalid-port", "/ports/0"),
        (
            json!({"ports": [{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]}),
            "invalid-port",
            "/ports/1",
        ),
        (json!({"resources": {"requests": {"cpu": "much"}}}), "invalid-quantity", "/resources/requests/cpu"),
        (json!({"resources": {"limits": {"cpu": "-1"}}}), "invalid-quantity", "/resources/limits/cpu"),
        (
            json!({"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "2000Mi"}}}),
            "request-above-limit",
            "/resources/requests/memory",
        ),
        (json!({"livenessProbe": {}}), "invalid-probe", "/livenessProbe"),
        (json!({"livenessProbe": {"exec": {}, "successThreshold": 2}}), "invalid-probe", "/livenessProbe"),
        (json!({"lifecycle": {"preStop": {}}}), "invalid-probe", "/lifecycle/preStop"),
    ] {
        let mut container = json!({"name": "main", "image": "a:1"});
        json_patch::merge(&mut container, &patch);
        check_job(
            &json!({"spec": {"template": {"spec": {"containers": [container]}}}}),
            &[(id, &format!("{MAIN}{below}"))],
        );
    }
}

#[test]
fn init_containers() {
    let init = |patch: Value| {
        let mut container = json!({"name": "init", "image": "a:1"});
        json_patch::merge(&mut container, &patch);
        json!({"spec": {"template": {"spec": {"initContainers": [container]}}}})
    };
    for (patch, id, below) in [
        (json!({"readinessProbe": {"exec": {}}}), "init-container-lifecycle", "/readinessProbe"),
        (json!({"lifecycle": {"postStart": {"exec": {}}}}), "init-container-lifecycle", "/lifecycle"),
        (json!({"restartPolicy": "Sometimes"}), "invalid-restart-policy", "/restartPolicy"),
    ] {
        check_job(&init(patch), &[(id, &format!("{INIT}{below}"))]);
    }
    check_job(&init(json!({"name": "main"})), &[("duplicate-container-name", "/spec/template/spec/containers/0/name")]);
    let rules = job(&init(json!({"restartPolicy": "Never"})));
    assert_eq!(found(&rules, KubernetesVersion::V1_35), []);
    assert_eq!(found(&rules, KubernetesVersion::V1_34).len(), 1);
}

#[test]
fn claims_and_maps() {
    let claim = |patch: Value| {
        let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        json_patch::merge(&mut spec, &patch);
        let claim =
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}, "spec": spec});
        Object::from(serde_json::from_value::<PersistentVolumeClaim>(claim).unwrap())
    };
    let version = KubernetesVersion::default();
    assert_eq!(found(&claim(json!({"storageClassName": ""})), version), []);
    for (patch, pointer) in [
        (json!({"accessModes": []}), "/spec/accessModes"),
        (json!({"accessModes": ["RWO"]}), "/spec/accessModes"),
        (json!({"accessModes": ["ReadWriteOncePod", "ReadWriteOnce"]}), "/spec/accessModes"),
        (json!({"resources": null}), "/spec/resources/requests"),
        (json!({"resources": {"requests": {"storage": "0"}}}), "/spec/resources/requests/storage"),
        (json!({"resources": {"limits": {"storage": "1Mi"}}}), "/spec/resources/requests/storage"),
        (json!({"storageClassName": "A b"}), "/spec/storageClassName"),
        (json!({"volumeMode": "Disk"}), "/spec/volumeMode"),
    ] {
        assert_eq!(found(&claim(patch.clone()), version), [("invalid-claim", pointer.to_owned())], "{patch}");
    }
    let mut map = ConfigMap { data: Some([("a/b".into(), String::new())].into()), ..ConfigMap::default() };
    map.metadata.name = Some("m".into());
    assert_eq!(found(&Object::from(map), version), [("invalid-data-key", "/data/a~1b".to_owned())]);
}

//! A task's claim and Job as keruta makes them, and one with much wrong.
#![allow(clippy::unwrap_used, reason = "fixtures")]

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim};
use keruta_manifest::object::Object;
use serde_json::{Value, json};

pub(crate) fn task() -> Vec<Object> {
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "git-repo-pvc-1",
        "labels": labels()}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    vec![
        Object::from(serde_json::from_value::<PersistentVolumeClaim>(claim).unwrap()),
        Object::from(serde_json::from_value::<Job>(job()).unwrap()),
    ]
}

fn labels() -> Value {
    json!({"app": "keruta", "task-id": "1", "app.kubernetes.io/managed-by": "keruta", "keruta.dev/workspace": "1"})
}

fn container(name: &str, image: &str, script: &str) -> Value {
    let digest = "0123456789abcdef".repeat(4);
    let mut env: Vec<Value> = ["ID", "TITLE", "DESCRIPTION", "PRIORITY", "STATUS", "CREATED_AT", "UPDATED_AT"]
        .iter()
        .map(|field| json!({"name": format!("KERUTA_TASK_{field}"), "value": "Fix the parser, and say what $$5 means: 日本語"}))
        .collect();
    env.push(json!({"name": "KERUTA_API_URL", "value": "http://keruta-api.keruta.svc.cluster.local"}));
    env.push(json!({"name": "KERUTA_API_ENDPOINT", "value": "http://keruta-api.keruta.svc.cluster.local/api/v1"}));
    env.push(json!({"name": "KERUTA_API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "keruta-api-token", "key": "token"}}}));
    env.push(json!({"name": "GIT_CONFIG_COUNT", "value": "1"}));
    env.push(json!({"name": "GIT_CONFIG_KEY_0", "value": "safe.directory"}));
    env.push(json!({"name": "GIT_CONFIG_VALUE_0", "value": "/work"}));
    json!({"name": name, "image": format!("{image}@sha256:{digest}"), "command": ["sh", "-c"], "args": [script],
        "env": env, "workingDir": "/work", "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "work-volume", "mountPath": "/work"}]})
}

pub(crate) fn job() -> Value {
    let clone = "set -eu\nif git -C . rev-parse --git-dir >/dev/null 2>&1; then git fetch --depth 1 origin \"$1\"; else\n  git clone --depth 1 -- \"$2\" .\nfi\n".repeat(6);
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "keruta-job-1", "labels": labels(),
        "annotations": {"keruta.dev/spec-hash": "0123456789abcdef", "keruta.dev/title": "Fix the parser"}},
        "spec": {"backoffLimit": 4, "podFailurePolicy": {"rules": [
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            {"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [64, 65]}}]},
        "template": {"metadata": {"labels": labels()}, "spec": {"restartPolicy": "Never", "automountServiceAccountToken": false,
            "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"}},
            "initContainers": [container("git-clone", "alpine/git:2.49", &clone), container("setup", "curlimages/curl:8", &clone)],
            "containers": [container("main", "registry.example.com:5000/team/agent:1.4", "make test\n")],
            "volumes": [{"name": "work-volume", "persistentVolumeClaim": {"claimName": "git-repo-pvc-1"}}]}}}})
}

#[allow(dead_code, reason = "not every test crate that includes the sample breaks it")]
pub(crate) fn broken() -> Vec<Object> {
    let mut job = job();
    job["metadata"]["labels"]["title"] = json!("日本語");
    job["spec"]["backoffLimit"] = json!(-1);
    let pod = &mut job["spec"]["template"]["spec"];
    pod["securityContext"] =
        json!({"sysctls": [{"name": "kernel.msgmax", "value": "1"}], "seLinuxOptions": {"user": "u"}});
    pod["hostPID"] = json!(true);
    pod["volumes"] =
        json!([{"name": "h", "hostPath": {"path": "/"}}, {"name": "h", "emptyDir": {"sizeLimit": "much"}}]);
    pod["initContainers"][0]["livenessProbe"] = json!({"httpGet": {"port": 1, "host": "h"}});
    pod["initContainers"][1]["name"] = json!("main");
    let main = &mut pod["containers"][0];
    main["image"] = json!("agent:latest");
    main["imagePullPolicy"] = json!("IfNotPresent");
    main["securityContext"] =
        json!({"privileged": true, "procMount": "Unmasked", "capabilities": {"add": ["SYS_ADMIN"]}});
    main["env"][0] = json!({"name": "DB_PASSWORD", "value": "hunter2-and-more"});
    main["args"] = json!(["git clone https://me:hunter2@host/r.git", "$(NONE)"]);
    main["resources"] = json!({"requests": {"cpu": "2", "memory": "x"}, "limits": {"cpu": "1"}});
    main["ports"] = json!([{"containerPort": 0, "hostPort": 80}]);
    let map: ConfigMap =
        serde_json::from_value(json!({"metadata": {"name": "m"}, "data": {"a/b": "postgres://me:hunter2@db/x"}}))
            .unwrap();
    vec![Object::from(map), Object::from(serde_json::from_value::<Job>(job).unwrap())]
}

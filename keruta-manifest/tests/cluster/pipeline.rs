//! Every kind of step, a sidecar, files, and texts that would like to be something else.

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::case::{Case, has_line};

/// What shells, YAML and Kubernetes' own expansion would change.
const TEXT: &str = "$(KERUTA_API_TOKEN) $$ $$$ $(POD) '\"`\\ \t日本語 🎉 $HOME ${X} %s\n  two: x\n\n- # no\r\n---\n";
/// More than a variable holds.
const LONG: usize = 140_000;

const MAIN: &str = r#"#!/bin/sh
set -eu
for name in KERUTA_TASK_TITLE SECRET IP CPU MAP FROM_a; do eval "printf '%s=[%s]\n' $name \"\$$name\""; done
printf '%s' "$TEXT" | sha256sum
printf '%s' "$TEXT" | cmp - /etc/keruta-test/text && echo variable and file agree
cmp /work/text /etc/keruta-test/text && echo step and file agree
printf '%s' '$(KERUTA_API_TOKEN) $$(X) 日本語🎉'; echo
wc -c <"$KERUTA_TASK_DESCRIPTION_FILE"
printf '%s' "$KERUTA_TASK_DESCRIPTION" | tail -n 1; echo
cat /work/conf.ini /work/by-own-step
wget -q -O - http://127.0.0.1:8099/
"#;

pub(crate) fn steps_run_and_texts_arrive_byte_for_byte(case: &Case<'_>) {
    let wait = &case.lab.images.wait;
    let host = case.lab.host();
    let (service, lab_namespace) = host.split_once('.').unwrap();
    let pod = json!({"POD": {"field": "metadata.name"}, "IP": {"field": "status.podIP"}});
    let title = TEXT.replace(['\n', '\r'], " ");
    let task = json!({
        "id": "pipeline", "image": wait, "title": title, "description": "長い説明🎉".repeat(LONG / 16),
        "script": MAIN, "backoffLimit": 0,
        "env": {"TEXT": TEXT, "SECRET": {"secret": {"name": "secret", "key": "key"}}, "IP": {"field": "status.podIP"},
            "CPU": {"resource": "requests.cpu"}, "MAP": {"expand": "a is $(FROM_a), cost $$5"}},
        "envFrom": [{"configMap": {"name": "map", "prefix": "FROM_"}}],
        "files": [{"path": "/etc/keruta-test/text", "content": TEXT}],
        "initSteps": [
            {"waitForService": {"service": service, "namespace": lab_namespace}},
            {"waitForTcp": {"host": host, "port": 8080}},
            {"waitForHttp": {"url": format!("http://{host}:8080/ok"), "status": 200}},
            {"callHttp": {"url": format!("http://{host}:8080/register"), "env": pod,
                "headers": {"Authorization": {"secret": {"name": "secret", "key": "key"}}},
                "body": {"expand": "pod=$(POD) ip=$(IP)"}}},
            {"sleep": {"duration": "1s"}},
            {"writeFile": {"path": "/work/conf.ini", "env": pod, "content": {"expand": "pod=$(POD)\ncost=$$5\n"}}},
            {"writeFile": {"name": "write-text", "path": "/work/text", "content": TEXT}},
            {"run": {"name": "own", "image": wait, "command": ["sh", "-c", "printf '%s|' \"$@\" >by-own-step", "x",
                "$(POD) $$", "a  b\n"]}},
        ],
        "sidecars": [{"name": "web", "image": wait, "ports": [{"containerPort": 8099}],
            "startupProbe": {"tcpSocket": {"port": 8099}, "periodSeconds": 1, "failureThreshold": 30},
            "script": "mkdir /tmp/www; echo from the sidecar >/tmp/www/index.html; sleep 2\n\
                trap 'exit 0' TERM; httpd -f -p 8099 -h /tmp/www & wait"}],
    });
    case.kubectl(&["create", "secret", "generic", "secret", "--from-literal=key=s3cret"]);
    case.kubectl(&["create", "configmap", "map", "--from-literal=a=1"]);
    case.runs(&task, "Complete: CompletionsReached");

    let said = case.said("pipeline");
    let job = "keruta-job-pipeline";
    let name = case.pods(job).pop().unwrap();
    let ip = case.get(&format!("pod/{name}"))["status"]["podIP"].as_str().unwrap().to_owned();
    assert!(said.starts_with(&format!("KERUTA_TASK_TITLE=[{title}]\n")), "{said}");
    // By its digest, as logs lose the CR before an LF.
    let digest = Sha256::digest(TEXT).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    has_line(&said, &format!("{digest}  -"));
    for line in [
        "SECRET=[s3cret]",
        &format!("IP=[{ip}]"),
        "CPU=[1]",
        "MAP=[a is 1, cost $5]",
        "FROM_a=[1]",
        "variable and file agree",
        "step and file agree",
        "$(KERUTA_API_TOKEN) $$(X) 日本語🎉",
        &(LONG / 16 * 16).to_string(),
        "[cut here; the whole text is in the file named by KERUTA_TASK_DESCRIPTION_FILE]",
        &format!("pod={name}"),
        "cost=$5",
        "$(POD) $$|a  b",
        "|from the sidecar",
    ] {
        has_line(&said, line);
    }
    has_line(&case.lab.requests(), &format!("POST /register [s3cret] pod={name} ip={ip}"));
    let sidecar = case.get(&format!("pod/{name}"));
    assert!(
        sidecar["status"]["initContainerStatuses"]
            .as_array()
            .unwrap()
            .iter()
            .all(|status| { status["state"]["terminated"]["exitCode"] == 0 })
    );
}

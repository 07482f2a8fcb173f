//! What all cases share: kubectl, and a Pod that serves a git repository and a stand-in of the keruta API.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

use keruta_manifest::settings::ImageSettings;

/// Makes the repository, then serves it and the API until the end. `nc` has one of two words for "go on listening".
const START: &str = r#"
set -eu
mkdir -p /tmp/srv/desk && cd /tmp/srv/desk
export HOME=/tmp GIT_AUTHOR_NAME=n GIT_AUTHOR_EMAIL=n@example.org GIT_COMMITTER_NAME=n GIT_COMMITTER_EMAIL=n@example.org
git init -q -b main
echo one >a.txt; git add .; git commit -qm one; git tag -a v1 -m v1
git checkout -q -b other; echo other >a.txt; git commit -qam other
git checkout -q main; echo two >b.txt; git add .; git commit -qm two
git clone -q --bare . /tmp/srv/repo.git
touch /tmp/requests
serve() { while :; do nc -lk -p "$1" -e sh "$2" 2>/dev/null || nc -ll -p "$1" -e sh "$2"; sleep 1; done; }
serve 9418 /lab/git.sh &
serve 8080 /lab/api.sh &
touch /tmp/ready
exec tail -f /tmp/requests
"#;

/// One connection of git's own protocol: the first packet names the repository, git does the rest.
const GIT: &str = r#"
length=$(dd bs=1 count=4 2>/dev/null)
path=$(dd bs=1 count=$((0x$length - 4)) 2>/dev/null | tr '\0' '\n' | head -n 1)
cd /tmp && HOME=/tmp exec git -c safe.directory='*' upload-pack "/tmp/srv/${path#git-upload-pack /}"
"#;

/// One request to the API.
const API: &str = r#"
read -r method path version
length=0 token=none
while read -r line; do
  line=$(printf %s "$line" | tr -d '\r')
  case $line in
    '') break ;;
    [Cc]ontent-[Ll]ength:*) length=${line#*: } ;;
    [Aa]uthorization:*) token=${line#*: } ;;
  esac
done
body=$(dd bs=1 count="$length" 2>/dev/null)
echo "$method $path [$token] $body" >>/tmp/requests
answer() { printf 'HTTP/1.0 %s\r\nContent-Length: %s\r\n\r\n%s' "$1" "$(printf %s "$2" | wc -c)" "$2"; }
case $path in
  /api/v1/repositories/r1/script) answer '200 OK' '#!/bin/sh
echo "script as $(id -u) in $PWD, token ${KERUTA_API_TOKEN-unset}"
echo set up >made-by-setup' ;;
  /api/v1/repositories/denied/script) answer '401 Unauthorized' '' ;;
  /api/v1/repositories/flaky/script)
    if [ "$(grep -c /flaky/ /tmp/requests)" -lt 3 ]; then answer '500 Internal Server Error' ''
    else answer '200 OK' 'echo at last'; fi ;;
  /api/v1/documents/d1/content) answer '200 OK' '# The document 文書' ;;
  /register) answer '201 Created' '' ;;
  /ok) answer '200 OK' '' ;;
  *) answer '404 Not Found' '' ;;
esac
"#;

pub(crate) struct Lab {
    kubeconfig: String,
    namespaces: Mutex<Vec<String>>,
    pub(crate) images: ImageSettings,
    pub(crate) storage_class: Option<String>,
}

impl Lab {
    /// The lab, ready; `None` where no cluster is named.
    pub(crate) fn set_up() -> Option<Self> {
        // Nor the empty name, by which kubectl would take whatever cluster it finds.
        let kubeconfig = std::env::var("KERUTA_TEST_KUBECONFIG").unwrap_or_default();
        if kubeconfig.is_empty() {
            eprintln!("SKIPPED: KERUTA_TEST_KUBECONFIG names no cluster");
            return None;
        }
        let mut images = ImageSettings::default();
        for (name, image) in [("GIT", &mut images.git), ("CURL", &mut images.curl), ("WAIT", &mut images.wait)] {
            if let Ok(other) = std::env::var(format!("KERUTA_TEST_IMAGE_{name}")) {
                *image = other.parse().unwrap();
            }
        }
        let storage_class = std::env::var("KERUTA_TEST_STORAGE_CLASS").ok();
        let lab = Self { kubeconfig, namespaces: Mutex::new(Vec::new()), images, storage_class };
        let namespace = lab.namespace("lab", "baseline");
        lab.kubectl(&["apply", "-n", &namespace, "-f", "-"], &lab.manifest());
        lab.kubectl(&["wait", "-n", &namespace, "pod/lab", "--for=condition=Ready", "--timeout=180s"], "");
        Some(lab)
    }

    fn manifest(&self) -> String {
        let objects = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "lab"},
             "data": {"start.sh": START, "git.sh": GIT, "api.sh": API}},
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lab", "labels": {"app": "lab"}},
             "spec": {
                "terminationGracePeriodSeconds": 0,
                "volumes": [{"name": "lab", "configMap": {"name": "lab"}}],
                "containers": [{
                    "name": "lab", "image": self.images.git.as_str(), "command": ["sh", "/lab/start.sh"],
                    "volumeMounts": [{"name": "lab", "mountPath": "/lab"}],
                    "readinessProbe": {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1},
                }],
             }},
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "lab"},
             "spec": {"selector": {"app": "lab"},
                "ports": [{"name": "git", "port": 9418}, {"name": "api", "port": 8080}]}},
        ]});
        objects.to_string()
    }

    /// Makes a namespace that enforces a Pod Security Standard.
    pub(crate) fn namespace(&self, name: &str, level: &str) -> String {
        let namespace = format!("keruta-test-{}-{name}", std::process::id());
        self.kubectl(&["create", "namespace", &namespace], "");
        self.namespaces.lock().unwrap().push(namespace.clone());
        let label = format!("pod-security.kubernetes.io/enforce={level}");
        self.kubectl(&["label", "namespace", &namespace, &label], "");
        namespace
    }

    /// The host name by which Pods reach the lab.
    pub(crate) fn host(&self) -> String {
        format!("lab.{}", self.namespaces.lock().unwrap()[0])
    }

    /// What the API was asked so far, one request a line.
    pub(crate) fn requests(&self) -> String {
        let namespace = self.namespaces.lock().unwrap()[0].clone();
        self.kubectl(&["exec", "-n", &namespace, "lab", "--", "cat", "/tmp/requests"], "")
    }

    /// What kubectl prints; it must succeed.
    #[track_caller]
    pub(crate) fn kubectl(&self, args: &[&str], input: &str) -> String {
        let output = self.try_kubectl(args, input);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "kubectl {}: {err}", args.join(" "));
        out.into_owned()
    }

    pub(crate) fn try_kubectl(&self, args: &[&str], input: &str) -> Output {
        let mut kubectl = Command::new("kubectl")
            .env("KUBECONFIG", &self.kubeconfig)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("these tests need kubectl");
        kubectl.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        kubectl.wait_with_output().unwrap()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let namespaces = self.namespaces.lock().map(|namespaces| namespaces.clone()).unwrap_or_default();
        if !namespaces.is_empty() {
            let args: Vec<&str> = ["delete", "--wait=false", "namespace"]
                .into_iter()
                .chain(namespaces.iter().map(String::as_str))
                .collect();
            self.try_kubectl(&args, "");
        }
    }
}

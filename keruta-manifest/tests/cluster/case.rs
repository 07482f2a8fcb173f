//! One case: a namespace, tasks rendered into it, and how they end there.

use std::process::Output;
use std::thread::sleep;
use std::time::{Duration, Instant};

use keruta_manifest::lineage::LineageIndex;
use keruta_manifest::render::{RenderOptions, render};
use keruta_manifest::{Settings, Task, stream};
use serde_json::{Value, json};

use crate::lab::Lab;

/// How long a Job may take to its end; pulling images is part of it.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) struct Case<'a> {
    pub(crate) lab: &'a Lab,
    namespace: String,
    /// The settings of this case's tasks.
    settings: Value,
}

impl<'a> Case<'a> {
    pub(crate) fn new(lab: &'a Lab, name: &str, level: &str) -> Self {
        let namespace = lab.namespace(name, level);
        let settings = json!({
            "defaultNamespace": namespace,
            "defaultImage": lab.images.git,
            "apiUrl": format!("http://{}:8080", lab.host()),
            "git": {"schemes": ["https", "ssh", "git"]},
            "images": lab.images,
            "security": {"profile": level},
            "workspace": {"storageClass": lab.storage_class},
        });
        Self { lab, namespace, settings }
    }

    /// The repository's URL.
    pub(crate) fn repository(&self) -> String {
        format!("git://{}/repo.git", self.lab.host())
    }

    /// A task whose main container has a shell, git and a checkout, and is not tried again.
    pub(crate) fn task(&self, id: &str, script: &str) -> Value {
        json!({"id": id, "script": script, "repository": {"url": self.repository()}, "backoffLimit": 0})
    }

    /// The manifest stream of some tasks, each of which knows its parent in the stream.
    #[track_caller]
    pub(crate) fn render(&self, tasks: &[Value]) -> String {
        let tasks: Vec<Task> = tasks.iter().map(|task| Task::from_json(&task.to_string()).unwrap()).collect();
        let settings = Settings::from_json(&self.settings.to_string()).unwrap();
        let mut index = LineageIndex::default();
        let mut manifest = String::new();
        for task in &tasks {
            index.insert(task).unwrap();
            let lineage = index.lineage_of(task).unwrap();
            let rendered = render(task, &settings, &lineage, &RenderOptions::default()).unwrap();
            stream::write_yaml(&mut manifest, &rendered.objects).unwrap();
        }
        manifest
    }

    /// `kubectl apply -f -`, which must succeed.
    #[track_caller]
    pub(crate) fn apply(&self, manifest: &str) -> String {
        self.lab.kubectl(&["apply", "-f", "-"], manifest)
    }

    /// Renders, applies, and waits until the task's Job has come to this end.
    #[track_caller]
    pub(crate) fn runs(&self, task: &Value, end: &str) {
        self.apply(&self.render(std::slice::from_ref(task)));
        self.ends(&format!("keruta-job-{}", task["id"].as_str().unwrap()), end);
    }

    /// Waits for the end of a Job: `Complete: CompletionsReached`, `Failed: BackoffLimitExceeded`, …
    #[track_caller]
    pub(crate) fn ends(&self, job: &str, end: &str) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let conditions = self.get(&format!("job/{job}"))["status"]["conditions"].take();
            let last = conditions.as_array().into_iter().flatten().find(|condition| {
                condition["status"] == "True" && (condition["type"] == "Complete" || condition["type"] == "Failed")
            });
            if let Some(last) = last {
                let came = format!("{}: {}", last["type"].as_str().unwrap(), last["reason"].as_str().unwrap());
                assert_eq!(came, end, "{job}");
                return;
            }
            sleep(Duration::from_secs(1));
        }
        panic!("{job} has not ended");
    }

    /// `kubectl get`.
    #[track_caller]
    pub(crate) fn get(&self, what: &str) -> Value {
        serde_json::from_str(&self.kubectl(&["get", what, "-o", "json"])).unwrap()
    }

    /// The Pods of a Job, the oldest first.
    #[track_caller]
    pub(crate) fn pods(&self, job: &str) -> Vec<String> {
        let selector = format!("batch.kubernetes.io/job-name={job}");
        let names =
            self.kubectl(&["get", "pods", "-l", &selector, "--sort-by=.metadata.creationTimestamp", "-o", "name"]);
        names.lines().map(|name| name.trim_start_matches("pod/").to_owned()).collect()
    }

    /// The log of a container of the Job's newest Pod.
    #[track_caller]
    pub(crate) fn log(&self, job: &str, container: &str) -> String {
        let pod = self.pods(job).pop().unwrap();
        self.kubectl(&["logs", &pod, "-c", container])
    }

    /// The log of the main container of a task that has run.
    #[track_caller]
    pub(crate) fn said(&self, id: &str) -> String {
        self.log(&format!("keruta-job-{id}"), "main")
    }

    /// kubectl in the namespace of this case; it must succeed.
    #[track_caller]
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        self.lab.kubectl(&[args, &["-n", &self.namespace]].concat(), "")
    }

    pub(crate) fn try_apply(&self, manifest: &str) -> Output {
        self.lab.try_kubectl(&["apply", "-f", "-"], manifest)
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Tells what is in the namespace, for a case that failed.
    pub(crate) fn tell(&self) {
        let namespace = self.namespace.as_str();
        for args in [
            &["get", "jobs,pods,pvc", "-n", namespace][..],
            &["get", "events", "-n", namespace, "--field-selector=type=Warning"],
            &["logs", "-n", namespace, "-l", "app=keruta", "--all-containers", "--prefix", "--tail=20"],
        ] {
            let output = self.lab.try_kubectl(args, "");
            eprintln!("{}", String::from_utf8_lossy(&output.stdout));
        }
    }
}

/// The text has this line.
#[track_caller]
pub(crate) fn has_line(text: &str, line: &str) {
    assert!(text.lines().any(|other| other == line), "no line {line:?} in:\n{text}");
}

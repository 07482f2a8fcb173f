//! A task whose containers do what a test wants, on a real cluster and on the stand-in.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keruta_manifest::lineage::Lineage;
use keruta_manifest::render::{RenderOptions, render};
use keruta_manifest::{Settings, Task};
use keruta_submitter::bundle::Bundle;
use scripted_apiserver::{End, Life, OnTerm, Run, Step};
use serde_json::{Value, json};

/// What a container does, told twice: as a shell script and as a script of the stand-in.
#[derive(Clone, Default)]
pub(crate) struct Behaviour {
    script: String,
    run: Run,
}

impl Behaviour {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn line(mut self, text: &str) -> Self {
        writeln!(self.script, "echo '{text}'").unwrap();
        self.run = self.run.line(text);
        self
    }

    /// A line of these bytes.
    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        let octal = bytes.iter().fold(String::new(), |text, byte| format!("{text}\\{byte:03o}"));
        writeln!(self.script, "printf '{octal}\\n'").unwrap();
        self.run = self.run.step(Step::Base64(STANDARD.encode(bytes)));
        self
    }

    /// A line of so many times `x`.
    pub(crate) fn long(mut self, length: usize) -> Self {
        writeln!(self.script, "head -c {length} /dev/zero | tr '\\000' x; echo").unwrap();
        self.run = self.run.step(Step::Long(length));
        self
    }

    /// Text without a line feed; only as the last thing.
    pub(crate) fn partial(mut self, text: &str) -> Self {
        writeln!(self.script, "printf %s '{text}'").unwrap();
        self.run = self.run.step(Step::Partial(text.to_owned()));
        self
    }

    pub(crate) fn sleep_ms(mut self, ms: u64) -> Self {
        writeln!(self.script, "sleep {}.{:03}", ms / 1000, ms % 1000).unwrap();
        self.run = self.run.sleep(ms);
        self
    }

    /// Lines `<prefix>1` to `<prefix><count>`, in ten portions over this time.
    pub(crate) fn numbered(mut self, prefix: &str, count: u64, over_ms: u64) -> Self {
        let (portion, pause) = (count / 10, over_ms / 10);
        writeln!(
            self.script,
            "i=0; while [ $i -lt {count} ]; do i=$((i+1)); echo \"{prefix}$i\"; \
             [ $((i % {portion})) -ne 0 ] || sleep {}.{:03}; done",
            pause / 1000,
            pause % 1000
        )
        .unwrap();
        self.run = self.run.numbered(prefix, count, over_ms);
        self
    }

    pub(crate) fn forever(mut self) -> Self {
        // In the background, so that the shell hears its signals.
        self.script.push_str("while :; do sleep 1 & wait $!; done\n");
        self.run = self.run.forever();
        self
    }

    pub(crate) fn exit(mut self, code: i32) -> Self {
        writeln!(self.script, "exit {code}").unwrap();
        self.run = self.run.exit(code);
        self
    }

    /// Ends well when it is asked to end.
    pub(crate) fn exits_well_on_sigterm(mut self) -> Self {
        self.script.insert_str(0, "trap 'exit 0' TERM\n");
        self.run = self.run.on_term(OnTerm::Exit(0));
        self
    }

    /// Ends by a signal, with 143, when it is asked to end. (A shell as process 1 does so only if it is told.)
    pub(crate) fn dies_of_sigterm(mut self) -> Self {
        self.script.insert_str(0, "trap 'exit 143' TERM\n");
        self.run = self.run.on_term(OnTerm::Die);
        self
    }

    /// Goes on when it is asked to end.
    pub(crate) fn ignores_sigterm(mut self) -> Self {
        self.script.insert_str(0, "trap '' TERM\n");
        self.run = self.run.on_term(OnTerm::Ignore);
        self
    }

    /// What only a real container does.
    pub(crate) fn shell(mut self, script: &str) -> Self {
        writeln!(self.script, "{script}").unwrap();
        self
    }

    /// What only the stand-in writes.
    pub(crate) fn told(mut self, line: &str) -> Self {
        self.run = self.run.line(line);
        self
    }

    /// Takes memory until it is killed.
    pub(crate) fn out_of_memory(mut self) -> Self {
        self.script.push_str("x=a; while :; do x=$x$x; done\n");
        self.run = self.run.sleep(20).end(End::OomKilled);
        self
    }
}

/// A task and what its containers do.
#[derive(Clone)]
pub(crate) struct Workload {
    pub(crate) id: String,
    pub(crate) attempt: u32,
    task: Value,
    settings: Value,
    life: Life,
}

impl Workload {
    pub(crate) fn new(id: &str, main: &Behaviour) -> Self {
        let task = json!({
            "id": id,
            "image": "busybox:1.37",
            "command": ["/bin/sh", "-c", main.script],
            "backoffLimit": 0,
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        });
        let settings = json!({"setup": false, "apiTokenSecret": null, "pod": {"terminationGracePeriodSeconds": 3}});
        let life = Life::new().container("main", main.run.clone());
        Self { id: id.to_owned(), attempt: 1, task, settings, life }
    }

    /// A task whose main container runs `main` as the task's own script.
    pub(crate) fn of_script(id: &str, main: &Behaviour) -> Self {
        let mut workload = Self::new(id, main).with("script", main.script.as_str().into());
        workload.task.as_object_mut().unwrap().remove("command");
        workload
    }

    /// A task whose Job needs two Pods: what the first does, and what the second does. A real container knows which it is by
    /// a mark on the task's claim.
    pub(crate) fn of_two_pods(id: &str, first: &Behaviour, second: &Behaviour) -> Self {
        let script = format!("if [ -e /work/mark ]; then\n{}exit\nfi\n: >/work/mark\n{}", second.script, first.script);
        let both = Behaviour { script, run: first.run.clone() };
        Self::new(id, &both).with("workspace", json!({"kind": "pvc", "size": "16Mi"})).second_pod(second)
    }

    /// Another value of a field of the task.
    pub(crate) fn with(mut self, field: &str, value: Value) -> Self {
        self.task[field] = value;
        self
    }

    /// Another value of a field of the settings.
    pub(crate) fn setting(mut self, field: &str, value: Value) -> Self {
        self.settings[field] = value;
        self
    }

    pub(crate) fn attempt(mut self, number: u32) -> Self {
        self.attempt = number;
        self.with("attempt", number.into())
    }

    /// A step before main.
    pub(crate) fn step(mut self, name: &str, step: &Behaviour) -> Self {
        let container = json!({"name": name, "image": "busybox:1.37", "command": ["/bin/sh", "-c", step.script]});
        push(&mut self.task, "initSteps", json!({"run": container}));
        self.life = self.life.container(name, step.run.clone());
        self
    }

    /// A container beside main.
    pub(crate) fn sidecar(mut self, name: &str, sidecar: &Behaviour) -> Self {
        let container = json!({"name": name, "image": "busybox:1.37", "command": ["/bin/sh", "-c", sidecar.script]});
        push(&mut self.task, "sidecars", container);
        self.life = self.life.container(name, sidecar.run.clone());
        self
    }

    /// What the stand-in must be told besides, because it does not find out by itself.
    pub(crate) fn scripted(mut self, change: impl FnOnce(Life) -> Life) -> Self {
        self.life = change(self.life);
        self
    }

    /// The Job's second Pod behaves like this; on a real cluster, `main` must tell the two apart by itself.
    pub(crate) fn second_pod(self, main: &Behaviour) -> Self {
        let next = Life::new().container("main", main.run.clone());
        self.scripted(|life| life.then(next))
    }

    pub(crate) fn bundle(&self, namespace: &str) -> Bundle {
        let (annotation, life) = self.life.annotation();
        let mut settings = self.settings.clone();
        settings["pod"]["annotations"] = json!({annotation: life});
        let settings = Settings::from_json(&settings.to_string()).unwrap();
        let task = Task::from_json(&self.task.to_string()).unwrap();
        let rendered = render(&task, &settings, &Lineage::of(&task), &RenderOptions::default()).unwrap();
        Bundle::of_rendered(rendered, namespace).unwrap()
    }
}

fn push(task: &mut Value, list: &str, item: Value) {
    match &mut task[list] {
        Value::Array(items) => items.push(item),
        list => *list = json!([item]),
    }
}

//! From the text of a task to the text of its manifest: parse, plan, review, write.
//!
//! `cargo bench -p keruta-manifest` prints the time of one task.

#![allow(clippy::expect_used, missing_docs, reason = "a benchmark ends where its input is wrong")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use keruta_manifest::lineage::Lineage;
use keruta_manifest::render::{RenderOptions, render};
use keruta_manifest::review::{KubernetesVersion, Options, PodSecurityLevel, gate, review};
use keruta_manifest::{Settings, Task, stream};

const MINIMAL: &str = r#"{"id":"task-0001","image":"python:3.12"}"#;
const KOTLIN: &str =
    r#"{"id":"task-0001","image":"nginx:latest","repository":{"url":"https://github.com/example/repo.git"}}"#;
const FULL: &str = r#"{
  "id": "task-0001", "title": "Fix the login $(form)", "description": "Users see a blank page.\nReproduce it first.\n",
  "priority": 3, "status": "PENDING", "createdAt": "2025-06-01T09:30:00", "updatedAt": "2025-06-01T09:30:00",
  "image": "ghcr.io/acme/agent:1.4", "command": ["agent", "run"], "args": ["--task", {"expand": "$(KERUTA_TASK_ID)"}],
  "env": {"MODEL": "large", "POD_IP": {"field": "status.podIP"}, "KEY": {"secret": {"name": "model", "key": "key"}}},
  "repository": {"url": "https://github.com/example/repo.git", "ref": "main"},
  "repositoryId": "repository-1", "documentId": "document-1",
  "initSteps": [{"waitForTcp": {"host": "db", "port": 5432}}],
  "timeoutSeconds": 3600, "backoffLimit": 2
}"#;

fn manifest(task: &str, settings: &Settings, out: &mut String) {
    out.clear();
    let task = Task::from_json(task).expect("the task is valid");
    let rendered = render(&task, settings, &Lineage::of(&task), &RenderOptions::default()).expect("it can be rendered");
    stream::write_yaml(out, &rendered.objects).expect("it can be written");
}

fn benches(c: &mut Criterion) {
    let settings = Settings::default();
    let kotlin = Settings::from_json(r#"{"preset":"kotlin"}"#).expect("the settings are valid");
    let mut out = String::new();
    for (name, task, settings) in
        [("kotlin", KOTLIN, &kotlin), ("minimal", MINIMAL, &settings), ("full", FULL, &settings)]
    {
        c.bench_function(name, |b| b.iter(|| manifest(black_box(task), settings, &mut out)));
    }
    let task = Task::from_json(FULL).expect("the task is valid");
    let options = RenderOptions::default();
    c.bench_function("full: parse", |b| b.iter(|| Task::from_json(black_box(FULL))));
    c.bench_function("full: render", |b| b.iter(|| render(black_box(&task), &settings, &Lineage::Root, &options)));
    let rendered = render(&task, &settings, &Lineage::Root, &options).expect("it can be rendered");
    c.bench_function("full: write", |b| {
        b.iter(|| {
            out.clear();
            stream::write_yaml(&mut out, black_box(&rendered.objects))
        });
    });
}

/// What a review costs of objects that are finished.
fn reviews(c: &mut Criterion) {
    let task = Task::from_json(FULL).expect("the task is valid");
    let settings = Settings::default();
    let rendered = render(&task, &settings, &Lineage::Root, &RenderOptions::default()).expect("it can be rendered");
    let mut objects = rendered.objects;
    let options = Options { pod_security: Some(PodSecurityLevel::Baseline), ..Options::default() };
    let mut group = c.benchmark_group("review");
    group.bench_function("review", |b| b.iter(|| review(black_box(&objects), &options)));
    group.bench_function("gate", |b| b.iter(|| gate(black_box(&mut objects), KubernetesVersion::default())));
    group.finish();
}

criterion_group!(all, benches, reviews);
criterion_main!(all);

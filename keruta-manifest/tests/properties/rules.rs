//! Kubernetes' rules, written down here a second time, for whatever is rendered.

use std::collections::BTreeSet;

use keruta_manifest::plan::expand;
use keruta_manifest::review::Severity;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::tasks::{rendered, settings, task};

fn is_label(text: &str, max: usize) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    !text.is_empty()
        && text.len() <= max
        && text.chars().all(|c| inner(c) || c == '-')
        && text.starts_with(inner)
        && text.ends_with(inner)
}

fn is_subdomain(text: &str, max: usize) -> bool {
    text.len() <= max && text.split('.').all(|part| is_label(part, max))
}

fn is_label_value(text: &str) -> bool {
    text.len() <= 63
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && !text.starts_with(['-', '_', '.'])
        && !text.ends_with(['-', '_', '.'])
}

fn is_quantity(text: &str) -> bool {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let suffix = &text[number.len()..];
    number.parse::<f64>().is_ok_and(|number| number >= 0.0)
        && ["", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "n", "u"].contains(&suffix)
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn texts<'a>(list: &'a [Value], key: &str) -> Vec<&'a str> {
    list.iter().map(|item| item[key].as_str().unwrap()).collect()
}

fn unique(names: &[&str]) -> bool {
    names.iter().collect::<BTreeSet<_>>().len() == names.len()
}

fn check_object(object: &Value) {
    let metadata = &object["metadata"];
    let longest = if object["kind"] == "Job" { 63 } else { 253 };
    assert!(is_subdomain(metadata["name"].as_str().unwrap(), longest), "{metadata}");
    assert!(metadata["namespace"].as_str().is_none_or(|name| is_label(name, 63)), "{metadata}");
    for (key, value) in metadata["labels"].as_object().unwrap() {
        assert!(is_label_value(value.as_str().unwrap()), "{key}: {value}");
    }
    let annotations: usize = metadata["annotations"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| key.len() + value.as_str().unwrap().len())
        .sum();
    assert!(annotations <= 262_144);
    if object["kind"] == "PersistentVolumeClaim" {
        assert!(is_quantity(object["spec"]["resources"]["requests"]["storage"].as_str().unwrap()), "{object}");
    }
    if object["kind"] == "ConfigMap" {
        for key in object["data"].as_object().unwrap().keys() {
            assert!(!key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{key}");
        }
    }
}

fn check_pod(pod: &Value) {
    let volumes = texts(items(pod, "volumes"), "name");
    assert!(unique(&volumes) && volumes.iter().all(|name| is_label(name, 63)), "{volumes:?}");
    let containers: Vec<&Value> = items(pod, "initContainers").iter().chain(items(pod, "containers")).collect();
    let names: Vec<&str> = containers.iter().map(|container| container["name"].as_str().unwrap()).collect();
    assert!(unique(&names) && names.iter().all(|name| is_label(name, 63)), "{names:?}");
    for container in containers {
        let env = texts(items(container, "env"), "name");
        assert!(unique(&env), "{env:?}");
        assert!(env.iter().all(|name| !name.is_empty() && !name.contains('=')), "{env:?}");
        let mounts = items(container, "volumeMounts");
        assert!(unique(&texts(mounts, "mountPath")), "{mounts:?}");
        assert!(texts(mounts, "name").iter().all(|name| volumes.contains(name)), "{mounts:?}");
        for kind in ["requests", "limits"] {
            for amount in container["resources"][kind].as_object().into_iter().flat_map(|amounts| amounts.values()) {
                assert!(is_quantity(amount.as_str().unwrap()), "{amount}");
            }
        }
    }
}

/// What arrives in the container, if every variable that there could be has a value.
fn arrives(value: &Value) -> Option<String> {
    value.as_str().map(|text| expand(text, |_| Some("EXPANDED".to_owned())))
}

/// Each literal text of the task arrives as it is written.
fn check_literals(task: &Value, pod: &Value) {
    let main = &pod["containers"][0];
    let variable = |name: &str| {
        let env = items(main, "env");
        arrives(&env.iter().find(|variable| variable["name"] == name).unwrap_or(&Value::Null)["value"])
    };
    for (field, name) in
        [("id", "KERUTA_TASK_ID"), ("title", "KERUTA_TASK_TITLE"), ("description", "KERUTA_TASK_DESCRIPTION")]
    {
        assert_eq!(variable(name).as_deref(), task[field].as_str(), "{name}");
    }
    for (name, value) in task["env"].as_object().unwrap() {
        // The count of git's entries is keruta's to raise.
        if let (Some(text), false) = (value.as_str(), name == "GIT_CONFIG_COUNT") {
            assert_eq!(variable(name).as_deref(), Some(text), "{name}");
        }
    }
    for list in ["command", "args"] {
        for (word, found) in items(task, list).iter().zip(items(main, list)) {
            if let Some(text) = word.as_str() {
                assert_eq!(arrives(found).as_deref(), Some(text), "{list}");
            }
        }
    }
    if let Some(script) = task["script"].as_str().filter(|script| !script.starts_with("#!")) {
        assert_eq!(arrives(&main["command"][2]).as_deref(), Some(script));
    }
}

proptest! {
    #![proptest_config(crate::tasks::cases(1500))]

    #[test]
    fn what_is_accepted_is_what_kubernetes_accepts(task in task(), settings in settings()) {
        let Some((_, rendered)) = rendered(&task, &settings) else { return Ok(()) };
        let objects: Vec<Value> = rendered.objects.iter().map(|object| serde_json::to_value(object).unwrap()).collect();
        for object in &objects {
            check_object(object);
        }
        let pod = &objects.last().unwrap()["spec"]["template"]["spec"];
        check_pod(pod);
        check_literals(&task, pod);
        // What keruta puts in itself gives nothing that its own review calls an error.
        let errors: Vec<_> = rendered.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        prop_assert!(errors.is_empty(), "{:?}", errors);
    }
}

#[test]
fn enough_of_the_tasks_are_accepted() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let settings = json!({ "names": "hashed" });
    let accepted =
        (0..400).filter(|_| rendered(&task().new_tree(&mut runner).unwrap().current(), &settings).is_some()).count();
    assert!(accepted > 60, "{accepted} of 400");
}

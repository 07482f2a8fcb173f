//! Whole tasks rendered from hazardous strings: in each place where a text of a task or of settings goes.
#![allow(clippy::indexing_slicing, reason = "serde_json gives null for what is not there")]

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use keruta_manifest::lineage::Lineage;
use keruta_manifest::render::{RenderOptions, render};
use keruta_manifest::{Settings, Task, read, stream};
use serde_json::{Map, Value, json};

/// Strings that one task holds.
const STRINGS_IN_A_TASK: usize = 12;
const TASKS_IN_A_STREAM: usize = 50;

/// Writes streams of rendered tasks beside the JSON that every reader must make of them, and returns how many tasks
/// there are. That the JSON has the strings, once Kubernetes has folded `$$`, is checked here.
pub(crate) fn write(out: &Path, strings: &[String]) -> Result<usize, Box<dyn Error>> {
    // No environment can hold a NUL; the library refuses it.
    let strings: Vec<&str> = strings.iter().map(String::as_str).filter(|text| !text.contains('\0')).collect();
    let tasks: Vec<(usize, &[&str])> = strings.chunks(STRINGS_IN_A_TASK).enumerate().collect();
    for (number, tasks) in tasks.chunks(TASKS_IN_A_STREAM).enumerate() {
        let (mut yaml, mut expected) = (String::new(), String::new());
        for (index, texts) in tasks {
            let (task, settings) = inputs(*index, texts);
            let (task, settings): (Task, Settings) = (parsed(task)?, parsed(settings)?);
            let rendered = render(&task, &settings, &Lineage::of(&task), &RenderOptions::default())?;
            let mut objects = String::new();
            stream::write_yaml(&mut objects, &rendered.objects)?;
            write!(yaml, "---\n{objects}")?;
            let trees: Vec<Value> = rendered.objects.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
            check(&trees, *index, texts)?;
            for tree in trees {
                writeln!(expected, "{tree}")?;
            }
        }
        std::fs::write(out.join(format!("tasks-{number:05}.yaml")), yaml)?;
        std::fs::write(out.join(format!("tasks-{number:05}.jsonl")), expected)?;
    }
    Ok(tasks.len())
}

fn parsed<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Box<dyn Error>> {
    Ok(read::from_value(value).map_err(|partial| partial.problems)?)
}

/// The string of this place, by turns.
fn text<'a>(texts: &[&'a str], place: usize) -> &'a str {
    texts[place % texts.len()]
}

fn has_script(index: usize) -> bool {
    index.is_multiple_of(2)
}

/// A task and settings with a string in each place.
fn inputs(index: usize, texts: &[&str]) -> (Value, Value) {
    let env: Map<String, Value> =
        texts.iter().enumerate().map(|(number, text)| (format!("E{number}"), json!(text))).collect();
    let mut task = json!({
        "id": format!("task-{index}"), "image": "busybox:1.37",
        "title": text(texts, 0), "description": text(texts, 1), "env": env,
        "files": [{ "path": "/etc/task/file", "content": text(texts, 2) }],
        "initSteps": [
            { "writeFile": { "path": "/work/file", "content": text(texts, 3), "env": { "A": text(texts, 4) } } },
            { "run": { "name": "run", "image": "busybox:1.37", "command": ["echo", text(texts, 5)], "env": { "A": text(texts, 6) } } },
        ],
    });
    if has_script(index) {
        // A first line of its own makes a script a file, with another check below.
        task["script"] = format!("\n{}", text(texts, 7)).into();
    } else {
        task["args"] = texts.into();
    }
    (task, json!({ "pod": { "annotations": { "acme.example/text": text(texts, 8) } } }))
}

/// Every string has arrived as it is, what Kubernetes folds undone.
fn check(trees: &[Value], index: usize, texts: &[&str]) -> Result<(), Box<dyn Error>> {
    let [config_map, job] = trees else { return Err(format!("task {index} has {} objects", trees.len()).into()) };
    let pod = &job["spec"]["template"];
    let main = &pod["spec"]["containers"][0];
    let [write, run] = [0, 1].map(|step| &pod["spec"]["initContainers"][step]);
    let variable = |container: &Value, name: &str| {
        let variables = container["env"].as_array().cloned().unwrap_or_default();
        folded(&variables.iter().find(|one| one["name"] == name).unwrap_or(&Value::Null)["value"])
    };
    let mut arrived = vec![
        (job["metadata"]["annotations"]["keruta.dev/title"].as_str().map(str::to_owned), text(texts, 0)),
        (variable(main, "KERUTA_TASK_TITLE"), text(texts, 0)),
        (variable(main, "KERUTA_TASK_DESCRIPTION"), text(texts, 1)),
        (config_map["data"]["file-0"].as_str().map(str::to_owned), text(texts, 2)),
        (variable(write, "KERUTA_FILE_CONTENT"), text(texts, 3)),
        (variable(write, "A"), text(texts, 4)),
        (folded(&run["command"][1]), text(texts, 5)),
        (variable(run, "A"), text(texts, 6)),
        (pod["metadata"]["annotations"]["acme.example/text"].as_str().map(str::to_owned), text(texts, 8)),
    ];
    arrived.extend(texts.iter().enumerate().map(|(number, text)| (variable(main, &format!("E{number}")), *text)));
    if has_script(index) {
        let script = folded(&main["command"][2]).and_then(|script| script.strip_prefix('\n').map(str::to_owned));
        arrived.push((script, text(texts, 7)));
    } else {
        arrived.extend(texts.iter().enumerate().map(|(number, text)| (folded(&main["args"][number]), *text)));
    }
    match arrived.into_iter().find(|(found, text)| found.as_deref() != Some(*text)) {
        None => Ok(()),
        Some((found, text)) => Err(format!("task {index}: {found:?} for {text:?}").into()),
    }
}

/// What Kubernetes makes of a text in which every `$` is doubled; `None` where one is not.
fn folded(value: &Value) -> Option<String> {
    let parts: Vec<&str> = value.as_str()?.split("$$").collect();
    parts.iter().all(|part| !part.contains('$')).then(|| parts.join("$"))
}

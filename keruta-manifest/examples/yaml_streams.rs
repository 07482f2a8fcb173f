//! Renders hazardous strings into YAML streams, beside the JSON that every reader must make of them.
//!
//! ```text
//! cargo run --release --example yaml_streams -- OUT_DIR HAZARDS.json RANDOM_STRINGS SEED
//! ```
//!
//! Writes `OUT_DIR/00000.yaml`, a stream of documents parted by `---`, and `OUT_DIR/00000.jsonl`, the expected
//! document on each line; and so on; then `tasks-00000.yaml` and the like, streams of whole rendered tasks. `conformance/yaml/judge.sh` hands them to the readers.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVar, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use keruta_manifest::yaml;
use serde_json::{Value, json};

#[path = "yaml_streams/strings.rs"]
mod strings;
#[path = "yaml_streams/tasks.rs"]
mod tasks;

const STRINGS_IN_A_DOCUMENT: usize = 10;
const DOCUMENTS_IN_A_STREAM: usize = 300;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [out, hazards, random, seed] = arguments.as_slice() else {
        return Err("usage: yaml_streams OUT_DIR HAZARDS.json RANDOM_STRINGS SEED".into());
    };
    let hazards: Vec<String> = serde_json::from_str(&std::fs::read_to_string(hazards)?)?;
    let corpus = strings::corpus(&hazards);
    let count: usize = random.parse()?;
    let random = strings::random(&hazards, count, seed.parse()?);
    // About as many of the short ones, spread evenly.
    let short = strings::short();
    let step = (short.len() / count.max(1)).max(1);
    let short: Vec<String> = short.into_iter().step_by(step).collect();
    let in_tasks: Vec<String> = corpus.iter().chain(&random).cloned().collect();
    println!("{} strings of the corpus, {} short ones, {} random ones", corpus.len(), short.len(), random.len());

    let out = Path::new(out);
    std::fs::create_dir_all(out)?;
    // Each string of the corpus stands in every kind of document, the others in one of them by turns.
    let by_turns: Vec<String> = short.into_iter().chain(random).collect();
    let everywhere = corpus.chunks(STRINGS_IN_A_DOCUMENT).flat_map(|strings| (0..3).map(move |kind| (kind, strings)));
    let by_turns = by_turns.chunks(STRINGS_IN_A_DOCUMENT).enumerate().map(|(index, strings)| (index % 3, strings));
    let documents: Vec<(usize, &[String])> = everywhere.chain(by_turns).collect();
    for (number, documents) in documents.chunks(DOCUMENTS_IN_A_STREAM).enumerate() {
        write_stream(out, number, documents)?;
    }
    println!("{} rendered tasks", tasks::write(out, &in_tasks)?);
    Ok(())
}

fn write_stream(out: &Path, number: usize, documents: &[(usize, &[String])]) -> Result<(), Box<dyn Error>> {
    let mut stream = String::new();
    let mut expected = String::new();
    for (kind, strings) in documents {
        stream.push_str("---\n");
        let document = match kind {
            0 => write(&mut stream, &config_map(strings))?,
            1 => write(&mut stream, &job(strings))?,
            _ => write(&mut stream, &nest(strings))?,
        };
        expected.push_str(&document.to_string());
        expected.push('\n');
    }
    std::fs::write(out.join(format!("{number:05}.yaml")), stream)?;
    std::fs::write(out.join(format!("{number:05}.jsonl")), expected)?;
    Ok(())
}

/// The expectation goes its own way, through `serde_json`.
fn write(stream: &mut String, document: &impl serde::Serialize) -> Result<Value, Box<dyn Error>> {
    yaml::write_document(stream, document)?;
    Ok(serde_json::to_value(document)?)
}

/// Strings as values and as keys of flat maps, the last of them at the very end of the document.
fn config_map(strings: &[String]) -> ConfigMap {
    let as_values = strings.iter().enumerate().map(|(index, text)| (format!("z{index}"), text.clone()));
    let as_keys = strings.iter().enumerate().map(|(index, text)| (text.clone(), format!("v{index}")));
    let as_both = strings.iter().map(|text| (text.clone(), text.clone()));
    ConfigMap {
        metadata: ObjectMeta {
            annotations: Some(as_both.collect()),
            labels: Some(as_keys.collect()),
            name: Some("a".into()),
            ..ObjectMeta::default()
        },
        data: Some(as_values.collect()),
        ..ConfigMap::default()
    }
}

/// Strings where a task's texts go: environment, command, arguments.
fn job(strings: &[String]) -> Job {
    let env = strings.iter().enumerate().map(|(index, text)| EnvVar {
        name: format!("E{index}"),
        value: Some(text.clone()),
        ..EnvVar::default()
    });
    let container = Container {
        args: Some(strings.to_vec()),
        env: Some(env.collect()),
        name: strings.first().cloned().unwrap_or_default(),
        ..Container::default()
    };
    let pod = PodSpec { containers: vec![container], ..PodSpec::default() };
    let labels = strings.iter().map(|text| (text.clone(), text.clone())).collect::<BTreeMap<_, _>>();
    Job {
        metadata: ObjectMeta { name: Some("a".into()), annotations: Some(labels), ..ObjectMeta::default() },
        spec: Some(JobSpec {
            template: PodTemplateSpec { spec: Some(pod), ..PodTemplateSpec::default() },
            ..JobSpec::default()
        }),
        ..Job::default()
    }
}

/// A string as deep as it may stand, the document, its `spec`, the item and its `deep` counted: 96 levels.
fn deep(text: &str) -> Value {
    (0..93).fold(json!(text), |inner, level| if level % 3 == 0 { json!({ "a": inner }) } else { json!([inner]) })
}

/// Strings, collections and numbers in every position that maps and lists can make.
fn nest(strings: &[String]) -> Value {
    let long = "k".repeat(130);
    let each = |text: &String| {
        json!({
            "list": [text, [text, [text]], [[], {}, [text]], [{ text: text }], { text: { text: text } }],
            "map": { text: { text: [text, { text: [] }] } },
            "long": { format!("{long}{text}"): text },
            "long list": { format!("{text}{long}"): [text, [text], { text: text }] },
            "long map": { format!("{long}{text}"): { text: { text: text }, format!("{text}{long}"): { text: {} } } },
            "numbers": [0, -1, 0.5, -0.0, 1.0, 1e20, 1.5e-7, 123_456_789.125, true, null],
        })
    };
    let mut spec: Vec<Value> = strings.iter().map(each).collect();
    spec.extend(strings.first().map(|text| json!({ "deep": deep(text) })));
    json!({ "apiVersion": "probe/v1", "kind": "Probe", "metadata": { "name": "a" }, "spec": spec })
}

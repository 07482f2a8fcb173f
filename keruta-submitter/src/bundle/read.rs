//! From a text to documents, from documents to objects, from objects to attempts.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim};
use keruta_manifest::well_known;
use serde::Deserialize;
use serde_json::Value;

use super::problem::{BundleProblem, BundleProblems, Located};
use super::{Bundle, Part, order, strict, task_label};
use crate::attempt::Attempt;

pub(super) fn stream(text: &str, namespace: &str) -> Result<Vec<Bundle>, BundleProblems> {
    let mut documents = Vec::new();
    let mut problems = Vec::new();
    for document in documents_of(text) {
        match document {
            Ok(document) => flatten(document, &mut documents),
            Err(why) => {
                let problem = BundleProblem::Syntax { why };
                problems.push(Located { document: documents.len() + 1, object: None, problem });
                break;
            }
        }
    }
    let mut parts = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        match read(document) {
            Ok(part) => parts.push((index + 1, Ok(part))),
            Err(found) => {
                let object = name_of(document);
                let located = |problem| Located { document: index + 1, object: object.clone(), problem };
                problems.extend(found.into_iter().map(located));
            }
        }
    }
    let bundles = group(parts.into_iter(), namespace, problems)?;
    if bundles.is_empty() {
        return Err(BundleProblems::one(1, None, BundleProblem::Empty));
    }
    Ok(order::parents_first(bundles))
}

/// The documents of the text; nothing comes after one that cannot be read. A reader would go on for ever there.
fn documents_of(text: &str) -> Vec<Result<Value, String>> {
    if text.trim_start().starts_with('{') {
        let documents = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        return up_to_error(documents);
    }
    up_to_error(serde_yaml::Deserializer::from_str(text).map(Value::deserialize))
}

fn up_to_error<E: ToString>(documents: impl Iterator<Item = Result<Value, E>>) -> Vec<Result<Value, String>> {
    let mut read = Vec::new();
    for document in documents {
        let document = document.map_err(|error| error.to_string());
        let is_error = document.is_err();
        read.push(document);
        if is_error {
            break;
        }
    }
    read
}

/// The items of a `List` are documents of their own; an empty document is none.
fn flatten(document: Value, documents: &mut Vec<Value>) {
    match document {
        Value::Null => {}
        Value::Object(mut list) if list.get("kind").and_then(Value::as_str) == Some("List") => {
            match list.remove("items") {
                Some(Value::Array(items)) => documents.extend(items),
                _ => documents.push(Value::Object(list)),
            }
        }
        document => documents.push(document),
    }
}

fn read(document: &Value) -> Result<Part, Vec<BundleProblem>> {
    let text = |key| document.get(key).and_then(Value::as_str);
    let (Some(version), Some(kind)) = (text("apiVersion"), text("kind")) else {
        return Err(vec![BundleProblem::NoKind]);
    };
    match (version, kind) {
        ("v1", "ConfigMap") => strict::typed::<ConfigMap>(document).map(|object| Part::ConfigMap(object.into())),
        ("v1", "PersistentVolumeClaim") => {
            strict::typed::<PersistentVolumeClaim>(document).map(|object| Part::Claim(object.into()))
        }
        ("batch/v1", "Job") => strict::typed::<Job>(document).map(|object| Part::Job(object.into())),
        _ => Err(vec![BundleProblem::ForeignKind { kind: format!("{kind} of {version}") }]),
    }
}

fn name_of(document: &Value) -> Option<String> {
    let kind = document.get("kind")?.as_str()?;
    let name = document.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("?");
    Some(format!("{kind}/{name}"))
}

struct Numbered {
    document: usize,
    namespace: String,
    name: String,
    task: String,
    part: Part,
    taken: bool,
}

/// Puts the objects of each task together, in the order of the Jobs.
pub(super) fn group(
    parts: impl Iterator<Item = (usize, Result<Part, BundleProblem>)>,
    namespace: &str,
    mut problems: Vec<Located>,
) -> Result<Vec<Bundle>, BundleProblems> {
    let mut known: Vec<Numbered> = Vec::new();
    for (document, part) in parts {
        match part.and_then(|part| numbered(document, part, namespace)) {
            Ok(part) => {
                let twin = known.iter().find(|other| {
                    other.part.kind() == part.part.kind()
                        && other.name == part.name
                        && other.namespace == part.namespace
                });
                if let Some(twin) = twin {
                    let problem = BundleProblem::Twice { first: twin.document };
                    problems.push(Located { document, object: Some(part.object()), problem });
                } else {
                    known.push(part);
                }
            }
            Err(problem) => problems.push(Located { document, object: None, problem }),
        }
    }
    let mut bundles: Vec<(usize, Bundle)> = Vec::new();
    let jobs: Vec<usize> = (0..known.len()).filter(|index| matches!(known[*index].part, Part::Job(_))).collect();
    for index in jobs {
        let (document, object) = (known[index].document, known[index].object());
        let mut problem = |problem| problems.push(Located { document, object: Some(object.clone()), problem });
        let Part::Job(job) = known[index].part.clone() else { continue };
        known[index].taken = true;
        let Some(attempt) = Attempt::of_job(&job) else {
            let number = job.metadata.annotations.as_ref().and_then(|all| all.get(well_known::ATTEMPT));
            problem(BundleProblem::Attempt { number: number.cloned().unwrap_or_default() });
            continue;
        };
        if attempt.number == 0 {
            problem(BundleProblem::Attempt { number: "0".to_owned() });
        }
        let same = |other: &Bundle| other.attempt.task == attempt.task && other.attempt.namespace == attempt.namespace;
        if let Some((first, _)) = bundles.iter().find(|(_, bundle)| same(bundle)) {
            problem(BundleProblem::TwoJobs { task: attempt.task.clone(), first: *first });
            continue;
        }
        let mut bundle = Bundle { attempt, config_map: None, claim: None, job: *job };
        collect(&mut known, index, &mut bundle, &mut problems);
        bundles.push((document, bundle));
    }
    for left in known.iter().filter(|part| !part.taken) {
        problems.push(Located { document: left.document, object: Some(left.object()), problem: BundleProblem::NoJob });
    }
    BundleProblems::none_of(problems)?;
    Ok(bundles.into_iter().map(|(_, bundle)| bundle).collect())
}

/// Finds the other objects of a Job: of its task, and for the ConfigMap of its name.
fn collect(known: &mut [Numbered], job: usize, bundle: &mut Bundle, problems: &mut Vec<Located>) {
    let (task, name, namespace) = (known[job].task.clone(), known[job].name.clone(), known[job].namespace.clone());
    for part in known.iter_mut().filter(|part| !part.taken && part.task == task) {
        match &part.part {
            Part::ConfigMap(object) if part.name == name => bundle.config_map = Some(object.as_ref().clone()),
            Part::Claim(object) if bundle.claim.is_none() => bundle.claim = Some(object.as_ref().clone()),
            _ => continue,
        }
        part.taken = true;
        if part.namespace != namespace {
            let problem = BundleProblem::Namespace { namespace: part.namespace.clone(), of_job: namespace.clone() };
            problems.push(Located { document: part.document, object: Some(part.object()), problem });
        }
    }
}

fn numbered(document: usize, mut part: Part, namespace: &str) -> Result<Numbered, BundleProblem> {
    let metadata = part.metadata_mut();
    let own = metadata.namespace.get_or_insert_default();
    if own.is_empty() {
        namespace.clone_into(own);
    }
    let namespace = own.clone();
    let name = metadata.name.clone().filter(|name| !name.is_empty()).ok_or(BundleProblem::NoName)?;
    let task = task_label(part.metadata()).ok_or(BundleProblem::NoLabels)?.to_owned();
    Ok(Numbered { document, namespace, name, task, part, taken: false })
}

impl Numbered {
    fn object(&self) -> String {
        format!("{}/{}", self.part.kind(), self.name)
    }
}

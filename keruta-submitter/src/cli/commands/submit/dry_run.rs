//! `--dry-run`: what would be created, as kubectl tells it.

use keruta_input::terminal::Stdout;
use keruta_submitter::bundle::Bundle;
use keruta_submitter::cluster::{Action, Cluster, ClusterError, FIELD_MANAGER, Object, Verb};
use kube::api::PostParams;
use serde_json::{Value, json};

use crate::cli::args::{DryRun, Output};
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, of_cluster};
use crate::cli::session::Session;

pub(super) async fn run(
    cluster: &Cluster,
    bundles: &[Bundle],
    dry_run: DryRun,
    output: Output,
    session: &Session,
) -> Result<Exit, Failure> {
    let mut stdout = Stdout::new()?;
    let (mut exit, mut all) = (Exit::Fine, Vec::new());
    for bundle in bundles {
        let mut told = Vec::new();
        if let Some(config_map) = &bundle.config_map {
            told.push(("configmap", object(cluster, bundle, config_map, dry_run).await));
        }
        if let Some(claim) = &bundle.claim {
            told.push(("persistentvolumeclaim", object(cluster, bundle, claim, dry_run).await));
        }
        told.push(("job.batch", object(cluster, bundle, &bundle.job, dry_run).await));
        for (kind, outcome) in told {
            let (name, how) = match &outcome {
                Ok((name, how)) => (name.as_str(), *how),
                Err(error) => {
                    session.tell(&of_cluster(error));
                    exit = Exit::Cluster;
                    continue;
                }
            };
            match output {
                Output::Human => {
                    let at = if dry_run == DryRun::Server { "server dry run" } else { "dry run" };
                    stdout.write(&format!("{kind}/{name} {how} ({at})\n"))?;
                }
                Output::Json => all.push(value(bundle, kind, name, how)),
                Output::Ndjson => stdout.write(&format!("{}\n", value(bundle, kind, name, how)))?,
            }
        }
    }
    if output == Output::Json {
        stdout.write(&format!("{:#}\n", json!({"objects": all})))?;
    }
    Ok(exit)
}

fn value(bundle: &Bundle, kind: &str, name: &str, how: &str) -> Value {
    let attempt = &bundle.attempt;
    json!({
        "type": "dryRun", "namespace": attempt.namespace, "task": attempt.task, "attempt": attempt.number,
        "object": format!("{kind}/{name}"), "result": how,
    })
}

/// The object's name, and what would become of it.
async fn object<K: Object>(
    cluster: &Cluster,
    bundle: &Bundle,
    object: &K,
    dry_run: DryRun,
) -> Result<(String, &'static str), ClusterError> {
    let namespace = &bundle.attempt.namespace;
    let name = object.meta().name.clone().unwrap_or_default();
    if dry_run == DryRun::Client {
        return Ok((name, "created"));
    }
    let parameters = PostParams { dry_run: true, field_manager: Some(FIELD_MANAGER.to_owned()) };
    let action = Action::on::<K>(Verb::Create, namespace, Some(&name));
    match cluster.call(action, cluster.api::<K>(namespace).create(&parameters, object)).await {
        Ok(_) => Ok((name, "created")),
        Err(ClusterError::AlreadyExists { .. }) => Ok((name, "unchanged")),
        Err(error) => Err(error),
    }
}

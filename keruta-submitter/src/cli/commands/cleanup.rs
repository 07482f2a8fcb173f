//! `cleanup`: what nobody needs any more goes.

use jiff::Timestamp;
use keruta_input::terminal::Stdout;
use keruta_submitter::cleanup::{Inventory, Outcome, Removal, Retention, carry_out, plan};
use keruta_submitter::cluster::Cluster;
use serde_json::{Value, json};

use super::super::args::{CleanupArgs, Table};
use super::super::exit::Exit;
use super::super::failure::{Failure, of_cluster};
use super::super::session::Session;

pub(super) async fn run(args: &CleanupArgs, session: &Session) -> Result<Exit, Failure> {
    let settings = session.settings(&args.namespace.settings())?;
    let cluster = session.cluster(&settings)?;
    let jobs = args.older_than.or(settings.job.ttl_seconds_after_finished);
    let retention = Retention::default().jobs(jobs);
    let mut stdout = Stdout::new()?;
    let (mut exit, mut all) = (Exit::Fine, Vec::new());
    for removal in planned(&cluster, cluster.namespace(), &retention).await? {
        match carry_out(&cluster, &removal, args.dry_run).await {
            Ok(outcome) => match args.output {
                Table::Human => stdout.write(&format!("{}: {} ({})\n", removal.object, word(outcome), removal.why))?,
                Table::Json => all.push(value(&removal, outcome)),
            },
            Err(error) => {
                session.tell(&of_cluster(&error.error));
                exit = Exit::Cluster;
            }
        }
    }
    match args.output {
        Table::Json => stdout.write(&format!("{:#}\n", json!({"removals": all})))?,
        Table::Human if jobs.is_none() => {
            session.talk().line(
                keruta_manifest::review::Severity::Note,
                "ended Jobs stay: neither --older-than nor the setting job.ttlSecondsAfterFinished says how long",
            );
        }
        Table::Human => {}
    }
    Ok(exit)
}

/// What goes now from a namespace.
pub(super) async fn planned(
    cluster: &Cluster,
    namespace: &str,
    retention: &Retention,
) -> Result<Vec<Removal>, Failure> {
    let inventory = Inventory::list(cluster, namespace).await?;
    Ok(plan(&inventory, retention, Timestamp::now()))
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "deleted",
        Outcome::Rehearsed => "would be deleted",
        Outcome::Gone => "is gone already",
        Outcome::InUse => "is in use and stays",
    }
}

fn value(removal: &Removal, outcome: Outcome) -> Value {
    let object = &removal.object;
    json!({
        "kind": object.kind.to_string(), "namespace": object.namespace, "name": object.name, "uid": object.uid,
        "why": removal.why.to_string(),
        "result": match outcome {
            Outcome::Done => "deleted",
            Outcome::Rehearsed => "wouldBeDeleted",
            Outcome::Gone => "gone",
            Outcome::InUse => "inUse",
        },
    })
}

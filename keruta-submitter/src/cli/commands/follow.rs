//! `follow`: all tasks of namespaces, for as long as it runs.

mod serve;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use keruta_input::args::SettingsArgs;
use keruta_manifest::Settings;
use keruta_submitter::classify::Policy;
use keruta_submitter::cleanup::{Outcome, Retention, carry_out};
use keruta_submitter::cluster::{Cluster, ClusterError};
use keruta_submitter::follow::{FollowError, FollowOptions, Follower};
use keruta_submitter::lease::{Candidacy, LeaseConfig};
use keruta_submitter::logs::Redactor;
use keruta_submitter::metrics::Metrics;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::cleanup::planned;
use crate::cli::args::FollowArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::interrupts::interrupts;
use crate::cli::redaction::Redaction;
use crate::cli::session::Session;

/// How often what nobody needs any more is looked for.
const REAP: Duration = Duration::from_secs(600);
/// The lease that replicas take turns by.
const LEASE: &str = "keruta-submitter";

pub(super) async fn run(args: &FollowArgs, session: &Session) -> Result<Exit, Failure> {
    let redactor = Redaction::read(&args.redact, session)?.redactor()?;
    let settings = SettingsArgs { settings: args.settings.clone(), ..SettingsArgs::default() };
    let settings = session.settings(&settings)?;
    let cluster = session.cluster(&settings)?;
    let namespaces =
        if args.namespaces.is_empty() { vec![cluster.namespace().to_owned()] } else { args.namespaces.clone() };
    let metrics = Arc::new(Metrics::default());
    let end = CancellationToken::new();
    let mut server = JoinSet::new();
    if let Some(address) = args.metrics {
        serve::start(address, Arc::clone(&metrics), &mut server).await?;
    }
    let mut interrupts = interrupts();
    let work = async {
        if !args.lease {
            return at_work(&cluster, &settings, &namespaces, args, &redactor, &metrics, &end).await;
        }
        let system = settings.processor_namespace.as_ref().map_or(cluster.namespace(), |namespace| namespace.as_str());
        may_lead(&cluster, system).await?;
        let candidacy = Candidacy::start(cluster.clone(), LeaseConfig::new(system, LEASE, &identity()));
        tracing::info!(lease = LEASE, namespace = system, "waiting for the lease");
        tokio::select! {
            () = candidacy.elected() => {}
            () = end.cancelled() => return Ok(()),
        }
        tracing::info!("the lease is ours");
        let done = tokio::select! {
            done = at_work(&cluster, &settings, &namespaces, args, &redactor, &metrics, &end) => done,
            // Whoever supervises this process starts it again, with nothing left in memory.
            () = candidacy.unseated() => {
                let cure = "nothing is lost: start it again";
                Err(Failure::because("the lease went to another process", cure, Exit::Cluster))
            }
        };
        candidacy.shutdown().await;
        done
    };
    tokio::pin!(work);
    let done = tokio::select! {
        done = &mut work => done,
        _ = interrupts.recv() => {
            tracing::info!("ending");
            end.cancel();
            work.await
        }
    };
    done.map(|()| Exit::Fine)
}

/// Whoever may not look at the lease would wait for it for ever.
async fn may_lead(cluster: &Cluster, namespace: &str) -> Result<(), Failure> {
    let Err(error @ ClusterError::Forbidden { .. }) = cluster.get::<Lease>(namespace, LEASE).await else {
        return Ok(());
    };
    let cure = format!(
        "the lease is in the namespace that the setting processorNamespace names, else in that of the tasks: set it to the \
         one for whose lease keruta-manifest install made a Role, or:\n{}",
        error.cure()
    );
    Err(Failure::because(error.to_string(), cure, Exit::Cluster))
}

/// Follows and reaps until the end.
async fn at_work(
    cluster: &Cluster,
    settings: &Settings,
    namespaces: &[String],
    args: &FollowArgs,
    redactor: &Arc<Redactor>,
    metrics: &Arc<Metrics>,
    end: &CancellationToken,
) -> Result<(), Failure> {
    let journal = super::journal::open(&args.journal, &args.journal_token)?;
    let mut followers: JoinSet<Result<(), FollowError>> = JoinSet::new();
    let mut reapers = JoinSet::new();
    for namespace in namespaces {
        let mut options = FollowOptions::new(namespace);
        options.policy = Policy { grace: settings.grace.clone(), ..Policy::default() };
        options.metrics = Arc::clone(metrics);
        options.redactor = Arc::clone(redactor);
        options.redact_secrets = args.redact.secrets;
        let follower = Follower::new(cluster.clone(), Arc::clone(&journal), options);
        let end = end.clone();
        followers.spawn(async move { follower.run(end).await });
        reapers.spawn(reap(cluster.clone(), namespace.clone(), settings.clone()));
        tracing::info!(namespace, "following");
    }
    while let Some(ended) = followers.join_next().await {
        if let Ok(ended) = ended {
            ended?;
        }
    }
    Ok(())
}

/// Deletes what nobody needs any more, from time to time, and for ever.
async fn reap(cluster: Cluster, namespace: String, settings: Settings) {
    let retention = Retention::default().jobs(settings.job.ttl_seconds_after_finished);
    loop {
        tokio::time::sleep(REAP).await;
        let removals = match planned(&cluster, &namespace, &retention).await {
            Ok(removals) => removals,
            Err(error) => {
                tracing::warn!(%error, namespace, "what is left behind could not be looked for");
                continue;
            }
        };
        for removal in removals {
            match carry_out(&cluster, &removal, false).await {
                Ok(Outcome::Done) => tracing::info!(object = %removal.object, why = %removal.why, "deleted"),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "not deleted"),
            }
        }
    }
}

/// A text that no other replica has: the Pod's name, or this machine's and process'.
fn identity() -> String {
    let host = std::env::var("HOSTNAME").ok().filter(|host| !host.is_empty());
    let started = jiff::Timestamp::now().as_nanosecond();
    format!("{}-{}-{started}", host.as_deref().unwrap_or("keruta"), std::process::id())
}

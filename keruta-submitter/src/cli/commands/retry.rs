//! `retry`: the next attempt of a task.

use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use keruta_submitter::Attempt;
use keruta_submitter::retry::next_attempt;

use super::run::{self, Course, Wait};
use super::{found, ledger};
use crate::cli::args::RetryArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::redaction::Redaction;
use crate::cli::session::Session;

pub(super) async fn run(args: &RetryArgs, session: &Session) -> Result<Exit, Failure> {
    let mut redaction = Redaction::read(&args.redact, session)?;
    let settings = session.settings(&args.namespace.settings())?;
    let cluster = session.cluster(&settings)?;
    let jobs = found::jobs(&cluster, &args.task).await?;
    let Some(job) = jobs.last() else { return Err(found::nothing(&args.task, &cluster)) };
    let name = job.metadata.name.as_deref().unwrap_or_default();
    let config_map: Option<ConfigMap> = cluster.get(cluster.namespace(), name).await?;
    let known: Vec<Attempt> = jobs.iter().filter_map(Attempt::of_job).collect();
    let bundle = next_attempt(job, config_map.as_ref(), &known)
        .map_err(|error| Failure::because(error.to_string(), error.cure(), Exit::Invalid))?;
    if args.wait {
        redaction.add_secrets(&cluster, std::iter::once(&bundle.job)).await?;
    }
    let ledger = ledger::open(args.state_dir.as_deref(), &cluster).await?;
    let course = Course {
        output: args.output,
        wait: args.wait.then(|| Wait {
            logs: args.logs,
            timeout: args.timeout.map(|limit| Duration::from_secs(limit.as_secs().into())),
            ..Wait::default()
        }),
        enabled: settings.enabled,
        grace: settings.grace.clone(),
        redactor: redaction.redactor()?,
    };
    run::run(cluster, ledger, vec![bundle], course, session).await
}

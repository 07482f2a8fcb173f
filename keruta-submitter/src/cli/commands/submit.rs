//! `submit`: tasks, or manifests of tasks, into the cluster.

mod dry_run;
mod input;

use std::time::Duration;

use keruta_input::rendering::Rendering;
use keruta_manifest::render::Rendered;
use keruta_submitter::bundle::Bundle;
use keruta_submitter::cluster::Cluster;

use super::run::{self, Course, Wait};
use super::{in_runtime, ledger};
use crate::cli::args::SubmitArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::redaction::Redaction;
use crate::cli::session::Session;

pub(super) fn run(args: &SubmitArgs, session: &Session) -> Result<Exit, Failure> {
    // What is wrong with the input is told before the cluster is looked for.
    let mut redaction = Redaction::read(&args.redact, session)?;
    let rendering = Rendering::new(&args.input, session.talk())?;
    let settings = rendering.settings.settings.clone();
    let (given, exit) = if let Some(path) = &args.manifests {
        (Given::Manifests(input::manifests(path)?), Exit::Fine)
    } else {
        let (rendered, exit) = input::render(&args.input.task, &rendering, session)?;
        (Given::Rendered(rendered), exit)
    };
    in_runtime(async {
        let cluster = session.cluster(&settings)?;
        let bundles = given.bundles(&cluster, args)?;
        if args.exit_code_from_task && bundles.len() > 1 {
            return Err(Failure::Usage("--exit-code-from-task is for one task, and there are several".to_owned()));
        }
        if let Some(dry_run) = args.dry_run {
            return Ok(exit.max(dry_run::run(&cluster, &bundles, dry_run, args.output, session).await?));
        }
        if args.wait {
            redaction.add_secrets(&cluster, bundles.iter().map(|bundle| &bundle.job)).await?;
        }
        let ledger = ledger::open(args.state_dir.as_deref(), &cluster).await?;
        let course = Course {
            output: args.output,
            wait: args.wait.then(|| Wait {
                logs: args.logs,
                timeout: args.timeout.map(|limit| Duration::from_secs(limit.as_secs().into())),
                max_in_flight: args.max_in_flight.map(usize::from),
                journal: args.journal.clone(),
                journal_token: args.journal_token.clone(),
                exit_code_from_task: args.exit_code_from_task,
            }),
            enabled: settings.enabled,
            grace: settings.grace.clone(),
            redactor: redaction.redactor()?,
        };
        Ok(exit.max(run::run(cluster, ledger, bundles, course, session).await?))
    })
}

/// What there is to submit.
enum Given {
    Rendered(Vec<Rendered>),
    /// The name and the text of a stream.
    Manifests((String, String)),
}

impl Given {
    fn bundles(self, cluster: &Cluster, args: &SubmitArgs) -> Result<Vec<Bundle>, Failure> {
        let namespace = cluster.namespace();
        match self {
            Self::Rendered(rendered) => {
                let name = |path: &std::path::PathBuf| path.display().to_string();
                let name = args.input.task.task.as_ref().map_or_else(|| "the task".to_owned(), name);
                let bundle = |rendered| Bundle::of_rendered(rendered, namespace);
                rendered
                    .into_iter()
                    .map(bundle)
                    .collect::<Result<_, _>>()
                    .map_err(|problems| Failure::Manifests { name, problems })
            }
            Self::Manifests((name, text)) => {
                Bundle::read_stream(&text, namespace).map_err(|problems| Failure::Manifests { name, problems })
            }
        }
    }
}

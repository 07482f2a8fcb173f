//! What must not be shown: from files and variables, and from the Secrets that tasks refer to.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use k8s_openapi::api::batch::v1::Job;
use keruta_input::diagnostic::human::Message;
use keruta_input::failure::Failure as InputFailure;
use keruta_submitter::cluster::Cluster;
use keruta_submitter::logs::Redactor;
use keruta_submitter::secrets::{self, SecretValue};

use super::args::RedactArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;

/// The values that are known.
#[derive(Debug)]
pub(crate) struct Redaction {
    values: Vec<SecretValue>,
    /// Whether those of Secrets belong to them.
    secrets: bool,
}

impl Redaction {
    /// Those of files and variables. A variable that is not there is an error: its value would be shown.
    pub(crate) fn read(args: &RedactArgs, session: &Session) -> Result<Self, Failure> {
        let mut values = Vec::new();
        for path in &args.files {
            let name = path.display().to_string();
            let bytes = fs::read(path).map_err(|error| InputFailure::read(name.as_str(), error))?;
            let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
            values.extend(lines.filter(|line| !line.is_empty()).map(|line| line.to_vec().into()));
        }
        for name in &args.variables {
            let Some(value) = std::env::var_os(name) else {
                let cure = "set it, or leave it out where there is nothing to redact";
                return Err(Failure::because(
                    format!("there is no variable {name} whose value could be redacted"),
                    cure,
                    Exit::Usage,
                ));
            };
            values.push(value.into_encoded_bytes().into());
        }
        let given = redactor(&values)?;
        if given.ignored() > 0 {
            let what = match given.ignored() {
                1 => "one value has".to_owned(),
                many => format!("{many} values have"),
            };
            let shortest = Redactor::SHORTEST;
            session.tell(&Message::warning(format!(
                "{what} fewer than {shortest} bytes and will be shown: a word so short would be blotted out everywhere"
            )));
        }
        Ok(Self { values, secrets: args.secrets })
    }

    /// Adds those of the Secrets that these Jobs refer to, where that was asked for.
    pub(crate) async fn add_secrets(
        &mut self,
        cluster: &Cluster,
        jobs: impl Iterator<Item = &Job>,
    ) -> Result<(), Failure> {
        if !self.secrets {
            return Ok(());
        }
        let mut wanted: BTreeMap<&str, _> = BTreeMap::new();
        for job in jobs {
            let namespace = job.metadata.namespace.as_deref().unwrap_or(cluster.namespace());
            let pod = job.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
            let found = pod.map(secrets::references).unwrap_or_default();
            wanted.entry(namespace).or_insert_with(std::collections::BTreeSet::new).extend(found);
        }
        for (namespace, references) in wanted {
            let values = secrets::read(cluster, namespace, &references).await;
            let refused =
                |error: secrets::SecretError| Failure::because(error.to_string(), error.cure(), Exit::Cluster);
            self.values.extend(values.map_err(refused)?);
        }
        Ok(())
    }

    /// What looks for them.
    pub(crate) fn redactor(&self) -> Result<Arc<Redactor>, Failure> {
        redactor(&self.values).map(Arc::new)
    }
}

fn redactor(values: &[SecretValue]) -> Result<Redactor, Failure> {
    let refused = |error: keruta_submitter::logs::RedactError| {
        Failure::because(error.to_string(), "name fewer or smaller values", Exit::Usage)
    };
    Redactor::new(values).map_err(refused)
}

//! The setup step: runs the repository's setup script and fetches the document.

use crate::plan::container::ContainerPlan;
use crate::script;
use crate::settings::Settings;
use crate::task::{ConfigMapKey, EnvSource};
use crate::value::{ConfigKey, DnsLabel, LabelValue};

pub(in crate::plan) const NAME: &str = "setup";

/// The container that fetches and runs what the API has for the two ids.
pub(in crate::plan) fn container(
    repository: Option<&LabelValue>,
    document: Option<&LabelValue>,
    settings: &Settings,
) -> ContainerPlan {
    let mut container = ContainerPlan::new(DnsLabel::constant(NAME), settings.images.curl.clone()).shell_step(
        script::SETUP.with(&[]),
        NAME,
        &[],
    );
    container = ids(container, repository, document, settings);
    container = container.literal("KERUTA_API_ENDPOINT", settings.api_url.as_str());
    match &settings.api_token_secret {
        Some(secret) => container.sourced("KERUTA_API_TOKEN", &EnvSource::Secret(secret.clone())),
        None => container,
    }
}

/// `KERUTA_REPOSITORY_ID` and `KERUTA_DOCUMENT_ID`, from the task or from the ConfigMap that settings name.
pub(in crate::plan) fn ids(
    mut container: ContainerPlan,
    repository: Option<&LabelValue>,
    document: Option<&LabelValue>,
    settings: &Settings,
) -> ContainerPlan {
    let ids = [("KERUTA_REPOSITORY_ID", repository, "repositoryId"), ("KERUTA_DOCUMENT_ID", document, "documentId")];
    for (name, id, key) in ids {
        container = match (&settings.task_metadata_config_map, id) {
            (Some(map), _) => {
                let key = ConfigMapKey { name: map.clone(), key: ConfigKey::constant(key), optional: None };
                container.sourced(name, &EnvSource::ConfigMap(key))
            }
            (None, Some(id)) => container.literal(name, id.as_str()),
            (None, None) => container,
        };
    }
    container
}

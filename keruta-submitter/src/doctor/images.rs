//! The images of the settings: can a node pull them?

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cluster::{Cluster, ClusterError};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use keruta_manifest::Settings;
use keruta_manifest::settings::SecurityProfile;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Check;

/// How long pulling may take.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(500);

pub(super) async fn check(cluster: &Cluster, settings: &Settings, probe: bool) -> Vec<Check> {
    let images = &settings.images;
    let mut wanted = vec![images.git.to_string(), images.curl.to_string(), images.wait.to_string()];
    wanted.extend(settings.default_image.as_ref().map(ToString::to_string));
    wanted.sort();
    wanted.dedup();
    if !probe {
        return vec![Check::skip("images", format!("not tried (--probe does): {}", wanted.join(", ")))];
    }
    match try_them(cluster, settings, &wanted).await {
        Ok(checks) => checks,
        Err(error) => vec![Check::warn("images", format!("could not be tried: {error}"), error.cure())],
    }
}

/// Runs a Job with a container for each image, which does nothing, and looks whether they start.
async fn try_them(cluster: &Cluster, settings: &Settings, images: &[String]) -> Result<Vec<Check>, ClusterError> {
    let namespace = cluster.namespace();
    let name = format!("keruta-doctor-{}-{}", std::process::id(), jiff::Timestamp::now().as_second());
    let Ok(job) = serde_json::from_value::<Job>(probe(&name, settings, images)) else { return Ok(Vec::new()) };
    let job = cluster.create(namespace, &job).await?;
    let uid = job.metadata.uid.clone().unwrap_or_default();
    let seen = look(cluster, &uid, images).await;
    // It also ends and goes by itself.
    let deleted = cluster.delete::<Job>(namespace, &name, &uid).await;
    if let Err(error) = deleted {
        tracing::warn!(%error, job = name, "the Job that tried the images could not be deleted");
    }
    seen
}

fn probe(name: &str, settings: &Settings, images: &[String]) -> Value {
    let restricted = settings.security.profile == SecurityProfile::Restricted;
    let mut security = json!({"allowPrivilegeEscalation": false});
    let mut of_pod = json!({"seccompProfile": {"type": "RuntimeDefault"}});
    if restricted {
        security["capabilities"] = json!({"drop": ["ALL"]});
        of_pod["runAsNonRoot"] = true.into();
        of_pod["runAsUser"] = settings.security.run_as_user.into();
    }
    let containers: Vec<Value> = images
        .iter()
        .enumerate()
        .map(|(index, image)| {
            json!({
                "name": format!("image-{index}"), "image": image, "command": ["true"], "securityContext": security,
                "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"memory": "64Mi"}},
            })
        })
        .collect();
    let secrets: Vec<Value> =
        settings.pod.image_pull_secrets.iter().map(|secret| json!({"name": secret.as_str()})).collect();
    json!({
        "metadata": {"name": name},
        "spec": {
            "backoffLimit": 0, "activeDeadlineSeconds": PATIENCE.as_secs() + 30, "ttlSecondsAfterFinished": 60,
            "template": {"spec": {
                "restartPolicy": "Never", "automountServiceAccountToken": false, "securityContext": of_pod,
                "imagePullSecrets": secrets, "containers": containers,
            }},
        },
    })
}

async fn look(cluster: &Cluster, job_uid: &str, images: &[String]) -> Result<Vec<Check>, ClusterError> {
    let labels = format!("batch.kubernetes.io/controller-uid={job_uid}");
    let until = Instant::now() + PATIENCE;
    let mut known: BTreeMap<usize, Check> = BTreeMap::new();
    while known.len() < images.len() && Instant::now() < until {
        for pod in cluster.list::<Pod>(cluster.namespace(), &labels).await? {
            let statuses = pod.status.as_ref().and_then(|status| status.container_statuses.as_deref());
            for status in statuses.unwrap_or_default() {
                let index = status.name.strip_prefix("image-").and_then(|index| index.parse::<usize>().ok());
                if let Some((index, image)) = index.and_then(|index| Some((index, images.get(index)?)))
                    && let Some(check) = of_status(image, status)
                {
                    known.insert(index, check);
                }
            }
        }
        tokio::time::sleep(LOOK).await;
    }
    for (index, image) in images.iter().enumerate() {
        known.entry(index).or_insert_with(|| {
            let what = format!("{image} was not there after {} s", PATIENCE.as_secs());
            Check::warn("image", what, "look at the Events of the namespace; a large image may take longer")
        });
    }
    Ok(known.into_values().collect())
}

/// What a container's state says of its image; nothing yet while it is pulled.
fn of_status(image: &str, status: &ContainerStatus) -> Option<Check> {
    let state = status.state.as_ref()?;
    if state.running.is_some() || state.terminated.is_some() {
        return Some(Check::ok("image", format!("{image} can be pulled")));
    }
    let waiting = state.waiting.as_ref()?;
    let reason = waiting.reason.as_deref().unwrap_or_default();
    let pulls = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"];
    pulls.contains(&reason).then(|| {
        let message = waiting.message.as_deref().unwrap_or_default();
        let what = format!("{image} cannot be pulled: {reason}: {message}");
        Check::fail("image", what, "check the name, the registry and pod.imagePullSecrets")
    })
}

//! keruta's server: one Pod, its claim, and the Service that task Pods call.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy};
use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EmptyDirVolumeSource, EnvVar, HTTPGetAction, PersistentVolumeClaim,
    PersistentVolumeClaimSpec, PersistentVolumeClaimVolumeSource, PodSecurityContext, PodSpec, PodTemplateSpec, Probe,
    ResourceRequirements, SeccompProfile, SecretVolumeSource, SecurityContext, Service, ServicePort, ServiceSpec,
    Volume, VolumeMount, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::InstallPlan;
use super::meta::{self, Part};
use crate::object::Object;
use crate::value::ImageReference;

/// The Service's name: the default `apiUrl` of tasks is `http://keruta-api.keruta.svc.cluster.local`.
const SERVICE: &str = "keruta-api";
const NAME: &str = "keruta-server";
const PORT: i32 = 8080;
/// The user of the image.
const USER: i64 = 65532;
const DATA: &str = "/var/lib/keruta";
const SECRETS: &str = "/etc/keruta/secrets";

/// The server that [`InstallPlan::server`] asks for.
///
/// ```
/// use keruta_manifest::install::Server;
///
/// let server = Server::new("registry.example/keruta-server:1.2.3".parse().unwrap());
/// assert_eq!(server.image.as_str(), "registry.example/keruta-server:1.2.3");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server {
    /// Its image.
    pub image: ImageReference,
}

impl Server {
    /// With its database, a SQLite file, on a claim of its own.
    #[must_use]
    pub const fn new(image: ImageReference) -> Self {
        Self { image }
    }
}

pub(super) fn objects(plan: &InstallPlan) -> Vec<Object> {
    let Some(server) = &plan.server else { return Vec::new() };
    vec![claim(plan).into(), service(plan).into(), deployment(plan, server).into()]
}

fn metadata(plan: &InstallPlan, name: &str) -> ObjectMeta {
    meta::namespaced(&plan.system_namespace, name, Part::Api)
}

fn quantities<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, Quantity> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), Quantity(value.to_owned()))).collect()
}

fn claim(plan: &InstallPlan) -> PersistentVolumeClaim {
    PersistentVolumeClaim {
        metadata: metadata(plan, NAME),
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some(quantities([("storage", "10Gi")])),
                ..VolumeResourceRequirements::default()
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    }
}

fn service(plan: &InstallPlan) -> Service {
    Service {
        metadata: metadata(plan, SERVICE),
        spec: Some(ServiceSpec {
            selector: Some(meta::pod_labels(Part::Api)),
            ports: Some(vec![ServicePort {
                name: Some("http".to_owned()),
                port: 80,
                target_port: Some(IntOrString::String("http".to_owned())),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

#[allow(clippy::useless_conversion, reason = "a Deployment's spec is optional in older types, required in newer ones")]
fn deployment(plan: &InstallPlan, server: &Server) -> Deployment {
    let labels = meta::pod_labels(Part::Api);
    Deployment {
        metadata: metadata(plan, NAME),
        spec: DeploymentSpec {
            // A SQLite file has one server; with PostgreSQL there may be several.
            replicas: Some(1),
            // The old one lets go of the file before the new one takes it.
            strategy: Some(DeploymentStrategy { type_: Some("Recreate".to_owned()), ..DeploymentStrategy::default() }),
            selector: meta::selector(labels.clone()),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta { labels: Some(labels), ..ObjectMeta::default() }),
                spec: Some(pod(plan, server)),
            },
            ..DeploymentSpec::default()
        }
        .into(),
        ..Deployment::default()
    }
}

fn pod(plan: &InstallPlan, server: &Server) -> PodSpec {
    PodSpec {
        // It is the submitter too, and has its rights.
        service_account_name: Some(plan.submitter.clone()),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            fs_group: Some(USER),
            fs_group_change_policy: Some("OnRootMismatch".to_owned()),
            seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), ..SeccompProfile::default() }),
            ..PodSecurityContext::default()
        }),
        // Requests that are under way, and what is being submitted.
        termination_grace_period_seconds: Some(30),
        containers: vec![container(plan, server)],
        volumes: Some(vec![
            Volume {
                name: "data".to_owned(),
                persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                    claim_name: NAME.to_owned(),
                    ..PersistentVolumeClaimVolumeSource::default()
                }),
                ..Volume::default()
            },
            Volume { name: "tmp".to_owned(), empty_dir: Some(EmptyDirVolumeSource::default()), ..Volume::default() },
            // What notification channels name; it need not be there.
            Volume {
                name: "secrets".to_owned(),
                secret: Some(SecretVolumeSource {
                    secret_name: Some("keruta-server-secrets".to_owned()),
                    optional: Some(true),
                    ..SecretVolumeSource::default()
                }),
                ..Volume::default()
            },
        ]),
        ..PodSpec::default()
    }
}

fn container(plan: &InstallPlan, server: &Server) -> Container {
    let mount = |name: &str, path: &str, read_only: bool| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    };
    let env = |name: &str, value: String| EnvVar { name: name.to_owned(), value: Some(value), ..EnvVar::default() };
    let mut settings = Vec::new();
    if let Some(namespace) = plan.task_namespaces.first() {
        settings = vec!["--set".to_owned(), format!("defaultNamespace={namespace}")];
    }
    Container {
        name: "server".to_owned(),
        image: Some(server.image.as_str().to_owned()),
        args: Some(settings),
        env: Some(vec![
            env("KERUTA_SERVER_LISTEN", format!("0.0.0.0:{PORT}")),
            // Inside the cluster; an Ingress or Gateway speaks TLS to the outside.
            env("KERUTA_SERVER_INSECURE_HTTP", "true".to_owned()),
            env("KERUTA_DATABASE", format!("sqlite:{DATA}/keruta.db")),
            env("KERUTA_SERVER_SECRETS_DIR", SECRETS.to_owned()),
        ]),
        ports: Some(vec![ContainerPort {
            name: Some("http".to_owned()),
            container_port: PORT,
            ..ContainerPort::default()
        }]),
        startup_probe: Some(probe("/healthz", 2, 60)),
        liveness_probe: Some(probe("/healthz", 10, 6)),
        readiness_probe: Some(probe("/readyz", 5, 3)),
        // No CPU limit: it would slow down the start and every burst.
        resources: Some(ResourceRequirements {
            requests: Some(quantities([("cpu", "100m"), ("memory", "128Mi")])),
            limits: Some(quantities([("memory", "1Gi")])),
            ..ResourceRequirements::default()
        }),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), ..Capabilities::default() }),
            read_only_root_filesystem: Some(true),
            ..SecurityContext::default()
        }),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        volume_mounts: Some(vec![
            mount("data", DATA, false),
            mount("tmp", "/tmp", false),
            mount("secrets", SECRETS, true),
        ]),
        ..Container::default()
    }
}

fn probe(path: &str, every: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String("http".to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(every),
        timeout_seconds: Some(5),
        failure_threshold: Some(failures),
        ..Probe::default()
    }
}

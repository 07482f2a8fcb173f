//! The git step: brings the checkout to the wanted ref, safe to repeat and to run twice at once.

use k8s_openapi::api::core::v1::KeyToPath;

use crate::plan::container::ContainerPlan;
use crate::plan::volume::VolumePlan;
use crate::script;
use crate::settings::Settings;
use crate::task::{Credentials, Repository};
use crate::value::{AbsolutePath, ConfigKey, DnsLabel};

pub(in crate::plan) const NAME: &str = "git-clone";
/// The volume of the credentials' Secret.
pub(in crate::plan) const CREDENTIALS_VOLUME: &str = "git-credentials";
/// The volume that gives the step's user a name, and the key of its text in the Job's ConfigMap.
pub(in crate::plan) const USER_VOLUME: &str = "git-user";
pub(in crate::plan) const USER_KEY: &str = "git-user";
/// Where the script looks for credentials by itself.
const CREDENTIALS_DIR: &str = "/etc/keruta/git";

/// The container that clones or updates `repository` in `checkout`.
pub(in crate::plan) fn container(
    repository: &Repository,
    checkout: &AbsolutePath,
    settings: &Settings,
) -> ContainerPlan {
    let mut args: Vec<String> = Vec::new();
    let mut option = |words: &[&str]| args.extend(words.iter().map(|word| (*word).to_owned()));
    if let Some(git_ref) = &repository.git_ref {
        option(&["--ref", git_ref.as_str()]);
    }
    option(&["--depth", &repository.depth.unwrap_or(settings.git.depth).to_string()]);
    option(&[if repository.single_branch == Some(false) { "--no-single-branch" } else { "--single-branch" }]);
    let mut sections = Vec::new();
    if repository.submodules {
        option(&["--submodules"]);
        sections.push("submodules");
    }
    if repository.lfs {
        option(&["--lfs"]);
        sections.push("lfs");
    }
    if !repository.sparse.is_empty() {
        sections.push("sparse");
    }
    for path in &repository.sparse {
        option(&["--sparse", path.as_str()]);
    }
    let kind = match &repository.credentials {
        None => None,
        Some(Credentials::SshKeySecret(_)) => Some("ssh"),
        Some(Credentials::BasicAuthSecret(_)) => Some("basic"),
        Some(Credentials::TokenSecret(_)) => Some("token"),
    };
    if let Some(kind) = kind {
        option(&["--credentials", kind]);
        sections.push("credentials");
        sections.push(if kind == "ssh" { "ssh" } else { "http" });
    }
    option(&["--", repository.url.as_str(), checkout.as_str()]);

    let schemes: Vec<&str> = settings.git.schemes.iter().map(|scheme| scheme.as_str()).collect();
    let container = ContainerPlan::new(DnsLabel::constant(NAME), settings.images.git.clone())
        .shell_step(script::GIT_CLONE.with(&sections), NAME, &args)
        .literal("GIT_ALLOW_PROTOCOL", &schemes.join(":"))
        .literal("KERUTA_GIT_ATTEMPTS", &(settings.git.retries + 1).to_string());
    match &repository.credentials {
        None => container,
        Some(credentials) => with_credentials(container, credentials),
    }
}

/// Mounts the Secret in this container alone, its keys under the names that the script knows. Optional: the script
/// says what is missing and ends the Job, where the kubelet would leave the Pod waiting for ever.
fn with_credentials(container: ContainerPlan, credentials: &Credentials) -> ContainerPlan {
    let item = |key: &Option<ConfigKey>, path: &'static str| KeyToPath {
        key: key.as_ref().map_or_else(|| path.to_owned(), Into::into),
        path: path.to_owned(),
        ..KeyToPath::default()
    };
    let (secret, items, username) = match credentials {
        Credentials::SshKeySecret(secret) => (
            &secret.name,
            vec![item(&secret.key, "ssh-privatekey"), item(&secret.known_hosts_key, "known_hosts")],
            None,
        ),
        Credentials::BasicAuthSecret(secret) => {
            (&secret.name, vec![item(&secret.username_key, "username"), item(&secret.password_key, "password")], None)
        }
        Credentials::TokenSecret(secret) => (&secret.name, vec![item(&secret.key, "token")], secret.username.as_ref()),
    };
    let volume = VolumePlan::secret(&DnsLabel::constant(CREDENTIALS_VOLUME), secret, items, Some(true));
    let container = container.mount_part(&volume, &AbsolutePath::constant(CREDENTIALS_DIR), None, true);
    match username {
        Some(username) => container.literal("KERUTA_GIT_TOKEN_USER", username.as_str()),
        None => container,
    }
}

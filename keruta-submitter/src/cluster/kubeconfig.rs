//! From a merged kubeconfig to a client's configuration.
//!
//! kube has the same, but asks `NO_PROXY` on the way and fails where Go reads it with patience.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::config::{Cluster, Context, Kubeconfig};

use super::config::{ClusterConfig, ConfigError};
use super::refusal::chain;

/// What was chosen.
pub(super) struct Chosen {
    pub(super) config: kube::Config,
    /// The cluster's `proxy-url`.
    pub(super) proxy: Option<String>,
    pub(super) context: String,
}

pub(super) fn choose(
    kubeconfig: &Kubeconfig,
    wanted: &ClusterConfig,
    files: &[PathBuf],
) -> Result<Chosen, ConfigError> {
    let unknown = |what, name: &str, known: Vec<String>| ConfigError::Unknown {
        what,
        name: name.to_owned(),
        files: files.to_owned(),
        known,
    };
    let contexts = || kubeconfig.contexts.iter().map(|context| context.name.clone()).collect::<Vec<_>>();
    let name = wanted.context.as_ref().or(kubeconfig.current_context.as_ref()).filter(|name| !name.is_empty());
    let (context_name, context) = match name {
        Some(name) => {
            let found = kubeconfig.contexts.iter().find(|context| context.name == *name);
            let context = found.and_then(|context| context.context.clone());
            (name.clone(), context.ok_or_else(|| unknown("context", name, contexts()))?)
        }
        // As with kubectl, a cluster that is named needs no context.
        None if wanted.cluster.is_some() => (String::new(), Context::default()),
        None => return Err(ConfigError::NoContext { files: files.to_owned(), known: contexts() }),
    };

    let cluster_name = wanted.cluster.as_ref().unwrap_or(&context.cluster);
    let cluster = kubeconfig.clusters.iter().find(|cluster| cluster.name == *cluster_name);
    let known = || kubeconfig.clusters.iter().map(|cluster| cluster.name.clone()).collect();
    let cluster = cluster
        .and_then(|cluster| cluster.cluster.as_ref())
        .ok_or_else(|| unknown("cluster", cluster_name, known()))?;
    let part = |what: &str, why: String| ConfigError::Part {
        what: format!("{what} of the cluster {cluster_name:?}"),
        why,
        files: files.to_owned(),
    };

    let mut config = kube::Config::new(server(cluster).map_err(|why| part("the server", why))?);
    config.root_cert = certificates(cluster).map_err(|why| part("the certificate authority", why))?;
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or(false);
    config.disable_compression = cluster.disable_compression.unwrap_or(false);
    config.tls_server_name = cluster.tls_server_name.clone().filter(|name| !name.is_empty());
    if let Some(namespace) = context.namespace.filter(|namespace| !namespace.is_empty()) {
        config.default_namespace = namespace;
    }

    // client-go does not mind a user that is not there, unless it was asked for.
    let user = wanted.user.as_ref().or(context.user.as_ref());
    let found = user.and_then(|user| kubeconfig.auth_infos.iter().find(|info| info.name == *user));
    if let (Some(user), None) = (&wanted.user, found) {
        let known = kubeconfig.auth_infos.iter().map(|info| info.name.clone()).collect();
        return Err(unknown("user", user, known));
    }
    config.auth_info = found.and_then(|user| user.auth_info.clone()).unwrap_or_default();
    if let Some(exec) = &mut config.auth_info.exec
        && exec.provide_cluster_info
    {
        let of_cluster = cluster.try_into().map_err(|error| part("the certificate authority", chain(&error)))?;
        exec.cluster = Some(of_cluster);
    }
    Ok(Chosen { config, proxy: cluster.proxy_url.clone(), context: context_name })
}

/// The server's URL; one without a scheme is https if there is a certificate to check.
fn server(cluster: &Cluster) -> Result<http::Uri, String> {
    let server = cluster.server.as_deref().unwrap_or_default().trim();
    if server.is_empty() {
        return Err("there is none".to_owned());
    }
    let secure = cluster.certificate_authority.is_some() || cluster.certificate_authority_data.is_some();
    let url = match server.contains("://") {
        true => server.to_owned(),
        false if secure => format!("https://{server}"),
        false => format!("http://{server}"),
    };
    let uri: http::Uri = url.parse().map_err(|error| format!("{url:?} is no URL: {error}"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(uri),
        _ => Err(format!("{url:?} is no URL of http or https")),
    }
}

/// The certificates that sign the server's, in DER; inline data wins over a file.
fn certificates(cluster: &Cluster) -> Result<Option<Vec<Vec<u8>>>, String> {
    let inline = cluster.certificate_authority_data.as_deref().filter(|data| !data.is_empty());
    let file = cluster.certificate_authority.as_deref().filter(|path| !path.is_empty());
    let bytes = match (inline, file) {
        (Some(data), _) => STANDARD.decode(data).map_err(|error| format!("its base64 is wrong: {error}"))?,
        (None, Some(path)) => std::fs::read(path).map_err(|error| format!("{path}: {error}"))?,
        (None, None) => return Ok(None),
    };
    let blocks = pem::parse_many(bytes).map_err(|error| error.to_string())?;
    let found: Vec<Vec<u8>> =
        blocks.into_iter().filter(|block| block.tag() == "CERTIFICATE").map(pem::Pem::into_contents).collect();
    if found.is_empty() { Err("it holds no certificate".to_owned()) } else { Ok(Some(found)) }
}

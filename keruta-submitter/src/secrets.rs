//! The Secrets that a Pod refers to, so that their values can be kept out of logs and verdicts.
//!
//! ```
//! use keruta_submitter::secrets::{SecretRef, references};
//!
//! let pod = serde_json::from_value(serde_json::json!({"containers": [{"name": "main", "env": [
//!     {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "api", "key": "token"}}},
//! ], "envFrom": [{"secretRef": {"name": "all"}}]}]}))?;
//! let found: Vec<SecretRef> = references(&pod).into_iter().collect();
//! assert_eq!(found, [SecretRef::all_of("all"), SecretRef::key_of("api", "token")]);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Container, PodSpec, Secret, Volume};

use crate::cluster::{Cluster, ClusterError};

/// What of a Secret reaches a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretRef {
    /// The Secret's name.
    pub name: String,
    /// The key; `None` for all of them.
    pub key: Option<String>,
}

impl SecretRef {
    /// All keys of a Secret.
    #[must_use]
    pub fn all_of(name: impl Into<String>) -> Self {
        Self { name: name.into(), key: None }
    }

    /// One key of a Secret.
    #[must_use]
    pub fn key_of(name: impl Into<String>, key: impl Into<String>) -> Self {
        Self { name: name.into(), key: Some(key.into()) }
    }
}

/// A value that is told to nobody: it shows itself as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(Vec<u8>);

impl From<Vec<u8>> for SecretValue {
    fn from(value: Vec<u8>) -> Self {
        Self(value)
    }
}

impl AsRef<[u8]> for SecretValue {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A Secret that could not be read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the Secret {name:?} cannot be read, so that its values would not be redacted: {source}")]
pub struct SecretError {
    /// The Secret.
    pub name: String,
    /// Where it is looked for.
    pub namespace: String,
    /// All that were to be read.
    pub wanted: Vec<String>,
    /// Why.
    pub source: ClusterError,
}

impl SecretError {
    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        let Self { namespace, wanted, source, .. } = self;
        if !matches!(source, ClusterError::Forbidden { .. }) {
            return source.cure();
        }
        let names: Vec<String> = wanted.iter().map(|name| format!("--resource-name={name}")).collect();
        format!(
            "grant the right to get the Secrets that the tasks refer to, which keruta's own Roles do not:\n\
             kubectl create role keruta-redact -n {namespace} --verb=get --resource=secrets {}\n\
             or name the values with --redact-file or --redact-env",
            names.join(" ")
        )
    }
}

/// What of Secrets reaches a Pod's containers: variables, all of a Secret as variables, files.
#[must_use]
pub fn references(pod: &PodSpec) -> BTreeSet<SecretRef> {
    let containers = pod.init_containers.iter().flatten().chain(&pod.containers);
    containers.flat_map(of_container).chain(pod.volumes.iter().flatten().flat_map(of_volume)).collect()
}

fn of_container(container: &Container) -> Vec<SecretRef> {
    let variables = container.env.iter().flatten().filter_map(|variable| {
        let selector = variable.value_from.as_ref()?.secret_key_ref.as_ref()?;
        Some(SecretRef::key_of(&selector.name, &selector.key))
    });
    let whole = container.env_from.iter().flatten().filter_map(|from| from.secret_ref.as_ref());
    variables.chain(whole.map(|secret| SecretRef::all_of(&secret.name))).collect()
}

fn of_volume(volume: &Volume) -> Vec<SecretRef> {
    let mut found = Vec::new();
    let mut add = |name: &str, keys: Option<Vec<&str>>| match keys {
        Some(keys) => found.extend(keys.into_iter().map(|key| SecretRef::key_of(name, key))),
        None => found.push(SecretRef::all_of(name)),
    };
    if let Some(secret) = &volume.secret {
        let keys = secret.items.as_ref().map(|items| items.iter().map(|item| item.key.as_str()).collect());
        add(secret.secret_name.as_deref().unwrap_or_default(), keys);
    }
    let sources = volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
    for secret in sources.filter_map(|source| source.secret.as_ref()) {
        let keys = secret.items.as_ref().map(|items| items.iter().map(|item| item.key.as_str()).collect());
        add(&secret.name, keys);
    }
    found
}

/// The values of Secrets, each Secret asked for once. What is not there has none: a Pod that needs it does not start.
///
/// # Errors
///
/// A Secret that may not or could not be read.
pub async fn read(
    cluster: &Cluster,
    namespace: &str,
    references: &BTreeSet<SecretRef>,
) -> Result<Vec<SecretValue>, SecretError> {
    let mut by_name: BTreeMap<&str, Vec<Option<&str>>> = BTreeMap::new();
    for SecretRef { name, key } in references {
        by_name.entry(name).or_default().push(key.as_deref());
    }
    let mut values = Vec::new();
    let wanted: Vec<&str> = by_name.keys().copied().collect();
    for (name, keys) in by_name {
        let secret = cluster.get::<Secret>(namespace, name).await.map_err(|source| SecretError {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            wanted: wanted.iter().copied().map(str::to_owned).collect(),
            source,
        })?;
        let data = secret.and_then(|secret| secret.data).unwrap_or_default();
        let is_wanted = |key: &str| keys.iter().any(|wanted| wanted.is_none_or(|wanted| wanted == key));
        let referred = data.into_iter().filter(|(key, _)| is_wanted(key));
        values.extend(referred.map(|(_, ByteString(value))| SecretValue(value)));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Server;

    #[test]
    fn every_way_of_a_secret_into_a_container_is_found() {
        let pod = serde_json::from_value(json!({
            "imagePullSecrets": [{"name": "pull"}],
            "initContainers": [{"name": "step", "env": [
                {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s1", "key": "a"}}},
                {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "b"}}},
                {"name": "C", "value": "plain"},
            ]}],
            "containers": [{"name": "main", "envFrom": [
                {"secretRef": {"name": "s2"}}, {"configMapRef": {"name": "c"}},
            ]}],
            "volumes": [
                {"name": "v1", "secret": {"secretName": "s3"}},
                {"name": "v2", "secret": {"secretName": "s4", "items": [{"key": "k", "path": "p"}]}},
                {"name": "v3", "projected": {"sources": [{"secret": {"name": "s5"}}, {"configMap": {"name": "c"}}]}},
                {"name": "v4", "emptyDir": {}},
            ],
        }))
        .unwrap();
        let expected = [
            SecretRef::key_of("s1", "a"),
            SecretRef::all_of("s2"),
            SecretRef::all_of("s3"),
            SecretRef::key_of("s4", "k"),
            SecretRef::all_of("s5"),
        ];
        assert_eq!(references(&pod).into_iter().collect::<Vec<_>>(), expected);
    }

    #[tokio::test]
    async fn only_the_keys_that_are_referred_to_are_read() {
        let server = Server::default();
        let secret = |name: &str| {
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
                "data": {"a": "b25l", "b": "dHdv"}})
        };
        for name in ["one", "two"] {
            server.put(&format!("/api/v1/namespaces/tasks/secrets/{name}"), secret(name));
        }
        let wanted = BTreeSet::from([
            SecretRef::key_of("one", "a"),
            SecretRef::key_of("one", "absent"),
            SecretRef::all_of("two"),
            SecretRef::all_of("absent"),
        ]);
        let values = read(&server.cluster(), "tasks", &wanted).await.unwrap();
        let expected: [&[u8]; 3] = [b"one", b"one", b"two"];
        assert_eq!(values.iter().map(AsRef::as_ref).collect::<Vec<&[u8]>>(), expected);
        assert_eq!(format!("{values:?}"), "[***, ***, ***]");
    }
}

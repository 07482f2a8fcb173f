//! Init steps: what runs, in order, before the main container.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Arg, EnvFrom, EnvMap, EnvSource, Resources, VolumeMount};
use crate::value::{
    AbsolutePath, DnsLabel, Duration, HeaderName, HostName, HttpUrl, ImageReference, Port, Text, UniqueMap,
};

/// One step before the main container, written as an object with one key: `{"sleep": {"duration": "60s"}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum InitStep {
    /// Waits until a Service has a DNS name.
    WaitForService(WaitForService),
    /// Waits until a TCP port accepts connections.
    WaitForTcp(WaitForTcp),
    /// Waits until a URL answers.
    WaitForHttp(WaitForHttp),
    /// Calls an HTTP endpoint, for example to register the Pod.
    CallHttp(CallHttp),
    /// Waits for a while.
    Sleep(Sleep),
    /// Writes a file into the workspace, filled from variables and Pod fields.
    WriteFile(WriteFile),
    /// Runs a container of its own.
    Run(Box<RunContainer>),
}

/// Waits until a Service has a DNS name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WaitForService {
    /// The container's name. Default: `wait-<service>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DnsLabel>,
    /// The Service's name.
    pub service: DnsLabel,
    /// Its namespace. Default: the Pod's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<DnsLabel>,
    /// The container's image. Default: `images.wait` of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageReference>,
    /// How long to wait before the step fails. Default: 5 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// How long between two tries. Default: 2 seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Duration>,
}

/// Waits until a TCP port accepts connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WaitForTcp {
    /// The container's name. Default: `wait-tcp-<port>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DnsLabel>,
    /// Host name or address.
    pub host: HostName,
    /// The port.
    pub port: Port,
    /// The container's image. Default: `images.wait` of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageReference>,
    /// How long to wait before the step fails. Default: 5 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// How long between two tries. Default: 2 seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Duration>,
}

/// Waits until a URL answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WaitForHttp {
    /// The container's name. Default: `wait-http`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DnsLabel>,
    /// The URL.
    pub url: HttpUrl,
    /// The status that ends the waiting. Default: any of 200 to 299.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::value::within_if_any::<100, 599, _>"
    )]
    #[schemars(range(min = 100, max = 599))]
    pub status: Option<u32>,
    /// The container's image. Default: `images.curl` of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageReference>,
    /// How long to wait before the step fails. Default: 5 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// How long between two tries. Default: 2 seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Duration>,
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// GET
    Get,
    /// POST
    #[default]
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl HttpMethod {
    /// The method's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A header's value: a literal or a Secret's key.
pub type HeaderValue = EnvSource;

/// Calls an HTTP endpoint; an answer of 400 or more fails the step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CallHttp {
    /// The container's name. Default: `call-http`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DnsLabel>,
    /// The URL.
    pub url: HttpUrl,
    /// The method. Default: POST.
    #[serde(default)]
    pub method: HttpMethod,
    /// Headers; their values are literals or come from Secrets.
    #[serde(default, skip_serializing_if = "UniqueMap::<HeaderName, EnvSource>::is_empty")]
    pub headers: UniqueMap<HeaderName, HeaderValue>,
    /// The body; `{"expand": "instance=$(POD_NAME)&ip=$(POD_IP)"}` fills in the variables of `env`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Arg>,
    /// Variables for the body.
    #[serde(default, skip_serializing_if = "EnvMap::is_empty")]
    pub env: EnvMap,
    /// The container's image. Default: `images.curl` of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageReference>,
    /// How long to try before the step fails. Default: 5 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}

/// Waits for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sleep {
    /// The container's name. Default: `sleep`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DnsLabel>,
    /// How long.
    pub duration: Duration,
    /// The container's image. Default: `images.wait` of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageReference>,
}

/// Writes a file into the workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WriteFile {
    /// The container's name. Default: `write-file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DnsLabel>,
    /// Where the file is, in the workspace or another volume of this step.
    pub path: AbsolutePath,
    /// What it holds; `{"expand": "ip=$(POD_IP)"}` fills in the variables of `env`.
    pub content: Arg,
    /// Variables for the content.
    #[serde(default, skip_serializing_if = "EnvMap::is_empty")]
    pub env: EnvMap,
    /// Whether the file may be executed. Default: no.
    #[serde(default)]
    pub executable: bool,
    /// The container's image. Default: `images.wait` of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageReference>,
}

/// Runs a container of its own to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunContainer {
    /// The container's name.
    pub name: DnsLabel,
    /// Its image.
    pub image: ImageReference,
    /// Its entrypoint; the image's own where absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<Arg>,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Arg>,
    /// A shell script instead of `command` and `args`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<Text>,
    /// Its working directory. Default: the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<AbsolutePath>,
    /// Its environment.
    #[serde(default, skip_serializing_if = "EnvMap::is_empty")]
    pub env: EnvMap,
    /// ConfigMaps and Secrets whose every key becomes a variable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env_from: Vec<EnvFrom>,
    /// Its requests and limits. Default: those of the settings' init steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Volumes of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<VolumeMount>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_an_object_with_one_key() {
        let step: InitStep = serde_json::from_str(r#"{"sleep": {"duration": "1m"}}"#).unwrap();
        assert!(matches!(step, InitStep::Sleep(Sleep { duration, .. }) if duration.as_secs() == 60));
    }
}

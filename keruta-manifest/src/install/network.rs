//! What task Pods may reach: DNS, git and the keruta API.
//!
//! One policy denies everything in both directions, three add what is allowed; policies add up, so a team that needs more
//! (a package mirror, a database, the Service that a wait-for step waits for) adds one of its own beside them.
//! <https://kubernetes.io/docs/concepts/services-networking/network-policies/>

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::meta::{self, Part};
use super::{Cidr, InstallError, InstallPlan, check};
use crate::object::Object;

/// Every IPv4 address, and what of it is not the public internet.
///
/// From the [IANA registry of special-purpose addresses](https://www.iana.org/assignments/iana-ipv4-special-registry/):
/// "this network", private use (10/8, 172.16/12, 192.168/16), shared space of providers (also Alibaba Cloud's metadata,
/// 100.100.100.200), loopback, link-local (the metadata address of most clouds, 169.254.169.254), protocol assignments,
/// benchmarking, multicast, reserved. And 168.63.129.16, at which Azure answers its virtual machines.
const PUBLIC_V4: (Cidr, &[Cidr]) = (
    Cidr::v4([0, 0, 0, 0], 0),
    &[
        Cidr::v4([0, 0, 0, 0], 8),
        Cidr::v4([10, 0, 0, 0], 8),
        Cidr::v4([100, 64, 0, 0], 10),
        Cidr::v4([127, 0, 0, 0], 8),
        Cidr::v4([168, 63, 129, 16], 32),
        Cidr::v4([169, 254, 0, 0], 16),
        Cidr::v4([172, 16, 0, 0], 12),
        Cidr::v4([192, 0, 0, 0], 24),
        Cidr::v4([192, 168, 0, 0], 16),
        Cidr::v4([198, 18, 0, 0], 15),
        Cidr::v4([224, 0, 0, 0], 4),
        Cidr::v4([240, 0, 0, 0], 4),
    ],
);

/// The same for IPv6: NAT64 for local use, unique local (also the metadata address `fd00:ec2::254`), link-local,
/// multicast. NAT64's well-known prefix `64:ff9b::/96` stays: it is how an IPv6-only cluster reaches GitHub, and it must
/// not stand for private IPv4 addresses ([RFC 6052, 3.1](https://www.rfc-editor.org/rfc/rfc6052#section-3.1)).
const PUBLIC_V6: (Cidr, &[Cidr]) = (
    Cidr::v6([0, 0, 0], 0),
    &[
        Cidr::v6([0x64, 0xff9b, 1], 48),
        Cidr::v6([0xfc00, 0, 0], 7),
        Cidr::v6([0xfe80, 0, 0], 10),
        Cidr::v6([0xff00, 0, 0], 8),
    ],
);

/// What is cut out of any wider range, even one that was asked for: the clouds' metadata services.
const METADATA: [Cidr; 2] = [Cidr::v4([169, 254, 0, 0], 16), Cidr::v6([0xfd00, 0xec2, 0], 32)];

/// A protocol that git speaks, by its port.
///
/// ```
/// use keruta_manifest::install::GitPort;
///
/// assert_eq!(GitPort::Ssh.number(), 22);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum GitPort {
    /// 22.
    Ssh,
    /// 80, unencrypted.
    Http,
    /// 443.
    Https,
    /// 9418, git's own protocol: unencrypted and unauthenticated.
    Git,
    /// Any other, for a server that listens elsewhere.
    Other(NonZeroU16),
}

impl GitPort {
    /// The port's number.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Ssh => 22,
            Self::Http => 80,
            Self::Https => 443,
            Self::Git => 9418,
            Self::Other(number) => number.get(),
        }
    }
}

/// Where git servers are, and how they are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Git {
    pub(super) public: bool,
    pub(super) ports: BTreeSet<GitPort>,
    pub(super) cidrs: BTreeSet<Cidr>,
    pub(super) except: BTreeSet<Cidr>,
}

impl Default for Git {
    fn default() -> Self {
        Self {
            public: true,
            ports: BTreeSet::from([GitPort::Https, GitPort::Ssh]),
            cidrs: BTreeSet::new(),
            except: BTreeSet::new(),
        }
    }
}

impl Git {
    fn peers(&self) -> Vec<NetworkPolicyPeer> {
        let public = [PUBLIC_V4, PUBLIC_V6].into_iter().filter(|_| self.public).map(|(all, special)| {
            let except = special.iter().chain(&self.except).copied().collect();
            block(all, &except)
        });
        let asked = self.cidrs.iter().map(|cidr| block(*cidr, &BTreeSet::from(METADATA)));
        public.chain(asked).collect()
    }

    fn ports(&self) -> Vec<NetworkPolicyPort> {
        let numbers: BTreeSet<u16> = self.ports.iter().map(|port| port.number()).collect();
        numbers.into_iter().map(|number| port("TCP", number)).collect()
    }
}

/// Something that tasks may reach: some Pods, or a range of addresses, and a port.
///
/// For Pods behind a Service the port is the *container's*: a policy sees a connection after the Service's address and
/// port were replaced by a Pod's. So not the 80 of `http://keruta-api.keruta.svc.cluster.local`, but the 8080 behind it.
///
/// ```
/// use keruta_manifest::install::{InstallPlan, Target};
///
/// let openshift = Target::pods("openshift-dns", [("dns.operator.openshift.io/daemonset-dns", "default")], 5353)?;
/// let node_local = Target::block("169.254.20.10/32".parse()?, 53)?;
/// let plan = InstallPlan::new().dns([openshift, node_local]);
///
/// assert!(Target::pods("keruta", [("app", "keruta-api")], 0).is_err());
/// assert!(Target::pods("keruta", [] as [(&str, &str); 0], 8080).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    to: To,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum To {
    Pods { namespace: String, labels: BTreeMap<String, String> },
    Block(Cidr),
}

impl Target {
    /// The Pods with all of these labels in this namespace.
    ///
    /// # Errors
    /// If the namespace, a label or the port is not one, or if there is no label.
    pub fn pods<K: Into<String>, V: Into<String>>(
        namespace: impl Into<String>,
        labels: impl IntoIterator<Item = (K, V)>,
        port: u16,
    ) -> Result<Self, InstallError> {
        let namespace = check::label("target namespace", namespace.into())?;
        let port = check::port("target port", port)?;
        let checked = |(key, value): (K, V)| {
            Ok((check::label_key("target label", key.into())?, check::label_value("target label", value.into())?))
        };
        let labels = labels.into_iter().map(checked).collect::<Result<BTreeMap<_, _>, InstallError>>()?;
        if labels.is_empty() {
            return Err(InstallError::NoLabels { namespace });
        }
        Ok(Self { to: To::Pods { namespace, labels }, port })
    }

    /// A range of addresses, for what runs outside the cluster's Pod network.
    ///
    /// # Errors
    /// If the port is 0.
    pub fn block(cidr: Cidr, port: u16) -> Result<Self, InstallError> {
        Ok(Self { to: To::Block(cidr), port: check::port("target port", port)? })
    }

    pub(super) fn cluster_dns() -> Vec<Self> {
        let labels = meta::labels([("k8s-app", "kube-dns")]);
        vec![Self { to: To::Pods { namespace: "kube-system".to_owned(), labels }, port: 53 }]
    }

    fn keruta_api(namespace: &str) -> Self {
        let labels = meta::pod_labels(Part::Api);
        Self { to: To::Pods { namespace: namespace.to_owned(), labels }, port: 8080 }
    }

    fn rule(&self, protocols: &[&str]) -> NetworkPolicyEgressRule {
        let peer = match &self.to {
            // Both selectors in one peer: these Pods *in* this namespace. In two peers: these Pods here, or anything there.
            To::Pods { namespace, labels } => NetworkPolicyPeer {
                // A label that Kubernetes itself sets and guards:
                // https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name
                namespace_selector: Some(meta::selector(meta::labels([("kubernetes.io/metadata.name", namespace)]))),
                pod_selector: Some(meta::selector(labels.clone())),
                ..NetworkPolicyPeer::default()
            },
            To::Block(cidr) => block(*cidr, &BTreeSet::new()),
        };
        let ports = protocols.iter().map(|protocol| port(protocol, self.port)).collect();
        NetworkPolicyEgressRule { to: Some(vec![peer]), ports: Some(ports) }
    }
}

pub(super) fn objects(plan: &InstallPlan) -> Vec<Object> {
    plan.task_namespaces.iter().flat_map(|namespace| policies(plan, namespace)).map(Object::from).collect()
}

fn policies(plan: &InstallPlan, namespace: &str) -> Vec<NetworkPolicy> {
    let default_api = Target::keruta_api(&plan.system_namespace);
    let api = plan.api.as_ref().unwrap_or(&default_api);
    let (git_peers, git_ports) = (plan.git.peers(), plan.git.ports());

    let mut policies = vec![deny(namespace, plan.isolate_namespace)];
    // A rule with an empty list of peers or of ports would allow *every* peer or port.
    if !plan.dns.is_empty() {
        let rules = plan.dns.iter().map(|target| target.rule(&["UDP", "TCP"])).collect();
        policies.push(allow(namespace, "keruta-task-allow-dns", rules));
    }
    if !git_peers.is_empty() && !git_ports.is_empty() {
        let git = NetworkPolicyEgressRule { to: Some(git_peers), ports: Some(git_ports) };
        policies.push(allow(namespace, "keruta-task-allow-git", vec![git]));
    }
    policies.push(allow(namespace, "keruta-task-allow-api", vec![api.rule(&["TCP"])]));
    policies
}

fn deny(namespace: &str, everyone: bool) -> NetworkPolicy {
    let pods = if everyone { LabelSelector::default() } else { meta::task_pods() };
    policy(namespace, "keruta-task-default-deny", pods, &["Ingress", "Egress"], None)
}

fn allow(namespace: &str, name: &str, rules: Vec<NetworkPolicyEgressRule>) -> NetworkPolicy {
    policy(namespace, name, meta::task_pods(), &["Egress"], Some(rules))
}

fn policy(
    namespace: &str,
    name: &str,
    pods: LabelSelector,
    types: &[&str],
    egress: Option<Vec<NetworkPolicyEgressRule>>,
) -> NetworkPolicy {
    NetworkPolicy {
        metadata: meta::namespaced(namespace, name, Part::Task),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(pods),
            policy_types: Some(types.iter().map(|kind| (*kind).to_owned()).collect()),
            egress,
            ..NetworkPolicySpec::default()
        }),
    }
}

/// A range without those of the exceptions that lie in it. Kubernetes refuses an exception that does not lie strictly
/// inside; one inside another says nothing.
fn block(cidr: Cidr, except: &BTreeSet<Cidr>) -> NetworkPolicyPeer {
    let strictly_in = |inner: &Cidr, outer: &Cidr| inner != outer && outer.contains(inner);
    let except: Vec<_> = except
        .iter()
        .filter(|exception| strictly_in(exception, &cidr))
        .filter(|exception| !except.iter().any(|other| strictly_in(exception, other)))
        .map(Cidr::to_string)
        .collect();
    let ip_block = IPBlock { cidr: cidr.to_string(), except: (!except.is_empty()).then_some(except) };
    NetworkPolicyPeer { ip_block: Some(ip_block), ..NetworkPolicyPeer::default() }
}

fn port(protocol: &str, number: u16) -> NetworkPolicyPort {
    NetworkPolicyPort {
        port: Some(IntOrString::Int(i32::from(number))),
        protocol: Some(protocol.to_owned()),
        ..NetworkPolicyPort::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_well_formed() {
        let tables = [PUBLIC_V4, PUBLIC_V6].into_iter().flat_map(|(all, special)| special.iter().copied().chain([all]));
        for cidr in tables.chain(METADATA) {
            assert_eq!(cidr.to_string().parse(), Ok(cidr));
        }
    }

    #[test]
    fn the_metadata_addresses_are_never_public() {
        let special: Vec<_> = [PUBLIC_V4, PUBLIC_V6].iter().flat_map(|(_, special)| special.iter()).collect();
        let addresses =
            ["169.254.169.254/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fd00:ec2::254/128"];
        for address in addresses {
            let address: Cidr = address.parse().unwrap();
            assert!(special.iter().any(|cidr| cidr.contains(&address)), "{address}");
        }
    }
}

//! Claims that Pods share in a way that their access mode does not allow.
//!
//! The access modes are a property of the claim. Where a claim is not among the objects and nobody told its modes,
//! nothing is known and nothing is said. Whether a storage class exists or what it can do is never guessed.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::finding::FindingId;
use super::pod::PodView;
use super::sink::{Sink, short};
use crate::object::Object;

/// What the caller knows about a claim beyond the objects at hand: a library cannot look into the cluster.
///
/// ```
/// use keruta_manifest::review::SharedClaim;
///
/// // A child is being rendered whose parent may still be running on the same claim.
/// let claim = SharedClaim {
///     claim: "git-repo-pvc-1".into(),
///     access_modes: vec!["ReadWriteOnce".into()],
///     writers: vec!["keruta-job-1".into()],
///     consent: false,
/// };
/// assert_eq!(claim.writers.len(), 1);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SharedClaim {
    /// The claim's name.
    pub claim: String,
    /// Its access modes, as Kubernetes spells them; empty if they are not known.
    pub access_modes: Vec<String>,
    /// Other tasks or Jobs that mount the claim for writing and may run at the same time.
    pub writers: Vec<String>,
    /// Whether whoever owns the claim agreed to several writers at once.
    pub consent: bool,
}

/// How many Pods can use a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    OnePod,
    OneNode,
    ManyNodes,
    Unknown,
}

impl Sharing {
    fn of(modes: &[String]) -> Self {
        let has = |mode: &str| modes.iter().any(|one| one == mode);
        if has("ReadWriteMany") {
            Self::ManyNodes
        } else if has("ReadWriteOnce") {
            Self::OneNode
        } else if has("ReadWriteOncePod") {
            Self::OnePod
        } else {
            Self::Unknown
        }
    }
}

/// A claim that a Job of the stream mounts, and may write to.
struct Mount<'a> {
    claim: &'a str,
    volume: usize,
    writes: bool,
}

/// What the objects of a stream say about claims. Making it costs nothing for a stream with one Job.
pub(super) struct Stream<'a> {
    objects: &'a [Object],
    many: Option<Many<'a>>,
}

/// Only several Jobs in one stream can be one another's writers, and then looking everything up again would be slow.
struct Many<'a> {
    claims: BTreeMap<Key<'a>, &'a PersistentVolumeClaim>,
    writers: BTreeMap<Key<'a>, Vec<&'a str>>,
}

impl<'a> Stream<'a> {
    pub(super) fn new(objects: &'a [Object]) -> Self {
        let jobs = objects.iter().filter(|object| matches!(object, Object::Job(_))).count();
        let many = (jobs > 1).then(|| Many { claims: claims(objects), writers: writers(objects) });
        Self { objects, many }
    }

    fn claim(&self, key: Key<'_>) -> Option<&'a PersistentVolumeClaim> {
        match &self.many {
            Some(many) => many.claims.get(&key).copied(),
            None => self.objects.iter().filter_map(as_claim).find(|claim| key_of(claim) == key),
        }
    }

    fn writers<'s>(&'s self, key: Key<'s>) -> &'s [&'a str] {
        self.many.as_ref().and_then(|many| many.writers.get(&key)).map(Vec::as_slice).unwrap_or_default()
    }
}

pub(super) fn check(
    object: &Object,
    pod: &PodView<'_>,
    stream: &Stream<'_>,
    shared: &[SharedClaim],
    sink: &mut Sink<'_>,
) {
    let namespace = object.metadata().namespace.as_deref();
    let mut tied: Option<&str> = None;
    for mount in mounts(pod) {
        let key = (namespace, mount.claim);
        let told = shared.iter().find(|one| one.claim == mount.claim);
        let sharing = match (stream.claim(key), told) {
            (Some(claim), _) => {
                Sharing::of(claim.spec.as_ref().and_then(|spec| spec.access_modes.as_deref()).unwrap_or_default())
            }
            (None, Some(told)) => Sharing::of(&told.access_modes),
            (None, None) => continue,
        };
        let at = || pod.at(&format!("/spec/volumes/{}/persistentVolumeClaim", mount.volume));
        if matches!(sharing, Sharing::OneNode | Sharing::OnePod) {
            match tied {
                Some(first) if first != mount.claim => two_claims(first, mount.claim, at(), sink),
                _ => tied = Some(mount.claim),
            }
        }
        let others = told
            .into_iter()
            .flat_map(|one| &one.writers)
            .map(String::as_str)
            .chain(stream.writers(key).iter().copied())
            .filter(|&name| name != object.name());
        if mount.writes
            && let Some(others) = Others::of(others, parallelism(object) > 1)
        {
            let consent = told.is_some_and(|one| one.consent);
            shared_writes(pod, &mount, sharing, &others, consent, sink);
        }
    }
}

/// Who else writes to a claim: the first by name, and how many more.
struct Others<'a> {
    first: Option<&'a str>,
    more: usize,
}

impl<'a> Others<'a> {
    fn of(mut names: impl Iterator<Item = &'a str>, parallel: bool) -> Option<Self> {
        let first = names.next();
        (first.is_some() || parallel).then(|| Self { first, more: names.count() })
    }

    fn describe(&self) -> String {
        match (self.first, self.more) {
            (None, _) => "the other Pods of this Job".to_owned(),
            (Some(name), 0) => format!("\"{}\"", short(name)),
            (Some(name), more) => format!("\"{}\" and {more} more", short(name)),
        }
    }
}

fn shared_writes(
    pod: &PodView<'_>,
    mount: &Mount<'_>,
    sharing: Sharing,
    others: &Others<'_>,
    consent: bool,
    sink: &mut Sink<'_>,
) {
    let at = || pod.at(&format!("/spec/volumes/{}/persistentVolumeClaim", mount.volume));
    let (claim, with) = (short(mount.claim), others.describe());
    match sharing {
        Sharing::OnePod => sink.add(
            FindingId::StorageRwopShared,
            at(),
            format!("The claim \"{claim}\" is ReadWriteOncePod and shared with {with}: this Pod cannot start while another has it."),
            "Run the tasks one after the other, or make the claim ReadWriteOnce.",
        ),
        Sharing::OneNode if !stays_on_one_node(pod) => sink.add(
            FindingId::StorageRwoSeveralWriters,
            at(),
            format!("The claim \"{claim}\" is ReadWriteOnce and shared with {with}, and nothing keeps the Pods on one node: a Pod on another node waits for the volume."),
            "Add Pod affinity with the topology key kubernetes.io/hostname, or make the claim ReadWriteMany.",
        ),
        Sharing::ManyNodes if !consent => sink.add(
            FindingId::StorageRwxSeveralWriters,
            at(),
            format!("The claim \"{claim}\" is shared with {with}: both can write to it at the same time."),
            "Run the tasks one after the other, give each its own directory or claim, or agree to shared writing in the settings.",
        ),
        Sharing::OneNode | Sharing::ManyNodes | Sharing::Unknown => {}
    }
}

fn two_claims(first: &str, second: &str, pointer: String, sink: &mut Sink<'_>) {
    sink.add(
        FindingId::StorageTwoRwoClaims,
        pointer,
        format!(
            "The Pod mounts the claims \"{}\" and \"{}\", which can each be used on one node only: if their volumes are on different nodes or in different zones, the Pod never starts.",
            short(first),
            short(second)
        ),
        "Use one claim with sub-paths, or make one of the claims ReadWriteMany.",
    );
}

fn as_claim(object: &Object) -> Option<&PersistentVolumeClaim> {
    match object {
        Object::PersistentVolumeClaim(claim) => Some(claim),
        _ => None,
    }
}

/// A claim by namespace and name.
type Key<'a> = (Option<&'a str>, &'a str);

fn claims(objects: &[Object]) -> BTreeMap<Key<'_>, &PersistentVolumeClaim> {
    objects.iter().filter_map(as_claim).map(|claim| (key_of(claim), claim)).collect()
}

fn key_of(claim: &PersistentVolumeClaim) -> Key<'_> {
    (claim.metadata.namespace.as_deref(), claim.metadata.name.as_deref().unwrap_or_default())
}

/// For each claim the names of the Jobs that write to it.
fn writers(objects: &[Object]) -> BTreeMap<Key<'_>, Vec<&str>> {
    let mut writers: BTreeMap<Key<'_>, Vec<&str>> = BTreeMap::new();
    for object in objects {
        let Some(pod) = PodView::of(object) else { continue };
        for mount in mounts(&pod).filter(|mount| mount.writes) {
            writers.entry((object.metadata().namespace.as_deref(), mount.claim)).or_default().push(object.name());
        }
    }
    writers
}

/// The claims of a Pod's volumes. A volume that every container mounts read-only is not written to.
fn mounts<'a>(pod: &PodView<'a>) -> impl Iterator<Item = Mount<'a>> + use<'a> {
    let pod = *pod;
    pod.spec.volumes.iter().flatten().enumerate().filter_map(move |(index, volume)| {
        let claim = volume.persistent_volume_claim.as_ref()?;
        let writes = claim.read_only != Some(true)
            && pod.containers().any(|container| {
                container.volume_mounts.iter().any(|mount| mount.name == volume.name && mount.read_only != Some(true))
                    || container.volume_devices.iter().any(|device| device.name == volume.name)
            });
        Some(Mount { claim: &claim.claim_name, volume: index, writes })
    })
}

fn parallelism(object: &Object) -> i32 {
    match object {
        Object::Job(job) => job.spec.as_ref().and_then(|spec| spec.parallelism).unwrap_or(1),
        _ => 1,
    }
}

/// Whether the Pod says itself which node it runs on, or that it follows another Pod to one.
fn stays_on_one_node(pod: &PodView<'_>) -> bool {
    const HOSTNAME: &str = "kubernetes.io/hostname";
    let spec = pod.spec;
    if spec.node_name.is_some() || spec.node_selector.as_ref().is_some_and(|selector| selector.contains_key(HOSTNAME)) {
        return true;
    }
    let Some(affinity) = &spec.affinity else { return false };
    let follows = affinity
        .pod_affinity
        .iter()
        .flat_map(|pods| pods.required_during_scheduling_ignored_during_execution.iter().flatten())
        .any(|term| term.topology_key == HOSTNAME);
    let named = affinity
        .node_affinity
        .iter()
        .filter_map(|nodes| nodes.required_during_scheduling_ignored_during_execution.as_ref())
        .any(|required| {
            !required.node_selector_terms.is_empty()
                && required.node_selector_terms.iter().all(|term| {
                    let labels = term.match_expressions.iter().flatten().map(|one| one.key == HOSTNAME);
                    let fields = term.match_fields.iter().flatten().map(|one| one.key == "metadata.name");
                    labels.chain(fields).any(|matches| matches)
                })
        });
    follows || named
}

#[cfg(test)]
mod tests;

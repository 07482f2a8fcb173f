//! Findings on finished objects: a lint that knows what a cluster would say, before a cluster says it.
//!
//! Everything here is a function of its arguments: no cluster is asked. A finding has a stable [`FindingId`], a
//! [`Severity`], a JSON pointer into the object, an explanation and a cure.

mod finding;
mod image;
mod immutable;
mod pod;
mod pod_security;
mod quantity;
mod secret_literal;
mod sink;
mod size;
mod storage;
mod version;
mod walk;
mod well_formed;

pub use finding::{Finding, FindingId, ObjectRef, Severity, UnknownFindingId};
pub use immutable::immutable_changes;
pub use pod_security::{PodSecurityLevel, UnknownPodSecurityLevel, check_pod_security};
pub use storage::SharedClaim;
pub use version::{Effect, Feature, KubernetesVersion, UnknownKubernetesVersion, features, gate};

use crate::object::Object;
use pod::PodView;
use sink::Sink;
use walk::{Count, Walked, walk};

/// What a review is made against.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// The Pod Security level to check; none checks no level.
    pub pod_security: Option<PodSecurityLevel>,
    /// The version of Kubernetes that the objects are for.
    pub version: KubernetesVersion,
    /// What is known about claims beyond the objects.
    pub claims: &'a [SharedClaim],
}

/// Every finding on a stream of objects, in the order of the objects, then by pointer and check.
#[must_use]
pub fn review(objects: &[Object], options: &Options<'_>) -> Vec<Finding> {
    let sizes: Vec<usize> = objects.iter().map(|object| walk(object, Count::AtMost).bytes).collect();
    let mut found = Vec::new();
    review_sized(objects, &sizes, options, &mut found);
    found
}

/// [`gate`] and then [`review`], in one pass over each object.
pub(crate) fn gate_and_review(objects: &mut [Object], options: &Options<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut sizes = Vec::with_capacity(objects.len());
    for object in &mut *objects {
        let Walked { bytes, uses } = walk(object, Count::AtMost);
        // What the gate takes away only makes it shorter.
        sizes.push(bytes);
        version::gate_uses(object, uses, options.version, &mut found);
    }
    review_sized(objects, &sizes, options, &mut found);
    found
}

/// Adds the findings on objects of which a walk said how long they are at most.
fn review_sized(objects: &[Object], sizes: &[usize], options: &Options<'_>, found: &mut Vec<Finding>) {
    let stream = storage::Stream::new(objects);
    for (object, &at_most) in objects.iter().zip(sizes) {
        let start = found.len();
        let mut sink = Sink::new(object.kind(), object.name(), found);
        size::check(object, at_most, &mut sink);
        secret_literal::check(object, &mut sink);
        well_formed::check(object, options.version, &mut sink);
        if let Some(pod) = PodView::of(object) {
            size::check_pod(&pod, &mut sink);
            secret_literal::check_pod(&pod, &mut sink);
            image::check_pod(&pod, &mut sink);
            storage::check(object, &pod, &stream, options.claims, &mut sink);
            if let Some(level) = options.pod_security {
                pod_security::check(&pod, level, options.version, &mut sink);
            }
        }
        if let Some(own) = found.get_mut(start..) {
            own.sort_by(|a, b| (&a.pointer, a.id.as_str(), &a.message).cmp(&(&b.pointer, b.id.as_str(), &b.message)));
        }
    }
    found.dedup();
}

//! Parents before children: a child's Pod waits for its ancestor's claim and checkout.

use std::collections::HashMap;

use keruta_manifest::well_known;

use super::{Bundle, task_label};

/// The bundles, parents before their children, otherwise as they were.
pub(super) fn parents_first(bundles: Vec<Bundle>) -> Vec<Bundle> {
    let parents = parents(&bundles);
    let depths: Vec<usize> = (0..bundles.len()).map(|index| depth(index, &parents)).collect();
    let mut ordered: Vec<(usize, Bundle)> = depths.into_iter().zip(bundles).collect();
    // The sort is stable.
    ordered.sort_by_key(|(depth, _)| *depth);
    ordered.into_iter().map(|(_, bundle)| bundle).collect()
}

/// For each bundle the one that comes before it: its parent, else the owner of the claim that it uses.
#[must_use]
pub fn parents(bundles: &[Bundle]) -> Vec<Option<usize>> {
    let mut tasks = HashMap::new();
    let mut owners = HashMap::new();
    for (index, bundle) in bundles.iter().enumerate() {
        let namespace = bundle.attempt.namespace.as_str();
        tasks.insert((namespace, bundle.attempt.task.as_str()), index);
        if let Some(name) = bundle.claim.as_ref().and_then(|claim| claim.metadata.name.as_deref()) {
            owners.insert((namespace, name), index);
        }
    }
    let parent = |index: usize, bundle: &Bundle| {
        let namespace = bundle.attempt.namespace.as_str();
        let of_name = bundle.parent().and_then(|parent| tasks.get(&(namespace, parent)));
        let of_claim = || bundle.claims_used().find_map(|claim| owners.get(&(namespace, claim)));
        let of_label = || {
            let labels = bundle.job.metadata.labels.as_ref()?;
            let root = labels.get(well_known::WORKSPACE)?;
            bundles.iter().position(|other| {
                other.attempt.namespace == namespace && task_label(&other.job.metadata) == Some(root.as_str())
            })
        };
        of_name.or_else(of_claim).copied().or_else(of_label).filter(|parent| *parent != index)
    };
    bundles.iter().enumerate().map(|(index, bundle)| parent(index, bundle)).collect()
}

/// How many ancestors are in the stream. A circle, which no rendering has, ends after one round.
fn depth(index: usize, parents: &[Option<usize>]) -> usize {
    let ancestors = std::iter::successors(parents[index], |ancestor| parents[*ancestor]);
    ancestors.take(parents.len()).count()
}

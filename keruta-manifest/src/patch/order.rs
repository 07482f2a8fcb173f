//! The order of a merged list, as `kubectl` and the API server make it.
//!
//! Elements of the patch stand in the order of the patch (or of `$setElementOrder`), the others in their
//! old order; the two are then interleaved by the old order as far as it knows them. An element that is
//! new therefore comes before the old ones that follow its neighbours, and at the front of the list where
//! the patch names it alone.

use std::collections::{HashMap, HashSet};

/// Puts `items`, each with its key, in order.
pub(super) fn arrange<T>(items: Vec<(String, T)>, patch_order: &[String], old_order: &[String]) -> Vec<T> {
    let in_patch: HashSet<&str> = patch_order.iter().map(String::as_str).collect();
    let (patched, kept): (Vec<_>, Vec<_>) =
        items.into_iter().partition(|(key, _)| in_patch.contains(key.as_str()));
    let old = ranks(old_order);
    let patched = sorted(patched, &ranks(patch_order));
    let kept = sorted(kept, &old);
    interleave(kept, patched, &old).into_iter().map(|(_, item)| item).collect()
}

fn ranks(order: &[String]) -> HashMap<&str, usize> {
    let mut ranks = HashMap::with_capacity(order.len());
    for (rank, key) in order.iter().enumerate() {
        ranks.entry(key.as_str()).or_insert(rank);
    }
    ranks
}

fn sorted<T>(mut items: Vec<(String, T)>, ranks: &HashMap<&str, usize>) -> Vec<(String, T)> {
    items.sort_by_key(|(key, _)| ranks.get(key.as_str()).copied().unwrap_or(usize::MAX));
    items
}

fn interleave<T>(
    kept: Vec<(String, T)>,
    patched: Vec<(String, T)>,
    old: &HashMap<&str, usize>,
) -> Vec<(String, T)> {
    let mut all = Vec::with_capacity(kept.len() + patched.len());
    let (mut kept, mut patched) = (kept.into_iter().peekable(), patched.into_iter().peekable());
    while let (Some((left, _)), Some((right, _))) = (kept.peek(), patched.peek()) {
        let left_is_first =
            old.get(left.as_str()).zip(old.get(right.as_str())).is_some_and(|(left, right)| left < right);
        all.extend(if left_is_first { kept.next() } else { patched.next() });
    }
    all.extend(kept);
    all.extend(patched);
    all
}

#[cfg(test)]
mod tests {
    use super::arrange;

    fn order(items: &str, patch: &str, old: &str) -> String {
        let keys = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        let items = keys(items).into_iter().map(|key| (key.clone(), key)).collect();
        arrange(items, &keys(patch), &keys(old)).concat()
    }

    #[test]
    fn new_elements_come_before_the_old_ones_that_do_not_precede_their_neighbours() {
        assert_eq!(order("abc", "c", "ab"), "cab");
        assert_eq!(order("abcx", "xb", "abc"), "xabc");
        assert_eq!(order("abcx", "bx", "abc"), "abxc");
        assert_eq!(order("abc", "ca", "abc"), "bca");
    }
}

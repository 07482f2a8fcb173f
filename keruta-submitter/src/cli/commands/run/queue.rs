//! Which task may start: parents before their children. A pure structure of numbers.

use std::collections::{HashMap, VecDeque};

/// Tasks that wait.
#[derive(Debug)]
pub(super) struct Queue {
    ready: VecDeque<usize>,
    children: HashMap<usize, Vec<usize>>,
    /// How many wait for their parents.
    held: usize,
}

impl Queue {
    /// Tasks with their parents, where these are among them.
    pub(super) fn new(parents: &[Option<usize>]) -> Self {
        let mut queue = Self { ready: VecDeque::new(), children: HashMap::new(), held: 0 };
        for (index, parent) in parents.iter().enumerate() {
            match parent {
                Some(parent) => {
                    queue.children.entry(*parent).or_default().push(index);
                    queue.held += 1;
                }
                None => queue.ready.push_back(index),
            }
        }
        queue
    }

    /// The next task that may start.
    pub(super) fn pop(&mut self) -> Option<usize> {
        self.ready.pop_front()
    }

    /// Whether one may start now.
    pub(super) fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// A task went well: its children may start.
    pub(super) fn went_well(&mut self, index: usize) {
        let children = self.children.remove(&index).unwrap_or_default();
        self.held -= children.len();
        self.ready.extend(children);
    }

    /// A task did not go well: the tasks below it, which will not start.
    pub(super) fn went_wrong(&mut self, index: usize) -> Vec<usize> {
        let mut left_out = self.children.remove(&index).unwrap_or_default();
        let mut at = 0;
        while let Some(child) = left_out.get(at) {
            let below = self.children.remove(child).unwrap_or_default();
            left_out.extend(below);
            at += 1;
        }
        self.held -= left_out.len();
        left_out
    }

    /// Takes all that has not started.
    pub(super) fn drain(&mut self) -> Vec<usize> {
        let mut left: Vec<usize> = self.ready.drain(..).collect();
        left.extend(self.children.drain().flat_map(|(_, children)| children));
        self.held = 0;
        left.sort_unstable();
        left
    }

    /// Whether tasks are held by a parent.
    pub(super) const fn holds(&self) -> bool {
        self.held > 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn children_wait_for_their_parents() {
        let mut queue = Queue::new(&[Some(1), None, Some(0), None]);
        assert_eq!((queue.pop(), queue.pop(), queue.pop()), (Some(1), Some(3), None));
        queue.went_well(3);
        assert_eq!(queue.pop(), None);
        queue.went_well(1);
        assert_eq!((queue.pop(), queue.pop()), (Some(0), None));
        assert_eq!(queue.went_wrong(0), [2]);
        assert!(!queue.holds());
    }

    proptest! {
        /// Whatever fails, each task starts once or is left out once, and none starts before its parent went well.
        #[test]
        fn every_task_has_its_turn(
            parents in proptest::collection::vec(proptest::option::of(0_usize..20), 1..20),
            fails in proptest::collection::vec(any::<bool>(), 20),
        ) {
            // Only earlier ones, so that there is no circle.
            let parents: Vec<_> = parents.iter().enumerate().map(|(index, parent)| parent.filter(|p| *p < index)).collect();
            let mut queue = Queue::new(&parents);
            let mut seen = vec![None; parents.len()];
            while let Some(index) = queue.pop() {
                prop_assert!(parents[index].is_none_or(|parent| seen[parent] == Some(true)));
                prop_assert!(seen[index].replace(!fails[index]).is_none());
                if fails[index] {
                    for left_out in queue.went_wrong(index) {
                        prop_assert!(seen[left_out].replace(false).is_none());
                    }
                } else {
                    queue.went_well(index);
                }
            }
            prop_assert!(seen.iter().all(Option::is_some) && !queue.holds());
        }
    }
}

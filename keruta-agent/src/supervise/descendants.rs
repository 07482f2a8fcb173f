//! The processes below this one, as `/proc` shows them.

use std::collections::{HashMap, HashSet};
use std::fs;

use rustix::process::{Pid, Signal};

/// Every process below this one. Those that have ended and wait to be reaped count not.
pub(super) fn all() -> Vec<u32> {
    below(std::process::id(), &parents())
}

/// Sends a signal to every process below this one; how many there were.
pub(super) fn signal_all(signal: Signal) -> usize {
    let found = all();
    for pid in &found {
        if let Some(pid) = i32::try_from(*pid).ok().and_then(Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
    found.len()
}

/// The parent of every living process.
fn parents() -> HashMap<u32, u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read(entry.path().join("stat")).ok()?;
            parent(&stat).map(|parent| (pid, parent))
        })
        .collect()
}

/// The parent in a `/proc/<pid>/stat`; `None` of a zombie. The name in parentheses may hold anything.
fn parent(stat: &[u8]) -> Option<u32> {
    let behind = memchr::memrchr(b')', stat)?;
    let mut fields = std::str::from_utf8(stat.get(behind + 1..)?).ok()?.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(parent)
}

/// The state in a `/proc/<pid>/stat`: `R` where it runs, `S` where it sleeps.
pub(super) fn state(stat: &[u8]) -> Option<u8> {
    let behind = memchr::memrchr(b')', stat)?;
    stat.get(behind + 1..)?.trim_ascii_start().first().copied()
}

fn below(root: u32, parents: &HashMap<u32, u32>) -> Vec<u32> {
    let mut known = HashSet::from([root]);
    let mut found = Vec::new();
    loop {
        let next: Vec<u32> = parents
            .iter()
            .filter(|(pid, parent)| known.contains(parent) && !known.contains(pid))
            .map(|(pid, _)| *pid)
            .collect();
        if next.is_empty() {
            return found;
        }
        known.extend(&next);
        found.extend(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything_and_a_zombie_is_none() {
        assert_eq!(parent(b"7 (a) Z 1 (b)) S 3 7 7 0"), Some(3));
        assert_eq!(parent(b"7 (sh) Z 3 7"), None);
        assert_eq!(parent(b"7 sh"), None);
        assert_eq!((state(b"7 (a) R (b)) S 3 7"), state(b"7 sh")), (Some(b'S'), None));
    }

    #[test]
    fn all_generations_are_found_and_nobody_else() {
        let parents = HashMap::from([(1, 0), (2, 1), (3, 2), (4, 3), (9, 1)]);
        let mut found = below(2, &parents);
        found.sort_unstable();
        assert_eq!(found, [3, 4]);
    }
}

//! Whether a command really waits for its input, as `/proc` shows it.
//!
//! A thread that is blocked in `read` of the terminal waits, and so does one in `select` of descriptor 0 alone and without a time limit,
//! which is how readline waits. It counts where nothing else of the command is at work, and only when two looks in a row show it.
//! `poll` and `epoll` name what they wait for in the process's own memory, which is left alone: who waits so is not told.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::descendants;

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(500);

/// The numbers of the system calls.
#[cfg(target_arch = "x86_64")]
mod call {
    pub(super) const READ: u64 = 0;
    pub(super) const SELECT: &[u64] = &[23, 270];
}
#[cfg(target_arch = "aarch64")]
mod call {
    pub(super) const READ: u64 = 63;
    pub(super) const SELECT: &[u64] = &[72];
}
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod call {
    /// Of no call: on other machines nothing is told.
    pub(super) const READ: u64 = u64::MAX;
    pub(super) const SELECT: &[u64] = &[];
}

/// Looks until it is dropped.
#[derive(Debug)]
pub(crate) struct Watch(Arc<AtomicBool>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Watch {
    /// Tells of each change: whether what runs below this process waits for input from a terminal.
    pub(crate) fn start(terminal: PathBuf, tell: impl Fn(bool) + Send + 'static) -> std::io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let look = move || {
            let (mut waits, mut before) = (false, false);
            while !ended.load(Ordering::Acquire) {
                let now = waits_now(&terminal);
                // One look may meet a moment between two steps.
                if now == before && now != waits {
                    waits = now;
                    tell(waits);
                }
                before = now;
                std::thread::sleep(PAUSE);
            }
        };
        std::thread::Builder::new().name("waiting".to_owned()).stack_size(crate::output::STACK).spawn(look)?;
        Ok(Self(over))
    }
}

fn waits_now(terminal: &Path) -> bool {
    let mut waits = false;
    for pid in descendants::all() {
        let process = PathBuf::from(format!("/proc/{pid}"));
        let Ok(threads) = fs::read_dir(process.join("task")) else { continue };
        for thread in threads.flatten() {
            let thread = thread.path();
            let stat = fs::read(thread.join("stat")).unwrap_or_default();
            // Something computes, or waits for its disk: the command is at work.
            if matches!(descendants::state(&stat), Some(b'R' | b'D')) {
                return false;
            }
            let call = fs::read_to_string(thread.join("syscall")).unwrap_or_default();
            waits |= descriptor(&call).is_some_and(|descriptor| is_terminal(&process, descriptor, terminal));
        }
    }
    waits
}

fn is_terminal(process: &Path, descriptor: u64, terminal: &Path) -> bool {
    let opened = fs::read_link(process.join(format!("fd/{descriptor}")));
    opened.is_ok_and(|opened| opened == terminal || opened == Path::new("/dev/tty"))
}

/// The descriptor that a thread waits to read, as `/proc/<pid>/syscall` tells: `0 0x0 0x7ffd… 0x1 …`.
fn descriptor(call: &str) -> Option<u64> {
    let mut words = call.split_ascii_whitespace();
    let number: u64 = words.next()?.parse().ok()?;
    let arguments: Vec<u64> = words.filter_map(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()).collect();
    if number == call::READ {
        return arguments.first().copied();
    }
    // Of descriptors below 1 there is one. A pointer to a time limit means that it goes on by itself.
    let is_of_input = call::SELECT.contains(&number) && arguments.first() == Some(&1) && arguments.get(4) == Some(&0);
    is_of_input.then_some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_read_and_a_select_of_the_input_alone_wait() {
        assert_eq!(descriptor("0 0x3 0x7ffd53545e7f 0x1 0x8 0x2 0x1 0x7ffd53545e48 0x7f1ea91172ad"), Some(3));
        assert_eq!(
            descriptor("270 0x1 0x7ffc0b1179b0 0x0 0x0 0x0 0x7ffc0b1178e0 0x7ffc0b1178a0 0x7faefae35aec"),
            Some(0)
        );
        for other in [
            "running",
            "",
            "270 0x1 0x7ffc0b1179b0 0x0 0x0 0x7ffc 0x7ffc0b1178e0 0x7ffc0b1178a0 0x7faefae35aec",
            "270 0x5 0x7ffc0b1179b0 0x0 0x0 0x0 0x7ffc0b1178e0 0x7ffc0b1178a0 0x7faefae35aec",
            "61 0xffffffff 0x0 0x0 0x0 0x0 0x0 0x7ffc 0x7f",
            "-1 0x7ffc 0x7f",
        ] {
            assert_eq!(descriptor(other), None, "{other}");
        }
    }
}

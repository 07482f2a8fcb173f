//! The init steps: one file for each kind.
//!
//! Each step runs a constant script of `scripts/`; what comes from a task reaches it as arguments and variables
//! alone. Arguments are escaped for Kubernetes' expansion; the scripts hold nothing that it would touch.

pub(super) mod git;
pub(super) mod http;
pub(super) mod run;
pub(super) mod setup;
pub(super) mod wait;
pub(super) mod write_file;

/// `/bin/sh -c SCRIPT NAME`, the form of every step: the script's arguments follow.
pub(super) const fn shell(script: &'static str, name: &'static str) -> [&'static str; 4] {
    ["/bin/sh", "-c", script, name]
}

#[cfg(test)]
mod tests {
    use crate::plan::expansion::expand;

    #[test]
    fn kubernetes_expansion_leaves_the_scripts_alone() {
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        for script in [
            super::git::SCRIPT,
            super::http::CALL_SCRIPT,
            super::setup::SCRIPT,
            super::wait::HTTP_SCRIPT,
            super::wait::SERVICE_SCRIPT,
            super::wait::TCP_SCRIPT,
            super::write_file::SCRIPT,
        ] {
            assert_eq!(expand(script, |name| is_name(name).then(|| "EXPANDED".to_owned())), script);
        }
    }
}

//! The init steps: one file for each kind.
//!
//! Each step runs a constant script of `scripts/`; what comes from a task reaches it as arguments and variables
//! alone. Arguments are escaped for Kubernetes' expansion; the scripts hold nothing that it would touch.

pub(super) mod git;
pub(super) mod http;
pub(super) mod run;
mod script;
pub(super) mod setup;
pub(super) mod wait;
pub(super) mod write_file;

#[cfg(test)]
mod tests {
    use crate::plan::expansion::expand;

    #[test]
    fn kubernetes_expansion_leaves_the_scripts_alone() {
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        for script in [
            &super::git::SCRIPT,
            &super::http::CALL_SCRIPT,
            &super::setup::SCRIPT,
            &super::wait::HTTP_SCRIPT,
            &super::wait::SERVICE_SCRIPT,
            &super::wait::TCP_SCRIPT,
            &super::write_file::SCRIPT,
        ] {
            let text = script.with(&script.sections());
            assert_eq!(expand(&text, |name| is_name(name).then(|| "EXPANDED".to_owned())), text);
        }
    }
}

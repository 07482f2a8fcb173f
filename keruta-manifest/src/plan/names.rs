//! Names of a task's objects.

use sha2::{Digest, Sha256};

use crate::problem::{Explain, Rule};
use crate::settings::NamePolicy;
use crate::value::{DnsSubdomain, LabelValue, NameError, TaskId};

const JOB_PREFIX: &str = "keruta-job-";
const CLAIM_PREFIX: &str = "git-repo-pvc-";
/// What attempt 2 and later add; no id may end in it, so no other task's first attempt can have the name.
const ATTEMPT: &str = "-attempt-";
/// Hexadecimal digits of the hash in a rewritten id: 64 bits, out of reach for somebody who wants another task's claim.
const HASH_DIGITS: usize = 16;
/// Readable characters in a rewritten id, so that a Job's name has room for the prefix, the hash and the attempt.
const READABLE: usize = 63 - JOB_PREFIX.len() - 1 - HASH_DIGITS - ATTEMPT.len() - 4;

text_value! {
    /// A Job's name: a DNS-1123 subdomain of at most 63 characters, because it becomes the value of the label `job-name`.
    /// [Source](https://kubernetes.io/docs/concepts/workloads/controllers/job/#writing-a-job-spec).
    ///
    /// ```
    /// use keruta_manifest::plan::JobName;
    /// assert!("keruta-job-task-1".parse::<JobName>().is_ok());
    /// assert!("a".repeat(64).parse::<JobName>().is_err());
    /// ```
    JobName, error = NameError, check = check_job_name, expected = "a Job's name",
    schema = { "maxLength": 63 },
}

fn check_job_name(text: &str) -> Result<(), NameError> {
    text.parse::<DnsSubdomain>()?;
    text.parse::<LabelValue>().map(|_| ())
}

/// The names of one attempt of a task.
///
/// ```
/// use keruta_manifest::plan::Names;
/// use keruta_manifest::settings::NamePolicy;
///
/// let names = Names::new(&"task-1".parse().unwrap(), 1, NamePolicy::Strict).unwrap();
/// assert_eq!(names.job.as_str(), "keruta-job-task-1");
/// assert_eq!(names.claim.as_str(), "git-repo-pvc-task-1");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The Job's name, and that of the ConfigMap that goes with it.
    pub job: JobName,
    /// The name of the claim that the task has if it is a root.
    pub claim: DnsSubdomain,
    /// The id as a label's value.
    pub label: LabelValue,
    /// Whether the names leave room for a second attempt.
    pub can_be_retried: bool,
}

impl Names {
    /// The names of an attempt, counted from 1.
    ///
    /// # Errors
    ///
    /// [`NamingError`] under [`NamePolicy::Strict`], where the id cannot be a part of the names.
    pub fn new(id: &TaskId, attempt: u32, policy: NamePolicy) -> Result<Self, NamingError> {
        let part = name_part(id, policy)?;
        let name = |error| NamingError::Name { id: id.to_string(), error };
        let suffix = if attempt > 1 { format!("{ATTEMPT}{attempt}") } else { String::new() };
        Ok(Self {
            job: format!("{JOB_PREFIX}{part}{suffix}").parse().map_err(name)?,
            claim: format!("{CLAIM_PREFIX}{part}").parse().map_err(name)?,
            label: part.parse().map_err(name)?,
            can_be_retried: JOB_PREFIX.len() + part.len() + ATTEMPT.len() < 63,
        })
    }
}

impl Names {
    /// Names of no task, by which planning goes on after a problem with the real ones.
    pub(super) fn stand_in() -> Self {
        Self {
            job: JobName::constant("stand-in"),
            claim: DnsSubdomain::constant("stand-in"),
            label: LabelValue::constant("stand-in"),
            can_be_retried: true,
        }
    }
}

/// The part of the names that stands for the task.
fn name_part(id: &TaskId, policy: NamePolicy) -> Result<String, NamingError> {
    match policy {
        NamePolicy::Hashed => Ok(rewritten(id)),
        NamePolicy::Strict if ends_like_an_attempt(id.as_str()) => Err(NamingError::Attempt { id: id.to_string() }),
        NamePolicy::Strict => Ok(id.as_str().to_owned()),
    }
}

fn ends_like_an_attempt(id: &str) -> bool {
    let head = id.trim_end_matches(|c: char| c.is_ascii_digit());
    head.len() < id.len() && head.ends_with(ATTEMPT)
}

/// A readable form of the id, and a hash of the whole.
fn rewritten(id: &TaskId) -> String {
    let mut part = String::with_capacity(READABLE + 1 + HASH_DIGITS);
    for character in id.as_str().chars().flat_map(char::to_lowercase) {
        let character = if character.is_ascii_alphanumeric() { character } else { '-' };
        if part.len() < READABLE && !(character == '-' && (part.is_empty() || part.ends_with('-'))) {
            part.push(character);
        }
    }
    if !part.is_empty() && !part.ends_with('-') {
        part.push('-');
    }
    let hash = Sha256::digest(id.as_str().as_bytes());
    for byte in &hash[..HASH_DIGITS / 2] {
        part.push(hex(byte >> 4));
        part.push(hex(byte & 15));
    }
    part
}

/// A hexadecimal digit.
pub(super) const fn hex(nibble: u8) -> char {
    (if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }) as char
}

/// Why a task's id cannot be a part of names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NamingError {
    /// A name made from it breaks its rule.
    #[error("the task id {id:?} gives no valid name: {error}")]
    Name {
        /// The id.
        id: String,
        /// What is wrong with the name.
        error: NameError,
    },
    /// It ends like the name of a later attempt.
    #[error("the task id {id:?} ends like the Job of another task's later attempt")]
    Attempt {
        /// The id.
        id: String,
    },
}

impl Explain for NamingError {
    fn rule(&self) -> Rule {
        match self {
            Self::Name { error, .. } => error.rule(),
            Self::Attempt { .. } => Rule::TaskId,
        }
    }

    fn cure(&self) -> String {
        let hashed = "or let settings rewrite ids (names: hashed)";
        match self {
            Self::Name { error: NameError::TooLong { length, max, .. }, .. } => {
                format!("shorten the id by {} characters, {hashed}", length - max)
            }
            Self::Name { error, .. } => format!("{}, {hashed}", error.cure()),
            Self::Attempt { .. } => format!("choose an id that does not end in {ATTEMPT:?} and a number, {hashed}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn job(id: &str, attempt: u32, policy: NamePolicy) -> Result<String, NamingError> {
        Names::new(&id.parse().unwrap(), attempt, policy).map(|names| names.job.to_string())
    }

    #[test]
    fn a_strict_name_is_the_id_or_an_error() {
        assert_eq!(job("task-1", 1, NamePolicy::Strict).unwrap(), "keruta-job-task-1");
        assert_eq!(job("task-1", 3, NamePolicy::Strict).unwrap(), "keruta-job-task-1-attempt-3");
        assert!(job(&"a".repeat(52), 1, NamePolicy::Strict).is_ok());
        let error = job(&"a".repeat(53), 1, NamePolicy::Strict).unwrap_err();
        assert_eq!(error.cure(), "shorten the id by 1 characters, or let settings rewrite ids (names: hashed)");
        assert!(job("Task", 1, NamePolicy::Strict).is_err());
        assert!(job("task-1-attempt-3", 1, NamePolicy::Strict).is_err());
        assert!(job("retry-attempt-", 1, NamePolicy::Strict).is_err());
    }

    #[test]
    fn a_hashed_name_is_readable_and_valid() {
        let name = job("Fix/The Login".replace(' ', "_").as_str(), 1, NamePolicy::Hashed).unwrap();
        assert!(name.starts_with("keruta-job-fix-the-login-"), "{name}");
    }

    proptest! {
        #[test]
        fn every_id_has_a_hashed_name_for_every_attempt(id in "\\S{1,253}", attempt in 1_u32..9999) {
            if let Ok(id) = id.parse::<TaskId>() {
                let names = Names::new(&id, attempt, NamePolicy::Hashed).unwrap();
                prop_assert!(names.job.as_str().len() <= 63 && names.can_be_retried);
            }
        }

        #[test]
        fn no_two_attempts_share_a_name(a in "[a-c]{1,2}(-attempt-[1-3])?", b in "[a-c]{1,2}(-attempt-[1-3])?", m in 1_u32..4, n in 1_u32..4) {
            for policy in [NamePolicy::Strict, NamePolicy::Hashed] {
                if let (Ok(first), Ok(second)) = (job(&a, m, policy), job(&b, n, policy)) {
                    prop_assert_eq!(first == second, a == b && m == n);
                }
            }
        }
    }
}

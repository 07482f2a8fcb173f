//! Names of Kubernetes' objects in queries, and those that are much like them.

use super::ApiError;
use crate::problem::field;

/// How long a name may be.
const LONGEST: usize = 253;

/// Refuses what no object is called; an empty name is for the caller to judge.
pub(super) fn check_names(names: &[(&str, &str)]) -> Result<(), ApiError> {
    let wrong = wrong_names(names);
    if wrong.is_empty() { Ok(()) } else { Err(ApiError::Parameters(wrong)) }
}

/// What is wrong with each.
pub(super) fn wrong_names(names: &[(&str, &str)]) -> Vec<keruta_api::FieldProblem> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_wrong = |text: &str| text.len() > LONGEST || !text.bytes().all(fits);
    let detail = || format!("is no name: at most {LONGEST} letters, digits, `-`, `.` and `_`");
    names.iter().filter(|(_, text)| is_wrong(text)).map(|(name, _)| field(name, detail(), None)).collect()
}

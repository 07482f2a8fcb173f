//! Findings on finished objects: a lint that knows what a cluster would say, before a cluster says it.

mod finding;

pub use finding::{Finding, ObjectRef, Severity};

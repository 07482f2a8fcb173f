//! What is wrong with an input, in the form of the wire.

use keruta_api::FieldProblem;
use keruta_manifest::problem::{Problem, Problems};

/// One wrong place.
pub(crate) fn field(pointer: &str, detail: impl Into<String>, cure: Option<String>) -> FieldProblem {
    FieldProblem { pointer: pointer.to_owned(), detail: detail.into(), rule: None, cure }
}

/// All problems of an input.
pub(crate) fn field_problems(problems: &Problems) -> Vec<FieldProblem> {
    problems.as_slice().iter().map(field_problem).collect()
}

pub(crate) fn field_problem(problem: &Problem) -> FieldProblem {
    let detail = match problem.position {
        Some(at) => format!("{} (line {}, column {})", problem.message, at.line, at.column),
        None => problem.message.clone(),
    };
    FieldProblem {
        pointer: problem.path.pointer(),
        detail,
        rule: Some(problem.rule.id().to_owned()),
        cure: Some(problem.cure.clone()),
    }
}

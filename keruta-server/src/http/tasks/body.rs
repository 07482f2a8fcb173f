//! Tasks as they are sent.

use serde_json::{Map, Value};

use crate::http::ApiError;
use crate::http::extract::read_json;
use crate::task::TaskSpec;

/// A task that is to be made; where it has no id it gets one.
pub(super) fn new_task(text: &str, new_id: impl FnOnce() -> String) -> Result<TaskSpec, ApiError> {
    let mut fields: Map<String, Value> = read_json(text)?;
    if !fields.contains_key("id") {
        fields.insert("id".to_owned(), new_id().into());
        return read(&Value::Object(fields).to_string());
    }
    read(text)
}

/// A task that is there; its id is the path's.
pub(super) fn task_of(text: &str, id: &str) -> Result<TaskSpec, ApiError> {
    let mut fields: Map<String, Value> = read_json(text)?;
    match fields.get("id") {
        None => {
            fields.insert("id".to_owned(), id.into());
            read(&Value::Object(fields).to_string())
        }
        Some(Value::String(given)) if given == id => read(text),
        Some(_) => {
            let cure = format!("write {id}, or leave it out; another id is another task");
            Err(ApiError::field("task", "/id", "is not the id of the path", cure))
        }
    }
}

fn read(text: &str) -> Result<TaskSpec, ApiError> {
    TaskSpec::from_json(text).map_err(|problems| ApiError::invalid("task", &problems))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_given_kept_or_refused() {
        let new = |text| new_task(text, || "made".to_owned()).unwrap().id().to_owned();
        assert_eq!((new("{}"), new(r#"{"id": "mine"}"#)), ("made".to_owned(), "mine".to_owned()));
        assert_eq!(task_of(r#"{"title": "x"}"#, "a").unwrap().id(), "a");
        assert!(matches!(task_of(r#"{"id": "b"}"#, "a"), Err(ApiError::Invalid { .. })));
        assert!(matches!(new_task("[]", String::new), Err(ApiError::Invalid { .. })));
        assert!(matches!(new_task("{", String::new), Err(ApiError::Malformed { .. })));
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let Err(ApiError::Invalid { errors, .. }) =
            new_task(r#"{"id": "a", "image": "A B", "prioritty": 1}"#, String::new)
        else {
            panic!()
        };
        assert_eq!(errors.len(), 2, "{errors:?}");
    }
}

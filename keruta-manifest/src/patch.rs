//! Pod template patches: the way to any field of a Pod that has no setting of its own.
//!
//! A [`PodPatch`] is one of the three kinds that `kubectl patch --type` knows, and does what `kubectl` and the
//! API server do (<https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/>).
//! It is stricter than both in one respect: nothing that a patch says is lost in silence. A field that no Pod
//! template has, a directive where it has no effect, a value that Kubernetes would drop: each is a
//! [`PatchError`] that names the place in the patch, the rule and the cure.

mod changed;
mod check;
mod error;
mod fields;
mod merge_keys;
mod one_of;
mod operations;
mod order;
mod origin;
mod pointer;
mod strategic;
mod typed;

use std::borrow::Cow;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::changed::{changed_in_template, changed_pointers};
pub use self::error::{OperationProblem, PatchError};
use self::pointer::{MAX_DEPTH, join, measure, step};

/// A change to the Pod template of a Job, in one of the three forms of `kubectl patch --type`.
///
/// | form | rule | lists |
/// |---|---|---|
/// | `{"strategic": {…}}` | [strategic merge][guide] by the merge keys of the Kubernetes API, with its directives `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…`, `$setElementOrder/…` | merged by key (containers by name, env by name, …) or replaced |
/// | `{"merge": {…}}` | [RFC 7396](https://www.rfc-editor.org/rfc/rfc7396) | replaced |
/// | `{"json": […]}` | [RFC 6902](https://www.rfc-editor.org/rfc/rfc6902) | by position |
///
/// In the first two `null` removes a field. A new element of a list that merges by key stands *before* the
/// elements that were there, as with `kubectl`, unless `$setElementOrder` says otherwise.
///
/// [guide]: https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
///
/// # Example
///
/// ```
/// use k8s_openapi::api::core::v1::PodTemplateSpec;
/// use keruta_manifest::patch::PodPatch;
/// use serde_json::json;
///
/// let template: PodTemplateSpec = serde_json::from_value(json!({
///     "spec": {"containers": [{"name": "main", "image": "agent:1", "env": [{"name": "A", "value": "1"}]}]}
/// }))?;
/// let patch: PodPatch = serde_json::from_value(json!({
///     "strategic": {"spec": {
///         "hostNetwork": true,
///         "containers": [{"name": "main", "env": [{"name": "B", "value": "2"}]}],
///     }}
/// }))?;
///
/// let patched = patch.apply(&template).unwrap();
/// let spec = patched.spec.unwrap();
/// assert_eq!(spec.host_network, Some(true));
/// assert_eq!(spec.containers[0].image.as_deref(), Some("agent:1"));
/// assert_eq!(spec.containers[0].env.as_ref().unwrap().len(), 2);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PodPatch {
    /// A strategic merge patch.
    Strategic(Map<String, Value>),
    /// A JSON merge patch (RFC 7396).
    Merge(Value),
    /// A JSON Patch (RFC 6902): a list of operations.
    Json(json_patch::Patch),
}

impl PodPatch {
    /// The template with this patch applied.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the patch, at once as far as it can be told apart: a patch that does not
    /// fit the template (an operation on a path that is not there, a failing `test`), that is not of the form
    /// that Kubernetes knows, or that leaves something else than a Pod template (unknown fields, wrong types,
    /// fields that exclude each other, list elements without a key or with the same). The template's own
    /// faults are none of the patch's, and no error here.
    ///
    /// # Example
    ///
    /// ```
    /// use keruta_manifest::patch::PodPatch;
    /// use serde_json::json;
    ///
    /// let patch: PodPatch = serde_json::from_value(json!({"merge": {"spec": {"hostNetwrk": true}}}))?;
    /// let errors = patch.apply(&Default::default()).unwrap_err();
    /// assert_eq!(errors[0].pointer(), "/merge/spec/hostNetwrk");
    /// assert_eq!(errors[0].to_string(), "unknown field `hostNetwrk` at /spec/hostNetwrk");
    /// assert_eq!(errors[0].cure(), "did you mean `hostNetwork`?");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn apply(&self, template: &PodTemplateSpec) -> Result<PodTemplateSpec, Vec<PatchError>> {
        self.try_apply(template).map_err(|mut errors| {
            errors.sort_by(|left, right| left.pointer().cmp(right.pointer()));
            errors
        })
    }

    fn try_apply(&self, template: &PodTemplateSpec) -> Result<PodTemplateSpec, Vec<PatchError>> {
        self.check_depth().map_err(|error| vec![error])?;
        let before = match serde_json::to_value(template) {
            Ok(Value::Object(before)) => before,
            Ok(other) => {
                return Err(vec![PatchError::Template { problem: format!("it is {}", pointer::kind(&other)) }]);
            }
            Err(error) => return Err(vec![PatchError::Template { problem: error.to_string() }]),
        };
        let after = match self {
            Self::Strategic(patch) => strategic::apply(before.clone(), patch, "/strategic")?,
            Self::Merge(patch) => {
                let mut after = Value::Object(before.clone());
                json_patch::merge(&mut after, patch);
                after
            }
            Self::Json(patch) => {
                let mut after = Value::Object(before.clone());
                operations::apply(&mut after, patch, "/json").map_err(|error| vec![error])?;
                after
            }
        };
        self.read(&Value::Object(before), &after)
    }

    /// The typed template of the patched document, if it is one and the patch did no harm to it.
    fn read(&self, before: &Value, after: &Value) -> Result<PodTemplateSpec, Vec<PatchError>> {
        let locate = |place: &[String]| origin::locate(self, after, place);
        let mut errors = typed::check_keys(before, after, locate);
        let conflicts = one_of::conflicts(after);
        // A conflict that the template had before is none of the patch's.
        let old = if conflicts.is_empty() { Vec::new() } else { one_of::conflicts(before) };
        for (place, mut fields) in conflicts {
            let value = after.pointer(&join(&place));
            if old.iter().any(|(place, _)| before.pointer(&join(place)) == value) {
                continue;
            }
            let pointer = locate(&place);
            let in_patch = self.at(&pointer);
            fields.sort_by_key(|field| in_patch.and_then(|object| object.get(field)).is_none());
            errors.push(PatchError::OneOf { pointer, target: join(&place), fields });
        }
        match typed::read(after.clone(), locate) {
            Ok(template) if errors.is_empty() => Ok(template),
            Ok(_) => Err(errors),
            Err(more) => {
                errors.extend(more);
                Err(errors)
            }
        }
    }

    /// The place in the patch of a pointer with the outer key.
    fn at(&self, pointer: &str) -> Option<&Value> {
        let tokens = pointer::tokens(pointer);
        let (first, rest) = tokens.get(1..)?.split_first()?;
        let start = match self {
            Self::Strategic(patch) => patch.get(first)?,
            Self::Merge(patch) => step(patch, first)?,
            Self::Json(_) => return None,
        };
        rest.iter().try_fold(start, |value, token| step(value, token))
    }

    /// Everything below works by recursion, which this bounds. It also holds for values that were never JSON
    /// text, whose depth no parser has bounded.
    fn check_depth(&self) -> Result<(), PatchError> {
        let too_deep = |pointer: String| PatchError::TooDeep { pointer, limit: MAX_DEPTH };
        let is_too_deep = |value: &Value| measure(value).0 > MAX_DEPTH;
        match self {
            Self::Strategic(patch) => match patch.iter().find(|(_, value)| is_too_deep(value)) {
                Some((name, _)) => Err(too_deep(pointer::child("/strategic", name))),
                None => Ok(()),
            },
            Self::Merge(patch) if is_too_deep(patch) => Err(too_deep("/merge".to_owned())),
            // Each operation is measured when its turn comes.
            Self::Merge(_) | Self::Json(_) => Ok(()),
        }
    }
}

impl JsonSchema for PodPatch {
    fn schema_name() -> Cow<'static, str> {
        "PodPatch".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let form = |name: &str, description: &str, body: Value| {
            json!({
                "description": description,
                "type": "object",
                "properties": { name: body },
                "required": [name],
                "additionalProperties": false,
            })
        };
        json_schema!({
            "description": "A change to the Pod template, applied last.",
            "oneOf": [
                form("strategic", "A strategic merge patch, as of `kubectl patch --type strategic`.", json!({ "type": "object" })),
                form("merge", "A JSON merge patch (RFC 7396).", json!({ "type": "object" })),
                form("json", "A JSON Patch (RFC 6902).", json!({ "type": "array", "items": operation_schema() })),
            ],
        })
    }
}

/// One operation of a JSON Patch.
fn operation_schema() -> Value {
    let pointer = json!({ "type": "string", "pattern": "^(/[^/]*)*$" });
    let form = |ops: &[&str], also: &[(&str, Value)]| {
        let mut properties = Map::new();
        properties.insert("op".to_owned(), json!({ "enum": ops }));
        properties.insert("path".to_owned(), pointer.clone());
        properties.extend(also.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())));
        let required: Vec<&String> = properties.keys().collect();
        json!({ "type": "object", "required": required, "properties": properties })
    };
    json!({ "oneOf": [
        form(&["add", "replace", "test"], &[("value", json!(true))]),
        form(&["remove"], &[]),
        form(&["move", "copy"], &[("from", pointer.clone())]),
    ] })
}

//! Who may do what: everything, except what a test denies.

use serde_json::{Value, json};

use crate::object::text;

/// A right that the client lacks. `*` stands for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// The API group, empty for the core group.
    pub group: String,
    /// The resource, with its subresource where it is about one: `pods`, `pods/log`.
    pub resource: String,
    /// The namespace; all where there is none.
    pub namespace: Option<String>,
}

impl Denial {
    /// Denies a verb on a resource in all namespaces.
    #[must_use]
    pub fn of(verb: &str, group: &str, resource: &str) -> Self {
        Self { verb: verb.to_owned(), group: group.to_owned(), resource: resource.to_owned(), namespace: None }
    }

    /// The same in one namespace alone.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    pub(crate) fn denies(&self, verb: &str, group: &str, resource: &str, namespace: &str) -> bool {
        let is = |pattern: &str, text: &str| pattern == "*" || pattern == text;
        is(&self.verb, verb)
            && is(&self.group, group)
            && is(&self.resource, resource)
            && self.namespace.as_ref().is_none_or(|wanted| wanted == namespace)
    }
}

/// Answers a `SelfSubjectAccessReview`.
pub(crate) fn review(denials: &[Denial], mut body: Value) -> Value {
    let asked = &body["spec"]["resourceAttributes"];
    let mut resource = text(asked, "/resource").to_owned();
    let subresource = text(asked, "/subresource");
    if !subresource.is_empty() {
        resource = format!("{resource}/{subresource}");
    }
    let (verb, group, namespace) = (text(asked, "/verb"), text(asked, "/group"), text(asked, "/namespace"));
    let denied = denials.iter().any(|denial| denial.denies(verb, group, &resource, namespace));
    body["kind"] = json!("SelfSubjectAccessReview");
    body["apiVersion"] = json!("authorization.k8s.io/v1");
    crate::object::default(&mut body, "metadata", || json!({}));
    body["status"] = json!({"allowed": !denied});
    body
}

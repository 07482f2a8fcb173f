//! Who may do what: everything, except what a test denies; or what Roles give.

use serde_json::{Value, json};

use crate::object::{list, text};

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

/// What the client may do.
#[derive(Default)]
pub(crate) struct Access {
    pub(crate) denials: Vec<Denial>,
    /// Where there are any, nothing but what they give is allowed.
    pub(crate) roles: Option<Vec<Value>>,
}

/// What somebody wants to do.
pub(crate) struct Wish<'a> {
    pub(crate) verb: &'a str,
    pub(crate) group: &'a str,
    /// With its subresource.
    pub(crate) resource: &'a str,
    pub(crate) namespace: &'a str,
    /// Empty for a list; not known to an authorizer for a create.
    pub(crate) name: &'a str,
}

impl Access {
    pub(crate) fn allows(&self, wish: &Wish<'_>) -> bool {
        let Wish { verb, group, resource, namespace, .. } = *wish;
        let denied = self.denials.iter().any(|denial| denial.denies(verb, group, resource, namespace));
        !denied && self.roles.as_ref().is_none_or(|roles| roles.iter().any(|role| gives(role, wish)))
    }

    /// Answers a `SelfSubjectAccessReview`.
    pub(crate) fn review(&self, mut body: Value) -> Value {
        let asked = &body["spec"]["resourceAttributes"];
        let mut resource = text(asked, "/resource").to_owned();
        let subresource = text(asked, "/subresource");
        if !subresource.is_empty() {
            resource = format!("{resource}/{subresource}");
        }
        let allowed = self.allows(&Wish {
            verb: text(asked, "/verb"),
            group: text(asked, "/group"),
            resource: &resource,
            namespace: text(asked, "/namespace"),
            name: text(asked, "/name"),
        });
        body["kind"] = json!("SelfSubjectAccessReview");
        body["apiVersion"] = json!("authorization.k8s.io/v1");
        crate::object::default(&mut body, "metadata", || json!({}));
        body["status"] = json!({"allowed": allowed});
        body
    }
}

/// Whether a Role gives a right. [Source](https://kubernetes.io/docs/reference/access-authn-authz/rbac/#role-and-clusterrole).
fn gives(role: &Value, wish: &Wish<'_>) -> bool {
    let has = |rule: &Value, field: &str, wanted: &str| {
        list(rule, field).iter().filter_map(Value::as_str).any(|text| text == "*" || text == wanted)
    };
    text(role, "/metadata/namespace") == wish.namespace
        && list(role, "/rules").iter().any(|rule| {
            has(rule, "/apiGroups", wish.group)
                && has(rule, "/resources", wish.resource)
                && has(rule, "/verbs", wish.verb)
                && (list(rule, "/resourceNames").is_empty()
                    || (wish.verb != "create" && has(rule, "/resourceNames", wish.name)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_gives_what_it_names_and_nothing_else() {
        let role = json!({"metadata": {"namespace": "a"}, "rules": [
            {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get"]},
            {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create"], "resourceNames": ["x"]},
        ]});
        let access = Access { denials: vec![Denial::of("get", "", "pods/log")], roles: Some(vec![role]) };
        let allows =
            |verb, group, resource, namespace, name| access.allows(&Wish { verb, group, resource, namespace, name });
        assert!(allows("get", "", "pods", "a", "p"));
        assert!(!allows("get", "", "pods/log", "a", "p"), "denied");
        assert!(!allows("list", "", "pods", "a", ""));
        assert!(!allows("get", "", "pods", "b", "p"));
        assert!(allows("get", "coordination.k8s.io", "leases", "a", "x"));
        assert!(!allows("get", "coordination.k8s.io", "leases", "a", "y"));
        assert!(!allows("create", "coordination.k8s.io", "leases", "a", "x"), "a name gives no create");
    }
}

//! Paths.

use http::Method;

use super::query::Query;
use crate::resource::Resource;
use crate::store::Key;

/// What a request is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Route {
    pub(crate) verb: String,
    pub(crate) resource: Option<Resource>,
    pub(crate) subresource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) path: String,
}

impl Route {
    pub(crate) fn parse(method: &Method, path: &str, query: &Query) -> Self {
        let mut route = Self {
            verb: method.as_str().to_ascii_lowercase(),
            path: path.trim_end_matches('/').to_owned(),
            ..Self::default()
        };
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (group, rest) = match parts.as_slice() {
            ["api", "v1", rest @ ..] => ("", rest),
            ["apis", group, "v1", rest @ ..] => (*group, rest),
            _ => return route,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !matches!(rest, [] | ["status" | "finalize"]) => (*namespace, rest),
            rest => ("", rest),
        };
        let Some((plural, rest)) = rest.split_first() else { return route };
        let Some(resource) = Resource::of_path(group, plural) else { return route };
        if (!namespace.is_empty() && !resource.namespaced()) || rest.len() > 2 {
            return route;
        }
        route.resource = Some(resource);
        namespace.clone_into(&mut route.namespace);
        rest.first().copied().unwrap_or_default().clone_into(&mut route.name);
        rest.get(1).copied().unwrap_or_default().clone_into(&mut route.subresource);
        let collection = route.name.is_empty();
        let verb = match method.as_str() {
            "GET" | "HEAD" if query.flag("watch") => "watch",
            "GET" | "HEAD" if collection => "list",
            "POST" => "create",
            "PUT" => "update",
            "DELETE" if collection => "deletecollection",
            "GET" | "HEAD" => "get",
            "PATCH" => "patch",
            "DELETE" => "delete",
            _ => "unknown",
        };
        verb.clone_into(&mut route.verb);
        route
    }

    /// `jobs`, `pods/log`.
    pub(crate) fn resource_text(&self) -> String {
        let Some(resource) = self.resource else {
            return self.path.rsplit('/').next().unwrap_or_default().to_owned();
        };
        match self.subresource.as_str() {
            "" => resource.plural().to_owned(),
            subresource => format!("{}/{subresource}", resource.plural()),
        }
    }

    pub(crate) fn key(&self, resource: Resource) -> Key {
        Key::new(resource, &self.namespace, &self.name)
    }
}

//! The record of requests.

/// One request that the server received.
#[derive(Clone, Debug)]
pub struct Request {
    /// The API's verb: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; or the HTTP
    /// method in lower case for paths outside of resources.
    pub verb: String,
    /// `jobs`, `pods/log`; empty outside of resources.
    pub resource: String,
    /// The namespace; empty where there is none.
    pub namespace: String,
    /// The object's name (a create's from its body); empty where there is none.
    pub name: String,
    /// The path.
    pub path: String,
    /// The query, still encoded.
    pub query: String,
    /// When it came.
    pub at: jiff::Timestamp,
}

impl Request {
    /// Whether it changes something.
    #[must_use]
    pub fn is_write(&self) -> bool {
        matches!(self.verb.as_str(), "create" | "update" | "patch" | "delete" | "deletecollection")
            && self.resource != "selfsubjectaccessreviews"
    }
}

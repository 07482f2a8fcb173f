//! What tasks refer to by id: repositories and documents, as they are asked for. Pure.
//!
//! Each has the JSON of its type in [`keruta_api`], with values that are checked.

use keruta_manifest::value::{GitRef, GitUrl, Text};
use serde::Deserialize;

use crate::value::{ContentType, EntryId, Line, Prose};

/// The type of a document whose writer names none.
pub const MARKDOWN: &str = "text/markdown";

/// A repository to be made.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRepository {
    /// The id that it is to have.
    #[serde(default)]
    pub id: Option<EntryId>,
    /// A name for people.
    pub name: Line,
    /// Where git finds it; a URL with a password in it is refused.
    pub url: GitUrl,
    /// What is checked out where a task says nothing.
    #[serde(rename = "ref", default)]
    pub git_ref: Option<GitRef>,
    /// More about it.
    #[serde(default)]
    pub description: Option<Prose>,
    /// What the setup step runs.
    #[serde(default)]
    pub script: Option<Text>,
}

/// What a repository is to be.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RepositoryUpdate {
    /// A name for people.
    pub name: Line,
    /// Where git finds it.
    pub url: GitUrl,
    /// What is checked out where a task says nothing.
    #[serde(rename = "ref", default)]
    pub git_ref: Option<GitRef>,
    /// More about it.
    #[serde(default)]
    pub description: Option<Prose>,
}

/// A document to be made.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDocument {
    /// The id that it is to have.
    #[serde(default)]
    pub id: Option<EntryId>,
    /// What it is about.
    pub title: Line,
    /// The type of its text.
    #[serde(default)]
    pub content_type: Option<ContentType>,
    /// Its text.
    #[serde(default)]
    pub content: Option<Text>,
}

/// What a document is to be.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DocumentUpdate {
    /// What it is about.
    pub title: Line,
    /// The type of its text.
    #[serde(default)]
    pub content_type: Option<ContentType>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a client can write with the wire's type is read here.
    fn reads<'de, T: Deserialize<'de>>(wire: &impl serde::Serialize) -> bool {
        let tree = serde_json::to_value(wire).unwrap();
        T::deserialize(tree).is_ok()
    }

    #[test]
    fn the_wires_types_are_these() {
        let some = |text: &str| Some(text.to_owned());
        let new = keruta_api::NewRepository {
            id: some("r-1"),
            name: "Keruta".to_owned(),
            url: "https://github.com/keruta/keruta".to_owned(),
            git_ref: some("main"),
            description: some("what it is"),
            script: some("set -e\n"),
        };
        assert!(reads::<NewRepository>(&new));
        assert!(reads::<RepositoryUpdate>(&keruta_api::RepositoryUpdate {
            name: new.name,
            url: new.url,
            git_ref: new.git_ref,
            description: new.description,
        }));
        let document = keruta_api::NewDocument {
            id: some("d-1"),
            title: "Notes".to_owned(),
            content_type: some("text/plain"),
            content: some("x"),
        };
        assert!(reads::<NewDocument>(&document));
        let update = keruta_api::DocumentUpdate { title: document.title, content_type: document.content_type };
        assert!(reads::<DocumentUpdate>(&update));
    }

    #[test]
    fn a_password_in_a_url_is_refused() {
        let json = r#"{"name": "x", "url": "https://ada:secret@host/x.git"}"#;
        let refused = keruta_manifest::read::from_json::<NewRepository>(json).unwrap_err().problems;
        assert_eq!(refused.as_slice()[0].path.pointer(), "/url");
    }
}

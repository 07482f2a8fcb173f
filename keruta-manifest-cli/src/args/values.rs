//! Words that flags take.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use keruta_manifest::install::{Component, PodSecurity};

/// How manifests are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// A stream of YAML documents
    Yaml,
    /// One JSON `List`
    Json,
    /// `kind/name` a line
    Name,
}

/// How an explanation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextOutput {
    /// YAML with a comment a field
    Yaml,
    /// JSON
    Json,
}

/// How the version is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VersionOutput {
    /// Text
    Text,
    /// JSON
    Json,
}

/// How findings are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// To people
    Human,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// GitHub workflow commands
    Github,
}

/// Which schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Schema {
    /// A task
    Task,
    /// Settings
    Settings,
    /// What `validate --format json` writes
    Report,
}

/// The parts of an installation, with their names for completions.
pub(crate) fn component() -> impl TypedValueParser<Value = Component> {
    let names: Vec<&'static str> = Component::all().iter().map(|component| component.as_str()).collect();
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Component>())
}

/// The Pod Security Standards, with their names for completions.
pub(crate) fn pod_security() -> impl TypedValueParser<Value = PodSecurity> {
    PossibleValuesParser::new(["privileged", "baseline", "restricted"]).try_map(|name| name.parse::<PodSecurity>())
}

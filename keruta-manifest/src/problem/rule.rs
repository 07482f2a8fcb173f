//! The rules that an input can break, each with a stable id and its source.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $source:literal;)+) => {
        /// A rule that an input can break.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule { $($(#[$doc])* $name,)+ }

        impl Rule {
            /// Every rule, in the order of this page.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable kebab-case id.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }

            /// Where the rule is written down.
            #[must_use]
            pub const fn source(self) -> &'static str {
                match self { $(Self::$name => $source,)+ }
            }

            /// The rule with this id.
            #[must_use]
            pub fn from_id(id: &str) -> Option<Self> {
                match id { $($id => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

rules! {
    /// An RFC 1123 label: at most 63 of `a-z`, `0-9` and `-`, alphanumeric at both ends.
    Dns1123Label = "dns-1123-label", "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names";
    /// An RFC 1123 subdomain: labels joined by dots, at most 253 characters.
    Dns1123Subdomain = "dns-1123-subdomain", "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names";
    /// A Kubernetes label value: at most 63 characters.
    LabelValue = "label-value", "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set";
    /// A label or annotation key: an optional DNS prefix and a name.
    QualifiedName = "qualified-name", "https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set";
    /// The id of a task.
    TaskId = "task-id", "https://kubernetes.io/docs/concepts/workloads/controllers/job/#writing-a-job-spec";
    /// A key of a ConfigMap or Secret.
    ConfigKey = "config-key", "https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-object";
    /// A container image reference.
    ImageReference = "image-reference", "https://kubernetes.io/docs/concepts/containers/images/#image-names";
    /// A resource quantity.
    Quantity = "quantity", "https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/";
    /// The name of an environment variable.
    EnvName = "env-name", "https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/";
    /// A name that keruta sets itself.
    ReservedEnvName = "reserved-env-name", "https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/";
    /// An absolute path in a container.
    AbsolutePath = "absolute-path", "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#volumes-1";
    /// A path below a directory.
    RelativePath = "relative-path", "https://kubernetes.io/docs/concepts/storage/volumes/#using-subpath";
    /// A git repository URL.
    GitUrl = "git-url", "https://git-scm.com/docs/git-clone#_git_urls";
    /// A git branch, tag or commit.
    GitRef = "git-ref", "https://git-scm.com/docs/git-check-ref-format";
    /// A PersistentVolumeClaim's access mode.
    AccessMode = "access-mode", "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes";
    /// A length of time.
    Duration = "duration", "https://docs.rs/jiff/latest/jiff/fmt/friendly/";
    /// A point in time, RFC 3339.
    Timestamp = "timestamp", "https://www.rfc-editor.org/rfc/rfc3339";
    /// A text without NUL, which neither an environment nor an argument can hold.
    Text = "text", "https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html";
    /// An http or https URL.
    HttpUrl = "http-url", "https://www.rfc-editor.org/rfc/rfc3986";
    /// A host name or address.
    HostName = "host-name", "https://www.rfc-editor.org/rfc/rfc1123";
    /// An HTTP header's name or value.
    HttpHeader = "http-header", "https://www.rfc-editor.org/rfc/rfc9110#name-field-names";
    /// A number within its range.
    Range = "range", "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/";
    /// A Kubernetes version that this library knows.
    KubernetesVersion = "kubernetes-version", "https://kubernetes.io/releases/";
    /// JSON, YAML or TOML syntax.
    Syntax = "syntax", "https://www.rfc-editor.org/rfc/rfc8259";
    /// A field that the schema does not have.
    UnknownField = "unknown-field", "https://json-schema.org/understanding-json-schema/reference/object#additionalproperties";
    /// A field that is there twice.
    DuplicateField = "duplicate-field", "https://www.rfc-editor.org/rfc/rfc8259#section-4";
    /// A required field that is not there.
    MissingField = "missing-field", "https://json-schema.org/understanding-json-schema/reference/object#required";
    /// A value of another type than the schema's, or a word that is not among its words.
    WrongType = "wrong-type", "https://json-schema.org/understanding-json-schema/reference/type";
    /// Two fields that exclude each other.
    Conflict = "conflict", "https://kubernetes.io/docs/concepts/workloads/controllers/job/";
    /// A name that is given twice where it must be unique.
    Unique = "unique", "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/";
    /// A probe or lifecycle hook on a plain init container.
    InitContainer = "init-container", "https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#differences-from-regular-containers";
    /// Ancestors that contradict each other or form a cycle.
    Lineage = "lineage", "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes";
    /// A patch that does not apply or gives no valid Pod template.
    Patch = "patch", "https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/";
    /// Settings that forbid what the task asks for.
    Policy = "policy", "https://kubernetes.io/docs/concepts/security/pod-security-standards/";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

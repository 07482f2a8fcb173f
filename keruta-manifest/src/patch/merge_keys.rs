//! Which lists of a Pod template a strategic merge merges, and by which field: data only.
//!
//! Source: the Go struct tags `patchStrategy` and `patchMergeKey` of `k8s.io/api` v0.37.0-beta.0,
//! `core/v1/types.go` (`PodSpec`, `Container`, `EphemeralContainerCommon`), and of
//! `k8s.io/apimachinery` v0.37.0-beta.0, `pkg/apis/meta/v1/types.go` (`ObjectMeta`). They are published
//! as `x-kubernetes-patch-strategy` and `x-kubernetes-patch-merge-key` in the `OpenAPI` documents.
//! Every list that is not named here is atomic: a patch replaces it as a whole (tolerations, command,
//! args, envFrom, the sources of a projected volume, the claims of resources, …).
//!
//! `retainKeys` (volumes, resourceClaims) is no column: it tells `kubectl apply` to write the
//! `$retainKeys` directive, and means nothing when a patch is applied.

/// The fields of an object that matter to a strategic merge.
pub(super) type Fields = &'static [Field];

/// How a strategic merge treats one field.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) list: List,
    /// The fields of the object, or of each element of the list.
    pub(super) fields: Fields,
}

/// How a strategic merge treats a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum List {
    /// No list, or one that is replaced as a whole.
    Atomic,
    /// A list of scalars, merged as a set.
    Set,
    /// A list of objects, merged by `key`. Beside it the API server tells elements apart by `also`
    /// (`x-kubernetes-list-map-keys`), which a strategic merge knows nothing of.
    Keyed { key: &'static str, also: Option<Also> },
}

/// A second field by which the API server tells elements apart, and its default.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Also {
    pub(super) field: &'static str,
    pub(super) default: &'static str,
}

const fn object(name: &'static str, fields: Fields) -> Field {
    Field { name, list: List::Atomic, fields }
}

const fn keyed(name: &'static str, key: &'static str, fields: Fields) -> Field {
    Field { name, list: List::Keyed { key, also: None }, fields }
}

const fn keyed_and(name: &'static str, key: &'static str, also: Also) -> Field {
    Field { name, list: List::Keyed { key, also: Some(also) }, fields: &[] }
}

const PROTOCOL: Also = Also { field: "protocol", default: "TCP" };
const WHEN: Also = Also { field: "whenUnsatisfiable", default: "" };

/// `PodTemplateSpec`.
pub(super) static TEMPLATE: [Field; 2] = [object("metadata", &META), object("spec", &POD)];

/// `ObjectMeta`.
static META: [Field; 2] =
    [keyed("ownerReferences", "uid", &[]), Field { name: "finalizers", list: List::Set, fields: &[] }];

/// `PodSpec`.
static POD: [Field; 10] = [
    keyed("volumes", "name", &VOLUME),
    keyed("initContainers", "name", &CONTAINER),
    keyed("containers", "name", &CONTAINER),
    keyed("ephemeralContainers", "name", &CONTAINER),
    keyed("imagePullSecrets", "name", &[]),
    keyed("hostAliases", "ip", &[]),
    keyed_and("topologySpreadConstraints", "topologyKey", WHEN),
    keyed("schedulingGates", "name", &[]),
    keyed("resourceClaims", "name", &[]),
    keyed("evictionResponders", "name", &[]),
];

/// `Container` and `EphemeralContainer`.
static CONTAINER: [Field; 4] = [
    keyed_and("ports", "containerPort", PROTOCOL),
    keyed("env", "name", &[]),
    keyed("volumeMounts", "mountPath", &[]),
    keyed("volumeDevices", "devicePath", &[]),
];

/// `Volume`: none of its own, but a claim template has metadata.
static VOLUME: [Field; 1] = [object("ephemeral", &EPHEMERAL)];
static EPHEMERAL: [Field; 1] = [object("volumeClaimTemplate", &CLAIM)];
static CLAIM: [Field; 1] = [object("metadata", &META)];

/// The treatment of the field `name`; atomic without further fields if the table does not name it.
pub(super) fn field(fields: Fields, name: &str) -> (List, Fields) {
    fields.iter().find(|field| field.name == name).map_or((List::Atomic, &[]), |field| (field.list, field.fields))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::PodTemplateSpec;

    use super::super::fields::{Spot, spot};
    use super::{Fields, List, TEMPLATE};

    /// Every field of the table is one of the Kubernetes types, and so is every key.
    #[test]
    fn the_table_fits_the_types() {
        let mut open = vec![(Vec::<String>::new(), &TEMPLATE as Fields)];
        while let Some((place, fields)) = open.pop() {
            let has = |place: &[String], name: &str| match spot::<PodTemplateSpec>(place) {
                Some(Spot::Struct(names)) => assert!(names.contains(&name), "{name} at {place:?}"),
                other => panic!("{other:?} at {place:?}"),
            };
            for field in fields {
                has(&place, field.name);
                let mut below = [place.as_slice(), &[field.name.to_owned()]].concat();
                if let List::Keyed { key, also } = field.list {
                    below.push("0".to_owned());
                    has(&below, key);
                    if let Some(also) = also {
                        has(&below, also.field);
                    }
                }
                if !field.fields.is_empty() {
                    open.push((below, field.fields));
                }
            }
        }
    }
}

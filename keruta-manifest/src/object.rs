//! The Kubernetes objects this library makes, in one type, so that a stream of them stays typed.

use k8s_openapi::Metadata;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{
    ConfigMap, LimitRange, Namespace, PersistentVolumeClaim, ResourceQuota, Secret, Service, ServiceAccount,
};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

macro_rules! objects {
    ($($kind:ident),+ $(,)?) => {
        /// A Kubernetes object of one of the kinds that this library writes.
        ///
        /// It serializes as the object itself, `apiVersion` and `kind` first.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        #[non_exhaustive]
        pub enum Object {
            $(#[doc = concat!("A `", stringify!($kind), "`.")] $kind(Box<$kind>),)+
        }

        $(impl From<$kind> for Object {
            fn from(object: $kind) -> Self { Self::$kind(Box::new(object)) }
        })+

        impl Object {
            /// The object's kind, for example `Job`.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$kind(_) => stringify!($kind),)+ }
            }

            /// The object's metadata.
            #[must_use]
            pub fn metadata(&self) -> &ObjectMeta {
                match self { $(Self::$kind(object) => object.metadata(),)+ }
            }
        }
    };
}

objects![
    Namespace,
    ServiceAccount,
    Role,
    RoleBinding,
    NetworkPolicy,
    ResourceQuota,
    LimitRange,
    Secret,
    ConfigMap,
    PersistentVolumeClaim,
    Job,
    Service,
    Deployment,
];

impl Object {
    /// The object's name; empty if it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.metadata().name.as_deref().unwrap_or_default()
    }
}

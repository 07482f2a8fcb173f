//! Requests and limits of containers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::task::Resources;
use crate::value::{DnsLabel, QualifiedName, Quantity, UniqueMap};

/// Requests and limits of containers.
///
/// There is no CPU limit by default: a limit throttles a step that could use an idle CPU
/// ([measured](https://github.com/tektoncd/pipeline/issues/10153): a 5 s task took 20 s), a request is enough to share fairly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ResourceSettings {
    /// The main container of a task that names neither `resources` nor `size`.
    pub main: Resources,
    /// Init steps and sidecars that name none of their own.
    pub init: Resources,
    /// Size classes that a task's `size` can name.
    pub sizes: UniqueMap<DnsLabel, Resources>,
}

impl Default for ResourceSettings {
    fn default() -> Self {
        Self {
            main: resources(("250m", "512Mi"), "2Gi"),
            init: resources(("50m", "64Mi"), "512Mi"),
            sizes: UniqueMap::default(),
        }
    }
}

fn resources((cpu, memory): (&'static str, &'static str), memory_limit: &'static str) -> Resources {
    let amount = |name, quantity| (QualifiedName::constant(name), Quantity::constant(quantity));
    Resources {
        requests: [amount("cpu", cpu), amount("memory", memory)].into_iter().collect(),
        limits: [amount("memory", memory_limit)].into_iter().collect(),
    }
}

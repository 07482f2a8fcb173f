//! Fields that exclude each other: a merge leaves the old one beside the new one, and the API server then
//! refuses the object with a message about a field that the patch does not even name.
//!
//! Source: `k8s.io/api` v0.37.0-beta.0, core/v1/types.go (`Volume`, `EnvVar`, `ProbeHandler`,
//! `LifecycleHandler`, `PodResourceClaim`).

use serde_json::{Map, Value};

const PROBE: [&str; 4] = ["exec", "grpc", "httpGet", "tcpSocket"];
const HOOK: [&str; 4] = ["exec", "httpGet", "sleep", "tcpSocket"];

/// Objects with more than one of such fields, each with its place and these fields.
pub(super) fn conflicts(template: &Value) -> Vec<(Vec<String>, Vec<String>)> {
    let mut found = Found(Vec::new());
    if let Some(spec) = template.get("spec") {
        for (place, volume) in elements(spec, &["spec"], "volumes") {
            found.check(place, volume, |name| name != "name");
        }
        for (place, claim) in elements(spec, &["spec"], "resourceClaims") {
            found.check(place, claim, |name| name != "name");
        }
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            for (place, container) in elements(spec, &["spec"], list) {
                found.container(&place, container);
            }
        }
    }
    found.0
}

struct Found(Vec<(Vec<String>, Vec<String>)>);

impl Found {
    fn container(&mut self, place: &[String], container: &Value) {
        for (place, variable) in elements(container, place, "env") {
            // An empty literal beside a reference is accepted.
            if variable.get("value").is_some_and(|value| value != "") {
                self.check(place, variable, |name| name == "value" || name == "valueFrom");
            }
        }
        let below = |names: &[&str]| {
            place.iter().map(String::as_str).chain(names.iter().copied()).map(str::to_owned).collect()
        };
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            if let Some(handler) = container.get(probe) {
                self.check(below(&[probe]), handler, |name| PROBE.contains(&name));
            }
        }
        for hook in ["postStart", "preStop"] {
            if let Some(handler) = container.get("lifecycle").and_then(|lifecycle| lifecycle.get(hook)) {
                self.check(below(&["lifecycle", hook]), handler, |name| HOOK.contains(&name));
            }
        }
    }

    fn check(&mut self, place: Vec<String>, object: &Value, excludes: impl Fn(&str) -> bool) {
        let set: Vec<String> = object
            .as_object()
            .into_iter()
            .flat_map(Map::iter)
            .filter(|(name, value)| excludes(name) && !value.is_null())
            .map(|(name, _)| name.clone())
            .collect();
        if set.len() > 1 {
            self.0.push((place, set));
        }
    }
}

fn elements<'a, S: AsRef<str>>(object: &'a Value, place: &[S], list: &str) -> Vec<(Vec<String>, &'a Value)> {
    let items = object.get(list).and_then(Value::as_array).into_iter().flatten();
    let place = |index: usize| {
        place.iter().map(AsRef::as_ref).chain([list, &index.to_string()]).map(str::to_owned).collect()
    };
    items.enumerate().map(|(index, item)| (place(index), item)).collect()
}

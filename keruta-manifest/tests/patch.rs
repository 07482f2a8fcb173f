//! Pod template patches against what `kubectl` makes of them, and by their properties.
//!
//! `patch/cases.json` holds a template and patches, `patch/kubectl.json` what `kubectl patch --local` answered.
//! To record anew: `RECORD_KUBECTL=1 cargo test -p keruta-manifest --test patch recorded`.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::LazyLock;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use keruta_manifest::patch::{PatchError, PodPatch, changed_in_template, changed_pointers};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    template: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    kind: String,
    patch: Value,
    /// Where this library finds fault with it; empty if it is fine.
    #[serde(default)]
    refused: Vec<String>,
}

impl Case {
    fn title(&self) -> String {
        format!("{}: {}", self.kind, self.name)
    }

    fn patch(&self) -> PodPatch {
        from(json!({ self.kind.as_str(): self.patch }))
    }
}

/// What `kubectl` answered: the patched template, or its error.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Template(Value),
    Error(String),
}

fn from<T: for<'de> Deserialize<'de>>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn cases() -> Cases {
    serde_json::from_str(include_str!("patch/cases.json")).unwrap()
}

fn template() -> PodTemplateSpec {
    static TEMPLATE: LazyLock<PodTemplateSpec> = LazyLock::new(|| from(cases().template));
    TEMPLATE.clone()
}

/// `kubectl` patches objects, so the template and the patch are put into a `PodTemplate`.
fn ask_kubectl(template: &Value, case: &Case) -> Answer {
    let file = std::env::temp_dir().join(format!("keruta-patch-{}.json", std::process::id()));
    let object = json!({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "t"}, "template": template});
    std::fs::write(&file, object.to_string()).unwrap();
    let mut patch = case.patch.clone();
    if let Value::Array(operations) = &mut patch {
        for pointer in operations.iter_mut().flat_map(|operation| operation.as_object_mut().unwrap()) {
            if let ("path" | "from", Value::String(path)) = (pointer.0.as_str(), pointer.1) {
                *path = format!("/template{path}");
            }
        }
    } else {
        patch = json!({ "template": patch });
    }
    let output = Command::new("kubectl")
        .args(["patch", "--local", "-o", "json", "--type", &case.kind, "-p", &patch.to_string(), "-f"])
        .arg(&file)
        .output()
        .unwrap();
    std::fs::remove_file(file).unwrap();
    match serde_json::from_slice::<Value>(&output.stdout) {
        Ok(mut object) => Answer::Template(object["template"].take()),
        Err(_) => Answer::Error(String::from_utf8(output.stderr).unwrap().trim().to_owned()),
    }
}

#[test]
fn patches_do_what_recorded_kubectl_answers_say() {
    let Cases { template, cases } = cases();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/patch/kubectl.json");
    if std::env::var_os("RECORD_KUBECTL").is_some() {
        let answers: BTreeMap<_, _> = cases.iter().map(|case| (case.title(), ask_kubectl(&template, case))).collect();
        let lines: Vec<_> =
            answers.iter().map(|(title, answer)| format!("{}: {}", json!(title), json!(answer))).collect();
        std::fs::write(path, format!("{{\n{}\n}}\n", lines.join(",\n"))).unwrap();
    }
    let answers: BTreeMap<String, Answer> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(answers.len(), cases.len(), "every case has a title of its own, and an answer");
    let template: PodTemplateSpec = from(template);

    for case in &cases {
        let title = case.title();
        let ours = case.patch().apply(&template);
        match (&answers[&title], ours) {
            (Answer::Template(theirs), Ok(ours)) => {
                assert!(case.refused.is_empty(), "{title}: should be refused, but makes {}", json!(ours));
                let mut theirs = theirs.clone();
                quantities_as_strings(&mut theirs);
                assert_eq!(json!(ours), json!(from::<PodTemplateSpec>(theirs)), "{title}");
            }
            (_, Err(errors)) => {
                let pointers: Vec<&str> = errors.iter().map(PatchError::pointer).collect();
                assert_eq!(pointers, case.refused, "{title}: {errors:#?}");
            }
            (Answer::Error(theirs), Ok(ours)) => {
                panic!("{title}: {} where kubectl says {theirs}", json!(ours))
            }
        }
    }
}

/// `kubectl --local` leaves a number where a quantity belongs, which the API server reads as text.
fn quantities_as_strings(template: &mut Value) {
    for container in template["spec"]["containers"].as_array_mut().into_iter().flatten() {
        for list in ["requests", "limits"] {
            let Some(quantities) = container.pointer_mut(&format!("/resources/{list}")) else { continue };
            for quantity in quantities.as_object_mut().unwrap().values_mut().filter(|value| value.is_number()) {
                *quantity = json!(quantity.to_string());
            }
        }
    }
}

#[test]
fn errors_name_what_is_wrong_and_how_to_mend_it() {
    let Cases { template, cases } = cases();
    let template: PodTemplateSpec = from(template);
    let mut told = Vec::new();
    for case in cases.iter().filter(|case| !case.refused.is_empty()) {
        told.push(case.title());
        for error in case.patch().apply(&template).unwrap_err() {
            told.push(format!("  {}: {error}\n    cure: {}", error.pointer(), error.cure()));
        }
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn deep_nesting_and_copies_without_end_are_refused() {
    let nested = |depth: usize| (0..depth).fold(json!({}), |inner, _| json!({ "a": inner }));
    for patch in [
        PodPatch::Merge(nested(1000)),
        PodPatch::Strategic(nested(1000).as_object().unwrap().clone()),
        from(
            json!({"json": [{"op": "add", "path": "/spec", "value": nested(126)}, {"op": "add", "path": "/spec/a/a/a/a", "value": nested(126)}]}),
        ),
        from(
            json!({"json": [{"op": "test", "path": "/spec", "value": nested(127)}, {"op": "test", "path": "/spec", "value": nested(128)}]}),
        ),
    ] {
        let errors = patch.apply(&template()).unwrap_err();
        assert!(matches!(errors[..], [PatchError::TooDeep { .. } | PatchError::Operation { .. }]), "{errors:?}");
    }
    let double: Vec<_> = (0..64).map(|at| json!({"op": "copy", "from": "", "path": format!("/{at}")})).collect();
    let errors = from::<PodPatch>(json!({ "json": double })).apply(&template()).unwrap_err();
    assert!(matches!(errors[..], [PatchError::TooLarge { what: "copied bytes", .. }]), "{errors:?}");
}

#[test]
fn a_patch_is_written_with_the_words_of_kubectl_and_has_a_schema() {
    for patch in [
        json!({"strategic": {"spec": null}}),
        json!({"merge": {"spec": {}}}),
        json!({"json": [{"op": "remove", "path": "/spec"}]}),
    ] {
        assert_eq!(json!(from::<PodPatch>(patch.clone())), patch);
    }
    for wrong in [json!({}), json!({"strategic": []}), json!({"json": {}}), json!({"merge": {}, "json": []})] {
        assert!(serde_json::from_value::<PodPatch>(wrong.clone()).is_err(), "{wrong}");
    }
    insta::assert_json_snapshot!(schemars::schema_for!(PodPatch));
}

#[test]
fn the_templates_own_faults_are_none_of_the_patch() {
    let template: PodTemplateSpec = from(json!({"spec": {
        "containers": [{"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "X", "value": "2"}]}],
        "volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}],
    }}));
    for patch in [
        json!({"merge": {"spec": {"hostNetwork": true}}}),
        json!({"strategic": {"spec": {"containers": [{"name": "new", "image": "i"}], "volumes": [{"name": "w"}]}}}),
    ] {
        from::<PodPatch>(patch).apply(&template).unwrap();
    }
}

/// JSON with a taste for the names that patches deal with.
fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "metadata",
        "spec",
        "containers",
        "initContainers",
        "name",
        "env",
        "value",
        "valueFrom",
        "volumes",
        "emptyDir",
        "ports",
        "containerPort",
        "protocol",
        "finalizers",
        "labels",
        "command",
        "securityContext",
        "$patch",
        "$retainKeys",
        "$setElementOrder/containers",
        "$deleteFromPrimitiveList/finalizers",
        "$setElementOrder/env",
        "volumeMounts",
        "mountPath",
        "resources",
        "limits",
        "cpu",
        "bogus",
        "",
        "a/b~c",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..100).prop_map(Value::from),
        prop::sample::select(vec!["main", "side", "A", "B", "replace", "delete", "merge", "x"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Patches that fit the types, without directives.
fn fitting_patch() -> impl Strategy<Value = Map<String, Value>> {
    let name = || prop::sample::select(vec!["main", "side", "A", "B", "new", "git-clone"]);
    let text = || prop_oneof![Just(Value::Null), "[a-z]{0,3}".prop_map(Value::from)];
    let env = prop::collection::btree_map(name(), text(), 0..4)
        .prop_map(|env| env.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>());
    let container = (text(), prop::option::of(env), prop::option::of(prop::collection::vec("[a-z]", 0..3)))
        .prop_map(|(image, env, args)| json!({"image": image, "env": env, "args": args}));
    let containers = || {
        prop::collection::btree_map(name(), container.clone(), 0..4).prop_map(|containers| {
            let named = containers.into_iter().map(|(name, mut container)| {
                container["name"] = json!(name);
                container
            });
            named.collect::<Vec<_>>()
        })
    };
    let labels = prop::collection::btree_map("[a-c]", text(), 0..3);
    let finalizers = prop::collection::btree_set("[a-d].example/x", 0..3);
    (containers(), prop::option::of(containers()), labels, finalizers, any::<Option<bool>>()).prop_map(
        |(containers, init, labels, finalizers, host)| {
            let patch = json!({
                "metadata": {"labels": labels, "finalizers": finalizers},
                "spec": {"containers": containers, "initContainers": init, "hostNetwork": host},
            });
            patch.as_object().unwrap().clone()
        },
    )
}

fn pointer() -> impl Strategy<Value = String> {
    let tokens = vec!["spec", "containers", "0", "1", "-", "name", "image", "env", "metadata", "labels", "x"];
    prop::collection::vec(prop::sample::select(tokens), 0..5)
        .prop_map(|tokens| tokens.iter().flat_map(|token| ["/", *token]).collect())
}

fn any_operation() -> impl Strategy<Value = Value> {
    let ops = prop::sample::select(vec!["add", "remove", "replace", "move", "copy", "test"]);
    (ops, pointer(), pointer(), any_json())
        .prop_map(|(op, path, from, value)| json!({"op": op, "path": path, "from": from, "value": value}))
}

fn round_trips(template: &PodTemplateSpec) {
    assert_eq!(&from::<PodTemplateSpec>(json!(template)), template);
}

proptest! {
    #[test]
    fn no_patch_panics_and_what_it_makes_is_a_template(patch in any_json(), operations in prop::collection::vec(any_operation(), 0..5)) {
        let template = template();
        let strategic = patch.as_object().cloned().unwrap_or_default();
        for patch in [PodPatch::Strategic(strategic), PodPatch::Merge(patch), from(json!({ "json": operations }))] {
            match patch.apply(&template) {
                Ok(patched) => round_trips(&patched),
                Err(errors) => {
                    prop_assert!(!errors.is_empty());
                    let document = json!(patch);
                    for error in errors {
                        prop_assert!(document.pointer(error.pointer()).is_some(), "{error:?} of {document}");
                        prop_assert!(!error.to_string().is_empty() && !error.cure().is_empty());
                    }
                }
            }
        }
    }

    #[test]
    fn a_strategic_patch_without_directives_does_nothing_the_second_time(patch in fitting_patch()) {
        let patch = PodPatch::Strategic(patch);
        let once = patch.apply(&template()).unwrap();
        prop_assert_eq!(&patch.apply(&once).unwrap(), &once);
        let (before, after) = (json!(template()), json!(once));
        let changed = changed_in_template(&before, &after);
        prop_assert!(changed.is_sorted() && changed.iter().all(|at| after.pointer(at).is_some()));
        prop_assert!(changed_in_template(&after, &after).is_empty());
    }

    #[test]
    fn a_template_merged_with_itself_stays_what_it_is(patch in fitting_patch()) {
        let template = PodPatch::Strategic(patch).apply(&template()).unwrap();
        let itself = json!(template);
        prop_assert_eq!(&PodPatch::Strategic(itself.as_object().unwrap().clone()).apply(&template).unwrap(), &template);
        prop_assert_eq!(&PodPatch::Merge(itself).apply(&template).unwrap(), &template);
        for nothing in [json!({"strategic": {}}), json!({"merge": {}}), json!({"json": []})] {
            prop_assert_eq!(&from::<PodPatch>(nothing).apply(&template).unwrap(), &template);
        }
    }

    #[test]
    fn changed_pointers_are_sorted_symmetric_and_empty_only_for_equals(before in any_json(), after in any_json()) {
        let changed = changed_pointers(&before, &after);
        prop_assert!(changed.is_sorted());
        prop_assert_eq!(&changed, &changed_pointers(&after, &before));
        prop_assert_eq!(changed.is_empty(), before == after);
        prop_assert!(changed.iter().all(|at| before.pointer(at) != after.pointer(at)));
    }
}

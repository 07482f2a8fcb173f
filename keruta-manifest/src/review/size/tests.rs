use super::*;
use crate::review::finding::Finding;
use k8s_openapi::api::core::v1::{ConfigMap, Container, PodSpec};

fn config_map(bytes: usize) -> Object {
    let data = BTreeMap::from([("k".to_owned(), "x".repeat(bytes))]);
    Object::from(ConfigMap { data: Some(data), ..ConfigMap::default() })
}

fn annotated(bytes: usize) -> Object {
    let mut map = ConfigMap::default();
    map.metadata.annotations = Some(BTreeMap::from([("k".to_owned(), "x".repeat(bytes - 1))]));
    Object::from(map)
}

fn ids(object: &Object) -> Vec<&'static str> {
    let mut found: Vec<Finding> = Vec::new();
    check_all(object, &mut found);
    found.iter().map(|finding| finding.id.as_str()).collect()
}

fn check_all(object: &Object, found: &mut Vec<Finding>) {
    check(object, walk(object, Count::AtMost).bytes, &mut Sink::new("ConfigMap", "c", found));
}

fn pod_ids(container: Container) -> Vec<(&'static str, String)> {
    let spec = PodSpec { containers: vec![container], ..PodSpec::default() };
    let mut found: Vec<Finding> = Vec::new();
    check_pod(&PodView::new("", None, &spec), &mut Sink::new("Pod", "p", &mut found));
    found.into_iter().map(|finding| (finding.id.as_str(), finding.pointer)).collect()
}

fn env(name: &str, value: String) -> EnvVar {
    EnvVar { name: name.into(), value: Some(value), ..EnvVar::default() }
}

#[test]
fn object_and_data() {
    assert_eq!(ids(&config_map(1000)), [""; 0]);
    assert_eq!(ids(&config_map(200_000)), [""; 0]);
    assert_eq!(ids(&config_map(263_000)), ["size-apply-annotation"]);
    assert_eq!(ids(&config_map(DATA_LIMIT)), ["size-apply-annotation"]);
    assert_eq!(ids(&config_map(DATA_LIMIT + 1)), ["size-apply-annotation", "size-config-data"]);
    assert_eq!(ids(&config_map(OBJECT_LIMIT)), ["size-object", "size-config-data"]);
}

#[test]
fn what_apply_does_to_a_large_config_map() {
    let mut found: Vec<Finding> = Vec::new();
    check_all(&config_map(263_000), &mut found);
    assert!(found[0].message.contains("`kubectl apply` refuses it") && found[0].message.contains("its Pod waits"));
    assert!(found[0].cure.contains("kubectl apply --server-side"));
}

#[test]
fn the_copy_of_apply_to_the_byte() {
    // What the object takes beside its text.
    let frame = serde_json::to_string(&config_map(0)).unwrap().len();
    let fits = ANNOTATIONS_LIMIT - LAST_APPLIED.len() - 1 - frame;
    assert_eq!(ids(&config_map(fits)), [""; 0]);
    assert_eq!(ids(&config_map(fits + 1)), ["size-apply-annotation"]);
}

#[test]
fn annotations() {
    assert_eq!(ids(&annotated(ANNOTATIONS_LIMIT)), ["size-apply-annotation"]);
    assert_eq!(ids(&annotated(ANNOTATIONS_LIMIT + 1)), ["size-apply-annotation", "size-annotations"]);
}

#[test]
fn environment_strings_to_the_byte() {
    // NAME=value and its NUL.
    let fits = EXEC_STRING_LIMIT - "NAME=".len() - 1;
    for (value, expected) in [
        ("x".repeat(fits), 0),
        ("x".repeat(fits + 1), 1),
        // `$$` reaches the container as `$`.
        (format!("{}$$", "x".repeat(fits - 1)), 0),
        ("$".repeat(fits * 2), 0),
        ("$".repeat(fits * 2 + 2), 1),
    ] {
        let container = Container { env: Some(vec![env("NAME", value)]), ..Container::default() };
        let found = pod_ids(container);
        assert_eq!(found.len(), expected);
        assert!(found.iter().all(|found| *found == ("size-env-string", "/spec/containers/0/env/0/value".into())));
    }
}

#[test]
fn words_of_the_command_line_to_the_byte() {
    for (length, expected) in [(EXEC_STRING_LIMIT - 1, 0), (EXEC_STRING_LIMIT, 1)] {
        let words = vec!["sh".to_owned(), "x".repeat(length)];
        let container = Container { args: Some(words), ..Container::default() };
        let found = pod_ids(container);
        assert_eq!(found.len(), expected);
        assert!(found.iter().all(|found| *found == ("size-argument", "/spec/containers/0/args/1".into())));
    }
}

#[test]
fn everything_together() {
    let many = |count: usize| {
        let env = (0..count).map(|n| env(&format!("N{n}"), "x".repeat(100_000))).collect();
        pod_ids(Container { env: Some(env), ..Container::default() })
    };
    assert_eq!(many(18), []);
    assert_eq!(many(19), [("size-exec-total", "/spec/containers/0".to_owned())]);
}

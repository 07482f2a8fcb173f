use super::*;
use crate::review::finding::Finding;
use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVar, PodSpec};

/// Made of parts, so that no scanner of repositories takes the examples for real ones.
fn secrets() -> Vec<(&'static str, String)> {
    let letters = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hJ5";
    vec![
        ("a GitHub token", format!("ghp{}{letters}", "_")),
        ("a GitHub token", format!("see github{}{letters}_x", "_pat_")),
        ("a GitLab token", format!("glpat{}{}", "-", &letters[..20])),
        ("a Slack token", format!("xoxb{}1234567890-{letters}", "-")),
        ("an AWS access key", format!("AKI{}ABCDEFGHIJ234567", "A")),
        ("a private key", format!("x\n-----BEGIN RSA {} KEY-----\nMIIE", "PRIVATE")),
        ("a private key", format!("-----BEGIN {} KEY-----", "PRIVATE")),
        ("a JSON web token", format!("Bearer ey{}.eyJzdWIiOiIxMjM0In0.{letters}", "JhbGciOiJIUzI1NiJ9")),
        ("an API key (sk-…)", format!("sk{}proj-{letters}", "-")),
        ("a URL with a password", "postgres://me:hunter2@db/x".to_owned()),
        ("a URL with a password", "git clone https://u:p%40ss@host/r.git now".to_owned()),
        ("an npm token", format!("npm{}{letters}", "_")),
        ("a Hugging Face token", format!("hf{}{letters}", "_")),
        ("a Stripe key", format!("sk{}live_{letters}", "_")),
        ("a Google API key", format!("AIz{}{}", "a", &letters[..35])),
    ]
}

#[test]
fn secrets_are_recognised_by_their_form() {
    for (kind, text) in secrets() {
        assert_eq!(recognise(&text), Some(kind), "{text}");
    }
}

#[test]
fn ordinary_text_is_not() {
    for text in [
        "",
        "https://github.com/keruta/keruta.git",
        "https://user@host/x and mail me:you@example.com",
        "https://me:$(PASSWORD)@host/",
        "https://me:${PASSWORD}@host/",
        "https://me:***@host/",
        "http://[::1]:80/a@b",
        "ghp_short",
        "sk-learn-is-a-library-for-machine-learning",
        "task-sk-1234567890abcdef1234567890",
        "AKIAshort AKIAABCDEFGHIJ23456789 XAKIAABCDEFGHIJ234567",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----",
        "eyJhbGciOi.x.y",
        "日本語のテキスト",
        "exec \"$@\" -- --set-key",
    ] {
        assert_eq!(recognise(text), None, "{text}");
    }
}

#[test]
fn names() {
    for name in [
        "TOKEN",
        "GITHUB_TOKEN",
        "github_token",
        "githubToken",
        "DB_PASSWORD",
        "db-password",
        "db.password",
        "AWS_SECRET_ACCESS_KEY",
        "OPENAI_API_KEY",
        "CLIENT_SECRET",
        "apiKey",
        "GH_PAT",
    ] {
        assert!(name_is_secret(name) || name == "apiKey", "{name}");
    }
    for name in [
        "",
        "KEY",
        "TOKENS",
        "MAX_TOKENS",
        "PATH",
        "JAVA_PAT_H",
        "TOKEN_FILE",
        "SECRETARY",
        "MYTOKEN",
        "COMPAT",
        "トークン",
    ] {
        assert!(!name_is_secret(name), "{name}");
    }
}

#[test]
fn values_that_cannot_be_secrets() {
    for value in ["", " ", "$(OTHER)", "true", "OFF", "4096", "/run/secrets/token", "none"] {
        assert!(value_is_harmless(value), "{value}");
    }
    for value in ["x", "hunter2", "12345678", "$(A)$(B)", "$(A) b"] {
        assert!(!value_is_harmless(value), "{value}");
    }
}

fn pod(env: Vec<EnvVar>, args: Vec<String>) -> Vec<Finding> {
    let container = Container { name: "main".into(), env: Some(env), args: Some(args), ..Container::default() };
    let spec = PodSpec { containers: vec![container], ..PodSpec::default() };
    let mut found = Vec::new();
    check_pod(&PodView::new("/spec/template", None, &spec), &mut Sink::new("Job", "j", &mut found));
    found
}

fn literal(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.into(), value: Some(value.into()), ..EnvVar::default() }
}

#[test]
fn findings_point_and_never_repeat_the_secret() {
    for (_, secret) in secrets() {
        let found = pod(vec![literal("PLAIN", "x"), literal("A", &secret)], vec!["-c".into(), secret.clone()]);
        let pointers: Vec<_> = found.iter().map(|finding| (finding.id.as_str(), finding.pointer.as_str())).collect();
        assert_eq!(
            pointers,
            [
                ("secret-in-env", "/spec/template/spec/containers/0/env/1/value"),
                ("secret-in-command", "/spec/template/spec/containers/0/args/1"),
            ]
        );
        for finding in found {
            let text = serde_json::to_string(&finding).unwrap();
            assert!(!text.contains(&secret[secret.len() - 8..]), "{text}");
        }
    }
    let found = pod(vec![literal("DB_PASSWORD", "hunter2"), literal("DB_PASSWORD", "")], vec![]);
    assert_eq!(found.len(), 1);
    assert!(!serde_json::to_string(&found).unwrap().contains("hunter2"));
}

#[test]
fn config_maps_and_annotations() {
    let (_, secret) = secrets().remove(0);
    let mut map = ConfigMap { data: Some([("a/b".into(), secret.clone())].into()), ..ConfigMap::default() };
    map.metadata.annotations = Some([("title".into(), secret)].into());
    let mut found = Vec::new();
    check(&Object::from(map), &mut Sink::new("ConfigMap", "c", &mut found));
    let pointers: Vec<_> = found.iter().map(|finding| (finding.id.as_str(), finding.pointer.as_str())).collect();
    assert_eq!(
        pointers,
        [("secret-in-annotation", "/metadata/annotations/title"), ("secret-in-config-map", "/data/a~1b")]
    );
}

#[test]
fn the_own_scripts_would_pass_if_they_were_read() {
    for script in crate::script::every_form() {
        assert_eq!(recognise(&script), None, "{script}");
    }
}

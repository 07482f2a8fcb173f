use super::*;

const TWO: &str = "
apiVersion: v1
kind: Config
current-context: one
clusters:
- {name: c1, cluster: {server: 'https://one.example.com:6443'}}
- {name: c2, cluster: {server: 'https://two.example.com', proxy-url: 'http://proxy:3128'}}
contexts:
- {name: one, context: {cluster: c1, user: u1, namespace: tasks}}
- {name: two, context: {cluster: c2, user: absent}}
users:
- {name: u1, user: {token: t1}}
";

fn file(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn environment(files: Vec<PathBuf>) -> Environment {
    Environment { kubeconfig: files, ..Environment::default() }
}

#[test]
fn the_first_file_wins_and_absent_ones_do_not_matter() {
    let directory = tempfile::tempdir().unwrap();
    let first = file(directory.path(), "a", "current-context: two\n");
    let second = file(directory.path(), "b", TWO);
    let files = environment(vec![directory.path().join("absent"), first.clone(), second.clone()]);
    let (config, origin) = ClusterConfig::default().load(&files).unwrap();
    assert_eq!(config.cluster_url.host(), Some("two.example.com"));
    assert_eq!(config.default_namespace, "default");
    assert_eq!(origin, Origin::Kubeconfig { files: vec![first, second], context: "two".into() });
    assert!(!config.default_retry, "the client must not retry by itself");
}

#[test]
fn a_flag_wins_over_the_environment_and_must_be_there() {
    let directory = tempfile::tempdir().unwrap();
    let flag = file(directory.path(), "flag", TWO);
    let other = file(directory.path(), "other", "{}");
    let wanted = ClusterConfig { kubeconfig: Some(flag), ..ClusterConfig::default() };
    let (config, _) = wanted.load(&environment(vec![other.clone()])).unwrap();
    assert_eq!(config.cluster_url.to_string(), "https://one.example.com:6443/");
    assert_eq!(config.default_namespace, "tasks");
    let absent = ClusterConfig { kubeconfig: Some(directory.path().join("absent")), ..ClusterConfig::default() };
    assert!(matches!(absent.load(&environment(vec![other])), Err(ConfigError::Read { .. })));
}

#[test]
fn context_cluster_user_and_namespace_can_be_overridden() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path(), "a", TWO);
    let wanted = ClusterConfig {
        context: Some("two".into()),
        cluster: Some("c1".into()),
        user: Some("u1".into()),
        namespace: Some("mine".into()),
        impersonate: Some("jane".into()),
        impersonate_groups: vec!["dev".into()],
        ..ClusterConfig::default()
    };
    let (config, _) = wanted.load(&environment(vec![path.clone()])).unwrap();
    assert_eq!(config.cluster_url.host(), Some("one.example.com"));
    assert_eq!(config.default_namespace, "mine");
    assert!(config.auth_info.token.is_some());
    assert_eq!(config.auth_info.impersonate.as_deref(), Some("jane"));
    let groups = ClusterConfig { impersonate_groups: vec!["dev".into()], ..ClusterConfig::default() };
    assert_eq!(groups.load(&environment(vec![path])).unwrap_err(), ConfigError::GroupWithoutUser);
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path(), "a", TWO);
    let load = |wanted: ClusterConfig| wanted.load(&environment(vec![path.clone()])).unwrap_err();
    let error = load(ClusterConfig { context: Some("three".into()), ..ClusterConfig::default() });
    assert_eq!(error.cure(), "name one that is there (there are: one, two)");
    let error = load(ClusterConfig { user: Some("u2".into()), ..ClusterConfig::default() });
    assert!(error.to_string().ends_with("has no user \"u2\""), "{error}");
}

#[test]
fn the_proxy_of_the_environment_is_for_others_than_the_exempt() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path(), "a", TWO);
    let mut environment = environment(vec![path]);
    environment.proxy.https = Some("http://env:3128".into());
    let proxy = |environment: &Environment, context: &str| {
        let wanted = ClusterConfig { context: Some(context.into()), ..ClusterConfig::default() };
        wanted.load(environment).unwrap().0.proxy_url.map(|url| url.to_string())
    };
    assert_eq!(proxy(&environment, "one").as_deref(), Some("http://env:3128/"));
    environment.proxy.none_for = Some("example.com".into());
    assert_eq!(proxy(&environment, "one"), None);
    assert_eq!(proxy(&environment, "two").as_deref(), Some("http://proxy:3128/"));
}

#[test]
fn without_a_file_and_a_pod_there_is_no_cluster() {
    let error = ClusterConfig::default().load(&Environment::default()).unwrap_err();
    assert!(matches!(error, ConfigError::NotFound { .. }), "{error}");
    let inside = ClusterConfig { in_cluster: true, ..ClusterConfig::default() };
    assert!(matches!(inside.load(&Environment::default()), Err(ConfigError::InCluster { .. })));
}

//! What `install` writes, as a cluster reads it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "the helpers of tests are tests")]

use std::fmt::Write as _;

use keruta_manifest::install::{
    Cidr, Component, GitPort, InstallError, InstallPlan, Limits, PodSecurity, PodSecurityVersion, Quota, Server, Target,
};
use keruta_manifest::object::Object;
use serde_json::{Value, json};

/// Everything there is to ask for.
fn everything() -> InstallPlan {
    let server = Server::new("registry.example/keruta-server:1.2.3".parse().unwrap());
    InstallPlan::new().quota(Quota::default()).unwrap().limits(Limits::default()).unwrap().server(server)
}

fn values(plan: &InstallPlan) -> Vec<Value> {
    plan.objects().iter().map(|object| serde_json::to_value(object).unwrap()).collect()
}

fn yaml(objects: &[Object]) -> String {
    objects.iter().fold(String::new(), |mut stream, object| {
        write!(stream, "---\n{}", serde_yaml::to_string(object).unwrap()).unwrap();
        stream
    })
}

fn names(plan: &InstallPlan) -> Vec<String> {
    plan.objects()
        .iter()
        .map(|object| {
            let namespace = object.metadata().namespace.as_deref().unwrap_or("-");
            format!("{namespace} {}/{}", object.kind(), object.name())
        })
        .collect()
}

/// The named NetworkPolicy's spec.
fn policy(plan: &InstallPlan, name: &str) -> Value {
    values(plan).into_iter().find(|object| object["metadata"]["name"] == name).expect(name)["spec"].clone()
}

fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}

#[test]
fn the_whole_stream() {
    insta::assert_snapshot!(yaml(&everything().objects()));
}

/// Among the goldens that are held against Kubernetes' schemas.
#[test]
fn the_server() {
    let mut stream = String::new();
    keruta_manifest::stream::write_yaml(&mut stream, &everything().only([Component::Server]).objects()).unwrap();
    insta::with_settings!({
        snapshot_path => "../../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("install-server", stream) });
}

#[test]
fn another_installation() {
    let plan = InstallPlan::new()
        .system_namespace("ci")
        .unwrap()
        .task_namespaces(["ci-a", "ci-b", "ci-a"])
        .unwrap()
        .submitter("runner")
        .unwrap()
        .task_service_account("job")
        .unwrap()
        .pod_security(PodSecurity::Restricted)
        .pod_security_version(PodSecurityVersion::V1(34))
        .isolate_namespace(true)
        .api(Target::block(cidr("10.9.0.7/32"), 8443).unwrap())
        .dns([Target::pods("openshift-dns", [("dns", "default")], 5353).unwrap()])
        .git_public(false)
        .git_cidr(cidr("10.0.0.0/8"))
        .git_ports([GitPort::Git, GitPort::Http, GitPort::Https])
        .token("api", "key")
        .unwrap();
    insta::assert_snapshot!(yaml(&plan.objects()));
}

#[test]
fn the_same_every_time() {
    assert_eq!(yaml(&everything().objects()), yaml(&everything().objects()));
    let shuffled = everything().only(Component::all().iter().rev().copied());
    assert_eq!(shuffled.objects(), everything().objects());
}

#[test]
fn each_component_alone() {
    let mut parts = Vec::new();
    for component in Component::all() {
        let plan = everything().only([*component]);
        insta::assert_snapshot!(format!("only_{component}"), names(&plan).join("\n"));
        parts.extend(plan.objects());
    }
    assert_eq!(parts, everything().objects(), "the parts are the whole, in its order");
}

#[test]
fn quota_and_limits_only_on_request() {
    let plan = InstallPlan::new().only([Component::ResourceQuota, Component::LimitRange]);
    assert_eq!(plan.objects(), []);

    let nothing = Quota { jobs: None, pods: None, claims: None, storage: None, cpu: None, memory: None };
    assert_eq!(plan.clone().quota(nothing).unwrap().objects(), [], "a quota of nothing is none");

    let limits =
        Limits { default_cpu: None, default_memory: None, max_claim: Some("20Gi".into()), ..Limits::default() };
    let range = values(&plan.limits(limits).unwrap()).remove(0);
    assert_eq!(range["spec"]["limits"], json!([{"type": "PersistentVolumeClaim", "max": {"storage": "20Gi"}}]));
}

#[test]
fn the_server_only_on_request_and_as_the_restricted_level_wants_it() {
    assert_eq!(InstallPlan::new().only([Component::Server]).objects(), []);
    let objects = values(&everything().only([Component::Server]));
    let kinds: Vec<_> = objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["PersistentVolumeClaim", "Service", "Deployment"]);
    let [claim, service, deployment] = objects.as_slice() else { panic!("{objects:?}") };
    let template = &deployment["spec"]["template"];
    // The Service, the policies and the Deployment mean the same Pods.
    assert_eq!(service["spec"]["selector"], template["metadata"]["labels"]);
    assert_eq!(deployment["spec"]["selector"]["matchLabels"], template["metadata"]["labels"]);
    let pod = &template["spec"];
    assert_eq!(pod["serviceAccountName"], "keruta-submitter");
    assert_eq!(pod["volumes"][0]["persistentVolumeClaim"]["claimName"], claim["metadata"]["name"]);
    assert_eq!(service["spec"]["ports"][0]["targetPort"], pod["containers"][0]["ports"][0]["name"]);
    // https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    let context = &pod["containers"][0]["securityContext"];
    assert_eq!(context["allowPrivilegeEscalation"], false);
    assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}));
    assert_eq!(context["readOnlyRootFilesystem"], true);
    let allowed = ["persistentVolumeClaim", "emptyDir", "secret", "name"];
    for volume in pod["volumes"].as_array().unwrap() {
        assert!(volume.as_object().unwrap().keys().all(|key| allowed.contains(&key.as_str())), "{volume}");
    }
}

fn rules(plan: &InstallPlan) -> Vec<Value> {
    values(plan)
        .into_iter()
        .filter(|object| object["kind"].as_str().is_some_and(|kind| kind.ends_with("Role")))
        .flat_map(|role| role["rules"].as_array().cloned().unwrap())
        .collect()
}

#[test]
fn least_privilege() {
    let rules = rules(&everything());
    assert!(!rules.is_empty());
    for rule in &rules {
        let text = rule.to_string();
        for forbidden in
            ["secrets", "*", "escalate", "bind", "impersonate", "deletecollection", "exec", "attach", "serviceaccounts"]
        {
            assert!(!text.contains(forbidden), "{forbidden} in {text}");
        }
        assert!(rule["nonResourceURLs"].is_null());
    }
    assert!(
        everything().objects().iter().all(|object| !object.kind().starts_with("Cluster")),
        "no right in the whole cluster"
    );
}

#[test]
fn secrets_are_made_and_deleted_only_for_tokens_and_never_read() {
    let of_secrets = |plan: &InstallPlan| -> Vec<Value> {
        rules(plan).into_iter().filter(|rule| rule["resources"] == json!(["secrets"])).collect()
    };
    assert!(of_secrets(&everything()).is_empty());
    let plan = everything().task_namespaces(["a", "b"]).unwrap().task_tokens(true);
    let rule = json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["create", "delete"]});
    assert_eq!(of_secrets(&plan), [rule.clone(), rule], "one in each namespace of tasks, none where the server lives");
}

#[test]
fn a_lease_of_another_name_is_out_of_reach() {
    for rule in rules(&everything()).iter().filter(|rule| rule["resources"] == json!(["leases"])) {
        assert!(rule["resourceNames"] == json!(["keruta-submitter"]) || rule["verbs"] == json!(["create"]));
    }
}

#[test]
fn the_task_account_is_bound_to_nothing() {
    let plan = everything().task_namespaces(["keruta", "other"]).unwrap();
    let objects = values(&plan);
    let bindings: Vec<_> = objects.iter().filter(|object| object["kind"] == "RoleBinding").collect();
    assert_eq!(bindings.len(), 3);
    for binding in bindings {
        let submitter = json!([{"kind": "ServiceAccount", "name": "keruta-submitter", "namespace": "keruta"}]);
        assert_eq!(binding["subjects"], submitter);
    }
    let accounts = objects.iter().filter(|object| object["metadata"]["name"] == "keruta-task");
    assert!(accounts.clone().count() == 2);
    assert!(accounts.clone().all(|account| account["automountServiceAccountToken"] == json!(false)));
}

#[test]
fn the_submitter_is_never_a_task() {
    let shared = |plan: Result<InstallPlan, InstallError>| matches!(plan, Err(InstallError::SharedAccount { .. }));
    let one_namespace = || InstallPlan::new().task_namespaces(["keruta"]).unwrap();
    assert!(shared(one_namespace().submitter("keruta-task")));
    assert!(shared(one_namespace().task_service_account("keruta-submitter")));
    let one_name = || InstallPlan::new().submitter("keruta-task").unwrap();
    assert!(shared(one_name().task_namespaces(["keruta"])));
    assert!(shared(one_name().system_namespace("keruta-tasks")));
}

#[test]
fn the_secret_has_no_value() {
    for secret in values(&InstallPlan::new().only([Component::Secret])) {
        let fields: Vec<_> = secret.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, ["apiVersion", "kind", "metadata", "type"]);
        let command = secret["metadata"]["annotations"]["keruta.dev/fill-with"].as_str().unwrap();
        assert!(!command.contains("kubectl apply"), "which the next apply would undo");
    }
}

#[test]
fn namespaces() {
    let one = InstallPlan::new().task_namespaces(["keruta"]).unwrap().only([Component::Namespace]);
    assert_eq!(names(&one), ["- Namespace/keruta"]);
    assert_eq!(values(&one)[0]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "baseline");

    let default = InstallPlan::new().task_namespaces(["default"]).unwrap();
    assert_eq!(names(&default.clone().only([Component::Namespace])), ["- Namespace/keruta"]);
    assert!(names(&default).contains(&"default Role/keruta-submitter".to_owned()));

    assert!(matches!(InstallPlan::new().task_namespaces(["kube-system"]), Err(InstallError::ReservedNamespace { .. })));
    assert_eq!(InstallPlan::new().task_namespaces([] as [&str; 0]), Err(InstallError::NoTaskNamespace));
    insta::assert_snapshot!(
        InstallPlan::new().system_namespace("Keruta").unwrap_err(),
        @"system namespace: `Keruta` is not a DNS label: 1 to 63 lower-case letters, digits and `-`, a letter or digit first and last"
    );
}

#[test]
fn tasks_cannot_reach_metadata_or_private_addresses() {
    let spec = policy(&InstallPlan::new(), "keruta-task-allow-git");
    let except = spec["egress"][0]["to"][0]["ipBlock"]["except"].as_array().unwrap();
    for address in ["169.254.169.254/32", "10.96.0.1/32", "172.17.0.1/32", "192.168.1.1/32", "127.0.0.1/32"] {
        assert!(except.iter().any(|range| cidr(range.as_str().unwrap()).contains(&cidr(address))), "{address}");
    }
}

#[test]
fn a_wide_range_still_leaves_out_metadata() {
    let git = |range: &str| {
        let plan = InstallPlan::new().git_public(false).git_cidr(cidr(range));
        policy(&plan, "keruta-task-allow-git")["egress"][0]["to"][0]["ipBlock"].clone()
    };
    assert_eq!(git("0.0.0.0/0"), json!({"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}));
    assert_eq!(git("fc00::/7"), json!({"cidr": "fc00::/7", "except": ["fd00:ec2::/32"]}));
    assert_eq!(git("10.0.0.0/8"), json!({"cidr": "10.0.0.0/8"}));
}

#[test]
fn exceptions_are_merged() {
    let plan = InstallPlan::new()
        .git_except(cidr("203.0.113.0/24"))
        .unwrap()
        .git_except(cidr("10.1.0.0/16"))
        .unwrap()
        .git_except(cidr("2001:db8::/32"))
        .unwrap();
    let blocks = policy(&plan, "keruta-task-allow-git")["egress"][0]["to"].to_string();
    assert!(blocks.contains("203.0.113.0/24") && blocks.contains("2001:db8::/32"));
    assert!(!blocks.contains("10.1.0.0/16"), "10.0.0.0/8 says it");
    assert!(InstallPlan::new().git_except(cidr("::/0")).is_err());
}

#[test]
fn nothing_to_reach_is_no_policy_and_not_every_destination() {
    let no_git = [InstallPlan::new().git_public(false), InstallPlan::new().git_ports([])];
    for plan in no_git.into_iter().map(|plan| plan.dns([]).only([Component::NetworkPolicy])) {
        assert_eq!(
            names(&plan),
            ["keruta-tasks NetworkPolicy/keruta-task-default-deny", "keruta-tasks NetworkPolicy/keruta-task-allow-api",]
        );
    }
    for plan in [everything(), everything().isolate_namespace(true)] {
        for object in values(&plan).iter().filter(|object| object["kind"] == "NetworkPolicy") {
            for rule in object["spec"]["egress"].as_array().into_iter().flatten() {
                assert!(rule["to"].as_array().is_some_and(|peers| !peers.is_empty()));
                assert!(rule["ports"].as_array().is_some_and(|ports| !ports.is_empty()));
            }
        }
    }
}

#[test]
fn the_api_is_where_the_system_is() {
    let plan = InstallPlan::new().system_namespace("ci").unwrap();
    let peer = policy(&plan, "keruta-task-allow-api")["egress"][0]["to"][0].clone();
    assert_eq!(peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], "ci");
    assert_eq!(peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"], "api");
}

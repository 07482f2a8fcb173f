//! Every control with a Pod that passes and Pods that fail, at both levels and in the versions where it changed.

use super::*;
use serde_json::{Value, json};

use KubernetesVersion::{V1_33, V1_34, V1_35, V1_36, V1_37};

/// A Pod that passes `restricted`, with a merge patch.
fn pod(patch: &Value) -> PodSpec {
    let mut spec = json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "initContainers": [container("init")], "containers": [container("main")]});
    json_patch::merge(&mut spec, patch);
    serde_json::from_value(spec).unwrap()
}

fn container(name: &str) -> Value {
    json!({"name": name, "image": "a:1", "securityContext":
        {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}})
}

/// A patch of the main container alone.
fn main(patch: &Value) -> Value {
    let mut container = container("main");
    json_patch::merge(&mut container, patch);
    json!({"containers": [container]})
}

/// A patch of the main container's security context.
fn context(patch: &Value) -> Value {
    main(&json!({"securityContext": patch}))
}

fn ids(spec: &PodSpec, level: PodSecurityLevel, version: KubernetesVersion) -> Vec<(&'static str, String)> {
    let object = ObjectRef { kind: "Pod".into(), name: "p".into() };
    check_pod_security(spec, None, level, version, &object, "")
        .into_iter()
        .map(|finding| (finding.id.as_str(), finding.pointer))
        .collect()
}

const BOTH: [PodSecurityLevel; 2] = [PodSecurityLevel::Baseline, PodSecurityLevel::Restricted];

#[track_caller]
fn expect(patch: &Value, level: PodSecurityLevel, version: KubernetesVersion, expected: &[(&str, &str)]) {
    let found = ids(&pod(patch), level, version);
    let found: Vec<_> = found.iter().map(|(id, pointer)| (*id, pointer.as_str())).collect();
    assert_eq!(found, expected, "{level} {version} {patch}");
}

#[test]
fn the_sample_passes() {
    for level in BOTH {
        for &version in KubernetesVersion::all() {
            expect(&json!({}), level, version, &[]);
        }
    }
    expect(
        &json!({"securityContext": null, "containers": [{"name": "main"}], "initContainers": null}),
        PodSecurityLevel::Baseline,
        V1_37,
        &[],
    );
}

#[test]
fn baseline_controls_hold_at_both_levels() {
    const MAIN: &str = "/spec/containers/0";
    for (patch, id, pointer) in [
        (json!({"hostNetwork": true}), "pss-baseline-host-namespaces", "/spec/hostNetwork".to_owned()),
        (json!({"hostPID": true}), "pss-baseline-host-namespaces", "/spec/hostPID".into()),
        (json!({"hostIPC": true}), "pss-baseline-host-namespaces", "/spec/hostIPC".into()),
        (
            context(&json!({"privileged": true})),
            "pss-baseline-privileged",
            format!("{MAIN}/securityContext/privileged"),
        ),
        (
            main(&json!({"ports": [{"containerPort": 80, "hostPort": 80}]})),
            "pss-baseline-host-ports",
            format!("{MAIN}/ports/0/hostPort"),
        ),
        (
            context(&json!({"windowsOptions": {"hostProcess": true}})),
            "pss-baseline-host-process",
            format!("{MAIN}/securityContext/windowsOptions/hostProcess"),
        ),
        (
            json!({"securityContext": {"windowsOptions": {"hostProcess": true}}}),
            "pss-baseline-host-process",
            "/spec/securityContext/windowsOptions/hostProcess".into(),
        ),
        (
            json!({"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}),
            "pss-baseline-app-armor",
            "/spec/securityContext/appArmorProfile/type".into(),
        ),
        (
            context(&json!({"appArmorProfile": {"type": "Unconfined"}})),
            "pss-baseline-app-armor",
            format!("{MAIN}/securityContext/appArmorProfile/type"),
        ),
        (
            context(&json!({"seLinuxOptions": {"type": "spc_t"}})),
            "pss-baseline-selinux",
            format!("{MAIN}/securityContext/seLinuxOptions"),
        ),
        (
            json!({"securityContext": {"seLinuxOptions": {"user": "u"}}}),
            "pss-baseline-selinux",
            "/spec/securityContext/seLinuxOptions".into(),
        ),
        (
            json!({"securityContext": {"seLinuxOptions": {"role": "r"}}}),
            "pss-baseline-selinux",
            "/spec/securityContext/seLinuxOptions".into(),
        ),
        (
            json!({"securityContext": {"sysctls": [{"name": "net.core.somaxconn", "value": "1"}]}}),
            "pss-baseline-sysctls",
            "/spec/securityContext/sysctls/0/name".into(),
        ),
        (
            json!({"ephemeralContainers": [{"name": "e", "securityContext": {"privileged": true, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}),
            "pss-baseline-privileged",
            "/spec/ephemeralContainers/0/securityContext/privileged".into(),
        ),
    ] {
        for level in BOTH {
            for version in [V1_33, V1_37] {
                expect(&patch, level, version, &[(id, &pointer)]);
            }
        }
    }
}

#[test]
fn what_both_levels_take() {
    for patch in [
        json!({"hostNetwork": false, "hostPID": false, "hostIPC": false}),
        main(&json!({"ports": [{"containerPort": 80, "hostPort": 0}]})),
        context(&json!({"privileged": false, "procMount": "Default", "windowsOptions": {"hostProcess": false}})),
        context(&json!({"appArmorProfile": {"type": "Localhost", "localhostProfile": "p"}})),
        context(&json!({"seLinuxOptions": {"type": "container_engine_t", "user": "", "level": "s0"}})),
        json!({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem", "value": "1"}]}}),
        context(&json!({"capabilities": {"add": ["NET_BIND_SERVICE"]}})),
        context(&json!({"seccompProfile": {"type": "Localhost", "localhostProfile": "p"}})),
        main(&json!({"livenessProbe": {"httpGet": {"port": 1, "host": ""}}})),
    ] {
        for level in BOTH {
            expect(&patch, level, V1_37, &[]);
        }
    }
}

#[test]
fn controls_that_restricted_sharpens() {
    let pointer = |below: &str| format!("/spec/containers/0/securityContext/{below}");
    for (patch, baseline, restricted, pointer) in [
        (
            context(&json!({"capabilities": {"add": ["NET_RAW", "CHOWN"]}})),
            Some("pss-baseline-capabilities"),
            Some("pss-restricted-capabilities"),
            pointer("capabilities/add"),
        ),
        (
            context(&json!({"capabilities": {"add": ["CHOWN"]}})),
            None,
            Some("pss-restricted-capabilities"),
            pointer("capabilities/add"),
        ),
        (
            context(&json!({"capabilities": {"drop": ["NET_RAW"]}})),
            None,
            Some("pss-restricted-capabilities"),
            pointer("capabilities/drop"),
        ),
        (
            context(&json!({"capabilities": null})),
            None,
            Some("pss-restricted-capabilities"),
            pointer("capabilities/drop"),
        ),
        (
            context(&json!({"allowPrivilegeEscalation": true})),
            None,
            Some("pss-restricted-privilege-escalation"),
            pointer("allowPrivilegeEscalation"),
        ),
        (
            context(&json!({"allowPrivilegeEscalation": null})),
            None,
            Some("pss-restricted-privilege-escalation"),
            pointer("allowPrivilegeEscalation"),
        ),
        (
            context(&json!({"seccompProfile": {"type": "Unconfined"}})),
            Some("pss-baseline-seccomp"),
            Some("pss-restricted-seccomp"),
            pointer("seccompProfile/type"),
        ),
        (
            context(&json!({"runAsNonRoot": false})),
            None,
            Some("pss-restricted-run-as-non-root"),
            pointer("runAsNonRoot"),
        ),
        (context(&json!({"runAsUser": 0})), None, Some("pss-restricted-run-as-user"), pointer("runAsUser")),
        (
            json!({"securityContext": {"runAsUser": 0}}),
            None,
            Some("pss-restricted-run-as-user"),
            "/spec/securityContext/runAsUser".into(),
        ),
        (
            json!({"volumes": [{"name": "v", "nfs": {"server": "s", "path": "/"}}]}),
            None,
            Some("pss-restricted-volume-types"),
            "/spec/volumes/0".into(),
        ),
        (
            json!({"volumes": [{"name": "v", "emptyDir": {}}, {"name": "i", "image": {}}, {"name": "n"}]}),
            None,
            None,
            String::new(),
        ),
    ] {
        for (level, id) in [(PodSecurityLevel::Baseline, baseline), (PodSecurityLevel::Restricted, restricted)] {
            let expected: Vec<_> = id.into_iter().map(|id| (id, pointer.as_str())).collect();
            expect(&patch, level, V1_37, &expected);
        }
    }
    let host_path = json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]});
    expect(&host_path, PodSecurityLevel::Baseline, V1_37, &[("pss-baseline-host-path", "/spec/volumes/0/hostPath")]);
    expect(&host_path, PodSecurityLevel::Restricted, V1_37, &[("pss-restricted-volume-types", "/spec/volumes/0")]);
}

#[test]
fn containers_inherit_from_the_pod() {
    let restricted = PodSecurityLevel::Restricted;
    let (root, seccomp) = ("pss-restricted-run-as-non-root", "pss-restricted-seccomp");
    let both = |field: &str| {
        [
            format!("/spec/containers/0/securityContext/{field}"),
            format!("/spec/initContainers/0/securityContext/{field}"),
        ]
    };
    let [main_root, init_root] = both("runAsNonRoot");
    expect(
        &json!({"securityContext": {"runAsNonRoot": null}}),
        restricted,
        V1_37,
        &[(root, &main_root), (root, &init_root)],
    );
    let [main_seccomp, init_seccomp] = both("seccompProfile");
    expect(
        &json!({"securityContext": {"seccompProfile": null}}),
        restricted,
        V1_37,
        &[(seccomp, &main_seccomp), (seccomp, &init_seccomp)],
    );
    expect(
        &json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}),
        restricted,
        V1_37,
        &[(seccomp, &main_seccomp), (seccomp, &init_seccomp), (seccomp, "/spec/securityContext/seccompProfile/type")],
    );
    // A container's own setting wins over the Pod's.
    let mut own = context(&json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}));
    own["initContainers"] = Value::Null;
    own["securityContext"] = Value::Null;
    expect(&own, restricted, V1_37, &[]);
}

#[test]
fn rules_that_changed_with_a_version() {
    let probe = main(&json!({"livenessProbe": {"httpGet": {"port": 1, "host": "10.0.0.1"}},
        "lifecycle": {"preStop": {"tcpSocket": {"port": 1, "host": "db"}}}}));
    let hosts = [
        ("pss-baseline-host-probes", "/spec/containers/0/lifecycle/preStop/tcpSocket/host"),
        ("pss-baseline-host-probes", "/spec/containers/0/livenessProbe/httpGet/host"),
    ];
    let sysctl = json!({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_notsent_lowat", "value": "1"}]}});
    let sysctls = [("pss-baseline-sysctls", "/spec/securityContext/sysctls/0/name")];
    for level in BOTH {
        expect(&probe, level, V1_33, &[]);
        expect(&probe, level, V1_34, &hosts);
        expect(&sysctl, level, V1_36, &sysctls);
        expect(&sysctl, level, V1_37, &[]);
    }
}

const PROC: &str = "/spec/containers/0/securityContext/procMount";

#[test]
fn user_namespaces_relax_since_1_35() {
    let (baseline, restricted) = (PodSecurityLevel::Baseline, PodSecurityLevel::Restricted);
    let mut proc_mount = context(&json!({"procMount": "Unmasked"}));
    expect(&proc_mount, baseline, V1_35, &[("pss-baseline-proc-mount", PROC)]);
    expect(&proc_mount, restricted, V1_35, &[("pss-restricted-proc-mount", PROC)]);
    expect(&proc_mount, restricted, V1_34, &[("pss-baseline-proc-mount", PROC)]);
    proc_mount["hostUsers"] = json!(false);
    expect(&proc_mount, baseline, V1_34, &[("pss-baseline-proc-mount", PROC)]);
    expect(&proc_mount, baseline, V1_35, &[]);
    expect(&proc_mount, restricted, V1_35, &[("pss-restricted-proc-mount", PROC)]);

    let root = json!({"hostUsers": false, "securityContext": {"runAsNonRoot": false, "runAsUser": 0}});
    assert_eq!(ids(&pod(&root), restricted, V1_34).len(), 4);
    expect(&root, restricted, V1_35, &[]);
}

#[test]
fn windows_pods_are_not_asked_for_what_windows_lacks() {
    let windows = json!({"os": {"name": "windows"}, "securityContext": {"seccompProfile": null},
        "containers": [{"name": "main"}], "initContainers": null});
    expect(&windows, PodSecurityLevel::Restricted, V1_37, &[]);
    let mut linux = windows;
    linux["os"] = json!({"name": "linux"});
    assert_eq!(ids(&pod(&linux), PodSecurityLevel::Restricted, V1_37).len(), 3);
}

#[test]
fn app_armor_annotations() {
    let key = "container.apparmor.security.beta.kubernetes.io/main";
    let object = ObjectRef { kind: "Job".into(), name: "j".into() };
    for (value, allowed) in [("", true), ("runtime/default", true), ("localhost/p", true), ("unconfined", false)] {
        let annotations = BTreeMap::from([(key.to_owned(), value.to_owned()), ("other".into(), "unconfined".into())]);
        let found = check_pod_security(
            &pod(&json!({})),
            Some(&annotations),
            PodSecurityLevel::Baseline,
            V1_37,
            &object,
            "/spec/template",
        );
        assert_eq!(found.is_empty(), allowed, "{value}");
        for finding in found {
            assert_eq!(
                finding.pointer,
                "/spec/template/metadata/annotations/container.apparmor.security.beta.kubernetes.io~1main"
            );
        }
    }
}

//! The controls of the level `baseline`.

use k8s_openapi::api::core::v1::{HTTPGetAction, SELinuxOptions, TCPSocketAction};

use super::super::finding::FindingId;
use super::super::pod::{ContainerView, PodView};
use super::super::sink::{Sink, segment, words};
use super::super::version::KubernetesVersion;
use super::{PodSecurityLevel, seccomp_is_confined};

/// The capabilities that container runtimes give by default, without `NET_RAW`.
const DEFAULT_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// The kernel settings that only touch the Pod itself.
const SAFE_SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

/// Safe since Kubernetes 1.37.
const SAFE_SYSCTLS_1_37: [&str; 2] = ["net.ipv4.tcp_notsent_lowat", "net.ipv4.tcp_slow_start_after_idle"];

const APP_ARMOR_ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

pub(super) fn pod(pod: &PodView<'_>, level: PodSecurityLevel, version: KubernetesVersion, sink: &mut Sink<'_>) {
    host_namespaces(pod, sink);
    app_armor_annotations(pod, sink);
    if level == PodSecurityLevel::Baseline {
        host_path(pod, sink);
    }
    let Some(context) = &pod.spec.security_context else { return };
    if context.windows_options.as_ref().is_some_and(|windows| windows.host_process == Some(true)) {
        host_process(pod.at("/spec/securityContext/windowsOptions/hostProcess"), "The Pod", sink);
    }
    if let Some(profile) = &context.app_armor_profile {
        app_armor(&profile.type_, || pod.at("/spec/securityContext/appArmorProfile/type"), "The Pod", sink);
    }
    if let Some(options) = &context.se_linux_options {
        selinux(options, || pod.at("/spec/securityContext/seLinuxOptions"), "The Pod", sink);
    }
    if level == PodSecurityLevel::Baseline
        && let Some(profile) = &context.seccomp_profile
        && !seccomp_is_confined(&profile.type_)
    {
        seccomp(&profile.type_, pod.at("/spec/securityContext/seccompProfile/type"), "The Pod", sink);
    }
    for (index, sysctl) in context.sysctls.iter().flatten().enumerate() {
        let name = sysctl.name.as_str();
        let safe =
            SAFE_SYSCTLS.contains(&name) || (version >= KubernetesVersion::V1_37 && SAFE_SYSCTLS_1_37.contains(&name));
        if !safe {
            sink.add(
                FindingId::PssBaselineSysctls,
                pod.at(&format!("/spec/securityContext/sysctls/{index}/name")),
                format!(
                    "The Pod sets the kernel setting \"{name}\", which is not in the safe set of Kubernetes {version}."
                ),
                "Remove this entry from `securityContext.sysctls`.",
            );
        }
    }
}

pub(super) fn container(
    pod: &PodView<'_>,
    container: &ContainerView<'_>,
    level: PodSecurityLevel,
    version: KubernetesVersion,
    sink: &mut Sink<'_>,
) {
    host_ports(container, sink);
    if version >= KubernetesVersion::V1_34 {
        host_probes(container, sink);
    }
    let Some(context) = container.security_context else { return };
    let who = || format!("Container \"{}\"", container.name);
    if context.windows_options.as_ref().is_some_and(|windows| windows.host_process == Some(true)) {
        host_process(container.at("/securityContext/windowsOptions/hostProcess"), &who(), sink);
    }
    if context.privileged == Some(true) {
        sink.add(
            FindingId::PssBaselinePrivileged,
            container.at("/securityContext/privileged"),
            format!("{} is privileged: it can do on the node what root can.", who()),
            "Remove `securityContext.privileged`; add the single capability or device that is needed.",
        );
    }
    if level == PodSecurityLevel::Baseline
        && let Some(added) = context.capabilities.as_ref().and_then(|capabilities| capabilities.add.as_ref())
        && added.iter().any(|name| !DEFAULT_CAPABILITIES.contains(&name.as_str()))
    {
        let bad = added.iter().map(String::as_str).filter(|name| !DEFAULT_CAPABILITIES.contains(name));
        sink.add(
            FindingId::PssBaselineCapabilities,
            container.at("/securityContext/capabilities/add"),
            format!("{} adds {}, beyond the default set of capabilities.", who(), words(bad)),
            "Remove these entries from `securityContext.capabilities.add`.",
        );
    }
    if let Some(profile) = &context.app_armor_profile
        && !app_armor_is_confined(&profile.type_)
    {
        app_armor(&profile.type_, || container.at("/securityContext/appArmorProfile/type"), &who(), sink);
    }
    if let Some(options) = &context.se_linux_options {
        selinux(options, || container.at("/securityContext/seLinuxOptions"), &who(), sink);
    }
    if level == PodSecurityLevel::Baseline
        && let Some(profile) = &context.seccomp_profile
        && !seccomp_is_confined(&profile.type_)
    {
        seccomp(&profile.type_, container.at("/securityContext/seccompProfile/type"), &who(), sink);
    }
    // From 1.35 on the level `restricted` has a check of its own, and `baseline` trusts user namespaces.
    let proc_mount_applies =
        version < KubernetesVersion::V1_35 || (level == PodSecurityLevel::Baseline && !pod.in_user_namespace());
    if proc_mount_applies
        && let Some(kind) = context.proc_mount.as_deref()
        && kind != "Default"
    {
        sink.add(
            FindingId::PssBaselineProcMount,
            container.at("/securityContext/procMount"),
            format!("{} mounts /proc as \"{kind}\", without the masks that hide the node's kernel.", who()),
            "Remove `securityContext.procMount`.",
        );
    }
}

fn host_namespaces(pod: &PodView<'_>, sink: &mut Sink<'_>) {
    let spec = pod.spec;
    for (field, set, what) in [
        ("hostNetwork", spec.host_network, "network"),
        ("hostPID", spec.host_pid, "processes"),
        ("hostIPC", spec.host_ipc, "inter-process communication"),
    ] {
        if set == Some(true) {
            sink.add(
                FindingId::PssBaselineHostNamespaces,
                pod.at(&format!("/spec/{field}")),
                format!("The Pod shares the node's {what} (`{field}: true`)."),
                format!("Remove `{field}`."),
            );
        }
    }
}

fn host_path(pod: &PodView<'_>, sink: &mut Sink<'_>) {
    for (index, volume) in pod.spec.volumes.iter().flatten().enumerate() {
        if volume.host_path.is_some() {
            sink.add(
                FindingId::PssBaselineHostPath,
                pod.at(&format!("/spec/volumes/{index}/hostPath")),
                format!("Volume \"{}\" is a directory of the node.", volume.name),
                "Use an emptyDir, a PersistentVolumeClaim or an image volume instead.",
            );
        }
    }
}

fn host_ports(container: &ContainerView<'_>, sink: &mut Sink<'_>) {
    for (index, port) in container.ports.iter().enumerate() {
        if let Some(number) = port.host_port.filter(|&number| number != 0) {
            sink.add(
                FindingId::PssBaselineHostPorts,
                container.at(&format!("/ports/{index}/hostPort")),
                format!("Container \"{}\" takes port {number} of the node.", container.name),
                "Remove `hostPort` and reach the Pod by its own address or a Service.",
            );
        }
    }
}

fn host_probes(container: &ContainerView<'_>, sink: &mut Sink<'_>) {
    for (field, probe) in container.probes() {
        if let Some(probe) = probe {
            action_hosts(container, field, probe.http_get.as_ref(), probe.tcp_socket.as_ref(), sink);
        }
    }
    if let Some(lifecycle) = container.lifecycle {
        for (field, handler) in
            [("lifecycle/postStart", &lifecycle.post_start), ("lifecycle/preStop", &lifecycle.pre_stop)]
        {
            if let Some(handler) = handler {
                action_hosts(container, field, handler.http_get.as_ref(), handler.tcp_socket.as_ref(), sink);
            }
        }
    }
}

fn action_hosts(
    container: &ContainerView<'_>,
    field: &str,
    http: Option<&HTTPGetAction>,
    tcp: Option<&TCPSocketAction>,
    sink: &mut Sink<'_>,
) {
    let hosts = [
        ("httpGet", http.and_then(|action| action.host.as_deref())),
        ("tcpSocket", tcp.and_then(|action| action.host.as_deref())),
    ];
    for (action, host) in hosts {
        if let Some(host) = host.filter(|host| !host.is_empty()) {
            sink.add(
                FindingId::PssBaselineHostProbes,
                container.at(&format!("/{field}/{action}/host")),
                format!("Container \"{}\" makes the kubelet call the host \"{host}\".", container.name),
                "Remove `host`: the Pod's own address is called then.",
            );
        }
    }
}

fn host_process(pointer: String, who: &str, sink: &mut Sink<'_>) {
    sink.add(
        FindingId::PssBaselineHostProcess,
        pointer,
        format!("{who} runs as a process of the Windows node."),
        "Remove `windowsOptions.hostProcess`.",
    );
}

fn app_armor_is_confined(kind: &str) -> bool {
    matches!(kind, "RuntimeDefault" | "Localhost")
}

fn app_armor(kind: &str, pointer: impl FnOnce() -> String, who: &str, sink: &mut Sink<'_>) {
    if !app_armor_is_confined(kind) {
        sink.add(
            FindingId::PssBaselineAppArmor,
            pointer(),
            format!("{who} sets the AppArmor profile \"{kind}\"."),
            "Set `appArmorProfile.type` to RuntimeDefault or Localhost, or remove it.",
        );
    }
}

fn app_armor_annotations(pod: &PodView<'_>, sink: &mut Sink<'_>) {
    for (key, profile) in pod.annotations.into_iter().flatten() {
        let allowed = profile.is_empty() || profile == "runtime/default" || profile.starts_with("localhost/");
        if !allowed && key.starts_with(APP_ARMOR_ANNOTATION) {
            sink.add(
                FindingId::PssBaselineAppArmor,
                pod.at(&format!("/metadata/annotations/{}", segment(key))),
                format!("The annotation {key} sets the AppArmor profile \"{profile}\"."),
                "Remove the annotation, or set it to runtime/default or localhost/<profile>.",
            );
        }
    }
}

fn selinux(options: &SELinuxOptions, pointer: impl FnOnce() -> String, who: &str, sink: &mut Sink<'_>) {
    let kind = options.type_.as_deref().unwrap_or_default();
    let bad_kind = !matches!(kind, "" | "container_t" | "container_init_t" | "container_kvm_t" | "container_engine_t");
    let user = options.user.as_deref().unwrap_or_default();
    let role = options.role.as_deref().unwrap_or_default();
    if !bad_kind && user.is_empty() && role.is_empty() {
        return;
    }
    let set = [("type", if bad_kind { kind } else { "" }), ("user", user), ("role", role)]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(field, value)| format!("{field} \"{value}\""))
        .collect::<Vec<_>>()
        .join(", ");
    sink.add(
        FindingId::PssBaselineSelinux,
        pointer(),
        format!("{who} sets the SELinux {set}."),
        "Remove `seLinuxOptions.user` and `.role`, and set `.type` to container_t, container_init_t, \
         container_kvm_t or container_engine_t, or remove it.",
    );
}

fn seccomp(kind: &str, pointer: String, who: &str, sink: &mut Sink<'_>) {
    sink.add(
        FindingId::PssBaselineSeccomp,
        pointer,
        format!("{who} sets the seccomp profile \"{kind}\"."),
        "Set `seccompProfile.type` to RuntimeDefault or Localhost, or remove it.",
    );
}

//! What a security profile sets on a Pod and its containers.
//! [Source](https://kubernetes.io/docs/concepts/security/pod-security-standards/).

use k8s_openapi::api::core::v1::{Capabilities, PodSecurityContext, SeccompProfile, SecurityContext};

use crate::settings::{SecurityProfile, SecuritySettings};

/// The Pod's part of a profile.
pub(super) fn pod_security(settings: &SecuritySettings) -> Option<PodSecurityContext> {
    let restricted = match settings.profile {
        SecurityProfile::None => return None,
        SecurityProfile::Baseline => false,
        SecurityProfile::Restricted => true,
    };
    Some(PodSecurityContext {
        // The group that every container is in, whatever its user: what one step writes, the next can.
        fs_group: Some(settings.fs_group.into()),
        fs_group_change_policy: Some("OnRootMismatch".to_owned()),
        run_as_non_root: restricted.then_some(true),
        run_as_user: restricted.then_some(settings.run_as_user.into()),
        run_as_group: restricted.then_some(settings.run_as_group.into()),
        seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
        ..PodSecurityContext::default()
    })
}

/// A container's part of a profile.
pub(super) fn container_security(settings: &SecuritySettings) -> Option<SecurityContext> {
    match settings.profile {
        SecurityProfile::None => None,
        SecurityProfile::Baseline => {
            Some(SecurityContext { allow_privilege_escalation: Some(false), ..SecurityContext::default() })
        }
        SecurityProfile::Restricted => Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
            ..SecurityContext::default()
        }),
    }
}

/// The same for a step of keruta's own that writes to the workspace. Under baseline such steps share one user, root:
/// the images of git and curl bring different ones, and a volume without group support (a host path) lets only the
/// user who made a directory write to it. Their group is the Pod's, so that a main container with a user of its own can
/// write to what they made on such a volume too.
pub(super) fn writing_step_security(settings: &SecuritySettings) -> Option<SecurityContext> {
    let context = container_security(settings)?;
    if settings.profile == SecurityProfile::Restricted {
        return Some(context);
    }
    Some(SecurityContext { run_as_user: Some(0), run_as_group: Some(settings.fs_group.into()), ..context })
}

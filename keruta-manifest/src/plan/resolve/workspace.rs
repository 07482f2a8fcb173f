//! Which volume the workspace is, and who owns it.

use std::fmt::Display;

use super::context::{CLAIM, Context, TaskNames, labels, root};
use crate::plan::origin::Origin;
use crate::plan::pvc::PvcPlan;
use crate::plan::volume::VolumePlan;
use crate::problem::Rule;
use crate::review::SharedClaim;
use crate::settings::WorkspaceDefault;
use crate::task::{Retention, WorkspaceKind};
use crate::value::{AbsolutePath, AccessMode, DnsSubdomain, QualifiedName, Quantity};
use crate::well_known;

/// The workspace as it was decided.
pub(super) struct Workspace {
    pub(super) volume: VolumePlan,
    pub(super) mount_path: AbsolutePath,
    /// Where git's checkout is, if there is one.
    pub(super) checkout: Option<AbsolutePath>,
    /// The claim to create.
    pub(super) claim: Option<PvcPlan>,
    /// What is known of an ancestor's claim.
    pub(super) shared: Vec<SharedClaim>,
    /// Whether the Pod must share the node of the claim's other Pods.
    pub(super) share_node: bool,
}

pub(super) fn resolve(context: &mut Context<'_>, names: &TaskNames) -> Workspace {
    let settings = &context.settings.workspace;
    let own = context.task.workspace.as_ref();
    let repository = context.task.repository.as_ref();
    let mount_path = own.and_then(|own| own.mount_path.as_ref()).unwrap_or(&settings.mount_path).clone();
    let volume_name = own.and_then(|own| own.volume_name.as_ref()).unwrap_or(&settings.volume_name);
    let is_child = context.lineage.ancestor().is_some();
    let checkout = (repository.is_some() || is_child).then(|| {
        let below = repository.and_then(|repository| repository.path.as_ref());
        below.map_or_else(|| mount_path.clone(), |path| mount_path.join(path))
    });

    let (size, access_mode, storage_class) = claim_parts(context);
    let kind = kind(context, is_child);
    context.job_origin("/spec/template/spec/volumes", || {
        if own.is_some_and(|own| own.kind.is_some()) {
            Origin::Task { path: "workspace.kind".to_owned() }
        } else if repository.is_some_and(|repository| repository.use_pvc.is_some()) {
            Origin::Task { path: "repository.usePvc".to_owned() }
        } else {
            Origin::Setting { path: "workspace.kind".to_owned() }
        }
    });
    let mut workspace = Workspace {
        volume: VolumePlan::empty_dir(volume_name, None, false),
        mount_path,
        checkout,
        claim: None,
        shared: Vec::new(),
        share_node: false,
    };
    match kind {
        WorkspaceKind::EmptyDir => {
            let limit = own.and_then(|own| own.size.as_ref()).or(settings.empty_dir_size_limit.as_ref());
            workspace.volume = VolumePlan::empty_dir(volume_name, limit, false);
        }
        WorkspaceKind::Ephemeral => {
            let mut claim = PvcPlan::new(names.own.claim.clone(), size, access_mode).storage_class(storage_class);
            for (key, value) in labels(&names.own, &names.own) {
                claim = claim.label(key, value);
            }
            workspace.volume = VolumePlan::ephemeral(volume_name, claim);
        }
        WorkspaceKind::Pvc => {
            let name = own.and_then(|own| own.claim_name.as_ref()).unwrap_or(&names.workspace.claim).clone();
            workspace.volume = VolumePlan::claim(volume_name, &name);
            if is_child {
                workspace.share_node = settings.share_node && access_mode != AccessMode::ReadWriteMany;
                workspace.shared.push(SharedClaim {
                    claim: name.into(),
                    access_modes: vec![access_mode.as_str().to_owned()],
                    writers: vec![names.workspace.job.to_string()],
                    consent: own.and_then(|own| own.shared).unwrap_or(false),
                });
            } else {
                workspace.claim = Some(claim(context, names, name, size, access_mode, storage_class));
            }
        }
    }
    workspace
}

/// What kind of volume, by the task, its repository, the settings, in this order.
fn kind(context: &mut Context<'_>, is_child: bool) -> WorkspaceKind {
    let of_task = context.task.workspace.as_ref().and_then(|workspace| workspace.kind);
    let of_repository = context.task.repository.as_ref().and_then(|repository| repository.use_pvc);
    if let (Some(kind), Some(use_pvc)) = (of_task, of_repository)
        && (kind == WorkspaceKind::Pvc) != use_pvc
    {
        let message = "repository.usePvc and workspace.kind contradict each other";
        context.problem(root("repository").key("usePvc"), Rule::Conflict, message, "remove one of the two");
    }
    if let Some(kind) = of_task {
        return kind;
    }
    if let Some(use_pvc) = of_repository {
        return if use_pvc { WorkspaceKind::Pvc } else { WorkspaceKind::EmptyDir };
    }
    match context.settings.workspace.kind {
        WorkspaceDefault::Pvc => WorkspaceKind::Pvc,
        WorkspaceDefault::Ephemeral => WorkspaceKind::Ephemeral,
        WorkspaceDefault::Auto if context.task.repository.is_some() || is_child => WorkspaceKind::Pvc,
        WorkspaceDefault::EmptyDir | WorkspaceDefault::Auto => WorkspaceKind::EmptyDir,
    }
}

/// Size, access mode and class of a claim: the workspace's words, else the repository's, else the settings'.
fn claim_parts(context: &mut Context<'_>) -> (Quantity, AccessMode, Option<DnsSubdomain>) {
    let settings = &context.settings.workspace;
    let own = context.task.workspace.as_ref();
    let repository = context.task.repository.as_ref();
    let size = one_of(
        context,
        ("size", own.and_then(|own| own.size.as_ref())),
        ("pvcStorageSize", repository.and_then(|repository| repository.pvc_storage_size.as_ref())),
    );
    let access_mode = one_of(
        context,
        ("accessMode", own.and_then(|own| own.access_mode.as_ref())),
        ("pvcAccessMode", repository.and_then(|repository| repository.pvc_access_mode.as_ref())),
    );
    let class = one_of(
        context,
        ("storageClass", own.and_then(|own| own.storage_class.as_ref())),
        ("pvcStorageClass", repository.and_then(|repository| repository.pvc_storage_class.as_ref())),
    );
    if size.is_some_and(Quantity::is_zero) {
        context.problem(
            root("workspace").key("size"),
            Rule::Quantity,
            "a claim of 0 bytes holds nothing",
            "ask for at least 1Mi",
        );
    }
    (
        size.unwrap_or(&settings.size).clone(),
        *access_mode.unwrap_or(&settings.access_mode),
        class.or(settings.storage_class.as_ref()).cloned(),
    )
}

/// What the workspace says, else what the repository says; both may only say the same.
fn one_of<'a, T: Display>(
    context: &mut Context<'_>,
    (name, of_workspace): (&str, Option<&'a T>),
    (repository_name, of_repository): (&str, Option<&'a T>),
) -> Option<&'a T> {
    if let (Some(first), Some(second)) = (of_workspace, of_repository)
        && first.to_string() != second.to_string()
    {
        let message = format!("repository.{repository_name} is {second}, but workspace.{name} is {first}");
        let path = root("repository").key(repository_name);
        context.problem(path, Rule::Conflict, message, "remove one of the two");
    }
    of_workspace.or(of_repository)
}

fn claim(
    context: &mut Context<'_>,
    names: &TaskNames,
    name: DnsSubdomain,
    size: Quantity,
    access_mode: AccessMode,
    storage_class: Option<DnsSubdomain>,
) -> PvcPlan {
    let mut plan = PvcPlan::new(name, size, access_mode).namespace(context.namespace()).storage_class(storage_class);
    for (key, value) in labels(&names.own, &names.workspace) {
        plan = plan.label(key, value);
    }
    let own = context.task.workspace.as_ref();
    let retention = own.and_then(|workspace| workspace.retention).unwrap_or(context.settings.workspace.retention);
    let annotation = match retention {
        Retention::Keep => None,
        Retention::DeleteWithTask => Some("delete-with-task".to_owned()),
        Retention::After(time) => Some(format!("after {time}")),
    };
    if let Some(annotation) = annotation {
        plan = plan.annotation(QualifiedName::constant(well_known::RETENTION), annotation);
    }
    claim_origins(context);
    plan
}

fn claim_origins(context: &mut Context<'_>) {
    if !context.origins.is_kept() {
        return;
    }
    let own = context.task.workspace.clone().unwrap_or_default();
    let repository = context.task.repository.as_ref();
    let parts = [
        (
            "/spec/resources",
            own.size.is_some(),
            "size",
            repository.is_some_and(|r| r.pvc_storage_size.is_some()),
            "pvcStorageSize",
        ),
        (
            "/spec/accessModes",
            own.access_mode.is_some(),
            "accessMode",
            repository.is_some_and(|r| r.pvc_access_mode.is_some()),
            "pvcAccessMode",
        ),
        (
            "/spec/storageClassName",
            own.storage_class.is_some(),
            "storageClass",
            repository.is_some_and(|r| r.pvc_storage_class.is_some()),
            "pvcStorageClass",
        ),
    ];
    for (pointer, in_workspace, name, in_repository, repository_name) in parts {
        let origin = if in_workspace {
            Origin::Task { path: format!("workspace.{name}") }
        } else if in_repository {
            Origin::Task { path: format!("repository.{repository_name}") }
        } else {
            Origin::Setting { path: format!("workspace.{name}") }
        };
        context.origins.note(CLAIM, || (pointer.to_owned(), origin));
    }
    context.origins.note(CLAIM, || ("/metadata/name".to_owned(), Origin::Task { path: "id".to_owned() }));
    context
        .origins
        .note(CLAIM, || ("/metadata/labels".to_owned(), Origin::BuiltIn { rule: "labels of every object of a task" }));
}

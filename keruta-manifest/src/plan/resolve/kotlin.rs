//! The preset `kotlin`: object for object what `generateJobWithPvcYaml` builds.

use super::Plan;
use super::context::{Context, JOB, root};
use crate::lineage::Lineage;
use crate::plan::container::ContainerPlan;
use crate::plan::job::JobPlan;
use crate::plan::names::{Names, NamingError};
use crate::plan::origin::{Origin, Origins};
use crate::plan::pvc::PvcPlan;
use crate::plan::volume::VolumePlan;
use crate::problem::{Problems, Rule};
use crate::settings::{NamePolicy, Settings};
use crate::task::{Arg, Task};
use crate::value::{
    AbsolutePath, AccessMode, DnsLabel, GitUrl, ImageReference, LabelValue, QualifiedName, Quantity, Text,
};
use crate::well_known;

/// The six inputs of the Kotlin function, parsed.
pub(crate) struct KotlinInputs<'a> {
    pub(crate) names: Names,
    pub(crate) parent: Option<Names>,
    pub(crate) repository: &'a GitUrl,
    pub(crate) image: &'a ImageReference,
    pub(crate) size: Quantity,
    pub(crate) access_mode: AccessMode,
}

/// The claim (without a parent) and the Job of the Kotlin function.
///
/// # Errors
///
/// None that valid inputs could cause; a plan's own checks are passed on.
pub(crate) fn kotlin_plan(inputs: KotlinInputs<'_>, namespace: Option<&DnsLabel>) -> Result<Plan, Problems> {
    let KotlinInputs { names, parent, repository, image, size, access_mode } = inputs;
    let labels = || {
        [
            (QualifiedName::constant(well_known::APP), LabelValue::constant(well_known::APP_NAME)),
            (QualifiedName::constant(well_known::TASK_ID), names.label.clone()),
        ]
    };
    let claim_name = parent.as_ref().map_or(&names.claim, |parent| &parent.claim);
    let claim = parent.is_none().then(|| {
        let plan = PvcPlan::new(claim_name.clone(), size, access_mode).namespace(namespace.cloned());
        labels().into_iter().fold(plan, |plan, (key, value)| plan.label(key, value)).into_claim()
    });
    let volume = VolumePlan::claim(&DnsLabel::constant("repo-volume"), claim_name);
    let path = AbsolutePath::constant("/repo");
    let word = |word: &'static str| Arg::Literal(Text::constant(word));
    let url = Arg::Literal(Text::from(repository));
    let clone = ContainerPlan::new(DnsLabel::constant("git-clone"), ImageReference::constant("alpine/git"))
        .command(&[word("git"), word("clone"), url, word("/repo")])
        .mount(&volume, &path);
    let main = ContainerPlan::new(DnsLabel::constant("main"), image.clone()).mount(&volume, &path);
    let builder = JobPlan::builder(names.job.clone(), main).namespace(namespace.cloned()).backoff_limit(4).init(clone);
    let builder = labels().into_iter().fold(builder, |builder, (key, value)| builder.label(key, value));
    let job = builder.build()?.into_job();
    Ok(Plan { config_map: None, claim, job, shared_claims: Vec::new(), can_be_retried: names.can_be_retried })
}

impl<'a> KotlinInputs<'a> {
    pub(crate) fn new(
        task: (&Names, Option<Names>),
        repository: &'a GitUrl,
        image: &'a ImageReference,
        size: Quantity,
        access_mode: AccessMode,
    ) -> Self {
        Self { names: task.0.clone(), parent: task.1, repository, image, size, access_mode }
    }

    /// The names of a task as the Kotlin function makes them: the id as it is.
    pub(crate) fn names_of(id: &crate::value::TaskId) -> Result<Names, NamingError> {
        Names::new(id, 1, NamePolicy::Strict)
    }
}

/// The preset for a task: its id, repository, image, parent, and the claim's size and access mode count, nothing else.
pub(super) fn resolve(
    task: &Task,
    settings: &Settings,
    lineage: &Lineage,
    origins: &mut Origins,
) -> Result<Plan, Problems> {
    let mut context = Context::new(task, settings, lineage, origins);
    context.origins.note(JOB, || (String::new(), Origin::Preset { name: "kotlin" }));
    context.origins.note(super::context::CLAIM, || (String::new(), Origin::Preset { name: "kotlin" }));
    let names = context.names();
    let image = task.image.as_ref().or(settings.default_image.as_ref());
    if image.is_none() {
        let message = "the task names no image, and the settings have no defaultImage";
        context.problem(root("image"), Rule::MissingField, message, "add \"image\" to the task, or set defaultImage");
    }
    let repository = task.repository.as_ref();
    if repository.is_none() {
        let message = "the preset kotlin clones a repository, and the task names none";
        context.problem(root("repository"), Rule::MissingField, message, "add \"repository\": {\"url\": …}");
    }
    let (Some(image), Some(repository)) = (image, repository) else {
        return Err(context.into_problems());
    };
    let own = task.workspace.as_ref();
    let size = own.and_then(|own| own.size.clone()).or_else(|| repository.pvc_storage_size.clone());
    let access_mode = own.and_then(|own| own.access_mode).or(repository.pvc_access_mode);
    let parent = lineage.ancestor().map(|_| names.workspace);
    Problems::none_of(std::mem::take(&mut context.problems))?;
    let inputs = KotlinInputs::new(
        (&names.own, parent),
        &repository.url,
        image,
        size.unwrap_or_else(|| settings.workspace.size.clone()),
        access_mode.unwrap_or(settings.workspace.access_mode),
    );
    kotlin_plan(inputs, context.namespace().as_ref())
}

//! From a task, settings and a lineage to plans.

mod agent;
mod context;
mod environment;
mod explained;
pub(crate) mod kotlin;
mod main_container;
mod pod;
mod steps;
mod workspace;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim};

use super::config_map::ConfigMapPlan;
use super::origin::Origins;
use crate::lineage::Lineage;
use crate::problem::Problems;
use crate::review::SharedClaim;
use crate::settings::{Preset, Settings};
use crate::task::Task;
use context::Context;

/// What is to be created for one attempt of a task, in the order in which it is to be created.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Texts that are too long for an environment, and files.
    pub config_map: Option<ConfigMap>,
    /// The claim, where the task owns one.
    pub claim: Option<PersistentVolumeClaim>,
    /// The Job.
    pub job: Job,
    /// What is known of a claim that is not the task's own.
    pub shared_claims: Vec<SharedClaim>,
    /// Whether a later attempt of the task could have a name of its own.
    pub can_be_retried: bool,
}

/// Decides what to create for a task.
///
/// # Errors
///
/// Every problem that the task, the settings or the two together have.
pub fn resolve(task: &Task, settings: &Settings, lineage: &Lineage, origins: &mut Origins) -> Result<Plan, Problems> {
    match settings.preset {
        Preset::Kotlin => kotlin::resolve(task, settings, lineage, origins),
        Preset::Keruta => keruta(task, settings, lineage, origins),
    }
}

fn keruta(task: &Task, settings: &Settings, lineage: &Lineage, origins: &mut Origins) -> Result<Plan, Problems> {
    let mut context = Context::new(task, settings, lineage, origins);
    let names = context.names();
    let workspace = workspace::resolve(&mut context, &names);
    let mut config_map = ConfigMapPlan::new(&names.own.job);
    let main = main_container::resolve(&mut context, &workspace, &mut config_map);
    let steps = steps::resolve(&mut context, &workspace, &mut config_map);
    let Some(main) = main else { return Err(context.into_problems()) };
    let job = pod::resolve(&mut context, &names, &workspace, main, steps);
    let job = match job.build() {
        Ok(job) => job.into_job(),
        Err(problems) => {
            context.problems.extend(problems.into_vec());
            return Err(context.into_problems());
        }
    };
    Problems::none_of(std::mem::take(&mut context.problems))?;
    explained::note(&mut context, &job);
    Ok(Plan {
        config_map: context.config_map(config_map, &names.own),
        claim: workspace.claim.map(super::pvc::PvcPlan::into_claim),
        job,
        shared_claims: workspace.shared,
        can_be_retried: names.own.can_be_retried,
    })
}

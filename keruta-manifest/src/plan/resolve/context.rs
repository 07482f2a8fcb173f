//! What all parts of the resolution share: the inputs, and the problems and origins found on the way.

use k8s_openapi::api::core::v1::ConfigMap;

use crate::lineage::Lineage;
use crate::plan::config_map::ConfigMapPlan;
use crate::plan::names::Names;
use crate::plan::origin::{Origin, Origins};
use crate::problem::{FieldPath, Problem, Problems, Rule};
use crate::settings::Settings;
use crate::task::Task;
use crate::value::{DnsLabel, LabelValue, QualifiedName};
use crate::well_known;

/// The Job's kind, as origins name it.
pub(super) const JOB: &str = "Job";
/// The claim's kind, as origins name it.
pub(super) const CLAIM: &str = "PersistentVolumeClaim";
/// The ConfigMap's kind, as origins name it.
pub(super) const CONFIG_MAP: &str = "ConfigMap";
/// Pointer to the Pod's spec in a Job.
pub(super) const POD: &str = "/spec/template/spec";

/// Pointer to a place below the Pod's spec, put together by the compiler.
macro_rules! in_pod {
    ($below:literal) => {
        concat!("/spec/template/spec", $below)
    };
}
pub(super) use in_pod;

pub(super) struct Context<'a> {
    pub(super) task: &'a Task,
    pub(super) settings: &'a Settings,
    pub(super) lineage: &'a Lineage,
    pub(super) problems: Vec<Problem>,
    pub(super) origins: &'a mut Origins,
}

/// The names of the task and, for a child, of the ancestor whose workspace it uses.
pub(super) struct TaskNames {
    pub(super) own: Names,
    pub(super) workspace: Names,
}

impl<'a> Context<'a> {
    pub(super) fn new(task: &'a Task, settings: &'a Settings, lineage: &'a Lineage, origins: &'a mut Origins) -> Self {
        Self { task, settings, lineage, problems: Vec::new(), origins }
    }

    /// Notes a problem with a field of the task.
    pub(super) fn problem(&mut self, path: FieldPath, rule: Rule, message: impl Into<String>, cure: impl Into<String>) {
        self.problems.push(Problem::custom(path, rule, message, cure));
    }

    /// Notes where a field of the Job comes from.
    pub(super) fn job_origin(&mut self, pointer: &str, origin: impl FnOnce() -> Origin) {
        self.origins.note(JOB, || (pointer.to_owned(), origin()));
    }

    /// The task's own value or the settings', with a note of where it came from.
    pub(super) fn choose<T: Clone>(
        &mut self,
        pointer: &str,
        own: (Option<&T>, &'static str),
        default: (Option<&T>, &'static str),
    ) -> Option<T> {
        let (value, of_task) = match (own.0, default.0) {
            (Some(value), _) => (value, true),
            (None, Some(value)) => (value, false),
            (None, None) => return None,
        };
        self.job_origin(pointer, || {
            if of_task {
                Origin::Task { path: own.1.to_owned() }
            } else {
                Origin::Setting { path: default.1.to_owned() }
            }
        });
        Some(value.clone())
    }

    /// The names; stand-ins for those that are a problem, so that the rest of the task is looked at too.
    pub(super) fn names(&mut self) -> TaskNames {
        let attempt = self.task.attempt.unwrap_or(1);
        if !(1..=9999).contains(&attempt) {
            let message = format!("the attempt {attempt} is not one of 1 to 9999");
            self.problem(root("attempt"), Rule::Range, message, "count attempts from 1");
        }
        let own = Names::new(&self.task.id, attempt, self.settings.names);
        let own = own.map_err(|error| self.problems.push(Problem::new(root("id"), &error))).ok();
        let workspace = match self.lineage.ancestor() {
            None => own.clone(),
            Some(ancestor) => {
                let field = if self.task.root_task_id.as_ref() == Some(ancestor) { "rootTaskId" } else { "parentId" };
                let names = Names::new(ancestor, 1, self.settings.names);
                names.map_err(|error| self.problems.push(Problem::new(root(field), &error))).ok()
            }
        };
        self.job_origin("/metadata/name", || Origin::Task { path: "id".to_owned() });
        let workspace = workspace.unwrap_or_else(Names::stand_in);
        TaskNames { own: own.unwrap_or_else(Names::stand_in), workspace }
    }

    pub(super) fn namespace(&self) -> Option<DnsLabel> {
        self.task.namespace.clone().or_else(|| self.settings.default_namespace.clone())
    }

    /// The ConfigMap as it is to be created, if it came to hold anything.
    pub(super) fn config_map(&self, plan: ConfigMapPlan, names: &Names) -> Option<ConfigMap> {
        if plan.is_empty() {
            return None;
        }
        let plan = plan.namespace(self.namespace());
        let plan = labels(names, names).into_iter().fold(plan, |plan, (key, value)| plan.label(key, value));
        Some(plan.into_config_map())
    }

    pub(super) fn into_problems(self) -> Problems {
        match Problems::none_of(self.problems) {
            Err(problems) => problems,
            // Only reached if a part gave up without a word, which none does.
            Ok(()) => Problem::custom(FieldPath::root(), Rule::Conflict, "cannot be planned", "report this").into(),
        }
    }
}

/// The labels on every object of a task.
pub(super) fn labels(own: &Names, workspace: &Names) -> [(QualifiedName, LabelValue); 4] {
    [
        (QualifiedName::constant(well_known::APP), LabelValue::constant(well_known::APP_NAME)),
        (QualifiedName::constant(well_known::TASK_ID), own.label.clone()),
        (QualifiedName::constant(well_known::MANAGED_BY), LabelValue::constant(well_known::APP_NAME)),
        (QualifiedName::constant(well_known::WORKSPACE), workspace.label.clone()),
    ]
}

/// The path of a field of the task.
pub(super) fn root(field: &str) -> FieldPath {
    FieldPath::root().key(field)
}

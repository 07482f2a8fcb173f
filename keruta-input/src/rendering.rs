//! What the commands about tasks share: a task becomes objects and diagnostics.

use keruta_manifest::Task;
use keruta_manifest::lineage::Lineage;
use keruta_manifest::plan::origin::{FieldOrigin, Origin, origin_of};
use keruta_manifest::problem::{FieldPath, Problem, Problems, Segment};
use keruta_manifest::render::{RenderOptions, Rendered, explain, render};
use keruta_manifest::review::{Finding, Severity};

use crate::args::InputArgs;
use crate::diagnostic::Diagnostic;
use crate::failure::Failure;
use crate::place::Place;
use crate::settings::Layered;
use crate::tasks::{Detail, Done, Item, Read, Whence, segments};
use crate::terminal::Talk;

/// Settings and options, the same for all tasks.
pub struct Rendering {
    /// The settings, and who said what.
    pub settings: Layered,
    /// What the objects are made for.
    pub options: RenderOptions,
}

impl Rendering {
    /// Reads the settings and tells what is odd about them.
    ///
    /// # Errors
    ///
    /// Where a settings file cannot be read, or the settings are invalid.
    pub fn new(args: &InputArgs, talk: Talk) -> Result<Self, Failure> {
        let settings = Layered::read(&args.settings)?;
        for warning in &settings.warnings {
            talk.line(Severity::Warning, warning);
        }
        Ok(Self { settings, options: RenderOptions::new(args.kubernetes_version.unwrap_or_default()) })
    }

    /// The objects of a task.
    ///
    /// # Errors
    ///
    /// All problems of the task at once, shown where they were written.
    pub fn render(&self, item: &mut Item<'_>) -> Result<Rendered, Vec<Diagnostic>> {
        self.with(item, |task, lineage| render(task, &self.settings.settings, lineage, &self.options))
    }

    /// The objects of a task, with the origins of their fields.
    ///
    /// # Errors
    ///
    /// As [`Self::render`].
    pub fn explain(&self, item: &mut Item<'_>) -> Result<(Rendered, Vec<FieldOrigin>), Vec<Diagnostic>> {
        self.with(item, |task, lineage| explain(task, &self.settings.settings, lineage, &self.options))
    }

    /// All problems of a task at once: those of reading it, and those of the rest.
    fn with<T>(
        &self,
        item: &mut Item<'_>,
        plan: impl FnOnce(&Task, &Lineage) -> Result<T, Problems>,
    ) -> Result<T, Vec<Diagnostic>> {
        let made = match (item.task(), &item.lineage) {
            (Some(task), Ok(lineage)) => plan(task, lineage).map(Some),
            (Some(task), Err(of_lineage)) => {
                // What else is wrong does not hang on the ancestors.
                let mut problems = of_lineage.as_slice().to_vec();
                problems.extend(plan(task, &Lineage::Root).err().into_iter().flat_map(Problems::into_vec));
                Problems::none_of(problems).map(|()| None)
            }
            (None, _) => Ok(None),
        };
        let id = item.id().map(str::to_owned);
        let problems = match (item.take(), made) {
            (Read::Whole(task), Ok(Some(made))) => {
                item.read = Read::Whole(task);
                return Ok(made);
            }
            (Read::Whole(_), Ok(None)) => Vec::new(),
            (Read::Whole(_), Err(problems)) => problems.into_vec(),
            (Read::Part(partial), Err(later)) => partial.join(later).into_vec(),
            (Read::Part(partial), Ok(_)) => partial.problems.into_vec(),
            (Read::Nothing(problem), _) => vec![problem],
        };
        let mut diagnostics: Vec<Diagnostic> =
            problems.iter().map(|problem| self.diagnostic(problem, item).of_task(id.as_deref())).collect();
        diagnostics.sort_by_key(|diagnostic| diagnostic.place.as_ref().map(|place| (place.line, place.column)));
        Err(diagnostics)
    }

    /// A problem, shown in the task, or in the settings where only those say the field.
    fn diagnostic(&self, problem: &Problem, item: &Item<'_>) -> Diagnostic {
        let path = problem.path.segments();
        let in_settings = |path: &[Segment]| Some(Diagnostic::of_problem(problem, Some(self.settings.place_of(path)?)));
        let elsewhere = match path.split_first() {
            Some((Segment::Key(first), rest)) => match first.strip_prefix("settings ") {
                Some(field) => {
                    let path = [&[Segment::Key(field.to_owned())], rest].concat();
                    let told = in_settings(&path);
                    told.map(|told| Diagnostic { path: FieldPath::from(path).to_string(), ..told })
                }
                None if item.whence.says(&path[..1]) => None,
                None => in_settings(path),
            },
            _ => None,
        };
        elsewhere.unwrap_or_else(|| item.whence.diagnostic(problem))
    }

    /// Adds the findings of a task to what is told, with the places of the input that they come from.
    pub fn tell(&self, item: &mut Item<'_>, findings: &[Finding], detail: Detail, done: &mut Done) {
        let told: Vec<&Finding> = findings
            .iter()
            .filter(|found| found.severity >= detail.least)
            .filter(|found| detail.full || done.summary.is_told(found.id.as_str(), found.severity, item.id()))
            .collect();
        if told.is_empty() {
            return;
        }
        // Where fields come from is asked for only where there is something to tell.
        let origins = self.explain(item).map(|(_, origins)| origins).unwrap_or_default();
        done.diagnostics.extend(told.iter().map(|finding| {
            let origin = origin_of(&origins, &finding.object.kind, &finding.pointer);
            let place = origin.and_then(|origin| self.place(origin, &item.whence));
            Diagnostic::of_finding(finding, place).of_task(item.id())
        }));
    }

    fn place(&self, origin: &Origin, whence: &Whence<'_>) -> Option<Place> {
        match origin {
            Origin::Task { path } => whence.place(&segments(path)),
            Origin::Lineage => whence.place(&segments("parentId")),
            Origin::Setting { path } => self.settings.place(path),
            Origin::SizeClass { name } => self.settings.place(&format!("resources.sizes.{name}")),
            Origin::Patch { .. } => whence.place(&segments("podPatch")).or_else(|| self.settings.place("podPatch")),
            _ => None,
        }
    }
}

//! The first generator's function, in Rust.

use crate::object::Object;
use crate::plan::kotlin::{KotlinInputs, kotlin_plan};
use crate::problem::{Explain, FieldPath, Problem, Problems};
use crate::stream;

/// The YAML of a claim and a Job with a git checkout: what the Kotlin function `generateJobWithPvcYaml` builds, object
/// for object.
///
/// `parent_task_id` makes the Job use the claim of that task and leaves out the claim. `pvc_storage_size` and
/// `pvc_access_mode` are `1Gi` and `ReadWriteOnce` where they are `None`.
///
/// ```
/// use keruta_manifest::generate_job_with_pvc_yaml;
///
/// let url = "https://github.com/example/repo.git";
/// let yaml = generate_job_with_pvc_yaml("task123", url, "nginx:latest", None, None, None)?;
/// assert!(yaml.starts_with("apiVersion: v1\nkind: PersistentVolumeClaim\n"));
/// assert!(generate_job_with_pvc_yaml("Task 123", url, "nginx:latest", None, None, None).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// All arguments that break their rules, each under its name.
pub fn generate_job_with_pvc_yaml(
    task_id: &str,
    repo_url: &str,
    image: &str,
    parent_task_id: Option<&str>,
    pvc_storage_size: Option<&str>,
    pvc_access_mode: Option<&str>,
) -> Result<String, Problems> {
    let mut arguments = Arguments::default();
    let names =
        arguments.parse("task_id", task_id).and_then(|id| arguments.note("task_id", KotlinInputs::names_of(&id)));
    let parent = parent_task_id.map(|parent| {
        let id = arguments.parse("parent_task_id", parent);
        id.and_then(|id| arguments.note("parent_task_id", KotlinInputs::names_of(&id)))
    });
    let repository = arguments.parse("repo_url", repo_url);
    let image = arguments.parse("image", image);
    let size = arguments.parse("pvc_storage_size", pvc_storage_size.unwrap_or("1Gi"));
    let access_mode = arguments.parse("pvc_access_mode", pvc_access_mode.unwrap_or("ReadWriteOnce"));
    Problems::none_of(arguments.problems)?;
    let (Some(names), Some(repository), Some(image), Some(size), Some(access_mode)) =
        (names, repository, image, size, access_mode)
    else {
        return Ok(String::new());
    };
    let inputs =
        KotlinInputs { names, parent: parent.flatten(), repository: &repository, image: &image, size, access_mode };
    let plan = kotlin_plan(inputs, None)?;
    let mut objects: Vec<Object> = plan.claim.map(Object::from).into_iter().collect();
    objects.push(plan.job.into());
    let mut yaml = String::new();
    stream::write_yaml(&mut yaml, &objects).map_err(|error| {
        Problem::custom(FieldPath::root(), crate::problem::Rule::Syntax, error.to_string(), "report this")
    })?;
    Ok(yaml)
}

/// Arguments and what is wrong with them.
#[derive(Default)]
struct Arguments {
    problems: Vec<Problem>,
}

impl Arguments {
    fn parse<T: std::str::FromStr>(&mut self, name: &str, text: &str) -> Option<T>
    where
        T::Err: Explain,
    {
        self.note(name, text.parse())
    }

    fn note<T, E: Explain>(&mut self, name: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.problems.push(Problem::new(FieldPath::root().key(name), &error))).ok()
    }
}

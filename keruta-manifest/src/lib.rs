//! From a task to a stream of Kubernetes manifests: pure, typed, deterministic.
//!
//! A [`Task`] and [`Settings`] become a ConfigMap, a PersistentVolumeClaim and a Job: [`render`](render::render) is the
//! whole way, [`plan`] its middle, [`stream`] its end.
//!
//! ```
//! use keruta_manifest::lineage::Lineage;
//! use keruta_manifest::render::{RenderOptions, render};
//! use keruta_manifest::{Settings, Task, stream};
//!
//! let task = Task::from_json(r#"{"id": "task-1", "image": "python:3.12", "command": ["python", "-V"]}"#)?;
//! let rendered = render(&task, &Settings::default(), &Lineage::of(&task), &RenderOptions::default())?;
//! let mut manifest = String::new();
//! stream::write_yaml(&mut manifest, &rendered.objects)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing here reads a file, a clock, an environment variable or randomness: the same input gives the same bytes.
//!
//! # A tour
//!
//! **All problems of an input come at once**, each with its place, rule and cure:
//!
//! ```
//! # use keruta_manifest::Task;
//! let problems = Task::from_json(r#"{"id": "task-1", "image": "No Such", "prority": 3}"#).unwrap_err();
//! let told: Vec<String> = problems.as_slice().iter().map(ToString::to_string).collect();
//! assert!(told[0].starts_with("image: ") && told[0].contains("[image-reference] help: "));
//! assert_eq!(told[1], "prority: there is no field \"prority\" here [unknown-field] help: did you mean \"priority\"?");
//! ```
//!
//! **Settings** fill in what a task leaves open, and a **lineage** says whose workspace it shares: a child mounts the claim
//! of its first ancestor and makes none.
//!
//! ```
//! # use keruta_manifest::lineage::Lineage;
//! # use keruta_manifest::render::{RenderOptions, render};
//! # use keruta_manifest::{Settings, Task};
//! let settings = Settings::from_json(r#"{"defaultImage": "python:3.12", "defaultNamespace": "team-a"}"#)?;
//! let child = Task::from_json(r#"{"id": "task-2", "parentId": "task-1", "script": "make test"}"#)?;
//! let lineage = Lineage::Child { root: "task-1".parse()? };
//! let rendered = render(&child, &settings, &lineage, &RenderOptions::default())?;
//! let kinds: Vec<&str> = rendered.objects.iter().map(|object| object.kind()).collect();
//! assert_eq!(kinds, ["Job"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Findings** say what a cluster would refuse or a reviewer would ask about, before a cluster sees it:
//!
//! ```
//! # use keruta_manifest::lineage::Lineage;
//! # use keruta_manifest::render::{RenderOptions, render};
//! # use keruta_manifest::{Settings, Task};
//! use keruta_manifest::review::{FindingId, Severity};
//!
//! let task = Task::from_json(r#"{"id": "task-1", "image": "python", "command": ["python", "-V"]}"#)?;
//! let rendered = render(&task, &Settings::default(), &Lineage::Root, &RenderOptions::default())?;
//! let finding = &rendered.findings[0];
//! assert_eq!((finding.id, finding.severity), (FindingId::ImageTagMissing, Severity::Warning));
//! assert_eq!(finding.pointer, "/spec/template/spec/containers/0/image");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Without a task**, [`plan::JobPlan`] and [`plan::PvcPlan`] build the objects from values that were parsed before, so that
//! an illegal plan cannot be built:
//!
//! ```
//! use keruta_manifest::plan::{ContainerPlan, JobPlan, PvcPlan, VolumePlan};
//! use keruta_manifest::stream;
//! use keruta_manifest::value::AccessMode;
//!
//! let claim = PvcPlan::new("data-1".parse()?, "5Gi".parse()?, AccessMode::ReadWriteOnce).into_claim();
//! let data = VolumePlan::claim(&"data".parse()?, &"data-1".parse()?);
//! let main = ContainerPlan::new("main".parse()?, "python:3.12".parse()?)
//!     .script(&"python -m report > /data/report.html".parse()?)
//!     .mount(&data, &"/data".parse()?);
//! let job = JobPlan::builder("report-1".parse()?, main).backoff_limit(2).build()?.into_job();
//! let mut manifest = String::new();
//! stream::write_yaml(&mut manifest, &[claim.into(), job.into()])?;
//! assert!(manifest.contains("claimName: data-1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **The version of Kubernetes** is the binary's choice: depend on `k8s-openapi` with one of its features `v1_33` to `v1_37`
//! beside this crate. [`RenderOptions`](render::RenderOptions) says for which cluster the objects are made.
//!
//! # The rooms
//!
//! | room | what it holds |
//! |---|---|
//! | [`task`], [`settings`], [`lineage`] | the inputs |
//! | [`read`] | JSON into the inputs, all problems at once |
//! | [`plan`] | what to create: [`plan::JobPlan`], [`plan::PvcPlan`], usable without a task |
//! | [`patch`] | changes to the Pod template |
//! | [`review`] | findings on finished objects |
//! | [`render`](mod@render), [`stream`], [`yaml`] | the whole way, and its bytes |
//! | [`install`] | what a cluster needs to run keruta |
//! | [`well_known`] | the labels and annotations of its objects |
//! | [`value`], [`problem`] | values parsed once; what is wrong with an input |

#[macro_use]
pub mod value;

pub mod install;
pub mod lineage;
pub mod object;
pub mod patch;
pub mod plan;
mod preset;
pub mod problem;
pub mod read;
pub mod render;
pub mod review;
pub mod schema;
mod script;
pub mod settings;
pub mod stream;
pub mod task;
pub mod well_known;
pub mod yaml;

pub use preset::generate_job_with_pvc_yaml;
pub use settings::Settings;
pub use task::Task;

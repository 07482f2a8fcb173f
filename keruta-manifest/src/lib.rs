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

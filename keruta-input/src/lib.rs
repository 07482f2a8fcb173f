//! Files, environment and flags into tasks and settings, with diagnostics that point into the source.
//!
//! The programs of keruta share this, so that they read the same things in the same way: layers of settings, a task, an
//! array or a stream of any length, the parents of tasks. What a manifest holds is decided in [`keruta_manifest`].
//!
//! | room | what it holds |
//! |---|---|
//! | [`rendering`] | a task of the input becomes objects, or diagnostics |
//! | [`tasks`] | the tasks of a file or of flags, in bounded memory |
//! | [`settings`] | the layers of settings |
//! | [`args`] | the flags that say where these are |
//! | [`terminal`] | standard output for results, standard error for talk |
//! | [`failure`], [`exit`], [`bug`] | how a program ends |
//! | [`diagnostic`], [`place`], [`locate`] | what is wrong, and where that was written |
//! | [`pages`], [`files`] | completions, manual pages, and whole files |

pub mod args;
pub mod bug;
pub mod diagnostic;
pub mod exit;
pub mod failure;
pub mod files;
mod known;
pub mod locate;
pub mod pages;
pub mod place;
pub mod rendering;
pub mod settings;
pub mod tasks;
pub mod terminal;

//! The HTTP API: routes, and what they share.
//!
//! | room | what it holds |
//! |---|---|
//! | [`error`] | refusals and failures as problem documents |
//! | [`extract`] | bodies and parameters, with refusals that say what is wrong |
//! | [`etag`](mod@etag), [`page`](mod@page) | versions, and lists a page at a time |
//! | [`actor`] | who asks |
//! | [`tasks`] | tasks: made, read, changed, ended, tried again |
//! | [`health`] | probes and numbers |
//! | [`logs`] | logs: read, searched, followed, sent by agents |
//! | [`layers`] | what stands around every route |

pub mod actor;
pub mod error;
pub mod etag;
pub mod extract;
pub mod health;
pub mod layers;
pub mod logs;
pub mod page;
pub mod request_id;
pub mod tasks;

pub use error::ApiError;
pub use etag::{IfMatch, Versioned, etag};
pub use page::{Cursor, Limit, page};

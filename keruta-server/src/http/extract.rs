//! What handlers take from requests, with refusals that say what is wrong and how to mend it.

mod bytes;
mod json;
mod limit;
mod parameters;
mod text;

pub use bytes::Bytes;
pub(crate) use json::read_json;
pub use json::{Json, JsonText};
pub use limit::{BodyLimit, DEFAULT_BODY_LIMIT, body_limit};
pub use parameters::{Path, Query};
pub use text::Text;

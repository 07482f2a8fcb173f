//! The HTTP API: routes, and what they share.
//!
//! | room | what it holds |
//! |---|---|
//! | [`error`] | refusals and failures as problem documents |
//! | [`extract`] | bodies and parameters, with refusals that say what is wrong |
//! | [`etag`](mod@etag), [`page`](mod@page) | versions, and lists a page at a time |
//! | [`guard`](mod@guard), [`actor`] | who asks, and whether they may |
//! | [`tasks`] | tasks: made, read, changed, ended, tried again |
//! | [`settings`], [`repositories`], [`documents`] | what tasks refer to and stand on |
//! | [`sessions`], [`tokens`], [`users`], [`audit`] | access, and who did what |
//! | [`health`] | probes and numbers |
//! | [`layers`] | what stands around every route |

pub mod actor;
pub mod audit;
pub mod documents;
pub mod error;
pub mod etag;
pub mod extract;
pub mod guard;
pub mod health;
pub mod layers;
pub mod page;
pub mod repositories;
pub mod request_id;
pub mod sessions;
pub mod settings;
pub mod tasks;
pub mod tokens;
pub mod users;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

pub use error::ApiError;
pub use etag::{IfMatch, Versioned, etag};
pub use page::{Cursor, Limit, page};

/// The type of scripts.
static PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The answer to what was made: where it is, and what it is.
fn created(location: &str, body: impl IntoResponse) -> Response {
    let mut response = (StatusCode::CREATED, body).into_response();
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

//! `/api/v1/notifications`: channels, rules, and the outbox.

mod channels;
mod outbox;
mod rules;

use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::ApiError;
use super::extract::body_limit;
use crate::store::Store;
use keruta_api::FieldProblem;

/// A channel with a certificate, or a rule with full lists, needs no more.
const LIMIT: usize = 256 * 1024;

/// The routes, with their part of the OpenAPI document.
pub fn routes(store: Store) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(channels::list, channels::create).layer(body_limit(LIMIT)))
        .routes(routes!(channels::read, channels::change, channels::delete).layer(body_limit(LIMIT)))
        .routes(routes!(channels::test))
        .routes(routes!(rules::list, rules::create).layer(body_limit(LIMIT)))
        .routes(routes!(rules::read, rules::change, rules::delete).layer(body_limit(LIMIT)))
        .routes(routes!(outbox::list))
        .routes(routes!(outbox::read))
        .routes(routes!(outbox::retry))
        .with_state(store)
}

/// What is wrong with a channel or a rule.
fn invalid(what: &'static str) -> impl Fn(Vec<FieldProblem>) -> ApiError {
    move |errors| ApiError::Invalid { what, errors }
}

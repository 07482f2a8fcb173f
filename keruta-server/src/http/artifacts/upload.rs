//! Handing one in.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use keruta_api::{Artifact, Problem};
use sha2::{Digest as _, Sha256};

use super::{ArtifactPath, ArtifactsState};
use crate::http::ApiError;
use crate::http::extract::Path;
use crate::operation::ArtifactSettings;
use crate::store::{Author, StoreError, Upload};

/// How large the pieces are that are kept.
const PIECE: usize = 1 << 20;
/// How long a client may be silent.
const SILENCE: Duration = Duration::from_mins(1);
/// The type of what comes without one.
const BYTES: &str = "application/octet-stream";
/// How long a type may be.
const TYPE_MAX: usize = 200;

/// Hands in an artifact, or puts another in its place. Until the whole of it has come, what was there stays.
///
/// How large one may be, and how many a task may have, is set in the server's settings (`artifacts`).
#[utoipa::path(
    put, path = "/api/v1/tasks/{id}/artifacts/{*path}", tag = "artifacts",
    params(("id" = String, Path), ("path" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, body = Artifact, description = "It is in the place of another"), (status = 201, body = Artifact),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 413, body = Problem),
    )
)]
pub(super) async fn upload(
    State(state): State<ArtifactsState>,
    Path((id, path)): Path<(String, String)>,
    headers: HeaderMap,
    author: Author,
    body: Body,
) -> Result<Response, ApiError> {
    let path: ArtifactPath = path.parse()?;
    let limits = state.operation.borrow().artifacts.clone();
    let content_type = content_type(&headers)?;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limits.max_bytes) {
        return Err(StoreError::TooLarge { kind: "artifact", most: limits.max_bytes }.into());
    }
    let store = &state.store;
    let mut upload =
        store.begin_artifact(&id, path.as_str(), &content_type, &limits, &author, Timestamp::now()).await?;
    match receive(&state, &mut upload, &limits, body).await {
        Ok(digest) => {
            let (artifact, is_new) = store.finish_artifact(&upload, &digest, Timestamp::now()).await?;
            let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
            Ok((status, [(header::ETAG, tag(&artifact))], Json(artifact)).into_response())
        }
        Err(error) => {
            // If this fails too, a job finds it an hour later.
            if let Err(error) = store.abandon_artifact(&upload, Timestamp::now()).await {
                tracing::debug!(%error, "an upload that failed could not be given up");
            }
            Err(error)
        }
    }
}

/// Keeps the body piece by piece, and gives back its digest.
async fn receive(
    state: &ArtifactsState,
    upload: &mut Upload,
    limits: &ArtifactSettings,
    body: Body,
) -> Result<String, ApiError> {
    let mut frames = body.into_data_stream();
    let (mut digest, mut piece) = (Sha256::new(), Vec::with_capacity(PIECE));
    loop {
        let frame = tokio::time::timeout(SILENCE, frames.next()).await;
        let Ok(frame) = frame else {
            let detail = format!("nothing came for {} s", SILENCE.as_secs());
            return Err(ApiError::Malformed { detail });
        };
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|_| ApiError::Malformed { detail: "the body ended before its time".to_owned() })?;
        digest.update(&frame);
        let mut rest = frame.as_ref();
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(rest.len().min(PIECE - piece.len()));
            piece.extend_from_slice(head);
            rest = tail;
            if piece.len() == PIECE {
                state.store.append_artifact(upload, &piece, limits, Timestamp::now()).await?;
                piece.clear();
            }
        }
    }
    if !piece.is_empty() {
        state.store.append_artifact(upload, &piece, limits, Timestamp::now()).await?;
    }
    Ok(base16ct::lower::encode_string(&digest.finalize()))
}

/// The type, as it will be sent back.
fn content_type(headers: &HeaderMap) -> Result<String, ApiError> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(BYTES.to_owned()) };
    let given = given.to_str().ok().map(str::trim).filter(|text| !text.is_empty() && text.len() <= TYPE_MAX);
    let essence = given.and_then(|text| text.split(';').next()).map(str::trim);
    let is_type = essence.is_some_and(|text| {
        let word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
        };
        text.split_once('/').is_some_and(|(kind, subtype)| word(kind) && word(subtype))
    });
    match given {
        Some(given) if is_type => Ok(given.to_owned()),
        _ => Err(ApiError::parameter("Content-Type", "is no media type: write for example application/pdf")),
    }
}

/// The tag of an artifact's content.
pub(super) fn tag(artifact: &Artifact) -> HeaderValue {
    // Hexadecimal digits and quotes are always a header's value.
    HeaderValue::try_from(format!("\"{}\"", artifact.sha256)).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

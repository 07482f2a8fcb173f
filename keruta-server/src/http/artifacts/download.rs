//! Fetching one.

use std::fmt::Write as _;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, stream};
use http::{HeaderValue, header};
use keruta_api::Problem;

use super::upload::tag;
use super::{ArtifactPath, ArtifactsState};
use crate::http::ApiError;
use crate::http::extract::Path;
use crate::store::{Store, StoreError};

/// What a file may do in a browser, whatever it says that it is: nothing, and to nothing of ours.
const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

/// The artifact itself, as a download.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/artifacts/{*path}", tag = "artifacts",
    params(("id" = String, Path), ("path" = String, Path)),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 404, body = Problem),
    )
)]
pub(super) async fn download(
    State(state): State<ArtifactsState>,
    Path((id, path)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let path: ArtifactPath = path.parse()?;
    let stored = state.store.artifact(&id, path.as_str()).await?;
    let artifact = &stored.artifact;
    let bytes = HeaderValue::from_static("application/octet-stream");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::try_from(&artifact.content_type).unwrap_or(bytes)),
        (header::CONTENT_LENGTH, HeaderValue::from(artifact.size)),
        (header::ETAG, tag(artifact)),
        (header::CONTENT_DISPOSITION, disposition(path.name())),
        (header::CONTENT_SECURITY_POLICY, SANDBOX.clone()),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    let body = Body::from_stream(pieces(state.store.clone(), stored.id, artifact.size));
    Ok((headers, body).into_response())
}

/// The content piece by piece, each read when the one before has been sent.
fn pieces(store: Store, id: i64, size: u64) -> impl Stream<Item = Result<Bytes, StoreError>> {
    stream::try_unfold((store, 0_u64), move |(store, position)| async move {
        if position >= size {
            return Ok(None);
        }
        let piece = store.artifact_chunk(id, position).await?;
        // Another was put in its place, and this one is gone: the client sees that it was broken off.
        let gone = || StoreError::NotFound { kind: "piece of an artifact", id: position.to_string() };
        let piece = piece.filter(|piece| !piece.is_empty()).ok_or_else(gone)?;
        let next = position + piece.len() as u64;
        Ok(Some((Bytes::from(piece), (store, next))))
    })
}

/// As a download under its own name ([RFC 6266](https://www.rfc-editor.org/rfc/rfc6266)): one that old clients can read, and the true
/// one.
fn disposition(name: &str) -> HeaderValue {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_. ()+,=@".contains(c) { c } else { '_' }).collect();
    let mut whole = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~".contains(&byte) {
            whole.push(char::from(byte));
        } else {
            let _ = write!(whole, "%{byte:02X}");
        }
    }
    HeaderValue::try_from(format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}"))
        .unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_a_name() {
        let shown = |name| disposition(name).to_str().unwrap().to_owned();
        assert_eq!(shown("a.txt"), "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt");
        assert_eq!(
            shown("x\"; filename=evil.exe"),
            "attachment; filename=\"x__ filename=evil.exe\"; filename*=UTF-8''x%22%3B%20filename%3Devil.exe"
        );
        assert_eq!(shown("日.pdf"), "attachment; filename=\"_.pdf\"; filename*=UTF-8''%E6%97%A5.pdf");
    }
}

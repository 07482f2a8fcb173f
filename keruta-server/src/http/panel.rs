//! The admin panel: files that are compiled in, and nothing else.
//!
//! What the build made (`panel/dist`) is served from memory, compressed already. Files whose name holds a hash of what is in them
//! may be kept for ever. Every other path that is not the API's gets the one page, whose script reads the path: so each screen
//! has a URL. All of it is the same for everybody, and tells nothing.

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use sha2::{Digest as _, Sha256};

use super::ApiError;

/// What the page may do: run its own script and style, and ask its own server. No text becomes HTML or a script.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// The page of every path.
const PAGE: &str = "index.html";
/// Where the files stand.
const FILES: &str = "/assets/";

struct Asset {
    name: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/panel.rs"));

/// Answers every path that no route has.
pub fn routes() -> Router {
    Router::new().fallback(async |request: Request| answer(request.method(), request.uri().path(), request.headers()))
}

fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Response {
    let name = match path.strip_prefix(FILES) {
        Some(name) => name,
        None if path == "/favicon.ico" || is_of_the_api(path) => return ApiError::NoRoute.into_response(),
        None => PAGE,
    };
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return ApiError::NoRoute.into_response();
    };
    if !matches!(*method, Method::GET | Method::HEAD) {
        return ApiError::MethodNotAllowed { allow: "GET,HEAD".to_owned() }.into_response();
    }
    asset.answer(headers)
}

/// Paths of programs, whose mistakes are to be told as such.
fn is_of_the_api(path: &str) -> bool {
    ["/api", "/healthz", "/readyz", "/metrics"]
        .iter()
        .any(|own| path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

impl Asset {
    fn answer(&self, headers: &HeaderMap) -> Response {
        let tag = self.tag();
        let (encoding, bytes) = self.form(headers);
        let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let known = known.flat_map(|value| value.split(',')).any(|value| {
            let value = value.trim();
            value == "*" || value.strip_prefix("W/").unwrap_or(value) == tag
        });
        let mut response = Response::new(if known { Bytes::new() } else { Bytes::from_static(bytes) }.into());
        let out = response.headers_mut();
        if let Ok(tag) = HeaderValue::try_from(tag) {
            out.insert(header::ETAG, tag);
        }
        out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        out.insert(header::CACHE_CONTROL, if self.is_named_by_hash() { FOR_EVER } else { ASK_AGAIN });
        out.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        out.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind()));
        if let Some(encoding) = encoding {
            out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    }

    /// The smallest form that the client takes.
    fn form(&self, headers: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
        let forms = [("br", self.brotli), ("gzip", self.gzip)];
        let taken = forms.into_iter().find_map(|(name, bytes)| Some((name, bytes?)).filter(|_| takes(headers, name)));
        taken.map_or((None, self.plain), |(name, bytes)| (Some(name), bytes))
    }

    fn tag(&self) -> String {
        let digest = Sha256::digest(self.plain);
        format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest.get(..12).unwrap_or_default()))
    }

    /// `app-K3V5NQ2X.js`: the build puts eight letters of the content's hash before the extension.
    fn is_named_by_hash(&self) -> bool {
        let stem = self.name.rsplit_once('.').map_or("", |(stem, _)| stem);
        stem.rsplit_once('-').is_some_and(|(_, hash)| {
            hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        })
    }

    fn kind(&self) -> &'static str {
        match self.name.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "json" => "application/json",
            _ => "application/octet-stream",
        }
    }
}

/// Whether a client takes an encoding: named, and not with a weight of zero.
fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|weight| weight.parse::<f32>().ok());
        named && weight.is_none_or(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use std::io::Read as _;

    use super::*;

    fn get(path: &str, headers: &[(header::HeaderName, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        answer(&Method::GET, path, &headers)
    }

    async fn body(response: Response) -> Vec<u8> {
        response.into_body().collect().await.unwrap().to_bytes().to_vec()
    }

    #[tokio::test]
    async fn every_path_of_the_panel_is_its_page() {
        for path in ["/", "/tasks", "/tasks/a/logs", "/apis", "/metricsx"] {
            let response = get(path, &[]);
            assert_eq!(response.status(), 200, "{path}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
            assert_eq!(response.headers()[header::CONTENT_SECURITY_POLICY], POLICY);
            assert!(String::from_utf8(body(response).await).unwrap().starts_with("<!doctype html>"));
        }
        for path in ["/api", "/api/v1/nothing", "/healthz/x", "/assets/", "/assets/../index.html", "/favicon.ico"] {
            assert_eq!(get(path, &[]).status(), 404, "{path}");
        }
        assert_eq!(answer(&Method::POST, "/tasks", &HeaderMap::new()).status(), 405);
    }

    #[tokio::test]
    async fn the_page_names_files_that_are_there_and_may_be_kept() {
        let page = String::from_utf8(body(get("/", &[])).await).unwrap();
        let files: Vec<&str> = page.split('"').filter(|part| part.starts_with(FILES)).collect();
        assert!(files.len() >= 3, "{page}");
        for file in files {
            let response = get(file, &[]);
            assert_eq!(response.status(), 200, "{file}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], FOR_EVER, "{file}");
        }
        assert!(!page.contains("style=") && !page.contains("<style") && !page.contains("<script>"), "{page}");
    }

    #[tokio::test]
    async fn each_form_is_the_same_file() {
        let mut compressed = 0;
        for asset in ASSETS {
            let path = if asset.name == PAGE { "/".to_owned() } else { format!("{FILES}{}", asset.name) };
            let plain = body(get(&path, &[])).await;
            assert_eq!(plain, asset.plain);
            let tag = get(&path, &[]).headers()[header::ETAG].to_str().unwrap().to_owned();
            let known = get(&path, &[(header::IF_NONE_MATCH, &format!("\"x\", W/{tag}"))]);
            assert_eq!(known.status(), 304);
            assert!(body(known).await.is_empty());
            let gzip = get(&path, &[(header::ACCEPT_ENCODING, "br;q=0, gzip")]);
            if gzip.headers().contains_key(header::CONTENT_ENCODING) {
                compressed += 1;
                let mut unpacked = Vec::new();
                flate2::read::GzDecoder::new(&body(gzip).await[..]).read_to_end(&mut unpacked).unwrap();
                assert_eq!(unpacked, plain, "{path}");
            }
            if asset.brotli.is_some() {
                let brotli = get(&path, &[(header::ACCEPT_ENCODING, "gzip, br")]);
                assert_eq!(brotli.headers()[header::CONTENT_ENCODING], "br");
                assert!(body(brotli).await.len() < plain.len());
            }
        }
        assert!(compressed >= 2, "{compressed}");
    }

    /// What a browser loads before it shows anything, as the least able one gets it.
    #[test]
    fn the_first_load_is_small() {
        let page = ASSETS.iter().find(|asset| asset.name == PAGE).unwrap();
        let page = std::str::from_utf8(page.plain).unwrap();
        let first = ASSETS.iter().filter(|asset| asset.name == PAGE || page.contains(asset.name));
        let bytes: usize = first.map(|asset| asset.gzip.unwrap_or(asset.plain).len()).sum();
        assert!((10_000..100_000).contains(&bytes), "{bytes}");
    }
}

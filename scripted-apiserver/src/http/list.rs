//! List.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Response;
use serde::Serialize;
use serde::ser::Serializer;
use serde_json::{Value, json};

use super::{Asked, Body, body};
use crate::cluster::Cluster;
use crate::fault::Effect;
use crate::object::Object;
use crate::resource::Resource;
use crate::selector::Selector;
use crate::status::{ApiError, Result};
use crate::store::Store;

/// An object in a list, where Kubernetes writes neither kind nor version.
struct Item<'a>(&'a Value);

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let members = self.0.as_object().into_iter().flatten();
        serializer.collect_map(members.filter(|(key, _)| *key != "apiVersion" && *key != "kind"))
    }
}

#[derive(Serialize)]
struct List<'a> {
    kind: String,
    #[serde(rename = "apiVersion")]
    api_version: String,
    metadata: Value,
    items: Vec<Item<'a>>,
}

/// Where a paged list goes on.
struct Continue {
    rv: u64,
    after: String,
}

impl Continue {
    fn parse(token: &str) -> Result<Self> {
        let bad = |why: String| ApiError::bad_request(format!("invalid continue token: {why}"));
        let bytes = URL_SAFE_NO_PAD
            .decode(token.trim_end_matches('='))
            .map_err(|_| bad("continue key is not valid: illegal base64 data at input byte 0".to_owned()))?;
        let value: Value =
            serde_json::from_slice(&bytes).map_err(|error| bad(format!("continue key is not valid: {error}")))?;
        match (value["rv"].as_u64(), value["start"].as_str()) {
            (Some(rv), Some(after)) => Ok(Self { rv, after: after.trim_end_matches('\0').to_owned() }),
            _ => Err(bad("incorrect encoded start resourceVersion".to_owned())),
        }
    }

    fn token(rv: u64, (namespace, name): (&str, &str)) -> String {
        let start = format!("{namespace}/{name}\0");
        URL_SAFE_NO_PAD.encode(json!({"v": "meta.k8s.io/v1", "rv": rv, "start": start}).to_string())
    }
}

fn place(object: &Object) -> (&str, &str) {
    (object.namespace(), object.name())
}

/// Parses a resourceVersion; "0" and nothing mean any.
pub(super) fn version(text: &str) -> Result<Option<u64>> {
    match text {
        "" | "0" => Ok(None),
        text => text.parse().map(Some).map_err(|_| {
            ApiError::bad_request(format!(
                "Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
            ))
        }),
    }
}

fn expired_page(rv: u64, store: &Store) -> ApiError {
    if rv > store.rv() {
        return ApiError::rv_too_large(rv, store.rv());
    }
    ApiError::new(
        410,
        "Expired",
        "The provided continue parameter is too old to display a consistent list result. You can start a new list \
         without the continue parameter, or use the continue token in this response to retrieve the remainder of the \
         results. Continuing with the provided token results in an inconsistent list - objects that were created, \
         modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    )
}

pub(super) fn list(cluster: &Arc<Cluster>, asked: &Asked, resource: Resource) -> Result<Response<Body>> {
    let query = &asked.query;
    let selector = Selector::parse(resource, query.text("labelSelector"), query.text("fieldSelector"))?;
    let namespace = Some(asked.route.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let wanted = version(query.text("resourceVersion"))?;
    let exact = query.text("resourceVersionMatch") == "Exact";
    let from = query.get("continue").map(Continue::parse).transpose()?;
    // The watch cache, which answers for "0", knows no pages.
    let any = query.text("resourceVersion") == "0" && from.is_none();
    let limit = query.number::<usize>("limit").filter(|limit| *limit > 0 && !any);
    let stale = asked.faults.iter().find_map(|fault| match fault.fault.effect {
        Effect::StaleList(versions) => Some((fault, versions)),
        _ => None,
    });
    let (rv, objects) = cluster.read(|store| {
        let now = store.rv();
        if let Some((fault, versions)) = stale
            && let Some(objects) = store.all_behind(resource, namespace, now.saturating_sub(versions).max(1))
        {
            fault.fire();
            return Ok((now.saturating_sub(versions).max(1), objects));
        }
        if let Some(from) = &from {
            let objects = store.all_at(resource, namespace, from.rv).filter(|_| from.rv <= now);
            return objects.map(|objects| (from.rv, objects)).ok_or_else(|| expired_page(from.rv, store));
        }
        match wanted {
            Some(wanted) if wanted > now => Err(ApiError::rv_too_large(wanted, now)),
            Some(wanted) if exact => {
                let objects = store.all_at(resource, namespace, wanted);
                let gone = || {
                    ApiError::new(
                        410,
                        "Expired",
                        format!("The resourceVersion for the provided list is too old: {wanted}"),
                    )
                };
                objects.map(|objects| (wanted, objects)).ok_or_else(gone)
            }
            _ => Ok((now, store.all(resource, namespace))),
        }
    })?;
    let after = from.map(|from| from.after);
    let mut matching: Vec<&Arc<Object>> = objects
        .iter()
        .filter(|object| {
            after.as_ref().is_none_or(|after| place(object) > after.split_once('/').unwrap_or(("", after)))
        })
        .filter(|object| selector.matches(&object.value))
        .collect();
    let mut metadata = json!({"resourceVersion": rv.to_string()});
    if let Some(limit) = limit
        && matching.len() > limit
    {
        metadata["remainingItemCount"] = json!(matching.len() - limit);
        matching.truncate(limit);
        let last = matching.last().map(|object| place(object)).unwrap_or_default();
        metadata["continue"] = json!(Continue::token(rv, last));
    }
    let list = List {
        kind: format!("{}List", resource.kind()),
        api_version: resource.api_version(),
        metadata,
        items: matching.iter().map(|object| Item(&object.value)).collect(),
    };
    let bytes = serde_json::to_vec(&list).map_err(|error| ApiError::new(500, "InternalError", error.to_string()))?;
    Ok(body::json(200, Bytes::from(bytes)))
}

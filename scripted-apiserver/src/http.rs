//! HTTP in front of the API: paths to verbs, errors to `Status` bodies.

mod body;
mod discovery;
mod list;
mod log;
mod query;
mod route;
mod watch;
mod write;

use std::sync::Arc;

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;

pub(crate) use body::{Body, Cut};

use crate::access::Wish;
use crate::cluster::{Cluster, locked};
use crate::fault::{Armed, Effect};
use crate::status::{ApiError, Result};
use query::Query;
use route::Route;

/// `MaxRequestBodyBytes` of the API server.
const MAX_BODY: usize = 3 << 20;

/// One request, with what its handlers need.
pub(crate) struct Asked {
    pub(crate) route: Route,
    pub(crate) query: Query,
    pub(crate) body: bytes::Bytes,
    pub(crate) content_type: String,
    /// The client's name, as `managedFields` tell it.
    pub(crate) manager: String,
    pub(crate) faults: Vec<Arc<Armed>>,
}

/// Answers one request. `Err` closes the connection without an answer.
pub(crate) async fn handle(
    cluster: Arc<Cluster>,
    request: Request<Incoming>,
) -> std::result::Result<Response<Body>, Cut> {
    let (head, incoming) = request.into_parts();
    let header = |name: http::HeaderName| {
        head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let content_type = header(http::header::CONTENT_TYPE);
    let agent = header(http::header::USER_AGENT);
    let manager = agent.split(['/', ' ']).next().filter(|name| !name.is_empty()).unwrap_or("unknown").to_owned();
    let query = Query::parse(head.uri.query().unwrap_or_default());
    let route = Route::parse(&head.method, head.uri.path(), &query);
    let Ok(body) = incoming.collect().await else { return Err(Cut) };
    let body = body.to_bytes();
    let name = write::name_of(&route, &body);
    locked(&cluster.requests).push(crate::request::Request {
        verb: route.verb.clone(),
        resource: route.resource_text(),
        namespace: route.namespace.clone(),
        name: name.clone(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        at: jiff::Timestamp::now(),
    });
    let faults = cluster.faults.meeting(&route.verb, &route.resource_text(), &name);
    let asked = Asked { route, query, body, content_type, manager, faults };
    if let Some(answer) = faulty(&asked, false).await {
        return answer;
    }
    let answer = dispatch(&cluster, &asked).unwrap_or_else(|error| body::status(&error));
    match faulty(&asked, true).await {
        Some(instead) => instead,
        None => Ok(answer),
    }
}

/// The answer of a fault before or after the effect, where there is one.
async fn faulty(asked: &Asked, after: bool) -> Option<std::result::Result<Response<Body>, Cut>> {
    for fault in asked.faults.iter().filter(|fault| fault.after() == after) {
        match &fault.fault.effect {
            Effect::Delay(time) => {
                fault.fire();
                tokio::time::sleep(*time).await;
            }
            Effect::Drop => {
                fault.fire();
                return Some(Err(Cut));
            }
            Effect::Answer { code, retry_after } => {
                fault.fire();
                return Some(Ok(body::status(&ApiError::of_code(*code, *retry_after))));
            }
            // The others change the answer itself.
            _ => {}
        }
    }
    None
}

fn dispatch(cluster: &Arc<Cluster>, asked: &Asked) -> Result<Response<Body>> {
    if asked.body.len() > MAX_BODY {
        let message = format!("Request entity too large: limit is {MAX_BODY}");
        return Err(ApiError::new(413, "RequestEntityTooLarge", message));
    }
    let route = &asked.route;
    let Some(resource) = route.resource else { return discovery::answer(cluster, asked) };
    let resource_text = route.resource_text();
    let wish = Wish {
        verb: &route.verb,
        group: resource.group(),
        resource: &resource_text,
        namespace: &route.namespace,
        name: &route.name,
    };
    if !locked(&cluster.access).allows(&wish) {
        let place = if route.namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace \"{}\"", route.namespace)
        };
        let why = format!(
            "User \"{}\" cannot {} resource \"{resource_text}\" in API group \"{}\" {place}",
            cluster.settings.user,
            route.verb,
            resource.group()
        );
        return Err(ApiError::forbidden(resource, &route.name, &why));
    }
    match (route.verb.as_str(), route.subresource.as_str()) {
        ("list", "") => list::list(cluster, asked, resource),
        ("watch", "") => watch::watch(cluster, asked, resource),
        ("get", "" | "status") => {
            let key = route.key(resource);
            let found = cluster.read(|store| store.get(&key).cloned());
            let found = found.ok_or_else(|| ApiError::not_found(resource, &key.name))?;
            Ok(body::json(200, found.json()))
        }
        ("get", "log") => log::log(cluster, asked),
        ("create", "") => write::create(cluster, asked, resource),
        ("create", "eviction") => write::evict(cluster, asked, resource),
        ("update", "" | "status") => write::update(cluster, asked, resource),
        ("patch", "" | "status") => write::patch(cluster, asked, resource),
        ("delete", "") => write::delete(cluster, asked, resource),
        ("deletecollection", "") => write::delete_collection(cluster, asked, resource),
        ("create" | "update" | "patch" | "delete" | "deletecollection", _) => Err(ApiError::method_not_allowed()),
        _ => Err(ApiError::no_such_path()),
    }
}

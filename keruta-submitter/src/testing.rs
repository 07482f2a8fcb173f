//! A tiny API server of one process for the tests of this crate's rims: objects by path, and faults by request.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Request, Response};
use http_body_util::BodyExt;
use jiff::Timestamp;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use crate::attempt::Attempt;
use crate::cluster::{Backoff, Cluster};
use crate::journal::{Ledger, LedgerError, MemoryLedger, Submission};

/// What goes wrong with a request.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) method: Method,
    /// A part of the path.
    pub(crate) path: &'static str,
    /// Whether the request takes effect all the same.
    pub(crate) after: bool,
    /// The answer; `None` for none at all.
    pub(crate) answer: Option<(u16, &'static str, &'static str)>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) objects: BTreeMap<String, Value>,
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) log: Vec<String>,
    version: u64,
}

#[derive(Clone, Default)]
pub(crate) struct Server(pub(crate) Arc<Mutex<State>>);

/// Little patience, for tests with a paused clock and without.
pub(crate) fn impatient() -> Backoff {
    let ms = Duration::from_millis;
    Backoff { first: ms(1), longest: ms(4), total: ms(400) }
}

impl Server {
    pub(crate) fn cluster(&self) -> Cluster {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { server.answer(request).await }
        });
        Cluster::new(Client::new(service, "tasks"), "tasks", "https://test")
            .with_call_timeout(Duration::from_millis(40))
    }

    pub(crate) fn fail(&self, fault: Fault) {
        self.0.lock().unwrap().faults.push_back(fault);
    }

    pub(crate) fn put(&self, path: &str, mut object: Value) {
        let mut state = self.0.lock().unwrap();
        let version = state.next();
        let metadata = object["metadata"].as_object_mut().unwrap();
        metadata.entry("uid").or_insert_with(|| json!(format!("uid-{version}")));
        metadata.insert("resourceVersion".into(), json!(version.to_string()));
        state.objects.insert(path.to_owned(), object);
    }

    pub(crate) fn remove(&self, path: &str) -> Option<Value> {
        self.0.lock().unwrap().objects.remove(path)
    }

    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.0.lock().unwrap().objects.get(path).cloned()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.0.lock().unwrap().objects.keys().cloned().collect()
    }

    /// The writes so far: `POST /api/v1/…`.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.0.lock().unwrap().log.iter().filter(|line| !line.starts_with("GET")).cloned().collect()
    }

    pub(crate) fn faults_left(&self) -> usize {
        self.0.lock().unwrap().faults.len()
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, std::io::Error> {
        let (parts, body) = request.into_parts();
        let bytes = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let path = parts.uri.path().to_owned();
        let fault = {
            let mut state = self.0.lock().unwrap();
            state.log.push(format!("{} {path}", parts.method));
            let hits = |fault: &Fault| fault.method == parts.method && path.contains(fault.path);
            let index = state.faults.iter().position(hits);
            index.and_then(|index| state.faults.remove(index))
        };
        let (code, answer) = match &fault {
            Some(Fault { after: false, .. }) => (0, Value::Null),
            _ => self.0.lock().unwrap().serve(&parts.method, &path, &body),
        };
        let (code, answer) = match fault.map(|fault| fault.answer) {
            None => (code, answer),
            Some(Some((code, reason, message))) => (code, status(code, reason, message)),
            Some(None) => {
                tokio::time::sleep(Duration::from_secs(3600)).await;
                return Err(std::io::Error::other("late"));
            }
        };
        let response = Response::builder().status(code).body(Body::from(answer.to_string().into_bytes()));
        response.map_err(std::io::Error::other)
    }
}

impl State {
    fn next(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    fn serve(&mut self, method: &Method, path: &str, body: &Value) -> (u16, Value) {
        match *method {
            Method::POST => {
                let path = format!("{path}/{}", body["metadata"]["name"].as_str().unwrap());
                if self.objects.contains_key(&path) {
                    return (409, status(409, "AlreadyExists", "already exists"));
                }
                let version = self.next();
                let mut object = body.clone();
                object["metadata"]["uid"] = json!(format!("uid-{version}"));
                object["metadata"]["resourceVersion"] = json!(version.to_string());
                self.objects.insert(path, object.clone());
                (201, object)
            }
            Method::GET => match self.objects.get(path) {
                Some(object) => (200, object.clone()),
                // A collection ends in a plural, which no object's name here does.
                None if path.ends_with('s') => {
                    let below = format!("{path}/");
                    let items: Vec<&Value> = self
                        .objects
                        .iter()
                        .filter(|(path, _)| path.starts_with(&below))
                        .map(|(_, item)| item)
                        .collect();
                    (200, json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}))
                }
                None => (404, status(404, "NotFound", "not found")),
            },
            Method::PATCH | Method::PUT => {
                let Some(object) = self.objects.get(path) else { return (404, status(404, "NotFound", "not found")) };
                for field in ["uid", "resourceVersion"] {
                    let wanted = &body["metadata"][field];
                    if !wanted.is_null() && *wanted != object["metadata"][field] {
                        return (409, status(409, "Conflict", "the object has been modified"));
                    }
                }
                let mut object = object.clone();
                if method == Method::PUT {
                    object = body.clone();
                } else {
                    json_merge(&mut object, body);
                }
                object["metadata"]["resourceVersion"] = json!(self.next().to_string());
                self.objects.insert(path.to_owned(), object.clone());
                (200, object)
            }
            _ => {
                let Some(object) = self.objects.get(path) else { return (404, status(404, "NotFound", "not found")) };
                let uid = &body["preconditions"]["uid"];
                if !uid.is_null() && *uid != object["metadata"]["uid"] {
                    return (409, status(409, "Conflict", "the uid differs"));
                }
                self.objects.remove(path);
                (200, json!({"apiVersion": "v1", "kind": "Status", "status": "Success"}))
            }
        }
    }
}

fn json_merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (key, value) in patch {
                if value.is_null() {
                    target.remove(key);
                } else {
                    json_merge(target.entry(key.clone()).or_insert(json!({})), value);
                }
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}

fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message})
}

/// Knows of a Job only when it is told of another one: somebody recorded it in between.
#[derive(Default)]
pub(crate) struct LateLedger(MemoryLedger);

#[async_trait::async_trait]
impl Ledger for LateLedger {
    async fn intend(&self, attempt: &Attempt, at: Timestamp) -> Result<(), LedgerError> {
        self.0.intend(attempt, at).await
    }

    async fn created(&self, attempt: &Attempt, job_uid: &str, at: Timestamp) -> Result<(), LedgerError> {
        self.0.created(attempt, job_uid, at).await
    }

    async fn lookup(&self, _: &Attempt) -> Result<Option<Submission>, LedgerError> {
        Ok(None)
    }
}

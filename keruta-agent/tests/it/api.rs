//! A stand-in for the keruta API: it answers as it is told to, and keeps what it was sent.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "s3cret-token";

/// A request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// How long it takes.
    pub(crate) after: Duration,
    /// How much of it is sent before the connection is cut.
    pub(crate) cut_at: Option<usize>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        Self { status, headers: Vec::new(), body, after: Duration::ZERO, cut_at: None }
    }

    pub(crate) fn text(body: &str) -> Self {
        Self { body: body.as_bytes().to_vec(), ..Self::json(200, &Value::Null) }
    }

    pub(crate) fn problem(status: u16, kind: &str) -> Self {
        Self::json(status, &json!({"type": format!("/problems/{kind}"), "title": kind, "status": status}))
    }
}

type Handler = dyn Fn(&Request) -> Option<Answer> + Send + Sync;

/// The state that a real one would have.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) requests: Vec<Request>,
    pub(crate) statuses: Vec<String>,
    pub(crate) cancelled: bool,
    /// How many agents have begun.
    pub(crate) epoch: u64,
    pub(crate) progress: Vec<keruta_api::ProgressUpdate>,
    /// The lines of each log, by its container.
    pub(crate) logs: HashMap<String, Vec<keruta_api::LogLine>>,
    pub(crate) done: Vec<String>,
    pub(crate) artifacts: HashMap<String, Vec<u8>>,
    /// What is answered in place of the ordinary, where it is something.
    handler: Option<Arc<Handler>>,
}

#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) url: String,
    pub(crate) state: Arc<Mutex<State>>,
    script: Option<String>,
    repository: Option<Value>,
}

impl Api {
    /// One whose task `a` has a script and a repository.
    pub(crate) fn with_repository(script: &str, repository: Value) -> Self {
        Self::serving(Some(script), Some(repository))
    }

    /// One whose task `a` has no script.
    pub(crate) fn start() -> Self {
        Self::with_script(None)
    }

    pub(crate) fn with_script(script: Option<&str>) -> Self {
        Self::serving(script, None)
    }

    fn serving(script: Option<&str>, repository: Option<Value>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let api = Self { url, state: Arc::default(), script: script.map(str::to_owned), repository };
        let served = api.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let served = served.clone();
                std::thread::spawn(move || served.serve(connection));
            }
        });
        api
    }

    /// Answers some requests otherwise from now on.
    pub(crate) fn answer_by(&self, handler: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) {
        self.state.lock().unwrap().handler = Some(Arc::new(handler));
    }

    /// Answers as usual again.
    pub(crate) fn recover(&self) {
        self.state.lock().unwrap().handler = None;
    }

    pub(crate) fn statuses(&self) -> Vec<String> {
        self.state.lock().unwrap().statuses.clone()
    }

    /// The messages of a log.
    pub(crate) fn log(&self, container: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.logs.get(container).into_iter().flatten().map(|line| line.message.clone()).collect()
    }

    /// Does what an ordinary one would, for a handler that answers otherwise.
    pub(crate) fn take(&self, request: &Request) -> Answer {
        self.ordinary(request)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    fn serve(&self, mut connection: TcpStream) {
        let mut reader = BufReader::new(connection.try_clone().unwrap());
        while let Some(request) = read(&mut reader) {
            let answer = self.answer(&request);
            std::thread::sleep(answer.after);
            let mut text = format!("HTTP/1.1 {} X\r\ncontent-length: {}\r\n", answer.status, answer.body.len());
            for (name, value) in &answer.headers {
                text.extend([name.as_str(), ": ", value, "\r\n"]);
            }
            let mut bytes = format!("{text}\r\n").into_bytes();
            bytes.extend_from_slice(&answer.body);
            if let Some(cut) = answer.cut_at {
                let _ = connection.write_all(&bytes[..cut.min(bytes.len())]);
                return;
            }
            if connection.write_all(&bytes).is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        let handler = {
            let mut state = self.state.lock().unwrap();
            state.requests.push(request.clone());
            state.handler.clone()
        };
        handler.and_then(|handler| handler(request)).unwrap_or_else(|| self.ordinary(request))
    }

    fn ordinary(&self, request: &Request) -> Answer {
        if request.headers.get("authorization").map(String::as_str) != Some("Bearer s3cret-token") {
            return Answer::problem(401, "unauthenticated");
        }
        let mut state = self.state.lock().unwrap();
        let path = request.path.split('?').next().unwrap();
        match (request.method.as_str(), path) {
            ("GET", "/api/v1/tasks/a") => {
                let mut task = task();
                if let Some(repository) = &self.repository {
                    task["repository"] = repository.clone();
                }
                Answer::json(200, &task)
            }
            ("GET", "/api/v1/tasks/a/script") => match &self.script {
                Some(script) => Answer::text(script),
                None => Answer::problem(404, "not-found"),
            },
            ("GET", "/api/v1/tasks/a/status") => {
                let status = state.statuses.last().cloned().unwrap_or_else(|| "PENDING".to_owned());
                Answer::json(200, &standing(&state, &status))
            }
            ("POST", "/api/v1/tasks/a/epoch") => {
                let begun: keruta_api::NewEpoch = serde_json::from_slice(&request.body).unwrap();
                assert_eq!(begun.attempt, Some(1));
                state.epoch += 1;
                Answer::json(200, &standing(&state, "PENDING"))
            }
            ("PUT", "/api/v1/tasks/a/status") => {
                let update: keruta_api::StatusUpdate = serde_json::from_slice(&request.body).unwrap();
                assert_eq!(update.attempt, Some(1));
                if update.epoch != Some(state.epoch) {
                    return Answer::problem(409, "stale-epoch");
                }
                state.progress.extend(update.progress);
                if state.statuses.last() != Some(&update.status.to_string()) {
                    state.statuses.push(update.status.to_string());
                }
                let mut task = task();
                task["status"] = update.status.to_string().into();
                Answer::json(200, &task)
            }
            ("GET", "/api/v1/repositories/r/script") => {
                Answer::text("echo installed by $KERUTA_TASK_TITLE > installed\n")
            }
            ("GET", "/api/v1/documents/d/content") => Answer::text("# Read this\n"),
            ("POST", "/api/v1/tasks/a/logs") => append(&mut state, request),
            ("PUT", path) if path.starts_with("/api/v1/tasks/a/artifacts/") => {
                let name = path.rsplit("/artifacts/").next().unwrap().to_owned();
                state.artifacts.insert(name, request.body.clone());
                Answer::json(201, &json!({}))
            }
            _ => Answer::problem(404, "not-found"),
        }
    }
}

/// As the server does it: where exactly `offset` lines are there, or the batch is there already.
fn append(state: &mut State, request: &Request) -> Answer {
    let query: HashMap<&str, &str> =
        request.path.split_once('?').unwrap().1.split('&').map(|pair| pair.split_once('=').unwrap()).collect();
    assert_eq!((query["attempt"], request.headers["content-type"].as_str()), ("1", "application/x-ndjson"));
    let lines = request.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let lines: Vec<keruta_api::LogLine> = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
    let log = state.logs.entry(query["container"].to_owned()).or_default();
    let offset: usize = query["offset"].parse().unwrap();
    let repeated = offset < log.len() && log.get(offset..offset + lines.len()).is_some_and(|there| there == lines);
    if offset != log.len() && !repeated {
        let range = vec![("content-range".to_owned(), format!("lines */{}", log.len()))];
        return Answer { headers: range, ..Answer::problem(416, "offset-mismatch") };
    }
    if !repeated {
        log.extend(lines);
    }
    let offset = log.len();
    if query["done"] == "true" {
        state.done.push(query["container"].to_owned());
    }
    Answer::json(200, &json!({"offset": offset, "repeated": repeated}))
}

fn standing(state: &State, status: &str) -> Value {
    json!({"status": status, "attempt": 1, "epoch": state.epoch, "cancelRequested": state.cancelled})
}

fn task() -> Value {
    json!({
        "id": "a", "title": "Mend it", "status": "PENDING", "attempt": 1, "version": 1, "namespace": "tasks", "rootTaskId": "a",
        "createdAt": "2026-11-30T10:00:00Z", "updatedAt": "2026-11-30T10:00:00Z", "repositoryId": "r", "documentId": "d",
    })
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_ascii_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = Vec::new();
    if let Some(length) = headers.get("content-length") {
        body.resize(length.parse().unwrap(), 0);
        reader.read_exact(&mut body).ok()?;
    } else if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            body.extend_from_slice(&chunk[..size]);
            if size == 0 {
                break;
            }
        }
    }
    Some(Request { method, path, headers, body })
}

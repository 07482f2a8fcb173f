//! Logs by HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::io::Read;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use futures::StreamExt;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use keruta_api::{LogAppended, LogHits, LogPage, LogRecord, LogSummary, Problem};
use keruta_server::http::layers::around;
use keruta_server::http::logs::{BATCH_BYTES, LogsState, routes};
use keruta_server::store::Store;
use keruta_server::store::logs::LogStore;
use keruta_server::task::TaskSpec;
use keruta_submitter::Attempt;
use keruta_submitter::logs::{Cursor, Gap, Level, LogEntry, LogLine, LogSource};
use serde::de::DeserializeOwned;
use tower::ServiceExt;

struct Scene {
    _directory: tempfile::TempDir,
    store: Store,
    logs: LogStore,
    routes: axum::Router,
}

fn at(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + millisecond).unwrap()
}

fn source(attempt: u32, container: &str) -> LogSource {
    LogSource {
        attempt: Attempt { namespace: "tasks".into(), task: "task-1".into(), number: attempt },
        job: "keruta-job-task-1".into(),
        pod: "keruta-job-task-1-x".into(),
        pod_uid: "1".into(),
        container: container.into(),
        restart: 0,
    }
}

fn line(number: u64, message: impl Into<bytes::Bytes>) -> LogEntry {
    let message = message.into();
    let level = Level::of_line(&message);
    LogEntry::Line(LogLine { number, timestamp: at(number.cast_signed()), level, message, continues: false })
}

impl Scene {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", directory.path().join("keruta.db").display())).await.unwrap();
        let spec = TaskSpec::from_json(r#"{"id": "task-1"}"#).unwrap();
        store.create_task(spec, "tasks", "ada", at(0)).await.unwrap();
        let logs = LogStore::start(store.clone());
        let (router, _) = routes(LogsState { logs: logs.clone() }).split_for_parts();
        Self { _directory: directory, store, logs, routes: around(router) }
    }

    async fn write(&self, source: &LogSource, entries: &[LogEntry], done: bool) {
        let before = self.logs.cursor(source).await.unwrap().map_or(0, |cursor| cursor.lines);
        let mut cursor = Cursor::default();
        cursor.lines = before + entries.iter().filter(|entry| matches!(entry, LogEntry::Line(_))).count() as u64;
        cursor.done = done;
        self.logs.append(source, entries, &cursor).await.unwrap();
    }

    /// 200 lines of main, every third an error, and three of git.
    async fn filled() -> Self {
        let scene = Self::new().await;
        let lines: Vec<_> = (1..=200)
            .map(|number| line(number, format!("{}: step {number}", if number % 3 == 0 { "ERROR" } else { "INFO" })))
            .collect();
        scene.write(&source(1, "main"), &lines, false).await;
        let git: Vec<_> = (1..=3).map(|number| line(number, format!("git {number}"))).collect();
        scene.write(&source(1, "git-clone"), &git, true).await;
        scene
    }

    async fn send(&self, request: http::request::Builder, body: impl Into<Body>) -> Response {
        self.routes.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap()
    }

    async fn get(&self, uri: &str) -> Response {
        self.send(Request::get(uri), "").await
    }

    async fn text(&self, uri: &str) -> String {
        let response = self.get(uri).await;
        assert_eq!(response.status(), 200, "{uri}");
        String::from_utf8(bytes(response).await).unwrap()
    }

    async fn json<T: DeserializeOwned>(&self, uri: &str) -> T {
        serde_json::from_str(&self.text(uri).await).unwrap()
    }
}

async fn bytes(response: Response) -> Vec<u8> {
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

async fn problem(response: Response, status: u16) -> Problem {
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let problem: Problem = serde_json::from_slice(&bytes(response).await).unwrap();
    assert_eq!(problem.status, status);
    problem
}

const LOGS: &str = "/api/v1/tasks/task-1/logs";

#[tokio::test]
async fn a_log_is_text_json_lines_or_a_page() {
    let scene = Scene::filled().await;
    for path in ["/api/tasks/task-1/log", LOGS] {
        let response = scene.get(path).await;
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(response.headers()[header::CONTENT_DISPOSITION], "inline; filename=\"task-1.log\"");
        let text = String::from_utf8(bytes(response).await).unwrap();
        assert_eq!(text.lines().count(), 203);
        assert!(text.starts_with("2027-01-15T08:00:00.001000000Z INFO  [main] INFO: step 1\n"), "{text}");
    }
    let response = scene.send(Request::get(LOGS).header(header::ACCEPT, "application/x-ndjson"), "").await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/x-ndjson");
    let text = String::from_utf8(bytes(response).await).unwrap();
    let records: Vec<LogRecord> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (records.len(), records[0].message.as_str(), records[1].message.as_str()),
        (203, "INFO: step 1", "git 1")
    );
    // A page has the very same records.
    let page: LogPage = scene.json(&format!("{LOGS}?format=json")).await;
    assert_eq!((page.items, page.next_cursor, page.previous_cursor), (records, None, None));
    assert_eq!(scene.text(&format!("{LOGS}?format=raw&container=git-clone")).await, "git 1\ngit 2\ngit 3\n");
    let response = scene.get(&format!("{LOGS}?download&format=ndjson")).await;
    assert_eq!(response.headers()[header::CONTENT_DISPOSITION], "attachment; filename=\"task-1.ndjson\"");
    problem(scene.get("/api/tasks/task-2/log").await, 404).await;
}

#[tokio::test]
async fn pages_lead_to_each_other() {
    let scene = Scene::filled().await;
    let mut uri = format!("{LOGS}?level=ERROR&limit=20&format=raw&container=main&q=STEP+");
    // A keyword with capitals is meant as it is.
    assert_eq!(scene.text(&uri).await, "");
    uri = uri.replace("STEP", "step");
    let mut forward = String::new();
    let link = |response: &Response, relation: &str| {
        let links = response.headers().get(header::LINK).map_or("", |link| link.to_str().unwrap()).to_owned();
        let link = links.split(", ").find(|link| link.ends_with(&format!("rel=\"{relation}\""))).map(str::to_owned);
        link.map(|link| link[1..link.find('>').unwrap()].to_owned())
    };
    let last = loop {
        let response = scene.get(&uri).await;
        let (next, previous) = (link(&response, "next"), link(&response, "prev"));
        forward.push_str(std::str::from_utf8(&bytes(response).await).unwrap());
        match next {
            Some(next) => uri = next,
            None => break previous,
        }
    };
    let lines: Vec<String> = (1..=66).map(|number| format!("ERROR: step {}\n", number * 3)).collect();
    let whole = lines.concat();
    assert_eq!(forward, whole);
    let before = scene.text(&last.unwrap()).await;
    assert!(whole.contains(&before) && before.lines().count() == 20, "{before}");
    let tail = scene.text(&format!("{LOGS}?tail=2&format=raw")).await;
    assert_eq!(tail, "INFO: step 199\nINFO: step 200\n");
    let since = format!("{LOGS}?since=2027-01-15T08:00:00.198Z&until=2027-01-15T08:00:00.2Z&format=raw");
    assert_eq!(scene.text(&since).await, "ERROR: step 198\nINFO: step 199\n");
    assert_eq!(scene.text(&format!("{LOGS}?regex=step+(7|19)$&format=raw")).await, "INFO: step 7\nINFO: step 19\n");
}

#[tokio::test]
async fn a_log_view_finds_tabs_windows_and_marks() {
    let scene = Scene::filled().await;
    let summary: LogSummary = scene.json(&format!("{LOGS}/summary")).await;
    assert_eq!((summary.levels.error, summary.levels.info, summary.attempt), (66, 137, Some(1)));
    let [main, git] = &summary.sources[..] else { panic!("{summary:?}") };
    assert_eq!((main.container.as_str(), main.lines, main.done, git.done), ("main", 200, false, true));
    assert_eq!((main.first_timestamp, main.last_timestamp), (Some(at(1)), Some(at(200))));
    let window = format!("{LOGS}?source={}&line=100&before=2&limit=4&format=json", main.source);
    let page: LogPage = scene.json(&window).await;
    assert_eq!(page.items.iter().map(|record| record.line).collect::<Vec<_>>(), [98, 99, 100, 101]);
    let hits: LogHits = scene.json(&format!("{LOGS}/hits?level=ERROR&source={}&limit=2", main.source)).await;
    assert_eq!((hits.total, hits.levels.error, hits.complete), (66, 66, true));
    assert_eq!(hits.items.iter().map(|hit| hit.line).collect::<Vec<_>>(), [3, 6]);
    problem(scene.get(&format!("{LOGS}/hits?tail=3")).await, 400).await;
    problem(scene.get("/api/v1/tasks/task-2/logs/summary").await, 404).await;
}

#[tokio::test]
async fn hostile_lines_stay_data() {
    let scene = Scene::new().await;
    let long = "x".repeat(1 << 20);
    let lines: [&[u8]; 6] = [
        b"\x1b[31mred\x1b[0m\r\x07",
        b"<script>alert(1)</script>",
        b"data: x\r\rid: 9\revent: end",
        b"\xff\xfe\x00",
        "\u{2028}\u{2029}\"}\u{0}".as_bytes(),
        long.as_bytes(),
    ];
    let entries: Vec<_> = (1..).zip(lines).map(|(number, text)| line(number, text.to_vec())).collect();
    scene.write(&source(1, "main"), &entries, true).await;
    assert_eq!(
        bytes(scene.get(&format!("{LOGS}?format=raw")).await).await,
        [lines.join(&b"\n"[..]), b"\n".to_vec()].concat()
    );
    for uri in [format!("{LOGS}?format=ndjson"), format!("{LOGS}?follow")] {
        scene.store.cancel_task("task-1", "ada", None, at(1)).await.unwrap();
        let text = scene.text(&uri).await;
        assert!(!text.bytes().any(|byte| byte < b' ' && byte != b'\n'));
        let records: Vec<LogRecord> = text
            .lines()
            .filter_map(|line| line.strip_prefix("data: ").or(Some(line)).filter(|line| line.starts_with("{\"t")))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(records.len(), 6);
        for (record, text) in records.iter().zip(lines) {
            assert_eq!(record.message, String::from_utf8_lossy(text));
        }
        assert_eq!(records[3].message_base64.as_deref(), Some("//4A"));
    }
}

#[tokio::test]
async fn a_whole_log_is_compressed_as_the_client_accepts() {
    let scene = Scene::filled().await;
    let plain = scene.text(LOGS).await;
    for (accepted, encoding) in [("gzip", "gzip"), ("zstd", "zstd"), ("br", "")] {
        let response = scene.send(Request::get(LOGS).header(header::ACCEPT_ENCODING, accepted), "").await;
        let found = response.headers().get(header::CONTENT_ENCODING).map_or("", |value| value.to_str().unwrap());
        assert_eq!(found, encoding);
        let body = bytes(response).await;
        let mut text = String::new();
        match encoding {
            "gzip" => flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).map(drop).unwrap(),
            "zstd" => text = String::from_utf8(zstd::decode_all(&body[..]).unwrap()).unwrap(),
            _ => text = String::from_utf8(body).unwrap(),
        }
        assert_eq!(text, plain);
    }
    // Lines that are followed would wait in a compressor.
    let request = Request::get(format!("{LOGS}?follow")).header(header::ACCEPT_ENCODING, "gzip");
    assert!(!scene.send(request, "").await.headers().contains_key(header::CONTENT_ENCODING));
}

/// Reads events until there are so many.
async fn events(response: Response, count: usize) -> Vec<(String, String, String)> {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    let (mut text, mut events) = (String::new(), Vec::new());
    while events.len() < count {
        let chunk = tokio::time::timeout(Duration::from_secs(10), body.next()).await.expect("an event in time");
        let Some(chunk) = chunk else { break };
        text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        while let Some(end) = text.find("\n\n") {
            let event: String = text.drain(..end + 2).collect();
            let field = |name: &str| {
                let line = event.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
                line.unwrap_or_default().to_owned()
            };
            if !event.starts_with(':') {
                events.push((field("event"), field("id"), field("data")));
            }
        }
    }
    events
}

fn messages(events: &[(String, String, String)]) -> Vec<String> {
    let record = |data: &str| serde_json::from_str::<LogRecord>(data).unwrap().message;
    events.iter().filter(|event| event.0.is_empty()).map(|(.., data)| record(data)).collect()
}

#[tokio::test]
async fn a_follower_goes_on_where_it_was_cut() {
    let scene = Scene::filled().await;
    let whole: Vec<String> = scene.text(&format!("{LOGS}?format=raw")).await.lines().map(str::to_owned).collect();
    let all = events(scene.get(&format!("{LOGS}?follow")).await, 203).await;
    assert_eq!(messages(&all), whole);
    for cut in [0, 1, 2, 7, 150, 202] {
        let request = Request::get(format!("{LOGS}?follow=true")).header("last-event-id", &all[cut].1);
        let rest = events(scene.send(request, "").await, 202 - cut).await;
        assert_eq!(messages(&rest), whole[cut + 1..], "{cut}");
    }
    // With the last lines first; and cut there.
    let tail = events(scene.get(&format!("{LOGS}?follow&tail=3")).await, 3).await;
    assert_eq!(messages(&tail), whole[200..]);
    let request = Request::get(format!("{LOGS}?follow&tail=3")).header("last-event-id", &tail[0].1);
    assert_eq!(messages(&events(scene.send(request, "").await, 2).await), whole[201..]);
    // Only what is wanted.
    let errors = events(scene.get(&format!("{LOGS}?follow&level=ERROR")).await, 66).await;
    let request = Request::get(format!("{LOGS}?follow&level=ERROR")).header("last-event-id", &errors[10].1);
    assert_eq!(messages(&events(scene.send(request, "").await, 55).await), messages(&errors)[11..]);
    problem(scene.send(Request::get(format!("{LOGS}?follow")).header("last-event-id", "x"), "").await, 400).await;
}

#[tokio::test]
async fn a_follower_sees_new_lines_and_the_end() {
    let scene = Scene::filled().await;
    let page: LogPage = scene.json(&format!("{LOGS}?tail=0&format=json")).await;
    assert!(page.items.is_empty());
    let response = scene.get(&format!("{LOGS}?follow&cursor={}", page.end_cursor)).await;
    let write = async {
        for number in 201..=260 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            scene.write(&source(1, "main"), &[line(number, format!("live {number}"))], false).await;
        }
        let reason = "the Pod is gone".into();
        scene.write(&source(1, "main"), &[LogEntry::Gap(Gap { after: None, before: None, reason })], true).await;
        scene.store.cancel_task("task-1", "ada", None, at(1)).await.unwrap();
    };
    let (events, ()) = tokio::join!(events(response, 62), write);
    let told = messages(&events);
    assert_eq!(told[..60], (201..=260).map(|number| format!("live {number}")).collect::<Vec<_>>());
    let gap: LogRecord = serde_json::from_str(&events[60].2).unwrap();
    assert_eq!(gap.gap.as_deref(), Some("the Pod is gone"));
    assert_eq!((events[61].0.as_str(), events[61].2.as_str()), ("end", r#"{"status":"CANCELLED"}"#));
}

#[tokio::test]
async fn an_agent_sends_lines_at_an_offset() {
    let scene = Scene::new().await;
    let send = async |query: &str, body: &str| {
        let uri = format!("{LOGS}?attempt=1&container=agent&{query}");
        scene.send(Request::post(uri).header(header::CONTENT_TYPE, "application/x-ndjson"), body.to_owned()).await
    };
    let batch = |from: u64, count: u64| -> String {
        let lines = (from..from + count).map(|number| {
            format!("{{\"timestamp\":\"{}\",\"message\":\"WARN: line\\n{number}\"}}\n", at(number.cast_signed()))
        });
        lines.collect()
    };
    let appended = async |response: Response| -> (u64, bool) {
        assert_eq!(response.status(), 200);
        let appended: LogAppended = serde_json::from_slice(&bytes(response).await).unwrap();
        (appended.offset, appended.repeated)
    };
    assert_eq!(appended(send("offset=0", &batch(0, 3)).await).await, (3, false));
    assert_eq!(appended(send("offset=0", &batch(0, 3)).await).await, (3, true));
    for (query, body) in [("offset=5", batch(5, 1)), ("offset=2", batch(2, 2)), ("offset=0", batch(1, 3))] {
        let refused = send(query, &body).await;
        assert_eq!(refused.headers()[header::CONTENT_RANGE], "lines */3");
        let problem = problem(refused, 416).await;
        assert_eq!(problem.kind, "/problems/offset-mismatch");
    }
    assert_eq!(appended(send("offset=3&done=true", &batch(3, 1)).await).await, (4, false));
    let page: LogPage = scene.json(&format!("{LOGS}?format=json")).await;
    assert_eq!(page.items.iter().map(|record| record.line).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(page.items[3].message, "WARN: line\n3");
    assert_eq!(serde_json::to_value(page.items[0].level).unwrap(), "WARN");

    // All that is wrong is told, and nothing is kept.
    let wrong = "{\"timestamp\":\"2026-11-30T10:00:00Z\",\"message\":\"good\"}\nno json\n{\"message\":\"x\"}\n\
        {\"timestamp\":\"0001-01-01T00:00:00Z\",\"message\":\"x\"}\n{\"timestamp\":\"2026-11-30T10:00:00Z\",\"mesage\":\"x\"}";
    let told = problem(send("offset=4", wrong).await, 422).await;
    let pointers: Vec<_> = told.errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/1", "/2", "/3/timestamp", "/4"]);
    let summary: LogSummary = scene.json(&format!("{LOGS}/summary")).await;
    assert_eq!((summary.sources[0].offset, summary.sources[0].done), (4, true));
    for (status, query) in [
        (400, "offset=-1"),
        (400, ""),
        (400, "offset=4&podUid=a/b"),
        (400, "offset=4&pod=%2e%2e%2f"),
        (400, "offset=4&other=1"),
        (400, "offset=99999999999999999999"),
    ] {
        problem(send(query, "").await, status).await;
    }
    let uri = format!("{LOGS}?attempt=1&container=agent&offset=4");
    problem(scene.send(Request::post(&uri), batch(4, 1)).await, 415).await;
    let later = format!("{LOGS}?attempt=2&container=agent&offset=0");
    let ndjson = |uri: &str| Request::post(uri).header(header::CONTENT_TYPE, "application/x-ndjson");
    problem(scene.send(ndjson(&later), batch(0, 1)).await, 400).await;
    problem(scene.send(ndjson(&uri.replace("task-1", "task-2")), batch(0, 1)).await, 404).await;
    problem(scene.send(ndjson(&uri), vec![b'x'; BATCH_BYTES + 1]).await, 413).await;
    assert_eq!(send("offset=4", "").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn wrong_queries_are_told_all_at_once() {
    let scene = Scene::filled().await;
    let told = problem(scene.get(&format!("{LOGS}?level=LOUD&limit=0&cursor=x&since=now&regex=%28")).await, 400).await;
    let names: Vec<_> = told.errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(names, ["limit", "since", "level", "regex", "cursor"]);
    for query in ["leve=INFO", "q=%00", "attempt=-1", "source=1%27%20OR%201=1", "container=a&tail=1&cursor=n"] {
        problem(scene.get(&format!("{LOGS}?{query}")).await, 400).await;
    }
    for path in ["/api/tasks/..%2f..%2fetc/log", "/api/tasks/task-1'%20OR%20'1'='1/log"] {
        problem(scene.get(path).await, 404).await;
    }
}

#[tokio::test]
async fn the_document_has_all_routes() {
    let scene = Scene::new().await;
    let (_, document) = routes(LogsState { logs: scene.logs.clone() }).split_for_parts();
    let paths: Vec<_> = document.paths.paths.keys().cloned().collect();
    let logs = "/api/v1/tasks/{id}/logs";
    let wanted =
        ["/api/tasks/{taskId}/log".to_owned(), logs.to_owned(), format!("{logs}/hits"), format!("{logs}/summary")];
    assert_eq!(paths, wanted);
}

#[tokio::test]
async fn windows_are_had_by_entry_and_by_what_is_wanted() {
    let scene = Scene::filled().await;
    let gap = LogEntry::Gap(Gap { after: None, before: None, reason: "the file was rotated away".into() });
    scene.write(&source(1, "main"), &[gap, line(201, "ERROR: after the gap")], true).await;
    let summary: LogSummary = scene.json(&format!("{LOGS}/summary")).await;
    let main = &summary.sources[0];
    assert_eq!((main.lines, main.offset), (201, 202));
    // By entry: gaps are counted as well.
    let page: LogPage = scene.json(&format!("{LOGS}?source={}&entry=199&limit=10&format=json", main.source)).await;
    assert_eq!(page.entries, [199, 200, 201]);
    assert_eq!(page.items.iter().map(|item| item.gap.is_some()).collect::<Vec<_>>(), [false, true, false]);
    // Behind the end there is nothing.
    let page: LogPage = scene.json(&format!("{LOGS}?source={}&entry=9999&format=json", main.source)).await;
    assert!(page.items.is_empty() && page.next_cursor.is_none());
    // By what is wanted: as many as the hits count.
    let hits: LogHits = scene.json(&format!("{LOGS}/hits?level=ERROR&limit=1")).await;
    assert_eq!((hits.total, hits.entries, hits.items[0].entry), (67, 68, 2));
    let page: LogPage = scene.json(&format!("{LOGS}?level=ERROR&skip=65&limit=10&format=json")).await;
    assert_eq!(page.items.len(), 3);
    assert_eq!((page.items[0].line, page.entries[0]), (198, 197));
    let all: LogPage = scene.json(&format!("{LOGS}?level=ERROR&limit=100&format=json")).await;
    assert_eq!(all.items[65..], page.items[..]);
    // Both lead to what comes next.
    for cursor in [summary.end_cursor, hits.end_cursor] {
        let behind: LogPage = scene.json(&format!("{LOGS}?cursor={cursor}&format=json&level=ERROR")).await;
        assert!(behind.items.is_empty(), "{behind:?}");
    }
    problem(scene.get(&format!("{LOGS}?entry=3")).await, 400).await;
    problem(scene.get(&format!("{LOGS}?skip=3&tail=3")).await, 400).await;
}

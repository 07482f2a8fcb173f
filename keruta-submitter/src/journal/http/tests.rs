use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::*;

/// A server that gives these answers, one a request, and the requests: their first lines and tokens.
struct Answers {
    address: String,
    seen: Arc<Mutex<Vec<(String, String)>>>,
}

impl Answers {
    fn give(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answers: Vec<String> = answers.iter().map(ToString::to_string).collect();
        let told = Arc::clone(&seen);
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut first, mut token, mut length) = (String::new(), String::new(), 0);
                reader.read_line(&mut first).unwrap();
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    let line = line.trim();
                    if line.is_empty() {
                        break;
                    }
                    let (name, value) = line.split_once(": ").unwrap();
                    match &*name.to_ascii_lowercase() {
                        "authorization" => value.clone_into(&mut token),
                        "content-length" => length = value.parse().unwrap(),
                        _ => {}
                    }
                }
                reader.read_exact(&mut vec![0; length]).unwrap();
                let mut words = first.split(' ');
                let path = words.nth(1).unwrap().split('?').next().unwrap().to_owned();
                told.lock().unwrap().push((path, token));
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { address, seen }
    }

    fn journal(&self) -> HttpJournal {
        HttpJournal::open(&self.address, JournalToken::Text("secret\n".to_owned())).unwrap()
    }

    fn seen(&self) -> Vec<(String, String)> {
        self.seen.lock().unwrap().clone()
    }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

fn problem(status: u16, detail: &str) -> String {
    let body = format!(r#"{{"type": "about:blank", "title": "x", "status": {status}, "detail": "{detail}"}}"#);
    answer(&format!("{status} X"), "content-type: application/problem+json\r\n", &body)
}

fn attempt() -> Attempt {
    Attempt { namespace: "ns".into(), task: "task/1".into(), number: 2 }
}

fn source() -> LogSource {
    LogSource {
        attempt: attempt(),
        job: "job".into(),
        pod: "pod".into(),
        pod_uid: "uid".into(),
        container: "main".into(),
        restart: 0,
    }
}

fn change() -> StatusChange {
    StatusChange { attempt: attempt(), at: Timestamp::UNIX_EPOCH, status: TaskStatus::InProgress, verdict: None }
}

#[tokio::test]
async fn a_server_that_asks_for_patience_is_asked_again_when_it_says() {
    let later = answer("429 Too Many Requests", "retry-after: 1\r\n", "");
    let server = Answers::give(&[&later, &answer("204 No Content", "", "")]);
    let began = Instant::now();
    server.journal().status(&change()).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    let path = "/api/v1/tasks/task%2F1/attempts/2/status".to_owned();
    assert_eq!(server.seen(), vec![(path, "Bearer secret".to_owned()); 2]);
}

#[tokio::test]
async fn what_is_refused_is_an_error_that_says_why_and_is_not_sent_again() {
    for (status, detail) in [
        (401, "the token is not known"),
        (403, "not allowed"),
        (409, "another one reads this log"),
        (413, "16 MiB are taken"),
        (422, "is no line"),
        (500, "the server failed"),
        (503, "the lines were not written"),
    ] {
        let server = Answers::give(&[&problem(status, detail)]);
        let error = server.journal().log(&source(), &[], &Cursor::default()).await.unwrap_err();
        let why = std::error::Error::source(&error).unwrap().to_string();
        assert!(error.to_string().contains("keep the log of main of"), "{error}");
        assert!(why.contains(detail) && why.contains(&status.to_string()), "{why}");
        assert_eq!(server.seen().len(), 1, "whoever calls decides when to call again");
    }
    // Nobody there.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let journal = HttpJournal::open(&format!("http://{free}"), JournalToken::None).unwrap();
    journal.status(&change()).await.unwrap_err();
    journal.log_cursor(&source()).await.unwrap_err();
    journal.verdict(&attempt()).await.unwrap_err();
    let progress = Progress { attempt: attempt(), at: Timestamp::UNIX_EPOCH, phase: crate::Phase::Running, pod: None };
    journal.progress(&progress).await.unwrap();
}

#[tokio::test]
async fn what_the_server_does_not_have_is_passed_over() {
    let none = problem(404, "there is no attempt of the task");
    let server = Answers::give(&[&none, &none, &none, &none]);
    let journal = server.journal();
    journal.status(&change()).await.unwrap();
    journal.log(&source(), &[], &Cursor::default()).await.unwrap();
    assert_eq!(journal.log_cursor(&source()).await.unwrap(), None);
    assert_eq!(journal.verdict(&attempt()).await.unwrap(), None);
}

#[tokio::test]
async fn a_token_that_was_changed_is_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, "old\n").unwrap();
    let refused = problem(401, "it has expired");
    let server = Answers::give(&[&refused, &refused, &answer("204 No Content", "", "")]);
    let journal = HttpJournal::open(&server.address, JournalToken::File(file.clone())).unwrap();
    journal.status(&change()).await.unwrap_err();
    std::fs::write(&file, "new\n").unwrap();
    journal.status(&change()).await.unwrap();
    let tokens: Vec<_> = server.seen().into_iter().map(|(_, token)| token).collect();
    assert_eq!(tokens, ["Bearer old", "Bearer old", "Bearer new"]);
    std::fs::remove_file(&file).unwrap();
    HttpJournal::open(&server.address, JournalToken::File(file)).unwrap_err();
    HttpJournal::open("ftp://h", JournalToken::None).unwrap_err();
    assert!(!format!("{:?}", server.journal()).contains("secret"));
}

#[test]
fn a_line_is_text_where_that_is_not_longer() {
    let line = |message: &[u8]| {
        let message = bytes::Bytes::copy_from_slice(message);
        captured(&LogLine { number: 1, timestamp: Timestamp::UNIX_EPOCH, level: Level::Warn, message, continues: true })
    };
    assert_eq!(line("日本語".as_bytes()).message.as_deref(), Some("日本語"));
    assert_eq!(line(b"").message.as_deref(), Some(""));
    let nul = [&b"a line that is long enough for one"[..], b"\0"].concat();
    for message in [&nul[..], b"\xff", b"\x1b\x1b\x1b\x1b", b"\"\"\"\"\"\""] {
        let line = line(message);
        assert_eq!(STANDARD.decode(line.message_base64.unwrap()).unwrap(), message);
        assert_eq!(line.message, None);
    }
}

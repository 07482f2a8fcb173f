//! Where the bytes of a log come from.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{AsyncBufRead, AsyncBufReadExt, StreamExt};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::api::LogParams;
use kube::{Api, Client};

use crate::logs::LogSource;

/// The bytes of a log, as they come.
pub type LogStream = BoxStream<'static, Result<Bytes, LogReadError>>;

/// Opens streams of a container's log, each line with its timestamp before it.
#[async_trait]
pub trait LogReader: Send + Sync {
    /// Opens a stream.
    async fn open(&self, source: &LogSource, request: &LogRequest) -> Result<LogStream, LogReadError>;
}

/// What part of a log is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogRequest {
    /// Lines from this time on; a whole second, because the client rounds to one.
    pub since: Option<Timestamp>,
    /// Whether the stream goes on while the container runs.
    pub follow: bool,
    /// Whether the run before the container's present one is meant.
    pub previous: bool,
    /// Only so many of its last lines, and what comes after them.
    pub tail: Option<u32>,
}

/// A log that could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogReadError {
    /// There is none yet, or none any more: 400, such as "container is waiting to start".
    #[error("there is no log to read: {0}")]
    NotReady(String),
    /// There is no such Pod: 404.
    #[error("there is no such Pod: {0}")]
    NotFound(String),
    /// A right is missing: 401 or 403.
    #[error("reading the log is not allowed (verb get on pods/log): {0}")]
    Denied(String),
    /// The stream broke, or the server could not answer.
    #[error("the log could not be read")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Reads logs from the API server.
///
/// A read may be sent again by the client and may last; the caller puts time limits around it.
#[derive(Clone)]
pub struct KubeLogReader {
    client: Client,
}

impl KubeLogReader {
    /// A reader that uses this client. The client must have no read timeout shorter than the capture's idle limit.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl LogReader for KubeLogReader {
    async fn open(&self, source: &LogSource, request: &LogRequest) -> Result<LogStream, LogReadError> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &source.attempt.namespace);
        let params = LogParams {
            container: Some(source.container.clone()),
            follow: request.follow,
            previous: request.previous,
            since_time: request.since,
            tail_lines: request.tail.map(Into::into),
            timestamps: true,
            ..LogParams::default()
        };
        let reader = pods.log_stream(&source.pod, &params).await.map_err(refused)?;
        Ok(chunks(reader).boxed())
    }
}

fn refused(error: kube::Error) -> LogReadError {
    let kube::Error::Api(status) = error else { return LogReadError::Broken(error.into()) };
    match status.code {
        400 => LogReadError::NotReady(status.message.clone()),
        404 => LogReadError::NotFound(status.message.clone()),
        401 | 403 => LogReadError::Denied(status.message.clone()),
        _ => LogReadError::Broken(kube::Error::Api(status).into()),
    }
}

fn chunks(
    reader: impl AsyncBufRead + Send + 'static,
) -> impl futures::Stream<Item = Result<Bytes, LogReadError>> + Send {
    stream::unfold(Some(Box::pin(reader)), |reader| async move {
        let mut reader = reader?;
        match reader.fill_buf().await {
            Ok([]) => None,
            Ok(bytes) => {
                let chunk = Bytes::copy_from_slice(bytes);
                reader.as_mut().consume(chunk.len());
                Some((Ok(chunk), Some(reader)))
            }
            Err(error) => Some((Err(LogReadError::Broken(error.into())), None)),
        }
    })
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;
    use kube::Config;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::attempt::Attempt;

    /// Asks a server that gives this answer; what was asked, and what came of it.
    async fn ask(answer: &str, request: LogRequest) -> (String, Result<Vec<u8>, LogReadError>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let client = Client::try_from(Config::new(url)).unwrap();
        let source = LogSource {
            attempt: Attempt { namespace: "ns".into(), task: "task".into(), number: 1 },
            job: "job".into(),
            pod: "pod".into(),
            pod_uid: "uid".into(),
            container: "main".into(),
            restart: 0,
        };
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let length = stream.read(&mut asked).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&asked[..length]).lines().next().unwrap_or_default().to_owned()
        };
        let read = async {
            let chunks: Vec<Bytes> = KubeLogReader::new(client).open(&source, &request).await?.try_collect().await?;
            Ok(chunks.concat())
        };
        tokio::join!(serve, read)
    }

    #[tokio::test]
    async fn a_log_is_asked_for_from_a_whole_second_and_with_timestamps() {
        let since = Some("2026-11-21T10:00:06Z".parse().unwrap());
        let answer =
            "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n4\r\na\nb\u{0}\r\n0\r\n\r\n";
        let (asked, read) = ask(answer, LogRequest { since, follow: true, previous: true, tail: None }).await;
        assert_eq!(read.unwrap(), b"a\nb\0");
        assert!(asked.starts_with("GET /api/v1/namespaces/ns/pods/pod/log?"), "{asked}");
        for part in
            ["container=main", "follow=true", "previous=true", "sinceTime=2026-11-21T10%3A00%3A06Z", "timestamps=true"]
        {
            assert!(asked.contains(&format!("&{part}")), "{asked}");
        }
        assert!(!asked.contains("tailLines"), "{asked}");
        // The API server refuses to tell the two streams apart, unless a feature gate is on.
        assert!(!asked.contains("stream="), "{asked}");
        let (asked, _) = ask(answer, LogRequest { tail: Some(0), ..LogRequest::default() }).await;
        assert!(asked.contains("&tailLines=0"), "{asked}");
    }

    #[tokio::test]
    async fn a_broken_stream_is_an_error_and_not_the_end() {
        let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n4\r\na\nb\u{0}\r\n";
        let (_, read) = ask(answer, LogRequest::default()).await;
        assert!(matches!(read, Err(LogReadError::Broken(_))), "{read:?}");
    }

    #[tokio::test]
    async fn refusals_are_told_apart() {
        for (code, told) in [(400, "NotReady"), (404, "NotFound"), (403, "Denied"), (500, "Broken")] {
            let body = format!(
                r#"{{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":"why","reason":"x","code":{code}}}"#
            );
            let answer =
                format!("HTTP/1.1 {code} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let (_, read) = ask(&answer, LogRequest::default()).await;
            let error = format!("{:?}", read.unwrap_err());
            assert!(error.starts_with(told), "{code}: {error}");
        }
    }
}

//! Where the bytes of a log come from.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{AsyncBufRead, AsyncBufReadExt, StreamExt};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::api::LogParams;
use kube::{Api, Client};

use super::LogSource;

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

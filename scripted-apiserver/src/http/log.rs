//! The Pods' `log` subresource.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::body::{Cut, Writer, streamed};
use super::{Asked, Body};
use crate::cluster::Cluster;
use crate::fault::{Armed, Effect};
use crate::log::{LogFile, Reader, Reading};
use crate::object::{list, text};
use crate::resource::Resource;
use crate::status::{ApiError, Cause, Result};

pub(super) fn log(cluster: &Arc<Cluster>, asked: &Asked) -> Result<Response<Body>> {
    let key = asked.route.key(Resource::Pods);
    let pod = cluster.read(|store| store.get(&key).cloned());
    let pod = pod.ok_or_else(|| ApiError::not_found(Resource::Pods, &key.name))?;
    let reading = reading(asked)?;
    let container = container(&pod.value, asked.query.text("container"))?;
    if text(&pod.value, "/spec/nodeName").is_empty() {
        // Measured: an unscheduled Pod's log is an empty success.
        return Ok(super::body::empty());
    }
    let uid = pod.uid().to_owned();
    if cluster.pods().get(&uid).is_some_and(|control| control.node_lost()) {
        let message = format!(
            "Get \"https://10.0.0.1:10250/containerLogs/{}/{}/{container}\": dial tcp 10.0.0.1:10250: connect: \
             connection refused",
            key.namespace, key.name
        );
        return Err(ApiError::new(500, "InternalError", message));
    }
    let id = instance(&pod.value, &container, asked.query.flag("previous"))?;
    let files = cluster.logs().get(&(uid, container)).cloned().unwrap_or_default();
    let file = files.into_iter().find(|file| file.container_id == id && !file.gone());
    // Measured: the kubelet tells this as if it were the log, with 200.
    let Some(file) = file else {
        return Ok(super::body::text(200, &format!("unable to retrieve container logs for {id}")));
    };
    let (writer, answer) = streamed("text/plain");
    let follow = asked.query.flag("follow");
    let reader = file.reader(reading);
    let stream = Stream { writer, faults: asked.faults.clone(), sent: 0 };
    tokio::spawn(async move {
        // The reader that leaves ends its stream.
        let _ = serve(stream, reader, file, follow).await;
    });
    Ok(answer)
}

fn reading(asked: &Asked) -> Result<Reading> {
    let query = &asked.query;
    let mut causes = Vec::new();
    let since_seconds = query.number::<i64>("sinceSeconds");
    let mut since = None;
    if let Some(time) = query.get("sinceTime") {
        if since_seconds.is_some() {
            causes.push(Cause::forbidden("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
        }
        let parsed: jiff::Timestamp = time.parse().map_err(|_| {
            ApiError::bad_request(format!("parsing time \"{time}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse"))
        })?;
        // `metav1.Time` has whole seconds.
        since = jiff::Timestamp::from_second(parsed.as_second()).ok();
    }
    if let Some(seconds) = since_seconds {
        if seconds < 1 {
            causes.push(Cause::invalid("sinceSeconds", &seconds.to_string(), "must be greater than 0"));
        }
        since = jiff::Timestamp::now().checked_sub(jiff::SignedDuration::from_secs(seconds)).ok();
    }
    let tail = query.number::<i64>("tailLines");
    if let Some(tail) = tail.filter(|tail| *tail < 0) {
        causes.push(Cause::invalid("tailLines", &tail.to_string(), "must be greater than or equal to 0"));
    }
    let limit = query.number::<i64>("limitBytes");
    if let Some(limit) = limit.filter(|limit| *limit < 1) {
        causes.push(Cause::invalid("limitBytes", &limit.to_string(), "must be greater than 0"));
    }
    if query.get("stream").is_some_and(|stream| stream != "All") {
        causes.push(Cause::forbidden("stream", "may not be specified"));
    }
    if !causes.is_empty() {
        return Err(ApiError::invalid_kind("PodLogOptions", "", &asked.route.name, &causes));
    }
    Ok(Reading {
        timestamps: query.flag("timestamps"),
        since,
        tail: tail.and_then(|tail| usize::try_from(tail).ok()),
        limit: limit.and_then(|limit| usize::try_from(limit).ok()),
    })
}

fn names<'a>(pod: &'a Value, kind: &str) -> Vec<&'a str> {
    list(pod, &format!("/spec/{kind}")).iter().map(|container| text(container, "/name")).collect()
}

/// The container that is asked for, by name or as the only one.
fn container(pod: &Value, wanted: &str) -> Result<String> {
    let (main, init) = (names(pod, "containers"), names(pod, "initContainers"));
    let name = text(pod, "/metadata/name");
    if wanted.is_empty() {
        if let [only] = main.as_slice() {
            return Ok((*only).to_owned());
        }
        let default = pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"].as_str();
        if let Some(default) = default.filter(|default| main.contains(default)) {
            return Ok(default.to_owned());
        }
        let mut message =
            format!("a container name must be specified for pod {name}, choose one of: [{}]", main.join(" "));
        if !init.is_empty() {
            message = format!("{message} or one of the init containers: [{}]", init.join(" "));
        }
        return Err(ApiError::bad_request(message));
    }
    if main.contains(&wanted) || init.contains(&wanted) {
        return Ok(wanted.to_owned());
    }
    Err(ApiError::bad_request(format!("container {wanted} is not valid for pod {name}")))
}

/// The id of the instance whose log is meant (`validateContainerLogStatus` of the kubelet).
fn instance(pod: &Value, container: &str, previous: bool) -> Result<String> {
    let name = text(pod, "/metadata/name");
    let statuses = list(pod, "/status/containerStatuses").iter().chain(list(pod, "/status/initContainerStatuses"));
    let subject = format!("container \"{container}\" in pod \"{name}\"");
    let Some(status) = statuses.into_iter().find(|status| text(status, "/name") == container) else {
        return Err(ApiError::bad_request(format!("{subject} is not available")));
    };
    let last = text(status, "/lastState/terminated/containerID");
    if previous {
        if last.is_empty() {
            return Err(ApiError::bad_request(format!("previous terminated {subject} not found")));
        }
        return Ok(last.to_owned());
    }
    if status["state"]["running"].is_object() {
        return Ok(text(status, "/containerID").to_owned());
    }
    let terminated = text(status, "/state/terminated/containerID");
    if !terminated.is_empty() {
        return Ok(terminated.to_owned());
    }
    if !last.is_empty() {
        return Ok(last.to_owned());
    }
    if status["state"]["terminated"].is_object() {
        return Err(ApiError::bad_request(format!("{subject} is terminated")));
    }
    let why = match text(status, "/state/waiting/reason") {
        "ErrImagePull" => "image can't be pulled",
        "ImagePullBackOff" => "trying and failing to pull image",
        reason => reason,
    };
    Err(ApiError::bad_request(format!("{subject} is waiting to start: {why}")))
}

/// The stream with its faults.
struct Stream {
    writer: Writer,
    faults: Vec<Arc<Armed>>,
    sent: usize,
}

/// The stream has ended.
struct Ended;

async fn serve(
    mut stream: Stream,
    mut reader: Reader,
    file: Arc<LogFile>,
    follow: bool,
) -> std::result::Result<(), Ended> {
    let mut growth = file.growth();
    loop {
        growth.borrow_and_update();
        let (bytes, ended) = reader.read(&file);
        stream.send(bytes).await?;
        if ended || !follow {
            return Ok(());
        }
        tokio::select! {
            grown = growth.changed() => grown.map_err(|_| Ended)?,
            () = stream.writer.closed() => return Err(Ended),
        }
    }
}

impl Stream {
    async fn send(&mut self, bytes: Vec<u8>) -> std::result::Result<(), Ended> {
        let mut bytes = Bytes::from(bytes);
        for fault in self.faults.clone() {
            let (at, end) = match fault.fault.effect {
                Effect::CutLog { bytes, clean } => (bytes, if clean { None } else { Some(Err(Cut)) }),
                Effect::StallLog(bytes) => (bytes, None),
                _ => continue,
            };
            if self.sent + bytes.len() < at {
                continue;
            }
            self.chunks(bytes.split_to(at.saturating_sub(self.sent))).await?;
            fault.fire();
            if matches!(fault.fault.effect, Effect::StallLog(_)) {
                self.writer.closed().await;
            }
            if let Some(end) = end {
                // The reader may be gone already.
                let _ = self.writer.send(end).await;
            }
            return Err(Ended);
        }
        self.chunks(bytes).await
    }

    /// The kubelet's stream comes in pieces of 32 KiB at most.
    async fn chunks(&mut self, mut bytes: Bytes) -> std::result::Result<(), Ended> {
        while !bytes.is_empty() {
            let chunk = bytes.split_to(bytes.len().min(32 << 10));
            self.sent += chunk.len();
            self.writer.send(Ok(chunk)).await.map_err(|_| Ended)?;
        }
        Ok(())
    }
}

//! Watch.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::body::{Writer, streamed};
use super::list::version;
use super::{Asked, Body};
use crate::cluster::Cluster;
use crate::fault::{Armed, Effect};
use crate::object::Object;
use crate::resource::Resource;
use crate::selector::Selector;
use crate::status::{ApiError, Cause, Result};
use crate::store::{Change, ChangeKind};

/// How many changes are read under one lock.
const BATCH: usize = 256;

/// How long an event is held back for one that overtakes it.
const HELD: Duration = Duration::from_millis(250);

/// The stream has ended.
struct Ended;

struct Watch {
    cluster: Arc<Cluster>,
    resource: Resource,
    namespace: Option<String>,
    selector: Selector,
    /// Where to begin; `None` for the present state first.
    from: Option<u64>,
    /// Whether the present state ends with an annotated bookmark.
    streaming_list: bool,
    bookmarks: bool,
    until: Instant,
    sink: Sink,
}

/// The stream with its faults.
struct Sink {
    writer: Writer,
    faults: Vec<Arc<Armed>>,
    sent: usize,
    held: Option<Held>,
    /// Whether an event has overtaken another.
    reordered: bool,
}

/// An event that is held back.
struct Held {
    place: (String, String),
    line: Bytes,
    until: Instant,
}

pub(super) fn watch(cluster: &Arc<Cluster>, asked: &Asked, resource: Resource) -> Result<Response<Body>> {
    let query = &asked.query;
    let mut fields = query.text("fieldSelector").to_owned();
    // A watch of one object by its path.
    if !asked.route.name.is_empty() {
        fields = format!("metadata.name={}", asked.route.name);
    }
    let selector = Selector::parse(resource, query.text("labelSelector"), &fields)?;
    let initial = query.get("sendInitialEvents").is_some();
    let matching = query.text("resourceVersionMatch");
    let refused = |why: &str| {
        Err(ApiError::invalid_kind("ListOptions", "meta.k8s.io", "", &[Cause::forbidden("resourceVersionMatch", why)]))
    };
    if initial && matching != "NotOlderThan" {
        return refused("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    if !initial && !matching.is_empty() {
        return refused("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    }
    let streaming_list = query.flag("sendInitialEvents");
    let from = version(query.text("resourceVersion"))?.filter(|_| !streaming_list);
    let (writer, answer) = streamed("application/json");
    let limit = query.number("timeoutSeconds").filter(|seconds| *seconds > 0).unwrap_or(2400);
    let watch = Watch {
        cluster: Arc::clone(cluster),
        resource,
        namespace: Some(asked.route.namespace.clone()).filter(|namespace| !namespace.is_empty()),
        selector,
        from,
        streaming_list,
        bookmarks: query.flag("allowWatchBookmarks"),
        until: Instant::now() + Duration::from_secs(limit),
        sink: Sink { writer, faults: asked.faults.clone(), sent: 0, held: None, reordered: false },
    };
    tokio::spawn(async move {
        // The end of the stream is the client's to notice.
        let _ = watch.run().await;
    });
    Ok(answer)
}

impl Watch {
    async fn run(mut self) -> std::result::Result<(), Ended> {
        let mut changes = self.cluster.changes();
        self.sink.faults().await?;
        let mut cursor = match self.from {
            Some(rv) => self.check(rv).await?,
            None => self.present().await?,
        };
        let mut bookmark = Instant::now() + self.cluster.settings.bookmarks;
        loop {
            changes.borrow_and_update();
            let (now, batch) =
                self.cluster.read(|store| (store.rv(), store.changes_after(self.resource, cursor, BATCH)));
            let batch = match batch {
                Ok(batch) => batch,
                Err(oldest) => return self.sink.error(&ApiError::expired(cursor, oldest)).await,
            };
            if !batch.is_empty() {
                for change in batch {
                    cursor = change.rv;
                    self.change(&change).await?;
                }
                continue;
            }
            cursor = now;
            tokio::select! {
                woken = changes.changed() => woken.map_err(|_| Ended)?,
                () = self.sink.writer.closed() => return Err(Ended),
                () = tokio::time::sleep_until(self.until) => return Ok(()),
                () = self.sink.held_long_enough() => self.sink.release().await?,
                () = tokio::time::sleep_until(bookmark) => {
                    if self.bookmarks {
                        // It says that all before it has been sent.
                        self.sink.release().await?;
                        let line = self.bookmark(cursor, false);
                        self.sink.line(line).await?;
                    }
                    bookmark = Instant::now() + self.cluster.settings.bookmarks;
                }
            }
        }
    }

    /// A version from the future is an error in the stream, as the watch cache sends it.
    async fn check(&mut self, rv: u64) -> std::result::Result<u64, Ended> {
        let now = self.cluster.read(crate::store::Store::rv);
        if rv > now {
            self.sink.error(&ApiError::rv_too_large(rv, now)).await?;
        }
        Ok(rv)
    }

    /// Sends the present state; returns its version.
    async fn present(&mut self) -> std::result::Result<u64, Ended> {
        let (rv, objects) =
            self.cluster.read(|store| (store.rv(), store.all(self.resource, self.namespace.as_deref())));
        for object in objects.iter().filter(|object| self.selector.matches(&object.value)) {
            self.sink.event("ADDED", object).await?;
        }
        if self.streaming_list && self.bookmarks {
            self.sink.release().await?;
            let line = self.bookmark(rv, true);
            self.sink.line(line).await?;
        }
        Ok(rv)
    }

    async fn change(&mut self, change: &Change) -> std::result::Result<(), Ended> {
        if self.namespace.as_deref().is_some_and(|namespace| namespace != change.object.namespace()) {
            return Ok(());
        }
        let before = change.before.as_ref().is_some_and(|before| self.selector.matches(&before.value));
        let after = change.kind != ChangeKind::Deleted && self.selector.matches(&change.object.value);
        let kind = match (before, after) {
            (false, false) => return Ok(()),
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
        };
        self.sink.event(kind, &change.object).await
    }

    fn bookmark(&self, rv: u64, initial_end: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": rv.to_string(), "creationTimestamp": null});
        if initial_end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let kind = self.resource.kind();
        let object = json!({"kind": kind, "apiVersion": self.resource.api_version(), "metadata": metadata});
        line("BOOKMARK", &object)
    }
}

fn line(kind: &str, object: &Value) -> Bytes {
    Bytes::from(format!("{{\"type\":\"{kind}\",\"object\":{object}}}\n"))
}

impl Sink {
    async fn line(&mut self, line: Bytes) -> std::result::Result<(), Ended> {
        self.writer.send(Ok(line)).await.map_err(|_| Ended)
    }

    /// Sends what a fault held back.
    async fn release(&mut self) -> std::result::Result<(), Ended> {
        match self.held.take() {
            Some(Held { line, .. }) => self.line(line).await,
            None => Ok(()),
        }
    }

    /// Waits until what is held back is to be sent in any case; for ever where nothing is.
    async fn held_long_enough(&self) {
        match &self.held {
            Some(Held { until, .. }) => tokio::time::sleep_until(*until).await,
            None => std::future::pending().await,
        }
    }

    async fn error(&mut self, error: &ApiError) -> std::result::Result<(), Ended> {
        self.line(line("ERROR", &error.body())).await?;
        Err(Ended)
    }

    async fn event(&mut self, kind: &str, object: &Arc<Object>) -> std::result::Result<(), Ended> {
        let head = format!("{{\"type\":\"{kind}\",\"object\":");
        let line = Bytes::from([head.as_bytes(), &object.json(), b"}\n"].concat());
        let place = (object.namespace().to_owned(), object.name().to_owned());
        self.sent += 1;
        let nth = self.sent;
        // The order of one object's events is never changed: a real server keeps it.
        if self.held.as_ref().is_some_and(|held| held.place == place) {
            self.release().await?;
        }
        let mut twice = false;
        for fault in self.faults.clone() {
            match fault.fault.effect {
                Effect::DuplicateEvent(at) if at == nth => {
                    fault.fire();
                    twice = true;
                }
                Effect::ReorderEvents(_) if self.held.is_some() => {
                    fault.fire();
                    self.reordered = true;
                }
                Effect::ReorderEvents(at) if at <= nth && !self.reordered => {
                    self.held = Some(Held { place, line, until: Instant::now() + HELD });
                    return self.faults().await;
                }
                _ => {}
            }
        }
        self.line(line.clone()).await?;
        if twice {
            self.line(line).await?;
        }
        self.release().await?;
        self.faults().await
    }

    /// The faults that come after the events sent so far.
    async fn faults(&mut self) -> std::result::Result<(), Ended> {
        for fault in self.faults.clone() {
            match fault.fault.effect {
                Effect::CutWatch(at) if at == self.sent => {
                    fault.fire();
                    return Err(Ended);
                }
                Effect::GoneInStream(at) if at == self.sent => {
                    fault.fire();
                    let message = "The resourceVersion for the provided watch is too old.";
                    return self.error(&ApiError::new(410, "Expired", message)).await;
                }
                Effect::StallWatch(at) if at == self.sent => {
                    fault.fire();
                    self.writer.closed().await;
                    return Err(Ended);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

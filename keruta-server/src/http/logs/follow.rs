//! A log as server-sent events.
//!
//! Each line is an event, a [`keruta_api::LogRecord`] as JSON, whose id is the place behind it: a client that was cut sends the
//! last one as `Last-Event-ID` and misses and doubles nothing. The last event is an `end` with the task's status.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::stream::unfold;
use http::{HeaderName, HeaderValue, header};
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::LogsState;
use super::parameters::FollowFrom;
use crate::http::ApiError;
use crate::log::{Chunk, Places, Renderer};
use crate::store::logs::{Batch, Follow, Item, LogError, LogQuery, News, Rendered, Start};

/// How often a line without meaning keeps the connection open.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How much is written at once: what a slow client keeps in memory.
const PIECE: usize = 64 << 10;
/// How often in a row the database may fail.
const FAILURES: u32 = 5;

pub(super) async fn follow(state: LogsState, query: LogQuery, from: FollowFrom) -> Result<Response, ApiError> {
    let (items, before, places) = match from {
        FollowFrom::Place(places) => (Vec::new(), Places::default(), places),
        FollowFrom::Tail(lines) => {
            let page = state.logs.page(&query, Start::Tail, lines).await?;
            let before = page.previous.map(|place| place.places).unwrap_or_default();
            (page.items, before, page.end)
        }
    };
    let follow = state.logs.follow(query, places.clone());
    let mut events = Events { follow, sent: places, news: None, renderer: Renderer::default(), failures: 0 };
    if !items.is_empty() {
        // Their places are counted up from the first.
        events.news = Some((News::Items(items), 0, events.sent));
        events.sent = before;
    }
    let events = unfold(Some(events), async |events| {
        let mut events = events?;
        let (piece, ended) = events.next().await;
        Some((Ok::<_, LogError>(piece), (!ended).then_some(events)))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A proxy that collects an answer would hold back lines.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

struct Events {
    follow: Follow,
    /// The place behind what was sent.
    sent: Places,
    /// What is being sent, how much of it was, and the place behind it.
    news: Option<(News, usize, Places)>,
    renderer: Renderer,
    failures: u32,
}

impl Events {
    /// The next piece of the answer, and whether it is the last.
    async fn next(&mut self) -> (Bytes, bool) {
        loop {
            if let Some((news, sent, end)) = self.news.take() {
                return self.piece(news, sent, end);
            }
            match timeout(HEARTBEAT, self.follow.next()).await {
                Err(_) => return (Bytes::from_static(b": \n\n"), false),
                Ok(Ok(news)) => {
                    self.failures = 0;
                    self.news = Some((news, 0, self.follow.places().clone()));
                }
                Ok(Err(error)) => {
                    self.failures += 1;
                    warn!(error = &error as &dyn std::error::Error, "a log cannot be followed");
                    if self.failures == FAILURES {
                        // The client comes back with the last id.
                        return (Bytes::new(), true);
                    }
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    fn piece(&mut self, news: News, sent: usize, end: Places) -> (Bytes, bool) {
        let mut out = Vec::with_capacity(PIECE + PIECE / 4);
        let next = match &news {
            News::Items(items) => self.items(&mut out, items, sent),
            News::Batch(batch) => self.shared(&mut out, batch, sent),
            News::Picked { batch, picked } => self.picked(&mut out, batch, picked, sent),
            News::Ended(status) => {
                let status = status.map_or("", |status| status.as_str());
                out.extend_from_slice(
                    format!("event: end\nid: {end}\ndata: {{\"status\":\"{status}\"}}\n\n").as_bytes(),
                );
                return (out.into(), true);
            }
        };
        match next {
            Some(next) => self.news = Some((news, next, end)),
            // Lines that were not wanted are behind the client, too.
            None => self.sent = end,
        }
        (out.into(), false)
    }

    fn items(&mut self, out: &mut Vec<u8>, items: &[Item], sent: usize) -> Option<usize> {
        let mut id: Option<Id> = None;
        for (at, item) in items.iter().enumerate().skip(sent) {
            if out.len() >= PIECE {
                return Some(at);
            }
            let Some(entry) = item.entry() else { continue };
            let id = match &mut id {
                Some(id) if id.log == item.source.id => id,
                other => other.insert(Id::new(&self.sent, item.source.id)),
            };
            id.write(out, item.place() + 1);
            self.renderer.json(out, item.source.id, &item.source.source, &entry);
            out.extend_from_slice(b"\n\n");
            self.sent.set(item.source.id, item.place() + 1);
        }
        None
    }

    fn shared(&mut self, out: &mut Vec<u8>, batch: &Batch, sent: usize) -> Option<usize> {
        let Rendered { text, ends } = batch.rendered(|chunk| rendered(batch, chunk))?;
        let id = Id::new(&self.sent, batch.log());
        for (at, end) in ends.iter().enumerate().skip(sent) {
            if out.len() >= PIECE {
                return Some(at);
            }
            let start = if at == 0 { 0 } else { ends.get(at - 1).copied().unwrap_or_default() };
            let place = batch.first_entry() + at as u64 + 1;
            id.write(out, place);
            out.extend_from_slice(text.get(start..*end).unwrap_or_default());
            self.sent.set(batch.log(), place);
        }
        None
    }

    fn picked(&mut self, out: &mut Vec<u8>, batch: &Batch, picked: &[usize], sent: usize) -> Option<usize> {
        let chunk = batch.chunk()?;
        let id = Id::new(&self.sent, batch.log());
        for (at, index) in picked.iter().enumerate().skip(sent) {
            if out.len() >= PIECE {
                return Some(at);
            }
            let Some(entry) = chunk.get(*index) else { continue };
            let place = batch.first_entry() + *index as u64 + 1;
            id.write(out, place);
            self.renderer.json(out, batch.log(), batch.source(), &entry);
            out.extend_from_slice(b"\n\n");
            self.sent.set(batch.log(), place);
        }
        None
    }
}

/// The part of each event that is the same for all followers.
fn rendered(batch: &Batch, chunk: &Chunk) -> Rendered {
    let (mut renderer, mut text, mut ends) = (Renderer::default(), Vec::new(), Vec::with_capacity(chunk.len()));
    for entry in chunk.iter() {
        renderer.json(&mut text, batch.log(), batch.source(), &entry);
        text.extend_from_slice(b"\n\n");
        ends.push(text.len());
    }
    Rendered { text: text.into(), ends }
}

/// The id of an event: a place that differs from the last in one log alone.
struct Id {
    log: i64,
    front: String,
    back: String,
}

impl Id {
    fn new(places: &Places, log: i64) -> Self {
        let mut front = String::from("id: ");
        let mut back = String::new();
        for (other, entries) in places.iter() {
            match other.cmp(&log) {
                Ordering::Less => _ = write!(front, "{other:x}-{entries:x}."),
                Ordering::Equal => {}
                Ordering::Greater => _ = write!(back, ".{other:x}-{entries:x}"),
            }
        }
        // Writing to memory does not fail.
        let _ = write!(front, "{log:x}-");
        back.push_str("\ndata: ");
        Self { log, front, back }
    }

    fn write(&self, out: &mut Vec<u8>, place: u64) {
        out.extend_from_slice(self.front.as_bytes());
        // Hexadecimal, without a detour through a text.
        let digits = 16 - (place.leading_zeros() / 4).min(15);
        for digit in (0..digits).rev() {
            let nibble = place >> (digit * 4) & 0xf;
            out.push(b"0123456789abcdef"[usize::try_from(nibble).unwrap_or_default()]);
        }
        out.extend_from_slice(self.back.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_is_a_place(logs in proptest::collection::btree_map(1..99_i64, 1..i64::MAX, 0..5), log in 1..99_i64, place in 1..i64::MAX) {
            let mut places = Places::default();
            for (log, entries) in logs {
                places.set(log, entries.cast_unsigned());
            }
            let mut out = Vec::new();
            Id::new(&places, log).write(&mut out, place.cast_unsigned());
            places.set(log, place.cast_unsigned());
            prop_assert_eq!(String::from_utf8(out).unwrap(), format!("id: {places}\ndata: "));
        }
    }
}

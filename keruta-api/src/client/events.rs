//! Server-sent events ([HTML](https://html.spec.whatwg.org/multipage/server-sent-events.html)). Pure.

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Event {
    pub(super) kind: String,
    pub(super) id: Option<String>,
    pub(super) data: String,
}

/// Reads events from pieces that are cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// What has no line feed behind it yet.
    rest: Vec<u8>,
    event: Event,
    has_data: bool,
}

impl Events {
    /// The events that end in this piece.
    pub(super) fn read(&mut self, piece: &[u8]) -> Vec<Event> {
        self.rest.extend_from_slice(piece);
        let mut events = Vec::new();
        let mut begin = 0;
        while let Some(length) = self.rest.get(begin..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) {
            let line = self.rest.get(begin..begin + length).unwrap_or_default();
            let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
            begin += length + 1;
            events.extend(self.line(&line));
        }
        self.rest.drain(..begin);
        events
    }

    /// How much is kept of an event that has not ended.
    pub(super) fn kept(&self) -> usize {
        self.rest.len() + self.event.data.len()
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.event.kind),
            "id" => self.event.id = Some(value.to_owned()),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            // A comment, or what is none of ours.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str =
        ": \n\nid: 1-2\ndata: {\"a\":\"é\"}\n\r\nevent: end\nid: 1-3\r\ndata: x\ndata:y\n\nid: 9\n\ndata: cut";

    #[test]
    fn pieces_may_be_cut_anywhere() {
        let expected = [
            Event { kind: String::new(), id: Some("1-2".to_owned()), data: "{\"a\":\"é\"}".to_owned() },
            Event { kind: "end".to_owned(), id: Some("1-3".to_owned()), data: "x\ny".to_owned() },
        ];
        for size in 1..STREAM.len() {
            let mut reader = Events::default();
            let read: Vec<Event> = STREAM.as_bytes().chunks(size).flat_map(|piece| reader.read(piece)).collect();
            assert_eq!(read, expected, "{size}");
            assert_eq!(reader.kept(), "data: cut".len());
        }
    }
}

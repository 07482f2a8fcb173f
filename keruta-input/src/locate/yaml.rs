//! Places in YAML, from the events of its parser.

use std::ops::Range;

use keruta_manifest::problem::Segment;
use saphyr_parser::{Event, Parser, Span, StrInput};

use super::Found;

pub(super) fn locate(text: &str, path: &[Segment]) -> Option<Found> {
    let mut walk = Walk { text, parser: Parser::new_from_str(text) };
    loop {
        let (event, span) = walk.next()?;
        if !matches!(event, Event::StreamStart | Event::DocumentStart(_)) {
            return walk.node(&event, span, path, None, 0);
        }
    }
}

/// The first key that its mapping has already.
pub(crate) fn duplicate(text: &str) -> Option<Range<usize>> {
    let mut walk = Walk { text, parser: Parser::new_from_str(text) };
    // For each open collection its keys, or nothing for a sequence, and whether a key comes next.
    let mut open: Vec<(Option<Vec<String>>, bool)> = Vec::new();
    loop {
        let (event, span) = walk.next()?;
        if matches!(event, Event::SequenceEnd | Event::MappingEnd) {
            open.pop();
            continue;
        }
        if let Some((Some(keys), key_is_next)) = open.last_mut() {
            let is_key = std::mem::replace(key_is_next, !*key_is_next);
            if let (true, Event::Scalar(key, ..)) = (is_key, &event) {
                if keys.iter().any(|known| known == key) {
                    return Some(walk.bytes(span));
                }
                keys.push(key.to_string());
            }
        }
        match event {
            Event::MappingStart(..) => open.push((Some(Vec::new()), true)),
            Event::SequenceStart(..) => open.push((None, false)),
            Event::StreamEnd => return None,
            _ => {}
        }
    }
}

struct Walk<'t> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
}

impl<'t> Walk<'t> {
    fn next(&mut self) -> Option<(Event<'t>, Span)> {
        self.parser.next_event()?.ok()
    }

    /// The place of `path` within the node that begins with `event`.
    fn node(
        &mut self,
        event: &Event<'t>,
        span: Span,
        path: &[Segment],
        key: Option<Range<usize>>,
        depth: usize,
    ) -> Option<Found> {
        let here = Found { value: self.bytes(span), key, depth };
        let Some((wanted, rest)) = path.split_first() else { return Some(here) };
        match (event, wanted) {
            (Event::SequenceStart(..), Segment::Index(index)) => {
                for position in 0.. {
                    let (event, span) = self.next()?;
                    if matches!(event, Event::SequenceEnd) {
                        break;
                    }
                    if position == *index {
                        return self.node(&event, span, rest, None, depth + 1);
                    }
                    self.skip(&event)?;
                }
            }
            (Event::MappingStart(..), Segment::Key(wanted)) => loop {
                let (event, key_span) = self.next()?;
                if matches!(event, Event::MappingEnd) {
                    break;
                }
                let is_wanted = matches!(&event, Event::Scalar(key, ..) if key == wanted);
                self.skip(&event)?;
                let (event, span) = self.next()?;
                if is_wanted {
                    let key = self.bytes(key_span);
                    return self.node(&event, span, rest, Some(key), depth + 1);
                }
                self.skip(&event)?;
            },
            _ => {}
        }
        Some(here)
    }

    /// Passes over the rest of the node that begins with `event`.
    fn skip(&mut self, event: &Event<'t>) -> Option<()> {
        let mut open = usize::from(opens(event));
        while open > 0 {
            let (event, _) = self.next()?;
            open += usize::from(opens(&event));
            open -= usize::from(matches!(event, Event::SequenceEnd | Event::MappingEnd));
        }
        Some(())
    }

    /// The parser counts characters.
    fn bytes(&self, span: Span) -> Range<usize> {
        let byte = |character: usize| self.text.char_indices().nth(character).map_or(self.text.len(), |(byte, _)| byte);
        byte(span.start.index())..byte(span.end.index())
    }
}

const fn opens(event: &Event<'_>) -> bool {
    matches!(event, Event::SequenceStart(..) | Event::MappingStart(..))
}

//! What a query of a log may say.

use std::ops::RangeInclusive;
use std::sync::Arc;

use http::HeaderMap;
use http::header::ACCEPT;
use jiff::{SignedDuration, Timestamp};
use keruta_api::FieldProblem;
use serde::{Deserialize, Serialize};

use crate::http::ApiError;
use crate::log::{Direction, LineFilter, Place, Places, TextFilter, nanoseconds};
use crate::problem::field;
use crate::store::logs::{LogQuery, Start};

/// How many entries a page has where nothing is said, and at most.
const LIMIT: (usize, usize) = (1000, 10_000);

/// Which lines, from where, how many, in which form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LogParameters {
    /// Of this attempt alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<u32>, minimum = 1)]
    pub attempt: Option<String>,
    /// Of these containers alone; may be given several times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub container: Vec<String>,
    /// Of one run of a container alone: a `source` of the summary.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<i64>)]
    pub source: Option<String>,
    /// `WARN` for it and what is graver, `=WARN` for it alone, `INFO,ERROR` for these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Lines that contain this text; without regard to case unless it has an upper-case letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Lines that this regular expression matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// Lines from this time on: RFC 3339, or so long ago: `15m`, `2h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Lines before this time: RFC 3339, or so long ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The last lines, so many of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<u32>, minimum = 0, maximum = 10000)]
    pub tail: Option<String>,
    /// At most so many lines, and a cursor for the next ones. Without it the whole log comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10000)]
    pub limit: Option<String>,
    /// Where the page begins, from another page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// A page that begins at this line of a log; needs `source`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<u64>, minimum = 1)]
    pub line: Option<String>,
    /// So many lines before `line` as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<u64>, minimum = 0)]
    pub before: Option<String>,
    /// A page that begins behind so many entries of a log; needs `source`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<u64>, minimum = 0)]
    pub entry: Option<String>,
    /// A page that begins behind so many of the entries that are wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<u64>, minimum = 0)]
    pub skip: Option<String>,
    /// Lines as server-sent events, also those that are yet to come, until the task has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<bool>)]
    pub follow: Option<String>,
    /// `text`, `raw` (the messages alone), `ndjson` or `json` (a page with cursors); else as `Accept` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Whether a browser is to save it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<bool>)]
    pub download: Option<String>,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A line of text an entry.
    Text,
    /// The messages alone.
    Raw,
    /// A JSON object a line.
    Ndjson,
    /// A page.
    Json,
}

/// How much is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// A page.
    Page(Start, usize),
    /// All of it behind a place, and what comes.
    Follow(FollowFrom),
}

/// Where to begin to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FollowFrom {
    /// At a place.
    Place(Places),
    /// With the last lines.
    Tail(usize),
}

/// A query that was understood.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) query: LogQuery,
    pub(super) extent: Extent,
    pub(super) format: Format,
    pub(super) download: bool,
    /// It with times instead of "so long ago", for links to other pages.
    pub(super) fixed: LogParameters,
}

impl LogParameters {
    /// Understands them, or says all that is wrong.
    pub(super) fn understand(self, task: &str, headers: &HeaderMap, now: Timestamp) -> Result<Wanted, ApiError> {
        let mut wrong = Wrong(Vec::new());
        let attempt = wrong.number("attempt", self.attempt.as_deref(), 1..=u32::MAX);
        let source = wrong.number("source", self.source.as_deref(), 1..=i64::MAX);
        let limit = wrong.number("limit", self.limit.as_deref(), 1..=LIMIT.1);
        let tail = wrong.number("tail", self.tail.as_deref(), 0..=LIMIT.1);
        let line = wrong.number("line", self.line.as_deref(), 1..=u64::from(u32::MAX) << 16);
        let entry = wrong.number("entry", self.entry.as_deref(), 0..=u64::MAX >> 1);
        let skip = wrong.number("skip", self.skip.as_deref(), 0..=u64::MAX >> 1);
        let before = wrong.number("before", self.before.as_deref(), 0..=LIMIT.1 as u64).unwrap_or_default();
        let since = wrong.time("since", self.since.as_deref(), now);
        let until = wrong.time("until", self.until.as_deref(), now);
        let levels = wrong.parsed("level", self.level.as_deref(), str::parse);
        let texts = [
            wrong.parsed("q", self.q.as_deref(), TextFilter::keyword),
            wrong.parsed("regex", self.regex.as_deref(), TextFilter::regex),
        ];
        let place: Option<Place> = wrong.parsed("cursor", self.cursor.as_deref(), str::parse);
        let last_event = headers.get("last-event-id").map(|id| id.to_str().unwrap_or("?"));
        let last_event: Option<Places> =
            wrong.parsed("Last-Event-ID", last_event.filter(|id| !id.is_empty()), str::parse);
        let follow = wrong.flag("follow", self.follow.as_deref());
        let download = wrong.flag("download", self.download.as_deref());
        let format = wrong.format(self.format.as_deref(), headers);

        let starts = [
            ("tail", tail.is_some()),
            ("cursor", place.is_some()),
            ("line", line.is_some()),
            ("entry", entry.is_some()),
            ("skip", skip.is_some()),
        ];
        if let [_, (second, _), ..] = starts.iter().filter(|(_, given)| *given).collect::<Vec<_>>()[..] {
            wrong.say(second, "cannot be combined with another start: give one of tail, cursor, line, entry and skip");
        }
        for (name, given) in [("line", line.is_some()), ("entry", entry.is_some())] {
            if given && self.source.is_none() {
                wrong.say(name, "counts in one log: give its source as well");
            }
        }
        for (name, given) in [("line", line.is_some()), ("entry", entry.is_some()), ("skip", skip.is_some())] {
            if follow && given {
                wrong.say(name, "cannot be followed: give a cursor or tail");
            }
        }
        if follow && place.as_ref().is_some_and(|place| place.direction == Direction::Backward) {
            wrong.say("cursor", "leads backwards: follow from nextCursor or endCursor");
        }
        wrong.done()?;

        let filter = LineFilter {
            levels: levels.unwrap_or(LineFilter::default().levels),
            since: since.map(nanoseconds),
            until: until.map(nanoseconds),
            texts: texts.into_iter().flatten().collect(),
        };
        let count = limit.unwrap_or(LIMIT.0);
        let extent = match (follow, tail, place, line) {
            (true, tail, place, _) => Extent::Follow(match (last_event, tail, place) {
                (Some(places), ..) => FollowFrom::Place(places),
                (None, Some(tail), _) => FollowFrom::Tail(tail),
                (None, None, place) => FollowFrom::Place(place.map(|place| place.places).unwrap_or_default()),
            }),
            (_, Some(tail), ..) => Extent::Page(Start::Tail, tail),
            (_, _, Some(place), _) => Extent::Page(place.into(), count),
            (_, _, _, Some(line)) => Extent::Page(Start::Line { line, before }, count),
            _ if entry.is_some() => Extent::Page(Start::Entry(entry.unwrap_or_default()), count),
            _ if skip.is_some() => Extent::Page(Start::Skip(skip.unwrap_or_default()), count),
            _ if limit.is_some() || format == Format::Json => Extent::Page(Start::First, count),
            _ => Extent::Whole,
        };
        let query = LogQuery {
            task: task.to_owned(),
            attempt,
            containers: self.container.clone(),
            source,
            filter: Arc::new(filter),
        };
        let fixed = Self {
            since: since.map(|time| time.to_string()),
            until: until.map(|time| time.to_string()),
            limit: Some(limit.or(tail).unwrap_or(LIMIT.0).max(1).to_string()),
            tail: None,
            cursor: None,
            line: None,
            before: None,
            entry: None,
            skip: None,
            ..self
        };
        Ok(Wanted { query, extent, format, download, fixed })
    }
}

/// Everything that is wrong, told at once.
struct Wrong(Vec<FieldProblem>);

impl Wrong {
    fn say(&mut self, name: &str, detail: impl Into<String>) {
        self.0.push(field(name, detail, None));
    }

    fn done(self) -> Result<(), ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::Parameters(self.0)) }
    }

    fn parsed<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        text: Option<&str>,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        parse(text?).map_err(|error| self.say(name, error.to_string())).ok()
    }

    fn number<N>(&mut self, name: &str, text: Option<&str>, range: RangeInclusive<N>) -> Option<N>
    where
        N: std::str::FromStr + PartialOrd + std::fmt::Display,
    {
        self.parsed(name, text, |text| {
            let number = text.parse().ok().filter(|number| range.contains(number));
            number.ok_or_else(|| format!("is not a whole number from {} to {}", range.start(), range.end()))
        })
    }

    fn time(&mut self, name: &str, text: Option<&str>, now: Timestamp) -> Option<Timestamp> {
        self.parsed(name, text, |text| {
            if let Ok(time) = text.parse::<Timestamp>() {
                return Ok(time);
            }
            let ago = text.parse::<SignedDuration>().ok().filter(|ago| !ago.is_negative());
            ago.and_then(|ago| now.checked_sub(ago).ok())
                .ok_or("is neither a time (2026-11-30T10:00:00Z) nor a duration before now (15m, 2h)")
        })
    }

    fn flag(&mut self, name: &str, text: Option<&str>) -> bool {
        let flag = self.parsed(name, text, |text| match text {
            "true" | "1" | "" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err("is neither true nor false"),
        });
        flag.unwrap_or_default()
    }

    fn format(&mut self, text: Option<&str>, headers: &HeaderMap) -> Format {
        let given = self.parsed("format", text, |text| match text {
            "text" => Ok(Format::Text),
            "raw" => Ok(Format::Raw),
            "ndjson" => Ok(Format::Ndjson),
            "json" => Ok(Format::Json),
            _ => Err("is none of text, raw, ndjson and json"),
        });
        given.unwrap_or_else(|| accepted(headers))
    }
}

/// The form that a client likes best; text where it does not say.
fn accepted(headers: &HeaderMap) -> Format {
    let mut best = (Format::Text, 0);
    for part in headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','))
    {
        let mut parts = part.split(';').map(str::trim);
        let format = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "text/plain" | "text/*" => Format::Text,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Format::Ndjson,
            "application/json" => Format::Json,
            _ => continue,
        };
        // In thousandths, as HTTP has them.
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |text| text.parse::<f32>().ok());
        let quality = (quality.unwrap_or(0.0).clamp(0.0, 1.0) * 1000.0).round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 1000")]
        let quality = quality as u16;
        if quality > best.1 {
            best = (format, quality);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn understand(query: &str) -> Result<Wanted, Vec<String>> {
        let parameters: LogParameters = serde_html_form::from_str(query).unwrap();
        let now = "2026-11-30T10:00:00Z".parse().unwrap();
        parameters.understand("a", &HeaderMap::new(), now).map_err(|error| match error {
            ApiError::Parameters(errors) => errors.into_iter().map(|error| error.pointer).collect(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let wrong = understand(
            "attempt=0&source=x&level=FATAL&regex=(&since=yesterday&tail=-1&limit=10001&cursor=x&follow=maybe&format=xml",
        );
        let all = ["attempt", "source", "limit", "tail", "since", "level", "regex", "cursor", "follow", "format"];
        assert_eq!(wrong.unwrap_err(), all);
        for (query, name) in [
            ("tail=1&cursor=n", "cursor"),
            ("line=1", "line"),
            ("line=1&source=1&tail=3", "line"),
            ("entry=1", "entry"),
            ("entry=1&source=1&skip=3", "skip"),
            ("follow=true&skip=3", "skip"),
            ("follow=true&cursor=p1-1", "cursor"),
            ("q=", "q"),
        ] {
            assert_eq!(understand(query).unwrap_err(), [name], "{query}");
        }
    }

    #[test]
    fn what_is_wanted() {
        assert_eq!(understand("").unwrap().extent, Extent::Whole);
        assert_eq!(understand("tail=5").unwrap().extent, Extent::Page(Start::Tail, 5));
        assert_eq!(understand("limit=7").unwrap().extent, Extent::Page(Start::First, 7));
        assert_eq!(understand("format=json").unwrap().extent, Extent::Page(Start::First, 1000));
        assert_eq!(understand("follow&tail=5").unwrap().extent, Extent::Follow(FollowFrom::Tail(5)));
        assert_eq!(understand("source=4&entry=9").unwrap().extent, Extent::Page(Start::Entry(9), 1000));
        assert_eq!(understand("skip=9&limit=2").unwrap().extent, Extent::Page(Start::Skip(9), 2));
        let window = Extent::Page(Start::Line { line: 9, before: 2 }, 1000);
        assert_eq!(understand("source=4&line=9&before=2").unwrap().extent, window);
        let wanted = understand("container=a&container=b&since=90m&level=warn&limit=3").unwrap();
        assert_eq!(wanted.query.containers, ["a", "b"]);
        assert_eq!(wanted.fixed.since.as_deref(), Some("2026-11-30T08:30:00Z"));
        assert_eq!(wanted.query.filter.since, Some(nanoseconds("2026-11-30T08:30:00Z".parse().unwrap())));
    }

    #[test]
    fn the_form_is_what_is_accepted() {
        for (accept, format) in [
            ("*/*", Format::Text),
            ("application/x-ndjson", Format::Ndjson),
            ("text/html, application/json;q=0.9, text/plain;q=0.5", Format::Json),
            ("application/json;q=0.1, text/plain", Format::Text),
            ("image/png", Format::Text),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(accepted(&headers), format, "{accept}");
        }
    }
}

//! Links to the pages before and behind one ([RFC 8288](https://www.rfc-editor.org/rfc/rfc8288)).

use http::HeaderValue;

use super::LogParameters;
use crate::log::Place;
use crate::store::logs::Page;

/// The `Link` header of a page; `None` where it is the only one.
pub(super) fn links(path: &str, fixed: &LogParameters, page: &Page) -> Option<HeaderValue> {
    let link = |place: &Place, relation: &str| {
        let parameters = LogParameters { cursor: Some(place.to_string()), ..fixed.clone() };
        let query = serde_html_form::to_string(&parameters).ok()?;
        Some(format!("<{path}?{query}>; rel=\"{relation}\""))
    };
    let next = page.next.as_ref().and_then(|place| link(place, "next"));
    let previous = page.previous.as_ref().and_then(|place| link(place, "prev"));
    let links: Vec<_> = next.into_iter().chain(previous).collect();
    if links.is_empty() { None } else { HeaderValue::try_from(links.join(", ")).ok() }
}

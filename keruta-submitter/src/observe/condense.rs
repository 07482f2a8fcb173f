//! Texts, cut to what is worth keeping.

/// How many bytes of a message of Kubernetes are kept, from its beginning.
pub(super) const MESSAGE: usize = 512;

/// How many bytes of a termination message are kept, from its end: the last lines are those that tell.
/// The kubelet keeps at most 4,096, and 2,048 from a log.
/// [Source](https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/).
pub(super) const TERMINATION_MESSAGE: usize = 1024;

/// The text, if it is not empty.
pub(super) fn text(text: Option<&str>) -> Option<Box<str>> {
    text.filter(|text| !text.is_empty()).map(Box::from)
}

/// The text's first bytes, cut at a character's boundary, with a mark.
pub(super) fn head(text: Option<&str>, limit: usize) -> Option<Box<str>> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    if text.len() <= limit {
        return Some(text.into());
    }
    let end = (0..=limit).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    Some(format!("{}…", text.get(..end).unwrap_or_default()).into())
}

/// The text's last bytes, cut at a character's boundary, with a mark.
pub(super) fn tail(text: Option<&str>, limit: usize) -> Option<Box<str>> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    if text.len() <= limit {
        return Some(text.into());
    }
    let start = (text.len() - limit..=text.len()).find(|&start| text.is_char_boundary(start)).unwrap_or(text.len());
    Some(format!("…{}", text.get(start..).unwrap_or_default()).into())
}

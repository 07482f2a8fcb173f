//! Lists a page at a time, by a cursor that is the key of the last row.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keruta_api::Page;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};

/// How many rows a page has: 50 where nothing is said, at most 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    /// The most that is given.
    pub const MOST: u32 = 200;

    /// The number of rows on a page.
    #[must_use]
    pub const fn rows(self) -> u32 {
        self.0
    }

    /// The number to ask the store for: one more than the page has tells whether there is a next page.
    #[must_use]
    pub const fn and_one(self) -> i64 {
        self.0 as i64 + 1
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            limit @ 1..=Self::MOST => Ok(Self(limit)),
            other => Err(D::Error::custom(format_args!("{other} is not between 1 and {}", Self::MOST))),
        }
    }
}

/// Where a page begins: behind the row of this key. Opaque on the wire.
///
/// ```
/// use keruta_server::http::Cursor;
///
/// let text = Cursor((17_i64, "task-1".to_owned())).to_string();
/// let back: Cursor<(i64, String)> = serde_json::from_value(text.into()).unwrap();
/// assert_eq!(back.0, (17, "task-1".to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor<K>(pub K);

impl<K: Serialize> fmt::Display for Cursor<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = serde_json::to_vec(&self.0).map_err(|_| fmt::Error)?;
        f.write_str(&URL_SAFE_NO_PAD.encode(key))
    }
}

impl<'de, K: DeserializeOwned> Deserialize<'de> for Cursor<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let foreign =
            || D::Error::custom("is no cursor of this list: give back nextCursor of the page before, as it was");
        let key = URL_SAFE_NO_PAD.decode(text).map_err(|_| foreign())?;
        let key = serde_json::from_slice(&key).map_err(|_| foreign())?;
        // A NUL is in no key, and PostgreSQL takes none.
        if text_has_nul(&key) {
            return Err(foreign());
        }
        serde_json::from_value(key).map(Self).map_err(|_| foreign())
    }
}

fn text_has_nul(key: &serde_json::Value) -> bool {
    match key {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(text_has_nul),
        serde_json::Value::Object(object) => {
            object.iter().any(|(key, value)| key.contains('\0') || text_has_nul(value))
        }
        _ => false,
    }
}

/// A page from rows of which one more was asked for.
pub fn page<R, T: From<R>, K: Serialize>(mut rows: Vec<R>, limit: Limit, key: impl Fn(&R) -> K) -> Page<T> {
    let full = usize::try_from(limit.0).unwrap_or(usize::MAX);
    let more = rows.len() > full;
    rows.truncate(full);
    let next_cursor = rows.last().filter(|_| more).map(|row| Cursor(key(row)).to_string());
    Page { items: rows.into_iter().map(T::from).collect(), next_cursor }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_has_no_cursor() {
        let two = Limit(2);
        let first: Page<i64> = page(vec![5, 4, 3], two, |row| *row);
        assert_eq!(first.items, [5, 4]);
        let cursor: Cursor<i64> = serde_json::from_value(first.next_cursor.unwrap().into()).unwrap();
        assert_eq!(cursor.0, 4);
        assert_eq!(page::<i64, i64, i64>(vec![3, 2], two, |row| *row).next_cursor, None);
        assert_eq!(page::<i64, i64, i64>(vec![], two, |row| *row).next_cursor, None);
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
        for bad in ["", "x", "!!", &encoded("{"), &encoded("\"5\""), &encoded("[5]")] {
            assert!(serde_json::from_value::<Cursor<i64>>(bad.to_owned().into()).is_err(), "{bad}");
        }
        assert!(serde_json::from_value::<Cursor<String>>(encoded("\"a\\u0000\"").into()).is_err());
        for bad in [0, 201] {
            assert!(serde_json::from_value::<Limit>(bad.into()).is_err());
        }
    }
}

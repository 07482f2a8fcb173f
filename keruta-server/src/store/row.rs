//! From columns to values, and back.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::StoreError;

/// The rows of one table, read by column name.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) table: &'static str,
    pub(super) row: &'a AnyRow,
}

impl Columns<'_> {
    pub(super) fn text(self, column: &'static str) -> Result<String, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(super) fn text_if_any(self, column: &'static str) -> Result<Option<String>, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(super) fn integer(self, column: &'static str) -> Result<i64, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    pub(super) fn integer_if_any(self, column: &'static str) -> Result<Option<i64>, StoreError> {
        Ok(self.row.try_get(column)?)
    }

    /// An integer that fits into a smaller type.
    pub(super) fn number<N: TryFrom<i64>>(self, column: &'static str) -> Result<N, StoreError> {
        let integer = self.integer(column)?;
        N::try_from(integer).map_err(|_| self.corrupt(column, format!("{integer} is out of range")))
    }

    pub(super) fn time(self, column: &'static str) -> Result<Timestamp, StoreError> {
        from_micros(self.integer(column)?).map_err(|why| self.corrupt(column, why))
    }

    pub(super) fn time_if_any(self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        self.integer_if_any(column)?.map(from_micros).transpose().map_err(|why| self.corrupt(column, why))
    }

    /// A word of a fixed list.
    pub(super) fn word<W>(self, column: &'static str) -> Result<W, StoreError>
    where
        W: std::str::FromStr<Err: std::fmt::Display>,
    {
        let word = self.text(column)?;
        word.parse().map_err(|why: W::Err| self.corrupt(column, format!("{word} {why}")))
    }

    pub(super) fn json<V: serde::de::DeserializeOwned>(self, column: &'static str) -> Result<V, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|error| self.corrupt(column, error.to_string()))
    }

    pub(super) fn json_if_any<V: serde::de::DeserializeOwned>(
        self,
        column: &'static str,
    ) -> Result<Option<V>, StoreError> {
        let text = self.text_if_any(column)?;
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| self.corrupt(column, error.to_string()))
    }

    fn corrupt(self, column: &'static str, why: String) -> StoreError {
        StoreError::Corrupt { table: self.table, column, why }
    }
}

fn from_micros(micros: i64) -> Result<Timestamp, String> {
    Timestamp::from_microsecond(micros).map_err(|error| error.to_string())
}

/// A pattern of LIKE that finds a text anywhere; the text's own wildcards are plain characters.
pub(super) fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

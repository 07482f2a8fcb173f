//! Numbers that are given out once.

use sqlx::{Any, Transaction};

use super::StoreError;
use super::row::Columns;

/// The next number of a counter. Whoever takes one holds up the others until the transaction ends: the numbers are in the
/// order of the commits, so that what is read behind one is complete.
pub(super) async fn next_number(write: &mut Transaction<'_, Any>, counter: &str) -> Result<i64, StoreError> {
    let update = "UPDATE counters SET value = value + 1 WHERE name = $1 RETURNING value";
    let row = sqlx::query(update).bind(counter).fetch_one(&mut **write).await?;
    Columns { table: "counters", row: &row }.integer("value")
}

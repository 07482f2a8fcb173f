//! Which replica does what only one may do.

use jiff::{SignedDuration, Timestamp};
use sqlx::{Any, Transaction};

use super::row::Columns;
use super::{Store, StoreError};

/// The holder of a lease, counted: each new holder has a higher one. It fences what an earlier holder still writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub(super) i64);

/// What became of an attempt to hold a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// It is ours, until it expires.
    Held(Epoch),
    /// Another replica has it, for as long as it renews it, at least until then.
    Other {
        /// When it expires.
        expires_at: Timestamp,
    },
}

/// The lease of the replica that runs tasks.
const RUNNER: &str = "runner";

impl Store {
    /// Takes or renews the lease of the replica that runs tasks. A holder that comes back after its lease expired has a new
    /// epoch, also where nobody else held it meanwhile: what it began under the old one is fenced.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn hold_runner_lease(
        &self,
        holder: &str,
        duration: SignedDuration,
        now: Timestamp,
    ) -> Result<Lease, StoreError> {
        let expires = now.checked_add(duration).unwrap_or(Timestamp::MAX).as_microsecond();
        let mut write = self.write().await?;
        let upsert = "INSERT INTO leases (name, holder, epoch, expires_at) VALUES ($1, $2, 1, $3) \
            ON CONFLICT (name) DO UPDATE SET \
                epoch = CASE WHEN leases.holder = $2 AND leases.expires_at > $4 THEN leases.epoch ELSE leases.epoch + 1 END, \
                holder = $2, expires_at = $3 \
            WHERE leases.holder = $2 OR leases.expires_at <= $4 \
            RETURNING epoch";
        let held = sqlx::query(upsert)
            .bind(RUNNER)
            .bind(holder)
            .bind(expires)
            .bind(now.as_microsecond())
            .fetch_optional(&mut *write)
            .await?;
        let lease = if let Some(row) = held {
            Lease::Held(Epoch(Columns { table: "leases", row: &row }.integer("epoch")?))
        } else {
            let select = "SELECT expires_at FROM leases WHERE name = $1";
            let row = sqlx::query(select).bind(RUNNER).fetch_one(&mut *write).await?;
            Lease::Other { expires_at: Columns { table: "leases", row: &row }.time("expires_at")? }
        };
        write.commit().await?;
        Ok(lease)
    }

    /// Takes every lease from whoever had one, which is safe only where nobody else can have the database open: a process that
    /// was killed could not give its lease back.
    pub(super) async fn void_leases(&self) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        sqlx::query("UPDATE leases SET expires_at = 0").execute(&mut *write).await?;
        Ok(write.commit().await?)
    }

    /// Gives the lease back, so that another replica need not wait until it expires.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn release_runner_lease(&self, epoch: Epoch) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let update = "UPDATE leases SET expires_at = 0 WHERE name = $1 AND epoch = $2";
        sqlx::query(update).bind(RUNNER).bind(epoch.0).execute(&mut *write).await?;
        write.commit().await?;
        Ok(())
    }
}

/// Refuses a transaction of a replica that no longer holds the lease, and keeps others from taking it until it ends.
pub(super) async fn fence(write: &mut Transaction<'_, Any>, epoch: Epoch) -> Result<(), StoreError> {
    let update = "UPDATE leases SET epoch = epoch WHERE name = $1 AND epoch = $2";
    let held = sqlx::query(update).bind(RUNNER).bind(epoch.0).execute(&mut **write).await?;
    if held.rows_affected() == 0 { Err(StoreError::Fenced) } else { Ok(()) }
}

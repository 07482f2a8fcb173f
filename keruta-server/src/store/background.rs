//! Background jobs: which are asked for, and what becomes of runs that were cut off.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::audit::{Author, audit};
use super::lease::{Epoch, fence};
use super::row::Columns;
use super::{Store, StoreError};
use crate::jobs::JobName;

/// That somebody wants a job to run now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackgroundRequest {
    /// Since when.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

impl Store {
    /// Asks for a run of a job. One that has not begun yet counts for both.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn request_background_job(
        &self,
        name: JobName,
        author: &Author,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let upsert = "INSERT INTO background_requests (name, requested_at, requested_by) VALUES ($1, $2, $3) \
            ON CONFLICT (name) DO UPDATE SET requested_at = $2, requested_by = $3";
        sqlx::query(upsert)
            .bind(name.as_str())
            .bind(now.as_microsecond())
            .bind(&author.actor)
            .execute(&mut *write)
            .await?;
        // What waits for a time to be tried again is tried now.
        for (job, update) in [
            (JobName::Removal, "UPDATE removals SET not_before = NULL"),
            (JobName::TokenSecrets, "UPDATE token_secrets SET not_before = NULL"),
        ] {
            if job == name {
                sqlx::query(update).execute(&mut *write).await?;
            }
        }
        let object = format!("background-job/{name}");
        audit(&mut write, author, "background-job.requested", &object, Some(&json!({})), now).await?;
        write.commit().await?;
        self.changed();
        Ok(())
    }

    /// The last request for each job, by its name.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn background_requests(&self) -> Result<BTreeMap<String, BackgroundRequest>, StoreError> {
        let select = "SELECT name, requested_at, requested_by FROM background_requests";
        let rows = sqlx::query(select).fetch_all(self.database().reader()).await?;
        let request = |row| {
            let columns = Columns { table: "background_requests", row };
            let request = BackgroundRequest { at: columns.time("requested_at")?, by: columns.text("requested_by")? };
            Ok((columns.text("name")?, request))
        };
        rows.iter().map(request).collect()
    }

    /// Tells the runs that are under way as failed: to be called by who does the jobs from now on, or ends.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where another replica does them now.
    pub async fn cut_off_runs(&self, epoch: Epoch, now: Timestamp) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        let update =
            "UPDATE background_runs SET state = 'failed', finished_at = $1, error = $2 WHERE state = 'running'";
        sqlx::query(update)
            .bind(now.as_microsecond())
            .bind("the server ended while it ran; it goes on with its next run")
            .execute(&mut *write)
            .await?;
        Ok(write.commit().await?)
    }

    /// Whether the lease is still of this epoch.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] where it is not.
    pub async fn check_epoch(&self, epoch: Epoch) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        fence(&mut write, epoch).await?;
        Ok(write.commit().await?)
    }
}

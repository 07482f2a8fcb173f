//! Repositories and their setup scripts.

use jiff::Timestamp;
use keruta_api::Repository;
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Transaction};

use super::audit::{Author, audit};
use super::row::{Columns, like};
use super::{Expected, Store, StoreError};
use crate::catalog::{NewRepository, RepositoryUpdate};

const KIND: &str = "repository";

/// All but the script itself, which may be long.
const SELECT: &str = "SELECT id, name, url, git_ref, description, CAST(octet_length(script) AS BIGINT) AS script_size, \
    version, created_at, updated_at FROM repositories";

impl Store {
    /// Makes a repository. `id` is what it gets where it asks for none.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyExists`].
    pub async fn create_repository(
        &self,
        new: &NewRepository,
        id: &str,
        author: &Author,
        now: Timestamp,
    ) -> Result<Repository, StoreError> {
        let id = new.id.as_ref().map_or(id, |id| id.as_str());
        let insert = "INSERT INTO repositories \
                (id, name, url, git_ref, description, script, version, created_at, updated_at) \
            VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7) ON CONFLICT (id) DO NOTHING";
        let mut write = self.write().await?;
        let made = sqlx::query(insert)
            .bind(id)
            .bind(new.name.as_str())
            .bind(new.url.as_str())
            .bind(new.git_ref.as_ref().map(keruta_manifest::value::GitRef::as_str))
            .bind(new.description.as_ref().map(super::super::value::Prose::as_str))
            .bind(new.script.as_ref().map(keruta_manifest::value::Text::as_str).filter(|script| !script.is_empty()))
            .bind(now.as_microsecond())
            .execute(&mut *write)
            .await?;
        if made.rows_affected() == 0 {
            return Err(StoreError::AlreadyExists { kind: KIND, id: id.to_owned() });
        }
        let detail = json!({"name": new.name.as_str(), "url": new.url.as_str()});
        audit(&mut write, author, "repository.created", &object(id), Some(&detail), now).await?;
        let repository = read(&mut *write, id).await?;
        write.commit().await?;
        Ok(repository)
    }

    /// A repository.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn repository(&self, id: &str) -> Result<Repository, StoreError> {
        read(self.database().reader(), id).await
    }

    /// Repositories in the order of their names, behind the one with this name and id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn repositories(
        &self,
        text: Option<&str>,
        after: Option<&(String, String)>,
        limit: i64,
    ) -> Result<Vec<Repository>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "{SELECT} WHERE (CAST($1 AS TEXT) IS NULL OR lower(name) LIKE $1 ESCAPE '\\' OR lower(id) LIKE $1 ESCAPE '\\' \
                    OR lower(url) LIKE $1 ESCAPE '\\') \
                AND (CAST($2 AS TEXT) IS NULL OR (name, id) > ($2, $3)) ORDER BY name, id LIMIT $4"
        ));
        let rows = sqlx::query(select)
            .bind(text.map(like))
            .bind(after.map(|(name, _)| name.as_str()))
            .bind(after.map_or("", |(_, id)| id.as_str()))
            .bind(limit)
            .fetch_all(self.database().reader())
            .await?;
        rows.iter().map(repository_of).collect()
    }

    /// Changes a repository. Its script stays.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Outdated`].
    pub async fn change_repository(
        &self,
        id: &str,
        update: &RepositoryUpdate,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<Repository, StoreError> {
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        expected.check(KIND, id, before.version)?;
        let sql = "UPDATE repositories SET name = $2, url = $3, git_ref = $4, description = $5, version = version + 1, \
            updated_at = $6 WHERE id = $1";
        sqlx::query(sql)
            .bind(id)
            .bind(update.name.as_str())
            .bind(update.url.as_str())
            .bind(update.git_ref.as_ref().map(keruta_manifest::value::GitRef::as_str))
            .bind(update.description.as_ref().map(super::super::value::Prose::as_str))
            .bind(now.as_microsecond())
            .execute(&mut *write)
            .await?;
        let after = read(&mut *write, id).await?;
        let detail = json!({
            "old": {"name": before.name, "url": before.url, "ref": before.git_ref},
            "new": {"name": after.name, "url": after.url, "ref": after.git_ref},
        });
        audit(&mut write, author, "repository.changed", &object(id), Some(&detail), now).await?;
        write.commit().await?;
        Ok(after)
    }

    /// The setup script, with the repository's version; `None` where it has none.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`] where there is no such repository.
    pub async fn repository_script(&self, id: &str) -> Result<Option<(String, i64)>, StoreError> {
        let select = "SELECT script, version FROM repositories WHERE id = $1";
        let row = sqlx::query(select).bind(id).fetch_optional(self.database().reader()).await?;
        let row = row.ok_or_else(|| not_found(id))?;
        let columns = Columns { table: "repositories", row: &row };
        Ok(columns.text_if_any("script")?.zip(Some(columns.integer("version")?)))
    }

    /// Changes the setup script; `None`, or an empty one, takes it away.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Outdated`].
    pub async fn set_repository_script(
        &self,
        id: &str,
        script: Option<&str>,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<Repository, StoreError> {
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        expected.check(KIND, id, before.version)?;
        let sql = "UPDATE repositories SET script = $2, version = version + 1, updated_at = $3 WHERE id = $1";
        sqlx::query(sql)
            .bind(id)
            .bind(script.filter(|script| !script.is_empty()))
            .bind(now.as_microsecond())
            .execute(&mut *write)
            .await?;
        let after = read(&mut *write, id).await?;
        let detail = json!({"oldSize": before.script_size, "newSize": after.script_size});
        audit(&mut write, author, "repository.scriptChanged", &object(id), Some(&detail), now).await?;
        write.commit().await?;
        Ok(after)
    }

    /// Deletes a repository. Tasks that name it do not find it any more.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Outdated`].
    pub async fn delete_repository(
        &self,
        id: &str,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        expected.check(KIND, id, before.version)?;
        sqlx::query("DELETE FROM repositories WHERE id = $1").bind(id).execute(&mut *write).await?;
        let detail = json!({"name": before.name, "url": before.url});
        audit(&mut write, author, "repository.deleted", &object(id), Some(&detail), now).await?;
        Ok(write.commit().await?)
    }
}

fn object(id: &str) -> String {
    format!("{KIND}/{id}")
}

fn not_found(id: &str) -> StoreError {
    StoreError::NotFound { kind: KIND, id: id.to_owned() }
}

/// A repository that nobody else can change before the transaction ends.
async fn locked(write: &mut Transaction<'_, Any>, id: &str) -> Result<Repository, StoreError> {
    sqlx::query("UPDATE repositories SET version = version WHERE id = $1").bind(id).execute(&mut **write).await?;
    read(&mut **write, id).await
}

async fn read<'e>(executor: impl Executor<'e, Database = Any>, id: &str) -> Result<Repository, StoreError> {
    let select = sqlx::AssertSqlSafe(format!("{SELECT} WHERE id = $1"));
    let row = sqlx::query(select).bind(id).fetch_optional(executor).await?;
    row.as_ref().map_or_else(|| Err(not_found(id)), repository_of)
}

fn repository_of(row: &AnyRow) -> Result<Repository, StoreError> {
    let columns = Columns { table: "repositories", row };
    Ok(Repository {
        id: columns.text("id")?,
        name: columns.text("name")?,
        url: columns.text("url")?,
        git_ref: columns.text_if_any("git_ref")?,
        description: columns.text_if_any("description")?,
        script_size: columns.integer_if_any("script_size")?.map(i64::unsigned_abs),
        version: columns.integer("version")?,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
    })
}

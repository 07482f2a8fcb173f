//! Documents.

use jiff::Timestamp;
use keruta_api::Document;
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Transaction};

use super::audit::{Author, audit};
use super::row::{Columns, like};
use super::{Expected, Store, StoreError};
use crate::catalog::{DocumentUpdate, MARKDOWN, NewDocument};

const KIND: &str = "document";

/// All but the text itself.
const SELECT: &str = "SELECT id, title, content_type, CAST(octet_length(content) AS BIGINT) AS size, version, created_at, \
    updated_at FROM documents";

/// The text of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentContent {
    /// The text.
    pub text: String,
    /// Its type.
    pub content_type: String,
    /// The document's version.
    pub version: i64,
}

impl Store {
    /// Makes a document. `id` is what it gets where it asks for none.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyExists`].
    pub async fn create_document(
        &self,
        new: &NewDocument,
        id: &str,
        author: &Author,
        now: Timestamp,
    ) -> Result<Document, StoreError> {
        let id = new.id.as_ref().map_or(id, |id| id.as_str());
        let insert = "INSERT INTO documents (id, title, content_type, content, version, created_at, updated_at) \
            VALUES ($1, $2, $3, $4, 1, $5, $5) ON CONFLICT (id) DO NOTHING";
        let mut write = self.write().await?;
        let made = sqlx::query(insert)
            .bind(id)
            .bind(new.title.as_str())
            .bind(new.content_type.as_ref().map_or(MARKDOWN, |kind| kind.as_str()))
            .bind(new.content.as_ref().map_or("", |content| content.as_str()))
            .bind(now.as_microsecond())
            .execute(&mut *write)
            .await?;
        if made.rows_affected() == 0 {
            return Err(StoreError::AlreadyExists { kind: KIND, id: id.to_owned() });
        }
        let detail = json!({"title": new.title.as_str()});
        audit(&mut write, author, "document.created", &object(id), Some(&detail), now).await?;
        let document = read(&mut *write, id).await?;
        write.commit().await?;
        Ok(document)
    }

    /// A document, without its text.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn document(&self, id: &str) -> Result<Document, StoreError> {
        read(self.database().reader(), id).await
    }

    /// Documents in the order of their titles, behind the one with this title and id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the database fails.
    pub async fn documents(
        &self,
        text: Option<&str>,
        after: Option<&(String, String)>,
        limit: i64,
    ) -> Result<Vec<Document>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "{SELECT} WHERE (CAST($1 AS TEXT) IS NULL OR lower(title) LIKE $1 ESCAPE '\\' OR lower(id) LIKE $1 ESCAPE '\\') \
                AND (CAST($2 AS TEXT) IS NULL OR (title, id) > ($2, $3)) ORDER BY title, id LIMIT $4"
        ));
        let rows = sqlx::query(select)
            .bind(text.map(like))
            .bind(after.map(|(title, _)| title.as_str()))
            .bind(after.map_or("", |(_, id)| id.as_str()))
            .bind(limit)
            .fetch_all(self.database().reader())
            .await?;
        rows.iter().map(document_of).collect()
    }

    /// Changes what a document is about. Its text stays.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Outdated`].
    pub async fn change_document(
        &self,
        id: &str,
        update: &DocumentUpdate,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<Document, StoreError> {
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        expected.check(KIND, id, before.version)?;
        let sql =
            "UPDATE documents SET title = $2, content_type = $3, version = version + 1, updated_at = $4 WHERE id = $1";
        sqlx::query(sql)
            .bind(id)
            .bind(update.title.as_str())
            .bind(update.content_type.as_ref().map_or(before.content_type.as_str(), |kind| kind.as_str()))
            .bind(now.as_microsecond())
            .execute(&mut *write)
            .await?;
        let after = read(&mut *write, id).await?;
        let detail = json!({
            "old": {"title": before.title, "contentType": before.content_type},
            "new": {"title": after.title, "contentType": after.content_type},
        });
        audit(&mut write, author, "document.changed", &object(id), Some(&detail), now).await?;
        write.commit().await?;
        Ok(after)
    }

    /// The text.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn document_content(&self, id: &str) -> Result<DocumentContent, StoreError> {
        let select = "SELECT content, content_type, version FROM documents WHERE id = $1";
        let row = sqlx::query(select).bind(id).fetch_optional(self.database().reader()).await?;
        let row = row.ok_or_else(|| not_found(id))?;
        let columns = Columns { table: "documents", row: &row };
        Ok(DocumentContent {
            text: columns.text("content")?,
            content_type: columns.text("content_type")?,
            version: columns.integer("version")?,
        })
    }

    /// Changes the text.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Outdated`].
    pub async fn set_document_content(
        &self,
        id: &str,
        content: &str,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<Document, StoreError> {
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        expected.check(KIND, id, before.version)?;
        let sql = "UPDATE documents SET content = $2, version = version + 1, updated_at = $3 WHERE id = $1";
        sqlx::query(sql).bind(id).bind(content).bind(now.as_microsecond()).execute(&mut *write).await?;
        let after = read(&mut *write, id).await?;
        let detail = json!({"oldSize": before.size, "newSize": after.size});
        audit(&mut write, author, "document.contentChanged", &object(id), Some(&detail), now).await?;
        write.commit().await?;
        Ok(after)
    }

    /// Deletes a document. Tasks that name it do not find it any more.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Outdated`].
    pub async fn delete_document(
        &self,
        id: &str,
        expected: &Expected,
        author: &Author,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        let before = locked(&mut write, id).await?;
        expected.check(KIND, id, before.version)?;
        sqlx::query("DELETE FROM documents WHERE id = $1").bind(id).execute(&mut *write).await?;
        let detail = json!({"title": before.title});
        audit(&mut write, author, "document.deleted", &object(id), Some(&detail), now).await?;
        Ok(write.commit().await?)
    }
}

fn object(id: &str) -> String {
    format!("{KIND}/{id}")
}

fn not_found(id: &str) -> StoreError {
    StoreError::NotFound { kind: KIND, id: id.to_owned() }
}

/// A document that nobody else can change before the transaction ends.
async fn locked(write: &mut Transaction<'_, Any>, id: &str) -> Result<Document, StoreError> {
    sqlx::query("UPDATE documents SET version = version WHERE id = $1").bind(id).execute(&mut **write).await?;
    read(&mut **write, id).await
}

async fn read<'e>(executor: impl Executor<'e, Database = Any>, id: &str) -> Result<Document, StoreError> {
    let select = sqlx::AssertSqlSafe(format!("{SELECT} WHERE id = $1"));
    let row = sqlx::query(select).bind(id).fetch_optional(executor).await?;
    row.as_ref().map_or_else(|| Err(not_found(id)), document_of)
}

fn document_of(row: &AnyRow) -> Result<Document, StoreError> {
    let columns = Columns { table: "documents", row };
    Ok(Document {
        id: columns.text("id")?,
        title: columns.text("title")?,
        content_type: columns.text("content_type")?,
        size: columns.integer("size")?.unsigned_abs(),
        version: columns.integer("version")?,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
    })
}

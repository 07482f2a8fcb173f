//! The tables of a database, as it says itself: what later migrations add is in the backup too.

use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::BackupError;
use super::format::{Column, ColumnKind};
use crate::store::StoreError;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sqlite,
    Postgres,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
}

impl Kind {
    pub(super) fn of(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("sqlite:") {
            Ok(Self::Sqlite)
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Ok(Self::Postgres)
        } else {
            Err(StoreError::UnknownUrl)
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    pub(super) const fn begin_reading(self) -> &'static str {
        match self {
            // It reads from the first statement's state on.
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }

    /// Names of tables, in the order of the names.
    const fn tables(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
            }
            Self::Postgres => {
                "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables \
                    WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY CAST(table_name AS TEXT)"
            }
        }
    }

    const fn columns(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT name, type FROM pragma_table_info($1) ORDER BY cid",
            Self::Postgres => {
                "SELECT CAST(column_name AS TEXT) AS name, CAST(data_type AS TEXT) AS type \
                    FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 \
                    ORDER BY ordinal_position"
            }
        }
    }

    /// The tables that a table refers to.
    const fn references(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT \"table\" AS parent FROM pragma_foreign_key_list($1)",
            Self::Postgres => {
                "SELECT CAST(parent.relname AS TEXT) AS parent FROM pg_constraint \
                    JOIN pg_class AS child ON child.oid = conrelid JOIN pg_class AS parent ON parent.oid = confrelid \
                    WHERE contype = 'f' AND child.relnamespace = CAST(current_schema() AS regnamespace) \
                        AND child.relname = $1"
            }
        }
    }
}

/// The table in which the migrations note themselves.
const MIGRATIONS: &str = "_sqlx_migrations";

impl Table {
    fn names(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        names.join(", ")
    }

    /// Whether it has the same name and columns, in whatever order.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let sorted = |table: &Self| {
            let mut columns = table.columns.clone();
            columns.sort_unstable();
            columns
        };
        self.name == other.name && sorted(self) == sorted(other)
    }

    pub(super) fn select(&self) -> String {
        format!("SELECT {} FROM \"{}\"", self.names(), self.name)
    }

    pub(super) fn insert(&self, kind: Kind) -> String {
        // Numbers that PostgreSQL counts by itself come from the backup.
        let overriding = match kind {
            Kind::Sqlite => "",
            Kind::Postgres => " OVERRIDING SYSTEM VALUE",
        };
        let places: Vec<String> = (1..=self.columns.len()).map(|place| format!("${place}")).collect();
        format!("INSERT INTO \"{}\" ({}){overriding} VALUES ({})", self.name, self.names(), places.join(", "))
    }
}

/// The newest step of the schema; `None` where there is none.
pub(super) async fn version(connection: &mut AnyConnection, kind: Kind) -> Result<Option<i64>, BackupError> {
    let names = names(connection, kind).await?;
    if !names.iter().any(|name| name == MIGRATIONS) {
        return Ok(None);
    }
    let select = AssertSqlSafe(format!("SELECT MAX(version) AS version FROM {MIGRATIONS}"));
    Ok(sqlx::query(select).fetch_one(connection).await?.try_get("version")?)
}

async fn names(connection: &mut AnyConnection, kind: Kind) -> Result<Vec<String>, BackupError> {
    let rows = sqlx::query(kind.tables()).fetch_all(connection).await?;
    Ok(rows.iter().map(|row| row.try_get("name")).collect::<Result<_, _>>()?)
}

/// All tables, those that others refer to before those.
pub(super) async fn tables(connection: &mut AnyConnection, kind: Kind) -> Result<Vec<Table>, BackupError> {
    let mut waiting = Vec::new();
    for name in names(connection, kind).await?.into_iter().filter(|name| name != MIGRATIONS) {
        let rows = sqlx::query(kind.columns()).bind(&name).fetch_all(&mut *connection).await?;
        let mut columns = Vec::with_capacity(rows.len());
        for row in &rows {
            let (column, declared): (String, String) = (row.try_get("name")?, row.try_get("type")?);
            let kind = ColumnKind::of(&declared).ok_or_else(|| StoreError::Corrupt {
                table: "the schema",
                column: "type",
                why: format!("{name}.{column} has the type {declared}"),
            })?;
            columns.push(Column { name: column, kind });
        }
        let rows = sqlx::query(kind.references()).bind(&name).fetch_all(&mut *connection).await?;
        let parents: Vec<String> = rows.iter().map(|row| row.try_get("parent")).collect::<Result<_, _>>()?;
        waiting.push((Table { name, columns }, parents));
    }
    Ok(ordered(waiting))
}

fn ordered(mut waiting: Vec<(Table, Vec<String>)>) -> Vec<Table> {
    let mut ordered: Vec<Table> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_free = |(table, parents): &(Table, Vec<String>)| {
            parents.iter().all(|parent| *parent == table.name || ordered.iter().any(|done| done.name == *parent))
        };
        // A circle of references has no order; its rows then fail by themselves.
        let next = waiting.iter().position(is_free).unwrap_or(0);
        ordered.push(waiting.remove(next).0);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_referred_to_comes_first() {
        let table = |name: &str, parents: &[&str]| {
            let parents = parents.iter().map(|&parent| parent.to_owned()).collect();
            (Table { name: name.to_owned(), columns: Vec::new() }, parents)
        };
        let given = vec![table("a", &["c", "a"]), table("b", &[]), table("c", &["d"]), table("d", &[])];
        let names: Vec<String> = ordered(given).into_iter().map(|table| table.name).collect();
        assert_eq!(names, ["b", "d", "c", "a"]);
    }
}

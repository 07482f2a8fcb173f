//! What the database could not do.

use keruta_api::TaskStatus;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The URL names no database that is known.
    #[error("the database's URL begins with neither `sqlite:` nor `postgres:`")]
    UnknownUrl,
    /// The database could not be opened.
    #[error("could not open the {database} database {location}")]
    Open {
        /// Its kind.
        database: &'static str,
        /// Where it is, without a password.
        location: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The directory of a SQLite file cannot be used.
    #[error("could not {action}")]
    Io {
        /// What could not be done.
        action: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another server has the SQLite file open.
    #[error("another keruta-server uses {path}; stop it, or give this one a database of its own (--database)")]
    InUse {
        /// The file.
        path: String,
    },
    /// The database was written by a newer keruta.
    #[error(
        "the database has schema {found}, and this keruta-server knows {known}: it was written by a newer one; upgrade it"
    )]
    NewerSchema {
        /// The newest step that the database has.
        found: i64,
        /// The newest step that this program knows.
        known: i64,
    },
    /// A step of the schema failed.
    #[error("the database's schema could not be brought up to date")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// The database failed, or is out of reach.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
    /// A row holds what this program did not write.
    #[error("the {column} of a row of {table} cannot be read: {why}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Why.
        why: String,
    },
    /// There is no such thing.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// What was looked for: `task`, `repository`.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// The id is taken.
    #[error("there is a {kind} {id} already")]
    AlreadyExists {
        /// What was to be made.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// It has changed since it was read.
    #[error("the {kind} {id} has changed: its version is {current}, not {given}")]
    Outdated {
        /// What was to be changed.
        kind: &'static str,
        /// Its id.
        id: String,
        /// The version that was given.
        given: i64,
        /// The version that it has.
        current: i64,
    },
    /// The status cannot follow the present one.
    #[error("the task {id} is {from}: it cannot become {to}")]
    IllegalMove {
        /// The task.
        id: String,
        /// Its status.
        from: TaskStatus,
        /// The status that was asked for.
        to: TaskStatus,
    },
    /// The attempt is not the present one.
    #[error("the task {id} is at attempt {current}, not {given}")]
    OtherAttempt {
        /// The task.
        id: String,
        /// The attempt that was given.
        given: u32,
        /// The present one.
        current: u32,
    },
    /// The agent is not the last that began the attempt.
    #[error("agent {given} of attempt {attempt} of the task {id} has no say any more: agent {current} runs it now")]
    StaleEpoch {
        /// The task.
        id: String,
        /// The attempt.
        attempt: u32,
        /// The epoch that was given.
        given: u64,
        /// The present one.
        current: u64,
    },
    /// An attempt at it is under way.
    #[error("attempt {attempt} of the task {id} has not ended; cancel it first, or wait")]
    UnderWay {
        /// The task.
        id: String,
        /// The attempt.
        attempt: u32,
    },
    /// This server runs the attempt, and another submitter tells of it.
    #[error(
        "this server runs attempt {attempt} of the task {id} itself; turn its setting `enabled` off where another submitter runs its tasks"
    )]
    RunHere {
        /// The task.
        id: String,
        /// The attempt.
        attempt: u32,
    },
    /// A field that cannot be changed.
    #[error("the {field} of the task {id} cannot be changed; make another task")]
    Fixed {
        /// The task.
        id: String,
        /// The field.
        field: &'static str,
    },
    /// Tasks that have not ended use its workspace.
    #[error("the task {child} uses the workspace of {id} and has not ended; delete or end it first")]
    HasChildren {
        /// The task.
        id: String,
        /// One that uses its workspace.
        child: String,
    },
    /// Something else refers to it.
    #[error("the {kind} {id} is used by the {by}; change or delete that first")]
    Referenced {
        /// What was to be deleted.
        kind: &'static str,
        /// Its id.
        id: String,
        /// What refers to it: `rule r-1`.
        by: String,
    },
    /// A notification that needs no other try.
    #[error("the notification {id} is {state}: only one that was given up or waits can be tried again")]
    NotGivenUp {
        /// The notification.
        id: String,
        /// Its state.
        state: &'static str,
    },
    /// There are as many as there may be.
    #[error("there may be at most {most} {kind} {id}; delete some first")]
    TooMany {
        /// Of what.
        kind: &'static str,
        /// Whose.
        id: String,
        /// How many there may be.
        most: u64,
    },
    /// It is larger than it may be.
    #[error("the {kind} would have more than the {most} bytes that are taken")]
    TooLarge {
        /// What.
        kind: &'static str,
        /// How many bytes it may have.
        most: u64,
    },
    /// Another replica has taken over.
    #[error("another replica runs the tasks now")]
    Fenced,
}

impl StoreError {
    /// Whether it may go away by itself.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Database(error) if goes_away(error))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// Whether the same statement may succeed later: the database is out of reach, busy, full or about to restart.
fn goes_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        // What stands before a database that restarts answers nothing that is its protocol; another connection may.
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code_goes_away(&code)),
        _ => false,
    }
}

/// The same of an error code: five characters in PostgreSQL, a number of up to four digits in SQLite.
fn code_goes_away(code: &str) -> bool {
    // Connection, transaction rollback, resources, operator, system; a standby that is not yet the new primary, and a transaction
    // that was idle for too long.
    const POSTGRES: [&str; 7] = ["08", "40", "53", "57", "58", "25006", "25P03"];
    // BUSY, LOCKED, NOMEM, IOERR, FULL, CANTOPEN, PROTOCOL.
    const SQLITE: [u32; 7] = [5, 6, 7, 10, 13, 14, 15];
    if code.len() == 5 {
        return POSTGRES.iter().any(|class| code.starts_with(class));
    }
    // The lower byte of an extended code is the code itself.
    code.parse::<u32>().is_ok_and(|code| SQLITE.contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_away_is_told_from_what_does_not() {
        for code in ["5", "517", "13", "266", "08006", "57P01", "40001", "53300", "25006"] {
            assert!(code_goes_away(code), "{code}");
        }
        // Constraints, corruption, no such table, a wrong statement.
        for code in ["1", "11", "19", "2067", "23505", "42P01", "22021", ""] {
            assert!(!code_goes_away(code), "{code}");
        }
        assert!(StoreError::from(sqlx::Error::PoolTimedOut).is_transient());
        assert!(StoreError::from(sqlx::Error::Protocol("unexpected response".to_owned())).is_transient());
        assert!(!StoreError::from(sqlx::Error::RowNotFound).is_transient());
    }
}

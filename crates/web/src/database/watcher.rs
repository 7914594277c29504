//! Whether anybody has committed anything since one last looked.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};

/// Sees commits of this process and of others.
#[derive(Clone, Debug, Default)]
pub enum Watcher {
    /// A connection of its own, which only reads: SQLite tells it of the commits of all others. Asking is
    /// a look into memory that all connections share, so it is done on the spot.
    Embedded(Arc<Mutex<Connection>>),
    /// The server's own account of which transactions have ended.
    Postgres(DatabaseConnection),
    /// Nothing to watch: pages of tests that read nothing.
    #[default]
    Nothing,
}

impl Watcher {
    pub(super) fn embedded(file: &Path) -> Result<Self, DbErr> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags).map_err(failed)?;
        Ok(Self::Embedded(Arc::new(Mutex::new(connection))))
    }

    /// A text that is another one after every commit.
    pub(crate) async fn commits(&self) -> Result<String, DbErr> {
        match self {
            Self::Embedded(connection) => {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let version = connection
                    .prepare_cached("PRAGMA data_version")
                    .and_then(|mut it| it.query_row([], |row| row.get::<_, i64>(0)));
                version.map(|it| it.to_string()).map_err(failed)
            }
            Self::Postgres(db) => {
                let sql = "SELECT CAST(pg_current_snapshot() AS text)";
                let row = db
                    .query_one_raw(Statement::from_string(db.get_database_backend(), sql))
                    .await?;
                row.ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))?
                    .try_get_by_index(0)
            }
            Self::Nothing => Err(DbErr::Custom("there is nothing to watch".to_owned())),
        }
    }
}

fn failed(error: rusqlite::Error) -> DbErr {
    DbErr::Custom(format!("the embedded database cannot be watched: {error}"))
}

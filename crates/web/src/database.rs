//! The records: how they are opened on each engine (T-52).

use std::path::{Path, PathBuf};
use std::time::Duration;

use migrations::Migrator;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{Connection, Error as SqlxError};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, EntityTrait};
use sea_orm_migration::{MigratorTrait, SchemaManager, seaql_migrations};
use tokio::time::timeout;

pub use watcher::Watcher;

mod watcher;

/// Where the records are.
#[derive(Clone, PartialEq, Eq)]
pub enum Records {
    /// A file of our own: one process, no other service.
    Embedded(PathBuf),
    /// A PostgreSQL server, for several processes.
    Postgres {
        /// The address with everything needed to connect.
        url: String,
        /// The most connections of this process.
        connections: u32,
    },
}

/// The ways to the records: one that changes them, one that reads, one that only looks whether anything
/// was changed.
#[derive(Clone, Debug, Default)]
pub struct Handles {
    /// Where changes are made.
    pub writer: DatabaseConnection,
    /// Where pages read.
    pub reader: DatabaseConnection,
    /// Where it is seen that somebody has committed something.
    pub watcher: Watcher,
}

/// Without the address, which may hold a password.
impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Embedded(_) => "Embedded",
            Self::Postgres { .. } => "Postgres",
        })
    }
}

impl Records {
    /// Opens the records.
    ///
    /// On SQLite the writer is one connection, so that changes queue in order instead of meeting
    /// each other's locks; four more read beside it, and one watches.
    pub async fn open(&self) -> Result<Handles, DbErr> {
        match self {
            Self::Embedded(file) => {
                let writer = Database::connect(embedded(file, 1)).await?;
                let reader = Database::connect(embedded(file, 4)).await?;
                let watcher = Watcher::embedded(file)?;
                Ok(Handles {
                    writer,
                    reader,
                    watcher,
                })
            }
            Self::Postgres { url, connections } => {
                let has_password = has_password(url);
                let mut options = ConnectOptions::new(url);
                options
                    .max_connections(*connections)
                    .acquire_timeout(ACQUIRE)
                    .connect_timeout(ACQUIRE)
                    // A connection is asked whether it still answers when it is given back; before it is
                    // used only if it has rested since, so that no statement pays for it twice.
                    .test_before_acquire(false)
                    .test_before_acquire_if_idle_for(REST)
                    .sqlx_logging(false)
                    .map_sqlx_postgres_pool_opts(|it| {
                        it.after_release(|connection, _| Box::pin(answers(connection)))
                    })
                    .map_sqlx_postgres_opts(move |it| {
                        let it = if has_password { it } else { without_password(it) };
                        let elsewhere = it.get_socket().is_none() && !is_loopback(it.get_host());
                        // Beyond this machine the server must prove who it is, whatever the address asks for.
                        let it = if elsewhere {
                            it.ssl_mode(PgSslMode::VerifyFull)
                        } else {
                            it
                        };
                        it.application_name("alongside").options([
                            ("lock_timeout", "3s"),
                            ("statement_timeout", "10s"),
                            ("idle_in_transaction_session_timeout", "30s"),
                            ("synchronous_commit", "on"),
                            ("timezone", "UTC"),
                        ])
                    });
                let both = Database::connect(options).await?;
                Ok(Handles {
                    writer: both.clone(),
                    reader: both.clone(),
                    watcher: Watcher::Postgres(both),
                })
            }
        }
    }
}

/// Whether an address holds a password, which then is the one from the file that the configuration names.
fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let user = rest.split(['/', '?']).next().and_then(|it| it.rsplit_once('@'));
    user.is_some_and(|(user, _)| user.contains(':'))
}

/// Without a password that the library found in the environment or in the user's own file: a secret is a
/// file that the configuration names, or there is none (T-49).
fn without_password(options: PgConnectOptions) -> PgConnectOptions {
    options.password("")
}

/// How long anybody waits for a connection to a server: a visitor learns within 5 s that it is away (T-64).
const ACQUIRE: Duration = Duration::from_millis(2500);
/// How long a connection may take to come to rest, and rest before it is asked again whether it answers.
const REST: Duration = Duration::from_secs(1);

/// Whether a connection that was given back is still good. One that hangs is closed: it would keep its
/// place in the pool long after the server is back (T-64).
async fn answers(connection: &mut PgConnection) -> Result<bool, SqlxError> {
    match timeout(REST, connection.ping()).await {
        Ok(answer) => answer.map(|()| true),
        Err(_) => Err(SqlxError::PoolTimedOut),
    }
}

/// Whether a host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback())
}

fn embedded(file: &Path, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
    options
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(5))
        .sqlx_logging(false)
        .test_before_acquire(false)
        .map_sqlx_sqlite_opts(|it| {
            it.journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Duration::from_secs(5))
                .foreign_keys(true)
                .pragma("secure_delete", "ON")
                .pragma("trusted_schema", "OFF")
        });
    options
}

/// How the schema of the records compares with this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// As this program wants it.
    Current,
    /// Steps are missing: `alongside migrate`.
    Behind(usize),
    /// A newer program was here (T-50).
    Ahead,
}

/// Compares the schema of the records with this program; changes nothing, so that a user without the
/// right to change the schema can ask.
pub async fn schema(db: &DatabaseConnection) -> Result<Schema, DbErr> {
    let known: Vec<String> = Migrator::migrations()
        .iter()
        .map(|it| it.name().to_owned())
        .collect();
    if !SchemaManager::new(db).has_table("seaql_migrations").await? {
        return Ok(Schema::Behind(known.len()));
    }
    let applied = seaql_migrations::Entity::find().all(db).await?;
    if applied.iter().any(|it| !known.contains(&it.version)) {
        return Ok(Schema::Ahead);
    }
    let missing = known.len().saturating_sub(applied.len());
    Ok(if missing == 0 {
        Schema::Current
    } else {
        Schema::Behind(missing)
    })
}

/// Takes all steps that are missing.
pub async fn migrate(db: &DatabaseConnection) -> Result<(), DbErr> {
    Migrator::up(db, None).await
}

/// Whether the records answer.
pub async fn is_there(db: &impl ConnectionTrait) -> bool {
    db.execute_unprepared("SELECT 1").await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::sqlx::ConnectOptions as _;
    use sea_orm::{DbBackend, Statement};

    async fn pragma(db: &DatabaseConnection, name: &str) -> String {
        let statement = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {name}"));
        let row = db.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index::<String>(0)
            .or_else(|_| row.try_get_by_index::<i64>(0).map(|it| it.to_string()))
            .unwrap()
    }

    #[tokio::test]
    async fn embedded_records_are_kept_as_safely_as_the_rules_say() {
        let folder = tempfile::tempdir().unwrap();
        let handles = Records::Embedded(folder.path().join("x.db"))
            .open()
            .await
            .unwrap();
        for db in [&handles.writer, &handles.reader] {
            for (name, value) in [
                ("journal_mode", "wal"),
                // FULL.
                ("synchronous", "2"),
                ("foreign_keys", "1"),
                ("busy_timeout", "5000"),
                ("secure_delete", "1"),
                ("trusted_schema", "0"),
            ] {
                assert_eq!(pragma(db, name).await, value, "{name}");
            }
        }
    }

    #[test]
    fn a_password_comes_from_the_file_that_the_configuration_names_or_from_nowhere() {
        assert!(has_password("postgres://me:secret@localhost/x"));
        for url in [
            "postgres://me@localhost:5432/x",
            "postgres://me@localhost/x?sslrootcert=a:b@c",
        ] {
            assert!(!has_password(url), "{url}");
        }
        // What the library does with PGPASSWORD and ~/.pgpass.
        let found: PgConnectOptions = "postgres://me@localhost/x".parse().unwrap();
        let found = found.password("secret");
        assert!(found.to_url_lossy().as_str().contains("secret"));
        let ours = without_password(found);
        assert!(!ours.to_url_lossy().as_str().contains("secret"));
    }
}

//! A migrated database.

use std::time::Duration as Wait;

use ids::Ts;
use migrations::Migrator;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};
use sea_orm_migration::MigratorTrait;
use tempfile::TempDir;
use time::macros::datetime;
use uuid::Uuid;

/// A database of its own for one test.
pub(crate) struct Site {
    pub(crate) db: DatabaseConnection,
    /// Monday 1 June 2026, 10am in London.
    pub(crate) now: Ts,
    home: Home,
}

/// Where the database is, until it goes.
enum Home {
    Folder { _gone_when_dropped: TempDir },
    Server { server: String, name: String },
}

/// Every engine there is to test on: `SQLite` in a file, and `PostgreSQL` if `TEST_POSTGRES_URL` names a
/// server.
pub(crate) async fn sites() -> Vec<Site> {
    let mut sites = vec![Site::in_a_file().await];
    if let Ok(server) = std::env::var("TEST_POSTGRES_URL") {
        sites.push(Site::on_server(&server).await);
    }
    sites
}

impl Site {
    /// As the program writes: one connection.
    async fn in_a_file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.db");
        let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
        options
            .max_connections(1)
            .sqlx_logging(false)
            .test_before_acquire(false);
        options.acquire_timeout(Wait::from_mins(1));
        options.map_sqlx_sqlite_opts(|it| {
            it.journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Wait::from_secs(5))
                .foreign_keys(true)
        });
        let home = Home::Folder {
            _gone_when_dropped: folder,
        };
        Self::with(options, home).await
    }

    /// As several processes write: eight connections.
    async fn on_server(server: &str) -> Self {
        let name = format!("competency_{}", Uuid::new_v4().simple());
        administer(server, &format!("CREATE DATABASE {name}")).await;
        let (base, _) = server.rsplit_once('/').unwrap();
        let mut options = ConnectOptions::new(format!("{base}/{name}"));
        options
            .max_connections(8)
            .sqlx_logging(false)
            .test_before_acquire(false);
        options.acquire_timeout(Wait::from_mins(1));
        let home = Home::Server {
            server: server.to_owned(),
            name,
        };
        Self::with(options, home).await
    }

    async fn with(options: ConnectOptions, home: Home) -> Self {
        let db = Database::connect(options).await.unwrap();
        Migrator::up(&db, None).await.unwrap();
        let now = Ts::new(datetime!(2026-06-01 09:00 UTC));
        Self { db, now, home }
    }

    pub(crate) async fn begin(&self) -> DatabaseTransaction {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.db.begin_with_options(options).await.unwrap()
    }

    /// Raw SQL, with `$1` and so on for values.
    pub(crate) async fn exec<const N: usize>(&self, sql: &str, values: [Value; N]) -> u64 {
        let statement = Statement::from_sql_and_values(self.db.get_database_backend(), sql, values);
        self.db.execute_raw(statement).await.unwrap().rows_affected()
    }

    /// On a server, the database goes.
    pub(crate) async fn leave(self) {
        self.db.close().await.unwrap();
        if let Home::Server { server, name } = self.home {
            administer(&server, &format!("DROP DATABASE {name}")).await;
        }
    }

    /// Sound records; then the database goes.
    pub(crate) async fn leave_sound(self) {
        assert_eq!(competency::verify(&self.db).await.unwrap(), []);
        self.leave().await;
    }
}

async fn administer(server: &str, sql: &str) {
    let admin = Database::connect(server).await.unwrap();
    admin.execute_unprepared(sql).await.unwrap();
    admin.close().await.unwrap();
}

pub(crate) fn fresh() -> Uuid {
    Uuid::new_v4()
}

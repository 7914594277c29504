//! A migrated database for each test, on the engine that the run is for.

use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;
use web::database::{Handles, Records, migrate};

/// A database that goes away with the test.
#[derive(Debug)]
pub struct TestDatabase {
    /// The ways to it.
    pub handles: Handles,
    /// Where it is, for a second process or pool.
    pub records: Records,
    _folder: Option<TempDir>,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl TestDatabase {
    /// SQLite in a folder of its own, or a new database on the server that `TEST_POSTGRES_URL` names.
    pub async fn new() -> Self {
        let (records, folder) = if let Ok(server) = std::env::var("TEST_POSTGRES_URL") {
            (postgres(&server).await, None)
        } else {
            let folder = tempfile::tempdir().expect("a temporary folder");
            (
                Records::Embedded(folder.path().join("alongside.db")),
                Some(folder),
            )
        };
        let handles = records.open().await.expect("the test database opens");
        migrate(&handles.writer)
            .await
            .expect("the test database takes every step");
        Self {
            handles,
            records,
            _folder: folder,
        }
    }
}

async fn postgres(server: &str) -> Records {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("test_{}_{number}", std::process::id());
    let root = Database::connect(server).await.expect("the test server answers");
    root.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        .await
        .expect("no old database");
    root.execute_unprepared(&format!("CREATE DATABASE {name}"))
        .await
        .expect("a new database");
    root.close().await.expect("closed");
    let (base, _) = server.rsplit_once('/').expect("a database in TEST_POSTGRES_URL");
    Records::Postgres {
        url: format!("{base}/{name}"),
        connections: 8,
    }
}

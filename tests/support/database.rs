//! A migrated database for each test, on the engine that the run is for.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::Proxy;
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
        Self::open(records, folder).await
    }

    /// A new database on the server that `TEST_POSTGRES_URL` names, behind a line that can be cut; none
    /// where the run is for SQLite, whose records have no line.
    pub async fn behind_a_line() -> Option<(Self, Proxy)> {
        let server = std::env::var("TEST_POSTGRES_URL").ok()?;
        let Records::Postgres { url, connections } = postgres(&server).await else {
            return None;
        };
        let (start, rest) = url.rsplit_once('@').expect("a user in TEST_POSTGRES_URL");
        let (host, name) = rest.split_once('/').expect("a database");
        let address = tokio::net::lookup_host(host)
            .await
            .expect("a host and a port")
            .next();
        let proxy = Proxy::to(address.expect("an address")).await;
        let url = format!("{start}@{}/{name}", proxy.address());
        let database = Self::open(Records::Postgres { url, connections }, None).await;
        Some((database, proxy))
    }

    async fn open(records: Records, folder: Option<TempDir>) -> Self {
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

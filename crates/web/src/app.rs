//! What every handler can reach.

use std::sync::Arc;

use ids::Ts;
use sea_orm::{DatabaseConnection, DbBackend};
use time::Duration;

use crate::clock::Clock;
use crate::database::Handles;
use crate::error::Error;
use crate::kept::Kept;
use crate::limits::Limits;
use crate::pages::Pages;
use crate::secrets::Secrets;
use crate::work::Work;

/// What every handler can reach. There is no mailer: handlers write mail, they do not send it.
#[derive(Clone, Debug)]
pub struct App {
    /// Where changes are made: one connection on SQLite.
    pub(crate) writer: DatabaseConnection,
    /// Where pages read.
    pub(crate) reader: DatabaseConnection,
    /// Where it is seen that somebody has committed something.
    pub(crate) watcher: DatabaseConnection,
    pub(crate) clock: Clock,
    pub(crate) secrets: Secrets,
    pub(crate) pages: Arc<Pages>,
    pub(crate) kept: Arc<Kept>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) setup: Arc<Setup>,
}

/// What was decided when the program started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The address of the service, without a slash at the end; every link begins with it (T-30).
    pub base_url: String,
    /// Proxies whose word about the visitor's address is taken (T-30).
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// Whether this is `alongside demo`: invented people, no mail leaves (T-51).
    pub rehearsal: bool,
    /// Where mail is put when no relay is set, and where rehearsals read it.
    pub mail_folder: Option<std::path::PathBuf>,
}

impl Setup {
    /// The name and port that a request must be addressed to (T-30).
    pub fn host(&self) -> &str {
        self.base_url
            .split_once("://")
            .map_or(self.base_url.as_str(), |(_, host)| host)
    }

    /// Whether visitors come over https; then cookies are bound to it and browsers are told to stay.
    pub fn is_https(&self) -> bool {
        self.base_url.starts_with("https://")
    }
}

/// How often a change is tried when another one was in the way (T-52).
const TRIES: u32 = 4;

impl App {
    /// Puts together what handlers reach.
    pub fn new(
        handles: Handles,
        clock: Clock,
        secrets: Secrets,
        setup: Setup,
    ) -> Result<Self, crate::pages::BadTemplate> {
        let limits = Arc::new(Limits::new(clock.clone()));
        let pages = Arc::new(Pages::load()?);
        Ok(Self {
            writer: handles.writer,
            reader: handles.reader,
            watcher: handles.watcher,
            clock,
            secrets,
            pages,
            kept: Arc::default(),
            limits,
            setup: Arc::new(setup),
        })
    }

    /// Makes one change to the records: all of `change`, or, if it fails, none of it.
    ///
    /// A change that met another one on the way (a deadlock, a busy database) is tried again from the
    /// beginning, so `change` may run more than once and keeps nothing outside the records.
    pub async fn change<T, F>(&self, change: impl Fn(Arc<Work>) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut tried = 0;
        loop {
            tried += 1;
            let work = Arc::new(Work::begin(self).await?);
            // An error drops `work`, and with it everything that was written.
            let outcome = match change(work.clone()).await {
                Ok(value) => Work::commit(work).await.map(|()| value),
                Err(error) => Err(error),
            };
            match outcome {
                Err(error) if error.is_passing() && tried < TRIES => {
                    let [jitter] = self.secrets.bytes::<1>();
                    let wait = u64::from(tried) * 20 + u64::from(jitter) / 4;
                    tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Now.
    pub fn now(&self) -> Ts {
        self.clock.now()
    }

    /// Where pages read; never written to.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// The clock, for rehearsals and tests that move it.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The dice and keys.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// What was decided at start.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Whether several processes may share the records.
    pub fn is_shared(&self) -> bool {
        self.writer.get_database_backend() == DbBackend::Postgres
    }

    /// A full address from a path (T-30).
    pub fn link(&self, path: impl std::fmt::Display) -> String {
        format!("{}{path}", self.setup.base_url)
    }
}

/// How long the answer to an operation number is remembered (T-35).
pub(crate) const OPERATIONS_KEPT: Duration = Duration::days(7);

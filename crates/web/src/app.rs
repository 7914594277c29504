//! What every handler can reach.

use std::ops::Deref;
use std::sync::Arc;

use ids::Ts;
use sea_orm::{DatabaseConnection, DbBackend};
use time::Duration;
use tokio::time::{Instant, timeout_at};

use crate::clock::Clock;
use crate::database::{Handles, Watcher};
use crate::error::Error;
use crate::kept::Kept;
use crate::limits::Limits;
use crate::pages::Pages;
use crate::secrets::Secrets;
use crate::site::LastSite;
use crate::work::Work;

/// What every handler can reach. There is no mailer: handlers write mail, they do not send it.
///
/// Every layer of every request has one of its own, so a clone costs next to nothing.
#[derive(Clone, Debug)]
pub struct App {
    shared: Arc<Shared>,
    /// How long one try of a change may take; nobody waits for what falls due and for commands.
    pub(crate) patience: Option<std::time::Duration>,
}

/// What all clones of an [`App`] share.
#[derive(Debug)]
pub struct Shared {
    /// Where changes are made: one connection on SQLite.
    pub(crate) writer: DatabaseConnection,
    /// Where pages read.
    pub(crate) reader: DatabaseConnection,
    /// Where it is seen that somebody has committed something.
    pub(crate) watcher: Watcher,
    pub(crate) clock: Clock,
    pub(crate) secrets: Secrets,
    pub(crate) pages: Pages,
    pub(crate) kept: Kept,
    pub(crate) limits: Limits,
    pub(crate) setup: Setup,
    /// What pages showed last, for those that must do without the records (T-64).
    pub(crate) last_site: LastSite,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
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

/// How long one try of a visitor's change may take on a server that may be away (T-64). Longer than
/// the server makes anybody wait for a lock (T-52).
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(4);

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
        let shared = Shared {
            writer: handles.writer,
            reader: handles.reader,
            watcher: handles.watcher,
            limits: Limits::new(clock.clone()),
            clock,
            secrets,
            pages: Pages::load()?,
            kept: Kept::default(),
            setup,
            last_site: LastSite::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
            patience: None,
        })
    }

    /// The same for handlers, behind which a visitor waits. Embedded records are never away.
    pub(crate) fn for_visitors(mut self) -> Self {
        self.patience = Some(PATIENCE).filter(|_| self.is_shared());
        self
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
            match self.attempt(&change).await {
                Err(error) if error.was_in_the_way() && tried < TRIES => {
                    let [jitter] = self.secrets.bytes::<1>();
                    let wait = u64::from(tried) * 20 + u64::from(jitter) / 4;
                    tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// One try. Until the commit nothing is changed, whatever fails or takes too long; from then on only
    /// the answer to the commit can say.
    async fn attempt<T, F>(&self, change: &impl Fn(Arc<Work>) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let end = self.patience.map(|it| Instant::now() + it);
        // An error drops the `Work`, and with it everything that was written.
        // Boxed: the futures of changes are large, and those around them would carry them twice.
        let tried = Box::pin(async {
            let work = Arc::new(Work::begin(self).await?);
            Ok((change(work.clone()).await?, work))
        });
        let (value, work) = until(end, tried)
            .await
            .unwrap_or_else(|| Err(Error::late("the change took too long")))?;
        let kept = until(end, Work::commit(work)).await;
        kept.unwrap_or_else(|| Err(Error::unsure("no answer to the commit")))?;
        Ok(value)
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

/// What comes of it, if it comes before the end.
async fn until<T>(end: Option<Instant>, act: impl Future<Output = T>) -> Option<T> {
    match end {
        Some(end) => timeout_at(end, act).await.ok(),
        None => Some(act.await),
    }
}

/// How long the answer to an operation number is remembered (T-35).
pub(crate) const OPERATIONS_KEPT: Duration = Duration::days(7);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::office::{JUNE, Office};
    use crate::people::{self, NewPerson};
    use axum::body::Body;
    use axum::http::{Request, StatusCode, header};
    use sea_orm::ConnectionTrait;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tower::ServiceExt;

    fn somebody(name: String) -> NewPerson {
        NewPerson {
            full_name: name,
            called_name: None,
            pronouns: None,
            email: None,
            phone: Some("01632 960123".to_owned()),
            prefers: "phone".to_owned(),
            info_format: "standard".to_owned(),
        }
    }

    /// A second way to the records that keeps everybody from writing.
    async fn somebody_writes(office: &Office) -> DatabaseConnection {
        let file = office.folder.path().join("alongside.db");
        let other = crate::database::Records::Embedded(file)
            .open()
            .await
            .unwrap()
            .writer;
        other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
        // So that the test does not wait for the five seconds that the database would.
        office
            .app
            .writer
            .execute_unprepared("PRAGMA busy_timeout = 0")
            .await
            .unwrap();
        other
    }

    #[tokio::test]
    async fn a_change_that_cannot_begin_is_tried_again() {
        let office = Office::open().await;
        let other = somebody_writes(&office).await;
        let change = office
            .app
            .change(async |work| people::add(&work, somebody("Sam".to_owned())).await);
        let (changed, ()) = tokio::join!(change, async {
            // There is one connection to write with, so this begins when the change has failed to.
            assert!(Work::begin(&office.app).await.unwrap_err().was_in_the_way());
            other.execute_unprepared("ROLLBACK").await.unwrap();
        });
        changed.unwrap();
    }

    #[tokio::test]
    async fn a_change_is_tried_four_times_and_not_once_more() {
        let office = Office::open().await;
        let counter = AtomicU32::new(0);
        let tries = &counter;
        let busy = office
            .app
            .change(|_| async move {
                tries.fetch_add(1, Ordering::Relaxed);
                Err::<(), _>(in_the_way())
            })
            .await;
        assert!(busy.unwrap_err().was_in_the_way());
        assert_eq!(tries.load(Ordering::Relaxed), TRIES);
        // What will not pass in a moment is not tried again.
        let late = office
            .app
            .change(|_| async move {
                tries.fetch_add(1, Ordering::Relaxed);
                Err::<(), _>(Error::late("away"))
            })
            .await;
        assert!(late.unwrap_err().is_passing());
        assert_eq!(tries.load(Ordering::Relaxed), TRIES + 1);
    }

    fn in_the_way() -> Error {
        let code = crate::error::refusal_of_the_records("40001");
        sea_orm::DbErr::Exec(sea_orm::RuntimeErr::SqlxError(Arc::new(code))).into()
    }

    #[tokio::test]
    async fn a_full_disk_refuses_changes_and_still_shows_pages() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let writer = &office.app.writer;
        writer
            .execute_unprepared("PRAGMA max_page_count = 1")
            .await
            .unwrap();
        let full = office
            .app
            .change(async |work| {
                for n in 0..500 {
                    people::add(&work, somebody(format!("{n}{}", "x".repeat(500)))).await?;
                }
                Ok(())
            })
            .await
            .unwrap_err();
        assert!(matches!(full, Error::Busy(_)) && !full.was_in_the_way(), "{full}");
        let router = crate::router(office.app.clone());
        let request = Request::get("/courses").header(header::HOST, "courses.example.org");
        let page = router
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        // Nothing is damaged: with room, everything goes on.
        writer
            .execute_unprepared("PRAGMA max_page_count = 1000000")
            .await
            .unwrap();
        office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        assert_eq!(crate::verify::verify(&office.app).await.unwrap(), []);
    }
}

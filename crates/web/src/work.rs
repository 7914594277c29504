//! One change to the records.
//!
//! The only place where a transaction begins. What is written through one `Work`, mail and tasks
//! included, is there together or not at all.

use std::sync::{Arc, Mutex, PoisonError};

use booking::allocator::{self, Arrival};
use booking::{Asked, Cause, Change, Outcome, bookings};
use ids::{BookingId, RunId, SessionId, Ts};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    AccessMode, ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DatabaseTransaction, DbBackend,
    EntityTrait, IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::app::App;
use crate::audit::{self, Act, Doer};
use crate::entity::operation;
use crate::error::Error;
use crate::notify;
use crate::secrets::Secrets;

/// One look at the records as they are at one moment, whatever is changed meanwhile. Writes nothing.
pub(crate) async fn one_look(app: &App) -> Result<DatabaseTransaction, Error> {
    let options = if app.is_shared() {
        TransactionOptions {
            isolation_level: Some(IsolationLevel::RepeatableRead),
            access_mode: Some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        }
    } else {
        TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
            ..TransactionOptions::default()
        }
    };
    Ok(app.reader.begin_with_options(options).await?)
}

/// One change to the records: a transaction, the moment it happens, and the mail it causes.
#[derive(Debug)]
pub struct Work {
    tx: DatabaseTransaction,
    now: Ts,
    secrets: Secrets,
    base_url: String,
    /// What was done, to be written down at the end (T-46).
    acts: Mutex<Vec<Act>>,
}

impl Work {
    pub(crate) async fn begin(app: &App) -> Result<Self, Error> {
        let options = TransactionOptions {
            // On SQLite the right to write is taken at once; PostgreSQL ignores this (T-52).
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let tx = app.writer.begin_with_options(options).await?;
        Ok(Self {
            tx,
            now: app.clock.now(),
            secrets: app.secrets.clone(),
            base_url: app.setup.base_url.clone(),
            acts: Mutex::default(),
        })
    }

    pub(crate) async fn commit(work: Arc<Self>) -> Result<(), Error> {
        // Somebody who still holds the change when it should end would write after its end.
        let work = Arc::into_inner(work).ok_or_else(|| Error::fault(std::fmt::Error))?;
        audit::write(&work, work.acts()).await?;
        work.tx.commit().await.map_err(Error::at_the_end)
    }

    /// Tries something within this change: if it fails, nothing of it stays, and the change goes on.
    pub(crate) async fn attempt<T, F>(&self, attempt: impl FnOnce(Arc<Self>) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let part = Arc::new(Self {
            // A savepoint of this transaction.
            tx: self.tx.begin().await?,
            now: self.now,
            secrets: self.secrets.clone(),
            base_url: self.base_url.clone(),
            acts: Mutex::default(),
        });
        let value = attempt(part.clone()).await;
        let part = Arc::into_inner(part).ok_or_else(|| Error::fault(std::fmt::Error))?;
        match value {
            Ok(value) => {
                for act in part.acts() {
                    self.note(act);
                }
                part.tx.commit().await.map(|()| value).map_err(Error::from)
            }
            Err(error) => {
                part.tx.rollback().await?;
                Err(error)
            }
        }
    }

    /// Notes what was done; it is written down with the change (T-46).
    pub(crate) fn note(&self, act: Act) {
        self.acts.lock().unwrap_or_else(PoisonError::into_inner).push(act);
    }

    /// What was noted.
    fn acts(&self) -> Vec<Act> {
        std::mem::take(&mut *self.acts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note_steps(&self, outcome: &Outcome) {
        for step in &outcome.transitions {
            self.note(Act::of(step));
        }
    }

    /// The transaction.
    pub fn tx(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// The one moment at which everything in this change happens.
    pub fn now(&self) -> Ts {
        self.now
    }

    /// A fresh id for a new row.
    pub fn fresh_id(&self) -> Uuid {
        self.secrets.id(self.now)
    }

    /// From here to the end of this change, whoever changes settings, texts or courses waits: what was read
    /// is still so when it is written. On SQLite all changes are one after the other.
    pub(crate) async fn take_turns(&self) -> Result<(), Error> {
        if self.tx.get_database_backend() == DbBackend::Postgres {
            // The number of this lock means nothing; nobody else uses it.
            let lock = "SELECT pg_advisory_xact_lock(4604161)";
            self.tx.execute_unprepared(lock).await?;
        }
        Ok(())
    }

    /// The dice and keys.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The name after the `@` in calendar entries and message ids.
    pub(crate) fn host(&self) -> &str {
        let host = self
            .base_url
            .split_once("://")
            .map_or(self.base_url.as_str(), |(_, host)| host);
        host.split(':').next().unwrap_or(host)
    }

    /// Changes the bookings of `run` and writes the mail and tasks that calls for.
    pub async fn allocate(&self, run: RunId, asked: Asked) -> Result<Outcome, Error> {
        let fresh = || self.fresh_id();
        let on_run = asked
            .change
            .on_run()
            .and_then(|act| Act::on_run(run, act, &asked.cause));
        // Boxed: the futures of the doors are large, and every handler would carry them.
        let outcome = Box::pin(booking::allocate(&self.tx, self.now, &fresh, run, asked)).await?;
        if let Some(act) = on_run {
            self.note(act);
        }
        self.follow(&outcome).await?;
        Ok(outcome)
    }

    /// Notes what happened on the dates, and on others because of it, and writes the mail and tasks that
    /// calls for.
    async fn follow(&self, outcome: &Outcome) -> Result<(), Error> {
        for it in std::iter::once(outcome).chain(&outcome.elsewhere) {
            self.note_steps(it);
            Box::pin(notify::follow(self, it)).await?;
        }
        Ok(())
    }

    /// Arranges that somebody catches up a missed day in this session, for whoever of the team does it.
    pub async fn catch_up(&self, booking: BookingId, target: SessionId, cause: &Cause) -> Result<(), Error> {
        let fresh = || self.fresh_id();
        let made = allocator::allocate_catch_up(&self.tx, self.now, &fresh, booking, target);
        let outcome = Box::pin(made).await?;
        self.note_catch_ups(&outcome, cause).await?;
        self.follow(&outcome).await
    }

    /// Calls a catch-up off, for whoever of the team does it.
    pub async fn end_catch_up(&self, which: Uuid, cause: &Cause) -> Result<(), Error> {
        let fresh = || self.fresh_id();
        let outcome = Box::pin(allocator::end_catch_up(&self.tx, self.now, &fresh, which)).await?;
        self.note_catch_ups(&outcome, cause).await?;
        self.follow(&outcome).await
    }

    async fn note_catch_ups(&self, outcome: &Outcome, cause: &Cause) -> Result<(), Error> {
        for it in &outcome.catch_ups {
            let record = bookings::find(&self.tx, it.catch_up.booking).await?;
            let person = record.ok_or(Error::NotFound)?.person;
            self.note(Act {
                doer: Doer::of(cause.actor, person),
                what: if it.made {
                    "catch_up_made"
                } else {
                    "catch_up_ended"
                },
                about: ("booking", it.catch_up.booking.to_string()),
                whose: Some(person),
                reason: cause.reason.clone(),
            });
        }
        Ok(())
    }

    /// Moves a booking to another run (guard 4), with the mail and tasks of both.
    pub async fn allocate_move(&self, from: (RunId, BookingId), arrival: Arrival) -> Result<(), Error> {
        let fresh = || self.fresh_id();
        for outcome in Box::pin(allocator::allocate_move(
            &self.tx, self.now, &fresh, from, arrival,
        ))
        .await?
        {
            self.follow(&outcome).await?;
        }
        Ok(())
    }

    /// Keeps a newer booking instead of an older one in another run (B-26), with mail and tasks.
    pub async fn allocate_instead(&self, old: (RunId, BookingId), new: (RunId, Change)) -> Result<(), Error> {
        let fresh = || self.fresh_id();
        for outcome in Box::pin(allocator::allocate_instead(&self.tx, self.now, &fresh, old, new)).await? {
            Box::pin(notify::follow(self, &outcome)).await?;
            for it in &outcome.elsewhere {
                self.follow(it).await?;
            }
        }
        Ok(())
    }

    /// Whether a form with this number and content was dealt with before (T-35).
    pub(crate) async fn is_done(&self, op: Option<&str>, content: &str) -> Result<bool, Error> {
        was_done(&self.tx, op, content).await
    }

    /// Does `act` once for this operation number (B-12, T-35): a repeat with the same content gets
    /// the first result (a path) and changes nothing, other content with the same number is refused.
    /// Without a number the request simply counts once.
    pub async fn once(
        &self,
        op: Option<&str>,
        content: &str,
        act: impl Future<Output = Result<String, Error>>,
    ) -> Result<String, Error> {
        let Some(op) = op else { return act.await };
        let digest = digest_of(content);
        // The number is taken first: a second request with it waits here for the first one to end.
        let row = operation::ActiveModel {
            op: Set(op.to_owned()),
            digest: Set(digest.clone()),
            result: Set(String::new()),
            at: Set(self.now),
        };
        let taken = operation::Entity::insert(row)
            .on_conflict(OnConflict::column(operation::Column::Op).do_nothing().to_owned())
            .exec_without_returning(&self.tx)
            .await?;
        if taken == 0 {
            let first = operation::Entity::find_by_id(op)
                .one(&self.tx)
                .await?
                .ok_or(Error::NotFound)?;
            return if first.digest == digest {
                Ok(first.result)
            } else {
                Err(Error::OtherContent)
            };
        }
        let result = act.await?;
        let row = operation::ActiveModel {
            op: Set(op.to_owned()),
            result: Set(result.clone()),
            ..Default::default()
        };
        row.update(&self.tx).await?;
        Ok(result)
    }
}

fn digest_of(content: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(content.as_bytes()))
}

/// Whether a form with this number and content was dealt with before (T-35): its second press shows the
/// result, whatever became of the link that it came through (T-23).
pub(crate) async fn was_done(
    db: &impl ConnectionTrait,
    op: Option<&str>,
    content: &str,
) -> Result<bool, Error> {
    let Some(op) = op else { return Ok(false) };
    let first = operation::Entity::find_by_id(op).one(db).await?;
    Ok(first.is_some_and(|it| it.digest == digest_of(content)))
}

/// Whether nobody has sent a form with this number yet; other content with the same number is refused
/// (B-12). For what is done in several changes, of which the last takes the number.
pub(crate) async fn is_first(
    db: &impl ConnectionTrait,
    op: Option<&str>,
    content: &str,
) -> Result<bool, Error> {
    let Some(op) = op else { return Ok(true) };
    match operation::Entity::find_by_id(op).one(db).await? {
        None => Ok(true),
        Some(first) if first.digest == digest_of(content) => Ok(false),
        Some(_) => Err(Error::OtherContent),
    }
}

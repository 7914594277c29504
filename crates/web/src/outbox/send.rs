//! When and how often mail is tried (T-54 to T-60).
//!
//! A row is claimed in a short change of its own: checked, rendered, leased. Then it is sent with no
//! transaction open, and what came of it is marked in another change. Whoever dies in between leaves a
//! lease that ends.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration as Wait;

use booking::{Asked, Change, State, bookings, calendar};
use ids::{BookingId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use time::Duration;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Kind;
use super::facts::{self, Facts, Parameters, Reader, Shown, Subject, still_true};
use super::render::{self, Outside};
use crate::app::App;
use crate::entity::{calendar_entry, outbox_mail};
use crate::error::Error;
use crate::mailer::{Mailer, SendError, Sent};
use crate::notify::in_place_of;
use crate::sign_in::code;
use crate::sign_in::mail::About;
use crate::tasks::{self, TaskKind};
use crate::work::Work;

/// How long a claimed row belongs to whoever claimed it (T-57).
const LEASE: Duration = Duration::seconds(30);
/// How often a lease is renewed while its mail is on the way.
const RENEW: Wait = Wait::from_secs(10);
/// How long a round waits for conversations with a relay. A slow one goes on by itself, so that it does
/// not hold up what else falls due (B-95).
const PATIENCE: Wait = Wait::from_millis(400);
/// How often, a second apart, we try to note what came of a mail while the records are away: a mail
/// that was taken and not noted would leave twice.
const MARK_TRIES: u32 = 60;

/// Sends what is due, until nothing is.
pub(crate) async fn send_due(app: &App, mailer: &Mailer) -> Result<(), Error> {
    let Mailer::Smtp(smtp) = mailer else {
        return work_off(app, mailer).await;
    };
    if Queue::default().next(app.reader(), app.now()).await?.is_none() {
        return Ok(());
    }
    let mut lanes = JoinSet::new();
    while let Some(lane) = smtp.lane() {
        let (app, mailer) = (app.clone(), mailer.clone());
        lanes.spawn(async move {
            if let Err(error) = work_off(&app, &mailer).await {
                tracing::error!(event = "rounds", %error);
            }
            drop(lane);
        });
    }
    let all = async { while lanes.join_next().await.is_some() {} };
    if tokio::time::timeout(PATIENCE, all).await.is_err() {
        lanes.detach_all();
    }
    Ok(())
}

/// One mail after the other.
async fn work_off(app: &App, mailer: &Mailer) -> Result<(), Error> {
    // Looked at without a change first: most of the time nothing is due.
    while Queue::default().next(app.reader(), app.now()).await?.is_some() && mailer.is_ready(app.now()).await
    {
        match claim(app).await? {
            None => break,
            Some(Claim::Settled) => {}
            Some(Claim::Send(claimed)) => {
                let outcome = send(app, mailer, &claimed).await;
                mark(app, &claimed, &outcome).await?;
                if let Err(SendError::Unreachable(why)) = &outcome {
                    mailer.pause(app.now(), why);
                    break;
                }
            }
        }
    }
    Ok(())
}

/// The rows that are due, oldest first, at most one for each address: the mails of a person leave in
/// the order in which they were written (T-56, B-100).
#[derive(Debug, Default)]
struct Queue {
    page: VecDeque<Candidate>,
    after: Option<i64>,
    seen: BTreeSet<String>,
}

#[derive(Debug)]
struct Candidate {
    seq: i64,
    recipient: String,
    is_free: bool,
}

/// Rows looked at together.
const PAGE: u64 = 200;

impl Queue {
    /// The next row that could be claimed now.
    async fn next(&mut self, db: &impl ConnectionTrait, now: Ts) -> Result<Option<i64>, Error> {
        loop {
            while let Some(it) = self.page.pop_front() {
                // A row that waits or belongs to another worker holds up those behind it.
                if self.seen.insert(it.recipient) && it.is_free {
                    return Ok(Some(it.seq));
                }
            }
            self.page = candidates(db, now, self.after).await?;
            match self.page.back() {
                Some(last) => self.after = Some(last.seq),
                None => return Ok(None),
            }
        }
    }
}

async fn candidates(
    db: &impl ConnectionTrait,
    now: Ts,
    after: Option<i64>,
) -> Result<VecDeque<Candidate>, Error> {
    use outbox_mail::Column;
    let rows: Vec<(i64, String, String, Ts, Option<Ts>)> = outbox_mail::Entity::find()
        .select_only()
        .columns([
            Column::Seq,
            Column::Recipient,
            Column::State,
            Column::NextTryAt,
            Column::LeasedUntil,
        ])
        .filter(Column::State.is_in(["queued", "sending"]))
        .filter(Column::DueAt.lte(now))
        // A mail of a kind that only a newer program knows is left to it.
        .filter(Column::Kind.is_in(Kind::ALL.map(Kind::name)))
        .filter(Condition::all().add_option(after.map(|it| Column::Seq.gt(it))))
        .order_by_asc(Column::Seq)
        .limit(PAGE)
        .into_tuple()
        .all(db)
        .await?;
    let free = |state: &str, next_try_at: Ts, leased_until: Option<Ts>| match state {
        "queued" => next_try_at <= now,
        _ => leased_until.is_none_or(|it| it <= now),
    };
    Ok(rows
        .into_iter()
        .map(|(seq, recipient, state, next_try_at, leased_until)| Candidate {
            seq,
            recipient,
            is_free: free(&state, next_try_at, leased_until),
        })
        .collect())
}

/// A mail that is ours to send.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    seq: i64,
    lease: Uuid,
    /// The bytes were tried before and may have arrived: whatever happens now, they stay.
    again: bool,
    pub(crate) mail: Sent,
}

/// What became of a claim.
#[derive(Clone, Debug)]
pub(crate) enum Claim {
    /// There was nothing to send after all; the row says why.
    Settled,
    /// Send this.
    Send(Box<Claimed>),
}

/// Takes the next mail, if one is due.
pub(crate) async fn claim(app: &App) -> Result<Option<Claim>, Error> {
    let at = Arc::new(AtomicI64::new(0));
    let (program, seen) = (app.clone(), Arc::clone(&at));
    let claimed = app
        .change(async |work| next_claim(&program, &work, &seen).await)
        .await;
    match claimed {
        // One mail that cannot be written must not hold up all others.
        Err(error) if !error.is_passing() => {
            let seq = at.load(Ordering::Relaxed);
            tracing::error!(event = "fault", mail = seq, %error);
            match app.change(async |work| set_aside(&work, seq, true).await).await {
                // A run that cannot be changed must not hold up all mail.
                Err(error) if !error.is_passing() => {
                    tracing::error!(event = "fault", mail = seq, %error);
                    app.change(async |work| set_aside(&work, seq, false).await)
                        .await?;
                }
                aside => aside?,
            }
            Ok(Some(Claim::Settled))
        }
        claimed => claimed,
    }
}

/// Notes which row it is at: should it fail, that is the one to set aside.
async fn next_claim(app: &App, work: &Work, at: &AtomicI64) -> Result<Option<Claim>, Error> {
    let mut queue = Queue::default();
    while let Some(seq) = queue.next(work.tx(), work.now()).await? {
        at.store(seq, Ordering::Relaxed);
        if let Some(row) = locked(work, seq).await? {
            return prepare(app, work, row).await.map(Some);
        }
    }
    Ok(None)
}

/// Counts a try of a mail that could not even be written. Given up, it is like any other mail that is:
/// the time of its hold or offer begins, and the team has a task (section 3 of booking.md).
async fn set_aside(work: &Work, seq: i64, with_clock: bool) -> Result<(), Error> {
    let Some(row) = locked(work, seq).await? else {
        return Ok(());
    };
    let is_over = retry(work, &row, row.rendered.clone(), "it could not be written").await?;
    if is_over && with_clock {
        start_clock(work, &row).await?;
    }
    Ok(())
}

/// The row, if nobody else has it. On SQLite nobody else can.
async fn locked(work: &Work, seq: i64) -> Result<Option<outbox_mail::Model>, Error> {
    use outbox_mail::Column;
    let waits = Condition::all()
        .add(Column::State.eq("queued"))
        .add(Column::NextTryAt.lte(work.now()));
    let left = Condition::all()
        .add(Column::State.eq("sending"))
        .add(Column::LeasedUntil.lte(work.now()));
    Ok(outbox_mail::Entity::find_by_id(seq)
        .filter(Condition::any().add(waits).add(left))
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .one(work.tx())
        .await?)
}

/// Checks and renders a row, or finds that it need not be sent.
async fn prepare(app: &App, work: &Work, mut row: outbox_mail::Model) -> Result<Claim, Error> {
    let Some(kind) = Kind::named(&row.kind) else {
        return Ok(Claim::Settled);
    };
    if row.state == "sending" {
        // Whoever had it is gone. It counts as a try, so that a mail that brings us down ends too.
        row.tries += 1;
        if wait_after(work, row.tries).await?.is_none() {
            fail(work, &row, "the program ended while it was sent").await?;
            start_clock(work, &row).await?;
            return Ok(Claim::Settled);
        }
    }
    if let Some(bytes) = row.rendered.take() {
        // A log in code that comes late helps nobody (T-59); whatever else may have arrived stays as it is.
        if kind == Kind::LogInCode {
            let facts = facts::load(work.tx(), work.secrets(), work.now(), kind, &row).await?;
            if let Err(why) = still_true(kind, &facts) {
                return suppress(work, &row, kind, why, false).await;
            }
        }
        return lease(work, &row, bytes, true).await;
    }
    let mut facts = facts::load(work.tx(), work.secrets(), work.now(), kind, &row).await?;
    if let Some(new) = moved_on(kind, &facts) {
        let Some(new) = new else {
            return suppress(work, &row, kind, "the person has no usable email", true).await;
        };
        if is_told_there(work, &row, &new).await? {
            return suppress(work, &row, kind, "told at the new address", false).await;
        }
        row.recipient = new;
        facts = facts::load(work.tx(), work.secrets(), work.now(), kind, &row).await?;
    }
    if let Err(why) = still_true(kind, &facts) {
        return suppress(work, &row, kind, why, false).await;
    }
    if let Some(later) = better_later(kind, &facts) {
        let mut put_off = free(&row);
        put_off.next_try_at = Set(later);
        put_off.due_at = Set(later);
        put_off.recipient = Set(row.recipient);
        put_off.update(work.tx()).await?;
        return Ok(Claim::Settled);
    }
    if let Subject::Account(it) = &mut facts.subject
        && let About::Code(it) = &mut **it
    {
        it.code = code::issue(work, it.attempt).await?;
    }
    let (bytes, shown) = rendered(app, work, kind, &row, &facts)?;
    note_shown(work, &facts, &mut row.parameters, &shown).await?;
    lease(work, &row, bytes, false).await
}

/// The address that the person has now, when the mail was meant for another: the mail follows the
/// person, so that no link that acts for them reaches a mailbox that is not theirs.
#[expect(
    clippy::option_option,
    reason = "whether they moved on, and whether they have an address now"
)]
fn moved_on(kind: Kind, facts: &Facts) -> Option<Option<String>> {
    match &facts.subject {
        Subject::Booking(it) if kind != Kind::BookingDetailsChanged => match &it.reader {
            Reader::Former(new) => Some(new.clone()),
            Reader::Owner { .. } | Reader::Newcomer | Reader::Copy | Reader::NoMore => None,
        },
        Subject::Booking(_)
        | Subject::Links(_)
        | Subject::Draft(..)
        | Subject::Interest(_)
        | Subject::Account(_)
        | Subject::Trial(_)
        | Subject::Team(_)
        | Subject::Gone => None,
    }
}

/// Whether the same was written to the new address already.
async fn is_told_there(work: &Work, row: &outbox_mail::Model, address: &str) -> Result<bool, Error> {
    use outbox_mail::Column;
    let same = Condition::any()
        .add(Column::Occasion.eq(&row.occasion))
        .add(Column::Seq.gt(row.seq));
    let told = outbox_mail::Entity::find()
        .filter(Column::Kind.eq(&row.kind))
        .filter(Column::About.eq(row.about))
        .filter(Column::Recipient.eq(address))
        .filter(same)
        .count(work.tx())
        .await?;
    Ok(told > 0)
}

/// A better moment for a reminder: by day (B-102), and to confirm half way of the time that the person really has.
fn better_later(kind: Kind, facts: &Facts) -> Option<Ts> {
    if matches!(
        kind,
        Kind::NextWeek | Kind::Tomorrow | Kind::RegisterSoon | Kind::RegisterLate
    ) {
        let by_day = booking::deadlines::by_day(&facts.settings, facts.now);
        return Some(by_day).filter(|it| *it > facts.now);
    }
    let Subject::Booking(it) = &facts.subject else {
        return None;
    };
    let (State::Unconfirmed { until }, Some(from)) = (it.record.state, it.record.clock_from) else {
        return None;
    };
    if kind != Kind::ConfirmReminder {
        return None;
    }
    let half = booking::deadlines::confirm_reminder(&facts.settings, from, until);
    let morning = booking::deadlines::by_day(&facts.settings, facts.now);
    let by_day = if until - morning >= Duration::hours(1) {
        morning
    } else {
        facts.now
    };
    Some(half.max(by_day)).filter(|it| *it > facts.now)
}

fn rendered(
    app: &App,
    work: &Work,
    kind: Kind,
    row: &outbox_mail::Model,
    facts: &Facts,
) -> Result<(Vec<u8>, Vec<Shown>), Error> {
    let letter = render::letter(&app.setup.base_url, kind, facts);
    let (mut shown, mut calendar) = (Vec::new(), Vec::new());
    if let Subject::Booking(it) = &facts.subject {
        shown = render::shown(kind, it);
        calendar = render::calendar_parts(&letter, it, &shown, &row.recipient, row.due_at);
    }
    let outside = Outside {
        id: row.id,
        host: work.host(),
        to: &row.recipient,
        date: row.due_at,
        unsubscribe: letter
            .links
            .new_dates_stop
            .as_deref()
            .filter(|_| kind == Kind::NewDates),
    };
    let parts = app.pages.mail(&letter, kind)?;
    Ok((render::message(&outside, &letter.site, parts, calendar)?, shown))
}

/// Notes in the row what a calendar is asked to show, and in the entries the number it was asked with.
async fn note_shown(
    work: &Work,
    facts: &Facts,
    parameters: &mut Value,
    shown: &[Shown],
) -> Result<(), Error> {
    if let Value::Object(fields) = parameters {
        fields.remove("calendar");
        if !shown.is_empty() {
            fields.insert(
                "calendar".to_owned(),
                serde_json::to_value(shown).unwrap_or_default(),
            );
        }
    }
    let Subject::Booking(it) = &facts.subject else {
        return Ok(());
    };
    for show in shown {
        for of in it.calendars.iter().filter(|of| of.booking == show.booking) {
            for entry in of.entries.iter().filter(|entry| entry.sequence < show.sequence) {
                let mut entry: calendar_entry::ActiveModel = entry.clone().into_active_model();
                entry.sequence = Set(show.sequence);
                entry.update(work.tx()).await?;
            }
        }
    }
    Ok(())
}

/// The row without a lease.
fn free(row: &outbox_mail::Model) -> outbox_mail::ActiveModel {
    outbox_mail::ActiveModel {
        seq: Set(row.seq),
        state: Set("queued".to_owned()),
        leased_until: Set(None),
        leased_by: Set(None),
        ..Default::default()
    }
}

/// Makes the row ours for a while.
async fn lease(work: &Work, row: &outbox_mail::Model, bytes: Vec<u8>, again: bool) -> Result<Claim, Error> {
    let (lease, from) = (
        work.fresh_id(),
        crate::site::organisation(work.tx())
            .await?
            .remove("contact_email"),
    );
    let update = outbox_mail::ActiveModel {
        seq: Set(row.seq),
        state: Set("sending".to_owned()),
        recipient: Set(row.recipient.clone()),
        parameters: Set(row.parameters.clone()),
        tries: Set(row.tries),
        leased_until: Set(Some(work.now() + LEASE)),
        leased_by: Set(Some(lease)),
        rendered: Set(Some(bytes.clone())),
        ..Default::default()
    };
    update.update(work.tx()).await?;
    let mail = Sent {
        id: row.id,
        from: from.unwrap_or_default(),
        to: row.recipient.clone(),
        bytes,
    };
    Ok(Claim::Send(Box::new(Claimed {
        seq: row.seq,
        lease,
        again,
        mail,
    })))
}

/// Hands a claimed mail over, and keeps it ours for as long as that takes.
async fn send(app: &App, mailer: &Mailer, claimed: &Claimed) -> Result<(), SendError> {
    let sending = mailer.send(&claimed.mail);
    tokio::pin!(sending);
    loop {
        tokio::select! {
            outcome = &mut sending => return outcome,
            () = tokio::time::sleep(RENEW) => {
                if let Err(error) = renew(app, claimed).await {
                    tracing::warn!(event = "busy", %error);
                }
            }
        }
    }
}

async fn renew(app: &App, claimed: &Claimed) -> Result<(), Error> {
    use outbox_mail::Column;
    let (seq, lease) = (claimed.seq, claimed.lease);
    app.change(async |work| {
        outbox_mail::Entity::update_many()
            .col_expr(Column::LeasedUntil, Expr::value(work.now() + LEASE))
            .filter(Column::Seq.eq(seq))
            .filter(Column::State.eq("sending"))
            .filter(Column::LeasedBy.eq(lease))
            .exec(work.tx())
            .await?;
        Ok(())
    })
    .await
}

/// Notes what came of a mail.
pub(crate) async fn mark(app: &App, claimed: &Claimed, outcome: &Result<(), SendError>) -> Result<(), Error> {
    let mut tried = 0;
    let mut with_clock = true;
    loop {
        tried += 1;
        let (ours, came) = (claimed.clone(), outcome.clone());
        match app
            .change(async |work| settle(&work, &ours, &came, with_clock).await)
            .await
        {
            Err(error) if error.is_passing() && tried < MARK_TRIES => {
                tokio::time::sleep(Wait::from_secs(1)).await;
            }
            // A run that cannot be changed must not make its mail leave again and again.
            Err(error) if !error.is_passing() && with_clock => {
                tracing::error!(event = "fault", mail = %claimed.mail.id, %error);
                with_clock = false;
            }
            done => return done,
        }
    }
}

async fn settle(
    work: &Work,
    claimed: &Claimed,
    outcome: &Result<(), SendError>,
    with_clock: bool,
) -> Result<(), Error> {
    use outbox_mail::Column;
    let ours = outbox_mail::Entity::find_by_id(claimed.seq)
        .filter(Column::State.eq("sending"))
        .filter(Column::LeasedBy.eq(claimed.lease))
        .lock_exclusive()
        .one(work.tx())
        .await?;
    // Somebody else has taken it over since.
    let Some(row) = ours else { return Ok(()) };
    let kept = row.rendered.clone().filter(|_| claimed.again);
    let is_over = match outcome {
        Ok(()) => {
            let mut sent = free(&row);
            sent.state = Set("sent".to_owned());
            sent.rendered = Set(None);
            sent.settled_at = Set(Some(work.now()));
            sent.reason = Set(None);
            sent.update(work.tx()).await?;
            true
        }
        Err(SendError::Permanent(why)) => {
            fail(work, &row, why).await?;
            true
        }
        Err(SendError::Unreachable(_)) => {
            let mut queued = free(&row);
            queued.rendered = Set(kept);
            queued.update(work.tx()).await?;
            false
        }
        Err(SendError::Temporary(why)) => retry(work, &row, kept, why).await?,
        Err(SendError::Unknown(why)) => retry(work, &row, row.rendered.clone(), why).await?,
    };
    if is_over && with_clock {
        start_clock(work, &row).await
    } else {
        Ok(())
    }
}

/// How long to wait after so many tries; nothing when that was the last one (B-104, T-59).
async fn wait_after(work: &Work, tries: i32) -> Result<Option<Duration>, Error> {
    let (settings, _) = calendar::rules(work.tx()).await?;
    let before = usize::try_from(tries).unwrap_or(0).saturating_sub(1);
    Ok(settings.mail_retry.get(before).map(|it| Duration::minutes(*it)))
}

/// Puts a mail off after a try that failed, or gives up; says whether it is given up. Kept bytes are
/// sent again as they are; without them the mail is written anew from the facts of that moment.
async fn retry(
    work: &Work,
    row: &outbox_mail::Model,
    kept: Option<Vec<u8>>,
    why: &str,
) -> Result<bool, Error> {
    let tries = row.tries + 1;
    let Some(wait) = wait_after(work, tries).await? else {
        fail(work, row, why).await?;
        return Ok(true);
    };
    let mut queued = free(row);
    queued.tries = Set(tries);
    queued.next_try_at = Set(work.now() + wait);
    queued.rendered = Set(kept);
    queued.reason = Set(Some(why.to_owned()));
    queued.update(work.tx()).await?;
    Ok(false)
}

/// Gives a mail up; the team tells the person in another way (B-104, INV-15).
async fn fail(work: &Work, row: &outbox_mail::Model, why: &str) -> Result<(), Error> {
    tracing::warn!(event = "mail_failed", mail = %row.id, kind = row.kind);
    let mut failed = free(row);
    failed.state = Set("failed".to_owned());
    failed.rendered = Set(None);
    failed.settled_at = Set(Some(work.now()));
    failed.reason = Set(Some(why.to_owned()));
    failed.tries = Set(row.tries);
    failed.update(work.tx()).await?;
    tasks::add(
        work,
        TaskKind::PhoneMailFailed,
        row.about,
        &format!("mail{}", row.seq),
        work.now(),
    )
    .await
}

/// Does not send what is no longer true. Where that leaves the person untold, the team tells them.
async fn suppress(
    work: &Work,
    row: &outbox_mail::Model,
    kind: Kind,
    why: &str,
    untold: bool,
) -> Result<Claim, Error> {
    let mut suppressed = free(row);
    suppressed.state = Set("suppressed".to_owned());
    suppressed.rendered = Set(None);
    suppressed.settled_at = Set(Some(work.now()));
    suppressed.reason = Set(Some(why.to_owned()));
    suppressed.update(work.tx()).await?;
    if untold && !matches!(kind, Kind::ConfirmReminder | Kind::Missed) {
        let occasion = format!("{}-{}", row.kind, row.occasion);
        tasks::add(work, in_place_of(kind), row.about, &occasion, work.now()).await?;
    }
    Ok(Claim::Settled)
}

/// The relay took, or finally refused, the mail about a hold or an offer: its time runs from now
/// (section 3 of booking.md), if it is still the same hold or offer.
async fn start_clock(work: &Work, row: &outbox_mail::Model) -> Result<(), Error> {
    let parameters = Parameters::of(&row.parameters);
    let wanted = match Kind::named(&row.kind) {
        Some(Kind::ConfirmEmail) => "unconfirmed",
        Some(Kind::Offer) => "offered",
        _ => return Ok(()),
    };
    let id = BookingId(row.about);
    let Some(booking) = bookings::find(work.tx(), id).await? else {
        return Ok(());
    };
    if parameters.copy || booking.state.name() != wanted || booking.clock_from.is_some() {
        return Ok(());
    }
    let since = facts::since(&bookings::history(work.tx(), id).await?);
    if parameters.event.is_some_and(|n| since != Some(n)) {
        return Ok(());
    }
    let asked = Asked::by_system(Change::StartClock(id));
    work.allocate(booking.run, asked).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::person;
    use crate::outbox::office::{JULY, JUNE, Office};
    use std::fmt::Write as _;

    async fn take(office: &Office) -> Claimed {
        loop {
            match claim(&office.app).await.unwrap().expect("a mail is due") {
                Claim::Settled => {}
                Claim::Send(claimed) => return *claimed,
            }
        }
    }

    async fn nothing_to_take(office: &Office) -> bool {
        loop {
            match claim(&office.app).await.unwrap() {
                None => return true,
                Some(Claim::Settled) => {}
                Some(Claim::Send(_)) => return false,
            }
        }
    }

    fn put_off() -> Result<(), SendError> {
        Err(SendError::Temporary("451 later".to_owned()))
    }

    fn unknown() -> Result<(), SendError> {
        Err(SendError::Unknown("no answer to the final dot".to_owned()))
    }

    #[tokio::test]
    async fn a_mail_leaves_once_and_starts_the_clock() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let sam = office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        assert_eq!(office.record(sam).await.clock_from, None);
        office.wait(Duration::minutes(10));
        office.rounds().await;
        office.rounds().await;
        let sent = office.taken();
        assert_eq!(sent.len(), 1);
        assert_eq!(
            (sent[0].from.as_str(), sent[0].to.as_str()),
            ("courses@example.org", "sam@example.com")
        );
        let record = office.record(sam).await;
        assert_eq!(record.clock_from, Some(office.app.now()));
        assert_eq!(
            record.state,
            State::Unconfirmed {
                until: office.app.now() + Duration::hours(24)
            }
        );
        let row = &office.rows().await[0];
        assert_eq!((row.state.as_str(), &row.rendered, row.tries), ("sent", &None, 0));
        assert_eq!(row.settled_at, Some(office.app.now()));
        assert_eq!(
            sent[0].read().header("Message-ID"),
            Some(format!("<{}@courses.example.org>", row.id).as_str())
        );
    }

    #[tokio::test]
    async fn a_deadline_in_a_mail_is_the_one_that_will_count() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        // The relay was away for two hours.
        office.wait(Duration::hours(2));
        office.rounds().await;
        let text = office.taken()[0].read().text;
        assert!(text.contains("Wednesday 12 May 2027 at 4pm"), "{text}");
    }

    #[tokio::test]
    async fn mails_of_a_person_leave_in_order_and_hold_up_nobody_else() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let sam = office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        let first = take(&office).await;
        office.by_person(run, Change::Cancel(sam.booking)).await;
        office.guest(run, "Kim Lee", Some("kim@example.com")).await;
        let other = take(&office).await;
        assert_eq!(
            (first.mail.to.as_str(), other.mail.to.as_str()),
            ("sam@example.com", "kim@example.com")
        );
        assert!(
            nothing_to_take(&office).await,
            "the second mail to Sam waits for the first"
        );
        mark(&office.app, &first, &unknown()).await.unwrap();
        assert!(nothing_to_take(&office).await);
        office.wait(Duration::MINUTE);
        let again = take(&office).await;
        assert_eq!(again.mail, first.mail);
        mark(&office.app, &again, &Ok(())).await.unwrap();
        let second = take(&office).await;
        assert_eq!(second.mail.read().subject(), "Your booking is cancelled");
    }

    #[tokio::test]
    async fn a_lease_keeps_others_away_and_ends() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        let first = take(&office).await;
        office.wait(Duration::seconds(29));
        assert!(nothing_to_take(&office).await);
        renew(&office.app, &first).await.unwrap();
        office.wait(Duration::seconds(29));
        assert!(nothing_to_take(&office).await);
        // Its owner is gone: somebody else sends the very same bytes.
        office.wait(Duration::seconds(1));
        let second = take(&office).await;
        assert_eq!(second.mail, first.mail);
        // If the first owner comes back, its word does not count any more.
        mark(&office.app, &first, &Err(SendError::Permanent("550".to_owned())))
            .await
            .unwrap();
        assert_eq!(office.rows().await[0].state, "sending");
        mark(&office.app, &second, &Ok(())).await.unwrap();
        let row = &office.rows().await[0];
        assert_eq!((row.state.as_str(), row.tries), ("sent", 1));
    }

    #[tokio::test]
    async fn a_mail_that_is_put_off_is_tried_six_times_and_becomes_a_call() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let sam = office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        for minutes in [1, 5, 30, 120, 360] {
            let claimed = take(&office).await;
            mark(&office.app, &claimed, &put_off()).await.unwrap();
            assert_eq!(
                office.rows().await[0].rendered,
                None,
                "surely not delivered: written anew next time"
            );
            office.wait(Duration::minutes(minutes) - Duration::SECOND);
            assert!(nothing_to_take(&office).await);
            office.wait(Duration::SECOND);
        }
        assert_eq!(office.record(sam).await.clock_from, None);
        let claimed = take(&office).await;
        mark(&office.app, &claimed, &put_off()).await.unwrap();
        assert_eq!(office.outbox().await[0], "confirm_email failed 451 later");
        assert_eq!(office.tasks().await, ["phone_mail_failed mail1"]);
        assert_eq!(office.record(sam).await.clock_from, Some(office.app.now()));
    }

    #[tokio::test]
    async fn a_mail_that_is_refused_becomes_a_call_at_once() {
        let office = Office::open().await;
        let run = office.run(1, JUNE).await;
        let sam = office.booked(run, "Sam Taylor", "sam@example.com").await;
        let kim = office.guest(run, "Kim Lee", Some("kim@example.com")).await;
        office.by_person(run, Change::Cancel(sam.booking)).await;
        let mut refused = 0;
        loop {
            let claimed = take(&office).await;
            let offer = claimed.mail.read().subject().starts_with("A place is free");
            let outcome = if offer {
                Err(SendError::Permanent("550 no such mailbox".to_owned()))
            } else {
                Ok(())
            };
            mark(&office.app, &claimed, &outcome).await.unwrap();
            refused += u32::from(offer);
            if refused == 1 {
                break;
            }
        }
        assert!(
            office
                .outbox()
                .await
                .contains(&"offer failed 550 no such mailbox".to_owned())
        );
        let failed = office
            .rows()
            .await
            .into_iter()
            .find(|it| it.state == "failed")
            .unwrap();
        assert_eq!(
            office.tasks().await,
            [format!("phone_mail_failed mail{}", failed.seq)]
        );
        assert_eq!(office.record(kim).await.clock_from, Some(office.app.now()));
    }

    #[tokio::test]
    async fn an_unreachable_relay_costs_no_try() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        let claimed = take(&office).await;
        mark(
            &office.app,
            &claimed,
            &Err(SendError::Unreachable("refused".to_owned())),
        )
        .await
        .unwrap();
        let row = &office.rows().await[0];
        assert_eq!(
            (row.state.as_str(), row.tries, &row.rendered),
            ("queued", 0, &None)
        );
        assert_eq!(take(&office).await.mail, claimed.mail);
    }

    #[tokio::test]
    async fn bytes_that_may_have_arrived_stay_whatever_changes() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let sam = office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        let first = take(&office).await;
        mark(&office.app, &first, &unknown()).await.unwrap();
        office.by_person(run, Change::Cancel(sam.booking)).await;
        for (minutes, outcome) in [
            (1, put_off()),
            (5, Err(SendError::Unreachable(String::new()))),
            (0, Ok(())),
        ] {
            office.wait(Duration::minutes(minutes));
            let again = take(&office).await;
            assert_eq!(again.mail, first.mail);
            mark(&office.app, &again, &outcome).await.unwrap();
        }
        assert_eq!(office.outbox().await[0], "confirm_email sent");
    }

    #[tokio::test]
    async fn what_is_no_longer_true_is_not_sent() {
        let office = Office::open().await;
        let run = office.run(1, JUNE).await;
        let sam = office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        office.confirm(sam).await;
        office.by_person(run, Change::Cancel(sam.booking)).await;
        office.rounds().await;
        assert_eq!(office.subjects(), ["sam@example.com: Your booking is cancelled"]);
        let overtaken = "something else happened since";
        let expected = [
            format!("confirm_email suppressed {overtaken}"),
            "confirm_reminder queued".to_owned(),
            format!("booked suppressed {overtaken}"),
            "cancelled sent".to_owned(),
        ];
        assert_eq!(office.outbox().await, expected);
        office.wait(Duration::hours(20));
        office.rounds().await;
        assert_eq!(
            office.outbox().await[1],
            format!("confirm_reminder suppressed {overtaken}")
        );
    }

    #[tokio::test]
    async fn a_late_offer_does_not_start_the_clock_of_the_next_one() {
        let office = Office::open().await;
        let run = office.run(1, JUNE).await;
        let sam = office.booked(run, "Sam Taylor", "sam@example.com").await;
        let kim = office.guest(run, "Kim Lee", Some("kim@example.com")).await;
        office.rounds().await;
        office.by_person(run, Change::Cancel(sam.booking)).await;
        let first = loop {
            let claimed = take(&office).await;
            if claimed.mail.to == "kim@example.com" {
                break claimed;
            }
            mark(&office.app, &claimed, &Ok(())).await.unwrap();
        };
        // While the first offer is on its way, it is declined and another one is made.
        office.by_person(run, Change::Decline(kim.booking)).await;
        office.by_team(run, Change::SetCapacity(2)).await;
        assert!(matches!(office.record(kim).await.state, State::Offered { .. }));
        mark(&office.app, &first, &Ok(())).await.unwrap();
        assert_eq!(office.record(kim).await.clock_from, None);
        office.rounds().await;
        assert_eq!(office.record(kim).await.clock_from, Some(office.app.now()));
    }

    #[tokio::test]
    async fn a_reminder_waits_for_half_of_the_time_that_is_really_left() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        // The relay is away from 2pm until 9am: the time to confirm ends on Thursday at 9am.
        office.wait(Duration::hours(19));
        office.rounds().await;
        assert_eq!(office.subjects(), ["sam@example.com: Please confirm your email"]);
        office.wait(Duration::hours(11));
        office.rounds().await;
        assert_eq!(office.subjects(), [""; 0], "9pm is half way, and night");
        office.wait(Duration::hours(12));
        office.rounds().await;
        // 8am leaves an hour.
        assert_eq!(office.subjects(), ["sam@example.com: Reminder: please confirm"]);
    }

    #[tokio::test]
    async fn a_mail_follows_the_person_to_a_new_address() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let sam = office.booked(run, "Sam Taylor", "sam@example.com").await;
        office.taken();
        office.by_person(run, Change::Cancel(sam.booking)).await;
        office
            .write(
                Kind::BookingDetailsChanged,
                sam.booking.0,
                "sam@example.com",
                "change-1",
            )
            .await;
        office
            .act(async |work| {
                let row = person::ActiveModel {
                    id: Set(sam.person),
                    email: Set(Some("new@example.com".to_owned())),
                    email_proven_at: Set(None),
                    ..Default::default()
                };
                row.update(work.tx()).await?;
                Ok(())
            })
            .await;
        office.rounds().await;
        let sent = office.taken();
        let to: Vec<_> = sent
            .iter()
            .map(|it| (it.to.as_str(), it.read().links().join(" ")))
            .collect();
        assert_eq!(to.len(), 2, "{to:#?}");
        assert!(to[0].0 == "new@example.com" && to[0].1.contains("/b/"), "{to:#?}");
        // The old mailbox learns that something changed, and nothing that acts for the person.
        assert!(
            to[1].0 == "sam@example.com" && !to[1].1.contains("/b/"),
            "{to:#?}"
        );
    }

    #[tokio::test]
    async fn without_an_address_the_mail_becomes_a_task() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let sam = office.booked(run, "Sam Taylor", "sam@example.com").await;
        office.by_person(run, Change::Cancel(sam.booking)).await;
        office
            .act(async |work| {
                let row = person::ActiveModel {
                    id: Set(sam.person),
                    email_bad: Set(true),
                    ..Default::default()
                };
                row.update(work.tx()).await?;
                Ok(())
            })
            .await;
        office.rounds().await;
        let rows = office.outbox().await;
        assert_eq!(
            rows.last().unwrap(),
            "cancelled suppressed the person has no usable email"
        );
        assert_eq!(office.tasks().await, ["phone_or_letter cancelled-ev3"]);
    }

    #[tokio::test]
    async fn links_go_to_those_who_have_bookings_and_nobody_learns_who_has_not() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let sam = office.booked(run, "Sam Taylor", "sam@example.com").await;
        let kim = office.guest(run, "Kim Lee", Some("sam@example.com")).await;
        office.rounds().await;
        office.taken();
        office
            .write(Kind::YourLinks, Uuid::nil(), "sam@example.com", "r1")
            .await;
        office
            .write(Kind::YourLinks, Uuid::nil(), "nobody@example.com", "r1")
            .await;
        office.rounds().await;
        let sent = office.taken();
        assert_eq!(sent.len(), 1);
        let reading = sent[0].read();
        assert_eq!(
            reading.links().iter().filter(|it| it.contains("/b/")).count(),
            2,
            "{}",
            reading.text
        );
        assert!(reading.text.contains("Booked, email not confirmed") && !reading.text.contains("Taylor"));
        assert_eq!(
            office.outbox().await.last().unwrap(),
            "your_links suppressed nothing to tell"
        );
        // Asked from the page of a booking that is over.
        for it in [sam, kim] {
            office.by_person(run, Change::Cancel(it.booking)).await;
        }
        office
            .write(Kind::YourLinks, sam.booking.0, "sam@example.com", "r2")
            .await;
        office.rounds().await;
        let last = office.taken().pop().unwrap().read();
        assert_eq!(
            last.links().iter().filter(|it| it.contains("/b/")).count(),
            1,
            "{}",
            last.text
        );
    }

    /// What the calendars in the mails say, by day: method and sequence.
    fn calendars(office: &Office) -> Vec<String> {
        let mut all = Vec::new();
        for mail in office.taken() {
            let reading = mail.read();
            let mut said = format!("{}:", reading.subject());
            for (method, text) in &reading.calendars {
                let value = |name: &str| {
                    let line = text.lines().find_map(|it| it.strip_prefix(name));
                    line.unwrap_or_else(|| panic!("{name} in {text}")).to_owned()
                };
                assert_eq!(value("METHOD:"), *method);
                let start = value("DTSTART;TZID=Europe/London:");
                write!(said, " {method} {} {}", &start[..8], value("SEQUENCE:")).unwrap();
            }
            all.push(said);
        }
        all
    }

    #[tokio::test]
    async fn a_calendar_is_asked_in_order() {
        let office = Office::open().await;
        let (june, july) = (office.run(12, JUNE).await, office.run(12, JULY).await);
        let sam = office.booked(june, "Sam Taylor", "sam@example.com").await;
        assert_eq!(
            calendars(&office),
            ["Your booking for Tuesday 8 June: REQUEST 20270608 0 REQUEST 20270615 0"]
        );
        let moved = office.move_to(sam, july).await;
        office.rounds().await;
        assert_eq!(
            calendars(&office),
            ["Your new date: CANCEL 20270608 1 CANCEL 20270615 1 REQUEST 20270706 0 REQUEST 20270713 0"]
        );
        office.by_person(july, Change::Cancel(moved.booking)).await;
        office.rounds().await;
        assert_eq!(
            calendars(&office),
            ["Your booking is cancelled: CANCEL 20270706 1 CANCEL 20270713 1"]
        );
    }

    #[tokio::test]
    async fn nothing_is_taken_out_of_a_calendar_that_was_never_put_in() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let sam = office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        office.confirm(sam).await;
        office.by_person(run, Change::Cancel(sam.booking)).await;
        office.rounds().await;
        assert_eq!(calendars(&office), ["Your booking is cancelled:"]);
    }

    #[tokio::test]
    async fn who_moved_on_before_the_mail_left_still_loses_the_old_entries() {
        let office = Office::open().await;
        let (june, july) = (office.run(12, JUNE).await, office.run(12, JULY).await);
        let sam = office.booked(june, "Sam Taylor", "sam@example.com").await;
        office.taken();
        let moved = office.move_to(sam, july).await;
        office.by_person(july, Change::Cancel(moved.booking)).await;
        office.rounds().await;
        assert_eq!(
            calendars(&office),
            ["Your booking is cancelled: CANCEL 20270608 1 CANCEL 20270615 1"]
        );
    }

    #[tokio::test]
    async fn a_number_is_never_used_twice() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let sam = office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        office.confirm(sam).await;
        // The dates change before the first mail could leave: both mails are written from the new dates.
        office.by_team(run, Change::RunChanged).await;
        office.rounds().await;
        assert_eq!(
            calendars(&office),
            [
                "Your booking for Tuesday 8 June: REQUEST 20270608 1 REQUEST 20270615 1",
                "A change to your booking: REQUEST 20270608 2 REQUEST 20270615 2",
            ]
        );
        office
            .by_team(run, Change::CancelRun("The trainer is ill.".to_owned()))
            .await;
        office.rounds().await;
        assert_eq!(
            calendars(&office),
            ["Your booking cannot go ahead: CANCEL 20270608 3 CANCEL 20270615 3"]
        );
    }

    #[tokio::test]
    async fn whoever_booked_for_somebody_gets_copies_that_cannot_act() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let person = office.person("Jo Field", None).await;
        let jo = office
            .guest_with(run, person, |it| {
                it.booked_by = Some("Alex Hill".to_owned());
                it.booked_by_contact = Some("Alex@Example.com".to_owned());
                it.copy_permission = true;
            })
            .await;
        office.by_team(run, Change::Confirm(jo.booking, None)).await;
        office.rounds().await;
        let sent = office.taken();
        assert_eq!(sent.len(), 1);
        let reading = sent[0].read();
        assert_eq!(
            (sent[0].to.as_str(), reading.subject()),
            ("alex@example.com", "Your booking for Tuesday 8 June")
        );
        assert!(
            !reading.text.contains("Jo") && !reading.text.contains("/b/"),
            "{}",
            reading.text
        );
        assert_eq!(reading.calendars.len(), 2);
        assert_eq!(
            office.tasks().await,
            ["phone_or_letter booked-ev2", "phone_or_letter confirm_email-ev1"]
        );
    }

    #[tokio::test]
    async fn a_mail_that_cannot_be_written_holds_up_nobody() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        office.guest(run, "Kim Lee", Some("kim@example.com")).await;
        let mut row = office.rows().await.remove(0).into_active_model();
        row.recipient = Set("not an address".to_owned());
        row.kind = Set("your_links".to_owned());
        row.update(&office.app.writer).await.unwrap();
        let mut person = person::Entity::find()
            .all(office.app.reader())
            .await
            .unwrap()
            .remove(0)
            .into_active_model();
        person.email = Set(Some("not an address".to_owned()));
        person.update(&office.app.writer).await.unwrap();
        office.rounds().await;
        assert_eq!(office.subjects(), ["kim@example.com: Please confirm your email"]);
        assert_eq!(
            office.outbox().await[0],
            "your_links queued it could not be written"
        );
        assert_eq!(office.rows().await[0].tries, 1);
    }

    #[tokio::test]
    async fn a_mail_that_can_never_be_written_becomes_a_call_and_starts_the_clock() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let sam = office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        let nowhere = "not an address";
        let mut row = office.rows().await.remove(0).into_active_model();
        row.recipient = Set(nowhere.to_owned());
        row.update(&office.app.writer).await.unwrap();
        let person = person::ActiveModel {
            id: Set(sam.person),
            email: Set(Some(nowhere.to_owned())),
            ..Default::default()
        };
        person.update(&office.app.writer).await.unwrap();
        for minutes in [1, 5, 30, 120, 360] {
            office.rounds().await;
            assert_eq!(office.record(sam).await.clock_from, None);
            office.wait(Duration::minutes(minutes));
        }
        office.rounds().await;
        assert_eq!(
            office.outbox().await[0],
            "confirm_email failed it could not be written"
        );
        assert_eq!(office.tasks().await, ["phone_mail_failed mail1"]);
        assert_eq!(office.record(sam).await.clock_from, Some(office.app.now()));
    }

    #[test]
    fn a_round_can_be_given_to_another_thread() {
        fn is_send(_: &impl Send) {}
        fn check(app: &App, mailer: &Mailer) {
            is_send(&crate::rounds::rounds(app, mailer));
        }
        let _ = check;
    }
}

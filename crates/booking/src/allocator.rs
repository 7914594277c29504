//! The one door to places: lock the run, load it, change it, settle it, write what happened.
//!
//! Nobody else writes bookings, their history or places. On `PostgreSQL` the run's row is locked; on
//! `SQLite` the transaction was begun IMMEDIATE and nobody else writes meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;

use ids::{BookingId, CourseId, PersonId, RunId, Ts};
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr,
    EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait, SqlErr,
};
use uuid::Uuid;

use crate::change::{Ask, Change, move_between};
use crate::entity;
use crate::error::{Corrupt, Error};
use crate::record::{self, Details, Past, Stored};
use crate::settle::Settled;
use crate::snapshot::{Booking, Cause, RunState, Snapshot, Transition};
use crate::state::{Refusal, State};

/// Names for new rows; the program's dice stand behind it.
pub type Fresh<'a> = &'a (dyn Fn() -> Uuid + Send + Sync);

/// What a change led to: the reader decides about mail and tasks from this.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The run.
    pub run: RunId,
    /// What happened to bookings, in order.
    pub transitions: Vec<Transition>,
    /// The team should have one open task to phone down the list (B-42).
    pub phone_list: bool,
    /// The number of the change, when dates, times, venue or delivery changed (B-50).
    pub change_no: Option<i32>,
    /// The run was called off (B-52).
    pub called_off: bool,
    /// The live bookings afterwards.
    pub live: Vec<BookingId>,
}

/// Makes `change` on `run`, settles what follows from it, and writes down what happened.
///
/// `details` are the answers that a first booking, or one that begins again, stores beside its state.
pub async fn allocate(
    tx: &DatabaseTransaction,
    now: Ts,
    fresh: Fresh<'_>,
    run: RunId,
    asked: Asked,
) -> Result<Outcome, Error> {
    let mut locked = Locked::lock(tx, run, asked.change.booking(), asked.change.asks()).await?;
    let changed = matches!(asked.change, Change::RunChanged);
    let made = asked.change.apply(&mut locked.after, now, &asked.cause)?;
    locked.transitions.extend(made);
    locked.settle(now);
    write(tx, now, fresh, &[&locked], asked.details.as_ref()).await?;
    if locked.after.is_over(now) {
        let_go(tx, run).await?;
    }
    Ok(locked.outcome(changed))
}

/// Moves a booking to another run of the course (guard 4); both runs are locked in the order of
/// their names, so that two moves never wait for each other.
pub async fn allocate_move(
    tx: &DatabaseTransaction,
    now: Ts,
    fresh: Fresh<'_>,
    (from, booking): (RunId, BookingId),
    arrival: Arrival,
) -> Result<[Outcome; 2], Error> {
    let Arrival {
        run: to,
        ask,
        cause,
        reference,
    } = arrival;
    if from == to {
        return Err(Refusal::Booked.into());
    }
    let who = Some((ask.booking, ask.person));
    let (mut left, mut right);
    if from < to {
        left = Locked::lock(tx, from, Some(booking), None).await?;
        right = Locked::lock(tx, to, None, who).await?;
    } else {
        right = Locked::lock(tx, to, None, who).await?;
        left = Locked::lock(tx, from, Some(booking), None).await?;
    }
    if left.after.run.course != right.after.run.course {
        return Err(Refusal::NotFound.into());
    }
    let (gone, arrived) = move_between(&mut left.after, &mut right.after, booking, ask, now, &cause)?;
    left.transitions.extend(gone);
    right.transitions.extend(arrived);
    left.settle(now);
    right.settle(now);
    let details = Details {
        reference,
        ..record::details_of(tx, booking).await?
    };
    write(tx, now, fresh, &[&left, &right], Some(&details)).await?;
    Ok([left.outcome(false), right.outcome(false)])
}

/// Where a booking moves to.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The run.
    pub run: RunId,
    /// The booking there: the person's old record on that run, or the name for a new one.
    pub ask: Ask,
    /// Who moves it, and why.
    pub cause: Cause,
    /// The reference of a new booking.
    pub reference: String,
}

/// Keeps a newer booking of a person instead of an older one in another run (B-26): the newer is
/// confirmed or accepted, the older has moved to it.
pub async fn allocate_instead(
    tx: &DatabaseTransaction,
    now: Ts,
    fresh: Fresh<'_>,
    (old_run, older): (RunId, BookingId),
    (new_run, newer): (RunId, Change),
) -> Result<[Outcome; 2], Error> {
    let Some(newer_id) = newer.booking() else {
        return Err(Refusal::NotFound.into());
    };
    if old_run == new_run {
        return Err(Refusal::Booked.into());
    }
    let (mut left, mut right);
    if old_run < new_run {
        left = Locked::lock(tx, old_run, Some(older), None).await?;
        right = Locked::lock(tx, new_run, Some(newer_id), None).await?;
    } else {
        right = Locked::lock(tx, new_run, Some(newer_id), None).await?;
        left = Locked::lock(tx, old_run, Some(older), None).await?;
    }
    let cause = Cause::person();
    let gives_way = Change::GiveWay {
        booking: older,
        to: newer_id,
    };
    left.transitions
        .extend(gives_way.apply(&mut left.after, now, &cause)?);
    right
        .transitions
        .extend(newer.apply(&mut right.after, now, &cause)?);
    left.settle(now);
    right.settle(now);
    write(tx, now, fresh, &[&left, &right], None).await?;
    Ok([left.outcome(false), right.outcome(false)])
}

/// What was asked, by whom, and the answers that come with a first booking.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What.
    pub change: Change,
    /// By whom, and why.
    pub cause: Cause,
    /// Stored beside a booking that `Book` or `Join` begins; a person's first on the run needs them.
    pub details: Option<Details>,
}

impl Asked {
    /// Asked by the person on a page.
    pub fn by_person(change: Change) -> Self {
        Self {
            change,
            cause: Cause::person(),
            details: None,
        }
    }

    /// What follows by itself.
    pub fn by_system(change: Change) -> Self {
        Self {
            change,
            cause: Cause::system(),
            details: None,
        }
    }
}

impl Change {
    /// The existing booking that the change is about.
    pub fn booking(&self) -> Option<BookingId> {
        match self {
            Self::Book(ask) | Self::Join(ask) => Some(ask.booking),
            Self::Confirm(id, _)
            | Self::Accept(id, _)
            | Self::Decline(id)
            | Self::Cancel(id)
            | Self::GiveWay { booking: id, .. }
            | Self::Say(id, _)
            | Self::Pause(id)
            | Self::Resume(id)
            | Self::NoteAsked(id)
            | Self::Reorder { booking: id, .. }
            | Self::StartClock(id) => Some(*id),
            Self::Release
            | Self::SetCapacity(_)
            | Self::PauseOffers(_)
            | Self::CancelRun(_)
            | Self::RunChanged
            | Self::Tick => None,
        }
    }

    fn asks(&self) -> Option<(BookingId, PersonId)> {
        match self {
            Self::Book(ask) | Self::Join(ask) => Some((ask.booking, ask.person)),
            Self::Confirm(..)
            | Self::Accept(..)
            | Self::Decline(_)
            | Self::Cancel(_)
            | Self::GiveWay { .. }
            | Self::Say(..)
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::NoteAsked(_)
            | Self::Reorder { .. }
            | Self::StartClock(_)
            | Self::Release
            | Self::SetCapacity(_)
            | Self::PauseOffers(_)
            | Self::CancelRun(_)
            | Self::RunChanged
            | Self::Tick => None,
        }
    }
}

/// A run that nobody else changes until the transaction ends.
struct Locked {
    before: Snapshot,
    after: Snapshot,
    transitions: Vec<Transition>,
    phone_list: bool,
}

impl Locked {
    async fn lock(
        tx: &DatabaseTransaction,
        run: RunId,
        booking: Option<BookingId>,
        asks: Option<(BookingId, PersonId)>,
    ) -> Result<Self, Error> {
        // Rendered as FOR UPDATE on PostgreSQL and as nothing on SQLite.
        let row = entity::run::Entity::find_by_id(run)
            .lock_exclusive()
            .one(tx)
            .await?;
        let row = row.ok_or(Refusal::NotFound)?;
        let person = asks.map(|(_, person)| person);
        let mut before = load(tx, row, About { booking, person }).await?;
        let person = person.or_else(|| booking.and_then(|id| before.booking(id)).map(|it| it.person));
        if let Some(person) = person.filter(|_| before.run.one_live) {
            before.elsewhere = elsewhere(tx, before.run.course, run, person).await?;
        }
        let mut after = before.clone();
        after.run.rev += 1;
        Ok(Self {
            before,
            after,
            transitions: Vec::new(),
            phone_list: false,
        })
    }

    fn settle(&mut self, now: Ts) {
        let Settled {
            transitions,
            phone_list,
        } = self.after.settle(now);
        self.transitions.extend(transitions);
        self.phone_list = phone_list;
    }

    fn has_changed(&self) -> bool {
        let mut after = self.after.clone();
        after.run.rev = self.before.run.rev;
        after != self.before
    }

    fn outcome(self, changed: bool) -> Outcome {
        let live = self
            .after
            .bookings
            .iter()
            .filter(|it| it.state.is_live())
            .map(|it| it.id)
            .collect();
        let is_off = |it: &Snapshot| it.run.state == RunState::Cancelled;
        Outcome {
            called_off: is_off(&self.after) && !is_off(&self.before),
            run: self.after.run.id,
            transitions: self.transitions,
            phone_list: self.phone_list,
            change_no: changed.then_some(self.after.run.change_no),
            live,
        }
    }
}

/// A run as the rules see it, without a lock: for pages and tests.
pub async fn snapshot(db: &impl ConnectionTrait, run: RunId) -> Result<Option<Snapshot>, Error> {
    match entity::run::Entity::find_by_id(run).one(db).await? {
        Some(row) => Ok(Some(load(db, row, About::default()).await?)),
        None => Ok(None),
    }
}

/// Whose bookings a snapshot holds beside the live ones.
#[derive(Clone, Copy, Default)]
struct About {
    booking: Option<BookingId>,
    person: Option<PersonId>,
}

/// Seven statements, whatever the size of the run; their words do not depend on it either.
async fn load(db: &impl ConnectionTrait, row: entity::run::Model, about: About) -> Result<Snapshot, Error> {
    use entity::{booking as b, booking_event as e, place as p, session as s};
    let course = entity::course::Entity::find_by_id(row.course).one(db).await?;
    let one_live = course.is_some_and(|it| it.one_live);
    let id = row.id;
    let run = record::run(row, one_live)?;
    let sessions = s::Entity::find()
        .filter(s::Column::Run.eq(id))
        .order_by_asc(s::Column::Idx)
        .all(db)
        .await?;
    let places = p::Entity::find()
        .filter(p::Column::Session.in_subquery(ids_of_sessions(id)))
        .order_by_asc(p::Column::Session)
        .order_by_asc(p::Column::SeatNo)
        .all(db)
        .await?;
    let mut wanted = Condition::any().add(b::Column::State.is_in(record::LIVE));
    wanted = wanted.add_option(about.booking.map(|it| b::Column::Id.eq(it)));
    wanted = wanted.add_option(about.person.map(|it| b::Column::Person.eq(it)));
    let bookings = b::Entity::find().filter(b::Column::Run.eq(id)).filter(wanted);
    let ids = bookings.clone().select_only().column(b::Column::Id).into_query();
    let rows: Vec<Stored> = bookings
        .order_by_asc(b::Column::Id)
        .into_partial_model()
        .all(db)
        .await?;
    let lines: Vec<(BookingId, i32, String, Option<String>)> = e::Entity::find()
        .select_only()
        .columns([
            e::Column::Booking,
            e::Column::N,
            e::Column::Event,
            e::Column::FromState,
        ])
        .filter(e::Column::Booking.in_subquery(ids))
        .order_by_asc(e::Column::Booking)
        .order_by_asc(e::Column::N)
        .into_tuple()
        .all(db)
        .await?;
    let mut histories: BTreeMap<BookingId, Vec<Past>> = BTreeMap::new();
    for (booking, n, event, from) in lines {
        histories
            .entry(booking)
            .or_default()
            .push(Past { n, event, from });
    }
    let history = |id| histories.get(&id).map_or(&[][..], Vec::as_slice);
    let bookings = rows
        .iter()
        .map(|it| record::booking(it, history(it.id)))
        .collect::<Result<Vec<_>, Corrupt>>()?;
    let (settings, days) = crate::calendar::rules(db).await?;
    Ok(Snapshot {
        run,
        sessions: sessions.iter().map(record::session).collect(),
        places: places.iter().map(record::place).collect(),
        bookings,
        elsewhere: Vec::new(),
        settings: Arc::new(settings),
        days: Arc::new(days),
    })
}

fn ids_of_sessions(run: RunId) -> SelectStatement {
    use entity::session as s;
    s::Entity::find()
        .select_only()
        .column(s::Column::Id)
        .filter(s::Column::Run.eq(run))
        .into_query()
}

async fn elsewhere(
    db: &impl ConnectionTrait,
    course: CourseId,
    run: RunId,
    person: PersonId,
) -> Result<Vec<(PersonId, BookingId)>, Error> {
    use entity::booking as b;
    let rows = b::Entity::find()
        .filter(b::Column::Person.eq(person))
        .filter(b::Column::OneLiveCourse.eq(course))
        .filter(b::Column::Run.ne(run))
        .all(db)
        .await?;
    Ok(rows.iter().map(|it| (it.person, it.id)).collect())
}

/// Writes what differs, in an order in which no constraint is broken on the way.
async fn write(
    tx: &DatabaseTransaction,
    now: Ts,
    fresh: Fresh<'_>,
    runs: &[&Locked],
    details: Option<&Details>,
) -> Result<(), Error> {
    let changed = || runs.iter().filter(|it| it.has_changed());
    for it in changed() {
        free_seats(tx, it).await?;
        write_run(tx, now, it).await?;
    }
    // Bookings that end come first: a person's one live booking may pass to another run.
    let mut rows: Vec<(&Locked, &Booking)> = Vec::new();
    for it in changed() {
        rows.extend(
            it.after
                .bookings
                .iter()
                .filter(|b| it.before.booking(b.id) != Some(*b))
                .map(|b| (*it, b)),
        );
    }
    rows.sort_by_key(|(_, it)| it.state.is_live());
    for (run, it) in &rows {
        let old = run.before.booking(it.id).and_then(|it| it.joined_seq);
        if old.is_some() && it.joined_seq != old {
            // Two entries may exchange numbers; a number is never shared, not even for a moment.
            let aside = entity::booking::ActiveModel {
                id: Set(it.id),
                joined_seq: Set(old.map(|seq| -seq)),
                ..Default::default()
            };
            aside.update(tx).await?;
        }
    }
    for (run, it) in &rows {
        write_booking(tx, now, run, it, details)
            .await
            .map_err(one_live_only)?;
    }
    for it in changed() {
        let rev = it.after.run.rev;
        let events = it
            .transitions
            .iter()
            .map(|transition| record::event_row(fresh(), transition, rev, now));
        entity::booking_event::Entity::insert_many(events)
            .exec_without_returning(tx)
            .await?;
        let places = it
            .after
            .places
            .iter()
            .filter(|place| !it.before.places.contains(place));
        let places = places.map(|place| record::place_row(fresh(), place));
        entity::place::Entity::insert_many(places)
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

async fn write_booking(
    tx: &DatabaseTransaction,
    now: Ts,
    run: &Locked,
    it: &Booking,
    details: Option<&Details>,
) -> Result<(), Error> {
    use entity::booking as b;
    let mut row = record::row(&run.after.run, it, run.after.is_over(now));
    let known = run.before.booking(it.id).filter(|it| it.events > 0);
    if let Some(known) = known {
        let begins_again = it.state.is_live() && !known.state.is_live();
        if let Some(details) = details.filter(|_| begins_again) {
            record::add_details(&mut row, details, None);
        }
        b::Entity::update_many()
            .set(row)
            .filter(b::Column::Id.eq(it.id))
            .exec(tx)
            .await?;
    } else {
        let details = details.ok_or_else(|| Corrupt {
            table: "booking",
            id: it.id.to_string(),
            why: "a new booking came without its answers".to_owned(),
        })?;
        record::add_details(&mut row, details, Some(now));
        b::Entity::insert(row).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Two runs of a course are two locks: of two bookings of one person that begin at the same moment
/// on `PostgreSQL`, the index lets the first one in, and the second is told why it is not (INV-9).
fn one_live_only(error: Error) -> Error {
    let clash = match &error {
        Error::Storage(it) => it.sql_err(),
        Error::Refused(_) | Error::Dates(_) | Error::NotRecorded(_) | Error::Corrupt(_) => None,
    };
    match clash {
        Some(SqlErr::UniqueConstraintViolation(why)) if why.contains("one_live") => {
            Refusal::OtherBooking.into()
        }
        _ => error,
    }
}

/// Bookings on a run that is over stand in nobody's way any more (INV-9).
async fn let_go(tx: &DatabaseTransaction, run: RunId) -> Result<(), Error> {
    use entity::booking as b;
    b::Entity::update_many()
        .col_expr(b::Column::OneLiveCourse, Expr::value(None::<Uuid>))
        .filter(b::Column::Run.eq(run))
        .filter(b::Column::OneLiveCourse.is_not_null())
        .exec(tx)
        .await?;
    Ok(())
}

async fn free_seats(tx: &DatabaseTransaction, run: &Locked) -> Result<(), DbErr> {
    use entity::place as p;
    for session in &run.before.sessions {
        let gone = run
            .before
            .places
            .iter()
            .filter(|it| it.session == session.id && !run.after.places.contains(it));
        let gone: Vec<BookingId> = gone.map(|it| it.booking).collect();
        if !gone.is_empty() {
            let seats = p::Entity::delete_many().filter(p::Column::Session.eq(session.id));
            seats.filter(p::Column::Booking.is_in(gone)).exec(tx).await?;
        }
    }
    Ok(())
}

async fn write_run(tx: &DatabaseTransaction, now: Ts, run: &Locked) -> Result<(), DbErr> {
    let (it, cancelled) = (&run.after.run, run.after.run.state == RunState::Cancelled);
    let mut row = entity::run::ActiveModel {
        id: Set(it.id),
        capacity: Set(it.capacity),
        offers_paused: Set(it.offers_paused),
        rev: Set(it.rev),
        round: Set(it.round),
        next_seq: Set(it.next_seq),
        change_no: Set(it.change_no),
        capacity_lowered_rev: Set(it.capacity_lowered_rev),
        ..Default::default()
    };
    if cancelled && run.before.run.state != RunState::Cancelled {
        row.state = Set("cancelled".to_owned());
        row.cancel_reason = Set(it.cancel_reason.clone());
        row.cancelled_at = Set(Some(now));
    }
    let this = entity::run::Entity::update_many()
        .set(row)
        .filter(entity::run::Column::Id.eq(it.id));
    this.exec(tx).await?;
    Ok(())
}

/// Gives bookings to another person, after two records turned out to be one person (B-25, B-27).
/// The door's own write, since nobody else writes bookings.
pub async fn hand_over(tx: &DatabaseTransaction, booking: BookingId, to: PersonId) -> Result<(), Error> {
    let row = entity::booking::Entity::find_by_id(booking)
        .one(tx)
        .await?
        .ok_or(Refusal::NotFound)?;
    let mut row = row.into_active_model();
    row.person = Set(to);
    row.update(tx).await?;
    Ok(())
}

/// Gives a booking another reference, because the one it had was told to somebody about a booking that
/// takes its place. The door's own write.
pub async fn refer(tx: &DatabaseTransaction, booking: BookingId, reference: String) -> Result<(), Error> {
    let row = entity::booking::ActiveModel {
        id: Set(booking),
        reference: Set(reference),
        ..Default::default()
    };
    row.update(tx).await?;
    Ok(())
}

/// Runs where settling now would bring something about: a deadline has passed, the first session
/// began while bookings wait, or a place is free that somebody on the list was not asked about. Close
/// to the start the last is so until the team has phoned down the list (section 3, step 6).
///
/// A run that has just ended is due once more: its bookings then stand in nobody's way.
///
/// Four statements that look at open holds, offers, queues and bookings only, not at what is over.
pub async fn overdue_runs(db: &impl ConnectionTrait, now: Ts) -> Result<Vec<RunId>, Error> {
    use entity::{booking as b, run as r, session as s};
    let in_state = |states: &[&'static str]| {
        let query = b::Entity::find().select_only().column(b::Column::Run).distinct();
        query.filter(b::Column::State.is_in(states.iter().copied()))
    };
    let past = in_state(&["unconfirmed", "offered"])
        .filter(b::Column::Until.lte(now))
        .filter(b::Column::ClockFrom.is_not_null());
    let begun_sessions = s::Entity::find()
        .select_only()
        .column(s::Column::Id)
        .filter(Expr::col((s::Entity, s::Column::Run)).equals((b::Entity, b::Column::Run)))
        .filter(s::Column::StartsAt.lte(now))
        .into_query();
    let begun = in_state(&["unconfirmed", "offered", "waiting"]).filter(Expr::exists(begun_sessions));
    let unasked = b::Entity::find()
        .select_only()
        .column(b::Column::Id)
        .filter(Expr::col((b::Entity, b::Column::Run)).equals((r::Entity, r::Column::Id)))
        .filter(b::Column::State.eq("waiting"))
        .filter(b::Column::Paused.eq(false))
        .filter(Expr::col((b::Entity, b::Column::AskedRound)).lt(Expr::col((r::Entity, r::Column::Round))))
        .into_query();
    let full = s::Entity::find()
        .select_only()
        .column(s::Column::Id)
        .filter(Expr::col((s::Entity, s::Column::Run)).equals((r::Entity, r::Column::Id)))
        .filter(Expr::cust(
            "(SELECT count(*) FROM place WHERE place.session = session.id) >= run.capacity",
        ))
        .into_query();
    let idle = r::Entity::find()
        .select_only()
        .column(r::Column::Id)
        .filter(r::Column::State.eq("published"))
        .filter(r::Column::OffersPaused.eq(false))
        .filter(r::Column::Id.in_subquery(in_state(&["waiting"]).into_query()))
        .filter(Expr::exists(unasked))
        .filter(Expr::exists(full).not());
    let coming = s::Entity::find()
        .select_only()
        .column(s::Column::Id)
        .filter(Expr::col((s::Entity, s::Column::Run)).equals((b::Entity, b::Column::Run)))
        .filter(s::Column::EndsAt.gt(now))
        .into_query();
    let over = b::Entity::find()
        .select_only()
        .column(b::Column::Run)
        .distinct()
        .filter(b::Column::OneLiveCourse.is_not_null())
        .filter(Expr::exists(coming).not());
    let mut due: Vec<RunId> = past.into_tuple().all(db).await?;
    due.extend(begun.into_tuple::<RunId>().all(db).await?);
    due.extend(idle.into_tuple::<RunId>().all(db).await?);
    due.extend(over.into_tuple::<RunId>().all(db).await?);
    due.sort_unstable();
    due.dedup();
    Ok(due)
}

/// Whether a booking in this state still needs the person to answer.
pub fn awaits_answer(state: State) -> bool {
    state.deadline().is_some()
}

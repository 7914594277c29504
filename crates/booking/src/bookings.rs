//! Reading bookings: what pages, mail and staff need to see of them. Nothing here writes.

use std::collections::BTreeMap;

use ids::{BookingId, PersonId, RunId, SessionId, Ts};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};

use crate::calendar::rules;
use crate::deadlines::by_day;
use crate::entity::{booking as b, booking_event as e};
use crate::error::Error;
use crate::record::{self, Details};
use crate::state::State;

/// A booking with what was answered when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question somebody answered yes or no"
)]
pub struct BookingRecord {
    pub id: BookingId,
    pub reference: String,
    pub run: RunId,
    pub person: PersonId,
    pub state: State,
    pub joined_seq: Option<i64>,
    pub priority: bool,
    pub paused: bool,
    pub clock_from: Option<Ts>,
    pub window_minutes: Option<i32>,
    pub hopes: Option<String>,
    pub call_wanted: bool,
    pub booked_by: Option<String>,
    pub booked_by_contact: Option<String>,
    pub copy_permission: bool,
    pub created_at: Ts,
}

/// One line of a booking's history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
pub struct HistoryLine {
    pub n: i32,
    pub at: Ts,
    pub event: String,
    pub from: Option<String>,
    pub to: String,
    pub actor: String,
    pub actor_person: Option<PersonId>,
    pub channel: String,
    pub reason: Option<String>,
}

pub(crate) fn record_of(row: b::Model) -> Result<BookingRecord, Error> {
    let state = record::state(
        row.id,
        &row.state,
        row.until,
        row.cancelled_by.as_deref(),
        row.moved_to,
    )?;
    Ok(BookingRecord {
        id: row.id,
        reference: row.reference,
        run: row.run,
        person: row.person,
        state,
        joined_seq: row.joined_seq,
        priority: row.priority,
        paused: row.paused,
        clock_from: row.clock_from,
        window_minutes: row.window_minutes,
        hopes: row.hopes,
        call_wanted: row.call_wanted,
        booked_by: row.booked_by,
        booked_by_contact: row.booked_by_contact,
        copy_permission: row.copy_permission,
        created_at: row.created_at,
    })
}

/// One booking.
pub async fn find(db: &impl ConnectionTrait, id: BookingId) -> Result<Option<BookingRecord>, Error> {
    b::Entity::find_by_id(id)
        .one(db)
        .await?
        .map(record_of)
        .transpose()
}

/// All bookings of a person, newest first.
pub async fn of_person(db: &impl ConnectionTrait, person: PersonId) -> Result<Vec<BookingRecord>, Error> {
    let rows = b::Entity::find()
        .filter(b::Column::Person.eq(person))
        .order_by_desc(b::Column::CreatedAt)
        .all(db)
        .await?;
    rows.into_iter().map(record_of).collect()
}

/// All bookings of several people, oldest first.
pub async fn of_people(
    db: &impl ConnectionTrait,
    people: impl IntoIterator<Item = PersonId>,
) -> Result<Vec<BookingRecord>, Error> {
    let rows = b::Entity::find()
        .filter(b::Column::Person.is_in(people))
        .order_by_asc(b::Column::CreatedAt)
        .order_by_asc(b::Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(record_of).collect()
}

/// A person's booking on a run, whatever its state.
pub async fn on_run(
    db: &impl ConnectionTrait,
    person: PersonId,
    run: RunId,
) -> Result<Option<BookingRecord>, Error> {
    let row = b::Entity::find()
        .filter(b::Column::Person.eq(person))
        .filter(b::Column::Run.eq(run))
        .one(db)
        .await?;
    row.map(record_of).transpose()
}

/// All bookings of a run, in the order in which they were made.
pub async fn of_run(db: &impl ConnectionTrait, run: RunId) -> Result<Vec<BookingRecord>, Error> {
    let rows = b::Entity::find()
        .filter(b::Column::Run.eq(run))
        .order_by_asc(b::Column::CreatedAt)
        .order_by_asc(b::Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(record_of).collect()
}

/// The booking with a reference.
pub async fn with_reference(
    db: &impl ConnectionTrait,
    reference: &str,
) -> Result<Option<BookingRecord>, Error> {
    b::Entity::find()
        .filter(b::Column::Reference.eq(reference))
        .one(db)
        .await?
        .map(record_of)
        .transpose()
}

/// The answers of a booking, to go with the person to other dates (B-53).
pub async fn details(db: &impl ConnectionTrait, id: BookingId) -> Result<Details, Error> {
    record::details_of(db, id).await
}

/// A booking's history, first to last.
pub async fn history(db: &impl ConnectionTrait, id: BookingId) -> Result<Vec<HistoryLine>, Error> {
    let rows = e::Entity::find()
        .filter(e::Column::Booking.eq(id))
        .order_by_asc(e::Column::N)
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|it| HistoryLine {
            n: it.n,
            at: it.at,
            event: it.event,
            from: it.from_state,
            to: it.to_state,
            actor: it.actor,
            actor_person: it.actor_person,
            channel: it.channel,
            reason: it.reason,
        })
        .collect())
}

/// Offers whose mail was due by `before` and was not taken yet (B-43): booking, run, and the number of
/// the offer in the booking's history.
pub async fn offers_without_clock(
    db: &impl ConnectionTrait,
    before: Ts,
) -> Result<Vec<(BookingId, RunId, i32)>, Error> {
    let silent = b::Entity::find()
        .filter(b::Column::State.eq("offered"))
        .filter(b::Column::ClockFrom.is_null());
    let ids = silent.clone().select_only().column(b::Column::Id).into_query();
    let offers: Vec<(BookingId, i32, Ts)> = e::Entity::find()
        .select_only()
        .columns([e::Column::Booking, e::Column::N, e::Column::At])
        .filter(e::Column::Booking.in_subquery(ids))
        .filter(e::Column::Event.eq("offer"))
        .order_by_asc(e::Column::N)
        .into_tuple()
        .all(db)
        .await?;
    // Of several offers the last one stands.
    let last: BTreeMap<BookingId, (i32, Ts)> = offers.into_iter().map(|(id, n, at)| (id, (n, at))).collect();
    let (settings, _) = rules(db).await?;
    let rows: Vec<(BookingId, RunId)> = silent
        .select_only()
        .columns([b::Column::Id, b::Column::Run])
        .order_by_asc(b::Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    let late = |(id, run)| {
        let (n, at) = *last.get(&id)?;
        (by_day(&settings, at) <= before).then_some((id, run, n))
    };
    Ok(rows.into_iter().filter_map(late).collect())
}

/// How many bookings the records hold.
pub async fn count(db: &impl ConnectionTrait) -> Result<u64, Error> {
    Ok(b::Entity::find().count(db).await?)
}

/// Whether apologies are recorded for a session (B-31).
pub async fn has_apologies(
    db: &impl ConnectionTrait,
    booking: BookingId,
    session: SessionId,
) -> Result<bool, Error> {
    Ok(last_code(db, booking, session).await?.as_deref() == Some("apologies"))
}

/// The word of the mark that counts for a session, if there is one.
pub async fn last_code(
    db: &impl ConnectionTrait,
    booking: BookingId,
    session: SessionId,
) -> Result<Option<String>, Error> {
    use crate::entity::attendance as a;
    let last = a::Entity::find()
        .filter(a::Column::Booking.eq(booking))
        .filter(a::Column::Session.eq(session))
        .order_by_desc(a::Column::N)
        .one(db)
        .await?;
    Ok(last.map(|it| it.code))
}

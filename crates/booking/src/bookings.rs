//! Reading bookings: what pages, mail and staff need to see of them. Nothing here writes.

use ids::{BookingId, PersonId, RunId, SessionId, Ts};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};

use crate::entity::{booking as b, booking_event as e};
use crate::error::Error;
use crate::record;
use crate::state::State;

/// A booking with what was answered when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
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
    pub channel: String,
    pub reason: Option<String>,
}

fn record_of(row: b::Model) -> Result<BookingRecord, Error> {
    let state = record::state(&row)?;
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
    b::Entity::find_by_id(id).one(db).await?.map(record_of).transpose()
}

/// All bookings of a person, newest first.
pub async fn of_person(db: &impl ConnectionTrait, person: PersonId) -> Result<Vec<BookingRecord>, Error> {
    let rows =
        b::Entity::find().filter(b::Column::Person.eq(person)).order_by_desc(b::Column::CreatedAt).all(db).await?;
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
    b::Entity::find().filter(b::Column::Reference.eq(reference)).one(db).await?.map(record_of).transpose()
}

/// A booking's history, first to last.
pub async fn history(db: &impl ConnectionTrait, id: BookingId) -> Result<Vec<HistoryLine>, Error> {
    let rows =
        e::Entity::find().filter(e::Column::Booking.eq(id)).order_by_asc(e::Column::N).all(db).await?;
    Ok(rows
        .into_iter()
        .map(|it| HistoryLine {
            n: it.n,
            at: it.at,
            event: it.event,
            from: it.from_state,
            to: it.to_state,
            actor: it.actor,
            channel: it.channel,
            reason: it.reason,
        })
        .collect())
}

/// Offers whose mail should have been taken by `before` and was not (B-43).
pub async fn offers_without_clock(
    db: &impl ConnectionTrait,
    before: Ts,
) -> Result<Vec<(BookingId, RunId, i32)>, Error> {
    let rows = b::Entity::find()
        .filter(b::Column::State.eq("offered"))
        .filter(b::Column::ClockFrom.is_null())
        .all(db)
        .await?;
    let mut late = Vec::new();
    for row in rows {
        let offer = e::Entity::find()
            .filter(e::Column::Booking.eq(row.id))
            .filter(e::Column::Event.eq("offer"))
            .filter(e::Column::At.lte(before))
            .order_by_desc(e::Column::N)
            .one(db)
            .await?;
        late.extend(offer.map(|it| (row.id, row.run, it.n)));
    }
    Ok(late)
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
    use crate::entity::attendance as a;
    let last = a::Entity::find()
        .filter(a::Column::Booking.eq(booking))
        .filter(a::Column::Session.eq(session))
        .order_by_desc(a::Column::N)
        .one(db)
        .await?;
    Ok(last.is_some_and(|it| it.code == "apologies"))
}

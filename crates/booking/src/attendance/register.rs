//! Reading a register: who has a place in a session, and what is recorded of them.

use std::collections::BTreeMap;

use ids::{BookingId, PersonId, RunId, SessionId, Ts};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::Mark;
use crate::calendar::{self, Meeting};
use crate::entity::{attendance as a, booking as b, place as p, run as r, session as s};
use crate::error::Error;
use crate::facilitators;
use crate::london;
use crate::state::Refusal;

/// A session with everybody who has a place in it, people who catch up included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// The dates it belongs to.
    pub run: RunId,
    /// The session.
    pub meeting: Meeting,
    /// Whether the dates are cancelled.
    pub is_cancelled: bool,
    /// How many marks there are: it rises with each.
    pub version: u64,
    /// One row for each person, in the order in which they got their places.
    pub rows: Vec<Row>,
}

/// One person of a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The booking.
    pub booking: BookingId,
    /// The person.
    pub person: PersonId,
    /// Whether the booking is one of other dates.
    pub catches_up: bool,
    /// Everything recorded, first to last.
    pub marks: Vec<Mark>,
}

impl Row {
    /// The mark that counts.
    pub fn mark(&self) -> Option<&Mark> {
        self.marks.last()
    }
}

impl Register {
    /// Whether nobody is left to mark; a register without people has nobody.
    pub fn is_complete(&self) -> bool {
        self.rows.iter().all(|it| it.mark().is_some())
    }

    /// The row of a booking.
    pub fn row(&self, booking: BookingId) -> Option<&Row> {
        self.rows.iter().find(|it| it.booking == booking)
    }
}

/// The register of a session; nothing if there is no such session.
pub async fn register(db: &impl ConnectionTrait, of: SessionId) -> Result<Option<Register>, Error> {
    let Some(session) = s::Entity::find_by_id(of).one(db).await? else {
        return Ok(None);
    };
    let run = r::Entity::find_by_id(session.run)
        .one(db)
        .await?
        .ok_or(Refusal::NotFound)?;
    let places = p::Entity::find()
        .filter(p::Column::Session.eq(of))
        .order_by_asc(p::Column::SeatNo)
        .all(db)
        .await?;
    let booked = b::Entity::find()
        .filter(b::Column::Id.is_in(places.iter().map(|it| it.booking)))
        .filter(b::Column::State.eq("booked"))
        .all(db)
        .await?;
    let booked: BTreeMap<BookingId, b::Model> = booked.into_iter().map(|it| (it.id, it)).collect();
    let marked = a::Entity::find()
        .filter(a::Column::Session.eq(of))
        .order_by_asc(a::Column::N)
        .all(db)
        .await?;
    let version = u64::try_from(marked.len()).unwrap_or(u64::MAX);
    let mut marks: BTreeMap<BookingId, Vec<Mark>> = BTreeMap::new();
    for row in &marked {
        marks.entry(row.booking).or_default().push(Mark::of(row)?);
    }
    let rows = places.iter().filter_map(|it| booked.get(&it.booking));
    let rows = rows.map(|it| Row {
        booking: it.id,
        person: it.person,
        catches_up: it.run != run.id,
        marks: marks.remove(&it.id).unwrap_or_default(),
    });
    let rows = rows.collect();
    Ok(Some(Register {
        run: run.id,
        meeting: calendar::meeting(&session),
        is_cancelled: run.state == "cancelled",
        version,
        rows,
    }))
}

/// Everything recorded of a booking in a session, first to last.
pub(super) async fn marks(
    db: &impl ConnectionTrait,
    of: SessionId,
    booking: BookingId,
) -> Result<Vec<Mark>, Error> {
    let rows = a::Entity::find()
        .filter(a::Column::Session.eq(of))
        .filter(a::Column::Booking.eq(booking))
        .order_by_asc(a::Column::N)
        .all(db)
        .await?;
    rows.iter().map(|it| Ok(Mark::of(it)?)).collect()
}

/// The sessions of published runs that ended in this time, and in which somebody is not marked.
pub async fn unmarked(
    db: &impl ConnectionTrait,
    since: Ts,
    until: Ts,
) -> Result<Vec<(RunId, Meeting)>, Error> {
    let published = r::Entity::find()
        .select_only()
        .column(r::Column::Id)
        .filter(r::Column::State.eq("published"));
    let ended = s::Entity::find()
        .filter(s::Column::EndsAt.between(since, until))
        .filter(s::Column::Run.in_subquery(published.into_query()))
        .order_by_asc(s::Column::EndsAt)
        .all(db)
        .await?;
    let booked = b::Entity::find()
        .select_only()
        .column(b::Column::Id)
        .filter(b::Column::State.eq("booked"));
    let marks = a::Entity::find()
        .select_only()
        .column(a::Column::Id)
        .filter(Expr::col((a::Entity, a::Column::Session)).equals((p::Entity, p::Column::Session)))
        .filter(Expr::col((a::Entity, a::Column::Booking)).equals((p::Entity, p::Column::Booking)));
    let blank: Vec<SessionId> = p::Entity::find()
        .select_only()
        .column(p::Column::Session)
        .distinct()
        .filter(p::Column::Session.is_in(ended.iter().map(|it| it.id)))
        .filter(p::Column::Booking.in_subquery(booked.into_query()))
        .filter(Expr::exists(marks.into_query()).not())
        .into_tuple()
        .all(db)
        .await?;
    let ended = ended.iter().filter(|it| blank.contains(&it.id));
    Ok(ended.map(|it| (it.run, calendar::meeting(it))).collect())
}

/// The sessions that a facilitator has to do with: those of their own published runs that have begun and
/// are not marked in full, first to last, and the one they come for. That is today's while it is to be
/// marked, also when it has just ended; else the next one that has not ended.
pub async fn on_the_day_of(
    db: &impl ConnectionTrait,
    person: PersonId,
    now: Ts,
) -> Result<(Vec<Register>, Option<Register>), Error> {
    let runs = r::Entity::find()
        .filter(r::Column::Id.is_in(facilitators::runs_of(db, person).await?))
        .filter(r::Column::State.eq("published"))
        .all(db)
        .await?;
    let sessions = s::Entity::find()
        .filter(s::Column::Run.is_in(runs.iter().map(|it| it.id)))
        .order_by_asc(s::Column::StartsAt)
        .order_by_asc(s::Column::Id)
        .all(db)
        .await?;
    let (mut unmarked, mut to_come) = (Vec::new(), None);
    for it in sessions {
        if it.starts_at <= now || to_come.is_none() {
            let Some(found) = register(db, it.id).await? else {
                continue;
            };
            if it.ends_at > now && to_come.is_none() {
                to_come = Some(found);
            } else if it.starts_at <= now && !found.is_complete() {
                unmarked.push(found);
            }
        }
    }
    let is_on = to_come.as_ref().is_some_and(|it| it.meeting.starts_at <= now);
    let today = unmarked.pop_if(|it| !is_on && london::local(it.meeting.starts_at).0 == london::local(now).0);
    Ok((unmarked, today.or(to_come)))
}

//! Whoever missed day 1 goes into day 2 only if a facilitator lets them in, and says why (B-63).

use std::collections::{BTreeMap, BTreeSet};

use ids::{BookingId, PersonId, SessionId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};

use super::{Register, register};
use crate::allocator::Fresh;
use crate::entity::{attendance as a, catch_up as c, let_in as l, session as s};
use crate::error::Error;
use crate::state::Refusal;

/// The day that needs the one before it.
const SECOND: i32 = 2;

/// That a facilitator lets somebody in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetIn {
    /// Who.
    pub by: PersonId,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Ts,
}

/// Of those on the register of day 2, who missed day 1, and who is let in all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstDay {
    /// Who was marked on day 1, was not there, and did not catch up on it.
    pub missed: BTreeSet<BookingId>,
    /// Who is let in.
    pub let_in: BTreeMap<BookingId, LetIn>,
}

impl FirstDay {
    /// Whether somebody stays outside until a facilitator lets them in (B-63).
    pub fn keeps_out(&self, it: BookingId) -> bool {
        self.missed.contains(&it) && !self.let_in.contains_key(&it)
    }
}

/// How day 1 went for those on this register; nothing for any day but the second.
pub async fn first_day(db: &impl ConnectionTrait, of: &Register) -> Result<FirstDay, Error> {
    let none = FirstDay::default();
    if of.meeting.idx != SECOND {
        return Ok(none);
    }
    let first = s::Entity::find()
        .filter(s::Column::Run.eq(of.run))
        .filter(s::Column::Idx.eq(1))
        .one(db)
        .await?;
    let Some(first) = first else { return Ok(none) };
    let own = of.rows.iter().filter(|it| !it.catches_up);
    let own: Vec<BookingId> = own.map(|it| it.booking).collect();
    let minutes = minutes(db, first.id, &own).await?;
    let mut missed: BTreeSet<BookingId> = minutes
        .into_iter()
        .filter_map(|(booking, minutes)| (minutes == 0).then_some(booking))
        .collect();
    for it in caught_up(db, first.id, &missed).await? {
        missed.remove(&it);
    }
    let let_in = l::Entity::find().filter(l::Column::Session.eq(of.meeting.id));
    let let_in = let_in.all(db).await?.into_iter().map(|it| {
        let why = LetIn {
            by: it.by_person,
            reason: it.reason,
            at: it.at,
        };
        (it.booking, why)
    });
    Ok(FirstDay {
        missed,
        let_in: let_in.collect(),
    })
}

/// Whether a booking stays outside of a session for now.
pub async fn is_kept_out(db: &impl ConnectionTrait, of: SessionId, it: BookingId) -> Result<bool, Error> {
    match register(db, of).await? {
        Some(found) => Ok(first_day(db, &found).await?.keeps_out(it)),
        None => Ok(false),
    }
}

/// Notes that somebody who missed day 1 may come to day 2; said twice, the first time counts.
pub async fn let_in(
    tx: &DatabaseTransaction,
    fresh: Fresh<'_>,
    of: SessionId,
    it: BookingId,
    why: LetIn,
) -> Result<(), Error> {
    let found = register(tx, of).await?.ok_or(Refusal::NotFound)?;
    if !first_day(tx, &found).await?.missed.contains(&it) {
        return Err(Refusal::NotFound.into());
    }
    let row = l::ActiveModel {
        id: Set(fresh()),
        session: Set(of),
        booking: Set(it),
        reason: Set(why.reason),
        by_person: Set(why.by),
        at: Set(why.at),
    };
    let there = OnConflict::columns([l::Column::Session, l::Column::Booking])
        .do_nothing()
        .to_owned();
    l::Entity::insert(row)
        .on_conflict(there)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// The minutes that count in a session; nobody without a mark is among them.
async fn minutes(
    db: &impl ConnectionTrait,
    of: SessionId,
    bookings: &[BookingId],
) -> Result<BTreeMap<BookingId, i32>, Error> {
    let marks = a::Entity::find()
        .filter(a::Column::Session.eq(of))
        .filter(a::Column::Booking.is_in(bookings.iter().copied()))
        .order_by_asc(a::Column::N);
    // The last of the marks of a booking stays.
    let marks = marks.all(db).await?.into_iter();
    Ok(marks.map(|it| (it.booking, it.minutes)).collect())
}

/// Which of these were there on another date instead.
async fn caught_up(
    db: &impl ConnectionTrait,
    missed: SessionId,
    bookings: &BTreeSet<BookingId>,
) -> Result<Vec<BookingId>, Error> {
    let made = c::Entity::find()
        .filter(c::Column::MissedSession.eq(missed))
        .filter(c::Column::Booking.is_in(bookings.iter().copied()))
        .filter(c::Column::CancelledAt.is_null());
    let mut there = Vec::new();
    for it in made.all(db).await? {
        let minutes = minutes(db, it.target_session, &[it.booking]).await?;
        there.extend(minutes.into_iter().filter(|(_, it)| *it > 0).map(|(it, _)| it));
    }
    Ok(there)
}

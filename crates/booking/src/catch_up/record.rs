//! Rows of catch-ups, read by anybody and written by the door alone.

use std::collections::BTreeMap;

use ids::{BookingId, RunId, SessionId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    QueryOrder,
};
use uuid::Uuid;

use super::{CatchUp, Missed, NoCatchUp, may_catch_up};
use crate::allocator::{Fresh, snapshot};
use crate::attendance::outcome;
use crate::attendance::rules::attended;
use crate::calendar::{self, Meeting, RunDates, rules};
use crate::entity::{attendance as a, booking as b, catch_up as c, session as s};
use crate::error::Error;

/// Rows with the dates that their days belong to.
async fn found_of(db: &impl ConnectionTrait, rows: Vec<c::Model>) -> Result<Vec<CatchUp>, DbErr> {
    let targets = s::Entity::find().filter(s::Column::Id.is_in(rows.iter().map(|it| it.target_session)));
    let runs: BTreeMap<SessionId, RunId> = targets
        .all(db)
        .await?
        .into_iter()
        .map(|it| (it.id, it.run))
        .collect();
    let found = rows.into_iter().filter_map(|it| {
        Some(CatchUp {
            id: it.id,
            booking: it.booking,
            missed: it.missed_session,
            run: *runs.get(&it.target_session)?,
            target: it.target_session,
            cancelled_at: it.cancelled_at,
        })
    });
    Ok(found.collect())
}

/// One catch-up, called off or not.
pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<CatchUp>, Error> {
    let row = c::Entity::find_by_id(id).all(db).await?;
    Ok(found_of(db, row).await?.pop())
}

/// The catch-ups of a booking that were not called off, in the order in which they were arranged.
pub async fn of_booking(db: &impl ConnectionTrait, booking: BookingId) -> Result<Vec<CatchUp>, Error> {
    let rows = standing().filter(c::Column::Booking.eq(booking)).all(db).await?;
    Ok(found_of(db, rows).await?)
}

/// Who comes to a session to catch it up.
pub async fn in_session(db: &impl ConnectionTrait, session: SessionId) -> Result<Vec<BookingId>, Error> {
    let rows = standing()
        .filter(c::Column::TargetSession.eq(session))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|it| it.booking).collect())
}

/// Who comes to a day of these dates to catch it up.
pub async fn of_run(db: &impl ConnectionTrait, run: RunId) -> Result<Vec<CatchUp>, Error> {
    let sessions = s::Entity::find().filter(s::Column::Run.eq(run)).all(db).await?;
    let rows = standing().filter(c::Column::TargetSession.is_in(sessions.iter().map(|it| it.id)));
    Ok(found_of(db, rows.all(db).await?).await?)
}

fn standing() -> sea_orm::Select<c::Entity> {
    c::Entity::find()
        .filter(c::Column::CancelledAt.is_null())
        .order_by_asc(c::Column::Id)
}

/// The catch-ups of these bookings, or into these sessions, whose day is still to come.
pub(crate) async fn open_into(
    db: &impl ConnectionTrait,
    which: sea_orm::Condition,
    now: Ts,
) -> Result<Vec<CatchUp>, DbErr> {
    let rows = standing().filter(which).all(db).await?;
    let coming = s::Entity::find()
        .filter(s::Column::Id.is_in(rows.iter().map(|it| it.target_session)))
        .filter(s::Column::StartsAt.gt(now))
        .all(db)
        .await?;
    let rows = rows
        .into_iter()
        .filter(|it| coming.iter().any(|s| s.id == it.target_session));
    found_of(db, rows.collect()).await
}

/// The days of a booking that were marked and not attended, on its own dates or on others.
pub async fn missed(db: &impl ConnectionTrait, booking: BookingId) -> Result<Vec<Missed>, Error> {
    let booked = b::Entity::find_by_id(booking).filter(b::Column::State.eq("booked"));
    let Some(row) = booked.one(db).await? else {
        return Ok(Vec::new());
    };
    let (settings, _) = rules(db).await?;
    let days = outcome::days(db, row.run, &[booking]).await?;
    let days = days.get(&booking).map_or(&[][..], Vec::as_slice);
    let sessions = s::Entity::find()
        .filter(s::Column::Run.eq(row.run))
        .order_by_asc(s::Column::Idx)
        .all(db)
        .await?;
    let tried = of_booking(db, booking).await?;
    let marked = a::Entity::find()
        .filter(a::Column::Booking.eq(booking))
        .all(db)
        .await?;
    let is_marked = |session| marked.iter().any(|it| it.session == session);
    let came = |it: &outcome::Sat| attended(&settings, it.minutes, it.teaching);
    let missed = sessions.iter().zip(days);
    let missed = missed.filter(|(_, day)| day.own.is_some() && !day.all().any(|it| came(&it)));
    let found = missed.map(|(session, _)| {
        let tried = tried.iter().filter(|it| it.missed == session.id);
        Missed {
            booking,
            person: row.person,
            run: row.run,
            meeting: calendar::meeting(session),
            attempts: i64::try_from(tried.clone().count()).unwrap_or(i64::MAX),
            arranged: tried.map(|it| it.target).find(|it| !is_marked(*it)),
        }
    });
    Ok(found.collect())
}

/// Days of other dates to come on which a missed day is taught, each with why it cannot be caught up there.
pub async fn candidates(
    db: &impl ConnectionTrait,
    missed: &Missed,
    now: Ts,
) -> Result<Vec<(RunDates, Meeting, Result<(), NoCatchUp>)>, Error> {
    let home = calendar::run_dates(db, missed.run).await?;
    let Some(home) = home else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for run in calendar::upcoming(db, Some(home.course), now).await? {
        let Some(there) = snapshot(db, run.id).await?.filter(|it| it.run.id != missed.run) else {
            continue;
        };
        let day = run.sessions.iter().find(|it| it.idx == missed.meeting.idx);
        let Some(day) = day.filter(|it| it.starts_at > now).copied() else {
            continue;
        };
        let may = may_catch_up(&there, &record_of(&day), missed, now);
        found.push((run, day, may));
    }
    Ok(found)
}

fn record_of(day: &Meeting) -> crate::snapshot::Session {
    crate::snapshot::Session {
        id: day.id,
        idx: day.idx,
        starts_at: day.starts_at,
        ends_at: day.ends_at,
    }
}

/// Writes a catch-up down; one that was called off before stands again.
pub(crate) async fn store(
    tx: &DatabaseTransaction,
    fresh: Fresh<'_>,
    missed: &Missed,
    target: SessionId,
) -> Result<Uuid, DbErr> {
    let old = c::Entity::find()
        .filter(c::Column::Booking.eq(missed.booking))
        .filter(c::Column::TargetSession.eq(target))
        .one(tx)
        .await?;
    let id = old.as_ref().map_or_else(fresh, |it| it.id);
    let row = c::ActiveModel {
        id: Set(id),
        booking: Set(missed.booking),
        missed_session: Set(missed.meeting.id),
        target_session: Set(target),
        cancelled_at: Set(None),
    };
    if old.is_some() {
        row.update(tx).await?;
    } else {
        row.insert(tx).await?;
    }
    Ok(id)
}

/// Notes that catch-ups were called off.
pub(crate) async fn close(tx: &DatabaseTransaction, now: Ts, id: Uuid) -> Result<(), DbErr> {
    let row = c::ActiveModel {
        id: Set(id),
        cancelled_at: Set(Some(now)),
        ..Default::default()
    };
    row.update(tx).await?;
    Ok(())
}

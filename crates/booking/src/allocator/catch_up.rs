//! The door for people who catch up a day on other dates: a place in one session, under the lock of the
//! dates that it belongs to (B-70, B-71, INV-3).

use ids::{BookingId, RunId, SessionId, Ts};
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QuerySelect};
use uuid::Uuid;

use super::{Fresh, Locked, Outcome, write};
use crate::catch_up::{self, CatchUp, NoCatchUp, may_catch_up};
use crate::entity;
use crate::error::Error;
use crate::snapshot::RunState;
use crate::state::{Refusal, State};

/// A catch-up that was arranged or called off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatchUpStep {
    /// Which.
    pub catch_up: CatchUp,
    /// Whether it was arranged; else it ended.
    pub made: bool,
}

/// Arranges that a day which somebody missed is caught up in this session (B-71).
pub async fn allocate_catch_up(
    tx: &DatabaseTransaction,
    now: Ts,
    fresh: Fresh<'_>,
    booking: BookingId,
    target: SessionId,
) -> Result<Outcome, Error> {
    let session = entity::session::Entity::find_by_id(target).one(tx).await?;
    let there = session.ok_or(Refusal::NotFound)?.run;
    let row = entity::booking::Entity::find_by_id(booking).one(tx).await?;
    let home = row.ok_or(Refusal::NotFound)?.run;
    if home == there {
        return Err(NoCatchUp::OtherDay.into());
    }
    // In the order of their names, as moves do; the booking cannot end meanwhile.
    let locked = if home < there {
        hold(tx, home).await?;
        Locked::lock(tx, there, None, None).await
    } else {
        let locked = Locked::lock(tx, there, None, None).await?;
        hold(tx, home).await?;
        Ok(locked)
    };
    let mut locked = locked?;
    let homes = entity::run::Entity::find_by_id(home).one(tx).await?;
    if homes.is_none_or(|it| it.course != locked.after.run.course) {
        return Err(NoCatchUp::OtherDay.into());
    }
    let sessions = &locked.after.sessions;
    let target = *sessions
        .iter()
        .find(|it| it.id == target)
        .ok_or(Refusal::NotFound)?;
    let missed = catch_up::missed(tx, booking).await?;
    let missed = missed.into_iter().find(|it| it.meeting.idx == target.idx);
    let missed = missed.ok_or(NoCatchUp::NotMissed)?;
    may_catch_up(&locked.after, &target, &missed, now)?;
    locked.after.take_in(target.id, booking);
    locked.settle(now);
    write(tx, now, fresh, &[&locked], None).await?;
    let id = catch_up::store(tx, fresh, &missed, target.id).await?;
    let made = CatchUp {
        id,
        booking,
        missed: missed.meeting.id,
        target: target.id,
        run: there,
        cancelled_at: None,
    };
    let step = CatchUpStep {
        catch_up: made,
        made: true,
    };
    Ok(Outcome {
        catch_ups: vec![step],
        ..locked.outcome(false)
    })
}

/// Calls a catch-up off before its day begins; the place goes on at once.
pub async fn end_catch_up(
    tx: &DatabaseTransaction,
    now: Ts,
    fresh: Fresh<'_>,
    id: Uuid,
) -> Result<Outcome, Error> {
    let found = catch_up::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    let mut locked = Locked::lock(tx, found.run, None, None).await?;
    let found = catch_up::find(tx, id).await?.ok_or(Refusal::NotFound)?;
    if found.cancelled_at.is_some() {
        return Ok(locked.outcome(false));
    }
    let sessions = &locked.after.sessions;
    if sessions
        .iter()
        .any(|it| it.id == found.target && it.starts_at <= now)
    {
        return Err(NoCatchUp::Begun.into());
    }
    locked.after.leave(found.target, found.booking);
    locked.settle(now);
    write(tx, now, fresh, &[&locked], None).await?;
    let step = ended(tx, now, found).await?;
    Ok(Outcome {
        catch_ups: vec![step],
        ..locked.outcome(false)
    })
}

async fn ended(tx: &DatabaseTransaction, now: Ts, it: CatchUp) -> Result<CatchUpStep, Error> {
    catch_up::close(tx, now, it.id).await?;
    let catch_up = CatchUp {
        cancelled_at: Some(now),
        ..it
    };
    Ok(CatchUpStep {
        catch_up,
        made: false,
    })
}

async fn hold(tx: &DatabaseTransaction, run: RunId) -> Result<(), Error> {
    let row = entity::run::Entity::find_by_id(run)
        .lock_exclusive()
        .one(tx)
        .await?;
    row.map(|_| ()).ok_or_else(|| Refusal::NotFound.into())
}

/// Whoever would have caught up on dates that are called off has no place there any more.
pub(super) async fn call_off(
    tx: &DatabaseTransaction,
    now: Ts,
    locked: &mut Locked,
) -> Result<Vec<CatchUpStep>, Error> {
    let called_off =
        locked.after.run.state == RunState::Cancelled && locked.before.run.state != RunState::Cancelled;
    if !called_off {
        return Ok(Vec::new());
    }
    let sessions = locked.after.sessions.iter().map(|it| it.id);
    let into = Condition::all().add(entity::catch_up::Column::TargetSession.is_in(sessions));
    let mut steps = Vec::new();
    for it in catch_up::open_into(tx, into, now).await? {
        locked.after.leave(it.target, it.booking);
        steps.push(ended(tx, now, it).await?);
    }
    Ok(steps)
}

/// Ends what bookings that have lost their place would have caught up elsewhere (B-70). Boxed, since dates
/// follow from dates.
pub(super) async fn end_with(
    tx: &DatabaseTransaction,
    now: Ts,
    fresh: Fresh<'_>,
    locked: &Locked,
) -> Result<Vec<Outcome>, Error> {
    let left = locked.transitions.iter();
    let left = left.filter(|it| it.from == Some(State::Booked) && it.to != State::Booked);
    let left: Vec<BookingId> = left.map(|it| it.booking).collect();
    if left.is_empty() {
        return Ok(Vec::new());
    }
    let of = Condition::all().add(entity::catch_up::Column::Booking.is_in(left));
    let mut open = catch_up::open_into(tx, of, now).await?;
    open.sort_by_key(|it| it.run);
    let mut outcomes = Vec::new();
    for it in open {
        outcomes.push(end_catch_up(tx, now, fresh, it.id).await?);
    }
    Ok(outcomes)
}

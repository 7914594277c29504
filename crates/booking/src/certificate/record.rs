//! Rows of certificates: the only reader and the only writer.

use std::collections::BTreeMap;

use ids::{BookingId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{Certificate, Snapshot, State, dates, stands};
use crate::allocator::Fresh;
use crate::attendance::outcome;
use crate::calendar::{self, rules};
use crate::entity::{booking as b, catch_up as u, certificate as c, session as s};
use crate::error::{Corrupt, Error};
use crate::state::Refusal;

fn certificate(row: c::Model) -> Result<Certificate, Corrupt> {
    let corrupt = |why: &str| Corrupt {
        table: "certificate",
        id: row.id.to_string(),
        why: why.to_owned(),
    };
    let state = State::named(&row.state).ok_or_else(|| corrupt("has a state we do not know"))?;
    let snapshot = serde_json::from_value(row.snapshot.clone());
    let snapshot: Snapshot = snapshot.map_err(|_| corrupt("says nothing we can read"))?;
    Ok(Certificate {
        id: row.id,
        number: row.number,
        booking: row.booking,
        name: row.name,
        snapshot,
        issued_at: row.issued_at,
        state,
    })
}

/// The certificates of a booking, the newest first; at most one of them stands (INV-17).
pub async fn of_booking(db: &impl ConnectionTrait, booking: BookingId) -> Result<Vec<Certificate>, Error> {
    let rows = c::Entity::find()
        .filter(c::Column::Booking.eq(booking))
        .order_by_desc(c::Column::N)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(certificate).collect::<Result<_, _>>()?)
}

/// The certificate with a number.
pub async fn with_number(db: &impl ConnectionTrait, number: &str) -> Result<Option<Certificate>, Error> {
    let row = c::Entity::find()
        .filter(c::Column::Number.eq(number))
        .one(db)
        .await?;
    Ok(row.map(certificate).transpose()?)
}

/// A certificate to be issued.
#[derive(Clone, Debug)]
pub struct New {
    /// For which booking.
    pub booking: BookingId,
    /// A fresh number.
    pub number: String,
    /// The name, as the person or somebody for them confirmed it.
    pub name: String,
    /// Whose course it was.
    pub organisation: String,
}

/// Issues a certificate (B-76): refused until the course is completed. The same name again is the same
/// certificate; another name replaces the one that stood (B-77). The second of the two is the one replaced.
pub async fn issue(
    tx: &DatabaseTransaction,
    now: Ts,
    fresh: Fresh<'_>,
    new: New,
) -> Result<(Certificate, Option<Certificate>), Error> {
    let booking = b::Entity::find_by_id(new.booking)
        .lock_exclusive()
        .one(tx)
        .await?
        .filter(|it| it.state == "booked")
        .ok_or(Refusal::NotDue)?;
    hold_marks(tx, &booking).await?;
    let (settings, _) = rules(tx).await?;
    let days = outcome::days(tx, booking.run, &[booking.id]).await?;
    let days = days.get(&booking.id).map_or(&[][..], Vec::as_slice);
    let dates = dates(&settings, days).ok_or(Refusal::NotDue)?;
    let old = standing(tx, booking.id).await?;
    if let Some(old) = old.as_ref().filter(|it| it.name == new.name) {
        return Ok((old.clone(), None));
    }
    if let Some(old) = &old {
        end(tx, now, old.id, State::Replaced, None).await?;
    }
    let run = calendar::run_dates(tx, booking.run).await?;
    let course = run.ok_or(Refusal::NotFound)?.course_title;
    let made = Certificate {
        id: fresh(),
        number: new.number,
        booking: booking.id,
        name: new.name,
        snapshot: Snapshot {
            course,
            organisation: new.organisation,
            dates,
            attended: settings.attended,
        },
        issued_at: now,
        state: State::Issued,
    };
    let before = c::Entity::find()
        .filter(c::Column::Booking.eq(booking.id))
        .count(tx)
        .await?;
    let n = i32::try_from(before).unwrap_or(i32::MAX - 1) + 1;
    row(&made, n).insert(tx).await?;
    Ok((made, old))
}

fn row(it: &Certificate, n: i32) -> c::ActiveModel {
    c::ActiveModel {
        id: Set(it.id),
        number: Set(it.number.clone()),
        booking: Set(it.booking),
        n: Set(n),
        name: Set(it.name.clone()),
        snapshot: Set(serde_json::to_value(&it.snapshot).unwrap_or_default()),
        issued_at: Set(it.issued_at),
        state: Set(it.state.name().to_owned()),
        ended_at: Set(None),
        reason: Set(None),
    }
}

/// Waits until nobody is saving a register in which the booking stands: whoever corrects one after us
/// finds what we issue, and withdraws it.
async fn hold_marks(tx: &DatabaseTransaction, booking: &b::Model) -> Result<(), Error> {
    let caught_up = u::Entity::find().filter(u::Column::Booking.eq(booking.id));
    let targets = caught_up.all(tx).await?.into_iter().map(|it| it.target_session);
    let either = sea_orm::Condition::any()
        .add(s::Column::Run.eq(booking.run))
        .add(s::Column::Id.is_in(targets));
    s::Entity::find()
        .filter(either)
        .order_by_asc(s::Column::Id)
        .lock_exclusive()
        .all(tx)
        .await?;
    Ok(())
}

async fn standing(db: &impl ConnectionTrait, booking: BookingId) -> Result<Option<Certificate>, Error> {
    let row = c::Entity::find()
        .filter(c::Column::Booking.eq(booking))
        .filter(c::Column::State.eq(State::Issued.name()))
        .one(db)
        .await?;
    Ok(row.map(certificate).transpose()?)
}

async fn end(
    tx: &DatabaseTransaction,
    now: Ts,
    id: Uuid,
    state: State,
    why: Option<&str>,
) -> Result<(), Error> {
    let row = c::ActiveModel {
        id: Set(id),
        state: Set(state.name().to_owned()),
        ended_at: Set(Some(now)),
        reason: Set(why.map(str::to_owned)),
        ..Default::default()
    };
    row.into_active_model().update(tx).await?;
    Ok(())
}

/// Withdraws the certificate of a booking if what it says is not so any more (B-77); which it was. To be
/// called in every change of what a certificate rests on.
pub(crate) async fn review(
    tx: &DatabaseTransaction,
    now: Ts,
    booking: BookingId,
    why: Option<&str>,
) -> Result<Option<Uuid>, Error> {
    let Some(it) = standing(tx, booking).await? else {
        return Ok(None);
    };
    if unsound_of(tx, std::slice::from_ref(&it)).await?.is_empty() {
        return Ok(None);
    }
    end(tx, now, it.id, State::Withdrawn, why).await?;
    Ok(Some(it.id))
}

/// The certificates that stand and should not (INV-17): the row, and what is wrong with it.
pub async fn unsound(db: &impl ConnectionTrait) -> Result<Vec<(Uuid, &'static str)>, Error> {
    let rows = c::Entity::find()
        .filter(c::Column::State.eq(State::Issued.name()))
        .order_by_asc(c::Column::Id)
        .all(db)
        .await?;
    let all = rows.into_iter().map(certificate).collect::<Result<Vec<_>, _>>()?;
    unsound_of(db, &all).await
}

async fn unsound_of(
    db: &impl ConnectionTrait,
    issued: &[Certificate],
) -> Result<Vec<(Uuid, &'static str)>, Error> {
    let (settings, _) = rules(db).await?;
    let mut bookings: BTreeMap<BookingId, b::Model> = BTreeMap::new();
    // No statement has room for more values than some thousands.
    for part in issued.chunks(1_000) {
        let of = b::Column::Id.is_in(part.iter().map(|it| it.booking));
        let found = b::Entity::find().filter(of).all(db).await?;
        bookings.extend(found.into_iter().map(|it| (it.id, it)));
    }
    let mut runs: BTreeMap<_, Vec<&Certificate>> = BTreeMap::new();
    for it in issued {
        runs.entry(bookings.get(&it.booking).map(|it| it.run))
            .or_default()
            .push(it);
    }
    let (mut found, mut seen) = (Vec::new(), std::collections::BTreeSet::new());
    for (run, issued) in runs {
        let Some(run) = run else { continue };
        let ids: Vec<BookingId> = issued.iter().map(|it| it.booking).collect();
        let days = outcome::days(db, run, &ids).await?;
        for it in issued {
            let days = days.get(&it.booking).map_or(&[][..], Vec::as_slice);
            let booked = bookings.get(&it.booking).is_some_and(|it| it.state == "booked");
            if !seen.insert(it.booking) {
                found.push((it.id, "is not the only one that stands for its booking"));
            } else if !booked {
                found.push((it.id, "stands for a booking that has no place"));
            } else if !stands(&settings, &it.snapshot, days) {
                found.push((it.id, "stands for a course that was not completed as it says"));
            }
        }
    }
    Ok(found)
}

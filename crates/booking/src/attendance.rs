//! Who was there: marks are added, never changed; the last one counts.

use ids::{BookingId, SessionId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};

use crate::allocator::Fresh;
use crate::entity::{attendance, place, session};
use crate::error::Error;
use crate::state::Refusal;

/// Records "I cannot come" for one session, until that session ends (B-31).
pub async fn send_apologies(
    tx: &DatabaseTransaction,
    now: Ts,
    fresh: Fresh<'_>,
    booking: BookingId,
    of: SessionId,
) -> Result<(), Error> {
    let meeting = session::Entity::find_by_id(of)
        .one(tx)
        .await?
        .ok_or(Refusal::NotFound)?;
    let held = place::Entity::find()
        .filter(place::Column::Session.eq(of))
        .filter(place::Column::Booking.eq(booking))
        .one(tx)
        .await?;
    if held.is_none() {
        return Err(Refusal::NotFound.into());
    }
    if meeting.ends_at <= now {
        return Err(Refusal::Ended.into());
    }
    let before = attendance::Entity::find()
        .filter(attendance::Column::Session.eq(of))
        .filter(attendance::Column::Booking.eq(booking))
        .count(tx)
        .await?;
    attendance::ActiveModel {
        id: Set(fresh()),
        session: Set(of),
        booking: Set(booking),
        n: Set(i32::try_from(before).unwrap_or(i32::MAX - 1) + 1),
        code: Set("apologies".to_owned()),
        minutes: Set(0),
        reason: Set(None),
        by_person: Set(None),
        at: Set(now),
    }
    .insert(tx)
    .await?;
    Ok(())
}

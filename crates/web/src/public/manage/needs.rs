//! What would help somebody to take part, and whom we could call: written here, never read out (T-26).

use booking::{State, bookings, calendar};
use ids::BookingId;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
};
use time::Date;
use uuid::Uuid;

use crate::entity::{access_need as need, emergency_contact as someone, team_task as task};
use crate::error::Error;
use crate::public::questions::{self, Need, Someone};
use crate::tasks::{self, TaskKind};
use crate::work::Work;

/// Whether anything is noted that would help.
pub(super) async fn are_noted(db: &impl ConnectionTrait, of: BookingId) -> Result<bool, Error> {
    Ok(need::Entity::find()
        .filter(need::Column::Booking.eq(of))
        .count(db)
        .await?
        > 0)
}

/// Whether somebody is named whom we could call.
pub(super) async fn someone_is_named(db: &impl ConnectionTrait, of: BookingId) -> Result<bool, Error> {
    Ok(someone::Entity::find()
        .filter(someone::Column::Booking.eq(of))
        .count(db)
        .await?
        > 0)
}

/// Puts these needs in the place of those noted before. What was being arranged for those is off; who
/// has a place has the new ones arranged.
pub(super) async fn replace(work: &Work, of: BookingId, needs: &[Need]) -> Result<(), Error> {
    clear(work, of).await?;
    let (first_day, booked) = when(work, of).await?;
    questions::add_needs(work, of, first_day, needs).await?;
    if booked {
        for it in need::Entity::find()
            .filter(need::Column::Booking.eq(of))
            .all(work.tx())
            .await?
        {
            tasks::add(work, TaskKind::ArrangeNeed, it.id, "once", it.due).await?;
        }
    }
    Ok(())
}

/// Puts this person, or nobody, in the place of the one named before.
pub(super) async fn replace_someone(work: &Work, of: BookingId, with: Option<Someone>) -> Result<(), Error> {
    forget_someone(work, of).await?;
    match with {
        Some(it) => questions::add_someone(work, of, it).await,
        None => Ok(()),
    }
}

/// Lets needs and the person to call go with somebody to other dates, in place of what an older booking
/// there had. Everything has to be arranged again, for the new dates.
pub(super) async fn carry_over(work: &Work, from: BookingId, to: BookingId) -> Result<(), Error> {
    clear(work, to).await?;
    forget_someone(work, to).await?;
    let (first_day, booked) = when(work, to).await?;
    let (settings, days) = calendar::rules(work.tx()).await?;
    for it in need::Entity::find()
        .filter(need::Column::Booking.eq(from))
        .all(work.tx())
        .await?
    {
        let (id, due) = (it.id, questions::due(&it.code, &settings, &days, first_day));
        let mut row = it.into_active_model();
        (row.booking, row.due, row.status) = (Set(to), Set(due), Set("asked".to_owned()));
        row.update(work.tx()).await?;
        if booked {
            tasks::again(work, TaskKind::ArrangeNeed, id, "once", due).await?;
        }
    }
    let moved = someone::ActiveModel {
        booking: Set(to),
        ..Default::default()
    };
    someone::Entity::update_many()
        .set(moved)
        .filter(someone::Column::Booking.eq(from))
        .exec(work.tx())
        .await?;
    Ok(())
}

fn about(need: Uuid) -> sea_orm::Condition {
    sea_orm::Condition::all()
        .add(task::Column::Kind.eq(TaskKind::ArrangeNeed.name()))
        .add(task::Column::About.eq(need))
}

/// The first day of a booking's run, and whether it has a place.
async fn when(work: &Work, of: BookingId) -> Result<(Date, bool), Error> {
    let record = bookings::find(work.tx(), of).await?.ok_or(Error::NotFound)?;
    let run = calendar::run_dates(work.tx(), record.run)
        .await?
        .ok_or(Error::NotFound)?;
    let first = run.sessions.first().ok_or(Error::NotFound)?;
    Ok((first.date, record.state == State::Booked))
}

async fn clear(work: &Work, of: BookingId) -> Result<(), Error> {
    for it in need::Entity::find()
        .filter(need::Column::Booking.eq(of))
        .all(work.tx())
        .await?
    {
        let off = task::ActiveModel {
            state: Set("cancelled".to_owned()),
            ..Default::default()
        };
        let open = task::Entity::update_many()
            .set(off)
            .filter(about(it.id))
            .filter(task::Column::State.eq("open"));
        open.exec(work.tx()).await?;
    }
    need::Entity::delete_many()
        .filter(need::Column::Booking.eq(of))
        .exec(work.tx())
        .await?;
    Ok(())
}

async fn forget_someone(work: &Work, of: BookingId) -> Result<(), Error> {
    someone::Entity::delete_many()
        .filter(someone::Column::Booking.eq(of))
        .exec(work.tx())
        .await?;
    Ok(())
}

//! Whoever has a place and does not answer a change of dates is called (B-50).

use booking::bookings::{self, HistoryLine};
use booking::calendar::{self, RunDates};
use booking::deadlines::WorkingDays;
use booking::reminders::{booked_in, change_call, first_changed};
use booking::{BookingRecord, Settings};
use ids::{BookingId, Ts};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{TaskKind, add, ended};
use crate::app::App;
use crate::entity::{outbox_mail, team_task};
use crate::error::Error;
use crate::outbox::Kind;
use crate::outbox::facts::since;

/// Writes down the calls that are due, and ends those about days that have begun.
pub(crate) async fn look(app: &App) -> Result<(), Error> {
    let db = app.reader();
    let (settings, days) = calendar::rules(db).await?;
    for run in calendar::upcoming(db, None, app.now()).await? {
        if run.change_no == 0 || run.cancelled_at.is_some() {
            continue;
        }
        for booking in booked_in(db, run.id).await? {
            look_at(app, &run, booking, (&settings, &days)).await?;
        }
    }
    Ok(())
}

async fn look_at(
    app: &App,
    run: &RunDates,
    booking: BookingId,
    (settings, days): (&Settings, &WorkingDays),
) -> Result<(), Error> {
    let (db, now) = (app.reader(), app.now());
    let occasion = format!("change{}", run.change_no);
    let known = task(db, booking, &occasion).await?;
    let Some(told) = told(db, booking).await? else {
        return Ok(());
    };
    let first = first_changed(&run.before_change, run, told).filter(|it| now < *it);
    match (first, known) {
        (Some(first), None) if change_call(settings, days, told, first) <= now => {
            let record = bookings::find(db, booking).await?.ok_or(Error::NotFound)?;
            let history = bookings::history(db, booking).await?;
            if !is_unanswered(run, &record, &history, Some(told)) || booked_since(&history, told) {
                return Ok(());
            }
            app.change(async |work| {
                // One call is enough: it takes the place of the one that was to tell them (B-90).
                ended::told_otherwise(&work, booking, Kind::RunChanged).await?;
                add(&work, TaskKind::PhoneChange, booking.0, &occasion, work.now()).await
            })
            .await
        }
        (None, Some(task)) if task.state == "open" => {
            app.change(async |work| ended::unanswered(&work, booking).await)
                .await
        }
        _ => Ok(()),
    }
}

async fn task(
    db: &impl ConnectionTrait,
    booking: BookingId,
    occasion: &str,
) -> Result<Option<team_task::Model>, Error> {
    let found = team_task::Entity::find()
        .filter(team_task::Column::Kind.eq(TaskKind::PhoneChange.name()))
        .filter(team_task::Column::About.eq(booking.0))
        .filter(team_task::Column::Occasion.eq(occasion));
    Ok(found.one(db).await?)
}

/// Whoever confirmed or accepted after the change saw the new dates when they did.
fn booked_since(history: &[HistoryLine], told: Ts) -> bool {
    let booked = since(history).and_then(|n| history.iter().find(|it| it.n == n));
    booked.is_some_and(|it| it.at > told)
}

/// Whether somebody who was told of a change then has not said that they keep the booking. A move or a
/// cancellation would have ended it.
pub(crate) fn is_unanswered(
    run: &RunDates,
    record: &BookingRecord,
    history: &[HistoryLine],
    told: Option<Ts>,
) -> bool {
    if run.change_no == 0 || !record.state.is_live() {
        return false;
    }
    let kept = history.iter().rev().find(|it| it.event == "keep").map(|it| it.at);
    told.is_some_and(|told| kept.is_none_or(|kept| kept < told))
}

/// When the person was last told of a change, by mail or, without an address, by a task for the team.
/// Whoever booked after the change was told nothing.
pub(crate) async fn told(db: &impl ConnectionTrait, id: BookingId) -> Result<Option<Ts>, Error> {
    let kind = Kind::RunChanged.name();
    let mail = outbox_mail::Entity::find()
        .filter(outbox_mail::Column::Kind.eq(kind))
        .filter(outbox_mail::Column::About.eq(id.0))
        .order_by_desc(outbox_mail::Column::Seq)
        .one(db)
        .await?;
    let task = team_task::Entity::find()
        .filter(team_task::Column::Kind.eq(TaskKind::PhoneOrLetter.name()))
        .filter(team_task::Column::About.eq(id.0))
        .filter(team_task::Column::Occasion.starts_with(kind))
        .order_by_desc(team_task::Column::CreatedAt)
        .one(db)
        .await?;
    Ok(mail.map(|it| it.created_at).max(task.map(|it| it.created_at)))
}

//! A register that nobody saves: those who teach are asked for it, and at last it becomes work for the team (B-62).

use booking::attendance::Register;
use booking::{attendance, calendar, deadlines, london};
use ids::RunId;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use time::Duration;

use super::{TaskKind, add};
use crate::app::App;
use crate::entity::team_task;
use crate::error::Error;
use crate::team_mail;
use crate::work::Work;

/// How far back days are looked at: further than any number of working days that a team may choose.
const LOOKED_AT: Duration = Duration::days(35);

/// Asks for the register of each day that is over for some working days and not marked in full (F03), at last
/// with a task. Asking is not for the night (B-102).
pub(crate) async fn look(app: &App) -> Result<(), Error> {
    let (db, now) = (app.reader(), app.now());
    let (settings, days) = calendar::rules(db).await?;
    let last = settings.attendance_nudges.last().copied();
    for (run, meeting) in attendance::unmarked(db, now - LOOKED_AT, now).await? {
        for &after in &settings.attendance_nudges {
            let day = london::local(meeting.ends_at).0;
            let due = deadlines::within_working_days(&settings, &days, day, after);
            let occasion = meeting.id.to_string();
            let is_last = Some(after) == last;
            if due <= now && !team_mail::knows_register_late(db, run, &meeting, after).await? {
                app.change(async |work| {
                    team_mail::register_late(&work, run, &meeting, (after, is_last)).await
                })
                .await?;
            }
            if is_last && due <= now && !is_known(app, run, &occasion).await? {
                app.change(async |work| add(&work, TaskKind::AttendanceLate, run.0, &occasion, due).await)
                    .await?;
            }
        }
    }
    Ok(())
}

async fn is_known(app: &App, run: RunId, occasion: &str) -> Result<bool, Error> {
    let found = team_task::Entity::find()
        .filter(team_task::Column::Kind.eq(TaskKind::AttendanceLate.name()))
        .filter(team_task::Column::About.eq(run.0))
        .filter(team_task::Column::Occasion.eq(occasion));
    Ok(found.one(app.reader()).await?.is_some())
}

/// Ends the task when the register is complete.
pub(crate) async fn follow(work: &Work, it: &Register) -> Result<(), Error> {
    if !it.is_complete() {
        return Ok(());
    }
    let off = team_task::ActiveModel {
        state: Set("cancelled".to_owned()),
        ..Default::default()
    };
    team_task::Entity::update_many()
        .set(off)
        .filter(team_task::Column::Kind.eq(TaskKind::AttendanceLate.name()))
        .filter(team_task::Column::About.eq(it.run.0))
        .filter(team_task::Column::Occasion.eq(it.meeting.id.to_string()))
        .filter(team_task::Column::State.eq("open"))
        .exec(work.tx())
        .await?;
    Ok(())
}

//! Looking back becomes work for the team: at each run when it is over, and at the text of a course a year
//! after it was approved (B-81).

use booking::review;
use ids::RunId;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{TaskKind, add};
use crate::app::App;
use crate::entity::team_task;
use crate::error::Error;
use crate::work::Work;

/// The one occasion on which a run is looked back at.
const ONCE: &str = "once";

/// Writes a task down for each run that is over, due some working days later, and for each text that was
/// approved too long ago; ends the tasks about texts that somebody approved since.
pub(crate) async fn look(app: &App) -> Result<(), Error> {
    let (db, now) = (app.reader(), app.now());
    for (run, due) in review::runs_due(db, now).await? {
        if !is_known(db, TaskKind::RunReview, run.id.0, ONCE).await? {
            app.change(async |work| add(&work, TaskKind::RunReview, run.id.0, ONCE, due).await)
                .await?;
        }
    }
    let texts = review::versions_due(db, now).await?;
    for (version, approved, due) in &texts {
        let occasion = approved.to_string();
        if !is_known(db, TaskKind::VersionReview, version.0, &occasion).await? {
            app.change(async |work| add(&work, TaskKind::VersionReview, version.0, &occasion, *due).await)
                .await?;
        }
    }
    let open = team_task::Entity::find()
        .filter(team_task::Column::Kind.eq(TaskKind::VersionReview.name()))
        .filter(team_task::Column::State.eq("open"));
    for task in open.all(db).await? {
        let is_due = |it: &(ids::CourseVersionId, time::Date, ids::Ts)| {
            it.0.0 == task.about && it.1.to_string() == task.occasion
        };
        if !texts.iter().any(is_due) {
            app.change(async |work| end(&work, TaskKind::VersionReview, task.about, &task.occasion).await)
                .await?;
        }
    }
    Ok(())
}

async fn is_known(
    db: &impl ConnectionTrait,
    kind: TaskKind,
    about: Uuid,
    occasion: &str,
) -> Result<bool, Error> {
    let found = team_task::Entity::find()
        .filter(team_task::Column::Kind.eq(kind.name()))
        .filter(team_task::Column::About.eq(about))
        .filter(team_task::Column::Occasion.eq(occasion));
    Ok(found.one(db).await?.is_some())
}

/// Ends the task when a review of the run was written down.
pub(crate) async fn held(work: &Work, run: RunId) -> Result<(), Error> {
    end(work, TaskKind::RunReview, run.0, ONCE).await
}

async fn end(work: &Work, kind: TaskKind, about: Uuid, occasion: &str) -> Result<(), Error> {
    let done = team_task::ActiveModel {
        state: Set("done".to_owned()),
        ..Default::default()
    };
    team_task::Entity::update_many()
        .set(done)
        .filter(team_task::Column::Kind.eq(kind.name()))
        .filter(team_task::Column::About.eq(about))
        .filter(team_task::Column::Occasion.eq(occasion))
        .filter(team_task::Column::State.eq("open"))
        .exec(work.tx())
        .await?;
    Ok(())
}

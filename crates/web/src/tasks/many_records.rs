//! Whoever of the team opens the records of many people within an hour is named to the leads: it may be a
//! long day on the phone, or something to ask about (T-11).

use ids::PersonId;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use time::Duration;

use super::{TaskKind, add};
use crate::audit;
use crate::entity::team_task;
use crate::error::Error;
use crate::sign_in::numbers::Numbers;
use crate::work::Work;

/// The time in which records are counted.
const WITHIN: Duration = Duration::HOUR;

/// Counts whose records somebody has opened lately, this one with them; over the number that the team has
/// set, the leads are told, once an hour.
pub(crate) async fn look(work: &Work, who: PersonId, whose: PersonId) -> Result<(), Error> {
    let since = work.now() - WITHIN;
    let mut opened = audit::opened_since(work.tx(), who, since).await?;
    opened.insert(whose);
    let most = Numbers::load(work.tx()).await?.records_hour();
    if opened.len() <= most || is_told(work, who, since).await? {
        return Ok(());
    }
    tracing::warn!(event = "many_records", person = %who.0);
    add(
        work,
        TaskKind::ManyRecords,
        who.0,
        &work.now().to_string(),
        work.now(),
    )
    .await
}

async fn is_told(work: &Work, who: PersonId, since: ids::Ts) -> Result<bool, Error> {
    let told = team_task::Entity::find()
        .filter(team_task::Column::Kind.eq(TaskKind::ManyRecords.name()))
        .filter(team_task::Column::About.eq(who.0))
        .filter(team_task::Column::CreatedAt.gt(since));
    Ok(told.count(work.tx()).await? > 0)
}

//! Staff make two records of one person one (B-27).

use booking::{Actor, Asked, Cause, Change, Channel, bookings};
use ids::PersonId;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::matching::{self, in_each_others_way, keep_first};
use crate::app::App;
use crate::entity::team_task;
use crate::error::Error;
use crate::tasks::TaskKind;
use crate::work::Work;

/// What the person is told about the booking that ends.
const KEPT_ONE: &str = "You had two bookings for the same dates. We kept one of them.";

impl App {
    /// Makes two records of one person one, and ends the weaker of two bookings on one run (B-27).
    /// The record that stays.
    pub async fn merge_people(&self, keep: PersonId, other: PersonId) -> Result<PersonId, Error> {
        self.change(async |work| merge(&work, keep, other).await).await
    }
}

/// Makes `other` a part of `keep`. On one run the better booking stays and the other is cancelled by
/// the team, told at the address it was made with; live bookings on different dates of a course that
/// wants one are refused, since only staff can say which dates are right.
pub(crate) async fn merge(work: &Work, keep: PersonId, other: PersonId) -> Result<PersonId, Error> {
    if keep == other {
        return Err(booking::Refusal::NotFound.into());
    }
    for id in [keep.min(other), keep.max(other)] {
        matching::lock_address(work, id).await?;
        let person = super::find(work.tx(), id).await?;
        person
            .filter(|it| it.merged_into.is_none())
            .ok_or(Error::NotFound)?;
    }
    while let Some((a, b)) = in_each_others_way(work.tx(), work.now(), keep, other).await? {
        let a = bookings::find(work.tx(), a).await?.ok_or(Error::NotFound)?;
        let b = bookings::find(work.tx(), b).await?.ok_or(Error::NotFound)?;
        if a.run != b.run {
            return Err(booking::Refusal::OtherBooking.into());
        }
        let (_, ends) = keep_first(&a, &b);
        let cause = Cause {
            actor: Actor::Team(None),
            channel: Channel::System,
            reason: Some(KEPT_ONE.to_owned()),
        };
        work.allocate(
            ends.run,
            Asked {
                change: Change::Cancel(ends.id),
                cause,
                details: None,
            },
        )
        .await?;
    }
    close_tasks(work, [keep, other]).await?;
    matching::unite(work, keep, other).await
}

/// What the team was asked about these records is answered now.
async fn close_tasks(work: &Work, people: [PersonId; 2]) -> Result<(), Error> {
    let mut about = people.map(|it| it.0).to_vec();
    about.extend(
        bookings::of_people(work.tx(), people)
            .await?
            .iter()
            .map(|it| it.id.0),
    );
    let done = team_task::ActiveModel {
        state: Set("done".to_owned()),
        ..Default::default()
    };
    team_task::Entity::update_many()
        .set(done)
        .filter(team_task::Column::Kind.eq(TaskKind::PossibleDuplicate.name()))
        .filter(team_task::Column::About.is_in(about))
        .filter(team_task::Column::State.eq("open"))
        .exec(work.tx())
        .await?;
    Ok(())
}

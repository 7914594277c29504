//! Staff make two records of one person one (B-27).

use booking::{Actor, Asked, BookingRecord, Cause, Change, Channel, bookings};
use ids::PersonId;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::accounts;
use super::matching::{self, in_each_others_way, keep_first};
use crate::app::App;
use crate::audit::{Act, Doer};
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
        self.change(async |work| merge(&work, keep, other, Actor::Team(None)).await)
            .await
    }
}

/// Why two records cannot be made one as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InTheWay {
    /// Somebody logs in with each of them.
    TwoAccounts,
    /// They have bookings for different dates of one course, and only the person can say which to keep.
    OtherDates,
}

/// What would become of two records' bookings on one run: the one that stays, and the one that ends.
pub(crate) type Pair = (BookingRecord, BookingRecord);

/// What making two records one would lead to.
pub(crate) async fn foresee(
    db: &impl ConnectionTrait,
    now: ids::Ts,
    one: PersonId,
    other: PersonId,
) -> Result<(Option<InTheWay>, Vec<Pair>), Error> {
    let live = |it: &BookingRecord| it.state.is_live();
    let left = bookings::of_person(db, one).await?;
    let right = bookings::of_person(db, other).await?;
    let mut pairs = Vec::new();
    for a in left.iter().filter(|it| live(it)) {
        if let Some(b) = right.iter().find(|it| live(it) && it.run == a.run) {
            let (stays, ends) = keep_first(a, b);
            pairs.push((stays.clone(), ends.clone()));
        }
    }
    if accounts::has_one(db, one).await? && accounts::has_one(db, other).await? {
        return Ok((Some(InTheWay::TwoAccounts), pairs));
    }
    // Of a pair on one run one ends, so that only a pair on different dates is left to stand in the way.
    let mut in_the_way = None;
    if let Some((a, b)) = in_each_others_way(db, now, one, other).await? {
        let run_of = |id| left.iter().chain(&right).find(|it| it.id == id).map(|it| it.run);
        in_the_way = (run_of(a) != run_of(b)).then_some(InTheWay::OtherDates);
    }
    Ok((in_the_way, pairs))
}

/// Makes `other` a part of `keep`. On one run the better booking stays and the other is cancelled by
/// the team, told at the address it was made with; live bookings on different dates of a course that
/// wants one are refused, since only staff can say which dates are right. Whoever logs in with one of
/// them goes on; where both do, nothing is done.
pub(crate) async fn merge(
    work: &Work,
    keep: PersonId,
    other: PersonId,
    actor: Actor,
) -> Result<PersonId, Error> {
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
    if accounts::has_one(work.tx(), keep).await? && accounts::has_one(work.tx(), other).await? {
        return Err(booking::Refusal::OtherBooking.into());
    }
    while let Some((a, b)) = in_each_others_way(work.tx(), work.now(), keep, other).await? {
        let a = bookings::find(work.tx(), a).await?.ok_or(Error::NotFound)?;
        let b = bookings::find(work.tx(), b).await?.ok_or(Error::NotFound)?;
        if a.run != b.run {
            return Err(booking::Refusal::OtherBooking.into());
        }
        let (_, ends) = keep_first(&a, &b);
        let cause = Cause {
            actor,
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
    let stays = matching::unite(work, keep, other).await?;
    let goes = if stays == keep { other } else { keep };
    accounts::hand_over(work, goes, stays).await?;
    work.note(Act {
        doer: Doer::of(actor, stays),
        what: "merged",
        about: ("person", goes.to_string()),
        whose: Some(stays),
        reason: None,
    });
    Ok(stays)
}

/// What the team was asked about these records is answered now.
async fn close_tasks(work: &Work, people: [PersonId; 2]) -> Result<(), Error> {
    use team_task::Column as Task;
    let done = team_task::ActiveModel {
        state: Set("done".to_owned()),
        ..Default::default()
    };
    let names = people.map(|it| it.to_string());
    team_task::Entity::update_many()
        .set(done)
        .filter(Task::Kind.eq(TaskKind::PossibleDuplicate.name()))
        .filter(Task::About.is_in(people.map(|it| it.0)))
        .filter(Task::Occasion.is_in(names))
        .filter(Task::State.eq("open"))
        .exec(work.tx())
        .await?;
    Ok(())
}

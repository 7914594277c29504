//! Looking back at a course together: with a peer after each run, and at the text of a course once a year
//! (B-81).

use ids::{CourseVersionId, PersonId, RunId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait,
};
use thiserror::Error as Why;
use time::macros::time;
use time::{Date, Duration};

use crate::allocator::Fresh;
use crate::calendar::{self, Meeting, RunDates};
use crate::deadlines::{WorkingDays, within_working_days};
use crate::entity::{course, course_review as row, course_version as v, run as r, session as s};
use crate::error::Error;
use crate::london;
use crate::settings::Settings;

/// A review that was held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// The day.
    pub held_on: Date,
    /// How many peers took part, peer trainers or people who had been on the course.
    pub peers: i32,
    /// How many others.
    pub others: i32,
    /// What went well.
    pub worked: String,
    /// What to change.
    pub to_change: String,
    /// What people who came are told about it; may be empty.
    pub you_said_we_did: String,
    /// Who wrote it down.
    pub by: PersonId,
}

/// Why something is no review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Why)]
pub enum NoReview {
    /// The course is not over.
    #[error("the course is not over")]
    TooEarly,
    /// It was held before the course was over, or is still to be held.
    #[error("the day must be from {0} to today")]
    Day(Date),
    /// Nobody took part who has lived it.
    #[error("at least one peer takes part")]
    NoPeer,
}

/// Whether this is a review of a course on these days (B-81).
pub fn judge(now: Ts, sessions: &[Meeting], held_on: Date, peers: i32) -> Result<(), NoReview> {
    let last = sessions.last().filter(|it| it.ends_at <= now);
    let last = last.ok_or(NoReview::TooEarly)?;
    if held_on < last.date || held_on > london::local(now).0 {
        return Err(NoReview::Day(last.date));
    }
    if peers < 1 {
        return Err(NoReview::NoPeer);
    }
    Ok(())
}

/// By when a run is looked back at (B-81, B-96).
pub fn run_due(settings: &Settings, days: &WorkingDays, last: &Meeting) -> Ts {
    within_working_days(settings, days, last.date, settings.run_review)
}

/// When the text of a course is looked at again (B-81).
pub fn version_due(settings: &Settings, approved_on: Date) -> Ts {
    let morning = london::in_london(approved_on, time!(0:00));
    london::months_from(morning, settings.version_review)
}

/// Writes a review down; what was written before stays.
pub async fn add(
    tx: &DatabaseTransaction,
    now: Ts,
    fresh: Fresh<'_>,
    run: RunId,
    it: Review,
) -> Result<(), Error> {
    row::ActiveModel {
        id: Set(fresh()),
        run: Set(run),
        held_on: Set(it.held_on),
        peers: Set(it.peers),
        others: Set(it.others),
        worked: Set(it.worked),
        to_change: Set(it.to_change),
        you_said_we_did: Set(it.you_said_we_did),
        by_person: Set(it.by),
        at: Set(now),
    }
    .insert(tx)
    .await?;
    Ok(())
}

/// The reviews of a run, the newest first.
pub async fn of_run(db: &impl ConnectionTrait, run: RunId) -> Result<Vec<Review>, Error> {
    let rows = row::Entity::find()
        .filter(row::Column::Run.eq(run))
        .order_by_desc(row::Column::At)
        .order_by_desc(row::Column::Id)
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|it| Review {
            held_on: it.held_on,
            peers: it.peers,
            others: it.others,
            worked: it.worked,
            to_change: it.to_change,
            you_said_we_did: it.you_said_we_did,
            by: it.by_person,
        })
        .collect())
}

/// How far back runs are looked at: further than any number of working days that a team may choose.
const LOOKED_AT: Duration = Duration::days(120);

/// The runs that are over and not looked back at yet, with the day by which that is due.
pub async fn runs_due(db: &impl ConnectionTrait, now: Ts) -> Result<Vec<(RunDates, Ts)>, Error> {
    let (settings, days) = calendar::rules(db).await?;
    let ended = s::Entity::find()
        .select_only()
        .column(s::Column::Run)
        .filter(s::Column::EndsAt.between(now - LOOKED_AT, now));
    let reviewed = row::Entity::find().select_only().column(row::Column::Run);
    let rows = r::Entity::find()
        .filter(r::Column::State.eq("published"))
        .filter(r::Column::Id.in_subquery(ended.into_query()))
        .filter(r::Column::Id.in_subquery(reviewed.into_query()).not())
        .all(db)
        .await?;
    let dated = calendar::dated(db, rows).await?;
    let due = dated.into_iter().filter_map(|it| {
        let last = it.sessions.last().filter(|it| it.ends_at <= now)?;
        let due = run_due(&settings, &days, last);
        Some((it, due))
    });
    Ok(due.collect())
}

/// The published texts of courses that were approved too long ago, with the day of the approval and when they
/// are due.
pub async fn versions_due(
    db: &impl ConnectionTrait,
    now: Ts,
) -> Result<Vec<(CourseVersionId, Date, Ts)>, Error> {
    let (settings, _) = calendar::rules(db).await?;
    let published = v::Entity::find().filter(v::Column::State.eq("published"));
    let due = published.all(db).await?.into_iter().filter_map(|it| {
        let approved = it.approved_on?;
        let due = version_due(&settings, approved);
        (due <= now).then_some((it.id, approved, due))
    });
    Ok(due.collect())
}

/// The title of the course that a version belongs to.
pub async fn title_of(db: &impl ConnectionTrait, id: CourseVersionId) -> Result<Option<String>, Error> {
    let Some(version) = v::Entity::find_by_id(id).one(db).await? else {
        return Ok(None);
    };
    let found = course::Entity::find_by_id(version.course).one(db).await?;
    Ok(found.map(|it| it.title))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ids::SessionId;
    use time::macros::{date, datetime};
    use uuid::Uuid;

    fn days() -> [Meeting; 1] {
        let starts_at = Ts::new(datetime!(2027-06-15 09:00 UTC));
        [Meeting {
            id: SessionId(Uuid::nil()),
            idx: 1,
            date: date!(2027 - 06 - 15),
            start: time!(10:00),
            end: time!(13:15),
            starts_at,
            ends_at: starts_at + Duration::minutes(195),
            break_minutes: 15,
        }]
    }

    #[test]
    fn a_review_is_held_after_the_course_and_with_a_peer() {
        let now = Ts::new(datetime!(2027-06-30 09:00 UTC));
        let held = |day, peers| judge(now, &days(), day, peers);
        assert_eq!(held(date!(2027 - 06 - 15), 1), Ok(()));
        assert_eq!(held(date!(2027 - 06 - 30), 2), Ok(()));
        let first = NoReview::Day(date!(2027 - 06 - 15));
        assert_eq!(held(date!(2027 - 06 - 14), 1), Err(first));
        assert_eq!(held(date!(2027 - 07 - 01), 1), Err(first));
        assert_eq!(held(date!(2027 - 06 - 30), 0), Err(NoReview::NoPeer));
        let on = Ts::new(datetime!(2027-06-15 10:00 UTC));
        let early = judge(on, &days(), date!(2027 - 06 - 15), 1);
        assert_eq!(early, Err(NoReview::TooEarly));
    }

    #[test]
    fn reviews_are_due_after_20_working_days_and_12_months() {
        let settings = Settings::default();
        let [last] = days();
        let due = run_due(&settings, &WorkingDays::default(), &last);
        assert_eq!(due.to_string(), "2027-07-13T18:00:00Z");
        let due = version_due(&settings, date!(2026 - 11 - 25));
        assert_eq!(due.to_string(), "2027-11-25T00:00:00Z");
    }
}

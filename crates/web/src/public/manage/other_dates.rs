//! The other dates of a course that somebody can go over to.

use booking::calendar::{self, RunDates};
use booking::{Availability, availability};
use ids::Ts;
use sea_orm::ConnectionTrait;
use serde::Serialize;

use super::Choice;
use crate::error::Error;
use crate::words;

/// What somebody may take: a place, or with it a place in the queue of full dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A place.
    Place,
    /// A place, or the waiting list.
    PlaceOrList,
    /// The same, in front of everybody on the list (B-53).
    PlaceOrFrontOfList,
}

/// The other dates of the course that can be had now, first to last, as answers to a question.
pub(crate) async fn choices(
    db: &impl ConnectionTrait,
    than: &RunDates,
    now: Ts,
    wanted: Wanted,
) -> Result<Vec<Choice>, Error> {
    let mut found = Vec::new();
    for (run, availability) in open(db, than, now).await? {
        if let Some(places) = places(availability, wanted) {
            let hint = format!(
                "{}. {}. {places}.",
                words::all_hours(&run.sessions),
                words::place(&run)
            );
            found.push(Choice {
                value: run.slug.clone(),
                text: words::dates(&run.sessions),
                hint,
            });
        }
    }
    Ok(found)
}

/// The other dates of the course that can be booked or waited for, with their pages.
pub(crate) async fn next_dates(
    db: &impl ConnectionTrait,
    than: &RunDates,
    now: Ts,
) -> Result<Vec<NextDates>, Error> {
    let open = open(db, than, now).await?;
    let listed = open
        .into_iter()
        .filter(|(_, it)| places(*it, Wanted::PlaceOrList).is_some());
    Ok(listed.map(|(run, _)| NextDates::of(&run)).collect())
}

/// Dates with their page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct NextDates {
    pub text: String,
    pub href: String,
}

impl NextDates {
    fn of(run: &RunDates) -> Self {
        let href = format!("/courses/{}/{}", run.course_code, run.slug);
        Self {
            // With the hours, so that two that begin on one day are told apart (U-25).
            text: format!(
                "{}, {}",
                words::dates(&run.sessions),
                words::all_hours(&run.sessions)
            ),
            href,
        }
    }
}

/// The other dates of the course with what a visitor is told of each.
pub(crate) async fn open(
    db: &impl ConnectionTrait,
    than: &RunDates,
    now: Ts,
) -> Result<Vec<(RunDates, Availability)>, Error> {
    let (settings, _) = calendar::rules(db).await?;
    let mut found = availability::upcoming(db, &settings, now, Some(than.course)).await?;
    found.retain(|(run, _)| run.id != than.id);
    Ok(found)
}

/// What can be had there, in words, or nothing.
pub(crate) fn places(availability: Availability, wanted: Wanted) -> Option<String> {
    match (availability, wanted) {
        (Availability::Open, _) => Some("Places available".to_owned()),
        (Availability::Few(1), _) => Some("1 place left".to_owned()),
        (Availability::Few(n), _) => Some(format!("{n} places left")),
        (Availability::Full { waiting_list: true }, Wanted::PlaceOrList) => {
            Some("Full, you would join the waiting list".to_owned())
        }
        (Availability::Full { waiting_list: true }, Wanted::PlaceOrFrontOfList) => {
            Some("Full, you would go to the front of the waiting list".to_owned())
        }
        (
            Availability::Full { .. }
            | Availability::OpensSoon(_)
            | Availability::Closed
            | Availability::Cancelled
            | Availability::Finished,
            _,
        ) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_dates_are_for_those_who_may_wait() {
        let full = Availability::Full { waiting_list: true };
        assert_eq!(places(full, Wanted::Place), None);
        assert!(places(full, Wanted::PlaceOrList).is_some());
        assert_eq!(
            places(
                Availability::Full { waiting_list: false },
                Wanted::PlaceOrFrontOfList
            ),
            None
        );
        assert_eq!(
            places(Availability::Few(1), Wanted::Place).as_deref(),
            Some("1 place left")
        );
        assert_eq!(places(Availability::Closed, Wanted::PlaceOrList), None);
    }
}

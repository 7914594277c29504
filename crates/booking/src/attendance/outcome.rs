//! How a course went for somebody (B-75): worked out from the marks whenever it is asked for, never stored.

use std::collections::BTreeMap;

use ids::{BookingId, RunId, SessionId};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use time::Date;

use super::rules::attended;
use super::{Code, Mark};
use crate::calendar::{self, Meeting, rules, teaching_minutes};
use crate::entity::{attendance as a, booking as b, catch_up as c, session as s};
use crate::error::Error;
use crate::settings::Settings;

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every session attended, some of them perhaps as a catch-up.
    Completed,
    /// Was there for some of the time.
    PartAttended,
    /// Was never there, and told us or had a good reason each time.
    Excused,
    /// Was never there.
    NotAttended,
}

/// A mark that counts, and how many minutes its session had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sat {
    /// What was recorded.
    pub code: Code,
    /// How long they were there.
    pub minutes: i64,
    /// How long they could have been there.
    pub teaching: i64,
    /// The day of that session.
    pub date: Date,
}

/// One session of the run as it went for one booking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// The session itself, if it is marked.
    pub own: Option<Sat>,
    /// The marks of catch-ups for it.
    pub caught_up: Vec<Sat>,
}

impl Day {
    /// Every mark that counts for the session, its own first.
    pub fn all(&self) -> impl Iterator<Item = Sat> {
        self.own.into_iter().chain(self.caught_up.iter().copied())
    }
}

/// How the course went, once every session is marked (B-75).
pub fn outcome(settings: &Settings, days: &[Day]) -> Option<Outcome> {
    let own: Vec<Sat> = days.iter().map(|it| it.own).collect::<Option<_>>()?;
    if own.is_empty() {
        return None;
    }
    let came = |it: &Sat| attended(settings, it.minutes, it.teaching);
    Some(if days.iter().all(|day| day.all().any(|it| came(&it))) {
        Outcome::Completed
    } else if days.iter().any(|day| day.all().any(|it| it.minutes > 0)) {
        Outcome::PartAttended
    } else if own
        .iter()
        .all(|it| matches!(it.code, Code::Apologies | Code::Excused))
    {
        Outcome::Excused
    } else {
        Outcome::NotAttended
    })
}

/// How it went for one booking; only who has a place in the end has an outcome (B-75).
pub async fn of_booking(db: &impl ConnectionTrait, id: BookingId) -> Result<Option<Outcome>, Error> {
    let row = b::Entity::find_by_id(id)
        .filter(b::Column::State.eq("booked"))
        .one(db)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let all = of_bookings(db, row.run, vec![id]).await?;
    Ok(all.get(&id).copied())
}

/// How it went for each booking of a run that has an outcome.
pub async fn of_run(db: &impl ConnectionTrait, run: RunId) -> Result<BTreeMap<BookingId, Outcome>, Error> {
    let booked = b::Entity::find()
        .filter(b::Column::Run.eq(run))
        .filter(b::Column::State.eq("booked"));
    let ids = booked.all(db).await?.into_iter().map(|it| it.id).collect();
    of_bookings(db, run, ids).await
}

async fn of_bookings(
    db: &impl ConnectionTrait,
    run: RunId,
    ids: Vec<BookingId>,
) -> Result<BTreeMap<BookingId, Outcome>, Error> {
    let (settings, _) = rules(db).await?;
    let days = days(db, run, &ids).await?;
    let found = days
        .iter()
        .filter_map(|(id, days)| Some((*id, outcome(&settings, days)?)));
    Ok(found.collect())
}

/// The sessions of a run as they went for each of its bookings, day 1 first.
pub(crate) async fn days(
    db: &impl ConnectionTrait,
    run: RunId,
    ids: &[BookingId],
) -> Result<BTreeMap<BookingId, Vec<Day>>, Error> {
    let marks = a::Entity::find()
        .filter(a::Column::Booking.is_in(ids.iter().copied()))
        .order_by_asc(a::Column::N);
    let mut last: BTreeMap<(BookingId, SessionId), Mark> = BTreeMap::new();
    for row in marks.all(db).await? {
        last.insert((row.booking, row.session), Mark::of(&row)?);
    }
    let catch_ups = c::Entity::find()
        .filter(c::Column::Booking.is_in(ids.iter().copied()))
        .filter(c::Column::CancelledAt.is_null())
        .order_by_asc(c::Column::Id)
        .all(db)
        .await?;
    let own = s::Column::Run.eq(run);
    let elsewhere = s::Column::Id.is_in(catch_ups.iter().map(|it| it.target_session));
    let either = Condition::any().add(own).add(elsewhere);
    let sessions = s::Entity::find()
        .filter(either)
        .order_by_asc(s::Column::Idx)
        .all(db)
        .await?;
    let meetings: BTreeMap<SessionId, Meeting> =
        sessions.iter().map(|it| (it.id, calendar::meeting(it))).collect();
    let sat = |booking, session| {
        let (mark, meeting) = (last.get(&(booking, session))?, meetings.get(&session)?);
        Some(Sat {
            code: mark.code,
            minutes: mark.minutes,
            teaching: teaching_minutes(meeting),
            date: meeting.date,
        })
    };
    let found = ids.iter().map(|&id| {
        let days = sessions.iter().filter(|it| it.run == run).map(|it| Day {
            own: sat(id, it.id),
            caught_up: catch_ups
                .iter()
                .filter(|made| made.booking == id && made.missed_session == it.id)
                .filter_map(|made| sat(id, made.target_session))
                .collect(),
        });
        (id, days.collect())
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Code::{Absent, Apologies, Excused, LeftEarly, Present};
    use time::macros::date;

    fn sat((code, minutes): (Code, i64)) -> Sat {
        Sat {
            code,
            minutes,
            teaching: 180,
            date: date!(2027 - 06 - 08),
        }
    }

    fn days(own: &[Option<(Code, i64)>]) -> Vec<Day> {
        let day = |it: &Option<(Code, i64)>| Day {
            own: it.map(sat),
            caught_up: Vec::new(),
        };
        own.iter().map(day).collect()
    }

    #[test]
    fn the_whole_table() {
        let (came, away) = (Some((Present, 180)), Some((Absent, 0)));
        let (told, excused) = (Some((Apologies, 0)), Some((Excused, 0)));
        let left = |minutes| Some((LeftEarly, minutes));
        let table: [(&[_], Option<Outcome>); 18] = [
            (&[], None),
            (&[None, None], None),
            (&[came, None], None),
            (&[None, came], None),
            (&[away, None], None),
            (&[came, came], Some(Outcome::Completed)),
            (&[left(144), left(170)], Some(Outcome::Completed)),
            (&[left(143), came], Some(Outcome::PartAttended)),
            (&[left(1), away], Some(Outcome::PartAttended)),
            (&[came, away], Some(Outcome::PartAttended)),
            (&[told, came], Some(Outcome::PartAttended)),
            (&[excused, left(10)], Some(Outcome::PartAttended)),
            (&[told, told], Some(Outcome::Excused)),
            (&[told, excused], Some(Outcome::Excused)),
            (&[excused, excused], Some(Outcome::Excused)),
            (&[told, away], Some(Outcome::NotAttended)),
            (&[away, excused], Some(Outcome::NotAttended)),
            (&[away, away], Some(Outcome::NotAttended)),
        ];
        for (own, wanted) in table {
            assert_eq!(outcome(&Settings::default(), &days(own)), wanted, "{own:?}");
        }
    }

    #[test]
    fn a_catch_up_counts_for_the_day_that_was_missed() {
        let with = |own: &[Option<(Code, i64)>], caught_up: &[(Code, i64)]| {
            let mut days = days(own);
            days[1].caught_up = caught_up.iter().copied().map(sat).collect();
            outcome(&Settings::default(), &days)
        };
        let (came, away) = (Some((Present, 175)), Some((Absent, 0)));
        assert_eq!(with(&[came, away], &[]), Some(Outcome::PartAttended));
        assert_eq!(with(&[came, away], &[(Absent, 0)]), Some(Outcome::PartAttended));
        assert_eq!(
            with(&[came, away], &[(Absent, 0), (Present, 180)]),
            Some(Outcome::Completed)
        );
        // Day 1 is still missing.
        assert_eq!(
            with(&[away, away], &[(Present, 180)]),
            Some(Outcome::PartAttended)
        );
        assert_eq!(with(&[None, away], &[(Present, 180)]), None);
        // Two visits that were too short do not become a long one.
        assert_eq!(
            with(&[came, Some((LeftEarly, 100))], &[(LeftEarly, 100)]),
            Some(Outcome::PartAttended)
        );
    }
}

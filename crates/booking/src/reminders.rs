//! When whoever has a place is reminded of it (B-103), and when silence about a change becomes a call (B-50).

use ids::{BookingId, RunId, SessionId, Ts};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use time::{Date, Duration};

use crate::calendar::{Before, Meeting, RunDates};
use crate::deadlines::{WorkingDays, working_days_before};
use crate::entity::{booking, place};
use crate::error::Error;
use crate::london;
use crate::settings::Settings;

/// Which reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A week before day 1: how to join (M10).
    WeekBefore,
    /// The day before each day (M11).
    DayBefore,
}

/// One reminder of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// Which.
    pub what: What,
    /// The day it is about.
    pub meeting: Meeting,
    /// When it leaves.
    pub at: Ts,
}

/// The reminders of a run (B-103): one before day 1, and one before each day. On the first of two days in a
/// row the one about the second comes in the evening. Where the team reminds once only, there is no guide.
pub fn of_run(settings: &Settings, meetings: &[Meeting]) -> Vec<Reminder> {
    let week = settings.reminder.first().filter(|_| settings.reminder.len() > 1);
    let before = |day: Date, days: &i64| day.saturating_sub(Duration::days(*days));
    let guide = meetings.first().zip(week).map(|(meeting, days)| Reminder {
        what: What::WeekBefore,
        meeting: *meeting,
        at: london::in_london(before(meeting.date, days), settings.reminder_time),
    });
    let each = meetings.iter().filter_map(|meeting| {
        let day = before(meeting.date, settings.reminder.last()?);
        let follows = meetings.iter().any(|it| it.date == day);
        let time = if follows {
            settings.evening_time
        } else {
            settings.reminder_time
        };
        Some(Reminder {
            what: What::DayBefore,
            meeting: *meeting,
            at: london::in_london(day, time),
        })
    });
    guide.into_iter().chain(each).collect()
}

/// The first day that is not as people knew it, at the earlier of its two times: whoever heard nothing comes
/// at the old one. Days that had begun when people were told do not count (B-50).
pub fn first_changed(before: &Before, now: &RunDates, told: Ts) -> Option<Ts> {
    let moved_place =
        before.delivery.is_some() && (before.delivery, &before.venue) != (Some(now.delivery), &now.venue);
    let of = |new: &Meeting| {
        let old = before.sessions.iter().find(|it| it.id == new.id)?;
        let same = (old.date, old.start, old.end) == (new.date, new.start, new.end);
        (moved_place || !same).then(|| old.starts_at.min(new.starts_at).max(told))
    };
    let ahead = now.sessions.iter().filter(|it| it.starts_at > told);
    ahead.filter_map(of).min()
}

/// When somebody who did not answer a change is called (B-50): some working days before the first day that
/// changed, or at once where that day was near when people were told.
pub fn change_call(settings: &Settings, days: &WorkingDays, told: Ts, first: Ts) -> Ts {
    let near = first - told < Settings::hours(settings.change_phone);
    let before = working_days_before(settings, days, london::local(first).0, settings.change_answer);
    if near { told } else { before.max(told) }
}

/// Whoever is booked and has a place on a day, in the order in which they booked. That is also who catches
/// up there: they hold a place on a day of other dates (B-70).
pub async fn booked_on(db: &impl ConnectionTrait, day: SessionId) -> Result<Vec<BookingId>, Error> {
    let placed: Vec<BookingId> = place::Entity::find()
        .select_only()
        .column(place::Column::Booking)
        .filter(place::Column::Session.eq(day))
        .into_tuple()
        .all(db)
        .await?;
    let booked = booking::Entity::find()
        .select_only()
        .column(booking::Column::Id)
        .filter(booking::Column::Id.is_in(placed))
        .filter(booking::Column::State.eq("booked"))
        .order_by_asc(booking::Column::CreatedAt)
        .order_by_asc(booking::Column::Id);
    Ok(booked.into_tuple().all(db).await?)
}

/// The booked bookings of a run.
pub async fn booked_in(db: &impl ConnectionTrait, run: RunId) -> Result<Vec<BookingId>, Error> {
    let booked = booking::Entity::find()
        .select_only()
        .column(booking::Column::Id)
        .filter(booking::Column::Run.eq(run))
        .filter(booking::Column::State.eq("booked"))
        .order_by_asc(booking::Column::CreatedAt)
        .order_by_asc(booking::Column::Id);
    Ok(booked.into_tuple().all(db).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Delivery;
    use crate::examples::at;
    use ids::CourseId;
    use time::Time;
    use time::macros::{date, time};
    use uuid::Uuid;

    fn meeting(idx: i32, date: Date, start: Time) -> Meeting {
        let starts_at = london::in_london(date, start);
        Meeting {
            id: SessionId(Uuid::from_u128(u128::try_from(idx).unwrap())),
            idx,
            date,
            start,
            end: start + Duration::hours(3),
            starts_at,
            ends_at: starts_at + Duration::hours(3),
            break_minutes: 15,
        }
    }

    fn said(meetings: &[Meeting], settings: &Settings) -> Vec<(What, i32, String)> {
        let all = of_run(settings, meetings).into_iter();
        all.map(|it| (it.what, it.meeting.idx, it.at.to_string()))
            .collect()
    }

    #[test]
    fn a_week_before_and_the_day_before_each_day() {
        let days = [
            meeting(1, date!(2027 - 06 - 08), time!(10:00)),
            meeting(2, date!(2027 - 06 - 15), time!(10:00)),
        ];
        let expected = [
            (What::WeekBefore, 1, "2027-06-01T09:00:00Z".to_owned()),
            (What::DayBefore, 1, "2027-06-07T09:00:00Z".to_owned()),
            (What::DayBefore, 2, "2027-06-14T09:00:00Z".to_owned()),
        ];
        assert_eq!(said(&days, &Settings::default()), expected);
    }

    #[test]
    fn of_two_days_in_a_row_the_second_is_told_in_the_evening_of_the_first() {
        let days = [
            meeting(1, date!(2027 - 06 - 08), time!(10:00)),
            meeting(2, date!(2027 - 06 - 09), time!(10:00)),
        ];
        let evening = (What::DayBefore, 2, "2027-06-08T16:00:00Z".to_owned());
        assert_eq!(said(&days, &Settings::default()).pop(), Some(evening));
    }

    #[test]
    fn the_clocks_go_back_between_two_days_and_each_is_told_at_ten() {
        let days = [
            meeting(1, date!(2027 - 10 - 26), time!(14:00)),
            meeting(2, date!(2027 - 11 - 02), time!(14:00)),
        ];
        let at: Vec<String> = said(&days, &Settings::default())
            .into_iter()
            .map(|it| it.2)
            .collect();
        assert_eq!(
            at,
            [
                "2027-10-19T09:00:00Z",
                "2027-10-25T09:00:00Z",
                "2027-11-01T10:00:00Z"
            ]
        );
    }

    #[test]
    fn the_days_and_hours_are_the_teams() {
        let mut settings = Settings::default();
        (settings.reminder, settings.reminder_time) = (vec![2], time!(9:00));
        let days = [meeting(1, date!(2027 - 06 - 08), time!(10:00))];
        let only = (What::DayBefore, 1, "2027-06-06T08:00:00Z".to_owned());
        assert_eq!(said(&days, &settings), [only]);
    }

    fn run(delivery: Delivery, sessions: Vec<Meeting>) -> RunDates {
        RunDates {
            id: RunId(Uuid::nil()),
            course: CourseId(Uuid::nil()),
            course_code: "intro".to_owned(),
            course_title: "Introduction".to_owned(),
            slug: "june".to_owned(),
            label: String::new(),
            delivery,
            venue: None,
            join_url: None,
            opens_at: at("Sat 1 May 10:00"),
            closes_at: at("Mon 7 June 12:00"),
            change_no: 1,
            cancel_reason: None,
            cancelled_at: None,
            sessions,
            before_change: Before::default(),
        }
    }

    #[test]
    fn the_first_day_that_changed_counts_at_the_earlier_of_its_times() {
        let old = [
            meeting(1, date!(2027 - 06 - 08), time!(10:00)),
            meeting(2, date!(2027 - 06 - 15), time!(10:00)),
        ];
        let before = Before {
            delivery: Some(Delivery::Online),
            venue: None,
            sessions: old.to_vec(),
        };
        let told = at("Tue 25 May 10:00");
        let later = meeting(2, date!(2027 - 06 - 22), time!(10:00));
        let changed = run(Delivery::Online, vec![old[0], later]);
        assert_eq!(first_changed(&before, &changed, told), Some(old[1].starts_at));
        let sooner = meeting(2, date!(2027 - 06 - 14), time!(10:00));
        let changed = run(Delivery::Online, vec![old[0], sooner]);
        assert_eq!(first_changed(&before, &changed, told), Some(sooner.starts_at));
        // Another place is another place on every day that is still to come.
        let changed = run(Delivery::InPerson, old.to_vec());
        assert_eq!(first_changed(&before, &changed, told), Some(old[0].starts_at));
        let during = at("Wed 9 June 10:00");
        assert_eq!(first_changed(&before, &changed, during), Some(old[1].starts_at));
        let same = run(Delivery::Online, old.to_vec());
        assert_eq!(first_changed(&before, &same, told), None);
    }

    #[test]
    fn whoever_is_silent_is_called_two_working_days_before_or_at_once() {
        let (settings, days) = (Settings::default(), WorkingDays::default());
        let call = |told: &str, first: &str| change_call(&settings, &days, at(told), at(first));
        // Scenario S8.
        assert_eq!(
            call("Mon 11 Oct 12:00", "Tue 26 Oct 10:00"),
            at("Fri 22 Oct 08:00")
        );
        assert_eq!(
            call("Sun 24 Oct 10:00", "Tue 26 Oct 09:59"),
            at("Sun 24 Oct 10:00")
        );
        // Further away than 48 hours, and the working days are over already.
        assert_eq!(
            call("Sat 23 Oct 10:00", "Tue 26 Oct 10:00"),
            at("Sat 23 Oct 10:00")
        );
    }
}

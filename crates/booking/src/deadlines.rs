//! When a hold or an offer ends, and what a working day is.
//!
//! The clock of a hold or an offer starts when the person could know of it; until then only the
//! planned end is known. An end only ever moves later, so nobody is cut off before the time they
//! were told.

use std::collections::BTreeSet;

use ids::Ts;
use time::macros::time;
use time::{Date, Duration, Time, Weekday};

use crate::london;
use crate::settings::Settings;

/// Which days count as working days (B-96).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkingDays {
    holidays: BTreeSet<Date>,
}

impl WorkingDays {
    /// Monday to Friday without these bank holidays.
    pub fn without(holidays: impl IntoIterator<Item = Date>) -> Self {
        Self {
            holidays: holidays.into_iter().collect(),
        }
    }

    /// Whether people are at work on `day`.
    pub fn contain(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.holidays.contains(&day)
    }

    /// The n-th working day counted back from `day`, which does not count itself.
    pub fn before(&self, day: Date, n: i64) -> Date {
        self.walk(day, n, Date::previous_day)
    }

    /// The n-th working day counted on from `day`, which does not count itself.
    pub fn after(&self, day: Date, n: i64) -> Date {
        self.walk(day, n, Date::next_day)
    }

    /// How many full working days lie between two days.
    pub fn between(&self, first: Date, last: Date) -> i64 {
        let mut count = 0;
        let mut day = first;
        while let Some(next) = day.next_day().filter(|it| *it < last) {
            day = next;
            count += i64::from(self.contain(day));
        }
        count
    }

    fn walk(&self, mut day: Date, n: i64, step: impl Fn(Date) -> Option<Date>) -> Date {
        let mut left = n;
        while left > 0 {
            let Some(next) = step(day) else { return day };
            day = next;
            left -= i64::from(self.contain(day));
        }
        day
    }

    /// The first midday of a working day after `moment`.
    fn midday_after(&self, moment: Ts) -> Ts {
        let (mut day, _) = london::local(moment);
        loop {
            let midday = london::in_london(day, time!(12:00));
            if self.contain(day) && midday > moment {
                return midday;
            }
            let Some(next) = day.next_day() else { return midday };
            day = next;
        }
    }

    /// Whether `moment` is in working time, 8am to 7pm on a working day, both ends included.
    fn at_work(&self, settings: &Settings, moment: Ts) -> bool {
        let (day, time) = london::local(moment);
        self.contain(day) && (settings.day_start..=settings.day_end).contains(&time)
    }
}

/// When booking closes by default: midday on the working day before the first session (B-11).
pub fn booking_closes(settings: &Settings, days: &WorkingDays, first_day: Date) -> Ts {
    london::in_london(days.before(first_day, 1), settings.booking_close)
}

/// Whether a cancellation now leaves time to fill the place (B-32); a statistic only.
pub fn in_time(settings: &Settings, days: &WorkingDays, now: Ts, first_start: Ts) -> bool {
    days.between(london::local(now).0, london::local(first_start).0) >= settings.notice
}

/// The window to confirm an address: shorter when the course starts soon.
pub fn confirm_window(settings: &Settings, now: Ts, first_start: Ts) -> Duration {
    let near = first_start - now < Settings::hours(settings.near_start);
    Settings::hours(if near {
        settings.confirm_window_near
    } else {
        settings.confirm_window
    })
}

/// The window to answer an offer, fixed when the offer is made.
pub fn offer_window(settings: &Settings, now: Ts, first_start: Ts) -> Duration {
    let far = first_start - now >= Duration::days(settings.offer_far_from);
    Settings::hours(if far {
        settings.offer_window_far
    } else {
        settings.offer_window
    })
}

/// The end of an offer whose window opens at `from` (section 3): stretched to the next midday of a
/// working day if it fell outside working time, unless that comes too close to the first session.
pub fn offer_ends(
    settings: &Settings,
    days: &WorkingDays,
    from: Ts,
    window: Duration,
    first_start: Ts,
) -> Ts {
    let end = from + window;
    if days.at_work(settings, end) {
        return end;
    }
    let midday = days.midday_after(end);
    if first_start - midday < Settings::hours(settings.offer_shift_guard) {
        end
    } else {
        midday
    }
}

/// When mail that can wait for the day leaves: now, or at 8am if it is night (B-102).
pub fn by_day(settings: &Settings, now: Ts) -> Ts {
    let (day, time) = london::local(now);
    if time < settings.day_start {
        london::in_london(day, settings.day_start)
    } else if time >= settings.day_end {
        london::in_london(day.next_day().unwrap_or(day), settings.day_start)
    } else {
        now
    }
}

/// When the reminder to confirm leaves (M02): half way, or at 8am if that still leaves an hour.
pub fn confirm_reminder(settings: &Settings, held_from: Ts, until: Ts) -> Ts {
    let half = held_from + (until - held_from) / 2;
    let morning = by_day(settings, half);
    if until - morning >= Duration::hours(1) {
        morning
    } else {
        half
    }
}

/// The moment "n working days before" a day: at the start of the day (B-96).
pub fn working_days_before(settings: &Settings, days: &WorkingDays, day: Date, n: i64) -> Ts {
    london::in_london(days.before(day, n), settings.day_start)
}

/// The moment "within n working days" of a day ends: 7pm (B-96).
pub fn within_working_days(settings: &Settings, days: &WorkingDays, day: Date, n: i64) -> Ts {
    london::in_london(days.after(day, n), settings.day_end)
}

/// A time of day on the day of `moment`, in London.
pub fn on_the_day_of(moment: Ts, time: Time) -> Ts {
    london::in_london(london::local(moment).0, time)
}

/// Whoever asked for mail about new dates then, or before, is not told any more (B-107).
pub fn interest_over_since(settings: &Settings, now: Ts) -> Ts {
    london::months_from(now, -settings.interest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{at, said};
    use time::macros::{date, datetime};

    fn days() -> WorkingDays {
        WorkingDays::without([date!(2027 - 05 - 31)])
    }

    #[test]
    fn a_monday_course_is_cancelled_in_time_until_wednesday() {
        let settings = Settings::default();
        let monday = Ts::new(datetime!(2027-06-14 09:00 UTC));
        let on = |day| in_time(&settings, &days(), Ts::new(day), monday);
        assert!(on(datetime!(2027-06-09 18:00 UTC)));
        assert!(!on(datetime!(2027-06-10 08:00 UTC)));
    }

    #[test]
    fn booking_closes_at_midday_on_the_working_day_before() {
        let closes = |day| booking_closes(&Settings::default(), &days(), day).to_string();
        assert_eq!(closes(date!(2027 - 06 - 08)), "2027-06-07T11:00:00Z");
        assert_eq!(closes(date!(2027 - 06 - 01)), "2027-05-28T11:00:00Z");
    }

    #[test]
    fn a_reminder_at_night_waits_for_the_morning_only_if_an_hour_is_left() {
        let settings = Settings::default();
        let at = |from, until| confirm_reminder(&settings, Ts::new(from), Ts::new(until)).to_string();
        // Thursday 3pm to Friday 3pm: half way is 3am.
        assert_eq!(
            at(datetime!(2027-05-27 14:00 UTC), datetime!(2027-05-28 14:00 UTC)),
            "2027-05-28T07:00:00Z"
        );
        // 6:30am to 8:30am: half way is 7:30am, 8am would leave half an hour.
        assert_eq!(
            at(datetime!(2027-05-27 05:30 UTC), datetime!(2027-05-27 07:30 UTC)),
            "2027-05-27T06:30:00Z"
        );
    }

    #[test]
    fn working_days_skip_week_ends_and_bank_holidays() {
        assert_eq!(days().before(date!(2027 - 06 - 02), 2), date!(2027 - 05 - 28));
        assert_eq!(days().after(date!(2027 - 05 - 28), 1), date!(2027 - 06 - 01));
        let settings = Settings::default();
        assert_eq!(
            within_working_days(&settings, &days(), date!(2027 - 06 - 08), 1).to_string(),
            "2027-06-09T18:00:00Z"
        );
    }

    #[test]
    fn an_offer_ends_in_working_time_unless_that_is_too_close_to_the_start() {
        let settings = Settings::default();
        let ends = |from: &str, start: &str| {
            said(offer_ends(
                &settings,
                &days(),
                at(from),
                Duration::hours(24),
                at(start),
            ))
        };
        let far = "Tue 22 June 10:00";
        assert_eq!(ends("Wed 2 June 08:00", far), "Thu 3 June 08:00");
        assert_eq!(ends("Wed 2 June 07:59", far), "Thu 3 June 12:00");
        assert_eq!(ends("Wed 2 June 19:00", far), "Thu 3 June 19:00");
        assert_eq!(ends("Wed 2 June 19:01", far), "Fri 4 June 12:00");
        assert_eq!(ends("Fri 28 May 15:00", far), "Tue 1 June 12:00");
        // Monday midday is 48 hours before Wednesday midday, and no less.
        assert_eq!(ends("Fri 4 June 15:00", "Wed 9 June 12:00"), "Mon 7 June 12:00");
        assert_eq!(ends("Fri 4 June 15:00", "Wed 9 June 11:59"), "Sat 5 June 15:00");
    }

    #[test]
    fn windows_depend_on_how_far_off_the_first_session_is() {
        let settings = Settings::default();
        let start = at("Tue 8 June 10:00");
        let hours = |from: &str| {
            let from = at(from);
            [
                offer_window(&settings, from, start),
                confirm_window(&settings, from, start),
            ]
            .map(Duration::whole_hours)
        };
        assert_eq!(hours("Tue 1 June 10:00"), [48, 24]);
        assert_eq!(hours("Tue 1 June 10:01"), [24, 24]);
        assert_eq!(hours("Sat 5 June 10:00"), [24, 24]);
        assert_eq!(hours("Sat 5 June 10:01"), [24, 2]);
    }
}

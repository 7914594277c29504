//! Working days, and days as they are written.

use std::collections::BTreeSet;

use time::{Date, Duration, Month, Weekday};

/// Which days count as working days: Monday to Friday without England's bank holidays.
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

    /// The n-th working day counted on from `day`, which does not count itself.
    pub fn after(&self, day: Date, n: i64) -> Date {
        let (mut day, mut left) = (day, n);
        while left > 0 {
            let Some(next) = day.next_day() else { return day };
            day = next;
            left -= i64::from(self.contain(day));
        }
        day
    }
}

/// So many days later, or earlier below 0; the calendar's last day at its end.
pub fn shifted(day: Date, days: i64) -> Date {
    day.saturating_add(Duration::days(days))
}

/// How many days from one day to another; the first does not count.
pub fn from_to(first: Date, last: Date) -> i64 {
    (last - first).whole_days()
}

/// The same day so many months later; the last day of a shorter month.
pub fn months_after(day: Date, months: i64) -> Date {
    let all = i64::from(day.year()) * 12 + i64::from(u8::from(day.month())) - 1 + months;
    let year = i32::try_from(all.div_euclid(12)).unwrap_or(day.year());
    let month = u8::try_from(all.rem_euclid(12) + 1).ok();
    let month = month
        .and_then(|it| Month::try_from(it).ok())
        .unwrap_or(day.month());
    Date::from_calendar_date(year, month, day.day().min(month.length(year))).unwrap_or(day)
}

/// `12 July 2026`, as pages and lists say it.
pub fn said(day: Date) -> String {
    format!("{} {} {}", day.day(), day.month(), day.year())
}

// `2026-07-12`, as records and events write it.
time::serde::format_description!(pub(crate) iso, Date, "[year]-[month]-[day]");

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn working_days_skip_week_ends_and_bank_holidays() {
        let days = WorkingDays::without([date!(2026 - 08 - 31)]);
        assert_eq!(days.after(date!(2026 - 06 - 01), 5), date!(2026 - 06 - 08));
        assert_eq!(days.after(date!(2026 - 08 - 28), 1), date!(2026 - 09 - 01));
        assert_eq!(days.after(date!(2026 - 08 - 29), 0), date!(2026 - 08 - 29));
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        assert_eq!(months_after(date!(2024 - 07 - 06), 24), date!(2026 - 07 - 06));
        assert_eq!(months_after(date!(2026 - 12 - 31), 2), date!(2027 - 02 - 28));
    }

    #[test]
    fn a_day_is_said_with_its_month() {
        assert_eq!(said(date!(2026 - 07 - 02)), "2 July 2026");
    }
}

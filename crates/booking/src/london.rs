//! London wall time and UTC (B-95). The only module that knows a time zone.

use ids::Ts;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use std::sync::LazyLock;
use thiserror::Error;
use time::{Date, Month, OffsetDateTime, Time};

#[expect(
    clippy::expect_used,
    reason = "the zone data is compiled in; start-up calls this once (T-50)"
)]
static LONDON: LazyLock<TimeZone> = LazyLock::new(|| {
    TimeZoneDatabase::bundled()
        .get("Europe/London")
        .expect("bundled zone data has Europe/London")
});

/// Why a local date and time are not one moment (B-95).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotOneMoment {
    /// The clocks jump over it in spring.
    #[error("the clocks go forward then, so that time does not exist")]
    DoesNotExist,
    /// The clocks run through it twice in autumn.
    #[error("the clocks go back then, so that time comes twice")]
    ComesTwice,
}

/// The moment at which it is `date`, `time` in London.
pub fn moment(date: Date, time: Time) -> Result<Ts, NotOneMoment> {
    let ambiguous = LONDON.to_ambiguous_timestamp(civil_of(date, time));
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => Ok(in_london(date, time)),
        AmbiguousOffset::Gap { .. } => Err(NotOneMoment::DoesNotExist),
        AmbiguousOffset::Fold { .. } => Err(NotOneMoment::ComesTwice),
    }
}

/// The moment at which it is `date`, `time` in London; of two the earlier, of none the one as far
/// after the jump. For times of day that the program chooses itself.
#[expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "every civil time between the years 1 and 9999 has a compatible moment"
)]
pub fn in_london(date: Date, time: Time) -> Ts {
    let second = LONDON
        .to_ambiguous_timestamp(civil_of(date, time))
        .compatible()
        .expect("a date of the calendar")
        .as_second();
    Ts::new(OffsetDateTime::from_unix_timestamp(second).expect("a date of the calendar"))
}

/// The date and time that a clock in London shows.
#[expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "moments come from `OffsetDateTime`, whose range is smaller"
)]
pub fn local(ts: Ts) -> (Date, Time) {
    let there = jiff::Timestamp::from_second(ts.get().unix_timestamp())
        .expect("a moment of the calendar")
        .to_zoned(LONDON.clone());
    let month = Month::try_from(u8::try_from(there.month()).unwrap_or(1)).expect("a month");
    let date = Date::from_calendar_date(there.year().into(), month, u8::try_from(there.day()).unwrap_or(1))
        .expect("a date");
    let part = |it: i8| u8::try_from(it).unwrap_or(0);
    let time =
        Time::from_hms(part(there.hour()), part(there.minute()), part(there.second())).expect("a time");
    (date, time)
}

/// Checks that London's time can be told; called once at start (T-50).
pub fn is_known() -> bool {
    TimeZoneDatabase::bundled().get("Europe/London").is_ok()
}

#[expect(clippy::expect_used, reason = "both crates hold the same proleptic calendar")]
fn civil_of(date: Date, time: Time) -> civil::DateTime {
    let signed = |it: u8| i8::try_from(it).unwrap_or(i8::MAX);
    civil::date(
        i16::try_from(date.year()).expect("a year of four digits"),
        signed(date.month().into()),
        signed(date.day()),
    )
    .at(
        signed(time.hour()),
        signed(time.minute()),
        signed(time.second()),
        0,
    )
}

/// The same day and time so many months later or, below 0, earlier; the last day of a shorter month.
pub fn months_from(from: Ts, months: i64) -> Ts {
    let (day, clock) = local(from);
    let all = i64::from(day.year()) * 12 + i64::from(u8::from(day.month())) - 1 + months;
    let year = i32::try_from(all.div_euclid(12)).unwrap_or(day.year());
    let month = u8::try_from(all.rem_euclid(12) + 1)
        .ok()
        .and_then(|it| Month::try_from(it).ok());
    let month = month.unwrap_or(day.month());
    let there = Date::from_calendar_date(year, month, day.day().min(month.length(year)));
    in_london(there.unwrap_or(day), clock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::{date, datetime, time};

    #[test]
    fn summer_and_winter() {
        assert_eq!(
            moment(date!(2027 - 06 - 08), time!(10:00)),
            Ok(datetime!(2027-06-08 09:00 UTC).into())
        );
        assert_eq!(
            moment(date!(2027 - 11 - 08), time!(10:00)),
            Ok(datetime!(2027-11-08 10:00 UTC).into())
        );
    }

    #[test]
    fn the_hours_of_both_clock_changes_are_refused() {
        assert_eq!(
            moment(date!(2027 - 03 - 28), time!(01:30)),
            Err(NotOneMoment::DoesNotExist)
        );
        assert_eq!(
            moment(date!(2027 - 10 - 31), time!(01:30)),
            Err(NotOneMoment::ComesTwice)
        );
    }

    proptest! {
        #[test]
        fn wall_time_comes_back(second in 1_700_000_000_i64..2_500_000_000) {
            let ts = Ts::new(OffsetDateTime::from_unix_timestamp(second).unwrap());
            let (date, time) = local(ts);
            match moment(date, time) {
                Ok(back) => prop_assert_eq!(back, ts),
                Err(why) => prop_assert_eq!(why, NotOneMoment::ComesTwice),
            }
        }
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let from = |moment, months| months_from(Ts::new(moment), months);
        assert_eq!(
            from(datetime!(2027-05-11 13:00 UTC), 12),
            datetime!(2028-05-11 13:00 UTC).into()
        );
        assert_eq!(
            from(datetime!(2027-05-11 13:00 UTC), -12),
            datetime!(2026-05-11 13:00 UTC).into()
        );
        assert_eq!(
            from(datetime!(2028-02-29 12:00 UTC), 12),
            datetime!(2029-02-28 12:00 UTC).into()
        );
        assert_eq!(
            from(datetime!(2027-01-31 12:00 UTC), 1),
            datetime!(2027-02-28 12:00 UTC).into()
        );
        // 1pm in winter is 1pm in summer.
        assert_eq!(
            from(datetime!(2027-01-11 13:00 UTC), 6),
            datetime!(2027-07-11 12:00 UTC).into()
        );
    }
}

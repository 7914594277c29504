//! Dates and times as people read them (pages.md section 9).

use booking::attendance::outcome::Outcome;
use booking::calendar::{Before, Delivery, Meeting, RunDates};
use booking::london;
use ids::Ts;
use time::{Date, Time};

/// "Tuesday 26 January 2027".
pub(crate) fn date(it: Date) -> String {
    format!("{} {} {} {}", it.weekday(), it.day(), it.month(), it.year())
}

/// "Tuesday 26 January".
pub(crate) fn date_without_year(it: Date) -> String {
    format!("{} {} {}", it.weekday(), it.day(), it.month())
}

/// "10am", "1:15pm", "midday", "midnight".
pub(crate) fn time(it: Time) -> String {
    let (hour, minute) = (it.hour(), it.minute());
    match (hour, minute) {
        (12, 0) => return "midday".to_owned(),
        (0, 0) => return "midnight".to_owned(),
        _ => {}
    }
    let half = if hour < 12 { "am" } else { "pm" };
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    if minute == 0 {
        format!("{hour}{half}")
    } else {
        format!("{hour}:{minute:02}{half}")
    }
}

/// "Thursday 21 January 2027 at 2pm".
pub(crate) fn date_time(it: Ts) -> String {
    let (day, clock) = london::local(it);
    format!("{} at {}", date(day), time(clock))
}

/// "2pm on Thursday 21 January 2027".
pub(crate) fn time_and_date(it: Ts) -> String {
    let (day, clock) = london::local(it);
    format!("{} on {}", time(clock), date(day))
}

/// "10am to 1pm".
pub(crate) fn hours(it: &Meeting) -> String {
    format!("{} to {}", time(it.start), time(it.end))
}

/// "Tuesday 26 and Wednesday 27 January 2027": the dates in one phrase, each month and year once.
pub(crate) fn dates(meetings: &[Meeting]) -> String {
    let mut parts = Vec::new();
    for (at, it) in meetings.iter().enumerate() {
        let next = meetings.get(at + 1);
        let mut part = format!("{} {}", it.date.weekday(), it.date.day());
        if next.is_none_or(|next| (next.date.month(), next.date.year()) != (it.date.month(), it.date.year()))
        {
            part = format!("{part} {}", it.date.month());
        }
        if next.is_none_or(|next| next.date.year() != it.date.year()) {
            part = format!("{part} {}", it.date.year());
        }
        parts.push(part);
    }
    match parts.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// "Day 1: Tuesday 26 January 2027, 10am to 1pm", without the label.
pub(crate) fn day(it: &Meeting) -> String {
    format!("{}, {}", date(it.date), hours(it))
}

/// "10am to 1pm, both days", or each day's hours.
pub(crate) fn all_hours(meetings: &[Meeting]) -> String {
    match meetings {
        [] => String::new(),
        [only] => hours(only),
        [first, rest @ ..]
            if rest
                .iter()
                .all(|it| (it.start, it.end) == (first.start, first.end)) =>
        {
            let each = if rest.len() == 1 { "both days" } else { "each day" };
            format!("{}, {each}", hours(first))
        }
        all => {
            let each = all.iter().map(|it| format!("day {} {}", it.idx, hours(it)));
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

/// "tomorrow" or "next week", where a day is; nothing where neither is so.
pub(crate) fn how_soon(today: Date, day: Date) -> &'static str {
    let next_week = today.saturating_add(time::Duration::WEEK);
    if today.next_day() == Some(day) {
        "tomorrow"
    } else if day > today && next_week.to_iso_week_date().1 == day.to_iso_week_date().1 {
        "next week"
    } else {
        ""
    }
}

/// "Online" or where.
pub(crate) fn place(run: &RunDates) -> String {
    place_of(run.delivery, run.venue.as_deref())
}

/// The same before a change; nothing if it was not kept.
pub(crate) fn place_before(it: &Before) -> String {
    it.delivery
        .map(|delivery| place_of(delivery, it.venue.as_deref()))
        .unwrap_or_default()
}

fn place_of(delivery: Delivery, venue: Option<&str>) -> String {
    match (delivery, venue) {
        (Delivery::Online, _) => "Online".to_owned(),
        (Delivery::InPerson, Some(venue)) => venue.to_owned(),
        (Delivery::InPerson, None) => "In person".to_owned(),
        (Delivery::Hybrid, Some(venue)) => format!("{venue}, or online"),
        (Delivery::Hybrid, None) => "In person or online".to_owned(),
    }
}

/// How a course went for somebody, in words for the team (pages.md section 5).
pub(crate) fn outcome(it: Outcome) -> &'static str {
    match it {
        Outcome::Completed => "Came",
        Outcome::PartAttended => "Came to 1 day",
        Outcome::NotAttended => "We missed them",
        Outcome::Excused => "Could not come",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ids::SessionId;
    use time::macros::{date, time};
    use uuid::Uuid;

    fn on(idx: i32, date: Date) -> Meeting {
        let at = london::in_london(date, time!(10:00));
        Meeting {
            id: SessionId(Uuid::nil()),
            idx,
            date,
            start: time!(10:00),
            end: time!(13:15),
            starts_at: at,
            ends_at: at,
            break_minutes: 15,
        }
    }

    #[test]
    fn dates_name_each_month_and_year_once() {
        let two = |a, b| dates(&[on(1, a), on(2, b)]);
        assert_eq!(
            two(date!(2027 - 01 - 26), date!(2027 - 01 - 27)),
            "Tuesday 26 and Wednesday 27 January 2027"
        );
        assert_eq!(
            two(date!(2027 - 01 - 31), date!(2027 - 02 - 01)),
            "Sunday 31 January and Monday 1 February 2027"
        );
        assert_eq!(
            two(date!(2027 - 12 - 31), date!(2028 - 01 - 03)),
            "Friday 31 December 2027 and Monday 3 January 2028"
        );
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        let said = [
            time!(10:00),
            time!(13:15),
            time!(12:00),
            time!(0:00),
            time!(0:30),
            time!(12:05),
        ]
        .map(super::time);
        assert_eq!(
            said,
            ["10am", "1:15pm", "midday", "midnight", "12:30am", "12:05pm"]
        );
        assert_eq!(
            all_hours(&[on(1, date!(2027 - 01 - 26)), on(2, date!(2027 - 01 - 27))]),
            "10am to 1:15pm, both days"
        );
    }
}

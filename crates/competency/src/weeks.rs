//! Active weeks, windows of reviews, and hours (C-06 to C-08, C-28).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::Date;

use crate::booklet::Pause;
use crate::days::{WorkingDays, from_to, shifted};
use crate::template::Rules;

/// A time that somebody works in a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// The name of the team.
    pub team: String,
    /// Its first day.
    #[serde(with = "crate::days::iso")]
    pub starts_on: Date,
    /// The last day as it is planned; pauses move it.
    #[serde(with = "crate::days::iso")]
    pub planned_end: Date,
    /// The last day, if it ended otherwise.
    #[serde(
        with = "crate::days::iso::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub ended_on: Option<Date>,
}

/// The three conversations of a placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum ReviewKind {
    Initial,
    Mid,
    Final,
}

impl ReviewKind {
    /// In the order in which they are held.
    pub const ALL: [Self; 3] = [Self::Initial, Self::Mid, Self::Final];

    /// The word in records and on pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Mid => "mid",
            Self::Final => "final",
        }
    }
}

impl Placement {
    /// The last day, as it happened or is planned.
    pub fn last_day(&self) -> Date {
        self.ended_on.unwrap_or(self.planned_end)
    }

    /// Whether it runs on `day`.
    pub fn contains(&self, day: Date) -> bool {
        self.starts_on <= day && day <= self.last_day()
    }

    /// How many days it is planned to be active.
    fn planned_days(&self, pauses: &[Pause]) -> i64 {
        let all = from_to(self.starts_on, self.planned_end) + 1;
        all - pauses.iter().map(|it| self.days_in(it)).sum::<i64>()
    }

    /// How many days of a pause that is over fall into it.
    fn days_in(&self, pause: &Pause) -> i64 {
        let from = pause.from.max(self.starts_on);
        let end = pause.resumed_on.unwrap_or(from);
        from_to(from, end.min(shifted(self.planned_end, 1))).max(0)
    }

    /// A day of the plan, later by the pauses that began before it (C-28).
    fn after_pauses(&self, mut day: Date, pauses: &[Pause]) -> Date {
        let mut pauses: Vec<&Pause> = pauses.iter().collect();
        pauses.sort_by_key(|it| it.from);
        for it in pauses {
            if it.from <= day {
                day = shifted(day, self.days_in(it));
            }
        }
        day
    }
}

/// The days up to `as_on` on which a placement was running and the booklet did not rest. A day in two
/// placements is one day.
fn active(placements: &[Placement], pauses: &[Pause], as_on: Date) -> BTreeSet<Date> {
    let mut found = BTreeSet::new();
    for it in placements {
        let (mut day, last) = (it.starts_on, it.last_day().min(as_on));
        while day <= last {
            if !pauses.iter().any(|it| it.contains(day)) {
                found.insert(day);
            }
            let Some(next) = day.next_day() else { break };
            day = next;
        }
    }
    found
}

/// How many active days these placements have had (C-06).
pub fn active_days(placements: &[Placement], pauses: &[Pause], as_on: Date) -> i64 {
    i64::try_from(active(placements, pauses, as_on).len()).unwrap_or(i64::MAX)
}

/// How many whole active weeks (C-07).
pub fn active_weeks(placements: &[Placement], pauses: &[Pause], as_on: Date) -> i64 {
    active_days(placements, pauses, as_on) / 7
}

/// How many meetings of supervision so many weeks ask for (C-06).
pub fn supervisions_needed(weeks: i64, rules: &Rules) -> i64 {
    rules.supervision_min.max(weeks * rules.supervision_per_week)
}

/// Whether a placement is long enough to have reviews (C-08).
pub fn has_reviews(placement: &Placement, pauses: &[Pause], as_on: Date, rules: &Rules) -> bool {
    active_days(std::slice::from_ref(placement), pauses, as_on) >= rules.short_placement_days
}

/// The first and last day on which a review is in time (C-08). Late is shown, never blocks.
pub fn review_window(
    kind: ReviewKind,
    placement: &Placement,
    pauses: &[Pause],
    days: &WorkingDays,
    rules: &Rules,
) -> (Date, Date) {
    let start = placement.starts_on;
    match kind {
        ReviewKind::Initial => {
            let last = days.after(start, rules.initial_review_days);
            (start, placement.after_pauses(last, pauses))
        }
        ReviewKind::Mid => {
            let planned = placement.planned_days(pauses);
            let first = (planned * rules.mid_percent_from + 99).div_euclid(100);
            let last = (planned * rules.mid_percent_to).div_euclid(100);
            let day = |n| placement.after_pauses(shifted(start, n), pauses);
            (day(first), day(last))
        }
        ReviewKind::Final => {
            let end = placement.planned_end;
            (last_working_days(end, pauses, days, rules.final_review_days), end)
        }
    }
}

/// The first of the last `n` working days up to `end` on which the booklet does not rest.
fn last_working_days(end: Date, pauses: &[Pause], days: &WorkingDays, n: i64) -> Date {
    let (mut day, mut left) = (end, n);
    loop {
        let works = days.contain(day) && !pauses.iter().any(|it| it.contains(day));
        left -= i64::from(works);
        let Some(before) = day.previous_day().filter(|_| left > 0) else {
            return day;
        };
        day = before;
    }
}

/// The last day on which a reassessment is in time, counted from the final review (C-18).
pub fn reassessment_due(final_review: Date, days: &WorkingDays, rules: &Rules) -> Date {
    days.after(final_review, rules.reassessment_days)
}

/// Minutes as hours with one decimal, rounded down: `44.0`.
pub fn hours(minutes: i64) -> String {
    let tenths = (minutes.max(0) * 10).div_euclid(60);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    /// The placement of scenario 1: 42 days.
    fn willow() -> Placement {
        Placement {
            team: "Willow".to_owned(),
            starts_on: date!(2026 - 06 - 01),
            planned_end: date!(2026 - 07 - 12),
            ended_on: None,
        }
    }

    fn pause(from: Date, to: Date) -> Pause {
        Pause {
            from,
            resumed_on: Some(to),
        }
    }

    fn window(kind: ReviewKind, placement: &Placement, pauses: &[Pause]) -> (Date, Date) {
        review_window(
            kind,
            placement,
            pauses,
            &WorkingDays::default(),
            &Rules::default(),
        )
    }

    /// Scenario 1 of the rules.
    #[test]
    fn six_weeks_have_three_windows() {
        let it = willow();
        assert_eq!(
            window(ReviewKind::Initial, &it, &[]),
            (date!(2026 - 06 - 01), date!(2026 - 06 - 08))
        );
        assert_eq!(
            window(ReviewKind::Mid, &it, &[]),
            (date!(2026 - 06 - 18), date!(2026 - 06 - 26))
        );
        assert_eq!(
            window(ReviewKind::Final, &it, &[]),
            (date!(2026 - 06 - 29), date!(2026 - 07 - 12))
        );
        let days = active_days(std::slice::from_ref(&it), &[], date!(2026 - 07 - 12));
        assert_eq!((days, active_weeks(&[it], &[], date!(2026 - 07 - 12))), (42, 6));
        assert_eq!(supervisions_needed(6, &Rules::default()), 6);
        assert_eq!(supervisions_needed(8, &Rules::default()), 8);
    }

    #[test]
    fn a_pause_moves_the_windows_that_come_after_it() {
        // Two weeks of leave from 10 June; resuming moved the end.
        let it = Placement {
            planned_end: date!(2026 - 07 - 26),
            ..willow()
        };
        let leave = [pause(date!(2026 - 06 - 10), date!(2026 - 06 - 24))];
        assert_eq!(window(ReviewKind::Initial, &it, &leave).1, date!(2026 - 06 - 08));
        assert_eq!(
            window(ReviewKind::Mid, &it, &leave),
            (date!(2026 - 07 - 02), date!(2026 - 07 - 10))
        );
        assert_eq!(
            window(ReviewKind::Final, &it, &leave),
            (date!(2026 - 07 - 13), date!(2026 - 07 - 26))
        );
        assert_eq!(active_days(&[it], &leave, date!(2026 - 07 - 26)), 42);
    }

    #[test]
    fn active_days_end_today_or_at_the_end_and_count_once() {
        let it = willow();
        let on = |day| active_days(&[willow()], &[], day);
        assert_eq!(on(date!(2026 - 05 - 31)), 0);
        assert_eq!(on(date!(2026 - 06 - 01)), 1);
        assert_eq!(on(date!(2026 - 12 - 31)), 42);
        let twice = [it.clone(), it.clone()];
        assert_eq!(active_days(&twice, &[], date!(2026 - 07 - 12)), 42);
        let short = Placement {
            ended_on: Some(date!(2026 - 06 - 20)),
            ..it
        };
        assert_eq!(
            active_days(std::slice::from_ref(&short), &[], date!(2026 - 07 - 12)),
            20
        );
        assert!(!has_reviews(
            &short,
            &[],
            date!(2026 - 07 - 12),
            &Rules::default()
        ));
        assert!(has_reviews(
            &willow(),
            &[],
            date!(2026 - 06 - 21),
            &Rules::default()
        ));
        let open = Pause {
            from: date!(2026 - 06 - 08),
            resumed_on: None,
        };
        assert_eq!(active_days(&[willow()], &[open], date!(2026 - 07 - 12)), 7);
    }

    /// Scenario 8 of the rules.
    #[test]
    fn the_first_reassessment_is_due_twenty_working_days_after_the_final_review() {
        let days = WorkingDays::without([date!(2026 - 08 - 31)]);
        let due = reassessment_due(date!(2026 - 07 - 10), &days, &Rules::default());
        assert_eq!(due, date!(2026 - 08 - 07));
    }

    #[test]
    fn hours_are_rounded_down() {
        assert_eq!(
            [0, 5, 6, 2640, 2699, 2700].map(hours),
            ["0.0", "0.0", "0.1", "44.0", "44.9", "45.0"]
        );
    }
}

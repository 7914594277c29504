//! How many who had a place came.

use std::collections::BTreeMap;

use ids::{RunId, Ts};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use time::Date;

use super::{Scope, month_of};
use crate::attendance::outcome::{self, Outcome};
use crate::entity::booking as b;
use crate::error::Error;

/// A booking whose dates are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The first day.
    pub first_day: Date,
    /// How many days its course had.
    pub days: usize,
    /// How it went; not known until every day is marked (B-75).
    pub outcome: Option<Outcome>,
}

/// How many came how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Went {
    /// Had a place, and it is known how it went.
    pub booked: u64,
    /// Came every day, a day that was caught up included.
    pub every_day: u64,
    /// Came for some of the time.
    pub part: u64,
    /// Never came, and told us or had a good reason.
    pub excused: u64,
    /// Never came.
    pub missed: u64,
}

impl Went {
    fn count(&mut self, it: Outcome) {
        self.booked += 1;
        match it {
            Outcome::Completed => self.every_day += 1,
            Outcome::PartAttended => self.part += 1,
            Outcome::Excused => self.excused += 1,
            Outcome::NotAttended => self.missed += 1,
        }
    }
}

/// The whole report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attendance {
    /// By the month of the first day.
    pub months: Vec<(Date, Went)>,
    /// All together.
    pub all: Went,
    /// Bookings that are not counted, because a register of theirs is not complete.
    pub unmarked: u64,
    /// How many days these courses had, if all had as many.
    pub days: Option<usize>,
}

/// Counts them.
pub fn attendance(ended: &[Ended]) -> Attendance {
    let mut months: BTreeMap<Date, Went> = BTreeMap::new();
    let mut report = Attendance::default();
    for it in ended {
        let Some(outcome) = it.outcome else {
            report.unmarked += 1;
            continue;
        };
        months.entry(month_of(it.first_day)).or_default().count(outcome);
        report.all.count(outcome);
    }
    report.months = months.into_iter().collect();
    let first = ended.first().map(|it| it.days);
    report.days = first.filter(|days| ended.iter().all(|it| it.days == *days));
    report
}

/// The bookings whose dates began in the year and are over.
pub async fn ended(db: &impl ConnectionTrait, scope: &Scope, now: Ts) -> Result<Vec<Ended>, Error> {
    let mut found = Vec::new();
    for run in scope.runs(db).await? {
        let (Some(first), Some(last)) = (run.sessions.first(), run.sessions.last()) else {
            continue;
        };
        if run.cancelled_at.is_some() || !scope.has_day(first.date) || last.ends_at > now {
            continue;
        }
        let outcomes = outcome::of_run(db, run.id).await?;
        found.extend(booked(db, run.id).await?.iter().map(|id| Ended {
            first_day: first.date,
            days: run.sessions.len(),
            outcome: outcomes.get(id).copied(),
        }));
    }
    Ok(found)
}

async fn booked(db: &impl ConnectionTrait, run: RunId) -> Result<Vec<ids::BookingId>, Error> {
    let ids = b::Entity::find().select_only().column(b::Column::Id);
    let of_run = ids
        .filter(b::Column::Run.eq(run))
        .filter(b::Column::State.eq("booked"));
    Ok(of_run.into_tuple().all(db).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn months_are_counted_and_unmarked_registers_left_out() {
        let went = |first_day, outcome| Ended {
            first_day,
            days: 2,
            outcome,
        };
        let (june, july) = (date!(2027 - 06 - 08), date!(2027 - 07 - 06));
        let mut all = vec![went(june, Some(Outcome::Completed)); 3];
        all.push(went(june, Some(Outcome::PartAttended)));
        all.push(went(july, Some(Outcome::Excused)));
        all.push(went(july, Some(Outcome::NotAttended)));
        all.push(went(july, None));
        let report = attendance(&all);
        let months = [date!(2027 - 06 - 01), date!(2027 - 07 - 01)];
        assert_eq!(report.months.iter().map(|it| it.0).collect::<Vec<_>>(), months);
        assert_eq!(
            report.months[0].1,
            Went {
                booked: 4,
                every_day: 3,
                part: 1,
                ..Went::default()
            }
        );
        assert_eq!((report.all.booked, report.all.every_day), (6, 3));
        assert_eq!((report.unmarked, report.days), (1, Some(2)));
        let mixed = [
            went(june, None),
            Ended {
                days: 1,
                ..went(june, None)
            },
        ];
        assert_eq!(attendance(&mixed).days, None);
        assert_eq!(attendance(&[]), Attendance::default());
    }
}

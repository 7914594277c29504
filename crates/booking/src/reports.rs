//! What the team wants to know about a whole year: worked out from the records whenever it is asked for,
//! never stored.
//!
//! Each report is a reading of rows and, apart from it, arithmetic on them.

pub mod attendance;
pub mod bookings;
pub mod small;
pub mod waiting;

use ids::{CourseId, RunId, Ts};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use time::macros::time;
use time::{Date, Month};

use crate::calendar::{self, RunDates};
use crate::entity::run as r;
use crate::error::Error;
use crate::london;

/// What a report is about: one year in London, of one course or of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The year.
    pub year: i32,
    /// The course; every course if none is named.
    pub course: Option<CourseId>,
}

impl Scope {
    fn has_day(&self, day: Date) -> bool {
        day.year() == self.year
    }

    fn has(&self, moment: Ts) -> bool {
        self.has_day(london::local(moment).0)
    }

    /// The first moment of the year, and the first after it.
    fn bounds(&self) -> (Ts, Ts) {
        let first = |year| Date::from_calendar_date(year, Month::January, 1).unwrap_or(Date::MAX);
        let start = |year| london::in_london(first(year), time!(0:00));
        (start(self.year), start(self.year + 1))
    }

    /// The runs of the course that were ever published, or of every course.
    async fn runs(&self, db: &impl ConnectionTrait) -> Result<Vec<RunDates>, Error> {
        let mut query = r::Entity::find().filter(r::Column::State.ne("draft"));
        if let Some(course) = self.course {
            query = query.filter(r::Column::Course.eq(course));
        }
        calendar::dated(db, query.all(db).await?).await
    }
}

/// The month of a day, as its first day.
fn month_of(day: Date) -> Date {
    day.replace_day(1).unwrap_or(day)
}

/// Which part of a whole, in hundredths, to the nearest; nothing of nothing is no part.
pub fn percent(part: u64, whole: u64) -> Option<u64> {
    (part * 200 + whole).checked_div(whole * 2)
}

/// Which part of a whole, as people say it: `(6, 7)` for 84 of 98. The smallest numbers up to ten that come
/// nearest; nothing where it is none, all, or nearer to these than to any fraction.
pub fn about(part: u64, whole: u64) -> Option<(u64, u64)> {
    if part == 0 || part >= whole {
        return None;
    }
    // How far n/d is from part/whole, multiplied by all bottoms that are compared: the least wins.
    let distance = |n: u64, d: u64| (part * d).abs_diff(n * whole) * (2520 / d);
    let fractions = (1..=10u64).flat_map(|d| (0..=d).map(move |n| (n, d)));
    let (n, d) = fractions.min_by_key(|&(n, d)| (distance(n, d), d))?;
    (n > 0 && n < d).then_some((n, d))
}

/// The years in which something is to be reported: from the first dates on, this year too, the newest first.
pub async fn years(db: &impl ConnectionTrait, now: Ts) -> Result<Vec<i32>, Error> {
    use crate::entity::session as s;
    use sea_orm::QuerySelect;
    let days: Vec<Date> = s::Entity::find()
        .select_only()
        .column(s::Column::LocalDate)
        .filter(s::Column::Idx.eq(1))
        .into_tuple()
        .all(db)
        .await?;
    let this = london::local(now).0.year();
    let first = days.iter().map(|it| it.year()).min().unwrap_or(this).min(this);
    Ok((first..=this).rev().collect())
}

/// The runs among these with an id.
fn named(runs: &[RunDates], id: RunId) -> Option<&RunDates> {
    runs.iter().find(|it| it.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_said_in_hundredths_and_in_small_numbers() {
        assert_eq!((percent(84, 98), about(84, 98)), (Some(86), Some((6, 7))));
        assert_eq!((percent(1, 2), about(1, 2)), (Some(50), Some((1, 2))));
        assert_eq!((percent(1, 8), about(1, 8)), (Some(13), Some((1, 8))));
        assert_eq!((percent(0, 9), about(0, 9)), (Some(0), None));
        assert_eq!((percent(9, 9), about(9, 9)), (Some(100), None));
        assert_eq!((percent(0, 0), about(0, 0)), (None, None));
        assert_eq!(about(1, 1000), None, "nearer to none than to 1 in 10");
        assert_eq!(about(333, 1000), Some((1, 3)));
    }

    #[test]
    fn a_year_is_one_of_london() {
        let scope = Scope {
            year: 2027,
            course: None,
        };
        let (first, end) = scope.bounds();
        assert_eq!(
            (first.to_string(), end.to_string()),
            (
                "2027-01-01T00:00:00Z".to_owned(),
                "2028-01-01T00:00:00Z".to_owned()
            )
        );
        assert!(scope.has(first) && !scope.has(end));
    }
}

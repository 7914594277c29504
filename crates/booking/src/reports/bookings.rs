//! How many places were booked, and what became of them.

use std::collections::BTreeMap;

use ids::{BookingId, Ts};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use time::Date;

use super::{Scope, month_of, named};
use crate::bookings::record_of;
use crate::calendar::rules;
use crate::deadlines::in_time;
use crate::entity::{booking as b, booking_event as e};
use crate::error::Error;
use crate::london;
use crate::state::{By, State};

/// A booking that was given a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// When it first had one.
    pub on: Date,
    /// Whether the team booked for somebody who called or wrote.
    pub by_team: bool,
    /// What became of it.
    pub end: End,
}

/// What became of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It has its place, or had it in the end.
    Kept,
    /// The person cancelled, in time or late (B-32).
    Cancelled {
        /// Less than the notice that the team asks for.
        late: bool,
    },
    /// We cancelled it, or the dates.
    CancelledByUs,
    /// Nobody confirmed the address.
    Lapsed,
}

/// How many became what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Became {
    /// Were booked.
    pub made: u64,
    /// Of these, by somebody of the team.
    pub by_team: u64,
    /// Kept their place.
    pub kept: u64,
    /// Were cancelled by the person.
    pub cancelled: u64,
    /// Of these, late.
    pub late: u64,
    /// Were cancelled by us.
    pub by_us: u64,
    /// Were never confirmed.
    pub lapsed: u64,
}

impl Became {
    fn count(&mut self, it: &Made) {
        self.made += 1;
        self.by_team += u64::from(it.by_team);
        match it.end {
            End::Kept => self.kept += 1,
            End::Cancelled { late } => {
                self.cancelled += 1;
                self.late += u64::from(late);
            }
            End::CancelledByUs => self.by_us += 1,
            End::Lapsed => self.lapsed += 1,
        }
    }
}

/// The whole report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bookings {
    /// By the month in which they were made.
    pub months: Vec<(Date, Became)>,
    /// All together.
    pub all: Became,
}

/// Counts them.
pub fn bookings(made: &[Made]) -> Bookings {
    let mut months: BTreeMap<Date, Became> = BTreeMap::new();
    let mut all = Became::default();
    for it in made {
        months.entry(month_of(it.on)).or_default().count(it);
        all.count(it);
    }
    Bookings {
        months: months.into_iter().collect(),
        all,
    }
}

/// The bookings that got a place in the year. One that was moved counts where it went, and once.
pub async fn made(db: &impl ConnectionTrait, scope: &Scope) -> Result<Vec<Made>, Error> {
    let (settings, days) = rules(db).await?;
    let runs = scope.runs(db).await?;
    let rows = b::Entity::find()
        .filter(b::Column::Run.is_in(runs.iter().map(|it| it.id)))
        .filter(b::Column::State.ne("moved"));
    let events = placed_and_cancelled(db, scope).await?;
    let mut found = Vec::new();
    for row in rows.all(db).await? {
        let by_team = row.source != "web";
        let record = record_of(row)?;
        let Some(&(placed, cancelled)) = events.get(&record.id) else {
            continue;
        };
        let start = named(&runs, record.run).and_then(|it| it.sessions.first());
        let is_late = |at: Ts| start.is_some_and(|it| !in_time(&settings, &days, at, it.starts_at));
        let end = match record.state {
            State::Cancelled { by: By::Person } => End::Cancelled {
                late: cancelled.is_some_and(is_late),
            },
            State::Cancelled { .. } => End::CancelledByUs,
            State::Lapsed => End::Lapsed,
            _ => End::Kept,
        };
        found.push(Made {
            on: london::local(placed).0,
            by_team,
            end,
        });
    }
    Ok(found)
}

/// When a booking got its place, and when it was cancelled last.
type Moments = (Ts, Option<Ts>);

/// The bookings that were given a place in the year.
async fn placed_and_cancelled(
    db: &impl ConnectionTrait,
    scope: &Scope,
) -> Result<BTreeMap<BookingId, Moments>, Error> {
    let (first, _) = scope.bounds();
    let events = e::Entity::find()
        .filter(e::Column::At.gte(first))
        .filter(e::Column::ToState.is_in(["unconfirmed", "booked", "cancelled"]))
        .order_by_asc(e::Column::N);
    let mut found: BTreeMap<BookingId, Moments> = BTreeMap::new();
    for it in events.all(db).await? {
        if it.to_state == "cancelled" {
            if let Some(moments) = found.get_mut(&it.booking) {
                moments.1 = Some(it.at);
            }
        } else if scope.has(it.at) && took_a_place(it.from_state.as_deref()) {
            found.entry(it.booking).or_insert((it.at, None));
        }
    }
    Ok(found)
}

/// Whether somebody came to a place from this state, and did not only say yes to the one they held.
fn took_a_place(from: Option<&str>) -> bool {
    !matches!(from, Some("unconfirmed" | "booked"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn each_month_says_what_became_of_its_bookings() {
        let on = date!(2027 - 05 - 11);
        let made = |end| Made {
            on,
            by_team: end == End::Kept,
            end,
        };
        let mut all = vec![
            made(End::Kept),
            made(End::Cancelled { late: true }),
            made(End::Cancelled { late: false }),
            made(End::CancelledByUs),
            made(End::Lapsed),
        ];
        all.push(Made {
            on: date!(2027 - 06 - 01),
            ..made(End::Kept)
        });
        let report = bookings(&all);
        assert_eq!(report.months.len(), 2);
        assert_eq!(
            report.months[0],
            (
                date!(2027 - 05 - 01),
                Became {
                    made: 5,
                    by_team: 1,
                    kept: 1,
                    cancelled: 2,
                    late: 1,
                    by_us: 1,
                    lapsed: 1
                }
            )
        );
        assert_eq!((report.all.made, report.all.kept), (6, 2));
    }

    #[test]
    fn saying_yes_to_a_place_that_one_holds_is_no_second_booking() {
        for (from, took) in [
            (None, true),
            (Some("offered"), true),
            (Some("waiting"), true),
            (Some("cancelled"), true),
            (Some("unconfirmed"), false),
            (Some("booked"), false),
        ] {
            assert_eq!(took_a_place(from), took, "{from:?}");
        }
    }
}

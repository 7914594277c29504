//! How many waited for a place, how many got one, and how long that took.

use std::collections::BTreeMap;

use ids::{BookingId, Ts};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use time::Date;

use super::{Scope, month_of};
use crate::entity::{booking as b, booking_event as e};
use crate::error::Error;
use crate::london;

/// Somebody who joined a waiting list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// When.
    pub on: Date,
    /// When they got a place, if they did.
    pub placed_on: Option<Date>,
    /// Whether they wait, or have an offer to answer.
    pub waits: bool,
    /// How often they were offered a place.
    pub offers: u64,
}

/// How many got what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waited {
    /// Joined a list.
    pub joined: u64,
    /// Got a place.
    pub placed: u64,
    /// Still wait.
    pub waits: u64,
    /// Left the list, or it closed when the course began.
    pub left: u64,
    /// Offers made to them.
    pub offers: u64,
}

impl Waited {
    fn count(&mut self, it: &Joined) {
        self.joined += 1;
        self.offers += it.offers;
        match (it.placed_on, it.waits) {
            (Some(_), _) => self.placed += 1,
            (None, true) => self.waits += 1,
            (None, false) => self.left += 1,
        }
    }
}

/// The whole report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// By the month in which they joined.
    pub months: Vec<(Date, Waited)>,
    /// All together.
    pub all: Waited,
    /// Half of those who got a place waited no longer than so many days.
    pub half_within: Option<i64>,
}

/// Counts them.
pub fn waiting(joined: &[Joined]) -> Waiting {
    let mut months: BTreeMap<Date, Waited> = BTreeMap::new();
    let mut all = Waited::default();
    let mut days = Vec::new();
    for it in joined {
        months.entry(month_of(it.on)).or_default().count(it);
        all.count(it);
        days.extend(it.placed_on.map(|placed| (placed - it.on).whole_days()));
    }
    days.sort_unstable();
    Waiting {
        months: months.into_iter().collect(),
        all,
        half_within: days.get(days.len().saturating_sub(1) / 2).copied(),
    }
}

/// Those who joined a list in the year.
pub async fn joined(db: &impl ConnectionTrait, scope: &Scope) -> Result<Vec<Joined>, Error> {
    let runs = scope.runs(db).await?;
    let states: BTreeMap<BookingId, String> = b::Entity::find()
        .select_only()
        .columns([b::Column::Id, b::Column::State])
        .filter(b::Column::Run.is_in(runs.iter().map(|it| it.id)))
        .into_tuple()
        .all(db)
        .await?
        .into_iter()
        .collect();
    let (first, _) = scope.bounds();
    let events = e::Entity::find()
        .filter(e::Column::At.gte(first))
        .order_by_asc(e::Column::N);
    let mut found: BTreeMap<BookingId, Joined> = BTreeMap::new();
    for it in events.all(db).await? {
        let Some(state) = states.get(&it.booking) else {
            continue;
        };
        let on = |at: Ts| london::local(at).0;
        if it.event == "join" && scope.has(it.at) {
            found.entry(it.booking).or_insert(Joined {
                on: on(it.at),
                placed_on: None,
                waits: matches!(state.as_str(), "waiting" | "offered"),
                offers: 0,
            });
        } else if let Some(joined) = found.get_mut(&it.booking) {
            joined.offers += u64::from(it.event == "offer");
            if matches!(it.to_state.as_str(), "unconfirmed" | "booked") {
                joined.placed_on = joined.placed_on.or(Some(on(it.at)));
            }
        }
    }
    Ok(found.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn it_says_who_got_a_place_and_how_long_half_of_them_waited() {
        let on = date!(2027 - 05 - 11);
        let joined = |after: Option<i64>, waits, offers| Joined {
            on,
            placed_on: after.map(|days| on + time::Duration::days(days)),
            waits,
            offers,
        };
        let all = [
            joined(Some(30), false, 1),
            joined(Some(2), false, 1),
            joined(Some(4), false, 2),
            joined(None, true, 1),
            joined(None, false, 0),
        ];
        let report = waiting(&all);
        let may = Waited {
            joined: 5,
            placed: 3,
            waits: 1,
            left: 1,
            offers: 5,
        };
        assert_eq!(report.months, [(date!(2027 - 05 - 01), may)]);
        assert_eq!((report.all, report.half_within), (may, Some(4)));
        assert_eq!(waiting(&all[..2]).half_within, Some(2));
        assert_eq!(waiting(&all[3..]).half_within, None);
    }
}

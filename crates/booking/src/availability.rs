//! What a visitor is told about the places of a run (B-06).

use std::collections::BTreeMap;

use ids::{CourseId, RunId, Ts};
use sea_orm::sea_query::{Alias, Expr, IntoColumnRef, JoinType, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use crate::calendar::{self, RunDates};
use crate::entity::{booking as b, place as p, run as r, session as s};
use crate::error::Error;
use crate::settings::Settings;
use crate::snapshot::{RunState, Snapshot};

/// One of the things a visitor can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Booking opens later.
    OpensSoon(Ts),
    /// Places are free.
    Open,
    /// So few places are free that they are counted.
    Few(i64),
    /// No place can be booked now.
    Full {
        /// Whether one can join the waiting list.
        waiting_list: bool,
    },
    /// Booking has closed.
    Closed,
    /// The run was called off.
    Cancelled,
    /// The last session is over.
    Finished,
}

/// What decides about the answer.
struct Facts {
    cancelled: bool,
    opens_at: Ts,
    closes_at: Ts,
    waiting_list: bool,
    first_start: Option<Ts>,
    last_end: Option<Ts>,
    /// Places that anybody may book while booking is open.
    free: i64,
    show_exact_up_to: i64,
}

impl Facts {
    fn answer(&self, now: Ts) -> Availability {
        if self.cancelled {
            return Availability::Cancelled;
        }
        if self.last_end.is_some_and(|end| end <= now) {
            return Availability::Finished;
        }
        if now >= self.closes_at || self.first_start.is_some_and(|start| start <= now) {
            return Availability::Closed;
        }
        if now < self.opens_at {
            return Availability::OpensSoon(self.opens_at);
        }
        match self.free {
            ..1 => Availability::Full {
                waiting_list: self.waiting_list,
            },
            few if few <= self.show_exact_up_to => Availability::Few(few),
            _ => Availability::Open,
        }
    }
}

impl Snapshot {
    /// What a visitor is told now.
    pub fn availability(&self, now: Ts) -> Availability {
        let facts = Facts {
            cancelled: self.run.state == RunState::Cancelled,
            opens_at: self.run.opens_at,
            closes_at: self.run.closes_at,
            waiting_list: self.run.waiting_list,
            first_start: self.first_start(),
            last_end: self.last_end(),
            free: self.public_free(now),
            show_exact_up_to: self.settings.show_exact_up_to,
        };
        facts.answer(now)
    }
}

/// Which runs a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Published and cancelled runs that are not over, of one course or of all.
    Upcoming(Option<CourseId>),
    /// One published or cancelled run.
    Run(RunId),
}

/// One line of the reading below: a session, with its run.
type Line = (RunId, String, i32, Ts, Ts, bool, Ts, Ts, i64, bool);

/// What a visitor is told now about each of these runs, without loading their bookings: one
/// statement for all of them, so that no answer is put together from two commits.
pub async fn of_runs(
    db: &impl ConnectionTrait,
    settings: &Settings,
    now: Ts,
    about: About,
) -> Result<BTreeMap<RunId, Availability>, Error> {
    let mut query = r::Entity::find()
        .select_only()
        .columns([
            r::Column::Id,
            r::Column::State,
            r::Column::Capacity,
            r::Column::OpensAt,
            r::Column::ClosesAt,
        ])
        .column(r::Column::WaitingList)
        .filter(r::Column::State.ne("draft"))
        .order_by_asc(r::Column::Id);
    query = match about {
        About::Run(run) => query.filter(r::Column::Id.eq(run)),
        About::Upcoming(course) => {
            let query = query.filter(r::Column::Id.in_subquery(calendar::not_over(now)));
            course
                .into_iter()
                .fold(query, |query, course| query.filter(r::Column::Course.eq(course)))
        }
    };
    QueryTrait::query(&mut query)
        .join(
            JoinType::InnerJoin,
            s::Entity,
            same((s::Entity, s::Column::Run), (r::Entity, r::Column::Id)),
        )
        .columns([(s::Entity, s::Column::StartsAt), (s::Entity, s::Column::EndsAt)])
        .expr_as(Expr::from(taken()), Alias::new("taken"))
        .expr_as(Expr::exists(eligible()), Alias::new("eligible"));
    let lines: Vec<Line> = query.into_tuple().all(db).await?;
    let mut runs: BTreeMap<RunId, Facts> = BTreeMap::new();
    for (run, state, capacity, opens_at, closes_at, waiting_list, start, end, taken, eligible) in lines {
        let free = if eligible { 0 } else { i64::from(capacity) - taken };
        let facts = runs.entry(run).or_insert_with(|| Facts {
            cancelled: state == "cancelled",
            opens_at,
            closes_at,
            waiting_list,
            first_start: None,
            last_end: None,
            free,
            show_exact_up_to: settings.show_exact_up_to,
        });
        facts.first_start = Some(facts.first_start.map_or(start, |it| it.min(start)));
        facts.last_end = facts.last_end.max(Some(end));
        facts.free = facts.free.min(free);
    }
    Ok(runs
        .into_iter()
        .map(|(run, facts)| (run, facts.answer(now)))
        .collect())
}

/// The runs that are not over, of one course or of all, with what a visitor is told of each, by date.
///
/// Who reads first the runs and then the places may miss a run that was published in between, but never
/// tells old numbers.
pub async fn upcoming(
    db: &impl ConnectionTrait,
    settings: &Settings,
    now: Ts,
    of: Option<CourseId>,
) -> Result<Vec<(RunDates, Availability)>, Error> {
    let runs = calendar::upcoming(db, of, now).await?;
    let told = of_runs(db, settings, now, About::Upcoming(of)).await?;
    Ok(runs
        .into_iter()
        .filter_map(|run| told.get(&run.id).map(|told| (run, *told)))
        .collect())
}

fn same(one: impl IntoColumnRef, other: impl IntoColumnRef) -> Expr {
    use sea_orm::sea_query::ExprTrait as _;
    Expr::col(one).eq(Expr::col(other))
}

/// How many seats of the session are taken.
fn taken() -> SelectStatement {
    use sea_orm::sea_query::ExprTrait as _;
    Query::select()
        .expr(Expr::col((p::Entity, p::Column::Id)).count())
        .from(p::Entity)
        .and_where(same((p::Entity, p::Column::Session), (s::Entity, s::Column::Id)))
        .take()
}

/// The entries of the run that could still be offered a place; while there is one, no place is public.
fn eligible() -> SelectStatement {
    use sea_orm::sea_query::ExprTrait as _;
    Query::select()
        .expr(Expr::val(1))
        .from(b::Entity)
        .and_where(same((b::Entity, b::Column::Run), (r::Entity, r::Column::Id)))
        .and_where(Expr::col((b::Entity, b::Column::State)).eq("waiting"))
        .and_where(Expr::col((b::Entity, b::Column::Paused)).eq(false))
        .and_where(Expr::col((b::Entity, b::Column::AskedRound)).lt(Expr::col((r::Entity, r::Column::Round))))
        .take()
}

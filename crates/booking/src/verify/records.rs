//! Everything the invariants look at, read in a fixed number of statements.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use ids::{BookingId, CourseId, PersonId, RunId, SessionId, Ts};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm::{
    ConnectionTrait, DbErr, DerivePartialModel, EntityTrait, FromQueryResult, PartialModelTrait, QueryOrder,
    QueryResult, QuerySelect, QueryTrait, StatementBuilder,
};
use uuid::Uuid;

use super::Finding;
use crate::calendar::rules;
use crate::deadlines::WorkingDays;
use crate::entity;
use crate::error::Error;
use crate::record::Stored;
use crate::settings::Settings;

/// One line of a booking's history, as stored.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "entity::booking_event::Entity")]
pub(super) struct Line {
    pub(super) booking: BookingId,
    pub(super) n: i32,
    pub(super) event: String,
    pub(super) from_state: Option<String>,
    pub(super) to_state: String,
    pub(super) actor: String,
    pub(super) round: i32,
    pub(super) run_rev: i64,
}

/// A booking with its history, first to last.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) row: Stored,
    pub(super) lines: Vec<Line>,
}

#[derive(FromQueryResult)]
struct Merged {
    id: PersonId,
    merged_into: PersonId,
}

#[derive(FromQueryResult)]
struct LastCommit {
    run: RunId,
    at: Ts,
}

/// The records, as the invariants look at them.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) settings: Arc<Settings>,
    pub(super) days: Arc<WorkingDays>,
    pub(super) courses: BTreeMap<CourseId, entity::course::Model>,
    pub(super) runs: BTreeMap<RunId, entity::run::Model>,
    pub(super) sessions: BTreeMap<RunId, Vec<entity::session::Model>>,
    pub(super) places: BTreeMap<SessionId, Vec<entity::place::Model>>,
    pub(super) bookings: BTreeMap<RunId, Vec<Told>>,
    pub(super) catch_ups: Vec<entity::catch_up::Model>,
    pub(super) facilitators: BTreeMap<RunId, Vec<entity::facilitator::Model>>,
    pub(super) merged: BTreeMap<PersonId, PersonId>,
    /// The moment of the last event of any booking of the run.
    pub(super) last_commit: BTreeMap<RunId, Ts>,
}

impl Records {
    pub(super) async fn read(db: &impl ConnectionTrait, found: &mut Vec<Finding>) -> Result<Self, Error> {
        use entity::{booking, booking_event, catch_up, course, facilitator, place, run, session};
        let (settings, days) = match rules(db).await {
            Ok(rules) => rules,
            Err(Error::Corrupt(it)) => {
                found.push(Finding {
                    rule: UNREADABLE,
                    table: it.table,
                    row: it.id,
                    why: it.why,
                });
                Default::default()
            }
            Err(error) => return Err(error),
        };
        let mut lines: BTreeMap<BookingId, Vec<Line>> = BTreeMap::new();
        let history = booking_event::Entity::find().order_by_asc(booking_event::Column::N);
        for it in rows_of::<_, Line>(db, history, "booking_event", found).await? {
            lines.entry(it.booking).or_default().push(it);
        }
        let bookings: Vec<Stored> = rows_of(db, booking::Entity::find(), "booking", found).await?;
        let bookings = bookings.into_iter().map(|row| {
            let lines = lines.remove(&row.id).unwrap_or_default();
            (row.run, Told { row, lines })
        });
        let bookings = grouped(bookings);
        let sessions = session::Entity::find().order_by_asc(session::Column::Idx);
        let sessions: Vec<session::Model> = rows_of(db, sessions, "session", found).await?;
        let places: Vec<place::Model> = rows_of(db, place::Entity::find(), "place", found).await?;
        let helpers = facilitator::Entity::find();
        let helpers: Vec<facilitator::Model> = rows_of(db, helpers, "facilitator", found).await?;
        let courses: Vec<course::Model> = rows_of(db, course::Entity::find(), "course", found).await?;
        let runs: Vec<run::Model> = rows_of(db, run::Entity::find(), "run", found).await?;
        Ok(Self {
            settings: Arc::new(settings),
            days: Arc::new(days),
            courses: courses.into_iter().map(|it| (it.id, it)).collect(),
            runs: runs.into_iter().map(|it| (it.id, it)).collect(),
            sessions: grouped(sessions.into_iter().map(|it| (it.run, it))),
            places: grouped(places.into_iter().map(|it| (it.session, it))),
            bookings,
            catch_ups: rows_of(db, catch_up::Entity::find(), "catch_up", found).await?,
            facilitators: grouped(helpers.into_iter().map(|it| (it.run, it))),
            merged: merged(db, found).await?,
            last_commit: last_commit(db, found).await?,
        })
    }

    /// The bookings, run by run.
    pub(super) fn all_bookings(&self) -> impl Iterator<Item = &Told> {
        self.bookings.values().flatten()
    }

    /// The record that stands for a person after records were merged.
    pub(super) fn who(&self, person: PersonId) -> PersonId {
        let mut who = person;
        for _ in 0..self.merged.len() {
            let Some(next) = self.merged.get(&who) else { break };
            who = *next;
        }
        who
    }
}

/// The rule of a row that cannot even be read.
pub(super) const UNREADABLE: &str = "row";

/// The rows of a query, each by itself: one that makes no sense is a finding and hides no other.
async fn rows_of<E: EntityTrait, M: PartialModelTrait>(
    db: &impl ConnectionTrait,
    query: sea_orm::Select<E>,
    table: &'static str,
    found: &mut Vec<Finding>,
) -> Result<Vec<M>, DbErr> {
    let query = M::select_cols(query.select_only()).into_query();
    read(db, &query, table, found).await
}

async fn read<M: FromQueryResult>(
    db: &impl ConnectionTrait,
    query: &impl StatementBuilder,
    table: &'static str,
    found: &mut Vec<Finding>,
) -> Result<Vec<M>, DbErr> {
    let mut rows = Vec::new();
    for row in db.query_all(query).await? {
        match M::from_query_result(&row, "") {
            Ok(it) => rows.push(it),
            Err(why) => {
                let why = why.to_string();
                found.push(Finding {
                    rule: UNREADABLE,
                    table,
                    row: name_of(&row),
                    why,
                });
            }
        }
    }
    Ok(rows)
}

/// What a row that cannot be read is called.
fn name_of(row: &QueryResult) -> String {
    let id = |column: &str| row.try_get::<Uuid>("", column).ok().map(|it| it.to_string());
    let n = row.try_get::<i32>("", "n").ok();
    match (id("id").or_else(|| id("booking")), n) {
        (Some(id), Some(n)) => numbered(&id, n),
        (Some(id), None) => id,
        (None, _) => "?".to_owned(),
    }
}

/// How an event is named: its booking and its number.
pub(super) fn numbered(booking: &impl Display, n: i32) -> String {
    format!("{booking} n {n}")
}

async fn merged(
    db: &impl ConnectionTrait,
    found: &mut Vec<Finding>,
) -> Result<BTreeMap<PersonId, PersonId>, DbErr> {
    let merged_into = Alias::new("merged_into");
    let query = Query::select()
        .columns([Alias::new("id"), merged_into.clone()])
        .from(Alias::new("person"))
        .and_where(Expr::col(merged_into).is_not_null())
        .take();
    let rows: Vec<Merged> = read(db, &query, "person", found).await?;
    Ok(rows.into_iter().map(|it| (it.id, it.merged_into)).collect())
}

async fn last_commit(
    db: &impl ConnectionTrait,
    found: &mut Vec<Finding>,
) -> Result<BTreeMap<RunId, Ts>, DbErr> {
    use entity::booking as b;
    use entity::booking_event as e;
    let query = Query::select()
        .column((b::Entity, b::Column::Run))
        .expr_as(Expr::col((e::Entity, e::Column::At)).max(), Alias::new("at"))
        .from(e::Entity)
        .inner_join(
            b::Entity,
            Expr::col((b::Entity, b::Column::Id)).equals((e::Entity, e::Column::Booking)),
        )
        .group_by_col((b::Entity, b::Column::Run))
        .take();
    let rows: Vec<LastCommit> = read(db, &query, "booking_event", found).await?;
    Ok(rows.into_iter().map(|it| (it.run, it.at)).collect())
}

fn grouped<K: Ord, V>(rows: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, Vec<V>> {
    let mut groups: BTreeMap<K, Vec<V>> = BTreeMap::new();
    for (key, value) in rows {
        groups.entry(key).or_default().push(value);
    }
    groups
}

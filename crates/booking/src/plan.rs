//! Dates as the team plans them: everything of a run, whatever its state, who teaches it, and what
//! somebody should look at twice before it is published.

use std::collections::BTreeMap;

use ids::{PersonId, RunId, SessionId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    QuerySelect,
};
use time::Date;

use crate::allocator::Fresh;
use crate::calendar::{self, DatesRefused, NewSession, RunDates};
use crate::change::Change;
use crate::entity::{bank_holiday, booking, course_version, facilitator, place, run, session};
use crate::error::{Corrupt, Error};
use crate::london;
use crate::snapshot::{Cause, RunState, Snapshot};
use crate::state::{Event, Refusal};

/// A run with everything that the team decides about it.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
pub struct Plan {
    pub dates: RunDates,
    pub state: RunState,
    pub capacity: i32,
    pub min_numbers: i32,
    pub waiting_list: bool,
    pub offers_paused: bool,
    /// How many sessions the course has (B-01).
    pub sessions_required: Option<i32>,
    /// The teaching minutes of the course (B-02).
    pub planned_minutes: i32,
    /// Who says that other teaching minutes are meant (B-02).
    pub minutes_ack_by: Option<PersonId>,
    /// Why it is published without its two facilitators (B-03).
    pub without_facilitators: Option<String>,
    /// Peer trainers first.
    pub facilitators: Vec<Facilitator>,
}

/// Somebody who teaches a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facilitator {
    /// Who.
    pub person: PersonId,
    /// As what.
    pub part: Part,
    /// Whether they have said yes (B-03).
    pub is_confirmed: bool,
}

/// As what somebody teaches (B-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Somebody who has lived it.
    PeerTrainer,
    /// Somebody else.
    Other,
}

impl Part {
    /// The word in records and forms.
    pub fn name(self) -> &'static str {
        match self {
            Self::PeerTrainer => "peer_trainer",
            Self::Other => "other",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::PeerTrainer, Self::Other]
            .into_iter()
            .find(|it| it.name() == name)
    }
}

impl Plan {
    /// The minutes that are taught, without breaks (B-02).
    pub fn teaching_minutes(&self) -> i64 {
        self.dates.sessions.iter().map(calendar::teaching_minutes).sum()
    }

    /// Whether a peer trainer and one other have said yes (B-03).
    pub fn is_well_staffed(&self) -> bool {
        let confirmed = self.facilitators.iter().filter(|it| it.is_confirmed);
        calendar::well_staffed(&confirmed.map(|it| it.part.name()).collect::<Vec<_>>())
    }
}

/// How many people stand where on a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// The seats taken in the fullest of its sessions, catch-ups included.
    pub taken: i64,
    /// Bookings that count: the address is confirmed.
    pub booked: i64,
    /// Bookings whose address is not confirmed yet.
    pub unconfirmed: i64,
    /// Entries of the waiting list.
    pub waiting: i64,
    /// Entries that were offered a place and have not answered.
    pub offered: i64,
}

/// Every run, by date; drafts and runs that are over too.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Plan>, Error> {
    let mut found = plans(db, run::Entity::find().all(db).await?).await?;
    found.sort_by_key(|it| (it.dates.sessions.first().map(|it| it.starts_at), it.dates.id));
    Ok(found)
}

/// One run.
pub async fn find(db: &impl ConnectionTrait, id: RunId) -> Result<Option<Plan>, Error> {
    let row = run::Entity::find_by_id(id).one(db).await?;
    Ok(plans(db, row.into_iter().collect()).await?.pop())
}

/// One run that nobody else changes until the transaction ends.
pub async fn locked(tx: &DatabaseTransaction, id: RunId) -> Result<Option<Plan>, Error> {
    let row = run::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    Ok(plans(tx, row.into_iter().collect()).await?.pop())
}

async fn plans(db: &impl ConnectionTrait, rows: Vec<run::Model>) -> Result<Vec<Plan>, Error> {
    let teaching = facilitator::Entity::find()
        .filter(facilitator::Column::Run.is_in(rows.iter().map(|it| it.id)))
        .all(db)
        .await?;
    let versions = course_version::Entity::find()
        .filter(course_version::Column::Id.is_in(rows.iter().map(|it| it.course_version)))
        .all(db)
        .await?;
    let dated = calendar::dated(db, rows.clone()).await?;
    rows.into_iter()
        .zip(dated)
        .map(|(row, dates)| {
            let version = versions.iter().find(|it| it.id == row.course_version);
            let version = version.ok_or_else(|| corrupt(&row, "its course has no such version"))?;
            Ok(Plan {
                dates,
                state: state(&row)?,
                capacity: row.capacity,
                min_numbers: row.min_numbers,
                waiting_list: row.waiting_list,
                offers_paused: row.offers_paused,
                sessions_required: version.sessions_required,
                planned_minutes: version.planned_minutes,
                minutes_ack_by: row.minutes_ack_by,
                facilitators: facilitators(&row, &teaching)?,
                without_facilitators: row.facilitators_override,
            })
        })
        .collect()
}

fn corrupt(row: &run::Model, why: &str) -> Corrupt {
    Corrupt {
        table: "run",
        id: row.id.to_string(),
        why: why.to_owned(),
    }
}

fn state(row: &run::Model) -> Result<RunState, Corrupt> {
    match row.state.as_str() {
        "draft" => Ok(RunState::Draft),
        "published" => Ok(RunState::Published),
        "cancelled" => Ok(RunState::Cancelled),
        _ => Err(corrupt(row, "its state is no state")),
    }
}

fn facilitators(row: &run::Model, all: &[facilitator::Model]) -> Result<Vec<Facilitator>, Corrupt> {
    let of_run = all.iter().filter(|it| it.run == row.id);
    let read = of_run.map(|it| {
        let part = Part::named(&it.part).ok_or_else(|| corrupt(row, "somebody teaches it as nothing"))?;
        Ok(Facilitator {
            person: it.person,
            part,
            is_confirmed: it.confirmed_at.is_some(),
        })
    });
    let mut found = read.collect::<Result<Vec<_>, Corrupt>>()?;
    found.sort_by_key(|it| (it.part, it.person));
    Ok(found)
}

/// Writes who teaches a run, in place of whoever did. Who said yes before has said so when they did.
/// What is published keeps a peer trainer and one other who said yes, or the reason it has (INV-19).
pub async fn set_facilitators(
    tx: &DatabaseTransaction,
    fresh: Fresh<'_>,
    now: Ts,
    id: RunId,
    wanted: &[Facilitator],
) -> Result<(), Error> {
    let row = run::Entity::find_by_id(id)
        .one(tx)
        .await?
        .ok_or(Refusal::NotFound)?;
    let confirmed = wanted.iter().filter(|it| it.is_confirmed);
    let parts: Vec<&str> = confirmed.map(|it| it.part.name()).collect();
    let must_be_staffed = row.state == "published" && row.facilitators_override.is_none();
    if must_be_staffed && !calendar::well_staffed(&parts) {
        return Err(DatesRefused::Facilitators.into());
    }
    let before = facilitator::Entity::find()
        .filter(facilitator::Column::Run.eq(id))
        .all(tx)
        .await?;
    facilitator::Entity::delete_many()
        .filter(facilitator::Column::Run.eq(id))
        .exec(tx)
        .await?;
    for it in wanted {
        let old = before.iter().find(|old| old.person == it.person);
        let since = old.and_then(|old| old.confirmed_at).unwrap_or(now);
        let row = facilitator::ActiveModel {
            id: Set(old.map_or_else(fresh, |old| old.id)),
            run: Set(id),
            person: Set(it.person),
            part: Set(it.part.name().to_owned()),
            confirmed_at: Set(it.is_confirmed.then_some(since)),
        };
        row.insert(tx).await?;
    }
    Ok(())
}

/// What can be changed about a run without a word to anybody who booked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
pub struct Particulars {
    pub label: String,
    /// Mails lead to our join page, so a new link reaches everybody there (B-51).
    pub join_url: Option<String>,
    pub opens_at: Ts,
    /// Whether people can join the list; whoever is on it stays there.
    pub waiting_list: bool,
}

/// Writes them.
pub async fn set_particulars(tx: &DatabaseTransaction, id: RunId, to: Particulars) -> Result<(), Error> {
    let row = run::Entity::find_by_id(id)
        .one(tx)
        .await?
        .ok_or(Refusal::NotFound)?;
    if to.opens_at > row.closes_at {
        return Err(DatesRefused::OpensAfterClosing.into());
    }
    let row = run::ActiveModel {
        id: Set(id),
        label: Set(to.label),
        join_url: Set(to.join_url),
        opens_at: Set(to.opens_at),
        waiting_list: Set(to.waiting_list),
        ..Default::default()
    };
    row.update(tx).await?;
    Ok(())
}

/// How many people stand where, for every run that has any.
pub async fn numbers(db: &impl ConnectionTrait) -> Result<BTreeMap<RunId, Numbers>, Error> {
    let mut found: BTreeMap<RunId, Numbers> = BTreeMap::new();
    let states: Vec<(RunId, String, i64)> = booking::Entity::find()
        .select_only()
        .columns([booking::Column::Run, booking::Column::State])
        .column_as(booking::Column::Id.count(), "number")
        .group_by(booking::Column::Run)
        .group_by(booking::Column::State)
        .into_tuple()
        .all(db)
        .await?;
    for (run, state, number) in states {
        let numbers = found.entry(run).or_default();
        match state.as_str() {
            "booked" => numbers.booked = number,
            "unconfirmed" => numbers.unconfirmed = number,
            "waiting" => numbers.waiting = number,
            "offered" => numbers.offered = number,
            _ => {}
        }
    }
    let seats: Vec<(SessionId, i64)> = place::Entity::find()
        .select_only()
        .column(place::Column::Session)
        .column_as(place::Column::Id.count(), "number")
        .group_by(place::Column::Session)
        .into_tuple()
        .all(db)
        .await?;
    let sessions: Vec<(SessionId, RunId)> = session::Entity::find()
        .select_only()
        .columns([session::Column::Id, session::Column::Run])
        .into_tuple()
        .all(db)
        .await?;
    let of: BTreeMap<SessionId, RunId> = sessions.into_iter().collect();
    for (session, number) in seats {
        if let Some(run) = of.get(&session) {
            let numbers = found.entry(*run).or_default();
            numbers.taken = numbers.taken.max(number);
        }
    }
    Ok(found)
}

/// What somebody should look at twice. None of it stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Somebody teaches other dates at the same time.
    TeachesTwice {
        /// Who.
        person: PersonId,
        /// The other run.
        other: RunId,
    },
    /// A session is on a bank holiday.
    BankHoliday {
        /// The day.
        day: Date,
        /// Its name.
        name: String,
    },
    /// The teaching minutes are not those of the course (B-02).
    Minutes {
        /// Of these dates.
        given: i64,
        /// Of the course.
        planned: i32,
    },
}

/// What to look at twice about a run.
pub async fn warnings(db: &impl ConnectionTrait, plan: &Plan) -> Result<Vec<Warning>, Error> {
    let mut found = teaches_twice(db, plan).await?;
    let days = plan.dates.sessions.iter().map(|it| it.date);
    let holidays = bank_holiday::Entity::find()
        .filter(bank_holiday::Column::Day.is_in(days))
        .all(db)
        .await?;
    found.extend(holidays.into_iter().map(|it| Warning::BankHoliday {
        day: it.day,
        name: it.name,
    }));
    let (given, planned) = (plan.teaching_minutes(), plan.planned_minutes);
    if given != i64::from(planned) {
        found.push(Warning::Minutes { given, planned });
    }
    Ok(found)
}

/// Who of its facilitators is somewhere else meanwhile, and where.
async fn teaches_twice(db: &impl ConnectionTrait, plan: &Plan) -> Result<Vec<Warning>, Error> {
    let elsewhere = facilitator::Entity::find()
        .filter(facilitator::Column::Person.is_in(plan.facilitators.iter().map(|it| it.person)))
        .filter(facilitator::Column::Run.ne(plan.dates.id))
        .all(db)
        .await?;
    let runs = run::Entity::find()
        .filter(run::Column::Id.is_in(elsewhere.iter().map(|it| it.run)))
        .filter(run::Column::State.ne("cancelled"))
        .all(db)
        .await?;
    let others = calendar::dated(db, runs).await?;
    let meets = |other: &RunDates| {
        let mine = plan.dates.sessions.iter();
        mine.flat_map(|mine| other.sessions.iter().map(move |it| (mine, it)))
            .any(|(mine, it)| mine.starts_at < it.ends_at && it.starts_at < mine.ends_at)
    };
    let mut found = Vec::new();
    for it in &elsewhere {
        if others.iter().any(|other| other.id == it.run && meets(other)) {
            found.push(Warning::TeachesTwice {
                person: it.person,
                other: it.run,
            });
        }
    }
    Ok(found)
}

/// Whom a run would offer a place at once if these changes were made (B-07), with its sessions on these
/// dates.
pub fn would_be_offered(
    snapshot: &Snapshot,
    changes: &[Change],
    sessions: &[NewSession],
    now: Ts,
) -> Vec<PersonId> {
    let mut after = snapshot.clone();
    for (it, new) in after.sessions.iter_mut().zip(sessions) {
        // What is no moment is refused when the dates are written.
        if let (Ok(starts_at), Ok(ends_at)) = (
            london::moment(new.date, new.start),
            london::moment(new.date, new.end),
        ) {
            (it.starts_at, it.ends_at) = (starts_at, ends_at);
        }
    }
    for change in changes {
        if change.clone().apply(&mut after, now, &Cause::system()).is_err() {
            return Vec::new();
        }
    }
    let made = after.settle(now).transitions.into_iter();
    made.filter(|it| matches!(it.event, Event::Offer { .. }))
        .map(|it| it.person)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{RunR, id};

    fn dates(r: &RunR) -> Vec<NewSession> {
        let of = |it: &crate::snapshot::Session| {
            let ((date, start), (_, end)) = (london::local(it.starts_at), london::local(it.ends_at));
            NewSession {
                date,
                start,
                end,
                break_minutes: 15,
            }
        };
        r.snapshot.sessions.iter().map(of).collect()
    }

    /// B-07: what is asked first is what would happen, and asking changes nothing.
    #[test]
    fn whom_more_places_would_be_offered_to_is_known_before() {
        let r = RunR::full();
        let before = r.snapshot.clone();
        let asked = |changes: &[Change]| would_be_offered(&r.snapshot, changes, &dates(&r), r.now);
        let people: Vec<_> = ["D", "E"].map(|it| r.booking(it).person).to_vec();
        assert_eq!(asked(&[Change::SetCapacity(14)]), people);
        assert_eq!(asked(&[Change::SetCapacity(20)]).len(), 3);
        let paused = [Change::PauseOffers(true), Change::SetCapacity(14)];
        assert_eq!(asked(&paused), []);
        assert_eq!(r.snapshot, before);
        assert!(r.snapshot.booking(id("D")).is_some());
    }

    #[test]
    fn dates_that_move_away_from_the_last_days_bring_offers_back() {
        let mut r = RunR::full();
        r.wait_until("Sat 5 June 11:00").cancel("A1");
        let mut later = dates(&r);
        assert_eq!(would_be_offered(&r.snapshot, &[], &later, r.now), []);
        for it in &mut later {
            it.date = it.date.saturating_add(time::Duration::weeks(4));
        }
        assert_eq!(would_be_offered(&r.snapshot, &[], &later, r.now).len(), 1);
    }
}

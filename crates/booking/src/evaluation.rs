//! How confident people are before and after a course, and what they say about it (B-80), so kept that the
//! records do not tell who said what.
//!
//! **What is kept.** One row for each run and phase, with sums: how many answered, how often each number was
//! chosen for each outcome, and the free words, sorted by the alphabet. Nobody's answer is a row, so nothing
//! can name one, be counted off in the order of rows, or carry a time. The words of one person stand apart
//! from their numbers and from each other.
//!
//! **What the booking keeps.** That it answered, so that nobody is asked twice and nobody answers twice. No
//! form number, mail, log line or act of the audit is written about it, and the flag has no time. When the
//! days for answering are over, [`forget_who_answered`] takes the flags away.
//!
//! **Why one transaction is safe.** `PostgreSQL` keeps with each row the number of the transaction that wrote
//! it, so a flag and an answer written together, or one after the other, would find each other again. Here
//! each answer writes the whole row of its run anew: the number on it belongs to whoever answered last, and
//! nothing in the row tells which part of the sums is theirs. So flag and sums can be one change, and nobody
//! loses an answer or gives two. The name of the row is plain dice: one with a time in it would tell when the
//! first answer came.
//!
//! **What is shown.** Whoever looks before and after an answer could take one sum from the other. So nothing
//! is shown while people can still answer, and then only in groups of at least `evaluation_min_shown` answers
//! ([`released`]).
//!
//! **What remains.** While a run takes answers, whoever reads the records themselves sees who answered so
//! far, and if that is one person, what they said. Old copies of the records can be compared with each
//! other. Who got the reminder had not answered by then.

mod results;

use std::collections::BTreeMap;

use ids::{BookingId, RunId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
};
use serde::{Deserialize, Serialize};
use time::Duration;
use uuid::Uuid;

use crate::calendar::{self, Meeting, Outcome};
use crate::entity::{booking as b, course_version, evaluation as row, run as r, session as s};
use crate::error::{Corrupt, Error};
use crate::settings::Settings;
use crate::state::Refusal;
pub use results::{Asked, Results, released, results};

/// When people are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Until the first session starts.
    Before,
    /// From the end of the last session on.
    After,
}

impl Phase {
    /// The word in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// Whether people can answer now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// Yes, until the moment given.
    Open(Phase, Ts),
    /// The course is on: again from the moment given.
    NotYet(Ts),
    /// No longer.
    Over,
}

/// Whether people on these dates can answer now (B-80).
pub fn asking(settings: &Settings, now: Ts, sessions: &[Meeting]) -> Asking {
    let (Some(first), Some(last)) = (sessions.first(), sessions.last()) else {
        return Asking::Over;
    };
    let end = last.ends_at + Duration::days(settings.evaluation_open);
    if now < first.starts_at {
        Asking::Open(Phase::Before, first.starts_at)
    } else if now < last.ends_at {
        Asking::NotYet(last.ends_at)
    } else if now < end {
        Asking::Open(Phase::After, end)
    } else {
        Asking::Over
    }
}

/// The confidence numbers, lowest first.
pub const NUMBERS: [u8; 5] = [1, 2, 3, 4, 5];

/// A question with a few answers to choose from: its word in records, and those of the answers.
pub type Choices = (&'static str, &'static [&'static str]);

/// What is asked after the course, to choose from.
pub const CHOICES: [Choices; 2] = [
    ("recommend", &["yes", "maybe", "no"]),
    ("needs_supported", &["yes", "partly", "no", "none"]),
];

/// What is asked after the course, in free words.
pub const WORDS: [&str; 2] = ["helped", "change"];

/// What one person answers; each part may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// A number for the code of an outcome.
    pub ratings: BTreeMap<String, u8>,
    /// An answer for a question of [`CHOICES`].
    pub choices: BTreeMap<&'static str, &'static str>,
    /// Words for a question of [`WORDS`].
    pub words: BTreeMap<&'static str, String>,
}

impl Answers {
    /// Whether nothing is answered.
    pub fn is_empty(&self) -> bool {
        self.ratings.is_empty() && self.choices.is_empty() && self.words.is_empty()
    }
}

/// How often each number was chosen, lowest first.
pub type Ratings = [u32; 5];

/// The sums of many answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many people answered anything.
    pub answers: u32,
    /// By the code of the outcome.
    pub ratings: BTreeMap<String, Ratings>,
    /// By question and answer.
    pub choices: BTreeMap<String, BTreeMap<String, u32>>,
    /// By question; sorted, so that nothing tells their order.
    pub words: BTreeMap<String, Vec<String>>,
}

impl Tally {
    /// With one person's answers.
    #[must_use]
    pub fn with(mut self, it: &Answers) -> Self {
        self.answers += 1;
        for (code, number) in &it.ratings {
            let sums = self.ratings.entry(code.clone()).or_default();
            if let Some(sum) = usize::from(*number)
                .checked_sub(1)
                .and_then(|at| sums.get_mut(at))
            {
                *sum += 1;
            }
        }
        for (question, answer) in &it.choices {
            let sums = self.choices.entry((*question).to_owned()).or_default();
            *sums.entry((*answer).to_owned()).or_default() += 1;
        }
        for (question, words) in &it.words {
            let all = self.words.entry((*question).to_owned()).or_default();
            all.push(words.clone());
            all.sort();
        }
        self
    }

    /// Together with the sums of others.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.answers += other.answers;
        for (code, sums) in &other.ratings {
            let mine = self.ratings.entry(code.clone()).or_default();
            mine.iter_mut().zip(sums).for_each(|(mine, sum)| *mine += sum);
        }
        for (question, sums) in &other.choices {
            let mine = self.choices.entry(question.clone()).or_default();
            for (answer, sum) in sums {
                *mine.entry(answer.clone()).or_default() += sum;
            }
        }
        for (question, words) in &other.words {
            let mine = self.words.entry(question.clone()).or_default();
            mine.extend(words.iter().cloned());
            mine.sort();
        }
        self
    }
}

/// The outcomes that people on a run are asked about: those of the version of its course.
pub async fn outcomes(db: &impl ConnectionTrait, run: RunId) -> Result<Vec<Outcome>, Error> {
    let run = r::Entity::find_by_id(run)
        .one(db)
        .await?
        .ok_or(Refusal::NotFound)?;
    let version = course_version::Entity::find_by_id(run.course_version)
        .one(db)
        .await?
        .ok_or(Refusal::NotFound)?;
    outcomes_of(&version)
}

fn outcomes_of(version: &course_version::Model) -> Result<Vec<Outcome>, Error> {
    serde_json::from_value(version.outcomes.clone()).map_err(|why| {
        let (table, id) = ("course_version", version.id.to_string());
        let why = why.to_string();
        Corrupt { table, id, why }.into()
    })
}

/// Whether somebody answered already, as long as that is kept.
pub async fn has_answered(db: &impl ConnectionTrait, id: BookingId, phase: Phase) -> Result<bool, Error> {
    let found = b::Entity::find_by_id(id).filter(flag(phase).eq(true));
    Ok(found.one(db).await?.is_some())
}

fn flag(phase: Phase) -> b::Column {
    match phase {
        Phase::Before => b::Column::ConfidenceAnswered,
        Phase::After => b::Column::EvaluationAnswered,
    }
}

/// Adds somebody's answers to the sums, once: false if they answered before, and nothing is written.
///
/// `name` is for the row of sums, if there is none yet; there must be no time in it.
pub async fn answer(
    tx: &DatabaseTransaction,
    now: Ts,
    name: Uuid,
    id: BookingId,
    answers: &Answers,
) -> Result<bool, Error> {
    let booking = b::Entity::find_by_id(id).one(tx).await?;
    let booking = booking.ok_or(Refusal::NotFound)?;
    let dates = calendar::run_dates(tx, booking.run)
        .await?
        .ok_or(Refusal::NotFound)?;
    let (settings, _) = calendar::rules(tx).await?;
    let Asking::Open(phase, _) = asking(&settings, now, &dates.sessions) else {
        return Err(Refusal::Ended.into());
    };
    // Whoever is second waits here, and then finds the flag set.
    let marked = b::Entity::update_many()
        .col_expr(flag(phase), true.into())
        .filter(b::Column::Id.eq(id))
        .filter(b::Column::State.eq("booked"))
        .filter(flag(phase).eq(false))
        .exec(tx)
        .await?;
    if marked.rows_affected == 0 {
        return Ok(false);
    }
    add(tx, name, booking.run, phase, answers).await?;
    Ok(true)
}

async fn add(
    tx: &DatabaseTransaction,
    name: Uuid,
    run: RunId,
    phase: Phase,
    answers: &Answers,
) -> Result<(), Error> {
    let empty = row::ActiveModel {
        id: Set(name),
        run: Set(run),
        phase: Set(phase.name().to_owned()),
        tally: Set(json(&Tally::default())?),
    };
    let there = OnConflict::columns([row::Column::Run, row::Column::Phase])
        .do_nothing()
        .to_owned();
    row::Entity::insert(empty)
        .on_conflict(there)
        .exec_without_returning(tx)
        .await?;
    let sums = row::Entity::find()
        .filter(row::Column::Run.eq(run))
        .filter(row::Column::Phase.eq(phase.name()))
        .lock_exclusive()
        .one(tx)
        .await?
        .ok_or(Refusal::NotFound)?;
    let with = json(&tally(&sums)?.with(answers))?;
    row::Entity::update_many()
        .col_expr(row::Column::Tally, sea_orm::sea_query::Expr::val(with))
        .filter(row::Column::Id.eq(sums.id))
        .exec(tx)
        .await?;
    Ok(())
}

fn json(tally: &Tally) -> Result<serde_json::Value, Error> {
    serde_json::to_value(tally).map_err(|why| corrupt("new", &why))
}

fn tally(it: &row::Model) -> Result<Tally, Error> {
    serde_json::from_value(it.tally.clone()).map_err(|why| corrupt(&it.id.to_string(), &why))
}

fn corrupt(id: &str, why: &serde_json::Error) -> Error {
    let (id, why) = (id.to_owned(), why.to_string());
    let table = "evaluation";
    Corrupt { table, id, why }.into()
}

/// How far back runs are looked at, beyond the days for answering.
const LOOKED_AT: Duration = Duration::days(35);

/// Takes away who answered, where nobody can answer any more: before the course once it began, and after it
/// once its days are over. From then on nobody's answer can be looked for.
pub async fn forget_who_answered(tx: &DatabaseTransaction, now: Ts) -> Result<(), Error> {
    let (settings, _) = calendar::rules(tx).await?;
    let open = Duration::days(settings.evaluation_open);
    let sessions = s::Entity::find()
        .filter(s::Column::EndsAt.between(now - open - LOOKED_AT, now + LOOKED_AT))
        .all(tx)
        .await?;
    let mut runs: Vec<RunId> = sessions.iter().map(|it| it.run).collect();
    runs.sort_unstable();
    runs.dedup();
    for dates in calendar::runs(tx, runs).await? {
        let asking = asking(&settings, now, &dates.sessions);
        if !matches!(asking, Asking::Open(Phase::Before, _)) {
            forget(tx, dates.id, Phase::Before).await?;
        }
        if asking == Asking::Over {
            forget(tx, dates.id, Phase::After).await?;
        }
    }
    Ok(())
}

async fn forget(tx: &DatabaseTransaction, run: RunId, phase: Phase) -> Result<(), Error> {
    b::Entity::update_many()
        .col_expr(flag(phase), false.into())
        .filter(b::Column::Run.eq(run))
        .filter(flag(phase).eq(true))
        .exec(tx)
        .await?;
    Ok(())
}

/// The bookings to which nobody answered after the course so many days ago, while they still can: those who
/// have a place (B-80, M19). Whether they came is for the caller to ask.
pub async fn unanswered(db: &impl ConnectionTrait, now: Ts) -> Result<Vec<(BookingId, RunId)>, Error> {
    let (settings, _) = calendar::rules(db).await?;
    let since = now - Duration::days(settings.evaluation_open);
    let until = now - Duration::days(settings.evaluation_nudge);
    let ended = s::Entity::find()
        .select_only()
        .column(s::Column::Run)
        .filter(s::Column::EndsAt.between(since, until));
    let runs: Vec<RunId> = ended.into_tuple().all(db).await?;
    let mut found = Vec::new();
    for dates in calendar::runs(db, runs).await? {
        let last = dates.sessions.last().map(|it| it.ends_at);
        if last.is_none_or(|it| it > until) || dates.cancelled_at.is_some() {
            continue;
        }
        let of_run = Condition::all()
            .add(b::Column::Run.eq(dates.id))
            .add(b::Column::State.eq("booked"))
            .add(b::Column::EvaluationAnswered.eq(false));
        let rows = b::Entity::find().filter(of_run).all(db).await?;
        found.extend(rows.into_iter().map(|it| (it.id, dates.id)));
    }
    Ok(found)
}

/// What is wrong with the rows of sums: a name that tells a time, or words in the order they came.
pub async fn faults(db: &impl ConnectionTrait) -> Result<Vec<(Uuid, &'static str)>, Error> {
    let mut found = Vec::new();
    for it in row::Entity::find().all(db).await? {
        if it.id.get_version_num() == 7 {
            found.push((it.id, "its name tells when it was made"));
        }
        let Ok(sums) = tally(&it) else {
            found.push((it.id, "holds something else than sums"));
            continue;
        };
        if !sums.words.values().all(|words| words.is_sorted()) {
            found.push((it.id, "its words are not sorted"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ids::SessionId;
    use time::macros::{date, datetime, time};

    fn meeting(idx: i32, day: u8) -> Meeting {
        let starts_at = Ts::new(datetime!(2027-06-01 09:00 UTC)) + Duration::days(i64::from(day) - 1);
        Meeting {
            id: SessionId(Uuid::nil()),
            idx,
            date: date!(2027 - 06 - 01).replace_day(day).unwrap(),
            start: time!(10:00),
            end: time!(13:15),
            starts_at,
            ends_at: starts_at + Duration::minutes(195),
            break_minutes: 15,
        }
    }

    #[test]
    fn people_are_asked_until_the_start_and_for_two_weeks_after_the_end() {
        let sessions = [meeting(1, 8), meeting(2, 15)];
        let at = |moment| asking(&Settings::default(), Ts::new(moment), &sessions);
        let start = sessions[0].starts_at;
        let (end, close) = (sessions[1].ends_at, Ts::new(datetime!(2027-06-29 12:15 UTC)));
        assert_eq!(
            at(datetime!(2027-05-11 13:00 UTC)),
            Asking::Open(Phase::Before, start)
        );
        assert_eq!(
            at(datetime!(2027-06-08 08:59:59 UTC)),
            Asking::Open(Phase::Before, start)
        );
        assert_eq!(at(datetime!(2027-06-08 09:00 UTC)), Asking::NotYet(end));
        assert_eq!(at(datetime!(2027-06-15 12:14:59 UTC)), Asking::NotYet(end));
        assert_eq!(
            at(datetime!(2027-06-15 12:15 UTC)),
            Asking::Open(Phase::After, close)
        );
        assert_eq!(
            at(datetime!(2027-06-29 12:14:59 UTC)),
            Asking::Open(Phase::After, close)
        );
        assert_eq!(at(datetime!(2027-06-29 12:15 UTC)), Asking::Over);
        assert_eq!(asking(&Settings::default(), start, &[]), Asking::Over);
    }

    pub(super) fn answers(number: u8, helped: &str) -> Answers {
        Answers {
            ratings: BTreeMap::from([("LO1".to_owned(), number)]),
            choices: BTreeMap::from([("recommend", "yes")]),
            words: BTreeMap::from([("helped", helped.to_owned())]),
        }
    }

    #[test]
    fn sums_are_the_same_in_whatever_order_people_answer() {
        let all = [
            answers(2, "The breaks"),
            answers(5, "Everything"),
            answers(2, "A map"),
        ];
        let added = |order: [usize; 3]| {
            let one_by_one = order.into_iter().map(|at| &all[at]);
            one_by_one.fold(Tally::default(), |sums, it| sums.with(it))
        };
        let sums = added([0, 1, 2]);
        for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            assert_eq!(added(order), sums);
        }
        assert_eq!((sums.answers, sums.ratings["LO1"]), (3, [0, 2, 0, 0, 1]));
        assert_eq!(sums.choices["recommend"]["yes"], 3);
        assert_eq!(sums.words["helped"], ["A map", "Everything", "The breaks"]);
        let halves = [
            Tally::default().with(&all[0]),
            Tally::default().with(&all[1]).with(&all[2]),
        ];
        assert_eq!(halves[0].clone().and(&halves[1]), sums);
        assert_eq!(halves[1].clone().and(&halves[0]), sums);
    }
}

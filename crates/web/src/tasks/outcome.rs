//! What came of a try to do a task (B-91). The first call about a hold or an offer starts its clock, where
//! no mail can (section 3 of the booking rules, "Deadlines").

use booking::{Actor, Asked, Cause, Change, Channel, State, bookings};
use ids::{BookingId, PersonId, SessionId};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder,
};
use serde::{Serialize, Serializer, ser::SerializeStruct};
use uuid::Uuid;

use super::TaskKind;
use crate::audit::Act;
use crate::entity::{task_outcome, team_task};
use crate::error::Error;
use crate::notify::{self, Telling, Told};
use crate::outbox::Kind;
use crate::outbox::facts::Parameters;
use crate::people;
use crate::work::Work;

pub(crate) use task_outcome::Model as Tried;

/// The longest note: practical things only (B-91).
pub(crate) const NOTE: usize = 280;

/// How a try went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// We spoke to the person, or they wrote.
    Reached,
    /// A message was left for them.
    LeftMessage,
    /// Nobody answered.
    NoAnswer,
    /// They do not want it.
    NotWanted,
    /// A worry about somebody's safety was passed on; nothing more is kept here (T-02).
    ConcernPassedOn,
}

impl Outcome {
    /// Every outcome, in the order of the form.
    pub(crate) const ALL: [Self; 5] = [
        Self::Reached,
        Self::LeftMessage,
        Self::NoAnswer,
        Self::NotWanted,
        Self::ConcernPassedOn,
    ];

    /// The word in records.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::LeftMessage => "left_message",
            Self::NoAnswer => "no_answer",
            Self::NotWanted => "not_wanted",
            Self::ConcernPassedOn => "concern_passed_on",
        }
    }

    /// The words on pages.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Reached => "Reached",
            Self::LeftMessage => "Left a message",
            Self::NoAnswer => "No answer",
            Self::NotWanted => "They do not want it",
            Self::ConcernPassedOn => "A concern was passed on",
        }
    }

    /// The outcome with this word.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut choice = to.serialize_struct("Outcome", 2)?;
        choice.serialize_field("value", self.name())?;
        choice.serialize_field("text", self.words())?;
        choice.end()
    }
}

/// A try to do a task.
#[derive(Clone, Debug)]
pub(crate) struct Try {
    pub(crate) task: Uuid,
    pub(crate) by: PersonId,
    pub(crate) outcome: Outcome,
    pub(crate) note: Option<String>,
    /// Whether nothing is left to do.
    pub(crate) is_done: bool,
}

/// Writes down what came of a try. A task that has ended meanwhile stays ended, and the try is kept.
pub(crate) async fn log(work: &Work, tried: &Try) -> Result<(), Error> {
    let task = team_task::Entity::find_by_id(tried.task);
    let task = task.one(work.tx()).await?.ok_or(Error::NotFound)?;
    let note = tried
        .note
        .clone()
        .filter(|_| tried.outcome != Outcome::ConcernPassedOn);
    let before = task_outcome::Entity::find()
        .filter(task_outcome::Column::Task.eq(tried.task))
        .count(work.tx())
        .await?;
    let row = task_outcome::ActiveModel {
        id: Set(work.fresh_id()),
        task: Set(tried.task),
        n: Set(i32::try_from(before).unwrap_or(i32::MAX - 1) + 1),
        at: Set(work.now()),
        by_person: Set(tried.by),
        outcome: Set(tried.outcome.name().to_owned()),
        note: Set(note.clone()),
    };
    row.insert(work.tx()).await?;
    work.note(Act::by_member(tried.by, tried.outcome.name(), "task", tried.task));
    let is_open = task.state == "open";
    start_clock(work, &task, tried.by).await?;
    write_to_whom_we_missed(work, &task, tried.outcome).await?;
    let mut row = task.into_active_model();
    row.outcome = Set(Some(tried.outcome.name().to_owned()));
    row.note = Set(note);
    if is_open && tried.is_done {
        row.state = Set("done".to_owned());
    }
    row.update(work.tx()).await?;
    Ok(())
}

/// Of a hold or an offer that no mail tells, the time runs from the first call.
async fn start_clock(work: &Work, task: &team_task::Model, by: PersonId) -> Result<(), Error> {
    let is_call = matches!(
        TaskKind::named(&task.kind),
        Some(TaskKind::PhoneOffer | TaskKind::PhoneOrLetter | TaskKind::PhoneMailFailed)
    );
    if !is_call {
        return Ok(());
    }
    let Some(record) = bookings::find(work.tx(), BookingId(task.about)).await? else {
        return Ok(());
    };
    let has_deadline = matches!(record.state, State::Unconfirmed { .. } | State::Offered { .. });
    let person = people::find(work.tx(), record.person)
        .await?
        .ok_or(Error::NotFound)?;
    if !has_deadline || record.clock_from.is_some() || person.usable_email().is_some() {
        return Ok(());
    }
    let cause = Cause {
        actor: Actor::Team(Some(by)),
        channel: Channel::Phone,
        reason: None,
    };
    let asked = Asked {
        change: Change::StartClock(record.id),
        cause,
        details: None,
    };
    work.allocate(record.run, asked).await.map(|_| ())
}

/// M17: whoever we missed and did not reach gets a mail, one for each day (B-64).
async fn write_to_whom_we_missed(
    work: &Work,
    task: &team_task::Model,
    outcome: Outcome,
) -> Result<(), Error> {
    let is_missed = TaskKind::named(&task.kind) == Some(TaskKind::PhoneMissed);
    let not_reached = matches!(outcome, Outcome::LeftMessage | Outcome::NoAnswer);
    let (true, Ok(day)) = (is_missed && not_reached, Uuid::parse_str(&task.occasion)) else {
        return Ok(());
    };
    let told = Told::about(work, BookingId(task.about)).await?;
    let telling = Telling {
        kind: Kind::Missed,
        occasion: task.occasion.clone(),
        due_at: work.now(),
        // The call is what there is in its place.
        instead: false,
        parameters: Parameters {
            session: Some(SessionId(day)),
            ..Parameters::default()
        },
    };
    notify::tell(work, &told, telling).await
}

/// Every try to do a task, the newest first.
pub(crate) async fn tries(db: &impl ConnectionTrait, task: Uuid) -> Result<Vec<Tried>, Error> {
    let tries = task_outcome::Entity::find().filter(task_outcome::Column::Task.eq(task));
    Ok(tries.order_by_desc(task_outcome::Column::N).all(db).await?)
}

//! What helps people to take part, as work: each need has somebody who looks after it, a day by which it
//! should be arranged, and a status (B-88).

use booking::{State, bookings};
use ids::{BookingId, PersonId, RunId};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use crate::app::App;
use crate::audit::Act;
use crate::entity::{access_need, team_task};
use crate::error::Error;
use crate::public::questions::{self, NEEDS};
use crate::tasks::{self, TaskKind};
use crate::work::Work;

pub(crate) use access_need::Model as Need;

/// How far a need is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Nobody has arranged it yet.
    Asked,
    /// It will be there on the day.
    Arranged,
    /// It was there.
    Met,
    /// It will not be there, and we have talked about it.
    CannotMeet,
}

impl Status {
    /// Every status.
    pub(crate) const ALL: [Self; 4] = [Self::Asked, Self::Arranged, Self::Met, Self::CannotMeet];

    /// The word in records.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Arranged => "arranged",
            Self::Met => "met",
            Self::CannotMeet => "cannot_meet",
        }
    }

    /// The words on pages.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Asked => "to arrange",
            Self::Arranged => "arranged",
            Self::Met => "done",
            Self::CannotMeet => "not possible, we have talked about it",
        }
    }

    /// The status with this word.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// "BSL interpreter".
pub(crate) fn what(it: &Need) -> &'static str {
    questions::words(&NEEDS, &it.code)
}

/// "BSL interpreter (in the mornings)".
pub(crate) fn said(it: &Need) -> String {
    let what = what(it);
    it.detail
        .as_deref()
        .map_or_else(|| what.to_owned(), |detail| format!("{what} ({detail})"))
}

/// "BSL interpreter (in the mornings): arranged".
pub(crate) fn said_with_status(it: &Need) -> String {
    let status = Status::named(&it.status).map_or("to arrange", Status::words);
    format!("{}: {status}", said(it))
}

/// What helps with these bookings, in the order in which it is due.
pub(crate) async fn of_bookings(
    db: &impl ConnectionTrait,
    bookings: impl IntoIterator<Item = BookingId>,
) -> Result<Vec<Need>, Error> {
    let needs = access_need::Entity::find()
        .filter(access_need::Column::Booking.is_in(bookings))
        .order_by_asc(access_need::Column::Due)
        .order_by_asc(access_need::Column::Id);
    Ok(needs.all(db).await?)
}

/// What nobody has arranged yet for those who have a place on these dates.
pub(crate) async fn open_of_run(db: &impl ConnectionTrait, run: RunId) -> Result<Vec<Need>, Error> {
    let all = bookings::of_run(db, run).await?.into_iter();
    let booked = all.filter(|it| it.state == State::Booked).map(|it| it.id);
    let needs = of_bookings(db, booked).await?;
    Ok(needs
        .into_iter()
        .filter(|it| it.status == Status::Asked.name())
        .collect())
}

/// One need.
pub(crate) async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Need>, Error> {
    Ok(access_need::Entity::find_by_id(id).one(db).await?)
}

/// What somebody of the team says of a need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// How far it is.
    pub(crate) status: Status,
    /// Who looks after it.
    pub(crate) owner: Option<PersonId>,
    /// Who says it.
    pub(crate) by: PersonId,
}

/// Notes how far a need is and who looks after it. Its task ends with it, and is open again if it is not
/// arranged after all.
pub(crate) async fn note(work: &Work, id: Uuid, said: Said) -> Result<(), Error> {
    let need = find(work.tx(), id).await?.ok_or(Error::NotFound)?;
    let record = bookings::find(work.tx(), need.booking)
        .await?
        .ok_or(Error::NotFound)?;
    let due = need.due;
    let mut row = need.into_active_model();
    (row.status, row.owner) = (Set(said.status.name().to_owned()), Set(said.owner));
    row.update(work.tx()).await?;
    if let Some(task) = tasks::newest(work.tx(), TaskKind::ArrangeNeed, id).await? {
        let is_open = said.status == Status::Asked && record.state == State::Booked;
        let mut task = task.into_active_model();
        task.assignee = Set(said.owner);
        task.state = Set(if is_open { "open" } else { "done" }.to_owned());
        task.due = Set(due);
        task.update(work.tx()).await?;
    }
    work.note(Act {
        whose: Some(record.person),
        reason: Some(said.status.name().to_owned()),
        ..Act::by_member(said.by, "need_noted", "booking", record.id.0)
    });
    Ok(())
}

/// What is not arranged by its day is urgent from then on (B-88).
pub(crate) async fn raise(app: &App) -> Result<(), Error> {
    use team_task::Column as Task;
    let late = team_task::Entity::find()
        .filter(Task::Kind.eq(TaskKind::ArrangeNeed.name()))
        .filter(Task::State.eq("open"))
        .filter(Task::Urgent.eq(false))
        .filter(Task::Due.lte(app.now()));
    let late: Vec<Uuid> = late
        .all(app.reader())
        .await?
        .into_iter()
        .map(|it| it.id)
        .collect();
    if late.is_empty() {
        return Ok(());
    }
    let late = &late;
    app.change(async |work| {
        let urgent = team_task::ActiveModel {
            urgent: Set(true),
            ..Default::default()
        };
        team_task::Entity::update_many()
            .set(urgent)
            .filter(Task::Id.is_in(late.iter().copied()))
            .filter(Task::State.eq("open"))
            .exec(work.tx())
            .await?;
        Ok(())
    })
    .await
}

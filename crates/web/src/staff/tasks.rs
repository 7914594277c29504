//! What only people can do: calls and letters where no mail helps, in the order in which they are due
//! (B-90, B-91).

mod letter;
mod list;
mod one;
mod say;

use axum_extra::routing::TypedPath;
use booking::calendar::{self, RunDates};
use booking::{BookingRecord, bookings, review};
use ids::{BookingId, CourseVersionId, PersonId, RunId};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde::Deserialize;
use uuid::Uuid;

use super::bookings::{BookingPath, BookingsPath, is_own};
use super::lists::Query;
use super::people::MergePath;
use super::runs::ReviewPath;
use crate::app::App;
use crate::audit::{SAW_CALLS, SAW_NEEDS};
use crate::entity::{access_need, team_task};
use crate::error::Error;
use crate::people::{self, Person};
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::{LEADS, TEAM};
use crate::tasks::TaskKind;
use crate::tasks::outcome::Tried;
use crate::words;

pub(super) use list::{count, open_about};
pub(super) use say::what;

/// `/team/tasks`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/tasks")]
pub(crate) struct TasksPath;

/// `/team/tasks/{task}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/tasks/{task}")]
struct TaskPath {
    task: String,
}

/// `/team/tasks/{task}/letter`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/tasks/{task}/letter")]
struct LetterPath {
    task: String,
}

impl TaskPath {
    fn of(task: &team_task::Model) -> String {
        let task = task.id.to_string();
        Self { task }.to_string()
    }
}

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<TasksPath, _, _>(Who::Roles(TEAM), list::show)
        .get::<TaskPath, _, _>(Who::Roles(TEAM), one::show)
        .post::<TaskPath, _, _>(Who::Roles(TEAM), one::log)
        .get::<LetterPath, _, _>(Who::Roles(TEAM), letter::show)
}

/// A task with everything that it is about.
#[derive(Clone, Debug)]
struct Found {
    task: team_task::Model,
    /// Nothing for a word that this program does not know.
    kind: Option<TaskKind>,
    booking: Option<BookingRecord>,
    person: Option<Person>,
    run: Option<RunDates>,
    need: Option<access_need::Model>,
    /// The title of the course whose text it is about.
    course: Option<String>,
}

impl Found {
    /// What is for leads is not there for others (T-11).
    async fn named(db: &impl ConnectionTrait, me: &SignedIn, task: &str) -> Result<Self, Error> {
        let id = Uuid::parse_str(task).map_err(|_| Error::NotFound)?;
        let task = team_task::Entity::find_by_id(id).one(db).await?;
        let found = Self::of(db, task.ok_or(Error::NotFound)?).await?;
        if found.kind == Some(TaskKind::ManyRecords) && !me.is_any(LEADS) {
            return Err(Error::NotFound);
        }
        Ok(found)
    }

    async fn of(db: &impl ConnectionTrait, task: team_task::Model) -> Result<Self, Error> {
        let kind = TaskKind::named(&task.kind);
        let mut found = Self {
            kind,
            booking: None,
            person: None,
            run: None,
            need: None,
            course: None,
            task,
        };
        let about = found.task.about;
        match kind {
            Some(TaskKind::PhoneList | TaskKind::AttendanceLate | TaskKind::RunReview) => {
                found.run = calendar::run_dates(db, RunId(about)).await?;
            }
            Some(TaskKind::PossibleDuplicate | TaskKind::ManyRecords) => {
                found.person = people::find(db, PersonId(about)).await?;
            }
            Some(TaskKind::VersionReview) => {
                found.course = review::title_of(db, CourseVersionId(about)).await?
            }
            Some(TaskKind::ArrangeNeed) => {
                found.need = access_need::Entity::find_by_id(about).one(db).await?;
                if let Some(booking) = found.need.as_ref().map(|it| it.booking) {
                    found.add_booking(db, booking).await?;
                }
            }
            Some(
                TaskKind::PhoneOffer
                | TaskKind::PhoneMailFailed
                | TaskKind::PhoneOrLetter
                | TaskKind::PreCourseCall
                | TaskKind::PhoneMissed
                | TaskKind::PhoneChange,
            )
            | None => found.add_booking(db, BookingId(about)).await?,
        }
        Ok(found)
    }

    async fn add_booking(&mut self, db: &impl ConnectionTrait, id: BookingId) -> Result<(), Error> {
        let Some(record) = bookings::find(db, id).await? else {
            return Ok(());
        };
        self.person = people::find(db, record.person).await?;
        self.run = calendar::run_dates(db, record.run).await?;
        self.booking = Some(record);
        Ok(())
    }

    /// Writes down that somebody is about to read what helps a person to take part, or what others noted
    /// about calls (T-47).
    async fn note_looks(&self, app: &App, me: &SignedIn, tries: &[Tried]) -> Result<(), Error> {
        let reads_need = self.need.is_some() && !self.is_own(me);
        let reads_calls = tries
            .iter()
            .any(|it| it.note.is_some() && it.by_person != me.person);
        let needs = reads_need.then_some(SAW_NEEDS);
        let calls = reads_calls.then_some(SAW_CALLS);
        let seen: Vec<_> = needs.into_iter().chain(calls).collect();
        if seen.is_empty() {
            return Ok(());
        }
        let whose = self.person.as_ref().map(|it| it.id);
        let about = ("task", self.task.id.to_string());
        app.note_looks(me.person, &seen, about, whose).await
    }

    /// Nobody notes as staff what came of a task about themselves (T-08).
    fn is_own(&self, me: &SignedIn) -> bool {
        self.person.as_ref().is_some_and(|it| is_own(me, it))
    }

    fn name(&self) -> String {
        let name = self.person.as_ref().map(|it| it.full_name.clone());
        let dates = || self.run.as_ref().map(|it| words::dates(&it.sessions));
        let what = name.or_else(dates).or_else(|| self.course.clone());
        what.unwrap_or_else(|| "Nobody by name".to_owned())
    }

    fn phone(&self) -> String {
        self.person
            .as_ref()
            .and_then(|it| it.phone.clone())
            .unwrap_or_default()
    }

    fn dates(&self) -> String {
        self.run
            .as_ref()
            .map(|it| words::dates(&it.sessions))
            .unwrap_or_default()
    }

    /// The list of those who wait, where the task is to phone down it.
    fn waiting_path(&self) -> Option<String> {
        let run = self
            .run
            .as_ref()
            .filter(|_| self.kind == Some(TaskKind::PhoneList))?;
        let dates = format!("{}/{}", run.course_code, run.slug);
        let list = Query::new(BookingsPath::PATH);
        Some(
            list.with("status", "waiting")
                .with("dates", &dates)
                .sorted("made")
                .first(),
        )
    }

    /// Where the two records stand side by side that may be one person.
    fn both_path(&self) -> Option<String> {
        let one = self
            .person
            .as_ref()
            .filter(|_| self.kind == Some(TaskKind::PossibleDuplicate))?;
        let other = Uuid::parse_str(&self.task.occasion).ok()?;
        Some(MergePath::of(one.id, PersonId(other)))
    }

    /// Where a review is written down, which ends the task.
    fn review_path(&self) -> Option<String> {
        let run = self
            .run
            .as_ref()
            .filter(|_| self.kind == Some(TaskKind::RunReview))?;
        Some(ReviewPath::of(run.id).to_string())
    }

    /// The page of the booking that the task is about.
    fn booking_path(&self) -> Option<String> {
        let booking = self.booking.as_ref()?;
        Some(BookingPath::of(&booking.reference).to_string())
    }
}

//! Courses, their versions, runs and sessions: what is taught and when.

use std::collections::BTreeMap;

use ids::{CourseId, CourseVersionId, PersonId, RunId, SessionId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use time::{Date, Time};

use crate::allocator::Fresh;
pub use crate::before::Before;
use crate::deadlines::{WorkingDays, booking_closes};
use crate::entity::{bank_holiday, booking, course, course_version, facilitator, run, session, setting};
use crate::error::{Corrupt, Error};
use crate::london::{self, NotOneMoment};
use crate::settings::Settings;

/// A course and its published text.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
pub struct Course {
    pub id: CourseId,
    /// The word for it in addresses.
    pub code: String,
    pub title: String,
    pub contact_name: String,
    pub contact_email: String,
    pub contact_phone: String,
    pub version: CourseVersionId,
    pub text: CourseText,
}

/// What a version of a course says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
pub struct CourseText {
    pub summary: String,
    pub methods: Vec<String>,
    /// 1 to 12, in order.
    pub outcomes: Vec<Outcome>,
    /// In order.
    pub topics: Vec<String>,
    pub planned_minutes: i32,
    pub sessions_required: Option<i32>,
    pub different_days: bool,
    pub authors_note: String,
    /// Pick lists and page texts that came with the course.
    pub extras: Value,
}

/// What people can do after the course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The word for it in records.
    pub code: String,
    /// The outcome.
    pub text: String,
    /// The question that asks how confident one is (B-80).
    pub confidence_question: String,
}

/// A course as it comes in from a file.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
pub struct NewCourse {
    pub code: String,
    pub title: String,
    pub one_live: bool,
    pub contact_name: String,
    pub contact_email: String,
    pub contact_phone: String,
    pub text: CourseText,
}

/// One scheduled delivery with its dates.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
pub struct RunDates {
    pub id: RunId,
    pub course: CourseId,
    pub course_code: String,
    pub course_title: String,
    /// The word for it in addresses, unique in the course.
    pub slug: String,
    pub label: String,
    pub delivery: Delivery,
    pub venue: Option<String>,
    /// Secret: shown on the join page only (B-51).
    pub join_url: Option<String>,
    pub opens_at: Ts,
    pub closes_at: Ts,
    pub change_no: i32,
    pub cancel_reason: Option<String>,
    pub cancelled_at: Option<Ts>,
    pub sessions: Vec<Meeting>,
    /// What the last change replaced.
    pub before_change: Before,
}

/// How people meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Delivery {
    Online,
    InPerson,
    Hybrid,
}

impl Delivery {
    /// The word in records and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::InPerson => "in_person",
            Self::Hybrid => "hybrid",
        }
    }

    /// The delivery with this word.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Online, Self::InPerson, Self::Hybrid]
            .into_iter()
            .find(|it| it.name() == name)
    }
}

/// A session with its local times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
pub struct Meeting {
    pub id: SessionId,
    pub idx: i32,
    pub date: Date,
    pub start: Time,
    pub end: Time,
    pub starts_at: Ts,
    pub ends_at: Ts,
    pub break_minutes: i32,
}

/// A run as somebody plans it.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
pub struct NewRun {
    pub course_code: String,
    pub label: String,
    pub capacity: i32,
    pub delivery: Delivery,
    pub venue: Option<String>,
    pub join_url: Option<String>,
    pub opens_at: Ts,
    /// Midday on the working day before session 1, if not given (B-11).
    pub closes_at: Option<Ts>,
    pub waiting_list: bool,
    pub sessions: Vec<NewSession>,
}

/// A session as somebody plans it, in London wall time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
pub struct NewSession {
    pub date: Date,
    pub start: Time,
    pub end: Time,
    pub break_minutes: i32,
}

/// Why dates cannot be planned, published or changed like this.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum DatesRefused {
    #[error("there is no course with the code {0:?}")]
    NoSuchCourse(String),
    #[error("the course {0:?} has no published version yet")]
    NoPublishedVersion(String),
    #[error("at least one session is needed")]
    NoSession,
    #[error("session {0}: {1}")]
    NotOneMoment(usize, NotOneMoment),
    #[error("session {0} must end after it starts")]
    EndsBeforeStart(usize),
    #[error("session {0} must start after session {1} has ended")]
    Overlap(usize, usize),
    #[error("session 1 is in the past")]
    InThePast,
    #[error("this course has {wanted} sessions, and these dates have {given}")]
    WrongNumber { wanted: i32, given: usize },
    #[error("the sessions of this course are on different days")]
    SameDay,
    #[error("at least 1 place is needed")]
    NoPlaces,
    #[error("only a draft can be published")]
    NotADraft,
    #[error(
        "two confirmed facilitators are needed, a peer trainer and one other, or a reason to publish without"
    )]
    Facilitators,
    #[error(
        "the teaching minutes are {given} and the course plans {planned}: somebody must say that this is meant"
    )]
    Minutes { given: i64, planned: i32 },
    #[error("session {0} has begun and stays as it is")]
    HasBegun(usize),
    #[error("session {0} cannot move into the past")]
    MovesIntoThePast(usize),
    #[error("sessions cannot be added or removed once somebody has booked")]
    HasBookings,
    #[error("booking must open before it closes")]
    OpensAfterClosing,
    #[error("the same dates of this course are there already")]
    SameDates,
}

/// The numbers and the working days of the rules, as they stand in the records.
pub async fn rules(db: &impl ConnectionTrait) -> Result<(Settings, WorkingDays), Error> {
    let mut settings = Settings::default();
    let rows = setting::Entity::find().all(db).await?;
    // Names that are not ours belong to the pages (organisation, brand, texts).
    let is_ours = |it: &&setting::Model| crate::settings::CATALOGUE.iter().any(|of| of.name == it.name);
    let ours = rows.iter().filter(is_ours);
    let ours: Vec<_> = ours.map(|it| (it.name.as_str(), it.value.as_str())).collect();
    if let Some(why) = settings.set_all(&ours).into_iter().next() {
        return Err(Corrupt {
            table: "setting",
            id: why.name().to_owned(),
            why: why.to_string(),
        }
        .into());
    }
    let holidays = bank_holiday::Entity::find().all(db).await?;
    Ok((
        settings,
        WorkingDays::without(holidays.into_iter().map(|it| it.day)),
    ))
}

/// Sets one number of the rules.
pub async fn set_rule(tx: &DatabaseTransaction, name: &str, value: &str) -> Result<(), Error> {
    let row = setting::ActiveModel {
        name: Set(name.to_owned()),
        value: Set(value.to_owned()),
    };
    let clash = sea_orm::sea_query::OnConflict::column(setting::Column::Name)
        .update_column(setting::Column::Value)
        .to_owned();
    setting::Entity::insert(row)
        .on_conflict(clash)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Notes a bank holiday.
pub async fn add_bank_holiday(tx: &DatabaseTransaction, day: Date, name: &str) -> Result<(), Error> {
    let row = bank_holiday::ActiveModel {
        day: Set(day),
        name: Set(name.to_owned()),
    };
    let clash = sea_orm::sea_query::OnConflict::column(bank_holiday::Column::Day)
        .update_column(bank_holiday::Column::Name)
        .to_owned();
    bank_holiday::Entity::insert(row)
        .on_conflict(clash)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// The bank holidays from one day to another, which does not count, with their names.
pub async fn bank_holidays(
    db: &impl ConnectionTrait,
    from: Date,
    until: Date,
) -> Result<BTreeMap<Date, String>, Error> {
    let found = bank_holiday::Entity::find()
        .filter(bank_holiday::Column::Day.gte(from))
        .filter(bank_holiday::Column::Day.lt(until))
        .all(db)
        .await?;
    Ok(found.into_iter().map(|it| (it.day, it.name)).collect())
}

/// All courses with a published text, by title.
pub async fn courses(db: &impl ConnectionTrait) -> Result<Vec<Course>, Error> {
    let mut found = Vec::new();
    for row in course::Entity::find()
        .order_by_asc(course::Column::Title)
        .all(db)
        .await?
    {
        if let Some(version) = published_version(db, row.id).await? {
            found.push(course_of(row, &version)?);
        }
    }
    Ok(found)
}

/// A course with a published text, by its code.
pub async fn course_named(db: &impl ConnectionTrait, code: &str) -> Result<Option<Course>, Error> {
    let row = course::Entity::find()
        .filter(course::Column::Code.eq(code))
        .one(db)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let version = published_version(db, row.id).await?;
    version.map(|version| course_of(row, &version)).transpose()
}

async fn published_version(
    db: &impl ConnectionTrait,
    of: CourseId,
) -> Result<Option<course_version::Model>, Error> {
    Ok(course_version::Entity::find()
        .filter(course_version::Column::Course.eq(of))
        .filter(course_version::Column::State.eq("published"))
        .order_by_desc(course_version::Column::Number)
        .one(db)
        .await?)
}

fn course_of(row: course::Model, version: &course_version::Model) -> Result<Course, Error> {
    Ok(Course {
        id: row.id,
        code: row.code,
        title: row.title,
        contact_name: row.contact_name,
        contact_email: row.contact_email,
        contact_phone: row.contact_phone,
        version: version.id,
        text: text_of(version)?,
    })
}

/// What a version says.
pub(crate) fn text_of(version: &course_version::Model) -> Result<CourseText, Error> {
    let corrupt = |why: serde_json::Error| Corrupt {
        table: "course_version",
        id: version.id.to_string(),
        why: why.to_string(),
    };
    Ok(CourseText {
        summary: version.summary.clone(),
        methods: serde_json::from_value(version.methods.clone()).map_err(corrupt)?,
        outcomes: serde_json::from_value(version.outcomes.clone()).map_err(corrupt)?,
        topics: serde_json::from_value(version.topics.clone()).map_err(corrupt)?,
        planned_minutes: version.planned_minutes,
        sessions_required: version.sessions_required,
        different_days: version.different_days,
        authors_note: version.authors_note.clone(),
        extras: version.extras.clone(),
    })
}

/// The published and cancelled runs of a course, or of all courses, that are not over, by date.
pub async fn upcoming(
    db: &impl ConnectionTrait,
    of: Option<CourseId>,
    now: Ts,
) -> Result<Vec<RunDates>, Error> {
    let mut query = run::Entity::find().filter(run::Column::State.is_in(["published", "cancelled"]));
    if let Some(course) = of {
        query = query.filter(run::Column::Course.eq(course));
    }
    query = query.filter(run::Column::Id.in_subquery(not_over(now)));
    let mut found = dated(db, query.all(db).await?).await?;
    found.sort_by_key(|it| (it.sessions.first().map(|it| it.starts_at), it.id));
    Ok(found)
}

/// The runs that have a session still to end.
pub(crate) fn not_over(now: Ts) -> SelectStatement {
    let sessions = session::Entity::find().select_only().column(session::Column::Run);
    sessions.filter(session::Column::EndsAt.gt(now)).into_query()
}

/// A published or cancelled run by the words in its address.
pub async fn run_named(
    db: &impl ConnectionTrait,
    course_code: &str,
    slug: &str,
) -> Result<Option<RunDates>, Error> {
    let course = course::Entity::find()
        .filter(course::Column::Code.eq(course_code))
        .one(db)
        .await?;
    let Some(course) = course else { return Ok(None) };
    let row = run::Entity::find()
        .filter(run::Column::Course.eq(course.id))
        .filter(run::Column::Slug.eq(slug))
        .filter(run::Column::State.ne("draft"))
        .one(db)
        .await?;
    Ok(dated(db, row.into_iter().collect()).await?.pop())
}

/// A run by its id, whatever its state.
pub async fn run_dates(db: &impl ConnectionTrait, id: RunId) -> Result<Option<RunDates>, Error> {
    let row = run::Entity::find_by_id(id).one(db).await?;
    Ok(dated(db, row.into_iter().collect()).await?.pop())
}

/// Several runs, whatever their state, by date.
pub async fn runs(
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = RunId>,
) -> Result<Vec<RunDates>, Error> {
    let rows = run::Entity::find()
        .filter(run::Column::Id.is_in(ids))
        .all(db)
        .await?;
    let mut found = dated(db, rows).await?;
    found.sort_by_key(|it| (it.sessions.first().map(|it| it.starts_at), it.id));
    Ok(found)
}

pub(crate) async fn dated(db: &impl ConnectionTrait, rows: Vec<run::Model>) -> Result<Vec<RunDates>, Error> {
    let courses = course::Entity::find()
        .filter(course::Column::Id.is_in(rows.iter().map(|it| it.course)))
        .all(db)
        .await?;
    let sessions = session::Entity::find()
        .filter(session::Column::Run.is_in(rows.iter().map(|it| it.id)))
        .order_by_asc(session::Column::Idx)
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            let corrupt = |why: &str| Corrupt {
                table: "run",
                id: row.id.to_string(),
                why: why.to_owned(),
            };
            let course = courses
                .iter()
                .find(|it| it.id == row.course)
                .ok_or_else(|| corrupt("has no course"))?;
            let delivery = Delivery::named(&row.delivery).ok_or_else(|| corrupt("has no known delivery"))?;
            let before_change = serde_json::from_value(row.before_change.clone())
                .map_err(|_| corrupt("its dates before the last change cannot be read"))?;
            Ok(RunDates {
                id: row.id,
                course: row.course,
                course_code: course.code.clone(),
                course_title: course.title.clone(),
                slug: row.slug.clone(),
                label: row.label.clone(),
                delivery,
                venue: row.venue.clone(),
                join_url: row.join_url.clone(),
                opens_at: row.opens_at,
                closes_at: row.closes_at,
                change_no: row.change_no,
                cancel_reason: row.cancel_reason.clone(),
                cancelled_at: row.cancelled_at,
                sessions: sessions
                    .iter()
                    .filter(|it| it.run == row.id)
                    .map(meeting)
                    .collect(),
                before_change,
            })
        })
        .collect()
}

pub(crate) fn meeting(row: &session::Model) -> Meeting {
    Meeting {
        id: row.id,
        idx: row.idx,
        date: row.local_date,
        start: row.local_start,
        end: row.local_end,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        break_minutes: row.break_minutes,
    }
}

/// Stores a course with a new draft version; a course with the same code gets the next version.
pub async fn add_course(
    tx: &DatabaseTransaction,
    fresh: Fresh<'_>,
    new: NewCourse,
) -> Result<CourseVersionId, Error> {
    let known = course::Entity::find()
        .filter(course::Column::Code.eq(&new.code))
        .one(tx)
        .await?;
    let id = known.as_ref().map_or_else(|| CourseId(fresh()), |it| it.id);
    let row = course::ActiveModel {
        id: Set(id),
        code: Set(new.code),
        title: Set(new.title),
        one_live: Set(new.one_live),
        contact_name: Set(new.contact_name),
        contact_email: Set(new.contact_email),
        contact_phone: Set(new.contact_phone),
    };
    if known.is_some() {
        row.update(tx).await?;
    } else {
        row.insert(tx).await?;
    }
    let number = course_version::Entity::find()
        .filter(course_version::Column::Course.eq(id))
        .count(tx)
        .await?;
    let version = CourseVersionId(fresh());
    let text = new.text;
    let list = |it: Vec<String>| Value::from(it);
    course_version::ActiveModel {
        id: Set(version),
        course: Set(id),
        number: Set(i32::try_from(number).unwrap_or(i32::MAX - 1) + 1),
        state: Set("draft".to_owned()),
        summary: Set(text.summary),
        methods: Set(list(text.methods)),
        outcomes: Set(serde_json::to_value(text.outcomes).unwrap_or_default()),
        topics: Set(list(text.topics)),
        planned_minutes: Set(text.planned_minutes),
        sessions_required: Set(text.sessions_required),
        different_days: Set(text.different_days),
        authors_note: Set(text.authors_note),
        extras: Set(text.extras),
        approved_on: Set(None),
        review_due: Set(None),
        title: Set(None),
        approved_by: Set(None),
    }
    .insert(tx)
    .await?;
    Ok(version)
}

/// Publishes a version; the one before is superseded and stays with its runs. Runs that are still drafts
/// follow the new one: on a superseded version nobody could publish them (B-01).
pub async fn publish_version(
    tx: &DatabaseTransaction,
    now: Ts,
    version: CourseVersionId,
) -> Result<(), Error> {
    let row = course_version::Entity::find_by_id(version).one(tx).await?;
    let row = row.ok_or(crate::state::Refusal::NotFound)?;
    if let Some(before) = published_version(tx, row.course).await? {
        let mut before = before.into_active_model();
        before.state = Set("superseded".to_owned());
        before.update(tx).await?;
    }
    let months = rules(tx).await?.0.version_review;
    let course = row.course;
    let mut row = row.into_active_model();
    row.state = Set("published".to_owned());
    row.approved_on = Set(Some(london::local(now).0));
    row.review_due = Set(Some(london::local(london::months_from(now, months)).0));
    row.update(tx).await?;
    let follows = run::ActiveModel {
        course_version: Set(version),
        ..Default::default()
    };
    run::Entity::update_many()
        .set(follows)
        .filter(run::Column::Course.eq(course))
        .filter(run::Column::State.eq("draft"))
        .exec(tx)
        .await?;
    Ok(())
}

/// Whether a run of the course that is not cancelled begins at this moment: the same dates twice are
/// most likely a file that was taken in twice.
pub async fn begins_at(db: &impl ConnectionTrait, course_code: &str, moment: Ts) -> Result<bool, Error> {
    let Some(course) = course_named(db, course_code).await? else {
        return Ok(false);
    };
    let first = session::Entity::find()
        .filter(session::Column::Idx.eq(1))
        .filter(session::Column::StartsAt.eq(moment))
        .all(db)
        .await?;
    let same = run::Entity::find()
        .filter(run::Column::Course.eq(course.id))
        .filter(run::Column::State.ne("cancelled"))
        .filter(run::Column::Id.is_in(first.iter().map(|it| it.run)))
        .count(db)
        .await?;
    Ok(same > 0)
}

/// Stores a run as a draft on the published version of its course.
pub async fn add_run(tx: &DatabaseTransaction, fresh: Fresh<'_>, new: NewRun) -> Result<RunId, Error> {
    let course = course_named(tx, &new.course_code).await?;
    let course = course.ok_or_else(|| DatesRefused::NoSuchCourse(new.course_code.clone()))?;
    let meetings = meetings(&new.sessions, fresh)?;
    let (settings, days) = rules(tx).await?;
    let first = meetings.first().ok_or(DatesRefused::NoSession)?;
    let closes_at = new
        .closes_at
        .unwrap_or_else(|| booking_closes(&settings, &days, first.date));
    if new.opens_at > closes_at {
        return Err(DatesRefused::OpensAfterClosing.into());
    }
    let id = RunId(fresh());
    run::ActiveModel {
        id: Set(id),
        course: Set(course.id),
        course_version: Set(course.version),
        slug: Set(free_slug(tx, course.id, first.date).await?),
        label: Set(new.label),
        state: Set("draft".to_owned()),
        capacity: Set(new.capacity),
        min_numbers: Set(i32::try_from(settings.min_numbers).unwrap_or(i32::MAX)),
        delivery: Set(new.delivery.name().to_owned()),
        venue: Set(new.venue),
        join_url: Set(new.join_url),
        opens_at: Set(new.opens_at),
        closes_at: Set(closes_at),
        waiting_list: Set(new.waiting_list),
        offers_paused: Set(false),
        rev: Set(0),
        round: Set(1),
        next_seq: Set(1),
        change_no: Set(0),
        capacity_lowered_rev: Set(None),
        minutes_ack_by: Set(None),
        facilitators_override: Set(None),
        cancel_reason: Set(None),
        cancelled_at: Set(None),
        before_change: Set(Value::Array(Vec::new())),
    }
    .insert(tx)
    .await?;
    for it in meetings {
        session_row(id, &it).insert(tx).await?;
    }
    Ok(id)
}

/// What somebody vouches for when publishing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vouched {
    /// The teaching minutes differ from the plan, and that is meant (B-02).
    pub minutes: bool,
    /// Why the run is published without its two facilitators (B-03).
    pub without_facilitators: Option<String>,
}

/// Publishes a draft, or says what is missing first (B-01 to B-03).
pub async fn publish_run(
    tx: &DatabaseTransaction,
    now: Ts,
    id: RunId,
    vouched: Vouched,
) -> Result<(), Error> {
    let row = run::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    let candidate = Candidate::load(tx, row.ok_or(crate::state::Refusal::NotFound)?).await?;
    if let Some(first) = candidate.missing(&vouched, now).into_iter().next() {
        return Err(first.into());
    }
    let staffed = candidate.is_well_staffed();
    let mut row = candidate.row.into_active_model();
    row.state = Set("published".to_owned());
    row.facilitators_override = Set(vouched.without_facilitators.filter(|_| !staffed));
    row.update(tx).await?;
    Ok(())
}

/// Everything that stands between a run and being published, in the order of the rules (B-01 to B-03).
pub async fn missing(
    db: &impl ConnectionTrait,
    now: Ts,
    id: RunId,
    vouched: &Vouched,
) -> Result<Vec<DatesRefused>, Error> {
    let row = run::Entity::find_by_id(id).one(db).await?;
    let candidate = Candidate::load(db, row.ok_or(crate::state::Refusal::NotFound)?).await?;
    Ok(candidate.missing(vouched, now))
}

/// Notes who says that teaching minutes unlike the plan are meant (B-02).
pub async fn acknowledge_minutes(tx: &DatabaseTransaction, id: RunId, by: PersonId) -> Result<(), Error> {
    let row = run::ActiveModel {
        id: Set(id),
        minutes_ack_by: Set(Some(by)),
        ..Default::default()
    };
    row.update(tx).await?;
    Ok(())
}

/// A run with what decides whether it can be published.
struct Candidate {
    row: run::Model,
    version: course_version::Model,
    meetings: Vec<Meeting>,
    /// Of the facilitators who are confirmed.
    parts: Vec<String>,
}

impl Candidate {
    async fn load(db: &impl ConnectionTrait, row: run::Model) -> Result<Self, Error> {
        let version = course_version::Entity::find_by_id(row.course_version)
            .one(db)
            .await?;
        let sessions = session::Entity::find()
            .filter(session::Column::Run.eq(row.id))
            .order_by_asc(session::Column::Idx)
            .all(db)
            .await?;
        let confirmed = facilitator::Entity::find()
            .filter(facilitator::Column::Run.eq(row.id))
            .filter(facilitator::Column::ConfirmedAt.is_not_null())
            .all(db)
            .await?;
        Ok(Self {
            row,
            version: version.ok_or(crate::state::Refusal::NotFound)?,
            meetings: sessions.iter().map(meeting).collect(),
            parts: confirmed.into_iter().map(|it| it.part).collect(),
        })
    }

    fn is_well_staffed(&self) -> bool {
        well_staffed(&self.parts.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The rules of publishing, as arithmetic.
    fn missing(&self, vouched: &Vouched, now: Ts) -> Vec<DatesRefused> {
        let (row, version, meetings) = (&self.row, &self.version, self.meetings.as_slice());
        let mut missing = Vec::new();
        if row.state != "draft" {
            missing.push(DatesRefused::NotADraft);
        }
        if version.state != "published" {
            missing.push(DatesRefused::NoPublishedVersion(version.id.to_string()));
        }
        if row.capacity < 1 {
            missing.push(DatesRefused::NoPlaces);
        }
        match meetings.first() {
            None => missing.push(DatesRefused::NoSession),
            Some(first) if first.starts_at <= now => missing.push(DatesRefused::InThePast),
            Some(_) => {}
        }
        missing.extend(not_as_the_version_asks(version, meetings));
        let (given, planned) = (
            meetings.iter().map(teaching_minutes).sum(),
            version.planned_minutes,
        );
        let meant = vouched.minutes || row.minutes_ack_by.is_some();
        if given != i64::from(planned) && !meant {
            missing.push(DatesRefused::Minutes { given, planned });
        }
        if !self.is_well_staffed() && vouched.without_facilitators.is_none() {
            missing.push(DatesRefused::Facilitators);
        }
        missing
    }
}

/// What of the number and the days of the sessions is not as the version asks (B-01).
fn not_as_the_version_asks(version: &course_version::Model, meetings: &[Meeting]) -> Vec<DatesRefused> {
    let (mut found, given) = (Vec::new(), meetings.len());
    if let Some(wanted) = version.sessions_required
        && usize::try_from(wanted) != Ok(given)
    {
        found.push(DatesRefused::WrongNumber { wanted, given });
    }
    let mut days: Vec<Date> = meetings.iter().map(|it| it.date).collect();
    days.dedup();
    if version.different_days && days.len() < given {
        found.push(DatesRefused::SameDay);
    }
    found
}

/// Whether a peer trainer and one other are confirmed (B-03).
pub(crate) fn well_staffed(parts: &[&str]) -> bool {
    parts.len() >= 2 && parts.contains(&"peer_trainer") && parts.contains(&"other")
}

/// The minutes of a session without its breaks (B-02).
pub fn teaching_minutes(it: &Meeting) -> i64 {
    (it.ends_at - it.starts_at).whole_minutes() - i64::from(it.break_minutes)
}

/// Writes new dates, times, venue or delivery for a run (B-04, B-50). Sessions that have begun stay as
/// they are, and what is published keeps the number and the days that its version asks for (B-01). The caller then lets the allocator note the change and settle, in the same transaction.
pub async fn reschedule(
    tx: &DatabaseTransaction,
    now: Ts,
    fresh: Fresh<'_>,
    id: RunId,
    sessions: &[NewSession],
    place: Option<(Delivery, Option<String>)>,
) -> Result<(), Error> {
    let row = run::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    let row = row.ok_or(crate::state::Refusal::NotFound)?;
    let old = session::Entity::find()
        .filter(session::Column::Run.eq(id))
        .order_by_asc(session::Column::Idx)
        .all(tx)
        .await?;
    if old.len() != sessions.len() && has_bookings(tx, id).await? {
        return Err(DatesRefused::HasBookings.into());
    }
    let new = meetings(sessions, fresh)?;
    let before: Vec<Meeting> = old.iter().map(meeting).collect();
    begun_stay(&before, &new, now)?;
    if row.state == "published" {
        let version = course_version::Entity::find_by_id(row.course_version)
            .one(tx)
            .await?;
        let wrong = version.map(|it| not_as_the_version_asks(&it, &new));
        if let Some(why) = wrong.into_iter().flatten().next() {
            return Err(why.into());
        }
    }
    let (settings, days) = rules(tx).await?;
    let closes = |it: &Meeting| booking_closes(&settings, &days, it.date);
    let first = new.first().ok_or(DatesRefused::NoSession)?;
    let by_default = before.first().is_some_and(|it| closes(it) == row.closes_at);
    let opens_at = row.opens_at;
    let replaced = Before {
        delivery: Delivery::named(&row.delivery),
        venue: row.venue.clone(),
        sessions: before.clone(),
    };
    let mut row = row.into_active_model();
    if by_default {
        row.closes_at = Set(closes(first).max(opens_at));
    }
    row.before_change = Set(serde_json::to_value(&replaced).unwrap_or_default());
    let minutes = |all: &[Meeting]| all.iter().map(teaching_minutes).sum::<i64>();
    if minutes(&before) != minutes(&new) {
        // Whoever said that the old minutes are meant has not said so of the new ones (B-02).
        row.minutes_ack_by = Set(None);
    }
    if let Some((delivery, venue)) = place {
        row.delivery = Set(delivery.name().to_owned());
        row.venue = Set(venue);
    }
    row.update(tx).await?;
    for it in &new {
        let known = before.iter().find(|old| old.idx == it.idx);
        match known {
            Some(old) => session_row(id, &Meeting { id: old.id, ..*it })
                .update(tx)
                .await
                .map(|_| ())?,
            None => session_row(id, it).insert(tx).await.map(|_| ())?,
        }
    }
    for gone in before
        .iter()
        .filter(|old| !new.iter().any(|it| it.idx == old.idx))
    {
        session::Entity::delete_by_id(gone.id).exec(tx).await?;
    }
    Ok(())
}

/// A session that has begun keeps its date, its times and its number, and no other moves into the past.
fn begun_stay(before: &[Meeting], new: &[Meeting], now: Ts) -> Result<(), DatesRefused> {
    let same = |a: &Meeting, b: &Meeting| {
        (a.idx, a.starts_at, a.ends_at, a.break_minutes) == (b.idx, b.starts_at, b.ends_at, b.break_minutes)
    };
    for (at, old) in before.iter().enumerate().filter(|(_, old)| old.starts_at <= now) {
        if !new.iter().any(|it| same(it, old)) {
            return Err(DatesRefused::HasBegun(at + 1));
        }
    }
    let past = |it: &Meeting| it.starts_at <= now && !before.iter().any(|old| same(it, old));
    match new.iter().position(past) {
        Some(at) => Err(DatesRefused::MovesIntoThePast(at + 1)),
        None => Ok(()),
    }
}

async fn has_bookings(db: &impl ConnectionTrait, id: RunId) -> Result<bool, Error> {
    let found = booking::Entity::find()
        .filter(booking::Column::Run.eq(id))
        .count(db)
        .await?;
    Ok(found > 0)
}

fn session_row(run: RunId, it: &Meeting) -> session::ActiveModel {
    session::ActiveModel {
        id: Set(it.id),
        run: Set(run),
        idx: Set(it.idx),
        local_date: Set(it.date),
        local_start: Set(it.start),
        local_end: Set(it.end),
        starts_at: Set(it.starts_at),
        ends_at: Set(it.ends_at),
        break_minutes: Set(it.break_minutes),
    }
}

/// Sessions with their moments (B-95), in order and without overlap (B-01).
fn meetings(sessions: &[NewSession], fresh: Fresh<'_>) -> Result<Vec<Meeting>, DatesRefused> {
    let mut found: Vec<Meeting> = Vec::new();
    for (at, it) in sessions.iter().enumerate() {
        let number = at + 1;
        let when =
            |time| london::moment(it.date, time).map_err(|why| DatesRefused::NotOneMoment(number, why));
        let (starts_at, ends_at) = (when(it.start)?, when(it.end)?);
        if ends_at <= starts_at {
            return Err(DatesRefused::EndsBeforeStart(number));
        }
        if found.last().is_some_and(|before| starts_at < before.ends_at) {
            return Err(DatesRefused::Overlap(number, at));
        }
        found.push(Meeting {
            id: SessionId(fresh()),
            idx: i32::try_from(number).unwrap_or(i32::MAX),
            date: it.date,
            start: it.start,
            end: it.end,
            starts_at,
            ends_at,
            break_minutes: it.break_minutes,
        });
    }
    if found.is_empty() {
        Err(DatesRefused::NoSession)
    } else {
        Ok(found)
    }
}

/// A word for the address: the first day, and a number if two runs begin that day.
async fn free_slug(db: &impl ConnectionTrait, course: CourseId, first: Date) -> Result<String, Error> {
    let month = first.month().to_string().to_lowercase();
    let plain = format!("{}-{month}-{}", first.day(), first.year());
    let mut slug = plain.clone();
    let mut number = 1;
    loop {
        let taken = run::Entity::find()
            .filter(run::Column::Course.eq(course))
            .filter(run::Column::Slug.eq(&slug))
            .one(db)
            .await?;
        if taken.is_none() {
            return Ok(slug);
        }
        number += 1;
        slug = format!("{plain}-{number}");
    }
}

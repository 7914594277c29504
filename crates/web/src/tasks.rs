//! Work for people: what cannot be done by mail is a task for the team, never silence (B-90, B-91).

use ids::Ts;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder,
};
use uuid::Uuid;

use crate::entity::team_task;
use crate::error::Error;
use crate::work::Work;

pub(crate) mod ended;
pub(crate) mod late_register;
pub(crate) mod many_records;
pub(crate) mod missed;
pub(crate) mod outcome;
pub(crate) mod review;
pub(crate) mod unanswered;

/// The kinds of tasks (B-91).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskKind {
    /// Phone down the waiting list of a run.
    PhoneList,
    /// Offer a place by phone.
    PhoneOffer,
    /// Somebody did not come: ask if they are OK (B-64).
    PhoneMissed,
    /// Somebody did not answer a change of dates (B-50).
    PhoneChange,
    /// A register is not saved (B-62).
    AttendanceLate,
    /// A mail failed for good: tell the person by phone.
    PhoneMailFailed,
    /// Tell by phone or letter what others are told by mail.
    PhoneOrLetter,
    /// A call before the course.
    PreCourseCall,
    /// Arrange what helps somebody to take part.
    ArrangeNeed,
    /// Two records may be one person.
    PossibleDuplicate,
    /// Somebody of the team has opened the records of many people: for leads to ask about (T-11).
    ManyRecords,
    /// Dates are over: look back at them with a peer (B-81).
    RunReview,
    /// The text of a course was approved too long ago (B-81).
    VersionReview,
}

impl TaskKind {
    /// Every kind.
    pub(crate) const ALL: [Self; 13] = [
        Self::PhoneList,
        Self::PhoneOffer,
        Self::PhoneMailFailed,
        Self::PhoneOrLetter,
        Self::PreCourseCall,
        Self::ArrangeNeed,
        Self::PossibleDuplicate,
        Self::PhoneMissed,
        Self::AttendanceLate,
        Self::PhoneChange,
        Self::ManyRecords,
        Self::RunReview,
        Self::VersionReview,
    ];

    /// The kind with this word.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Whether it cannot wait: it is about places on days that are near (T02).
    pub(crate) fn is_urgent(self) -> bool {
        matches!(self, Self::PhoneList | Self::PhoneChange)
    }

    /// The word in records.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PhoneList => "phone_list",
            Self::PhoneOffer => "phone_offer",
            Self::AttendanceLate => "attendance_late",
            Self::PhoneMissed => "phone_missed",
            Self::PhoneChange => "phone_change",
            Self::PhoneMailFailed => "phone_mail_failed",
            Self::PhoneOrLetter => "phone_or_letter",
            Self::PreCourseCall => "pre_course_call",
            Self::ArrangeNeed => "arrange_need",
            Self::PossibleDuplicate => "possible_duplicate",
            Self::ManyRecords => "many_records",
            Self::RunReview => "run_review",
            Self::VersionReview => "version_review",
        }
    }
}

/// Writes a task down; the same task twice is one.
pub(crate) async fn add(
    work: &Work,
    kind: TaskKind,
    about: Uuid,
    occasion: &str,
    due: Ts,
) -> Result<(), Error> {
    let row = team_task::ActiveModel {
        id: Set(work.fresh_id()),
        kind: Set(kind.name().to_owned()),
        about: Set(about),
        occasion: Set(occasion.to_owned()),
        created_at: Set(work.now()),
        due: Set(due),
        urgent: Set(kind.is_urgent()),
        assignee: Set(None),
        state: Set("open".to_owned()),
        outcome: Set(None),
        note: Set(None),
    };
    let there = OnConflict::columns([
        team_task::Column::Kind,
        team_task::Column::About,
        team_task::Column::Occasion,
    ])
    .do_nothing()
    .to_owned();
    team_task::Entity::insert(row)
        .on_conflict(there)
        .exec_without_returning(work.tx())
        .await?;
    Ok(())
}

/// Opens the newest task of this kind about this record again, or writes one down if there is none:
/// what was arranged for old dates has to be arranged for new ones.
pub(crate) async fn again(
    work: &Work,
    kind: TaskKind,
    about: Uuid,
    occasion: &str,
    due: Ts,
) -> Result<(), Error> {
    let Some(newest) = newest(work.tx(), kind, about).await? else {
        return add(work, kind, about, occasion, due).await;
    };
    let mut row = newest.into_active_model();
    (row.due, row.state, row.outcome) = (Set(due), Set("open".to_owned()), Set(None));
    row.update(work.tx()).await?;
    Ok(())
}

/// The newest task of this kind about this record, whatever became of it.
pub(crate) async fn newest(
    db: &impl ConnectionTrait,
    kind: TaskKind,
    about: Uuid,
) -> Result<Option<team_task::Model>, Error> {
    Ok(team_task::Entity::find()
        .filter(team_task::Column::Kind.eq(kind.name()))
        .filter(team_task::Column::About.eq(about))
        .order_by_desc(team_task::Column::CreatedAt)
        .order_by_desc(team_task::Column::Id)
        .one(db)
        .await?)
}

/// Whether a task of this kind about this record is open.
pub(crate) async fn is_open(db: &impl ConnectionTrait, kind: TaskKind, about: Uuid) -> Result<bool, Error> {
    let open = team_task::Entity::find()
        .filter(team_task::Column::Kind.eq(kind.name()))
        .filter(team_task::Column::About.eq(about))
        .filter(team_task::Column::State.eq("open"))
        .count(db)
        .await?;
    Ok(open > 0)
}

//! Who was there: marks are added, never changed; the last one counts.

pub mod first_day;
pub mod outcome;
mod record;
mod register;
pub mod rules;

use ids::{BookingId, PersonId, SessionId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use thiserror::Error;

use crate::allocator::Fresh;
use crate::entity::{attendance, place, session};
use crate::error::{Corrupt, Error};
use crate::state::Refusal;
pub use first_day::{FirstDay, LetIn};
pub use record::{Changed, Hand, Said, record};
pub use register::{Register, Row, on_the_day_of, register, unmarked};

/// What is recorded of one person in one session (B-60).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// From the start, or nearly.
    Present,
    /// Came after more than 15 minutes.
    Late,
    /// Went before the end.
    LeftEarly,
    /// Told us that they cannot come.
    Apologies,
    /// Did not come, and we do not know why.
    Absent,
    /// Could not be there for a good reason, our own technical failure among them.
    Excused,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 6] = [
        Self::Present,
        Self::Late,
        Self::LeftEarly,
        Self::Apologies,
        Self::Absent,
        Self::Excused,
    ];

    /// The word in records and forms.
    pub fn name(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Late => "late",
            Self::LeftEarly => "left_early",
            Self::Apologies => "apologies",
            Self::Absent => "absent",
            Self::Excused => "excused",
        }
    }

    /// The code with this word.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Whether the person was there for some of the time.
    pub fn was_there(self) -> bool {
        match self {
            Self::Present | Self::Late | Self::LeftEarly => true,
            Self::Apologies | Self::Absent | Self::Excused => false,
        }
    }
}

/// One mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What was recorded.
    pub code: Code,
    /// How long they were there, without breaks.
    pub minutes: i64,
    /// Why it was corrected.
    pub reason: Option<String>,
    /// Who recorded it; nobody if the person told us on their own page.
    pub by: Option<PersonId>,
    /// When.
    pub at: Ts,
}

impl Mark {
    pub(crate) fn of(row: &attendance::Model) -> Result<Self, Corrupt> {
        let code = Code::named(&row.code).ok_or_else(|| Corrupt {
            table: "attendance",
            id: row.id.to_string(),
            why: "has a code we do not know".to_owned(),
        })?;
        Ok(Self {
            code,
            minutes: i64::from(row.minutes),
            reason: row.reason.clone(),
            by: row.by_person,
            at: row.at,
        })
    }
}

/// Why a mark was not recorded; nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotRecorded {
    /// Too early (B-60).
    #[error("the register opens at {0}")]
    NotOpen(Ts),
    /// What was recorded before changes (B-62).
    #[error("a correction needs a reason")]
    NeedsReason,
    /// The day is too long ago (B-62).
    #[error("corrections of that day are for a lead now")]
    LeadOnly,
    /// More than the session has, or none where some are needed.
    #[error("the minutes must be from 1 to {0}")]
    Minutes(i64),
    /// They missed day 1, and nobody lets them into day 2 (B-63).
    #[error("they missed day 1, and nobody lets them in")]
    KeptOut(BookingId),
    /// Somebody else recorded something meanwhile, and it differs.
    #[error("the register changed meanwhile")]
    Clash,
}

/// Records "I cannot come" for one session, until that session ends (B-31).
pub async fn send_apologies(
    tx: &DatabaseTransaction,
    now: Ts,
    fresh: Fresh<'_>,
    booking: BookingId,
    of: SessionId,
) -> Result<(), Error> {
    let meeting = session::Entity::find_by_id(of)
        .one(tx)
        .await?
        .ok_or(Refusal::NotFound)?;
    let held = place::Entity::find()
        .filter(place::Column::Session.eq(of))
        .filter(place::Column::Booking.eq(booking))
        .one(tx)
        .await?;
    if held.is_none() {
        return Err(Refusal::NotFound.into());
    }
    if meeting.ends_at <= now {
        return Err(Refusal::Ended.into());
    }
    // Whoever was seen there does not undo that by a press on their own page.
    let last = register::marks(tx, of, booking).await?.pop();
    if last.is_some_and(|it| it.by.is_some() && it.code.was_there()) {
        return Err(Refusal::Ended.into());
    }
    let told = Mark {
        code: Code::Apologies,
        minutes: 0,
        reason: None,
        by: None,
        at: now,
    };
    add(tx, fresh, booking, of, told).await
}

/// Adds a mark after those that are there.
async fn add(
    tx: &DatabaseTransaction,
    fresh: Fresh<'_>,
    booking: BookingId,
    of: SessionId,
    mark: Mark,
) -> Result<(), Error> {
    let before = attendance::Entity::find()
        .filter(attendance::Column::Session.eq(of))
        .filter(attendance::Column::Booking.eq(booking))
        .count(tx)
        .await?;
    attendance::ActiveModel {
        id: Set(fresh()),
        session: Set(of),
        booking: Set(booking),
        n: Set(i32::try_from(before).unwrap_or(i32::MAX - 1) + 1),
        code: Set(mark.code.name().to_owned()),
        minutes: Set(i32::try_from(mark.minutes).unwrap_or(i32::MAX)),
        reason: Set(mark.reason),
        by_person: Set(mark.by),
        at: Set(mark.at),
    }
    .insert(tx)
    .await?;
    Ok(())
}

//! Mail to be sent: written as parameters in the change that causes it, rendered when it is claimed.
//!
//! A row says what kind of mail, about which record, to whom and on which occasion: no text, no link.
//! The same mail written twice is one row.

pub(crate) mod calendar_invite;
pub(crate) mod facts;
pub(crate) mod letter;
#[cfg(test)]
pub(crate) mod office;
pub(crate) mod render;
pub(crate) mod resend;
pub(crate) mod send;
#[cfg(test)]
mod smtp_test;
pub(crate) mod trial;
pub(crate) mod wrap;

use ids::{MailId, Ts};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::EntityTrait;
use sea_orm::sea_query::OnConflict;
use serde_json::Value;
use uuid::Uuid;

use crate::entity::outbox_mail;
use crate::error::Error;
use crate::work::Work;

/// The kinds of mail; each has a folder of templates with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// M01
    ConfirmEmail,
    /// M02
    ConfirmReminder,
    /// M03
    Booked,
    /// M04
    Lapsed,
    /// M05
    Waiting,
    /// M06
    Offer,
    /// M07
    OfferOver,
    /// M08
    StillInterested,
    /// M09
    ListClosed,
    /// M10
    NextWeek,
    /// M11
    Tomorrow,
    /// M12
    RunChanged,
    /// M12, when only the joining link is new (B-51)
    NewJoiningLink,
    /// M13
    RunCancelled,
    /// M14
    Cancelled,
    /// M15
    CancelledByTeam,
    /// M16
    Moved,
    /// M17
    Missed,
    /// M19
    Feedback,
    /// M20
    NewDates,
    /// M21
    YourLinks,
    /// M23
    ConfirmNewDates,
    /// A new address is to be confirmed (T-26).
    ConfirmAddress,
    /// A form to carry on with.
    ResumeDraft,
    /// T-26
    BookingDetailsChanged,
    /// T-12
    LogInCode,
    /// An invitation to the team.
    Invited,
    /// T-20
    NewLogIn,
    /// T-15
    SecondStepReset,
    /// A test of somebody of the team to themselves.
    Trial,
    /// T-10
    AccessChanged,
    /// F01
    Facilitation,
    /// F02
    RegisterSoon,
    /// F03
    RegisterLate,
    /// T01
    TodaysList,
    /// T02
    PhoneToday,
    /// T03
    CalledOff,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 37] = [
        Self::ConfirmEmail,
        Self::ConfirmReminder,
        Self::Booked,
        Self::Lapsed,
        Self::Waiting,
        Self::Offer,
        Self::OfferOver,
        Self::StillInterested,
        Self::ListClosed,
        Self::NextWeek,
        Self::Tomorrow,
        Self::RunChanged,
        Self::NewJoiningLink,
        Self::RunCancelled,
        Self::Cancelled,
        Self::CancelledByTeam,
        Self::Moved,
        Self::Missed,
        Self::Feedback,
        Self::NewDates,
        Self::YourLinks,
        Self::ConfirmNewDates,
        Self::ConfirmAddress,
        Self::ResumeDraft,
        Self::BookingDetailsChanged,
        Self::LogInCode,
        Self::Invited,
        Self::NewLogIn,
        Self::SecondStepReset,
        Self::Trial,
        Self::AccessChanged,
        Self::Facilitation,
        Self::RegisterSoon,
        Self::RegisterLate,
        Self::TodaysList,
        Self::PhoneToday,
        Self::CalledOff,
    ];

    /// The word in records and the folder of templates.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ConfirmEmail => "confirm_email",
            Self::ConfirmReminder => "confirm_reminder",
            Self::Booked => "booked",
            Self::Lapsed => "lapsed",
            Self::Waiting => "waiting",
            Self::Offer => "offer",
            Self::OfferOver => "offer_over",
            Self::StillInterested => "still_interested",
            Self::ListClosed => "list_closed",
            Self::NextWeek => "next_week",
            Self::Tomorrow => "tomorrow",
            Self::RunChanged => "run_changed",
            Self::NewJoiningLink => "new_joining_link",
            Self::RunCancelled => "run_cancelled",
            Self::Cancelled => "cancelled",
            Self::CancelledByTeam => "cancelled_by_team",
            Self::Moved => "moved",
            Self::Missed => "missed",
            Self::Feedback => "feedback",
            Self::NewDates => "new_dates",
            Self::YourLinks => "your_links",
            Self::ConfirmNewDates => "confirm_new_dates",
            Self::ConfirmAddress => "confirm_address",
            Self::ResumeDraft => "resume_draft",
            Self::BookingDetailsChanged => "booking_details_changed",
            Self::LogInCode => "log_in_code",
            Self::Invited => "invited",
            Self::NewLogIn => "new_log_in",
            Self::SecondStepReset => "second_step_reset",
            Self::Trial => "trial",
            Self::AccessChanged => "access_changed",
            Self::Facilitation => "facilitation",
            Self::RegisterSoon => "register_soon",
            Self::RegisterLate => "register_late",
            Self::TodaysList => "todays_list",
            Self::PhoneToday => "phone_today",
            Self::CalledOff => "called_off",
        }
    }

    /// The kind with this word.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// A mail to be written down.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mail {
    /// Which mail.
    pub kind: Kind,
    /// The record it is about: a booking, an offer's booking, a draft, a registration.
    pub about: Uuid,
    /// The one address it goes to.
    pub recipient: String,
    /// What makes it this mail and not another of the kind: an event, a change, a request.
    pub occasion: String,
    /// When it should leave.
    pub due_at: Ts,
    /// What only this mail knows, such as the booking that was replaced.
    pub parameters: Value,
}

/// Writes a mail down; the same mail twice is one.
pub(crate) async fn write(work: &Work, mail: Mail) -> Result<(), Error> {
    let row = outbox_mail::ActiveModel {
        seq: NotSet,
        id: Set(MailId(work.fresh_id())),
        kind: Set(mail.kind.name().to_owned()),
        about: Set(mail.about),
        recipient: Set(mail.recipient),
        occasion: Set(mail.occasion),
        parameters: Set(mail.parameters),
        created_at: Set(work.now()),
        due_at: Set(mail.due_at),
        next_try_at: Set(mail.due_at),
        state: Set("queued".to_owned()),
        tries: Set(0),
        leased_until: Set(None),
        leased_by: Set(None),
        rendered: Set(None),
        settled_at: Set(None),
        reason: Set(None),
    };
    let there = OnConflict::columns([
        outbox_mail::Column::Kind,
        outbox_mail::Column::About,
        outbox_mail::Column::Recipient,
        outbox_mail::Column::Occasion,
    ])
    .do_nothing()
    .to_owned();
    outbox_mail::Entity::insert(row)
        .on_conflict(there)
        .exec_without_returning(work.tx())
        .await?;
    Ok(())
}

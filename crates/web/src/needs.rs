//! What helps people to take part, as work: each need has somebody who looks after it, a day by which it
//! should be arranged, and a status (B-88).

use booking::{State, bookings};
use ids::{BookingId, RunId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::entity::access_need;
use crate::error::Error;
use crate::public::questions::{self, NEEDS};

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

/// "BSL interpreter (in the mornings)".
pub(crate) fn said(it: &Need) -> String {
    let what = questions::words(&NEEDS, &it.code);
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

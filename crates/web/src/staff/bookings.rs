//! Bookings as the team sees them: a list to search, everything about one, and what can be done for the
//! person who calls or writes.

mod acts;
mod catch_up;
mod certificate;
mod list;
mod new;
mod one;

use axum_extra::routing::TypedPath;
use booking::calendar::{self, RunDates};
use booking::{BookingRecord, bookings};
use sea_orm::ConnectionTrait;
use serde::Deserialize;

use crate::error::Error;
use crate::people::{self, Person};
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::TEAM;

#[cfg(test)]
pub(super) use one::sample_mail;

/// `/team/bookings`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/bookings")]
pub(crate) struct BookingsPath;

/// `/team/bookings/new`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/bookings/new")]
pub(crate) struct NewPath;

/// `/team/bookings/{reference}`: what people say on the phone, with a dash instead of the gap.
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/bookings/{reference}")]
pub(crate) struct BookingPath {
    reference: String,
}

/// `/team/bookings/{reference}/{act}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/bookings/{reference}/{act}")]
struct ActPath {
    reference: String,
    act: String,
}

impl BookingPath {
    /// The page of the booking with this reference.
    pub(crate) fn of(reference: &str) -> Self {
        let reference = reference.replace(' ', "-");
        Self { reference }
    }
}

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<BookingsPath, _, _>(Who::Roles(TEAM), list::show)
        .get::<NewPath, _, _>(Who::Roles(TEAM), new::ask)
        .post::<NewPath, _, _>(Who::Roles(TEAM), new::book)
        .get::<BookingPath, _, _>(Who::Roles(TEAM), one::show)
        .get::<ActPath, _, _>(Who::Roles(TEAM), acts::ask)
        .post::<ActPath, _, _>(Who::Roles(TEAM), acts::answer)
        .and(certificate::routes())
        .and(catch_up::routes())
}

/// One booking with its person and dates.
#[derive(Clone, Debug)]
struct Found {
    record: BookingRecord,
    person: Person,
    run: RunDates,
}

impl Found {
    /// By its reference as it is in a path.
    async fn named(db: &impl ConnectionTrait, reference: &str) -> Result<Self, Error> {
        let record = bookings::with_reference(db, &reference.replace('-', " ")).await?;
        let record = record.ok_or(Error::NotFound)?;
        let person = people::find(db, record.person).await?.ok_or(Error::NotFound)?;
        let run = calendar::run_dates(db, record.run)
            .await?
            .ok_or(Error::NotFound)?;
        Ok(Self { record, person, run })
    }

    fn path(&self) -> String {
        BookingPath::of(&self.record.reference).to_string()
    }

    /// Whether this is the booking of whoever is looking: nobody acts on their own as staff (T-08).
    fn is_own(&self, me: &SignedIn) -> bool {
        is_own(me, &self.person)
    }
}

/// Whether this is somebody's own record: the same row, one that became part of it, or one with the
/// address they log in with (T-08).
pub(super) fn is_own(me: &SignedIn, person: &Person) -> bool {
    person.id == me.person
        || person.merged_into == Some(me.person)
        || person.email.as_deref() == Some(me.email.as_str())
}

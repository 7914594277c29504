//! Staff put right an address that was mistyped, and confirm for the person (B-22, S6).

use booking::{Actor, Asked, Cause, Change, Channel, State, bookings};
use ids::BookingId;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, IntoActiveModel};

use super::address::Address;
use crate::app::App;
use crate::audit::{Act, Doer};
use crate::error::Error;
use crate::links::{self, Stopped};
use crate::outbox::facts::Parameters;
use crate::public::find::write_links;
use crate::work::Work;

impl App {
    /// Gives a booking's person another address, on the phone, and confirms the booking. Links that went
    /// to the wrong address were never there (T-23). Refused, with nothing changed, if the booking
    /// cannot be confirmed any more; `Error::BadForm` for what is no address.
    pub async fn correct_address(&self, booking: BookingId, address: &str) -> Result<(), Error> {
        let address: Address = address
            .parse()
            .map_err(|_| Error::BadForm("it is not an email address".to_owned()))?;
        let cause = Cause {
            actor: Actor::Team(None),
            channel: Channel::Phone,
            reason: None,
        };
        self.change(async |work| correct(&work, booking, &address, cause.clone()).await)
            .await
    }
}

/// The same as part of a change. Whoever has their place or waits already is sent their links; every
/// other link of the person that went to the old address stops too.
pub(crate) async fn correct(
    work: &Work,
    id: BookingId,
    address: &Address,
    cause: Cause,
) -> Result<(), Error> {
    let record = bookings::find(work.tx(), id).await?.ok_or(Error::NotFound)?;
    let person = super::find(work.tx(), record.person)
        .await?
        .ok_or(Error::NotFound)?;
    let mut person = person.into_active_model();
    person.email = Set(Some(address.to_string()));
    person.email_bad = Set(false);
    person.email_proven_at = Set(None);
    person.new_email = Set(None);
    person.update(work.tx()).await?;
    work.note(Act {
        doer: Doer::of(cause.actor, record.person),
        what: "address_corrected",
        about: ("booking", id.0.to_string()),
        whose: Some(record.person),
        reason: None,
    });
    for it in bookings::of_person(work.tx(), record.person).await? {
        if it.id == id || it.state.is_live() {
            links::renew_all(work, it.id, Stopped::Corrected).await?;
        }
    }
    if matches!(
        record.state,
        State::Booked | State::Waiting | State::Offered { .. }
    ) {
        return write_links(work, address, Parameters::default()).await;
    }
    let asked = Asked {
        change: Change::Confirm(id, None),
        cause,
        details: None,
    };
    work.allocate(record.run, asked).await.map(|_| ())
}

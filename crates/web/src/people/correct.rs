//! Staff put right an address that was mistyped, and confirm for the person (B-22, S6).

use booking::{Actor, Asked, Cause, Change, Channel, bookings};
use ids::BookingId;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, IntoActiveModel};

use super::address::Address;
use crate::app::App;
use crate::error::Error;
use crate::links::{self, Stopped};
use crate::work::Work;

impl App {
    /// Gives a booking's person another address, on the phone, and confirms the booking. Links that went
    /// to the wrong address were never there (T-23). Refused, with nothing changed, if the booking
    /// cannot be confirmed any more; `Error::BadForm` for what is no address.
    pub async fn correct_address(&self, booking: BookingId, address: &str) -> Result<(), Error> {
        let address: Address = address
            .parse()
            .map_err(|_| Error::BadForm("it is not an email address".to_owned()))?;
        self.change(async |work| correct(&work, booking, &address).await)
            .await
    }
}

async fn correct(work: &Work, id: BookingId, address: &Address) -> Result<(), Error> {
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
    links::renew_all(work, id, Stopped::Corrected).await?;
    let asked = Asked {
        change: Change::Confirm(id, None),
        cause: Cause {
            actor: Actor::Team(None),
            channel: Channel::Phone,
            reason: None,
        },
        details: None,
    };
    work.allocate(record.run, asked).await.map(|_| ())
}

//! "Your feedback, if you wish": one mail to whoever came and has not answered a week after the last day
//! (B-80, M19). Nobody is called or written to in its place: it asks for a kindness, and once.

use booking::attendance::outcome::{self, Outcome};
use booking::{bookings, calendar, deadlines, evaluation};
use ids::BookingId;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::app::App;
use crate::entity::outbox_mail;
use crate::error::Error;
use crate::outbox::facts::Parameters;
use crate::outbox::{self, Kind, Mail};
use crate::people;
use crate::work::Work;

/// The one occasion of this mail.
const ONCE: &str = "once";

/// Writes the mail to each who is due one.
pub(crate) async fn look(app: &App) -> Result<(), Error> {
    let db = app.reader();
    let unanswered = evaluation::unanswered(db, app.now()).await?;
    let asked = asked(db, unanswered.iter().map(|it| it.0)).await?;
    for (booking, _) in unanswered.into_iter().filter(|it| !asked.contains(&it.0.0)) {
        // Whoever was never there has nothing to say about it, and would rather not be asked.
        let went = outcome::of_booking(db, booking).await?;
        if matches!(went, Some(Outcome::Completed | Outcome::PartAttended)) {
            app.change(async |work| write(&work, booking).await).await?;
        }
    }
    Ok(())
}

/// Those of these bookings to which the mail was written.
async fn asked(
    db: &impl ConnectionTrait,
    of: impl Iterator<Item = BookingId>,
) -> Result<Vec<uuid::Uuid>, Error> {
    Ok(outbox_mail::Entity::find()
        .select_only()
        .column(outbox_mail::Column::About)
        .filter(outbox_mail::Column::Kind.eq(Kind::Feedback.name()))
        .filter(outbox_mail::Column::About.is_in(of.map(|it| it.0)))
        .into_tuple()
        .all(db)
        .await?)
}

async fn write(work: &Work, booking: BookingId) -> Result<(), Error> {
    let record = bookings::find(work.tx(), booking).await?.ok_or(Error::NotFound)?;
    let person = people::find(work.tx(), record.person)
        .await?
        .ok_or(Error::NotFound)?;
    let Some(address) = person.usable_email() else {
        return Ok(());
    };
    let (settings, _) = calendar::rules(work.tx()).await?;
    let mail = Mail {
        kind: Kind::Feedback,
        about: booking.0,
        recipient: address.to_owned(),
        occasion: ONCE.to_owned(),
        due_at: deadlines::by_day(&settings, work.now()),
        parameters: Parameters::default().into_value(),
    };
    outbox::write(work, mail).await
}

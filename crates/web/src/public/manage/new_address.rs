//! An address that somebody wants to use from now on: it counts once its mailbox has answered (T-26).
//!
//! Until then everything stays as it was: mail goes to the old address and the links there open the
//! booking, so that a slip in the new address costs nobody a place. Whoever got the mail by such a slip
//! says "I did not ask for this", and nothing has happened.

use axum::extract::State as Extracted;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::bookings;
use ids::{BookingId, PersonId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::Duration;

use super::details::tell_owner;
use super::question::Question;
use super::{Choice, Held, Row, Sent};
use crate::app::App;
use crate::entity::{outbox_mail, person};
use crate::error::Error;
use crate::forms::Fields;
use crate::links::{self, Purpose, Stopped};
use crate::outbox::facts::Parameters;
use crate::outbox::{self, Kind, Mail};
use crate::pages::Page;
use crate::people::matching;
use crate::public::find::write_links;
use crate::routes::{Routes, Who};
use crate::visitor::Visitor;
use crate::words;
use crate::work::Work;

/// How long the link in the mail to a new address lives.
const LIVES: Duration = Duration::days(7);

/// `/address/{token}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/address/{token}")]
pub(crate) struct NewAddressPath {
    pub token: String,
}

pub(super) fn routes() -> Routes {
    let who = Who::LinkHolder;
    Routes::default()
        .get::<NewAddressPath, _, _>(who, ask)
        .post::<NewAddressPath, _, _>(who, answer)
}

/// Notes the address that a person wants to use and asks there. A link to an address asked for before
/// stops.
pub(super) async fn want(work: &Work, booking: BookingId, of: PersonId, address: &str) -> Result<(), Error> {
    let row = person::ActiveModel {
        id: Set(of),
        new_email: Set(Some(address.to_owned())),
        ..Default::default()
    };
    row.update(work.tx()).await?;
    let ends_at = work.now() + LIVES;
    links::renew_until(work, Purpose::NewAddress, booking.0, Stopped::Renewed, ends_at).await?;
    let mail = Mail {
        kind: Kind::ConfirmAddress,
        about: booking.0,
        recipient: address.to_owned(),
        occasion: work.fresh_id().to_string(),
        due_at: work.now(),
        parameters: json!({}),
    };
    outbox::write(work, mail).await
}

/// What became of the address that a link asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Became {
    /// Nobody has answered.
    Asked,
    /// It is the person's address now.
    Theirs,
    /// It is not used: somebody said no, or another address is wanted.
    Left,
}

fn became(held: &Held, asked: &str) -> Became {
    let is = |it: &Option<String>| it.as_deref() == Some(asked);
    if is(&held.person.new_email) {
        Became::Asked
    } else if is(&held.person.email) {
        Became::Theirs
    } else {
        Became::Left
    }
}

/// The address that the newest mail about a new address went to.
async fn asked(db: &impl ConnectionTrait, booking: BookingId) -> Result<String, Error> {
    use sea_orm::QueryOrder;
    let mail = outbox_mail::Entity::find()
        .filter(outbox_mail::Column::About.eq(booking.0))
        .filter(outbox_mail::Column::Kind.eq(Kind::ConfirmAddress.name()))
        .order_by_desc(outbox_mail::Column::Seq)
        .one(db)
        .await?;
    mail.map(|it| it.recipient).ok_or(Error::LinkOver)
}

async fn ask(
    NewAddressPath { token }: NewAddressPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::NewAddress, &token).await?;
    show(&app, &held, false).await
}

async fn show(app: &App, held: &Held, again: bool) -> Result<Response, Error> {
    let address = asked(app.reader(), held.record.id).await?;
    match became(held, &address) {
        Became::Asked if again => question(app, held).again().show(app).await,
        Became::Asked => question(app, held).show(app).await,
        other @ (Became::Theirs | Became::Left) => {
            let page = AnsweredPage {
                dates: words::dates(&held.run.sessions),
                theirs: other == Became::Theirs,
            };
            app.page_with(StatusCode::OK, &page).await
        }
    }
}

fn question(app: &App, held: &Held) -> Question {
    let choices = vec![
        Choice::new("yes", "Yes, use this address"),
        Choice::new("not_me", "I did not ask for this"),
    ];
    let rows = vec![Row::new("Dates", words::dates(&held.run.sessions))];
    Question {
        legend: "Is this your email address?".to_owned(),
        ..Question::new(app, "Please confirm your email address", path(held), choices)
            .about(rows)
            .saying(&["Someone asked us to use this address for a booking on these dates."])
    }
}

/// The question to look at.
#[cfg(test)]
pub(super) fn samples(app: &App) -> Vec<Question> {
    vec![question(app, &super::tests::held(booking::State::Booked, true))]
}

fn path(held: &Held) -> String {
    NewAddressPath {
        token: held.token.clone(),
    }
    .to_string()
}

async fn answer(
    NewAddressPath { token }: NewAddressPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::NewAddress, &token).await?;
    let sent = Sent::of(&mut fields)?;
    let answer = fields.line("answer")?;
    fields.done()?;
    let yes = match answer.as_str() {
        "yes" => true,
        "not_me" => false,
        _ => return show(&app, &held, true).await,
    };
    app.change(async |work| sent.once(&work, take(&work, &held, yes)).await)
        .await?;
    Ok(Redirect::to(&path(&held)).into_response())
}

/// Uses the address, or forgets it.
async fn take(work: &Work, held: &Held, yes: bool) -> Result<(), Error> {
    let row = person::Entity::find_by_id(held.person.id);
    let row = row.one(work.tx()).await?.ok_or(Error::NotFound)?;
    let address = asked(work.tx(), held.record.id).await?;
    if row.new_email.as_ref() != Some(&address) {
        // Answered meanwhile: what became of it is on the page.
        return Ok(());
    }
    let mut row = row.into_active_model();
    row.new_email = Set(None);
    if yes {
        row.email = Set(Some(address.clone()));
        row.email_proven_at = Set(Some(work.now()));
        row.email_bad = Set(false);
    }
    row.update(work.tx()).await?;
    if yes {
        move_in(work, held, &address).await
    } else {
        Ok(())
    }
}

/// The old mailbox is told and its links stop; the new one gets links of its own.
async fn move_in(work: &Work, held: &Held, address: &str) -> Result<(), Error> {
    tell_owner(work, held).await?;
    for it in bookings::of_person(work.tx(), held.person.id).await? {
        links::renew_all(work, it.id, Stopped::Renewed).await?;
    }
    matching::lock_address(work, held.person.id).await?;
    matching::prove(work, held.person.id).await?;
    let address = address.parse().map_err(Error::fault)?;
    write_links(work, &address, Parameters::default()).await
}

/// The answer was given.
#[derive(Clone, Debug, Serialize)]
struct AnsweredPage {
    dates: String,
    /// We use the address now.
    theirs: bool,
}

impl Page for AnsweredPage {
    const TEMPLATE: &'static str = "pages/manage/new_address.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let dates = "Tuesday 8 and Tuesday 15 June 2027".to_owned();
        [true, false]
            .map(|theirs| Self {
                dates: dates.clone(),
                theirs,
            })
            .to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public::manage::tests::held;
    use booking::State;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<AnsweredPage>();
    }

    #[test]
    fn an_address_is_asked_about_until_it_is_taken_or_left() {
        let mut it = held(State::Booked, true);
        assert_eq!(became(&it, "new@example.org"), Became::Left);
        it.person.new_email = Some("new@example.org".to_owned());
        assert_eq!(became(&it, "new@example.org"), Became::Asked);
        assert_eq!(became(&it, "newer@example.org"), Became::Left);
        it.person.email = it.person.new_email.take();
        assert_eq!(became(&it, "new@example.org"), Became::Theirs);
    }
}

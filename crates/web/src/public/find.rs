//! "I lost my mail": the links to somebody's bookings, mailed to whatever address is typed.
//!
//! The answer is the same for everybody, and so is what is written: one mail for the address. Whether
//! there is anything to tell is found out when the mail is claimed for sending (T-36).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::calendar;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::Duration;
use uuid::Uuid;

use crate::app::App;
use crate::entity::outbox_mail;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::outbox::facts::Parameters;
use crate::outbox::{self, Kind, Mail};
use crate::pages::Page;
use crate::people::address::Address;
use crate::public::courses::CoursesPath;
use crate::routes::{Routes, Who};
use crate::visitor::Visitor;
use crate::work::Work;

/// `/bookings/find`
#[derive(TypedPath, Deserialize)]
#[typed_path("/bookings/find")]
pub(crate) struct FindPath;

/// `/bookings/find/sent`
#[derive(TypedPath, Deserialize)]
#[typed_path("/bookings/find/sent")]
pub(crate) struct SentPath;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<FindPath, _, _>(Who::Anyone, form)
        .post::<FindPath, _, _>(Who::Anyone, ask)
        .get::<SentPath, _, _>(Who::Anyone, sent)
}

async fn form(_: FindPath, State(app): State<App>) -> Result<Response, Error> {
    app.page(&FindPage::of(Answer::default(), app.secrets().op()))
        .await
}

async fn ask(
    _: FindPath,
    State(app): State<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let op = fields.op()?;
    let mut email = Answer::new(fields.line("email")?);
    fields.done()?;
    let Some(address) = read_address(&mut email) else {
        return app
            .page_with(AGAIN, &FindPage::of(email, app.secrets().op()))
            .await;
    };
    app.limits.address_form(visitor.0).map_err(Error::TooMany)?;
    let (op, content, address) = (op.as_deref(), fields.content(), &address);
    let path = app
        .change(|work| async move { work.once(op, content, write(&work, address)).await })
        .await?;
    Ok(Redirect::to(&path).into_response())
}

async fn sent(_: SentPath, State(app): State<App>) -> Result<Response, Error> {
    let page = SentPage {
        find_url: FindPath.to_string(),
        courses_url: CoursesPath.to_string(),
    };
    app.page(&page).await
}

/// The address that was typed, or a note beside the field.
pub(crate) fn read_address(email: &mut Answer) -> Option<Address> {
    let address = email.value.parse().ok();
    if address.is_none() {
        email.refuse("Enter an email address in the correct format, like name@example.com");
    }
    address
}

/// Writes the mail of links, known or unknown; gives the page that says so.
async fn write(work: &Work, address: &Address) -> Result<String, Error> {
    write_links(work, address, Parameters::default()).await?;
    Ok(SentPath.to_string())
}

/// Writes the mail of links to an address (M21), unless it got as many as it may an hour (T-33).
pub(crate) async fn write_links(work: &Work, address: &Address, parameters: Parameters) -> Result<(), Error> {
    let about = named_after(address);
    if asked_often(work, Kind::YourLinks, about).await? {
        return Ok(());
    }
    let mail = Mail {
        kind: Kind::YourLinks,
        about,
        recipient: address.to_string(),
        occasion: work.fresh_id().to_string(),
        due_at: work.now(),
        parameters: parameters.into_value(),
    };
    outbox::write(work, mail).await
}

/// What these mails are about is no record but an address; its name is made from it, so that the mails
/// to one address are found together.
fn named_after(address: &Address) -> Uuid {
    let digest = Sha256::digest(format!("links|{address}"));
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(byte, from)| *byte = from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Whether so many of these mails were asked for in the last hour that no more go out; whoever asks
/// sees the same page (as T-14 has it for codes), and the mailbox of somebody else cannot be filled.
pub(crate) async fn asked_often(work: &Work, kind: Kind, about: Uuid) -> Result<bool, Error> {
    let (settings, _) = calendar::rules(work.tx()).await?;
    let asked = outbox_mail::Entity::find()
        .filter(outbox_mail::Column::About.eq(about))
        .filter(outbox_mail::Column::Kind.eq(kind.name()))
        .filter(outbox_mail::Column::CreatedAt.gt(work.now() - Duration::hours(1)))
        .count(work.tx())
        .await?;
    Ok(i64::try_from(asked).unwrap_or(i64::MAX) >= settings.confirm_resends_hour)
}

/// The question for an address.
#[derive(Clone, Debug, Serialize)]
struct FindPage {
    email: Answer,
    errors: Vec<Problem>,
    op: String,
    action: String,
    back_url: String,
}

impl FindPage {
    fn of(email: Answer, op: String) -> Self {
        Self {
            errors: problems([("email", &email)]),
            email,
            op,
            action: FindPath.to_string(),
            back_url: CoursesPath.to_string(),
        }
    }
}

/// The answer for everybody.
#[derive(Clone, Debug, Serialize)]
struct SentPage {
    find_url: String,
    courses_url: String,
}

impl Page for FindPage {
    const TEMPLATE: &'static str = "pages/find/find.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let mut wrong = Answer::new("sam at example");
        assert_eq!(read_address(&mut wrong), None);
        vec![
            Self::of(Answer::default(), "0".repeat(32)),
            Self::of(wrong, "0".repeat(32)),
        ]
    }
}

impl Page for SentPage {
    const TEMPLATE: &'static str = "pages/find/sent.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self {
            find_url: FindPath.to_string(),
            courses_url: CoursesPath.to_string(),
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<FindPage>();
        crate::pages_test::check::<SentPage>();
    }

    #[test]
    fn the_mails_to_one_address_have_one_name() {
        let name = |text: &str| named_after(&text.parse().unwrap());
        assert_eq!(name("Sam@example.org"), name("sam@EXAMPLE.org"));
        assert_ne!(name("sam@example.org"), name("kim@example.org"));
    }
}

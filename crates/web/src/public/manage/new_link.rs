//! A new link in the place of this one, which somebody else may have seen (T-22).

use axum::extract::State as Extracted;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;
use serde_json::json;

use super::call_us::{self, Why};
use super::{Facts, Held, NewLinkPath, Sent};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Fields};
use crate::links::{self, Purpose, Stopped};
use crate::outbox::{self, Kind, Mail};
use crate::pages::Page;
use crate::public::find::SentPath;
use crate::visitor::Visitor;
use crate::work::Work;

pub(super) async fn ask(
    NewLinkPath { token }: NewLinkPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    show(&app, &held, false).await
}

/// The link must not stop if there is nowhere to send the new one to.
fn address(held: &Held) -> Option<&str> {
    held.person.email.as_deref().filter(|_| !held.person.email_bad)
}

async fn show(app: &App, held: &Held, missed: bool) -> Result<Response, Error> {
    if address(held).is_none() {
        return call_us::answer(app, StatusCode::OK, Why::NoAddress, Some(held.path(""))).await;
    }
    let (booking, action, op) = (held.facts(), held.path("/new-link"), app.secrets().op());
    let status = if missed { AGAIN } else { StatusCode::OK };
    app.page_with(
        status,
        &NewLinkPage {
            booking,
            action,
            op,
            missed,
        },
    )
    .await
}

/// Leads to the page that says that mail is on its way: the address of this one has stopped working.
pub(super) async fn send(
    NewLinkPath { token }: NewLinkPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let sent = Sent::of(&mut fields)?;
    let answer = fields.line("answer")?;
    fields.done()?;
    if sent.was_done(&app).await? {
        return Ok(check_your_email());
    }
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    let Some(recipient) = address(&held).filter(|_| answer == "send") else {
        return show(&app, &held, true).await;
    };
    app.limits.address_form(visitor.0).map_err(Error::TooMany)?;
    app.change(async |work| sent.once(&work, renew(&work, &held, recipient)).await)
        .await?;
    Ok(check_your_email())
}

fn check_your_email() -> Response {
    Redirect::to(&SentPath.to_string()).into_response()
}

async fn renew(work: &Work, held: &Held, recipient: &str) -> Result<(), Error> {
    links::renew(work, Purpose::Booking, held.record.id.0, Stopped::Renewed).await?;
    let mail = Mail {
        kind: Kind::YourLinks,
        about: held.record.id.0,
        recipient: recipient.to_owned(),
        occasion: work.fresh_id().to_string(),
        due_at: work.now(),
        parameters: json!({}),
    };
    outbox::write(work, mail).await
}

/// An address that its owner knows again and nobody else learns (T-26).
pub(super) fn masked(email: &str) -> String {
    let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}...@{domain}")
}

#[derive(Clone, Debug, Serialize)]
struct NewLinkPage {
    booking: Facts,
    action: String,
    op: String,
    missed: bool,
}

impl Page for NewLinkPage {
    const TEMPLATE: &'static str = "pages/manage/new_link.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let booking = super::sample_facts(true);
        let page = |missed| {
            let action = format!("{}/new-link", booking.url);
            Self {
                booking: booking.clone(),
                action,
                op: "00".to_owned(),
                missed,
            }
        };
        vec![page(false), page(true)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<NewLinkPage>();
    }

    #[test]
    fn an_address_is_not_shown_in_full() {
        assert_eq!(masked("sam.taylor@example.com"), "s...@example.com");
        assert_eq!(masked("é@example.org"), "é...@example.org");
    }
}

//! How it went: booked until the address is confirmed, or on the waiting list (B-20).
//!
//! There is no link to the booking here: that is in the mailbox alone (T-27).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use booking::Settings;
use booking::calendar::{self, Delivery};
use ids::Ts;
use serde::Serialize;

use super::draft::{self, Draft, Kind, Receipt};
use super::{AddressPath, DonePath};
use crate::app::App;
use crate::error::Error;
use crate::pages::Page;
use crate::public::equality::EqualityIntroPath;
use crate::visitor::Visitor;
use crate::words;

pub(super) async fn show(it: DonePath, State(app): State<App>, visitor: Visitor) -> Result<Response, Error> {
    let draft = match draft::any(&app, visitor, &it.draft).await? {
        Ok(draft) => draft,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let Some(receipt) = &draft.receipt else {
        return Ok(Redirect::to(&draft.path(draft.answers.open())).into_response());
    };
    let (settings, _) = calendar::rules(app.reader()).await?;
    app.page(&DonePage::of(&draft, receipt, &settings, app.now()))
        .await
}

/// How it went.
#[derive(Clone, Debug, Serialize)]
struct DonePage {
    heading: &'static str,
    /// Under the heading.
    body: String,
    /// The time to confirm is past, so nothing is said of a place.
    past: bool,
    /// The days of the course.
    days: Vec<Day>,
    /// Where mail was sent.
    address: Option<String>,
    address_url: String,
    sentences: Vec<String>,
    steps: Vec<String>,
    reference: String,
    /// The questions about equality for this course; nothing in it leads back here (T-03).
    equality_url: String,
}

#[derive(Clone, Debug, Serialize)]
struct Day {
    name: String,
    text: String,
}

impl DonePage {
    fn of(draft: &Draft, receipt: &Receipt, settings: &Settings, now: Ts) -> Self {
        let by = By::of(draft);
        let past = by == By::Mail && receipt.until.is_some_and(|until| until <= now);
        let (heading, body) = headline(draft, receipt, by, past);
        let days = draft.run.sessions.iter();
        Self {
            heading,
            body,
            past,
            days: days
                .map(|it| Day {
                    name: format!("Day {}", it.idx),
                    text: words::day(it),
                })
                .collect(),
            address: draft.answers.mailbox().map(|it| it.to_string()).filter(|_| !past),
            address_url: AddressPath {
                draft: draft.token.clone(),
            }
            .to_string(),
            sentences: receipt.band.as_deref().map(waiting).unwrap_or_default(),
            steps: match draft.kind {
                Kind::Wait => offers(settings),
                Kind::Book => vec![confirming(by), joining(draft, settings, by)],
            },
            reference: receipt.reference.clone(),
            equality_url: EqualityIntroPath {
                course: draft.run.course_code.clone(),
            }
            .to_string(),
        }
    }
}

/// By which way we ask whether it was they who booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Mail,
    Phone,
    Post,
}

impl By {
    fn of(draft: &Draft) -> Self {
        if draft.answers.mailbox().is_some() {
            Self::Mail
        } else if draft.answers.post_address().is_some() {
            Self::Post
        } else {
            Self::Phone
        }
    }
}

fn headline(draft: &Draft, receipt: &Receipt, by: By, past: bool) -> (&'static str, String) {
    if draft.kind == Kind::Wait {
        return (
            "You are on the waiting list",
            format!("for {}", words::dates(&draft.run.sessions)),
        );
    }
    if past {
        return ("The time to confirm is over", String::new());
    }
    let body = match (by, receipt.until) {
        (By::Mail, Some(until)) => format!("Please confirm your email by {}", words::date_time(until)),
        (By::Mail, None) => "Please confirm your email".to_owned(),
        (By::Phone, _) => "We will call you to confirm it".to_owned(),
        (By::Post, _) => "We will write to you or call you to confirm it".to_owned(),
    };
    ("Your place is booked", body)
}

fn confirming(by: By) -> String {
    let how = match by {
        By::Mail => "Open our email and confirm your address. If we do not hear from you in time",
        By::Phone => "We call you on the number you gave us. If we cannot reach you",
        By::Post => "We write to you or call you. If we do not hear from you",
    };
    format!("{how}, we offer the place to the next person.")
}

fn joining(draft: &Draft, settings: &Settings, by: By) -> String {
    let tell = match by {
        By::Mail => "We then email you your dates and how to join.",
        By::Phone => "We then tell you how to join.",
        By::Post => "We then write to you how to join.",
    };
    match (by, draft.run.delivery) {
        (By::Mail, Delivery::Online | Delivery::Hybrid) => {
            format!(
                "{tell} Your joining page opens {} minutes before each day.",
                settings.join_opens
            )
        }
        _ => tell.to_owned(),
    }
}

/// Where in the queue, in words (B-40).
fn waiting(band: &str) -> Vec<String> {
    let list = if band == "further down" { " the list" } else { "" };
    vec![
        "If a place comes up we will email or call you and hold it for you.".to_owned(),
        format!("You are {band}{list}."),
    ]
}

/// How offers work.
fn offers(settings: &Settings) -> Vec<String> {
    vec![
        format!(
            "When a place comes up, we hold it for you for {} hours. In the last {} days before the course it is {} hours.",
            settings.offer_window_far, settings.offer_far_from, settings.offer_window
        ),
        "You say yes or no. If you say no, you can stay on the list.".to_owned(),
        format!(
            "In the last {} hours before the course we call people instead.",
            settings.near_start
        ),
    ]
}

impl Page for DonePage {
    const TEMPLATE: &'static str = "pages/book/done.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::forms::Answer;
        let (mail, settings) = (super::dates::samples::draft(), Settings::default());
        let mut phone = mail.clone();
        phone.answers.contact.no_email = true;
        phone.answers.contact.prefers = Answer::new("phone");
        let mut post = mail.clone();
        post.answers.contact.prefers = Answer::new("post");
        post.answers.post.address = Answer::new("1 High Street");
        let waits = Draft {
            kind: Kind::Wait,
            ..mail.clone()
        };
        let now = mail.run.opens_at;
        let held = |until| Receipt {
            reference: "4827 KX".to_owned(),
            until: Some(until),
            band: None,
        };
        let (fresh, late) = (held(now + time::Duration::hours(24)), held(now));
        let listed = |band: &str| Receipt {
            until: None,
            band: Some(band.to_owned()),
            ..fresh.clone()
        };
        vec![
            Self::of(&mail, &fresh, &settings, now),
            Self::of(&mail, &late, &settings, now),
            Self::of(&phone, &fresh, &settings, now),
            Self::of(&post, &fresh, &settings, now),
            Self::of(&waits, &listed("next"), &settings, now),
            Self::of(
                &Draft {
                    kind: Kind::Wait,
                    ..phone
                },
                &listed("further down"),
                &settings,
                now,
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<DonePage>();
    }
}

//! What a person told us about themselves: each part can be replaced here and none is read out, since
//! whoever holds the link is not always the person (T-26). Every change mails the owner.

mod contact;
mod copies;
mod names;
mod someone;
mod support;

use axum::extract::{Query, State as Extracted};
use axum::response::{IntoResponse, Redirect, Response};
use ids::Ts;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{DetailsPath, Facts, Held, Sent, needs};
use crate::app::App;
use crate::error::Error;
use crate::forms::Fields;
use crate::links::Purpose;
use crate::outbox::{self, Kind, Mail};
use crate::pages::Page;
use crate::public::questions::{WAYS, words};
use crate::visitor::Visitor;
use crate::work::Work;

/// Which page of this address is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    change: String,
    saved: String,
}

/// The parts, each with a form of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Names,
    Contact,
    Support,
    Someone,
    Copies,
}

impl Part {
    const ALL: [Self; 5] = [
        Self::Names,
        Self::Contact,
        Self::Support,
        Self::Someone,
        Self::Copies,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Names => "names",
            Self::Contact => "contact",
            Self::Support => "support",
            Self::Someone => "someone",
            Self::Copies => "copies",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

pub(super) async fn show(
    DetailsPath { token }: DetailsPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    if let Some(page) = elsewhere(&held, app.now()) {
        return Ok(held.go(page));
    }
    match Part::named(&asked.change) {
        None => app.page(&DetailsPage::of(&app, &held, &asked.saved).await?).await,
        Some(Part::Names) => app.page(&names::NamesPage::of(&app, &held)).await,
        Some(Part::Contact) => app.page(&contact::ContactPage::of(&app, &held)).await,
        Some(Part::Support) => app.page(&support::SupportPage::of(&app, &held).await?).await,
        Some(Part::Someone) => app.page(&someone::SomeonePage::of(&app, &held).await?).await,
        Some(Part::Copies) => copies::show(&app, &held).await,
    }
}

pub(super) async fn change(
    DetailsPath { token }: DetailsPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    let sent = Sent::of(&mut fields)?;
    let part = Part::named(&fields.line("part")?);
    if let Some(page) = elsewhere(&held, app.now()) {
        return Ok(held.go(page));
    }
    match part {
        None => Err(Error::BadForm("no part of the details was named".to_owned())),
        Some(Part::Names) => names::change(&app, &held, fields, &sent).await,
        Some(Part::Contact) => contact::change(&app, &held, visitor, fields, &sent).await,
        Some(Part::Support) => support::change(&app, &held, fields, &sent).await,
        Some(Part::Someone) => someone::change(&app, &held, fields, &sent).await,
        Some(Part::Copies) => copies::change(&app, &held, fields, &sent).await,
    }
}

/// Where to go instead, when there is nothing to change here (yet).
fn elsewhere(held: &Held, now: Ts) -> Option<&'static str> {
    match held.record.state.is_live() && !held.is_over(now) {
        false => Some(""),
        true if !held.person.is_proven() => Some("/confirm"),
        true => None,
    }
}

/// Back to the list of details, which says that the change is saved.
fn saved(held: &Held) -> Response {
    Redirect::to(&held.path("/details?saved=yes")).into_response()
}

/// The same, and that a new address is to be confirmed.
fn asked_there(held: &Held) -> Response {
    Redirect::to(&held.path("/details?saved=address")).into_response()
}

/// Tells the owner of the mailbox that something was changed, and not what (T-26).
pub(super) async fn tell_owner(work: &Work, held: &Held) -> Result<(), Error> {
    let Some(recipient) = held.person.email.clone().filter(|_| !held.person.email_bad) else {
        return Ok(());
    };
    let mail = Mail {
        kind: Kind::BookingDetailsChanged,
        about: held.record.id.0,
        recipient,
        occasion: work.fresh_id().to_string(),
        due_at: work.now(),
        parameters: json!({}),
    };
    outbox::write(work, mail).await
}

/// The end of a phone number, as much as its owner needs to know it again.
fn masked_phone(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    let end: String = digits.iter().skip(digits.len().saturating_sub(3)).collect();
    format!("a number that ends in {end}")
}

/// A line with a link to its form.
#[derive(Clone, Debug, Serialize)]
struct Detail {
    key: &'static str,
    lines: Vec<String>,
    change: String,
    change_hidden: &'static str,
}

/// What can be changed.
#[derive(Clone, Debug, Serialize)]
struct DetailsPage {
    booking: Facts,
    saved: bool,
    /// A new address was asked for a moment ago.
    asked: bool,
    details: Vec<Detail>,
}

impl DetailsPage {
    async fn of(app: &App, held: &Held, saved: &str) -> Result<Self, Error> {
        let db = app.reader();
        let helps = needs::are_noted(db, held.record.id).await?;
        let someone = needs::someone_is_named(db, held.record.id).await?;
        Ok(Self::with(held, saved, helps, someone))
    }

    fn with(held: &Held, saved: &str, helps: bool, someone: bool) -> Self {
        let line = |part: Part, key, change_hidden, lines: Vec<String>| {
            let change = held.path(&format!("/details?change={}", part.name()));
            Detail {
                key,
                lines,
                change,
                change_hidden,
            }
        };
        let noted = |it, yes: &str, no: &str| vec![if it { yes } else { no }.to_owned()];
        let mut details = vec![
            line(
                Part::Names,
                "What we call you",
                "your names",
                vec![held.person.called()],
            ),
            line(
                Part::Contact,
                "Contact",
                "how we contact you",
                contact_lines(held),
            ),
            line(
                Part::Support,
                "What would help",
                "what would help",
                noted(helps, "We have noted what you told us", "Nothing noted"),
            ),
            line(
                Part::Someone,
                "Someone we could call",
                "someone we could call",
                noted(someone, "You named someone", "Nobody named"),
            ),
        ];
        if held.record.copy_permission {
            details.push(line(
                Part::Copies,
                "Copies of emails",
                "who gets copies",
                vec!["The person who booked for you gets copies".to_owned()],
            ));
        }
        Self {
            booking: held.facts(),
            saved: !saved.is_empty(),
            asked: saved == "address" && held.person.new_email.is_some(),
            details,
        }
    }
}

fn contact_lines(held: &Held) -> Vec<String> {
    let person = &held.person;
    let email = person.email.as_deref().map(super::new_link::masked);
    let phone = person.phone.as_deref().map(masked_phone);
    let new = person.new_email.as_deref().map(super::new_link::masked);
    let new = new.map(|it| format!("{it} (not confirmed yet)"));
    let mut lines: Vec<String> = email.into_iter().chain(new).chain(phone).collect();
    lines.push(words(&WAYS, &person.prefers).to_owned());
    lines.into_iter().map(|it| first_upper(&it)).collect()
}

fn first_upper(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if !text.contains('@') => first.to_uppercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

impl Page for DetailsPage {
    const TEMPLATE: &'static str = "pages/manage/details/list.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let held = super::tests::held(booking::State::Booked, true);
        let mut asks = held.clone();
        asks.person.new_email = Some("sam@example.org".to_owned());
        asks.record.copy_permission = true;
        vec![
            Self::with(&held, "", true, true),
            Self::with(&held, "yes", false, false),
            Self::with(&asks, "address", false, false),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public::manage::tests as sample;
    use booking::State;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<DetailsPage>();
        crate::pages_test::check::<names::NamesPage>();
        crate::pages_test::check::<contact::ContactPage>();
        crate::pages_test::check::<support::SupportPage>();
        crate::pages_test::check::<someone::SomeonePage>();
        crate::pages_test::check::<copies::CopiesPage>();
    }

    #[test]
    fn nothing_is_shown_in_full() {
        let held = sample::held(State::Booked, true);
        let page = serde_json::to_string(&DetailsPage::with(&held, "", true, true)).unwrap();
        let contact = serde_json::to_string(&contact::ContactPage::of(&sample::idle_app(), &held)).unwrap();
        for secret in [
            held.person.email.unwrap(),
            held.person.phone.unwrap(),
            held.person.full_name,
        ] {
            assert!(
                !page.contains(&secret) && !contact.contains(&secret),
                "{secret} in {page}{contact}"
            );
        }
        assert_eq!(masked_phone("01632 960 001"), "a number that ends in 001");
    }

    #[test]
    fn details_are_changed_while_the_booking_lives_and_by_its_owner() {
        let goes = |state, proven, now| elsewhere(&sample::held(state, proven), now);
        assert_eq!(goes(State::Booked, true, sample::before()), None);
        assert_eq!(goes(State::Booked, false, sample::before()), Some("/confirm"));
        assert_eq!(goes(State::Lapsed, true, sample::before()), Some(""));
        assert_eq!(
            goes(State::Booked, true, sample::day_2() + time::Duration::days(1)),
            Some("")
        );
    }
}

//! The page behind an offer: yes; no, and stay on the list; no, and leave it; or a call (B-41).
//!
//! One link is for one offer (T-22). It does not lead to the page of the booking, whose link may have
//! been replaced since; what became of the offer is said here.

use axum::extract::State as Extracted;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::bookings::{self, HistoryLine};
use booking::{Asked, By, Change, Note, State, allocator};
use ids::Ts;
use serde::{Deserialize, Serialize};

use super::manage::call_us::{self, Why};
use super::manage::keep::{self, Claim, Claimed, Keep};
use super::manage::question::Question;
use super::manage::{Choice, Held, Row, Sent};
use crate::app::App;
use crate::error::Error;
use crate::forms::Fields;
use crate::links::Purpose;
use crate::pages::Page;
use crate::people::matching;
use crate::routes::{Routes, Who};
use crate::visitor::Visitor;

/// `/o/{token}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/o/{token}")]
pub(crate) struct OfferPath {
    pub token: String,
}

pub(crate) fn routes() -> Routes {
    let who = Who::LinkHolder;
    Routes::default()
        .get::<OfferPath, _, _>(who, ask)
        .post::<OfferPath, _, _>(who, answer)
}

/// What became of one offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Became {
    /// It waits for an answer, even a moment past its end.
    Open(Ts),
    /// They said yes.
    Accepted,
    /// They said no and stay on the list.
    Declined,
    /// They left the list.
    Left,
    /// It ended without an answer, or another offer was made since; they are on the list.
    Over,
    /// Another offer is open.
    Newer,
    /// It is over, and they have a place all the same.
    Booked,
    /// The course was called off.
    CalledOff,
    /// The booking has ended in another way.
    Ended,
}

/// `n` is the number of the offer in the history of the booking.
fn became(n: i32, state: State, history: &[HistoryLine]) -> Became {
    let last = history.iter().rev().find(|it| it.event == "offer").map(|it| it.n);
    let is_last = last == Some(n);
    let since = |event: &str| is_last && history.iter().any(|it| it.n > n && it.event == event);
    match state {
        State::Offered { until } if is_last => Became::Open(until),
        State::Booked if since("accept") => Became::Accepted,
        State::Booked | State::Unconfirmed { .. } => Became::Booked,
        State::Waiting if since("decline") => Became::Declined,
        State::Waiting => Became::Over,
        State::Offered { .. } => Became::Newer,
        State::Cancelled { by: By::Person } if is_last => Became::Left,
        State::Cancelled { by: By::RunCancelled } => Became::CalledOff,
        State::Cancelled { .. } | State::Moved { .. } | State::Lapsed | State::Closed => Became::Ended,
    }
}

/// A booking, its offer, and what became of that.
struct Offer {
    held: Held,
    became: Became,
    /// They asked for a call since.
    called: bool,
}

impl Offer {
    async fn open(app: &App, visitor: Visitor, token: &str) -> Result<Self, Error> {
        let held = Held::open(app, visitor, Purpose::Offer, token).await?;
        let history = bookings::history(app.reader(), held.record.id).await?;
        let n = held.opened.offer();
        let called = history.iter().any(|it| it.n > n && it.event == "call_me");
        Ok(Self {
            became: became(n, held.record.state, &history),
            called,
            held,
        })
    }

    fn path(&self) -> String {
        OfferPath {
            token: self.held.token.clone(),
        }
        .to_string()
    }

    fn here(&self) -> Response {
        Redirect::to(&self.path()).into_response()
    }
}

async fn ask(
    OfferPath { token }: OfferPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let offer = Offer::open(&app, visitor, &token).await?;
    show(&app, &offer, false).await
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else became of it, it is over"
)]
async fn show(app: &App, offer: &Offer, again: bool) -> Result<Response, Error> {
    match offer.became {
        Became::Open(_) if offer.held.has_begun(app.now()) => {
            call_us::answer(app, StatusCode::OK, Why::Started, None).await
        }
        Became::Open(until) if again => question(app, offer, until).again().show(app).await,
        Became::Open(until) => question(app, offer, until).show(app).await,
        _ => {
            let page = OverPage::of(app, offer).await?;
            app.page_with(page.status(), &page).await
        }
    }
}

fn question(app: &App, offer: &Offer, until: Ts) -> Question {
    let mut choices = vec![
        Choice::new("accept", "Yes, book it for me"),
        Choice::new("decline_stay", "No thank you, but keep me on the list"),
        Choice::new("decline_leave", "No thank you, and take me off the list"),
    ];
    if !offer.called {
        choices.push(call_me(offer.held.person.phone.is_some()));
    }
    let called = "You asked us to call you. We will call you soon. You can still answer here.";
    Question {
        notice: if offer.called {
            called.to_owned()
        } else {
            String::new()
        },
        call_when: "If you need longer".to_owned(),
        legend: "Would you like it?".to_owned(),
        button: "Send my answer".to_owned(),
        ..Question::new(app, "A place has come up", offer.path(), choices)
            .about(offer.held.facts().rows)
            .by("We are holding this place for you until", until)
    }
}

/// The fourth answer, which the mail names to everybody (B-41).
fn call_me(has_phone: bool) -> Choice {
    let hint = if has_phone {
        ""
    } else {
        "We do not have your number. Choose this to see ours."
    };
    Choice {
        hint: hint.to_owned(),
        ..Choice::new("call", "Please call me")
    }
}

/// The questions to look at: with a call to ask for, and when it was asked for.
#[cfg(test)]
pub(super) fn samples(app: &App) -> Vec<Question> {
    use super::manage::tests::{before, held};
    let until = before() + time::Duration::hours(48);
    let ask = |called| {
        let offer = Offer {
            held: held(State::Offered { until }, true),
            became: Became::Open(until),
            called,
        };
        question(app, &offer, until)
    };
    vec![ask(false), ask(true)]
}

async fn answer(
    OfferPath { token }: OfferPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let offer = Offer::open(&app, visitor, &token).await?;
    let sent = Sent::of(&mut fields)?;
    let (answer, keep) = (fields.line("answer")?, Keep::named(&fields.line("keep")?));
    let missed = !fields.line("asked")?.is_empty();
    fields.done()?;
    let id = offer.held.record.id;
    match (answer.as_str(), offer.became) {
        ("accept", Became::Open(_) | Became::Over | Became::Declined) => {
            accept(&app, &offer, keep, missed, &sent).await
        }
        ("decline_stay", Became::Open(_)) => say(&app, &offer, Change::Decline(id), &sent).await,
        ("decline_leave", Became::Open(_)) => say(&app, &offer, Change::Cancel(id), &sent).await,
        ("call", Became::Open(_)) if offer.called => Ok(offer.here()),
        ("call", Became::Open(_)) if offer.held.person.phone.is_some() => {
            say(&app, &offer, Change::Say(id, Note::CallMe), &sent).await
        }
        ("call", Became::Open(_)) => {
            call_us::answer(&app, StatusCode::OK, Why::NoPhone, Some(offer.path())).await
        }
        (_, Became::Open(_)) => show(&app, &offer, true).await,
        // A second press, or an answer that came too late: what became of the offer.
        _ => Ok(offer.here()),
    }
}

/// Yes. Past the end of the offer it still counts while a place is free.
async fn accept(app: &App, offer: &Offer, keep: Keep, missed: bool, sent: &Sent) -> Result<Response, Error> {
    let id = offer.held.record.id;
    match app
        .change(async |work| keep::claim(&work, id, Claim::Accept, keep, sent).await)
        .await
    {
        Ok(Claimed::Done | Claimed::Gone) => Ok(offer.here()),
        Ok(Claimed::Ask(other)) => {
            keep::ask(app, &offer.held.run, &other, offer.path(), "accept", missed).await
        }
        Err(error) => refused(app, offer, error).await,
    }
}

/// Every other answer. It proves the address as a yes does (B-41).
async fn say(app: &App, offer: &Offer, change: Change, sent: &Sent) -> Result<Response, Error> {
    let (run, person) = (offer.held.record.run, offer.held.record.person);
    let said = app
        .change(async |work| {
            let change = change.clone();
            sent.once(&work, async {
                matching::lock_address(&work, person).await?;
                work.allocate(run, Asked::by_person(change)).await?;
                matching::prove(&work, person).await.map(|_| ())
            })
            .await
        })
        .await;
    match said {
        Ok(()) => Ok(offer.here()),
        Err(error) => refused(app, offer, error).await,
    }
}

async fn refused(app: &App, offer: &Offer, error: Error) -> Result<Response, Error> {
    let Error::Refused(refusal) = error else {
        return Err(error);
    };
    match Why::of(refusal) {
        Some(why) => call_us::answer(app, StatusCode::CONFLICT, why, None).await,
        None => Ok(offer.here()),
    }
}

/// What became of an offer.
#[derive(Clone, Debug, Serialize)]
struct OverPage {
    heading: &'static str,
    lead: Vec<&'static str>,
    rows: Vec<Row>,
    /// Whether "see all dates" helps.
    dates: bool,
    /// Where a place that is free again can be had with one press.
    action: String,
    op: String,
    #[serde(skip)]
    became: Became,
}

impl OverPage {
    async fn of(app: &App, offer: &Offer) -> Result<Self, Error> {
        let mut page = Self::plain(offer.became, offer.held.facts().rows);
        let listed = offer.held.record.state == State::Waiting;
        let snapshot = allocator::snapshot(app.reader(), offer.held.record.run)
            .await?
            .ok_or(Error::NotFound)?;
        if listed && snapshot.public_free(app.now()) > 0 {
            (page.action, page.op) = (offer.path(), app.secrets().op());
        }
        Ok(page)
    }

    fn plain(became: Became, rows: Vec<Row>) -> Self {
        let (heading, lead): (_, &[&'static str]) = match became {
            Became::Accepted => (
                "Thank you. You have a place",
                &["We have emailed you what happens next, with a link to your booking."],
            ),
            Became::Declined => (
                "You are still on the waiting list",
                &[
                    "Thank you for your answer. You keep your place in the list. If another place comes up, we will tell you.",
                ],
            ),
            Became::Left => (
                "We have taken you off the list",
                &[
                    "Thank you for your answer. You do not need to do anything else. You are welcome to book again.",
                ],
            ),
            Became::Over => (
                "This offer has ended",
                &[
                    "You are still on the waiting list. You did nothing wrong.",
                    "If another place comes up, we will tell you.",
                ],
            ),
            Became::Newer => (
                "This offer has ended",
                &["We have made you another offer since. Use the link in our newest email to answer."],
            ),
            Became::Open(_) | Became::Booked => (
                "You already have a place",
                &[
                    "You do not need to answer this offer. Use the link in our newest email to see your booking.",
                ],
            ),
            Became::CalledOff => (
                "This offer has ended",
                &["We are sorry. The course on these dates cannot go ahead. Our newest email says more."],
            ),
            Became::Ended => (
                "This offer has ended",
                &["You are no longer on the waiting list for these dates."],
            ),
        };
        let dates = matches!(became, Became::Left | Became::CalledOff | Became::Ended);
        Self {
            heading,
            lead: lead.to_vec(),
            rows,
            dates,
            action: String::new(),
            op: String::new(),
            became,
        }
    }

    /// Their own answers are results; anything else is a link that is over (T-23), unless a place is
    /// there to be had.
    fn status(&self) -> StatusCode {
        match self.became {
            Became::Accepted | Became::Declined | Became::Left => StatusCode::OK,
            _ if !self.action.is_empty() => StatusCode::OK,
            Became::Open(_)
            | Became::Over
            | Became::Newer
            | Became::Booked
            | Became::CalledOff
            | Became::Ended => StatusCode::GONE,
        }
    }
}

impl Page for OverPage {
    const TEMPLATE: &'static str = "pages/offer/over.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let rows = super::manage::sample_facts(true).rows;
        let all = [
            Became::Accepted,
            Became::Declined,
            Became::Left,
            Became::Over,
            Became::Newer,
            Became::Booked,
            Became::CalledOff,
            Became::Ended,
        ];
        let mut pages: Vec<Self> = all.into_iter().map(|it| Self::plain(it, rows.clone())).collect();
        let free = Self {
            action: "/o/x".to_owned(),
            op: "00".to_owned(),
            ..Self::plain(Became::Over, rows)
        };
        pages.push(free);
        pages
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public::manage::tests as sample;

    fn history(events: &[&str]) -> Vec<HistoryLine> {
        (1..)
            .zip(events)
            .map(|(n, event)| sample::line(n, event))
            .collect()
    }

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<OverPage>();
    }

    /// B-41: the mail names the same four answers to everybody.
    #[test]
    fn everybody_can_ask_for_a_call() {
        let answers = |phone: Option<&str>| {
            let mut held = sample::held(
                State::Offered {
                    until: sample::before(),
                },
                true,
            );
            held.person.phone = phone.map(str::to_owned);
            let became = Became::Open(sample::before());
            let offer = Offer {
                held,
                became,
                called: false,
            };
            question(&sample::idle_app(), &offer, sample::before()).choices
        };
        let with = answers(Some("01632 960 001"));
        let without = answers(None);
        let texts = |it: &[Choice]| it.iter().map(|it| it.text.clone()).collect::<Vec<_>>();
        assert_eq!(texts(&with), texts(&without));
        assert_eq!(texts(&with)[3], "Please call me");
        assert!(with[3].hint.is_empty() && without[3].hint.contains("Choose this to see ours"));
    }

    #[test]
    fn one_link_is_for_one_offer() {
        let until = sample::before();
        let offered = State::Offered { until };
        assert_eq!(
            became(2, offered, &history(&["join", "offer"])),
            Became::Open(until)
        );
        let twice = history(&["join", "offer", "expire", "offer"]);
        assert_eq!(became(2, offered, &twice), Became::Newer);
        assert_eq!(became(4, offered, &twice), Became::Open(until));
    }

    #[test]
    fn a_second_press_shows_the_result() {
        let after = |state, event| became(2, state, &history(&["join", "offer", event]));
        assert_eq!(after(State::Booked, "accept"), Became::Accepted);
        assert_eq!(after(State::Waiting, "decline"), Became::Declined);
        assert_eq!(after(State::Waiting, "expire"), Became::Over);
        assert_eq!(after(State::Cancelled { by: By::Person }, "cancel"), Became::Left);
        assert_eq!(
            after(State::Cancelled { by: By::RunCancelled }, "run_cancelled"),
            Became::CalledOff
        );
        assert_eq!(after(State::Closed, "run_began"), Became::Ended);
        assert_eq!(
            became(2, State::Booked, &history(&["join", "offer", "expire", "book"])),
            Became::Booked
        );
    }

    #[test]
    fn what_is_over_is_gone_and_what_was_done_is_not() {
        let status = |it| OverPage::plain(it, Vec::new()).status();
        assert_eq!(status(Became::Accepted), StatusCode::OK);
        assert_eq!(status(Became::Over), StatusCode::GONE);
        assert_eq!(status(Became::CalledOff), StatusCode::GONE);
    }
}

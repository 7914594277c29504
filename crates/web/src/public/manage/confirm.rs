//! "Yes, I made this booking": the address is proven, and the place is kept (B-20 to B-22).

use axum::extract::State as Extracted;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use booking::calendar::{self, RunDates};
use booking::{Ask, Asked, Availability, Cause, Change, State, allocator, bookings};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde::Serialize;

use super::call_us::{self, Why};
use super::keep::{self, Claim, Claimed, Keep};
use super::question::Question;
use super::{Choice, ConfirmPath, Facts, Held, Sent};
use crate::app::App;
use crate::entity::person;
use crate::error::Error;
use crate::forms::{AGAIN, Fields};
use crate::links::{self, Purpose, Stopped};
use crate::notify::NOT_ME;
use crate::pages::Page;
use crate::people::{self, matching};
use crate::tasks::{self, TaskKind};
use crate::visitor::Visitor;
use crate::words;
use crate::work::Work;

/// What this page can do for a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    /// Whether the holder of the mailbox made the booking.
    Whether,
    /// To answer the offer, which proves the address too (B-41).
    ToAnswerTheOffer,
    /// Whether to book again what was not confirmed in time.
    ToBookAgain,
    /// Nothing: it is done, or it has ended.
    Nothing,
}

fn asks(state: State, proven: bool) -> Asks {
    match state {
        State::Unconfirmed { .. } => Asks::Whether,
        State::Booked | State::Waiting if proven => Asks::Nothing,
        State::Booked | State::Waiting => Asks::Whether,
        State::Offered { .. } => Asks::ToAnswerTheOffer,
        State::Lapsed => Asks::ToBookAgain,
        State::Cancelled { .. } | State::Moved { .. } | State::Closed => Asks::Nothing,
    }
}

pub(super) async fn ask(
    ConfirmPath { token }: ConfirmPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    show(&app, &held, false).await
}

async fn show(app: &App, held: &Held, again: bool) -> Result<Response, Error> {
    match asks(held.record.state, held.person.is_proven()) {
        Asks::Nothing => Ok(held.go("")),
        Asks::Whether if again => question(app, held).again().show(app).await,
        Asks::Whether => question(app, held).show(app).await,
        Asks::ToBookAgain => lapsed(app, held, again).await,
        Asks::ToAnswerTheOffer => to_the_offer(app, held).await,
    }
}

/// An offer has a page of its own.
pub(super) async fn to_the_offer(app: &App, held: &Held) -> Result<Response, Error> {
    let token = links::token(app.reader(), app.secrets(), Purpose::Offer, held.record.id.0).await?;
    let path = token.map_or_else(|| held.path(""), |it| format!("/o/{it}"));
    Ok(Redirect::to(&path).into_response())
}

fn question(app: &App, held: &Held) -> Question {
    let waiting = held.record.state == State::Waiting;
    let yes = if waiting {
        "Yes, I joined the waiting list"
    } else {
        "Yes, I made this booking"
    };
    let heading = if waiting {
        "Did you join this waiting list?"
    } else {
        "Did you make this booking?"
    };
    let choices = vec![
        Choice::new("yes", yes),
        Choice::new("not_me", "I did not ask for this"),
    ];
    let asked = Question::new(app, heading, held.path("/confirm"), choices).about(held.facts().rows);
    let Some(until) = held.record.state.deadline() else {
        return asked;
    };
    let silence = "If we do not hear from you in time, we offer the place to the next person.";
    Question {
        call_when: "If you need longer".to_owned(),
        ..asked.by("Please answer by", until).saying(&[silence])
    }
}

/// The questions to look at: about a place, with its time, and about the waiting list.
#[cfg(test)]
pub(super) fn samples(app: &App) -> Vec<Question> {
    use super::tests::{before, held};
    let until = before() + time::Duration::hours(24);
    [State::Unconfirmed { until }, State::Waiting]
        .map(|state| question(app, &held(state, false)))
        .to_vec()
}

pub(super) async fn answer(
    ConfirmPath { token }: ConfirmPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    let sent = Sent::of(&mut fields)?;
    let (answer, keep) = (fields.line("answer")?, Keep::named(&fields.line("keep")?));
    let missed = !fields.line("asked")?.is_empty();
    fields.done()?;
    let possible = asks(held.record.state, held.person.is_proven());
    match (answer.as_str(), possible) {
        (_, Asks::ToAnswerTheOffer) => to_the_offer(&app, &held).await,
        ("yes", Asks::Nothing) => Ok(held.go("")),
        ("yes", _) => yes(&app, &held, keep, missed, &sent).await,
        ("not_me", _) => not_me(&app, &held, &sent).await,
        ("join", Asks::ToBookAgain) => join(&app, &held, &sent).await,
        _ => show(&app, &held, true).await,
    }
}

async fn yes(app: &App, held: &Held, keep: Keep, missed: bool, sent: &Sent) -> Result<Response, Error> {
    let id = held.record.id;
    let claimed = app
        .change(async |work| keep::claim(&work, id, Claim::Confirm, keep, sent).await)
        .await;
    match claimed {
        Ok(Claimed::Done) => Ok(held.go("")),
        Ok(Claimed::Gone) => Ok(held.go("/confirm")),
        Ok(Claimed::Ask(other)) => {
            keep::ask(app, &held.run, &other, held.path("/confirm"), "yes", missed).await
        }
        Err(Error::Refused(refusal)) => refused(app, held, refusal).await,
        Err(error) => Err(error),
    }
}

/// What was possible when the page was opened is not any more: the page as it is now, or a call.
async fn refused(app: &App, held: &Held, refusal: booking::Refusal) -> Result<Response, Error> {
    if let Some(why) = Why::of(refusal) {
        return call_us::answer(app, StatusCode::CONFLICT, why, Some(held.path(""))).await;
    }
    if held.record.state == State::Lapsed {
        let page = LapsedPage::of(app, held).await?;
        return app.page_with(StatusCode::CONFLICT, &page).await;
    }
    Ok(held.go(""))
}

async fn join(app: &App, held: &Held, sent: &Sent) -> Result<Response, Error> {
    let record = &held.record;
    let joined = app
        .change(async |work| {
            sent.once(&work, async {
                matching::lock_address(&work, record.person).await?;
                if let Some(other) = keep::others(work.tx(), work.now(), record).await?.first() {
                    let same = other.record.run == record.run;
                    let why = if same {
                        booking::Refusal::Booked
                    } else {
                        booking::Refusal::OtherBooking
                    };
                    return Err(why.into());
                }
                let ask = Ask {
                    booking: record.id,
                    person: record.person,
                    proven: true,
                    priority: false,
                };
                work.allocate(record.run, Asked::by_person(Change::Join(ask)))
                    .await?;
                matching::prove(&work, record.person).await.map(|_| ())
            })
            .await
        })
        .await;
    match joined {
        Ok(()) => Ok(held.go("")),
        Err(Error::Refused(booking::Refusal::PlacesFree)) => Ok(held.go("/confirm")),
        Err(Error::Refused(booking::Refusal::Waiting | booking::Refusal::Offered)) => Ok(held.go("")),
        Err(error) => Err(error),
    }
}

/// What "I did not ask for this" does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Denial {
    /// Nobody has shown that the booking is theirs: it ends, without another mail (B-20).
    Cancel,
    /// Somebody else has: the place or the entry stays, this mailbox gets no more mail about it, and
    /// the team calls to put the address right.
    StopMail,
    /// The holder said before that it is theirs: cancelling has its own page.
    AskToCancel,
}

/// A place that staff booked is never lost because its address was typed wrong on the phone and the mail
/// went to a stranger.
fn denial(state: State, proven: bool) -> Denial {
    match state {
        _ if proven => Denial::AskToCancel,
        State::Booked => Denial::StopMail,
        State::Unconfirmed { .. }
        | State::Waiting
        | State::Offered { .. }
        | State::Lapsed
        | State::Cancelled { .. }
        | State::Moved { .. }
        | State::Closed => Denial::Cancel,
    }
}

async fn not_me(app: &App, held: &Held, sent: &Sent) -> Result<Response, Error> {
    let denied = app
        .change(async |work| {
            let denial = now(&work, held).await?;
            sent.once(&work, deny(&work, held, denial)).await?;
            Ok(denial)
        })
        .await?;
    match denied {
        Denial::AskToCancel => Ok(held.go("/cancel")),
        Denial::Cancel => Ok(held.go("")),
        Denial::StopMail => {
            app.page(&NotYouPage {
                dates: words::dates(&held.run.sessions),
            })
            .await
        }
    }
}

/// What it does now: between the page and this moment somebody may have said yes.
async fn now(work: &Work, held: &Held) -> Result<Denial, Error> {
    matching::lock_address(work, held.person.id).await?;
    let record = bookings::find(work.tx(), held.record.id).await?;
    let person = people::find(work.tx(), held.person.id).await?;
    let (Some(record), Some(person)) = (record, person) else {
        return Err(Error::NotFound);
    };
    Ok(denial(record.state, person.is_proven()))
}

async fn deny(work: &Work, held: &Held, denial: Denial) -> Result<(), Error> {
    match denial {
        Denial::AskToCancel => Ok(()),
        Denial::Cancel => cancel(work, held).await,
        Denial::StopMail => stop_mail(work, held).await,
    }
}

async fn cancel(work: &Work, held: &Held) -> Result<(), Error> {
    let cause = Cause {
        reason: Some(NOT_ME.to_owned()),
        ..Cause::person()
    };
    let asked = Asked {
        change: Change::Cancel(held.record.id),
        cause,
        details: None,
    };
    match work.allocate(held.record.run, asked).await {
        // It has ended in another way meanwhile, which its page says.
        Ok(_) | Err(Error::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The link stops as if it had never been, and the address counts as no address until the team has
/// talked to the person.
async fn stop_mail(work: &Work, held: &Held) -> Result<(), Error> {
    let row = person::Entity::find_by_id(held.person.id)
        .one(work.tx())
        .await?
        .ok_or(Error::NotFound)?;
    let mut row = row.into_active_model();
    row.email_bad = Set(true);
    row.update(work.tx()).await?;
    links::renew_all(work, held.record.id, Stopped::Corrected).await?;
    let occasion = format!("not-theirs-{}", work.fresh_id());
    tasks::add(
        work,
        TaskKind::PhoneMailFailed,
        held.record.id.0,
        &occasion,
        work.now(),
    )
    .await
}

/// What can be done about a booking that was not confirmed in time.
#[derive(Clone, Debug, Serialize)]
struct LapsedPage {
    booking: Facts,
    op: String,
    action: String,
    heading: &'static str,
    /// Whether a place is free.
    free: bool,
    /// Whether one can wait for a place.
    list: bool,
    /// Whether a button should be pressed that was not.
    missed: bool,
}

impl LapsedPage {
    async fn of(app: &App, held: &Held) -> Result<Self, Error> {
        let run = calendar::run_dates(app.reader(), held.record.run)
            .await?
            .ok_or(Error::NotFound)?;
        let (free, list) = possible(app, &run).await?;
        Ok(Self::with(held.facts(), app.secrets().op(), free, list))
    }

    fn with(booking: Facts, op: String, free: bool, list: bool) -> Self {
        let heading = match (free, list) {
            (true, _) => "A place is still free",
            (false, true) => "These dates are full now",
            (false, false) => "You can no longer book these dates",
        };
        let action = format!("{}/confirm", booking.url);
        Self {
            booking,
            op,
            action,
            heading,
            free,
            list,
            missed: false,
        }
    }
}

/// Whether a place is free, and whether one can wait for one.
async fn possible(app: &App, run: &RunDates) -> Result<(bool, bool), Error> {
    let snapshot = allocator::snapshot(app.reader(), run.id)
        .await?
        .ok_or(Error::NotFound)?;
    Ok(match snapshot.availability(app.now()) {
        Availability::Open | Availability::Few(_) => (true, false),
        Availability::Full { waiting_list } => (false, waiting_list),
        Availability::OpensSoon(_)
        | Availability::Closed
        | Availability::Cancelled
        | Availability::Finished => (false, false),
    })
}

async fn lapsed(app: &App, held: &Held, missed: bool) -> Result<Response, Error> {
    if held.has_begun(app.now()) {
        return Ok(held.go(""));
    }
    let page = LapsedPage::of(app, held).await?;
    // Without a button there is nothing that should have been pressed.
    let page = LapsedPage {
        missed: missed && (page.free || page.list),
        ..page
    };
    let status = if missed { AGAIN } else { StatusCode::OK };
    app.page_with(status, &page).await
}

impl Page for LapsedPage {
    const TEMPLATE: &'static str = "pages/manage/lapsed.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page = |free, list, missed| {
            let page = Self::with(super::sample_facts(false), "00".to_owned(), free, list);
            Self { missed, ..page }
        };
        vec![
            page(true, false, false),
            page(true, false, true),
            page(false, true, false),
            page(false, false, false),
        ]
    }
}

/// Thanks for saying that a booking is somebody else's.
#[derive(Clone, Debug, Serialize)]
struct NotYouPage {
    dates: String,
}

impl Page for NotYouPage {
    const TEMPLATE: &'static str = "pages/manage/not_you.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self {
            dates: super::sample_facts(false).dates,
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public::manage::tests::before;
    use booking::By;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<LapsedPage>();
        crate::pages_test::check::<NotYouPage>();
    }

    #[test]
    fn whoever_has_not_shown_that_it_is_theirs_is_asked() {
        let until = before();
        assert_eq!(asks(State::Unconfirmed { until }, false), Asks::Whether);
        assert_eq!(asks(State::Booked, false), Asks::Whether);
        assert_eq!(asks(State::Booked, true), Asks::Nothing);
        assert_eq!(asks(State::Offered { until }, false), Asks::ToAnswerTheOffer);
        assert_eq!(asks(State::Lapsed, true), Asks::ToBookAgain);
        assert_eq!(asks(State::Cancelled { by: By::Person }, false), Asks::Nothing);
    }

    #[test]
    fn a_stranger_ends_only_what_nobody_has_confirmed() {
        assert_eq!(
            denial(State::Unconfirmed { until: before() }, false),
            Denial::Cancel
        );
        assert_eq!(denial(State::Waiting, false), Denial::Cancel);
        assert_eq!(denial(State::Booked, false), Denial::StopMail);
        assert_eq!(denial(State::Booked, true), Denial::AskToCancel);
    }
}

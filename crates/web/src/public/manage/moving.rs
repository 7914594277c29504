//! Going over to other dates: a move (guard 4 of the booking rules), and the choice of new dates after
//! the whole course was called off (B-53).

use axum::extract::State as Extracted;
use axum::http::StatusCode;
use axum::response::Response;
use booking::allocator::Arrival;
use booking::calendar::{self, RunDates};
use booking::{Ask, Asked, By, Cause, Change, Details, Refusal, Settings, State, bookings};
use ids::{BookingId, PersonId, RunId, Ts};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use time::Duration;

use super::call_us::{self, Why};
use super::other_dates::{Wanted, choices};
use super::question::Question;
use super::{Choice, Facts, Held, MovePath, Sent, needs, status};
use crate::app::App;
use crate::error::Error;
use crate::forms::Fields;
use crate::links::Purpose;
use crate::pages::Page;
use crate::people::matching;
use crate::visitor::Visitor;
use crate::words;
use crate::work::Work;

pub(super) async fn ask(
    MovePath { token }: MovePath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    let stands = Stands::of(&held, app.now());
    if matches!(stands, Stands::CanMove) {
        show(&app, &held, StatusCode::OK, "").await
    } else {
        stands.answer(&app, &held, StatusCode::OK).await
    }
}

pub(super) async fn answer(
    MovePath { token }: MovePath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    let sent = Sent::of(&mut fields)?;
    let to = fields.line("to")?;
    fields.done()?;
    let stands = Stands::of(&held, app.now());
    if to == "keep" || !matches!(stands, Stands::CanMove | Stands::CalledOff) {
        return stands.answer(&app, &held, StatusCode::CONFLICT).await;
    }
    let to = calendar::run_named(app.reader(), &held.run.course_code, &to).await?;
    match (to, stands) {
        (None, Stands::CalledOff) => instead_again(&app, &held).await,
        (None, _) => again(&app, &held).await,
        (Some(to), Stands::CalledOff) => take_instead(&app, &held, &to, &sent).await,
        (Some(to), _) => go_over(&app, &held, &to, &sent).await,
    }
}

/// What this page can do for a booking now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    CanMove,
    /// The address has to be proven first.
    Unproven,
    /// The course was called off: new dates are chosen on the booking's own page.
    CalledOff,
    Ended,
    TooLate(Why),
}

impl Stands {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "from there on the time decides, not the state"
    )]
    fn of(held: &Held, now: Ts) -> Self {
        match held.record.state {
            State::Cancelled { by: By::RunCancelled } => Self::CalledOff,
            state if !state.is_live() => Self::Ended,
            _ if held.has_begun(now) => Self::TooLate(Why::Started),
            _ if now >= held.run.closes_at => Self::TooLate(Why::Closed),
            _ if !held.person.is_proven() => Self::Unproven,
            _ => Self::CanMove,
        }
    }

    async fn answer(self, app: &App, held: &Held, status: StatusCode) -> Result<Response, Error> {
        match self {
            Self::CanMove | Self::CalledOff | Self::Ended => Ok(held.go("")),
            Self::Unproven => Ok(held.go("/confirm")),
            Self::TooLate(why) => call_us::answer(app, status, why, Some(held.path(""))).await,
        }
    }
}

async fn show(app: &App, held: &Held, status: StatusCode, notice: &str) -> Result<Response, Error> {
    match question(app, held).await? {
        Some(asked) => {
            Question {
                notice: notice.to_owned(),
                ..asked
            }
            .show_with(app, status)
            .await
        }
        None => no_dates(app, held, status).await,
    }
}

async fn again(app: &App, held: &Held) -> Result<Response, Error> {
    match question(app, held).await? {
        Some(asked) => asked.again().show(app).await,
        None => no_dates(app, held, StatusCode::CONFLICT).await,
    }
}

/// The dates to choose from; nothing if there are none.
async fn question(app: &App, held: &Held) -> Result<Option<Question>, Error> {
    let queued = matches!(held.record.state, State::Waiting | State::Offered { .. });
    let wanted = if queued {
        Wanted::PlaceOrList
    } else {
        Wanted::Place
    };
    let dates = choices(app.reader(), &held.run, app.now(), wanted).await?;
    Ok((!dates.is_empty()).then(|| among(app, held, dates)))
}

fn among(app: &App, held: &Held, mut dates: Vec<Choice>) -> Question {
    dates.push(Choice::new("keep", "Keep my dates"));
    let facts = held.facts();
    let asked = Question::new(app, "Which dates would you like?", held.path("/move"), dates)
        .about(vec![super::Row::new("Now", facts.dates)])
        .saying(&[what_follows(held.record.state)])
        .back_to(&facts.url);
    Question { name: "to", ..asked }
}

/// What becomes of the old dates: an entry in the list holds no place that could go on.
fn what_follows(state: State) -> &'static str {
    if state == State::Waiting {
        "When you choose new dates, you leave the waiting list for your old ones."
    } else {
        "When you choose new dates, we give your old ones to the next person."
    }
}

/// The questions to look at: for a place, and for an entry in the list with a notice.
#[cfg(test)]
pub(super) fn samples(app: &App) -> Vec<Question> {
    use super::tests::held;
    let other = Choice {
        hint: "10am to 1:15pm, both days. Online. 3 places left.".to_owned(),
        ..Choice::new("9-june-2027", "Wednesday 9 and Wednesday 16 June 2027")
    };
    let ask = |state| among(app, &held(state, true), vec![other.clone()]);
    let full = Question {
        notice: GONE.to_owned(),
        ..ask(State::Waiting)
    };
    vec![ask(State::Booked), full]
}

/// Nowhere to go to.
#[derive(Clone, Debug, Serialize)]
struct NoDatesPage {
    booking: Facts,
}

async fn no_dates(app: &App, held: &Held, status: StatusCode) -> Result<Response, Error> {
    app.page_with(
        status,
        &NoDatesPage {
            booking: held.facts(),
        },
    )
    .await
}

impl Page for NoDatesPage {
    const TEMPLATE: &'static str = "pages/manage/no_dates.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self {
            booking: super::sample_facts(true),
        }]
    }
}

/// Dates that could be had when the page was opened, and cannot any more.
const GONE: &str =
    "You cannot have those dates now. Someone may have taken the last place. Your booking is as it was.";

async fn go_over(app: &App, held: &Held, to: &RunDates, sent: &Sent) -> Result<Response, Error> {
    let moved = app
        .change(async |work| sent.once(&work, move_to(&work, held, to)).await)
        .await;
    match moved {
        Ok(()) | Err(Error::Refused(Refusal::Moved | Refusal::Ended)) => Ok(held.go("")),
        // The dates it should go to may have closed, not its own: then others may still do.
        Err(Error::Refused(_)) => show(app, held, StatusCode::CONFLICT, GONE).await,
        Err(error) => Err(error),
    }
}

async fn move_to(work: &Work, held: &Held, to: &RunDates) -> Result<(), Error> {
    let person = held.record.person;
    let booking = on_run(work, person, to.id).await?;
    let ask = Ask {
        booking,
        person,
        proven: held.person.is_proven(),
        priority: false,
    };
    let reference = free_reference(work).await?;
    let arrival = Arrival {
        run: to.id,
        ask,
        cause: Cause::person(),
        reference,
    };
    work.allocate_move((held.record.run, held.record.id), arrival)
        .await
}

/// The person's old record on a run, or the name for a new one.
pub(crate) async fn on_run(work: &Work, person: PersonId, run: RunId) -> Result<BookingId, Error> {
    let old = bookings::on_run(work.tx(), person, run).await?;
    Ok(old.map_or_else(|| BookingId(work.fresh_id()), |it| it.id))
}

/// A reference that no booking has.
pub(crate) async fn free_reference(work: &Work) -> Result<String, Error> {
    loop {
        let reference = work.secrets().reference();
        if bookings::with_reference(work.tx(), &reference).await?.is_none() {
            return Ok(reference);
        }
    }
}

/// New dates after the whole course was called off (B-53): one later run, with priority, for a while.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Instead {
    /// "Monday 21 June 2027 at 6pm".
    pub until: String,
    /// Dates to choose from.
    pub choices: Vec<Choice>,
    /// The dates chosen already.
    pub chosen: Option<String>,
    pub op: String,
}

impl Instead {
    /// What can be chosen; nothing for other bookings, after that time, and after one choice that has
    /// ended again.
    pub(super) async fn of(
        db: &impl ConnectionTrait,
        held: &Held,
        now: Ts,
        settings: &Settings,
    ) -> Result<Option<Self>, Error> {
        let Some(until) = priority_until(held, settings).filter(|until| now < *until) else {
            return Ok(None);
        };
        let later = chosen_later(db, held).await?;
        if later.as_ref().is_some_and(|(state, _)| !state.is_live()) {
            return Ok(None);
        }
        let choices = match later {
            Some(_) => Vec::new(),
            None => choices(db, &held.run, now, Wanted::PlaceOrFrontOfList).await?,
        };
        let chosen = later.map(|(_, run)| words::dates(&run.sessions));
        Ok(Some(Self {
            until: words::date_time(until),
            choices,
            chosen,
            op: String::new(),
        }))
    }

    pub(super) fn with_op(self, op: String) -> Self {
        Self { op, ..self }
    }

    /// One for each way it can look.
    #[cfg(test)]
    pub(super) fn all() -> Vec<Self> {
        let until = || "Monday 21 June 2027 at 6pm".to_owned();
        let dates = "Friday 9 July 2027".to_owned();
        let choices = vec![Choice {
            hint: "Online.".to_owned(),
            ..Choice::new("9-july-2027", dates.clone())
        }];
        let op = String::new;
        vec![
            Self {
                until: until(),
                choices,
                chosen: None,
                op: op(),
            },
            Self {
                until: until(),
                choices: Vec::new(),
                chosen: None,
                op: op(),
            },
            Self {
                until: until(),
                choices: Vec::new(),
                chosen: Some(dates),
                op: op(),
            },
        ]
    }
}

/// When the priority of a booking ends that was called off with its run.
fn priority_until(held: &Held, settings: &Settings) -> Option<Ts> {
    let called_off = held.record.state == State::Cancelled { by: By::RunCancelled };
    held.run
        .cancelled_at
        .filter(|_| called_off)
        .map(|at| at + Duration::days(settings.priority))
}

/// The booking on other dates of the course that the person took since theirs were called off.
async fn chosen_later(db: &impl ConnectionTrait, held: &Held) -> Result<Option<(State, RunDates)>, Error> {
    let Some(since) = held.run.cancelled_at else {
        return Ok(None);
    };
    let standing = matching::standing(db, &held.person).await?;
    for it in bookings::of_people(db, [held.person.id, standing.id]).await? {
        let run = calendar::run_dates(db, it.run).await?.ok_or(Error::NotFound)?;
        if it.id == held.record.id || run.course != held.run.course {
            continue;
        }
        let history = bookings::history(db, it.id).await?;
        if it.state.is_live()
            || history
                .iter()
                .any(|it| it.at >= since && ["book", "join"].contains(&it.event.as_str()))
        {
            return Ok(Some((it.state, run)));
        }
    }
    Ok(None)
}

async fn instead_again(app: &App, held: &Held) -> Result<Response, Error> {
    let (settings, _) = calendar::rules(app.reader()).await?;
    let instead = Instead::of(app.reader(), held, app.now(), &settings).await?;
    let Some(instead) = instead.filter(|it| !it.choices.is_empty()) else {
        return Ok(held.go(""));
    };
    let asked = Question::new(
        app,
        "Which dates would you like?",
        held.path("/move"),
        instead.choices,
    )
    .back_to(&held.path(""));
    Question { name: "to", ..asked }.again().show(app).await
}

const INSTEAD_GONE: &str = "You cannot have those dates now. Please choose from the dates on this page.";

async fn take_instead(app: &App, held: &Held, to: &RunDates, sent: &Sent) -> Result<Response, Error> {
    let taken = app
        .change(async |work| sent.once(&work, book_instead(&work, held, to)).await)
        .await;
    match taken {
        Ok(()) => Ok(held.go("")),
        // Dates that can still be had are on the page to choose from.
        Err(Error::Refused(_)) => status::again(app, held, INSTEAD_GONE).await,
        Err(error) => Err(error),
    }
}

/// A place if one is free, else the front of the queue; the old booking stays as it is.
async fn book_instead(work: &Work, held: &Held, to: &RunDates) -> Result<(), Error> {
    let (settings, _) = calendar::rules(work.tx()).await?;
    let instead = Instead::of(work.tx(), held, work.now(), &settings).await?;
    if instead.is_none_or(|it| it.chosen.is_some()) {
        return Ok(());
    }
    let person = matching::standing(work.tx(), &held.person).await?;
    let booking = on_run(work, person.id, to.id).await?;
    let ask = Ask {
        booking,
        person: person.id,
        proven: person.is_proven(),
        priority: true,
    };
    let old = bookings::details(work.tx(), held.record.id).await?;
    let details = Details {
        reference: free_reference(work).await?,
        ..old
    };
    let asked = |change| Asked {
        change,
        cause: Cause::person(),
        details: Some(details.clone()),
    };
    match work.allocate(to.id, asked(Change::Book(ask))).await {
        Err(Error::Refused(Refusal::NoPlace)) => {
            work.allocate(to.id, asked(Change::Join(ask))).await?;
        }
        booked => {
            booked?;
        }
    }
    needs::carry_over(work, held.record.id, booking).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public::manage::tests as sample;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<NoDatesPage>();
    }

    #[test]
    fn moving_ends_when_booking_closes_and_needs_a_proven_address() {
        let stands = |state, proven, now| Stands::of(&sample::held(state, proven), now);
        let (before, day_1) = (sample::before(), sample::day_1());
        assert_eq!(stands(State::Booked, true, before), Stands::CanMove);
        assert_eq!(stands(State::Waiting, false, before), Stands::Unproven);
        assert_eq!(
            stands(State::Booked, true, day_1 - Duration::hours(1)),
            Stands::TooLate(Why::Closed)
        );
        assert_eq!(stands(State::Booked, true, day_1), Stands::TooLate(Why::Started));
        assert_eq!(stands(State::Lapsed, true, before), Stands::Ended);
        assert_eq!(
            stands(State::Cancelled { by: By::RunCancelled }, false, before),
            Stands::CalledOff
        );
    }

    #[test]
    fn nobody_who_waits_is_told_of_a_place_that_goes_on() {
        assert!(what_follows(State::Waiting).contains("leave the waiting list"));
        assert!(what_follows(State::Booked).contains("the next person"));
    }

    #[test]
    fn the_course_being_called_off_gives_priority_for_14_days() {
        let mut held = sample::held(State::Cancelled { by: By::RunCancelled }, true);
        held.run.cancelled_at = Some(sample::before());
        let settings = Settings::default();
        assert_eq!(
            priority_until(&held, &settings),
            Some(sample::before() + Duration::days(14))
        );
        held.record.state = State::Cancelled { by: By::Person };
        assert_eq!(priority_until(&held, &settings), None);
    }
}

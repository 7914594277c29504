//! "My booking": where it stands, and what its holder can do now.

use axum::extract::{Query, State as Extracted};
use axum::http::StatusCode;
use axum::response::Response;
use booking::attendance::outcome::{self, Outcome};
use booking::bookings::{self, HistoryLine};
use booking::calendar::{self, Delivery, Meeting};
use booking::evaluation::asking;
use booking::queue::{Band, band};
use booking::{Asked, By, Change, Note, Settings, State, allocator, attendance, london, reminders};
use ids::Ts;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};

use super::other_dates::{NextDates, next_dates};
use super::question::Deadline;
use super::{BookingPath, Facts, Held, Sent, feedback, keep, moving, needs};
use crate::app::App;
use crate::error::Error;
use crate::forms::Fields;
use crate::links::{self, Purpose};
use crate::notify::NOT_ME;
use crate::pages::Page;
use crate::tasks::unanswered;
use crate::visitor::Visitor;
use crate::words;

pub(super) async fn show(
    BookingPath { token }: BookingPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
    Query(asked): Query<Seen>,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    let known = Known::load(&app, &held).await?;
    let banner = Banner::after(&asked.told, &known.apologies, said_coming(&known.history));
    app.page(&BookingPage::of(&app, &held, known).with(banner)).await
}

/// The page as it is now, after something that could not be done any more (409).
pub(super) async fn again(app: &App, held: &Held, notice: &str) -> Result<Response, Error> {
    let held = held.reloaded(app).await?;
    let known = Known::load(app, &held).await?;
    let page = BookingPage::of(app, &held, known).with(Some(Banner::notice(notice)));
    app.page_with(StatusCode::CONFLICT, &page).await
}

/// What was done on the page just before.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Seen {
    /// The day that they told us they cannot come to, or "coming".
    told: String,
}

/// What happened, above everything else.
#[derive(Clone, Debug, Serialize)]
struct Banner {
    text: String,
    /// Whether it went well.
    success: bool,
}

impl Banner {
    fn notice(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            success: false,
        }
    }

    /// Thanks for telling us of a day, or that they are coming, if it was told.
    fn after(told: &str, apologies: &[i32], coming: bool) -> Option<Self> {
        let of_day = told.parse().is_ok_and(|day: i32| apologies.contains(&day));
        let text = if of_day {
            "Thank you for telling us. You keep your place on the course."
        } else if told == "coming" && coming {
            "Thank you for telling us that you are coming. We look forward to it."
        } else {
            return None;
        };
        Some(Self {
            text: text.to_owned(),
            success: true,
        })
    }
}

/// What can be done on the page itself, each with one press: to say that one is coming (M10) or cannot come to
/// a day (B-31), and to take a place that came free while waiting.
pub(super) async fn act(
    BookingPath { token }: BookingPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    let sent = Sent::of(&mut fields)?;
    let (day, book) = (fields.line("cannot_come")?, fields.line("book")?);
    let coming = fields.line("coming")?;
    fields.done()?;
    match (day.parse::<i32>(), book.as_str(), coming.as_str()) {
        (Ok(day), "", "") => cannot_come(&app, &held, day, &sent).await,
        (Err(_), "yes", "") if day.is_empty() => book_now(&app, &held, &sent).await,
        (Err(_), "", "yes") if day.is_empty() => is_coming(&app, &held, &sent).await,
        _ => Err(Error::BadForm("nothing was chosen".to_owned())),
    }
}

async fn cannot_come(app: &App, held: &Held, day: i32, sent: &Sent) -> Result<Response, Error> {
    let session = held
        .run
        .sessions
        .iter()
        .find(|it| it.idx == day)
        .ok_or(Error::NotFound)?
        .id;
    let booking = held.record.id;
    let noted = app
        .change(async |work| {
            sent.once(&work, async {
                if bookings::has_apologies(work.tx(), booking, session).await? {
                    return Ok(());
                }
                let fresh = || work.fresh_id();
                Ok(attendance::send_apologies(work.tx(), work.now(), &fresh, booking, session).await?)
            })
            .await
        })
        .await;
    match noted {
        Ok(()) => Ok(held.go(&format!("?told={day}"))),
        // The day is over, or the place was given back: the page says so.
        Err(Error::Refused(_) | Error::NotFound) => Ok(held.go("")),
        Err(error) => Err(error),
    }
}

/// Notes that somebody is coming; it changes nothing, and the page says thank you.
async fn is_coming(app: &App, held: &Held, sent: &Sent) -> Result<Response, Error> {
    let known = Known::load(app, held).await?;
    if held.record.state == State::Booked && !said_coming(&known.history) {
        let (run, say) = (held.record.run, Change::Say(held.record.id, Note::Coming));
        app.change(async |work| {
            let asked = Asked::by_person(say.clone());
            sent.once(&work, async { work.allocate(run, asked).await.map(|_| ()) })
                .await
        })
        .await?;
    }
    Ok(held.go("?told=coming"))
}

/// Whether somebody has said that they are coming since they have their place.
fn said_coming(history: &[HistoryLine]) -> bool {
    let last = history
        .iter()
        .rev()
        .find(|it| it.event == "coming" || it.from.as_deref() != Some(it.to.as_str()));
    last.is_some_and(|it| it.event == "coming")
}

/// What somebody is told who was too late.
const FASTER: &str = "We could not book that place for you. Someone else may have been faster. This page says where things stand now.";

async fn book_now(app: &App, held: &Held, sent: &Sent) -> Result<Response, Error> {
    if !held.person.is_proven() {
        return Ok(held.go("/confirm"));
    }
    let (run, accept) = (held.record.run, Change::Accept(held.record.id, None));
    let booked = app
        .change(async |work| {
            let asked = Asked::by_person(accept.clone());
            sent.once(&work, async { work.allocate(run, asked).await.map(|_| ()) })
                .await
        })
        .await;
    match booked {
        Ok(()) => Ok(held.go("")),
        Err(Error::Refused(_)) => again(app, held, FASTER).await,
        Err(error) => Err(error),
    }
}

/// What the page has to know beside the booking.
#[derive(Clone, Debug)]
struct Known {
    now: Ts,
    settings: Settings,
    history: Vec<HistoryLine>,
    /// The link to the offer that is open.
    offer: Option<String>,
    band: Option<Band>,
    /// Whether somebody who waits can have a place at once.
    free_now: bool,
    /// The dates it moved to.
    moved_to: String,
    next: Vec<NextDates>,
    /// Dates to go over to after the whole course was called off (B-53).
    instead: Option<moving::Instead>,
    needs_noted: bool,
    /// Whether a change of dates waits for an answer (B-50).
    change_unanswered: bool,
    /// The days, by number, that the person cannot come to.
    apologies: Vec<i32>,
    /// How it went, once every day is marked (B-75).
    outcome: Option<Outcome>,
}

impl Known {
    async fn load(app: &App, held: &Held) -> Result<Self, Error> {
        let (db, now, record) = (app.reader(), app.now(), &held.record);
        let (settings, _) = calendar::rules(db).await?;
        let snapshot = allocator::snapshot(db, record.run)
            .await?
            .ok_or(Error::NotFound)?;
        let entry = snapshot
            .booking(record.id)
            .filter(|_| record.state == State::Waiting);
        let mut offer = None;
        if matches!(record.state, State::Offered { .. }) {
            offer = links::token(db, app.secrets(), Purpose::Offer, record.id.0).await?;
        }
        let mut next = Vec::new();
        let ended = matches!(
            record.state,
            State::Lapsed | State::Closed | State::Cancelled { .. }
        );
        // The addresses of these pages name the course.
        if ended && held.person.is_proven() {
            next = next_dates(db, &held.run, now).await?;
        }
        let mut apologies = Vec::new();
        for it in &held.run.sessions {
            if bookings::has_apologies(db, record.id, it.id).await? {
                apologies.push(it.idx);
            }
        }
        let history = bookings::history(db, record.id).await?;
        Ok(Self {
            now,
            band: entry.map(|it| band(&snapshot, it)),
            free_now: entry.is_some() && snapshot.public_free(now) > 0,
            offer,
            moved_to: moved_to(db, record.state).await?,
            next,
            instead: moving::Instead::of(db, held, now, &settings).await?,
            needs_noted: needs::are_noted(db, record.id).await?,
            change_unanswered: change_unanswered(db, held, &history).await?,
            apologies,
            outcome: if held.person.is_proven() {
                outcome::of_booking(db, record.id).await?
            } else {
                None
            },
            settings,
            history,
        })
    }
}

/// The dates at the end of a chain of moves (INV-13).
async fn moved_to(db: &impl ConnectionTrait, state: State) -> Result<String, Error> {
    let mut state = state;
    let mut dates = String::new();
    while let State::Moved { to } = state {
        let next = bookings::find(db, to).await?.ok_or(Error::NotFound)?;
        let run = calendar::run_dates(db, next.run).await?.ok_or(Error::NotFound)?;
        (state, dates) = (next.state, words::dates(&run.sessions));
    }
    Ok(dates)
}

/// Whether the person was told of a change and has not answered (B-50).
pub(super) async fn change_unanswered(
    db: &impl ConnectionTrait,
    held: &Held,
    history: &[HistoryLine],
) -> Result<bool, Error> {
    let told = unanswered::told(db, held.record.id).await?;
    Ok(unanswered::is_unanswered(&held.run, &held.record, history, told))
}

/// A link with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Step {
    text: String,
    href: String,
}

/// "I cannot come" for one day.
#[derive(Clone, Debug, Serialize)]
struct DayOff {
    day: i32,
    /// "Day 1, Tuesday 8 June 2027", and the same in a sentence.
    label: String,
    text: String,
    /// Whether they said so already.
    said: bool,
    op: String,
}

#[derive(Clone, Debug, Serialize)]
struct BookingPage {
    booking: Facts,
    /// What happened just before.
    banner: Option<Banner>,
    heading: String,
    tag: String,
    tag_colour: &'static str,
    /// Until when a place is held.
    deadline: Option<Deadline>,
    lead: Vec<String>,
    /// Why it was cancelled, as the team wrote it.
    reason: String,
    /// "To change something", "If this comes as a surprise": when to call.
    call_when: String,
    /// A change of dates waits for an answer there.
    changed_url: String,
    /// The next thing to do.
    next_step: Option<Step>,
    /// A place can be had with one press.
    book_op: String,
    /// What else can be done.
    steps: Vec<Step>,
    /// "I am coming" can be said with one press.
    coming_op: String,
    days_off: Vec<DayOff>,
    /// Whether some needs are noted; never which (T-26).
    needs: &'static str,
    instead: Option<moving::Instead>,
    next_dates: Vec<NextDates>,
    new_link_url: String,
}

impl BookingPage {
    fn of(app: &App, held: &Held, known: Known) -> Self {
        let said = said(held, &known);
        let can = Can::of(held, &known);
        let booking = held.facts();
        let step = |text: &str, page: &str| Step {
            text: text.to_owned(),
            href: held.path(page),
        };
        let mut steps = Vec::new();
        if can.claim && said.next.is_some_and(|(_, page)| page != "/confirm") {
            steps.push(step("Tell us that this booking is yours", "/confirm"));
        }
        if can.join && said.next.is_none_or(|(_, page)| page != "/join") {
            steps.push(step("See how to join", "/join"));
        }
        if can.download {
            steps.push(step("Put the dates in your calendar", "/calendar.ics"));
        }
        let is_owner = held.record.state == State::Booked && held.person.is_proven();
        let asking = asking(&known.settings, known.now, &held.run.sessions);
        if let Some(words) = feedback::link(asking).filter(|_| is_owner) {
            steps.push(step(words, "/feedback"));
        }
        if can.change_details {
            steps.push(step("Change your details", "/details"));
        }
        if can.go_elsewhere {
            steps.push(step("Move to other dates", "/move"));
        }
        if can.cancel {
            let listed = matches!(held.record.state, State::Waiting | State::Offered { .. });
            steps.push(step(
                if listed {
                    "Leave the waiting list"
                } else {
                    "Cancel your place"
                },
                "/cancel",
            ));
        }
        let next_step = match (&known.offer, said.next) {
            (Some(token), _) => Some(Step {
                text: "Answer the offer".to_owned(),
                href: format!("/o/{token}"),
            }),
            (None, Some((text, page))) => Some(Step {
                text: text.to_owned(),
                href: link_of(held, page),
            }),
            (None, None) => None,
        };
        Self {
            heading: said.heading.to_owned(),
            tag: said.tag,
            banner: None,
            tag_colour: said.colour,
            deadline: said.deadline,
            lead: said.lead,
            reason: said.reason,
            call_when: said.call_when.to_owned(),
            changed_url: if known.change_unanswered && !held.is_over(known.now) {
                held.path("/changed")
            } else {
                String::new()
            },
            next_step,
            book_op: if known.free_now && booking.proven {
                app.secrets().op()
            } else {
                String::new()
            },
            steps,
            coming_op: if can.send_apologies && may_say_coming(held, &known) {
                app.secrets().op()
            } else {
                String::new()
            },
            days_off: days_off(app, held, &known, &can),
            needs: needs_words(&can, known.needs_noted),
            next_dates: if known.instead.is_some() {
                Vec::new()
            } else {
                known.next
            },
            instead: known.instead.map(|it| it.with_op(app.secrets().op())),
            new_link_url: if held.is_over(known.now) {
                String::new()
            } else {
                held.path("/new-link")
            },
            booking,
        }
    }

    fn with(self, banner: Option<Banner>) -> Self {
        Self { banner, ..self }
    }
}

/// A page of the booking, or one for everybody.
fn link_of(held: &Held, page: &str) -> String {
    if page.starts_with("/courses") || page.starts_with("/bookings") {
        page.to_owned()
    } else {
        held.path(page)
    }
}

/// Whether "I cannot come" is asked for a session: from the day before until it ends (B-31). Weeks before,
/// whoever cannot come would rather move or cancel.
fn is_near(meeting: &Meeting, now: Ts) -> bool {
    let (today, _) = london::local(now);
    now < meeting.ends_at && meeting.date.previous_day().is_some_and(|eve| eve <= today)
}

/// Whether we ask if somebody is coming: once the guide was due (M10), until the course begins.
fn may_say_coming(held: &Held, known: &Known) -> bool {
    let guide = reminders::of_run(&known.settings, &held.run.sessions);
    let is_asked = guide.first().is_some_and(|it| it.at <= known.now);
    is_asked && !held.has_begun(known.now) && !said_coming(&known.history)
}

fn days_off(app: &App, held: &Held, known: &Known, can: &Can) -> Vec<DayOff> {
    let open = held
        .run
        .sessions
        .iter()
        .filter(|it| can.send_apologies && is_near(it, known.now));
    let several = held.run.sessions.len() > 1;
    let name = |idx| {
        if several {
            format!("day {idx}, ")
        } else {
            String::new()
        }
    };
    let label = |idx| {
        if several {
            format!("Day {idx}, ")
        } else {
            String::new()
        }
    };
    open.map(|it| DayOff {
        day: it.idx,
        label: format!("{}{}", label(it.idx), words::date(it.date)),
        text: format!("{}{}", name(it.idx), words::date(it.date)),
        said: known.apologies.contains(&it.idx),
        op: app.secrets().op(),
    })
    .collect()
}

fn needs_words(can: &Can, noted: bool) -> &'static str {
    match (can.change_details, noted) {
        (false, _) => "",
        (true, true) => {
            "You told us what would help you take part. You can change it under “Change your details”."
        }
        (true, false) => "Would something help you take part? Tell us under “Change your details”.",
    }
}

/// What the holder can do; what they cannot has no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing that can be done or not"
)]
struct Can {
    claim: bool,
    join: bool,
    download: bool,
    change_details: bool,
    go_elsewhere: bool,
    cancel: bool,
    send_apologies: bool,
}

impl Can {
    fn of(held: &Held, known: &Known) -> Self {
        let (state, now, proven) = (held.record.state, known.now, held.person.is_proven());
        let (begun, over) = (held.has_begun(now), held.is_over(now));
        let booked = state == State::Booked && proven && !over;
        Self {
            claim: matches!(state, State::Booked | State::Waiting) && !proven && !over,
            join: booked && held.run.delivery != Delivery::InPerson,
            download: booked,
            change_details: state.is_live() && proven && !over,
            go_elsewhere: state.is_live() && proven && !begun && now < held.run.closes_at,
            cancel: state.is_live() && !begun,
            send_apologies: booked,
        }
    }
}

/// What the page says of a booking.
#[derive(Clone, Debug)]
struct Said {
    heading: &'static str,
    tag: String,
    colour: &'static str,
    deadline: Option<Deadline>,
    lead: Vec<String>,
    reason: String,
    call_when: &'static str,
    /// The next thing to do: words, and a page of the booking or of everybody.
    next: Option<(&'static str, &'static str)>,
}

const ALL_DATES: (&str, &str) = ("See all dates", "/courses");

fn said(held: &Held, known: &Known) -> Said {
    let state = held.record.state;
    let (heading, tag, colour) = headline(held, known);
    let mut said = Said {
        heading,
        tag,
        colour,
        deadline: state
            .deadline()
            .map(|until| Deadline::new("We are holding a place for you until", until)),
        lead: Vec::new(),
        reason: String::new(),
        call_when: "If you have a question",
        next: None,
    };
    match state {
        State::Unconfirmed { .. } => {
            said.lead =
                lines(&["If we do not hear from you in time, we offer the place to the next person."]);
            said.call_when = "If you need longer";
            said.next = Some(("Confirm your booking", "/confirm"));
        }
        State::Booked => booked(&mut said, held, known),
        State::Waiting => waiting(&mut said, held, known),
        State::Offered { .. } => {
            said.lead = lines(&["Would you like it? You can say yes or no."]);
            said.call_when = "If you need longer";
        }
        State::Cancelled { by } => cancelled(&mut said, held, known, by),
        State::Lapsed => {
            said.lead = lines(&[
                "We did not hear from you in time, so we offered the place to the next person.",
                "You did nothing wrong.",
            ]);
            said.next = Some(if held.has_begun(known.now) {
                ALL_DATES
            } else {
                ("Book again", "/confirm")
            });
        }
        State::Moved { .. } => {
            said.lead = lines(&["Please use the link in our newest email. This page stays as it is."]);
            said.next = Some(("Email me a new link", "/bookings/find"));
        }
        State::Closed => {
            said.lead = lines(&["We are sorry that there was no place for you this time."]);
            said.next = Some(ALL_DATES);
        }
    }
    if Can::of(held, known).claim {
        said.lead.push(
            "Please tell us that this booking is yours. Then you can see and change everything.".to_owned(),
        );
        said.next = said.next.or(Some(("Tell us that it is yours", "/confirm")));
    }
    said
}

/// Heading, status words and their colour (pages.md section 5).
fn headline(held: &Held, known: &Known) -> (&'static str, String, &'static str) {
    let over = held.is_over(known.now);
    let (heading, tag, colour) = match held.record.state {
        State::Unconfirmed { .. } => (
            "Please confirm your booking",
            "Booked, email not confirmed",
            "yellow",
        ),
        State::Booked if over => (
            "Your course has finished",
            known.outcome.map_or("Finished", how_it_went),
            "",
        ),
        State::Booked => ("You have a place", "Booked", "green"),
        State::Waiting => ("You are waiting for a place", "Waiting", "blue"),
        State::Offered { until } => {
            let (day, _) = london::local(until);
            return (
                "We have a place for you",
                format!("Offered, reply by {}", words::date(day)),
                "yellow",
            );
        }
        State::Cancelled { by: By::Person } if left_the_list(known) => {
            ("You have left the waiting list", "Cancelled", "grey")
        }
        State::Cancelled { by: By::Person } => ("Your booking is cancelled", "Cancelled", "grey"),
        State::Cancelled { by: By::Team } => ("We have cancelled your booking", "Cancelled by us", "grey"),
        State::Cancelled { by: By::RunCancelled } => {
            ("These dates are cancelled", "Course cancelled", "grey")
        }
        State::Lapsed => (
            "Your booking was not confirmed in time",
            "Not confirmed in time",
            "grey",
        ),
        State::Moved { .. } => {
            return (
                "Your booking was moved",
                format!("Moved to {}", known.moved_to),
                "grey",
            );
        }
        State::Closed => ("The waiting list has closed", "List closed", "grey"),
    };
    (heading, tag.to_owned(), colour)
}

/// The outcome in words to the person (pages.md section 5).
fn how_it_went(it: Outcome) -> &'static str {
    match it {
        Outcome::NotAttended => "We missed you",
        Outcome::Completed | Outcome::PartAttended | Outcome::Excused => words::outcome(it),
    }
}

fn lines(of: &[&str]) -> Vec<String> {
    of.iter().map(|it| (*it).to_owned()).collect()
}

fn booked(said: &mut Said, held: &Held, known: &Known) {
    if held.is_over(known.now) {
        said.lead = lines(match known.outcome {
            None | Some(Outcome::Excused) => &["These dates have passed. Thank you for booking with us."],
            Some(Outcome::Completed) => &["Thank you for coming."],
            Some(Outcome::PartAttended) => {
                &["Thank you for coming. If you would like to catch up on what you missed, call us."]
            }
            Some(Outcome::NotAttended) => &["We hope you are OK. You do not need to explain."],
        });
        said.call_when = "If you missed a day, or have a question";
        said.next = Some(ALL_DATES);
        return;
    }
    if held.has_begun(known.now) {
        said.lead = lines(&["The course has started."]);
        said.call_when = "If you need to change something";
    } else {
        said.lead = lines(&["We are looking forward to meeting you."]);
    }
    if held.run.delivery != Delivery::InPerson {
        let each = if held.run.sessions.len() > 1 {
            " each day"
        } else {
            ""
        };
        said.lead.push(format!(
            "Your joining page opens {} minutes before{each}.",
            known.settings.join_opens
        ));
        let opens = time::Duration::minutes(known.settings.join_opens);
        let meets = held
            .run
            .sessions
            .iter()
            .any(|it| it.starts_at - opens <= known.now && known.now < it.ends_at);
        said.next = meets.then_some(("Join now", "/join"));
    }
}

fn waiting(said: &mut Said, held: &Held, known: &Known) {
    let band = known.band.map(|it| match it {
        Band::Next => "You are next on the list.",
        Band::NextFew => "You are among the next few on the list.",
        Band::FurtherDown => "You are further down the list.",
    });
    said.lead = lines(&["If a place comes up we will email or call you and hold it for you."]);
    said.lead.extend(band.map(str::to_owned));
    if held.record.paused {
        said.lead.extend(lines(&[
            "We offered you a place more than once and did not hear from you. That is fine.",
            "We will not offer you another place until you tell us.",
        ]));
        said.next = Some(("Tell us if you are still interested", "/still-interested"));
    }
}

fn cancelled(said: &mut Said, held: &Held, known: &Known, by: By) {
    let last = known.history.iter().rev().find(|it| it.event == "cancel");
    let reason = last.and_then(|it| it.reason.as_deref());
    match by {
        By::Person if reason == Some(NOT_ME) => {
            said.lead =
                lines(&["Thank you for telling us. We will not write to you again about this booking."]);
        }
        By::Person if reason == Some(keep::KEPT_OTHER) => {
            said.lead = lines(&["You kept your other booking. Use the link in our email about that one."]);
            said.next = Some(("Email me a new link", "/bookings/find"));
        }
        By::Person => {
            said.lead = lines(&[
                "You do not need to do anything else.",
                "You are welcome to book again.",
            ]);
            said.next = Some(ALL_DATES);
        }
        By::Team => {
            reason
                .filter(|_| held.person.is_proven())
                .unwrap_or_default()
                .clone_into(&mut said.reason);
            said.call_when = "If this comes as a surprise";
            said.next = Some(ALL_DATES);
        }
        By::RunCancelled => {
            said.lead = lines(&["We are sorry. The course on these dates cannot go ahead."]);
            let reason = held.run.cancel_reason.clone();
            said.reason = reason.filter(|_| held.person.is_proven()).unwrap_or_default();
            said.next = known.instead.is_none().then_some(ALL_DATES);
        }
    }
}

/// Whether it was a place in the queue that ended.
fn left_the_list(known: &Known) -> bool {
    let last = known.history.iter().rev().find(|it| it.event == "cancel");
    let plain = |it: &&HistoryLine| {
        it.reason
            .as_deref()
            .is_none_or(|it| it != NOT_ME && it != keep::KEPT_OTHER)
    };
    let from = last.filter(plain).and_then(|it| it.from.as_deref());
    from.is_some_and(|it| it == "waiting" || it == "offered")
}

impl Page for BookingPage {
    const TEMPLATE: &'static str = "pages/manage/booking.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let app = super::tests::idle_app();
        let page = |(held, known): (Held, Known)| Self::of(&app, &held, known);
        let mut pages: Vec<Self> = tests::every_state().into_iter().map(page).collect();
        let (held, known) = tests::eve();
        pages.push(page((held.clone(), known.clone())));
        let told = Known {
            apologies: vec![1],
            ..known
        };
        pages.push(page((held, told)).with(Banner::after("1", &[1], false)));
        let coming = tests::coming();
        pages.push(page(coming).with(Banner::after("coming", &[], true)));
        pages.push(pages[4].clone().with(Some(Banner::notice(FASTER))));
        pages
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::Person;
    use crate::public::manage::tests as sample;
    use ids::BookingId;
    use time::Duration;
    use uuid::Uuid;

    fn at(held: &Held, now: Ts) -> Known {
        Known {
            now,
            settings: Settings::default(),
            history: Vec::new(),
            offer: matches!(held.record.state, State::Offered { .. }).then(|| held.token.clone()),
            band: (held.record.state == State::Waiting).then_some(Band::NextFew),
            free_now: false,
            moved_to: "Wednesday 9 June 2027".to_owned(),
            next: Vec::new(),
            instead: None,
            needs_noted: true,
            change_unanswered: false,
            apologies: Vec::new(),
            outcome: None,
        }
    }

    /// The day before day 1, after midnight.
    pub(super) fn eve() -> (Held, Known) {
        let held = sample::held(State::Booked, true);
        let midnight = sample::day_1() - Duration::hours(34);
        let known = at(&held, midnight);
        (held, known)
    }

    /// The same, after they said that they are coming.
    pub(super) fn coming() -> (Held, Known) {
        let (held, mut known) = eve();
        let said = line("coming", "booked", "");
        known.history = vec![HistoryLine {
            to: "booked".to_owned(),
            ..said
        }];
        (held, known)
    }

    fn line(event: &str, from: &str, reason: &str) -> HistoryLine {
        HistoryLine {
            n: 2,
            at: sample::before(),
            event: event.to_owned(),
            from: Some(from.to_owned()),
            to: "cancelled".to_owned(),
            actor: "person".to_owned(),
            actor_person: None,
            channel: "web".to_owned(),
            reason: Some(reason.to_owned()).filter(|it| !it.is_empty()),
        }
    }

    /// Every state, before and after the address is proven, and whatever else looks different.
    pub(super) fn every_state() -> Vec<(Held, Known)> {
        let until = sample::before() + Duration::hours(24);
        let states = [
            State::Unconfirmed { until },
            State::Booked,
            State::Waiting,
            State::Offered { until },
            State::Cancelled { by: By::Person },
            State::Cancelled { by: By::Team },
            State::Cancelled { by: By::RunCancelled },
            State::Lapsed,
            State::Moved {
                to: BookingId(Uuid::nil()),
            },
            State::Closed,
        ];
        let mut all = Vec::new();
        for state in states {
            for proven in [true, false] {
                let held = sample::held(state, proven);
                let mut known = at(&held, sample::before());
                known.history = vec![line("cancel", "booked", "We typed the wrong dates.")];
                let ended = !held.record.state.is_live();
                let next = NextDates {
                    text: "Friday 9 July 2027".to_owned(),
                    href: "/courses/intro/9-july-2027".to_owned(),
                };
                known.next = Some(next).filter(|_| proven && ended).into_iter().collect();
                all.push((held, known));
            }
        }
        let booked = || sample::held(State::Booked, true);
        let (begun, over) = (
            sample::day_1() + Duration::hours(1),
            sample::day_2() + Duration::days(1),
        );
        all.push((
            booked(),
            Known {
                apologies: vec![1],
                change_unanswered: true,
                ..at(&booked(), begun)
            },
        ));
        let outcomes = [
            Outcome::Completed,
            Outcome::PartAttended,
            Outcome::Excused,
            Outcome::NotAttended,
        ];
        for outcome in [None].into_iter().chain(outcomes.map(Some)) {
            let known = Known {
                outcome,
                ..at(&booked(), over)
            };
            all.push((booked(), known));
        }
        for proven in [true, false] {
            let mut paused = sample::held(State::Waiting, proven);
            paused.record.paused = true;
            let known = Known {
                free_now: true,
                needs_noted: false,
                ..at(&paused, sample::before())
            };
            all.push((paused, known));
        }
        for reason in [NOT_ME, keep::KEPT_OTHER, ""] {
            let held = sample::held(State::Cancelled { by: By::Person }, reason != NOT_ME);
            let known = Known {
                history: vec![line("cancel", "waiting", reason)],
                ..at(&held, sample::before())
            };
            all.push((held, known));
        }
        let called_off = || sample::held(State::Cancelled { by: By::RunCancelled }, true);
        for instead in moving::Instead::all() {
            all.push((
                called_off(),
                Known {
                    instead: Some(instead),
                    ..at(&called_off(), sample::before())
                },
            ));
        }
        all
    }

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<BookingPage>();
    }

    #[test]
    fn until_the_address_is_proven_the_page_has_no_name_title_or_answer() {
        let app = sample::idle_app();
        for (held, known) in every_state().into_iter().filter(|(it, _)| !it.person.is_proven()) {
            let Person {
                full_name,
                called_name,
                ..
            } = held.person.clone();
            let page = serde_json::to_string(&BookingPage::of(&app, &held, known)).unwrap();
            let called = called_name.unwrap_or_default();
            for secret in [
                &*full_name,
                &called,
                &held.run.course_title,
                &held.record.reference,
                "typed the wrong",
                "A trainer is ill",
            ] {
                assert!(!page.contains(secret), "{secret:?} in {page}");
            }
            assert!(!page.contains("would help"), "{page}");
        }
    }

    /// B-31 ends it; before the eve it would stand in the way of moving and cancelling.
    #[test]
    fn cannot_come_is_asked_from_the_day_before_until_the_end() {
        let app = sample::idle_app();
        let asked = |now| {
            let held = sample::held(State::Booked, true);
            let known = at(&held, now);
            let days = days_off(&app, &held, &known, &Can::of(&held, &known));
            days.into_iter().map(|it| it.day).collect::<Vec<_>>()
        };
        let midnight = eve().1.now;
        let second = Duration::seconds(1);
        assert_eq!(asked(midnight - second), [0; 0]);
        assert_eq!(asked(midnight), [1]);
        let end = sample::day_1() + Duration::minutes(195);
        assert_eq!(asked(end - second), [1]);
        assert_eq!(asked(end), [0; 0]);
        assert_eq!(asked(sample::day_2() - Duration::hours(34)), [2]);
    }

    #[test]
    fn thanks_are_said_only_for_what_was_told() {
        assert!(Banner::after("1", &[1], false).is_some_and(|it| it.success));
        assert!(Banner::after("coming", &[], true).is_some_and(|it| it.success));
        for told in ["", "2", "x", "coming"] {
            assert!(Banner::after(told, &[1], false).is_none(), "{told}");
        }
    }

    /// M10: from the guide until the start, and until they said so.
    #[test]
    fn whether_somebody_is_coming_is_asked_once_the_guide_was_sent() {
        let held = sample::held(State::Booked, true);
        let asked = |now| may_say_coming(&held, &at(&held, now));
        let guide = sample::day_1() - Duration::days(7);
        assert!(!asked(guide - Duration::SECOND) && asked(guide));
        assert!(!asked(sample::day_1()));
        let (held, known) = coming();
        assert!(!may_say_coming(&held, &known));
        // What was said of an earlier time in the place does not count.
        let mut again = known;
        again.history.push(line("book", "lapsed", ""));
        assert!(may_say_coming(&held, &again));
    }

    #[test]
    fn what_cannot_be_done_has_no_link() {
        let can = |state, now| {
            let held = sample::held(state, true);
            Can::of(&held, &at(&held, now))
        };
        let before = can(State::Booked, sample::before());
        assert!(before.go_elsewhere && before.cancel && before.send_apologies && before.join);
        let begun = can(State::Booked, sample::day_1() + Duration::hours(1));
        assert!(!begun.go_elsewhere && !begun.cancel && begun.send_apologies && begun.join);
        let over = can(State::Booked, sample::day_2() + Duration::days(1));
        assert!(!over.send_apologies && !over.join && !over.change_details);
        let closed = can(State::Waiting, sample::day_1() - Duration::hours(1));
        assert!(!closed.go_elsewhere && closed.cancel && !closed.send_apologies);
        let ended = can(State::Lapsed, sample::before());
        assert!(!ended.cancel && !ended.change_details);
    }
}

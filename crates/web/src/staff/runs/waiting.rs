//! The waiting list of one date: the order, why each entry waits, and what the team can do (B-40, B-42).

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::queue::{self, Stop, Why};
use booking::snapshot::{Channel, Snapshot};
use booking::{Ask, Booking, Change, State as Standing, allocator, bookings};
use ids::{BookingId, PersonId, RunId, Ts};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::done::{Done, Seen};
use super::one::people;
use super::reorder::ReorderPath;
use super::{OnePath, RunsPath, Shell, asked_by, named, said};
use crate::app::App;
use crate::calls;
use crate::error::Error;
use crate::forms::{AGAIN, Fields, Problem};
use crate::pages::Page;
use crate::people::Person;
use crate::public::questions::{Choice, choice, one_of};
use crate::sign_in::SignedIn;
use crate::staff::bookings::BookingPath;
use crate::words;

/// `/team/runs/{run}/waiting`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/runs/{run}/waiting")]
pub(crate) struct WaitingPath {
    run: String,
}

impl WaitingPath {
    pub(super) fn of(run: RunId) -> Self {
        Self { run: run.to_string() }
    }
}

/// How a call went (B-91).
const OUTCOMES: [Choice; 5] = [
    choice("", "Choose how the call went"),
    choice("not_wanted", "Does not want the place"),
    choice("left_message", "Left a message"),
    choice("no_answer", "No answer"),
    choice("concern", "A concern, passed on"),
];

pub(super) async fn show(
    WaitingPath { run }: WaitingPath,
    State(app): State<App>,
    me: SignedIn,
    Query(seen): Query<Seen>,
) -> Result<Response, Error> {
    let page = page(&app, &me, &run, None).await?;
    let done = seen.words();
    app.page(&WaitingPage { done, ..page }).await
}

pub(super) async fn act(
    WaitingPath { run }: WaitingPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let id = named(&app, &run).await?.dates.id;
    let op = fields.op()?;
    let (act, which) = (fields.line("act")?, fields.line("booking")?);
    let outcome = one_of(&mut fields, "outcome", &OUTCOMES)?.value;
    fields.done()?;
    let snapshot = allocator::snapshot(app.reader(), id)
        .await?
        .ok_or(Error::NotFound)?;
    let entry = Uuid::parse_str(&which).ok();
    let entry = entry.and_then(|it| snapshot.booking(BookingId(it)));
    let (change, channel, reason, done) = match (act.as_str(), entry) {
        ("release", None) => (Change::Release, Channel::Web, None, Done::Released),
        ("pause", Some(it)) => (Change::Pause(it.id), Channel::Web, None, Done::Paused),
        ("resume", Some(it)) => (Change::Resume(it.id), Channel::Web, None, Done::Resumed),
        ("book", Some(it)) => (Change::Book(said_yes(it)), Channel::Phone, None, Done::Booked),
        ("asked", Some(it)) => {
            let words = OUTCOMES.iter().find(|known| known.code == outcome);
            let Some(words) = words.filter(|it| !it.code.is_empty()) else {
                let page = page(&app, &me, &run, Some(it.id)).await?;
                return app.page_with(AGAIN, &page).await;
            };
            (
                Change::NoteAsked(it.id),
                Channel::Phone,
                Some(words.words.to_owned()),
                Done::Noted,
            )
        }
        ("pause" | "resume" | "book" | "asked", None) => {
            // It left the list since the page was opened: the list says where it stands.
            return Ok(Redirect::to(&WaitingPath::of(id).to_string()).into_response());
        }
        _ => return Err(Error::BadForm("nothing that can be done here".to_owned())),
    };
    let mut asked = asked_by(&me, change, reason);
    asked.cause.channel = channel;
    let (asked, op, content) = (&asked, op.as_deref(), fields.content());
    let path = app
        .change(|work| async move {
            let act = async {
                work.allocate(id, asked.clone()).await?;
                Ok(done.at(&WaitingPath::of(id)))
            };
            work.once(op, content, act).await
        })
        .await?;
    Ok(Redirect::to(&path).into_response())
}

/// Somebody on the list said yes on the phone: the team books the record that is there.
fn said_yes(entry: &Booking) -> Ask {
    Ask {
        booking: entry.id,
        person: entry.person,
        proven: true,
        priority: entry.priority,
    }
}

/// Everybody on the list, those with an offer too, first to last.
pub(super) fn in_order(snapshot: &Snapshot) -> Vec<&Booking> {
    let listed = |it: &&Booking| matches!(it.state, Standing::Waiting | Standing::Offered { .. });
    let mut line: Vec<&Booking> = snapshot.bookings.iter().filter(listed).collect();
    line.sort_by_key(|it| queue::order(it));
    line
}

/// Why an entry has no place yet, in words.
fn why(snapshot: &Snapshot, entry: &Booking, now: Ts) -> String {
    if let Standing::Offered { until } = entry.state {
        return format!("Has an offer. Reply by {}", words::date_time(until));
    }
    match queue::why(snapshot, entry, now) {
        Why::Paused => "Paused. Gets no offers until you start them again".to_owned(),
        Why::Asked => "Was asked already. Can be asked again when another place comes up".to_owned(),
        Why::Full => "All places are taken".to_owned(),
        Why::Stopped(Stop::NotPublished) => "These dates are not open".to_owned(),
        Why::Stopped(Stop::OffersPaused) => "Offers for these dates are paused".to_owned(),
        Why::Stopped(Stop::NearStart) => format!(
            "The course starts in less than {} hours. Offers go by phone now",
            snapshot.settings.near_start
        ),
    }
}

/// One entry.
#[derive(Clone, Debug, Serialize)]
struct Entry {
    number: usize,
    booking: String,
    name: String,
    why: String,
    priority: bool,
    phone: String,
    /// How else to reach them; "" if there is a phone number.
    email: String,
    /// Everything about the booking.
    booking_url: String,
    call: Option<String>,
    /// What can be done about offers to it: `pause` or `resume`; nothing while it has one.
    pausing: Option<&'static str>,
    /// Whether the team can phone about a free place now (B-42).
    can_be_asked: bool,
    outcome_error: &'static str,
    up_url: Option<String>,
    down_url: Option<String>,
}

/// The waiting list.
#[derive(Clone, Debug, Serialize)]
struct WaitingPage {
    /// What was done just before; "" when the page is opened by itself.
    done: &'static str,
    heading: String,
    dates: String,
    summary: String,
    entries: Vec<Entry>,
    /// Whether places go by phone now, and some are left to give.
    can_release: bool,
    outcomes: [Choice; 5],
    errors: Vec<Problem>,
    action: String,
    back_url: String,
    op: String,
    shell: Shell,
}

async fn page(app: &App, me: &SignedIn, run: &str, unsaid: Option<BookingId>) -> Result<WaitingPage, Error> {
    let plan = named(app, run).await?;
    let snapshot = allocator::snapshot(app.reader(), plan.dates.id).await?;
    let snapshot = snapshot.ok_or(Error::NotFound)?;
    let people = people(app, in_order(&snapshot).iter().map(|it| it.person)).await?;
    let records = bookings::of_run(app.reader(), plan.dates.id).await?;
    let references = records.into_iter().map(|it| (it.id, it.reference)).collect();
    let shell = Shell::of(app, me, RunsPath::PATH).await?;
    let page = WaitingPage::of(
        &snapshot,
        said::dates(&plan),
        (&people, &references),
        app.now(),
        (app.secrets().op(), shell),
    );
    Ok(page.unsaid(unsaid))
}

impl WaitingPage {
    fn of(
        snapshot: &Snapshot,
        dates: String,
        (people, references): (&BTreeMap<PersonId, Person>, &BTreeMap<BookingId, String>),
        now: Ts,
        (op, shell): (String, Shell),
    ) -> Self {
        let run = snapshot.run.id;
        let line = in_order(snapshot);
        let waiting: Vec<BookingId> = line
            .iter()
            .filter(|it| it.state == Standing::Waiting)
            .map(|it| it.id)
            .collect();
        let by_phone = queue::stopped(snapshot, now) == Some(Stop::NearStart) && !snapshot.has_begun(now);
        let free = by_phone && snapshot.free_places() >= 1;
        let entry = |(at, it): (usize, &&Booking)| {
            let person = people.get(&it.person);
            let phone = person.and_then(|it| it.phone.clone()).unwrap_or_default();
            let place = waiting.iter().position(|id| *id == it.id);
            let to = |way: &str| ReorderPath::of(run, it.id, way).to_string();
            Entry {
                number: at + 1,
                booking: it.id.to_string(),
                name: person.map_or_else(|| "Somebody".to_owned(), |it| it.full_name.clone()),
                why: why(snapshot, it, now),
                priority: it.priority,
                call: calls::call(&phone),
                email: person
                    .and_then(|it| it.email.clone())
                    .filter(|_| phone.is_empty())
                    .unwrap_or_default(),
                phone,
                booking_url: references
                    .get(&it.id)
                    .map(|it| BookingPath::of(it).to_string())
                    .unwrap_or_default(),
                pausing: place.map(|_| if it.paused { "resume" } else { "pause" }),
                can_be_asked: free && it.is_eligible(&snapshot.run),
                outcome_error: "",
                up_url: place.filter(|at| *at > 0).map(|_| to("up")),
                down_url: place.filter(|at| at + 1 < waiting.len()).map(|_| to("down")),
            }
        };
        let entries: Vec<Entry> = line.iter().enumerate().map(entry).collect();
        let count = said::in_words(entries.len());
        Self {
            heading: match entries.len() {
                0 => "Nobody is on the waiting list".to_owned(),
                1 => "One person on the waiting list".to_owned(),
                _ => format!("{count} people on the waiting list"),
            },
            dates,
            summary: summary(snapshot),
            done: "",
            can_release: entries.iter().any(|it| it.can_be_asked),
            entries,
            outcomes: OUTCOMES,
            errors: Vec::new(),
            action: WaitingPath::of(run).to_string(),
            back_url: OnePath::of(run).to_string(),
            op,
            shell,
        }
    }

    /// The same page when nobody said how a call went.
    fn unsaid(mut self, booking: Option<BookingId>) -> Self {
        let Some(booking) = booking.map(|it| it.to_string()) else {
            return self;
        };
        if let Some(it) = self.entries.iter_mut().find(|it| it.booking == booking) {
            it.outcome_error = "Choose how the call went";
            self.errors = vec![Problem {
                href: format!("#outcome-{}", it.number),
                text: it.outcome_error.to_owned(),
            }];
        }
        self
    }
}

fn summary(snapshot: &Snapshot) -> String {
    match snapshot.free_places() {
        0 => "All places are taken.".to_owned(),
        1 => "1 place is free.".to_owned(),
        more => format!("{more} places are free."),
    }
}

impl Page for WaitingPage {
    const TEMPLATE: &'static str = "pages/staff/runs/waiting.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::sample;
        let entry = |number: usize, name: &str, why: &str| Entry {
            number,
            booking: Uuid::from_u128(1).to_string(),
            name: name.to_owned(),
            why: why.to_owned(),
            priority: number == 1,
            phone: "01632 960123".to_owned(),
            booking_url: format!("/team/bookings/4821-K{number}"),
            call: Some("tel:01632960123".to_owned()),
            email: String::new(),
            pausing: Some(if number == 2 { "resume" } else { "pause" }),
            can_be_asked: false,
            outcome_error: "",
            up_url: (number > 1).then(|| "/team/runs/7/waiting/1/up".to_owned()),
            down_url: (number < 3).then(|| "/team/runs/7/waiting/1/down".to_owned()),
        };
        let entries = vec![
            entry(1, "Sam Sorrel", "All places are taken"),
            entry(
                2,
                "Lee Larch",
                "Paused. Gets no offers until you start them again",
            ),
            entry(3, "Kim Elm", "All places are taken"),
        ];
        let page = |entries: Vec<Entry>| Self {
            heading: format!("{} people on the waiting list", said::in_words(entries.len())),
            dates: said::dates(&sample::plan()),
            summary: "All places are taken.".to_owned(),
            done: "",
            can_release: false,
            outcomes: OUTCOMES,
            errors: Vec::new(),
            action: "/team/runs/7/waiting".to_owned(),
            back_url: "/team/runs/7".to_owned(),
            op: "0".repeat(32),
            shell: Shell::sample(),
            entries,
        };
        let mut near = page(entries.clone());
        near.can_release = true;
        near.entries[0].can_be_asked = true;
        near.entries[1].phone = String::new();
        near.entries[1].email = "lee@example.org".to_owned();
        near.entries[1].can_be_asked = true;
        near.done = Done::Noted.words();
        near.entries[2].call = None;
        let mut unsaid = near.clone();
        unsaid = unsaid.unsaid(Some(BookingId(Uuid::from_u128(1))));
        let mut nobody = page(Vec::new());
        nobody.heading = "Nobody is on the waiting list".to_owned();
        vec![page(entries), near, unsaid, nobody]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<WaitingPage>();
    }
}

//! Where a rehearsal stands: the clock, the mail, the work for the team, and who has a place.

use axum::extract::State;
use axum::response::Response;
use booking::calendar::{self, RunDates};
use booking::snapshot::RunState;
use booking::{BookingRecord, By, Snapshot, State as BookingState, allocator, bookings};
use ids::{BookingId, RunId, Ts};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use uuid::Uuid;

use super::clock::Setting;
use super::log_in::{self, Member};
use super::{ClockPath, LogInAsPath, MailPath, RehearsalPath, mail};
use crate::app::App;
use crate::entity::{access_need, outbox_mail, team_task};
use crate::error::Error;
use crate::forms::{Answer, Problem, problems};
use crate::links::{self, Purpose};
use crate::mailer::Reading;
use crate::pages::Page;
use crate::people;
use crate::public::courses::RunPath;
use crate::public::manage::{BookingPath, LINKS_LIVE};
use crate::words;

/// As many mails as one page bears.
const SHOWN: u64 = 200;

pub(super) async fn show(_: RehearsalPath, State(app): State<App>) -> Result<Response, Error> {
    let setting = Setting::at(app.now());
    app.page(&Overview::load(&app, setting).await?).await
}

/// A cell of a table: plain words, a link, or a coloured tag.
#[derive(Clone, Debug, Default, Serialize)]
struct Cell {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    href: Option<String>,
    /// The name of the link when its words alone would not tell it from others.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'static str>,
}

impl Cell {
    fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

type Rows = Vec<Vec<Cell>>;

/// One run with everybody who has to do with it.
#[derive(Clone, Debug, Serialize)]
struct RunView {
    dates: String,
    url: String,
    /// How many places there are, and how many are left.
    places: String,
    people: Rows,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Overview {
    errors: Vec<Problem>,
    now: String,
    action: String,
    op_step: String,
    op_set: String,
    date: Answer,
    time: Answer,
    sent: Rows,
    waiting: Rows,
    not_sent: Rows,
    tasks: Rows,
    runs: Vec<RunView>,
    /// Who one can be.
    team: Vec<MemberView>,
    log_in_url: String,
}

/// Somebody of the team.
#[derive(Clone, Debug, Serialize)]
struct MemberView {
    name: String,
    email: String,
    roles: String,
}

impl MemberView {
    fn of(it: Member) -> Self {
        Self {
            name: it.name,
            email: it.email,
            roles: it.roles,
        }
    }
}

impl Overview {
    pub(super) async fn load(app: &App, setting: Setting) -> Result<Self, Error> {
        let Setting { date, time } = setting;
        let Mail {
            sent,
            waiting,
            not_sent,
        } = mails(app).await?;
        Ok(Self {
            errors: problems([("date", &date), ("time", &time)]),
            now: words::date_time(app.now()),
            action: ClockPath.to_string(),
            op_step: app.secrets().op(),
            op_set: app.secrets().op(),
            date,
            time,
            sent,
            waiting,
            not_sent,
            tasks: tasks(app).await?,
            runs: runs(app).await?,
            team: log_in::team(app).await?.into_iter().map(MemberView::of).collect(),
            log_in_url: LogInAsPath.to_string(),
        })
    }
}

struct Mail {
    sent: Rows,
    waiting: Rows,
    not_sent: Rows,
}

/// Mail that left, newest first; mail that waits, by its time; and mail that no longer needed to leave.
async fn mails(app: &App) -> Result<Mail, Error> {
    use outbox_mail::Column;
    let newest = outbox_mail::Entity::find()
        .order_by_desc(Column::SettledAt)
        .order_by_desc(Column::Seq)
        .limit(SHOWN);
    let mut sent = Vec::new();
    for it in newest
        .clone()
        .filter(Column::State.eq("sent"))
        .all(app.reader())
        .await?
    {
        sent.push(sent_row(app, it).await);
    }
    let queued = outbox_mail::Entity::find()
        .filter(Column::State.is_in(["queued", "sending"]))
        .limit(SHOWN);
    let queued = queued
        .order_by_asc(Column::NextTryAt)
        .order_by_asc(Column::Seq)
        .all(app.reader())
        .await?;
    let waiting = queued.into_iter().map(|it| {
        vec![
            Cell::text(words::date_time(it.next_try_at)),
            Cell::text(it.recipient),
            Cell::text(kind(&it.kind)),
        ]
    });
    let dropped = newest
        .filter(Column::State.is_in(["suppressed", "failed"]))
        .all(app.reader())
        .await?;
    let not_sent = dropped.into_iter().map(|it| {
        vec![
            Cell::text(it.recipient),
            Cell::text(kind(&it.kind)),
            Cell::text(it.reason.unwrap_or_default()),
        ]
    });
    Ok(Mail {
        sent,
        waiting: waiting.collect(),
        not_sent: not_sent.collect(),
    })
}

async fn sent_row(app: &App, it: outbox_mail::Model) -> Vec<Cell> {
    let bytes = mail::bytes(app, it.id).await;
    let subject = bytes.map_or_else(|| kind(&it.kind), |it| Reading::of(&it).subject().to_owned());
    let link = Cell {
        href: Some(
            MailPath {
                mail: it.id.to_string(),
            }
            .to_string(),
        ),
        label: Some(format!("{subject}, to {}, number {}", it.recipient, it.seq)),
        text: subject,
        tag: None,
    };
    let when = it.settled_at.map(words::date_time).unwrap_or_default();
    vec![
        Cell::text(when),
        Cell::text(it.recipient),
        link,
        Cell::text(kind(&it.kind)),
    ]
}

/// The word of a kind in records, as words.
fn kind(name: &str) -> String {
    let mut words = name.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// What the team would have to do by phone or letter.
async fn tasks(app: &App) -> Result<Rows, Error> {
    let open = team_task::Entity::find()
        .filter(team_task::Column::State.eq("open"))
        .order_by_asc(team_task::Column::Due)
        .order_by_asc(team_task::Column::Id)
        .limit(SHOWN)
        .all(app.reader())
        .await?;
    let mut rows = Vec::new();
    for it in open {
        let about = about(app, it.about).await?;
        rows.push(vec![
            Cell::text(work_words(&it.kind)),
            Cell::text(about),
            Cell::text(words::date_time(it.due)),
        ]);
    }
    Ok(rows)
}

/// What a kind of task wants done.
fn work_words(name: &str) -> String {
    let words = match name {
        "phone_list" => "Call down the waiting list",
        "phone_offer" => "Call with an offer of a place",
        "attendance_late" => "Ask the trainers to save a register",
        "phone_missed" => "Call, because somebody did not come",
        "phone_mail_failed" => "Call, because an email failed",
        "phone_or_letter" => "Call, or write a letter",
        "pre_course_call" => "Call before the course",
        "arrange_need" => "Arrange what helps to take part",
        "run_review" => "Look back at dates with a peer",
        "version_review" => "Look through the text of a course",
        "possible_duplicate" => "Find out whether this is one person twice",
        other => return kind(other),
    };
    words.to_owned()
}

/// Whom or what a task is about.
async fn about(app: &App, id: Uuid) -> Result<String, Error> {
    if let Some(run) = calendar::run_dates(app.reader(), RunId(id)).await? {
        return Ok(words::dates(&run.sessions));
    }
    let need = access_need::Entity::find_by_id(id).one(app.reader()).await?;
    let mail = outbox_mail::Entity::find()
        .filter(outbox_mail::Column::Id.eq(id))
        .one(app.reader())
        .await?;
    let booking = need
        .map(|it| it.booking)
        .or(mail.map(|it| BookingId(it.about)))
        .unwrap_or(BookingId(id));
    let Some(booking) = bookings::find(app.reader(), booking).await? else {
        return Ok(String::new());
    };
    let name = people::find(app.reader(), booking.person)
        .await?
        .map(|it| it.full_name)
        .unwrap_or_default();
    Ok(format!("{name}, {}", booking.reference))
}

async fn runs(app: &App) -> Result<Vec<RunView>, Error> {
    let mut views = Vec::new();
    // As long as links to their bookings live, dates that are over are listed too, after those to come.
    let mut listed = calendar::upcoming(app.reader(), None, app.now() - LINKS_LIVE).await?;
    listed.sort_by_key(|it| is_over(it, app.now()));
    for run in listed {
        let Some(snapshot) = allocator::snapshot(app.reader(), run.id).await? else {
            continue;
        };
        let mut people = Vec::new();
        for it in bookings::of_run(app.reader(), run.id).await? {
            people.push(person(app, &run, it).await?);
        }
        let path = RunPath {
            course: run.course_code.clone(),
            run: run.slug.clone(),
        };
        let dates = words::dates(&run.sessions);
        views.push(RunView {
            dates,
            url: path.to_string(),
            places: places(&snapshot, is_over(&run, app.now()), app.now()),
            people,
        });
    }
    Ok(views)
}

fn is_over(run: &RunDates, now: Ts) -> bool {
    run.sessions.iter().all(|it| it.ends_at <= now)
}

fn places(snapshot: &Snapshot, over: bool, now: Ts) -> String {
    if over {
        return "These dates are over.".to_owned();
    }
    if snapshot.run.state == RunState::Cancelled {
        return "These dates are cancelled.".to_owned();
    }
    let (all, free) = (snapshot.run.capacity, snapshot.free_places());
    let word = if all == 1 { "place" } else { "places" };
    format!(
        "{all} {word}, {free} free, {} that anybody can book now.",
        snapshot.public_free(now)
    )
}

async fn person(app: &App, run: &RunDates, it: BookingRecord) -> Result<Vec<Cell>, Error> {
    let name = people::find(app.reader(), it.person)
        .await?
        .map(|it| it.full_name)
        .unwrap_or_default();
    let token = links::token(app.reader(), app.secrets(), Purpose::Booking, it.id.0).await?;
    let link = Cell {
        href: token.map(|token| BookingPath { token }.to_string()),
        label: Some(format!(
            "{name}, {}, {}",
            it.reference,
            words::dates(&run.sessions)
        )),
        text: name,
        tag: None,
    };
    let (state, colour) = state(it.state);
    let until = it.state.deadline().map(words::date_time).unwrap_or_default();
    let tag = Cell {
        text: state.to_owned(),
        tag: Some(colour),
        ..Cell::default()
    };
    Ok(vec![link, Cell::text(it.reference), tag, Cell::text(until)])
}

/// The words of a state and their colour (pages.md section 5).
fn state(it: BookingState) -> (&'static str, &'static str) {
    match it {
        BookingState::Unconfirmed { .. } => ("Booked, email not confirmed", "yellow"),
        BookingState::Booked => ("Booked", "green"),
        BookingState::Waiting => ("Waiting", "blue"),
        BookingState::Offered { .. } => ("Offered", "yellow"),
        BookingState::Cancelled { by: By::Person } => ("Cancelled", "grey"),
        BookingState::Cancelled { by: By::Team } => ("Cancelled by us", "grey"),
        BookingState::Cancelled { by: By::RunCancelled } => ("Course cancelled", "grey"),
        BookingState::Moved { .. } => ("Moved", "grey"),
        BookingState::Lapsed => ("Not confirmed in time", "grey"),
        BookingState::Closed => ("List closed", "grey"),
    }
}

impl Page for Overview {
    const TEMPLATE: &'static str = "pages/rehearsal/overview.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let text = |it: &str| Cell::text(it);
        let link = |words: &str| Cell {
            text: words.to_owned(),
            href: Some("/x".to_owned()),
            label: Some(format!("{words}, to alex@example.org, number 1")),
            tag: None,
        };
        let tag = Cell {
            text: "Offered".to_owned(),
            tag: Some("yellow"),
            ..Cell::default()
        };
        let op = "00112233445566778899aabbccddeeff".to_owned();
        let full = Self {
            errors: Vec::new(),
            now: "Tuesday 11 May 2027 at 2pm".to_owned(),
            action: ClockPath.to_string(),
            op_step: op.clone(),
            op_set: op,
            date: Answer::new("2027-05-11"),
            time: Answer::new("14:00"),
            sent: vec![vec![
                text("Tuesday 11 May 2027 at 2pm"),
                text("alex@example.org"),
                link("Please confirm your email"),
                text("Confirm email"),
            ]],
            waiting: vec![vec![
                text("Wednesday 12 May 2027 at 2am"),
                text("alex@example.org"),
                text("Confirm reminder"),
            ]],
            not_sent: vec![vec![
                text("alex@example.org"),
                text("Confirm reminder"),
                text("confirmed"),
            ]],
            tasks: vec![vec![
                text("Phone offer"),
                text("Alex Example, 4827 KX"),
                text("Wednesday 12 May 2027 at 2pm"),
            ]],
            runs: vec![RunView {
                dates: "Tuesday 8 and Tuesday 15 June 2027".to_owned(),
                url: "/courses/intro/8-june-2027".to_owned(),
                places: "12 places, 0 free, 0 that anybody can book now.".to_owned(),
                people: vec![vec![
                    link("Alex Example"),
                    text("4827 KX"),
                    tag,
                    text("Thursday 13 May 2027 at 2pm"),
                ]],
            }],
            team: vec![MemberView {
                name: "Morgan Example".to_owned(),
                email: "morgan@example.org".to_owned(),
                roles: "a lead".to_owned(),
            }],
            log_in_url: LogInAsPath.to_string(),
        };
        let mut wrong = full.clone();
        wrong.date.refuse("Enter a date, like 2027-06-08");
        wrong.errors = problems([("date", &wrong.date), ("time", &wrong.time)]);
        let mut empty = full.clone();
        (empty.sent, empty.waiting, empty.not_sent, empty.tasks) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        empty.runs[0].people = Vec::new();
        let mut without_dates = empty.clone();
        without_dates.runs = Vec::new();
        without_dates.team = Vec::new();
        vec![full, wrong, empty, without_dates]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<Overview>();
    }

    #[test]
    fn a_word_of_the_records_is_said_in_words() {
        assert_eq!(kind("phone_or_letter"), "Phone or letter");
        assert_eq!(kind(""), "");
    }
}

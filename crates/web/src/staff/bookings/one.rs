//! Everything about one booking: the person, the dates, what happened, what was sent, and what can be done.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::response::Response;
use axum_extra::routing::TypedPath;
use booking::State as Booking;
use booking::bookings::{self, HistoryLine};
use ids::PersonId;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};

use super::acts::Act;
use super::{BookingPath, BookingsPath, Found};
use crate::app::App;
use crate::audit::{SAW_EMERGENCY, SAW_NEEDS};
use crate::entity::{access_need, emergency_contact, outbox_mail};
use crate::error::Error;
use crate::needs;
use crate::pages::Page;
use crate::people;
use crate::public::questions::{self, FORMATS, NEEDS, WAYS};
use crate::sign_in::SignedIn;
use crate::staff::{Shell, said, tasks};
use crate::words;

/// What was done just before, said above everything else.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Seen {
    done: String,
}

pub(super) async fn show(
    it: BookingPath,
    State(app): State<App>,
    me: SignedIn,
    Query(seen): Query<Seen>,
) -> Result<Response, Error> {
    let found = Found::named(app.reader(), &it.reference).await?;
    let known = Known::load(app.reader(), &found).await?;
    if !found.is_own(&me) {
        let about = ("booking", found.record.id.0.to_string());
        app.note_opened(me.person, about, found.record.person).await?;
    }
    known.note_looks(&app, &me, &found).await?;
    let done = Act::named(&seen.done).map_or("", Act::done);
    let is_own = found.is_own(&me);
    let acts = if is_own {
        Vec::new()
    } else {
        Act::possible(&found, app.now())
    };
    let shell = Shell::of(&app, &me, BookingsPath::PATH).await?;
    let page = OnePage::new(&found, known, &acts, shell);
    app.page(&OnePage { done, is_own, ..page }).await
}

/// What the page has to know beside the booking.
#[derive(Clone, Debug, Default)]
struct Known {
    history: Vec<HistoryLine>,
    /// What those of the team who did something are called.
    names: BTreeMap<PersonId, String>,
    mails: Vec<outbox_mail::Model>,
    needs: Vec<access_need::Model>,
    someone: Option<emergency_contact::Model>,
    /// Calls and arrangements that are still to be made: what, and where.
    tasks: Vec<(String, String)>,
    /// The reference of the booking that this one moved to.
    moved_to: Option<String>,
}

impl Known {
    async fn load(db: &impl ConnectionTrait, found: &Found) -> Result<Self, Error> {
        let id = found.record.id;
        let history = bookings::history(db, id).await?;
        let team = people::several(db, history.iter().filter_map(|it| it.actor_person)).await?;
        let mut moved_to = None;
        if let Booking::Moved { to } = found.record.state {
            moved_to = bookings::find(db, to).await?.map(|it| it.reference);
        }
        let needs = access_need::Entity::find()
            .filter(access_need::Column::Booking.eq(id))
            .all(db)
            .await?;
        let about = needs.iter().map(|it| it.id).chain([id.0]).collect();
        Ok(Self {
            tasks: open_tasks(db, about, &needs).await?,
            names: team.into_iter().map(|it| (it.id, it.called())).collect(),
            mails: mails(db, id.0).await?,
            needs,
            someone: emergency_contact::Entity::find()
                .filter(emergency_contact::Column::Booking.eq(id))
                .one(db)
                .await?,
            moved_to,
            history,
        })
    }
}

impl Known {
    /// Whoever wrote it can see who read it (T-47).
    async fn note_looks(&self, app: &App, me: &SignedIn, found: &Found) -> Result<(), Error> {
        let needs = (!self.needs.is_empty()).then_some(SAW_NEEDS);
        let someone = self.someone.as_ref().map(|_| SAW_EMERGENCY);
        let seen: Vec<_> = needs.into_iter().chain(someone).collect();
        if seen.is_empty() || found.is_own(me) {
            return Ok(());
        }
        let about = ("booking", found.record.id.0.to_string());
        app.note_looks(me.person, &seen, about, Some(found.record.person))
            .await
    }
}

/// The open tasks about a booking; of what is arranged, each says what it is.
async fn open_tasks(
    db: &impl ConnectionTrait,
    about: Vec<uuid::Uuid>,
    needs: &[access_need::Model],
) -> Result<Vec<(String, String)>, Error> {
    let need = |id| needs.iter().find(|it| it.id == id);
    let line = |(about, what, href)| match need(about) {
        Some(it) => (format!("{what}: {}", questions::words(&NEEDS, &it.code)), href),
        None => (String::from(what), href),
    };
    let open = tasks::open_about(db, about).await?;
    Ok(open.into_iter().map(line).collect())
}

async fn mails(db: &impl ConnectionTrait, about: uuid::Uuid) -> Result<Vec<outbox_mail::Model>, Error> {
    let mails = outbox_mail::Entity::find().filter(outbox_mail::Column::About.eq(about));
    Ok(mails.order_by_desc(outbox_mail::Column::Seq).all(db).await?)
}

/// A line of a list of facts: a value, several, or a text as it was typed.
#[derive(Clone, Debug, Default, Serialize)]
struct Row {
    key: &'static str,
    value: String,
    lines: Vec<String>,
    typed: String,
}

impl Row {
    fn new(key: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        Self {
            key,
            value,
            ..Self::default()
        }
    }

    fn lines(key: &'static str, lines: Vec<String>) -> Self {
        Self {
            key,
            lines,
            ..Self::default()
        }
    }
}

/// A link with its words.
#[derive(Clone, Debug, Serialize)]
struct Step {
    text: String,
    href: String,
}

#[derive(Clone, Debug, Serialize)]
struct OnePage {
    heading: String,
    list_url: &'static str,
    done: &'static str,
    /// Nobody acts on their own booking as staff (T-08).
    is_own: bool,
    tag: String,
    colour: &'static str,
    moved_url: Option<String>,
    phone: String,
    phone_url: Option<String>,
    tasks: Vec<Step>,
    steps: Vec<Step>,
    booking: Vec<Row>,
    person: Vec<Row>,
    support: Vec<Row>,
    /// When, what, who, why.
    history: Vec<[String; 4]>,
    /// When, what, to whom, what became of it.
    mails: Vec<[String; 4]>,
    shell: Shell,
}

impl OnePage {
    fn new(found: &Found, known: Known, acts: &[Act], shell: Shell) -> Self {
        let (tag, colour) = said::tag(found.record.state);
        let phone = found.person.phone.clone().unwrap_or_default();
        Self {
            heading: format!("{}, booking {}", found.person.full_name, found.record.reference),
            list_url: BookingsPath::PATH,
            done: "",
            is_own: false,
            tag,
            colour,
            moved_url: known.moved_to.map(|it| BookingPath::of(&it).to_string()),
            phone_url: crate::calls::call(&phone),
            phone,
            tasks: known
                .tasks
                .into_iter()
                .map(|(text, href)| Step { text, href })
                .collect(),
            steps: acts.iter().map(|act| step(found, *act)).collect(),
            booking: about_booking(found),
            person: about_person(found),
            support: support(found, &known.needs, known.someone.as_ref()),
            history: known
                .history
                .iter()
                .rev()
                .map(|it| line(it, &known.names))
                .collect(),
            mails: known.mails.iter().map(mail).collect(),
            shell,
        }
    }
}

fn step(found: &Found, act: Act) -> Step {
    Step {
        text: act.link().to_owned(),
        href: act.path(found),
    }
}

fn or_none(value: Option<&str>) -> String {
    value.unwrap_or("None").to_owned()
}

fn about_booking(found: &Found) -> Vec<Row> {
    let (record, run) = (&found.record, &found.run);
    let mut rows = vec![
        Row::new("Course", run.course_title.clone()),
        Row::lines("Dates", run.sessions.iter().map(words::day).collect()),
        Row::new("Where", words::place(run)),
        Row::new("Reference", record.reference.clone()),
        Row::new("Booked on", words::date_time(record.created_at)),
    ];
    if let Some(until) = record.state.deadline() {
        let mut lines = vec![words::date_time(until)];
        if record.clock_from.is_none() {
            // Nothing expires before the person could know of it (section 3 of the booking rules).
            lines.push("It gets later until an email reaches them, or somebody calls".to_owned());
        }
        rows.push(Row::lines("Answer by", lines));
    }
    if let Some(by) = &record.booked_by {
        let copies = if record.copy_permission {
            "Gets copies of emails"
        } else {
            "Gets no emails"
        };
        let contact = record.booked_by_contact.clone().unwrap_or_default();
        rows.push(Row::lines(
            "Booked by",
            vec![by.clone(), contact, copies.to_owned()],
        ));
    }
    rows
}

fn about_person(found: &Found) -> Vec<Row> {
    let person = &found.person;
    let address = match (&person.email, person.email_bad, person.is_proven()) {
        (None, ..) => "None".to_owned(),
        (Some(it), true, _) => format!("{it} (does not work)"),
        (Some(it), false, true) => format!("{it} (confirmed)"),
        (Some(it), false, false) => format!("{it} (not confirmed)"),
    };
    let mut rows = vec![
        Row::new("Full name", person.full_name.clone()),
        Row::new("What we call them", person.called()),
        Row::new("Pronouns", or_none(person.pronouns.as_deref())),
        Row::new("Email address", address),
        Row::new("Phone number", or_none(person.phone.as_deref())),
        Row::new("How we get in touch", questions::words(&WAYS, &person.prefers)),
        Row::new(
            "How we send information",
            questions::words(&FORMATS, &person.info_format),
        ),
    ];
    if let Some(address) = &person.post_address {
        rows.push(Row {
            typed: address.clone(),
            ..Row::new("Postal address", "")
        });
    }
    rows
}

/// What helps them to take part, whom we could call, and what they hope for.
fn support(
    found: &Found,
    noted: &[access_need::Model],
    someone: Option<&emergency_contact::Model>,
) -> Vec<Row> {
    let need = |it: &access_need::Model| {
        format!(
            "{}, due {}",
            needs::said_with_status(it),
            words::date_time(it.due)
        )
    };
    let mut needs: Vec<String> = noted.iter().map(need).collect();
    if needs.is_empty() {
        needs.push("Nothing noted".to_owned());
    }
    let call = if found.record.call_wanted { "Yes" } else { "No" };
    let mut rows = vec![
        Row::lines("What would help", needs),
        Row::new("A call before the course", call),
    ];
    rows.push(someone.map_or_else(
        || Row::new("Someone we could call", "Nobody"),
        |it| {
            let may = if it.may_call {
                "We may call them"
            } else {
                "Ask the person before you call them"
            };
            Row::lines(
                "Someone we could call",
                vec![it.name.clone(), it.phone.clone(), may.to_owned()],
            )
        },
    ));
    if let Some(hopes) = &found.record.hopes {
        rows.push(Row {
            typed: hopes.clone(),
            ..Row::new("What they hope for", "")
        });
    }
    rows
}

fn line(it: &HistoryLine, names: &BTreeMap<PersonId, String>) -> [String; 4] {
    let who = match (it.actor.as_str(), it.actor_person) {
        ("person", _) => "The person".to_owned(),
        ("team", Some(id)) => names.get(&id).cloned().unwrap_or_else(|| "The team".to_owned()),
        ("team", None) => "The team".to_owned(),
        _ => "Nobody, it follows from the rules".to_owned(),
    };
    let who = match said::channel(&it.actor, &it.channel) {
        "" => who,
        way => format!("{who}, {way}"),
    };
    [
        words::date_time(it.at),
        said::event(&it.event, &it.to).to_owned(),
        who,
        it.reason.clone().unwrap_or_else(|| "None".to_owned()),
    ]
}

fn mail(it: &outbox_mail::Model) -> [String; 4] {
    let state = match (it.state.as_str(), it.reason.as_deref()) {
        ("suppressed", Some(why)) => format!("{}: {why}", said::mail_state("suppressed")),
        (state, _) => said::mail_state(state).to_owned(),
    };
    [
        words::date_time(it.settled_at.unwrap_or(it.due_at)),
        said::mail(&it.kind).to_owned(),
        it.recipient.clone(),
        state,
    ]
}

impl Page for OnePage {
    const TEMPLATE: &'static str = "pages/staff/bookings/one.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::public::manage::tests::{before, held, line};
        use booking::{By, State};
        use time::Duration;
        let until = before() + Duration::hours(24);
        let found = |state| {
            let held = held(state, true);
            Found {
                record: held.record,
                person: held.person,
                run: held.run,
            }
        };
        let page = |found: &Found, known| {
            let acts = Act::possible(found, before());
            Self::new(found, known, &acts, Shell::sample())
        };
        let mut whole = found(State::Booked);
        whole.record.booked_by = Some("Jo".to_owned());
        whole.record.hopes = Some("To listen.\nTo learn.".to_owned());
        whole.person.post_address = Some("1 High Street\nAnytown".to_owned());
        let known = Known {
            history: vec![line(1, "book"), line(2, "confirm")],
            mails: vec![
                sample_mail("sent", None),
                sample_mail("suppressed", Some("it is too late for a reminder")),
            ],
            tasks: vec![("Call before the course".to_owned(), "/team/tasks/1".to_owned())],
            ..Known::default()
        };
        let mut own = page(&found(State::Waiting), Known::default());
        (own.is_own, own.steps) = (true, Vec::new());
        let moved = Known {
            moved_to: Some("1234 AB".to_owned()),
            ..Known::default()
        };
        let done = Self {
            done: Act::Confirm.done(),
            ..page(&whole, known.clone())
        };
        let moved_on = State::Moved {
            to: ids::BookingId(uuid::Uuid::nil()),
        };
        vec![
            page(&whole, known),
            done,
            own,
            page(&found(State::Unconfirmed { until }), Known::default()),
            page(&found(State::Offered { until }), Known::default()),
            page(&found(State::Cancelled { by: By::Team }), Known::default()),
            page(&found(moved_on), moved),
            page(&found(State::Lapsed), Known::default()),
            page(&found(State::Closed), Known::default()),
        ]
    }
}

/// A mail for the samples of pages.
#[cfg(test)]
pub(in crate::staff) fn sample_mail(state: &str, reason: Option<&str>) -> outbox_mail::Model {
    let at = crate::public::manage::tests::before();
    outbox_mail::Model {
        seq: 1,
        id: ids::MailId(uuid::Uuid::nil()),
        kind: "booked".to_owned(),
        about: uuid::Uuid::nil(),
        recipient: "sam@example.com".to_owned(),
        occasion: "ev1".to_owned(),
        parameters: serde_json::json!({}),
        created_at: at,
        due_at: at,
        next_try_at: at,
        state: state.to_owned(),
        tries: 0,
        leased_until: None,
        leased_by: None,
        rendered: None,
        settled_at: None,
        reason: reason.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<OnePage>();
    }
}

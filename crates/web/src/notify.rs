//! Who is told of what: from what happened to the mail and tasks it calls for (booking.md section 2,
//! "Effects"). A new event does not compile until somebody decided about its mail.

use booking::deadlines::confirm_reminder;
use booking::snapshot::Actor;
use booking::{By, Event, Note, Outcome, State, Transition, bookings, calendar};
use ids::{BookingId, RunId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::json;
use time::Duration;

use crate::entity::{access_need, calendar_entry};
use crate::error::Error;
use crate::links::{self, Purpose};
use crate::outbox::{self, Kind, Mail};
use crate::people::{self, Person};
use crate::tasks::{self, TaskKind};
use crate::work::Work;

/// The reason noted when somebody says "I did not ask for this" (B-20).
pub(crate) const NOT_ME: &str = "I did not ask for this";

/// What a transition calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// A mail at the moment it is due, or a task if the person has no usable address.
    Mail(Kind),
    /// A mail that only reminds: nothing in its place if there is no address.
    Reminder(Kind, Ts),
    /// A call.
    Task(TaskKind),
}

/// Does everything that follows from a change of places: mail, tasks, links, calendar entries.
pub(crate) async fn follow(work: &Work, outcome: &Outcome) -> Result<(), Error> {
    let (settings, _) = calendar::rules(work.tx()).await?;
    for (at, it) in outcome.transitions.iter().enumerate() {
        let later = outcome.transitions.get(at + 1..).unwrap_or_default();
        let asks_whether_to_go_on =
            later.iter().any(|next| next.booking == it.booking && next.event == Event::Pause);
        let person = people::find(work.tx(), it.person).await?.ok_or(Error::NotFound)?;
        links::make(work, Purpose::Booking, it.booking.0, 1, None).await?;
        if matches!(it.event, Event::Offer { .. }) {
            links::make(work, Purpose::Offer, it.booking.0, it.n, None).await?;
        }
        for call in calls(it, asks_whether_to_go_on, &settings) {
            make(work, it, &person, call).await?;
        }
        note_calendar(work, outcome.run, it).await?;
        after_booking(work, it).await?;
    }
    if outcome.phone_list && !tasks::is_open(work.tx(), TaskKind::PhoneList, outcome.run.0).await? {
        let occasion = work.now().to_string();
        tasks::add(work, TaskKind::PhoneList, outcome.run.0, &occasion, work.now()).await?;
    }
    if let Some(change_no) = outcome.change_no {
        tell_of_change(work, outcome, change_no).await?;
    }
    Ok(())
}

/// The mail and tasks of one transition, on one screen.
fn calls(it: &Transition, asks_whether_to_go_on: bool, settings: &booking::Settings) -> Vec<Call> {
    let moved = it.replaces.is_some();
    match (it.event, it.to) {
        (Event::Book { .. } | Event::Confirm | Event::Accept, State::Unconfirmed { until }) => {
            let reminder = confirm_reminder(settings, it.mail_due, until);
            let mut calls = vec![Call::Mail(Kind::ConfirmEmail), Call::Reminder(Kind::ConfirmReminder, reminder)];
            calls.extend(moved.then_some(Call::Mail(Kind::Moved)));
            calls
        }
        (Event::Book { .. } | Event::Confirm | Event::Accept, _) => {
            vec![Call::Mail(if moved { Kind::Moved } else { Kind::Booked })]
        }
        (Event::Join, _) => vec![Call::Mail(if moved { Kind::Moved } else { Kind::Waiting })],
        (Event::Offer { .. }, _) => vec![Call::Mail(Kind::Offer)],
        (Event::Expire | Event::RunBegan, State::Lapsed) => vec![Call::Mail(Kind::Lapsed)],
        (Event::Expire, _) if asks_whether_to_go_on => vec![Call::Mail(Kind::StillInterested)],
        (Event::Expire, _) => vec![Call::Mail(Kind::OfferOver)],
        (Event::RunBegan, _) => vec![Call::Mail(Kind::ListClosed)],
        // Whoever says that they never booked is promised no more mail.
        (Event::Cancel { by: By::Person }, _) if it.cause.reason.as_deref() == Some(NOT_ME) => Vec::new(),
        (Event::Cancel { by: By::Person }, _) => vec![Call::Mail(Kind::Cancelled)],
        (Event::Cancel { by: By::Team | By::RunCancelled }, _) => vec![Call::Mail(Kind::CancelledByTeam)],
        (Event::RunCancelled, _) => vec![Call::Mail(Kind::RunCancelled)],
        (Event::Say(Note::CallMe), _) => vec![Call::Task(TaskKind::PhoneOffer)],
        // A move is told by the booking it led to; the rest is seen on the page where it was done.
        (
            Event::Move { .. }
            | Event::Decline
            | Event::Say(Note::Keep | Note::Coming)
            | Event::Pause
            | Event::Resume
            | Event::NoteAsked
            | Event::Reorder,
            _,
        ) => Vec::new(),
    }
}

async fn make(work: &Work, it: &Transition, person: &Person, call: Call) -> Result<(), Error> {
    let occasion = format!("ev{}", it.n);
    let (kind, due_at) = match call {
        Call::Mail(kind) => (kind, it.mail_due),
        Call::Reminder(kind, due) => (kind, due),
        Call::Task(kind) => return tasks::add(work, kind, it.booking.0, &occasion, work.now()).await,
    };
    let Some(address) = person.usable_email() else {
        let instead = match kind {
            Kind::Offer => TaskKind::PhoneOffer,
            _ if matches!(call, Call::Reminder(..)) => return Ok(()),
            _ => TaskKind::PhoneOrLetter,
        };
        return tasks::add(work, instead, it.booking.0, &format!("{}-{occasion}", kind.name()), work.now()).await;
    };
    let parameters = json!({
        "event": it.n,
        "replaces": it.replaces,
        "reason": it.cause.reason.clone().filter(|_| it.cause.actor != Actor::Person),
        "until": it.to.deadline(),
    });
    let mail = Mail { kind, about: it.booking.0, recipient: address.to_owned(), occasion, due_at, parameters };
    outbox::write(work, mail).await
}

/// A new place calls for a talk before the course and for what helps to take part.
async fn after_booking(work: &Work, it: &Transition) -> Result<(), Error> {
    let took_part_now = it.to == State::Booked && it.from != Some(State::Booked);
    if !took_part_now {
        return Ok(());
    }
    let record = bookings::find(work.tx(), it.booking).await?.ok_or(Error::NotFound)?;
    if record.call_wanted {
        tasks::add(work, TaskKind::PreCourseCall, it.booking.0, "once", work.now() + Duration::days(2)).await?;
    }
    let needs =
        access_need::Entity::find().filter(access_need::Column::Booking.eq(it.booking)).all(work.tx()).await?;
    for need in needs {
        tasks::add(work, TaskKind::ArrangeNeed, need.id, "once", need.due).await?;
    }
    Ok(())
}

/// Keeps what a person's calendar should show (INV-16): a REQUEST with a rising number while they
/// have a place, a CANCEL for what was requested before.
async fn note_calendar(work: &Work, run: RunId, it: &Transition) -> Result<(), Error> {
    if it.to == State::Booked && it.from != Some(State::Booked) {
        request(work, run, it.booking).await?;
    }
    if it.from == Some(State::Booked) && it.to != State::Booked {
        cancel(work, it.booking).await?;
    }
    Ok(())
}

async fn request(work: &Work, run: RunId, booking: BookingId) -> Result<(), Error> {
    let dates = calendar::run_dates(work.tx(), run).await?.ok_or(Error::NotFound)?;
    let known =
        calendar_entry::Entity::find().filter(calendar_entry::Column::Booking.eq(booking)).all(work.tx()).await?;
    for session in &dates.sessions {
        match known.iter().find(|it| it.session == session.id) {
            Some(entry) => {
                let sequence = entry.sequence + 1;
                let mut row = entry.clone().into_active_model();
                row.sequence = Set(sequence);
                row.last_method = Set("request".to_owned());
                row.update(work.tx()).await?;
            }
            None => {
                calendar_entry::ActiveModel {
                    id: Set(work.fresh_id()),
                    booking: Set(booking),
                    session: Set(session.id),
                    uid: Set(format!("{booking}-day{}@{}", session.idx, work.host())),
                    sequence: Set(0),
                    last_method: Set("request".to_owned()),
                }
                .insert(work.tx())
                .await?;
            }
        }
    }
    Ok(())
}

async fn cancel(work: &Work, booking: BookingId) -> Result<(), Error> {
    let known =
        calendar_entry::Entity::find().filter(calendar_entry::Column::Booking.eq(booking)).all(work.tx()).await?;
    for entry in known.into_iter().filter(|it| it.last_method == "request") {
        let sequence = entry.sequence + 1;
        let mut row = entry.into_active_model();
        row.sequence = Set(sequence);
        row.last_method = Set("cancel".to_owned());
        row.update(work.tx()).await?;
    }
    Ok(())
}

/// M12 to everybody with a live booking (B-50).
async fn tell_of_change(work: &Work, outcome: &Outcome, change_no: i32) -> Result<(), Error> {
    for id in &outcome.live {
        let record = bookings::find(work.tx(), *id).await?.ok_or(Error::NotFound)?;
        let person = people::find(work.tx(), record.person).await?.ok_or(Error::NotFound)?;
        let occasion = format!("change{change_no}");
        if record.state == State::Booked {
            request(work, outcome.run, *id).await?;
        }
        let Some(address) = person.usable_email() else {
            tasks::add(work, TaskKind::PhoneOrLetter, id.0, &format!("run_changed-{occasion}"), work.now()).await?;
            continue;
        };
        let mail = Mail {
            kind: Kind::RunChanged,
            about: id.0,
            recipient: address.to_owned(),
            occasion,
            due_at: work.now(),
            parameters: json!({}),
        };
        outbox::write(work, mail).await?;
    }
    Ok(())
}

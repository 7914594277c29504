//! Who is told of what: from what happened to the mail and tasks it calls for (booking.md section 2,
//! "Effects"). A new event does not compile until somebody decided about its mail.

use booking::calendar::{Before, Meeting};
use booking::deadlines::{WorkingDays, confirm_reminder};
use booking::reminders::booked_on;
use booking::snapshot::Actor;
use booking::{BookingRecord, By, Event, Note, Outcome, Settings, State, Transition, bookings, calendar};
use ids::{BookingId, RunId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use time::Duration;

use crate::entity::{access_need, calendar_entry, emergency_contact, outbox_mail, team_task};
use crate::error::Error;
use crate::links::{self, Purpose};
use crate::outbox::facts::Parameters;
use crate::outbox::{self, Kind, Mail};
use crate::people::address::Address;
use crate::people::{self, Person};
use crate::public::questions;
use crate::tasks::{self, TaskKind};
use crate::team_mail;
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
    let (settings, days) = calendar::rules(work.tx()).await?;
    for (at, it) in outcome.transitions.iter().enumerate() {
        let later = outcome.transitions.get(at + 1..).unwrap_or_default();
        let asks_whether_to_go_on = later
            .iter()
            .any(|next| next.booking == it.booking && next.event == Event::Pause);
        let told = Told::about(work, it.booking).await?;
        tasks::ended::end(work, it).await?;
        links::make(work, Purpose::Booking, it.booking.0, 1, None).await?;
        if matches!(it.event, Event::Offer { .. }) {
            links::make_offer(work, it.booking, it.n).await?;
        }
        for call in calls(it, asks_whether_to_go_on, &settings) {
            make(work, it, &told, call).await?;
        }
        if let (Event::Book { .. } | Event::Join, Some(old)) = (it.event, it.replaces) {
            carry_over(work, old, outcome.run, it, (&settings, &days)).await?;
        }
        note_calendar(work, outcome.run, it, &told).await?;
        after_booking(work, it, &told.record).await?;
    }
    tasks::ended::phone_list(work, outcome).await?;
    if let Some(change_no) = outcome.change_no {
        tell_of_change(work, outcome, change_no).await?;
        team_mail::tell_facilitators(work, outcome.run, &format!("change{change_no}")).await?;
    }
    if outcome.called_off {
        team_mail::tell_of_calling_off(work, outcome.run).await?;
    }
    Ok(())
}

/// A booking, and who is told about it.
pub(crate) struct Told {
    pub(crate) record: BookingRecord,
    pub(crate) person: Person,
}

impl Told {
    pub(crate) async fn about(work: &Work, booking: BookingId) -> Result<Self, Error> {
        let record = bookings::find(work.tx(), booking).await?.ok_or(Error::NotFound)?;
        let person = people::find(work.tx(), record.person)
            .await?
            .ok_or(Error::NotFound)?;
        Ok(Self { record, person })
    }

    /// The address of whoever booked for the person, while the person lets us tell them (B-105).
    fn copy_to(&self) -> Option<String> {
        let contact = self
            .record
            .booked_by_contact
            .as_ref()
            .filter(|_| self.record.copy_permission)?;
        let address = contact.parse::<Address>().ok()?.to_string();
        (self.person.email.as_ref() != Some(&address)).then_some(address)
    }

    /// Whether anybody could have the dates in a calendar: from a mail, or from the file behind the link
    /// in it. Without an address there are no entries (INV-16).
    fn has_calendar(&self) -> bool {
        self.person.email.is_some() || self.copy_to().is_some()
    }
}

/// The mail and tasks of one transition, on one screen.
fn calls(it: &Transition, asks_whether_to_go_on: bool, settings: &Settings) -> Vec<Call> {
    let moved = it.replaces.is_some();
    match (it.event, it.to) {
        (Event::Book { .. } | Event::Confirm | Event::Accept, State::Unconfirmed { until }) => {
            let reminder = confirm_reminder(settings, it.mail_due, until);
            let mut calls = vec![
                Call::Mail(Kind::ConfirmEmail),
                Call::Reminder(Kind::ConfirmReminder, reminder),
            ];
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
        (
            Event::Cancel {
                by: By::Team | By::RunCancelled,
            },
            _,
        ) => vec![Call::Mail(Kind::CancelledByTeam)],
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

/// Whether whoever booked for the person gets a copy (B-105). What proves an address goes to nobody
/// but its owner.
fn is_copied(kind: Kind) -> bool {
    match kind {
        Kind::ConfirmEmail | Kind::ConfirmReminder => false,
        Kind::Booked
        | Kind::Lapsed
        | Kind::Waiting
        | Kind::Offer
        | Kind::OfferOver
        | Kind::StillInterested
        | Kind::ListClosed
        | Kind::NextWeek
        | Kind::Tomorrow
        | Kind::RunChanged
        | Kind::RunCancelled
        | Kind::Cancelled
        | Kind::CancelledByTeam
        | Kind::Moved => true,
        // A new link is behind the link that only the person has; that we missed somebody is theirs alone.
        Kind::NewJoiningLink | Kind::Missed => false,
        // What somebody thinks of a course is theirs alone.
        Kind::Feedback
        | Kind::NewDates
        | Kind::YourLinks
        | Kind::ConfirmNewDates
        | Kind::ConfirmAddress
        | Kind::ResumeDraft
        | Kind::LogInCode
        | Kind::Invited
        | Kind::NewLogIn
        | Kind::SecondStepReset
        | Kind::Trial
        | Kind::AccessChanged
        | Kind::Facilitation
        | Kind::RegisterSoon
        | Kind::RegisterLate
        | Kind::TodaysList
        | Kind::PhoneToday
        | Kind::CalledOff
        | Kind::BookingDetailsChanged => false,
    }
}

/// What makes a mail or a task that of this event and of no other.
fn occasion(it: &Transition) -> String {
    format!("ev{}", it.n)
}

async fn make(work: &Work, it: &Transition, told: &Told, call: Call) -> Result<(), Error> {
    let occasion = occasion(it);
    let (kind, due_at) = match call {
        Call::Mail(kind) => (kind, it.mail_due),
        Call::Reminder(kind, due) => (kind, due),
        Call::Task(kind) => return tasks::add(work, kind, it.booking.0, &occasion, work.now()).await,
    };
    let parameters = Parameters {
        event: Some(it.n),
        replaces: it.replaces,
        reason: it
            .cause
            .reason
            .clone()
            .filter(|_| it.cause.actor != Actor::Person),
        ..Parameters::default()
    };
    let instead = !matches!(call, Call::Reminder(..));
    tell(
        work,
        told,
        Telling {
            kind,
            occasion,
            due_at,
            parameters,
            instead,
        },
    )
    .await
}

/// One thing to be told about a booking.
pub(crate) struct Telling {
    pub(crate) kind: Kind,
    pub(crate) occasion: String,
    pub(crate) due_at: Ts,
    pub(crate) parameters: Parameters,
    /// Whether somebody without a usable address is told in another way (B-90).
    pub(crate) instead: bool,
}

/// A mail to the person, or a task in its place, and a copy to whoever booked for them.
pub(crate) async fn tell(work: &Work, told: &Told, telling: Telling) -> Result<(), Error> {
    let Telling {
        kind,
        occasion,
        due_at,
        parameters,
        instead,
    } = telling;
    let about = told.record.id.0;
    let mail = |recipient: String, occasion: String, parameters: Parameters| {
        let parameters = parameters.into_value();
        Mail {
            kind,
            about,
            recipient,
            occasion,
            due_at,
            parameters,
        }
    };
    if let Some(copy_to) = told.copy_to().filter(|_| is_copied(kind)) {
        let copied = Parameters {
            copy: true,
            ..parameters.clone()
        };
        outbox::write(work, mail(copy_to, format!("{occasion}-copy"), copied)).await?;
    }
    match told.person.usable_email() {
        Some(address) => outbox::write(work, mail(address.to_owned(), occasion, parameters)).await,
        None if instead => {
            tasks::add(
                work,
                in_place_of(kind),
                about,
                &format!("{}-{occasion}", kind.name()),
                work.now(),
            )
            .await
        }
        None => Ok(()),
    }
}

/// The task in place of a mail that cannot be sent: an offer wants an answer soon (B-90).
pub(crate) fn in_place_of(kind: Kind) -> TaskKind {
    if kind == Kind::Offer {
        TaskKind::PhoneOffer
    } else {
        TaskKind::PhoneOrLetter
    }
}

/// What helps somebody to take part, whom to call and the wish for a talk go along with a booking that
/// moves, in place of what an older booking there had. Everything has to be arranged again, for the new
/// dates (B-88), once there is a place on them.
async fn carry_over(
    work: &Work,
    old: BookingId,
    run: RunId,
    it: &Transition,
    (settings, days): (&Settings, &WorkingDays),
) -> Result<(), Error> {
    use access_need::Column as Need;
    use emergency_contact::Column as Contact;
    use team_task::Column as Task;
    let (new, booked) = (it.booking, it.to == State::Booked);
    let dates = calendar::run_dates(work.tx(), run)
        .await?
        .ok_or(Error::NotFound)?;
    let first_day = dates.sessions.first().map(|it| it.date);
    for gone in access_need::Entity::find()
        .filter(Need::Booking.eq(new))
        .all(work.tx())
        .await?
    {
        let off = team_task::ActiveModel {
            state: Set("cancelled".to_owned()),
            ..Default::default()
        };
        let arranging = Task::About.eq(gone.id).and(Task::State.eq("open"));
        team_task::Entity::update_many()
            .set(off)
            .filter(arranging)
            .exec(work.tx())
            .await?;
        access_need::Entity::delete_by_id(gone.id).exec(work.tx()).await?;
    }
    for need in access_need::Entity::find()
        .filter(Need::Booking.eq(old))
        .all(work.tx())
        .await?
    {
        let due = first_day.map_or(need.due, |day| questions::due(&need.code, settings, days, day));
        let id = need.id;
        let mut need = need.into_active_model();
        (need.booking, need.due, need.status) = (Set(new), Set(due), Set("asked".to_owned()));
        need.update(work.tx()).await?;
        if booked {
            tasks::again(work, TaskKind::ArrangeNeed, id, &occasion(it), due).await?;
        }
    }
    emergency_contact::Entity::delete_many()
        .filter(Contact::Booking.eq(new))
        .exec(work.tx())
        .await?;
    let here = emergency_contact::ActiveModel {
        booking: Set(new),
        ..Default::default()
    };
    emergency_contact::Entity::update_many()
        .set(here)
        .filter(Contact::Booking.eq(old))
        .exec(work.tx())
        .await?;
    if booked {
        carry_talk_over(work, old, it).await?;
    }
    Ok(())
}

/// The talk before the course goes along too: one that was held is not held again.
async fn carry_talk_over(work: &Work, old: BookingId, it: &Transition) -> Result<(), Error> {
    let Some(talk) = tasks::newest(work.tx(), TaskKind::PreCourseCall, old.0).await? else {
        return Ok(());
    };
    let held = talk.state == "done";
    let mut talk = talk.into_active_model();
    (talk.about, talk.occasion) = (Set(it.booking.0), Set(occasion(it)));
    if !held {
        talk.state = Set("open".to_owned());
    }
    talk.update(work.tx()).await?;
    Ok(())
}

/// A new place calls for a talk before the course and for what helps to take part; each time anew, since
/// what was open about an earlier time in this place has ended.
async fn after_booking(work: &Work, it: &Transition, record: &BookingRecord) -> Result<(), Error> {
    let took_part_now = it.to == State::Booked && it.from != Some(State::Booked);
    if !took_part_now {
        return Ok(());
    }
    if record.call_wanted {
        let due = work.now() + Duration::days(2);
        need_task(work, TaskKind::PreCourseCall, it.booking.0, it, due).await?;
    }
    let needs = access_need::Entity::find()
        .filter(access_need::Column::Booking.eq(it.booking))
        .all(work.tx())
        .await?;
    for need in needs {
        need_task(work, TaskKind::ArrangeNeed, need.id, it, need.due).await?;
    }
    Ok(())
}

/// A task for this event, unless one is open about the same.
async fn need_task(
    work: &Work,
    kind: TaskKind,
    about: uuid::Uuid,
    it: &Transition,
    due: Ts,
) -> Result<(), Error> {
    if tasks::is_open(work.tx(), kind, about).await? {
        return Ok(());
    }
    tasks::add(work, kind, about, &occasion(it), due).await
}

/// Keeps what a calendar that gets our mail should show (INV-16): a REQUEST with a rising number while
/// the booking has its place, a CANCEL for what was requested before.
async fn note_calendar(work: &Work, run: RunId, it: &Transition, told: &Told) -> Result<(), Error> {
    if it.to == State::Booked && it.from != Some(State::Booked) && told.has_calendar() {
        request(work, run, it.booking).await?;
    }
    if it.from == Some(State::Booked) && it.to != State::Booked {
        cancel(work, it.booking).await?;
    }
    Ok(())
}

async fn request(work: &Work, run: RunId, booking: BookingId) -> Result<(), Error> {
    let dates = calendar::run_dates(work.tx(), run)
        .await?
        .ok_or(Error::NotFound)?;
    let known = entries(work, booking).await?;
    for session in &dates.sessions {
        match known.iter().find(|it| it.session == session.id) {
            Some(entry) => next_method(work, entry.clone(), "request").await?,
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
    for entry in entries(work, booking)
        .await?
        .into_iter()
        .filter(|it| it.last_method == "request")
    {
        next_method(work, entry, "cancel").await?;
    }
    Ok(())
}

async fn entries(work: &Work, booking: BookingId) -> Result<Vec<calendar_entry::Model>, Error> {
    let of_booking = calendar_entry::Entity::find().filter(calendar_entry::Column::Booking.eq(booking));
    Ok(of_booking.all(work.tx()).await?)
}

async fn next_method(work: &Work, entry: calendar_entry::Model, method: &str) -> Result<(), Error> {
    let sequence = entry.sequence + 1;
    let mut row = entry.into_active_model();
    row.sequence = Set(sequence);
    row.last_method = Set(method.to_owned());
    row.update(work.tx()).await?;
    Ok(())
}

/// M16 for a booking that an older one gave way to without anything happening to it: it had its place,
/// or its place in the queue, before (B-26).
pub(crate) async fn tell_that_it_replaced(
    work: &Work,
    booking: BookingId,
    older: BookingId,
) -> Result<(), Error> {
    let told = Told::about(work, booking).await?;
    let telling = Telling {
        kind: Kind::Moved,
        occasion: format!("instead-of-{older}"),
        due_at: work.now(),
        parameters: Parameters {
            replaces: Some(older),
            ..Parameters::default()
        },
        instead: true,
    };
    tell(work, &told, telling).await
}

/// M12 to everybody with a live booking (B-50).
async fn tell_of_change(work: &Work, outcome: &Outcome, change_no: i32) -> Result<(), Error> {
    let dates = calendar::run_dates(work.tx(), outcome.run)
        .await?
        .ok_or(Error::NotFound)?;
    for id in &outcome.live {
        let told = Told::about(work, *id).await?;
        tasks::ended::overtaken_by_change(work, *id).await?;
        if told.record.state == State::Booked && told.has_calendar() {
            request(work, outcome.run, *id).await?;
        }
        let before = known_before(work, *id)
            .await?
            .unwrap_or_else(|| dates.before_change.clone());
        let parameters = Parameters {
            change: Some(change_no),
            before,
            ..Parameters::default()
        };
        let (kind, occasion) = (Kind::RunChanged, format!("change{change_no}"));
        tell(
            work,
            &told,
            Telling {
                kind,
                occasion,
                due_at: work.now(),
                parameters,
                instead: true,
            },
        )
        .await?;
    }
    Ok(())
}

/// M12 about a new joining link, to whoever is booked, and only where the next day is near: all others find it
/// on the joining page (B-51).
pub(crate) async fn tell_of_new_link(work: &Work, run: RunId) -> Result<(), Error> {
    let (settings, _) = calendar::rules(work.tx()).await?;
    let dates = calendar::run_dates(work.tx(), run)
        .await?
        .ok_or(Error::NotFound)?;
    let next = dates.sessions.iter().find(|it| work.now() < it.ends_at);
    let near = |it: &Meeting| it.starts_at - work.now() < Duration::hours(settings.link_mail);
    let Some(day) = next.filter(|it| near(it) && dates.join_url.is_some()) else {
        return Ok(());
    };
    let occasion = format!("link{}", work.fresh_id().simple());
    for booking in booked_on(work.tx(), day.id).await? {
        let told = Told::about(work, booking).await?;
        let telling = Telling {
            kind: Kind::NewJoiningLink,
            occasion: occasion.clone(),
            due_at: work.now(),
            parameters: Parameters::default(),
            instead: true,
        };
        tell(work, &told, telling).await?;
    }
    Ok(())
}

/// The dates and the place that somebody still believes in, when an earlier change was not told yet: the newer mail
/// then tells both changes as one.
async fn known_before(work: &Work, booking: BookingId) -> Result<Option<Before>, Error> {
    let untold = outbox_mail::Entity::find()
        .filter(outbox_mail::Column::About.eq(booking.0))
        .filter(outbox_mail::Column::Kind.eq(Kind::RunChanged.name()))
        .filter(outbox_mail::Column::State.eq("queued"))
        .filter(outbox_mail::Column::Rendered.is_null())
        .order_by_asc(outbox_mail::Column::Seq)
        .one(work.tx())
        .await?;
    Ok(untold
        .map(|it| Parameters::of(&it.parameters).before)
        .filter(|it| !it.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::office::{JULY, JUNE, Office};
    use booking::snapshot::Cause;
    use ids::PersonId;
    use std::fmt::Write as _;
    use time::macros::datetime;
    use uuid::Uuid;

    fn due() -> Ts {
        Ts::new(datetime!(2027-05-11 13:00 UTC))
    }

    fn happened(event: Event, to: State) -> Transition {
        Transition {
            booking: BookingId(Uuid::nil()),
            person: PersonId(Uuid::nil()),
            n: 2,
            event,
            from: None,
            to,
            cause: Cause::person(),
            round: 1,
            replaces: None,
            mail_due: due(),
        }
    }

    /// Section 2 of the booking rules, "Effects": what is told, event by event.
    #[test]
    fn the_whole_table() {
        let until = due() + Duration::hours(24);
        let other = BookingId(Uuid::nil());
        let (held, offered) = (State::Unconfirmed { until }, State::Offered { until });
        let cancelled = |by| State::Cancelled { by };
        let rows = [
            (
                Event::Book {
                    hold_until: Some(until),
                },
                held,
            ),
            (Event::Book { hold_until: None }, State::Booked),
            (Event::Confirm, State::Booked),
            (Event::Accept, State::Booked),
            (Event::Join, State::Waiting),
            (Event::Offer { until }, offered),
            (Event::Decline, State::Waiting),
            (Event::Expire, State::Waiting),
            (Event::Expire, State::Lapsed),
            (Event::Cancel { by: By::Person }, cancelled(By::Person)),
            (Event::Cancel { by: By::Team }, cancelled(By::Team)),
            (Event::RunCancelled, cancelled(By::RunCancelled)),
            (Event::RunBegan, State::Lapsed),
            (Event::RunBegan, State::Closed),
            (Event::Move { to: other }, State::Moved { to: other }),
            (Event::Say(Note::Keep), State::Booked),
            (Event::Say(Note::Coming), State::Booked),
            (Event::Say(Note::CallMe), offered),
            (Event::Pause, State::Waiting),
            (Event::Resume, State::Waiting),
            (Event::NoteAsked, State::Waiting),
            (Event::Reorder, State::Waiting),
        ];
        let settings = Settings::default();
        let mut table = String::new();
        let mut line = |about: String, it: &Transition, pauses: bool| {
            writeln!(table, "{about:<52} {:?}", calls(it, pauses, &settings)).unwrap();
        };
        for (event, to) in rows {
            let by = if let State::Cancelled { by } = to {
                format!(" by {}", by.name())
            } else {
                String::new()
            };
            let name = format!("{} -> {}{by}", event.name(), to.name());
            let it = happened(event, to);
            line(name.clone(), &it, false);
            let moved = Transition {
                replaces: Some(other),
                ..it.clone()
            };
            if calls(&moved, false, &settings) != calls(&it, false, &settings) {
                line(format!("{name}, for another booking"), &moved, false);
            }
            if calls(&it, true, &settings) != calls(&it, false, &settings) {
                line(format!("{name}, and pauses"), &it, true);
            }
        }
        let mut not_me = happened(Event::Cancel { by: By::Person }, cancelled(By::Person));
        not_me.cause.reason = Some(NOT_ME.to_owned());
        line("cancel -> cancelled, not me".to_owned(), &not_me, false);
        insta::assert_snapshot!(table);
    }

    #[tokio::test]
    async fn who_has_no_email_is_told_by_the_team_and_has_no_calendar() {
        let office = Office::open().await;
        let run = office.run(1, JUNE).await;
        let jo = office.guest(run, "Jo Field", None).await;
        office
            .by_team(run, booking::Change::Confirm(jo.booking, None))
            .await;
        let kim = office.guest(run, "Kim Lee", None).await;
        office.by_person(run, booking::Change::Cancel(jo.booking)).await;
        assert!(matches!(office.record(kim).await.state, State::Offered { .. }));
        assert_eq!(office.outbox().await, [""; 0]);
        let tasks = [
            "phone_offer offer-ev2",
            "phone_or_letter booked-ev2",
            "phone_or_letter cancelled-ev3",
            "phone_or_letter confirm_email-ev1",
            "phone_or_letter waiting-ev1",
        ];
        assert_eq!(office.tasks().await, tasks);
        let entries = calendar_entry::Entity::find()
            .all(office.app.reader())
            .await
            .unwrap();
        assert!(entries.is_empty(), "{entries:#?}");
        // The offer is never mailed, and there is one call about it however late it gets (B-43).
        office.wait(Duration::hours(3));
        office.rounds().await;
        assert_eq!(office.tasks().await, tasks);
    }

    #[tokio::test]
    async fn copies_stop_when_the_permission_ends() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let person = office.person("Jo Field", Some("jo@example.com")).await;
        let with = |may: bool| {
            move |it: &mut booking::Details| {
                it.booked_by_contact = Some("alex@example.com".to_owned());
                it.copy_permission = may;
            }
        };
        let jo = office.guest_with(run, person, with(true)).await;
        office.confirm(jo).await;
        office.rounds().await;
        let to = |office: &Office| office.taken().into_iter().map(|it| it.to).collect::<Vec<_>>();
        assert_eq!(to(&office), ["alex@example.com", "jo@example.com"]);
        office.by_person(run, booking::Change::Cancel(jo.booking)).await;
        office.guest_with(run, person, with(false)).await;
        office.rounds().await;
        // The copy about the cancelled booking was written while the permission stood, and is not sent.
        assert_eq!(to(&office), ["jo@example.com"; 1]);
        let rows = office.outbox().await;
        assert!(
            rows.contains(&"cancelled suppressed the person ended the permission for copies".to_owned()),
            "{rows:#?}"
        );
    }

    #[tokio::test]
    async fn what_helps_goes_along_with_a_booking_that_moves() {
        let office = Office::open().await;
        let (june, july) = (office.run(12, JUNE).await, office.run(12, JULY).await);
        let person = office.person("Sam Taylor", Some("sam@example.com")).await;
        let sam = office.guest_with(june, person, |it| it.call_wanted = true).await;
        office
            .act(async |work| {
                let row = access_need::ActiveModel {
                    id: Set(work.fresh_id()),
                    booking: Set(sam.booking),
                    code: Set("bsl".to_owned()),
                    detail: Set(None),
                    status: Set("asked".to_owned()),
                    owner: Set(None),
                    due: Set(work.now()),
                };
                row.insert(work.tx()).await?;
                Ok(())
            })
            .await;
        office.confirm(sam).await;
        let tasks = office.tasks().await;
        assert_eq!(tasks, ["arrange_need ev2", "pre_course_call ev2"]);
        let moved = office.move_to(sam, july).await;
        let tasks = ["arrange_need ev2", "pre_course_call ev1"];
        assert_eq!(
            (office.tasks().await, office.open_tasks().await),
            (
                tasks.map(str::to_owned).to_vec(),
                tasks.map(str::to_owned).to_vec()
            )
        );
        let needs = access_need::Entity::find()
            .all(office.app.reader())
            .await
            .unwrap();
        // Ten working days before 6 July, at 8am.
        let by = Ts::new(datetime!(2027-06-22 07:00 UTC));
        assert_eq!(
            (needs.len(), needs[0].booking, needs[0].due),
            (1, moved.booking, by)
        );
        let all = team_task::Entity::find()
            .order_by_asc(team_task::Column::Kind)
            .all(office.app.reader())
            .await
            .unwrap();
        assert_eq!((all[0].due, all[1].about), (by, moved.booking.0));
    }

    /// B-50, M12: old and new place, even where the dates stay; not to an address that is not proven.
    #[tokio::test]
    async fn a_new_place_is_told_with_the_old_one() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        office.booked(run, "Sam Taylor", "sam@example.com").await;
        office.guest(run, "Kim Lee", Some("kim@example.com")).await;
        office.rounds().await;
        office.taken();
        for venue in ["Recovery college, Room 2", "The hall, Long Lane"] {
            office.meet_at(run, venue).await;
            office.rounds().await;
        }
        let text = |to: &str, sent: &[crate::mailer::Sent]| {
            let mails = sent.iter().filter(|it| it.to == to);
            let texts = mails.map(|it| it.read().text.split_whitespace().collect::<Vec<_>>().join(" "));
            texts.collect::<Vec<_>>()
        };
        let sent = office.taken();
        let sam = text("sam@example.com", &sent);
        let days = "Day 1: Tuesday 8 June 2027, 10am to 1:15pm Day 2: Tuesday 15 June 2027, 10am to 1:15pm";
        let first = format!("BEFORE {days} Online NOW {days} Recovery college, Room 2");
        let second = format!("BEFORE {days} Recovery college, Room 2 NOW {days} The hall, Long Lane");
        assert!(sam[0].contains(&first), "{}", sam[0]);
        assert!(sam[1].contains(&second), "{}", sam[1]);
        let kim = text("kim@example.com", &sent).join(" ");
        assert!(
            kim.contains("The dates are the same. The place has changed."),
            "{kim}"
        );
        for hidden in ["BEFORE", "Recovery college", "The hall"] {
            assert!(!kim.contains(hidden), "{hidden} in {kim}");
        }
    }

    #[tokio::test]
    async fn two_changes_that_nobody_was_told_yet_are_told_as_one() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        office.booked(run, "Sam Taylor", "sam@example.com").await;
        office.taken();
        for days in [JULY, [JUNE[0], JULY[1]]] {
            office
                .act(async |work| {
                    let fresh = || work.fresh_id();
                    let sessions = days.map(|date| calendar::NewSession {
                        date,
                        start: time::macros::time!(10:00),
                        end: time::macros::time!(13:15),
                        break_minutes: 15,
                    });
                    calendar::reschedule(work.tx(), work.now(), &fresh, run, &sessions, None).await?;
                    let change = booking::Asked::by_system(booking::Change::RunChanged);
                    work.allocate(run, change).await.map(|_| ())
                })
                .await;
        }
        office.rounds().await;
        let sent = office.taken();
        assert_eq!(sent.len(), 1);
        let text = sent[0].read().text;
        let before = text.find("Tuesday 15 June 2027").unwrap();
        let after = text.find("Tuesday 13 July 2027").unwrap();
        assert!(
            text.find("NOW").is_some_and(|now| before < now && now < after),
            "{text}"
        );
        assert!(!text.contains("Tuesday 6 July"), "{text}");
    }
}

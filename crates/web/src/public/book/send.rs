//! From answers to a booking: all of it in one change, and the same for known and unknown people.
//!
//! A web booking has a person of its own until its address is proven (B-25). An address that has a
//! live booking on the same dates takes no second place: its mailbox is told instead, and the page
//! says what it says to everybody (B-13, T-36).
//!
//! What could tell the two apart, and what is done about it:
//! - *Answers.* The page shows a receipt that is written down once for each form: reference, end of the
//!   hold, band. For a known address it is what a stranger would have got, and it stays when the form
//!   is sent again with another address. So the end of a first hold is not on the page of a repeat; it
//!   is in the mail.
//! - *Refusals.* The booking is made before anybody looks whether the address is known, so a full,
//!   closed or cancelled run says the same to all.
//! - *Work.* It is one change with one commit for both. What was made for a known address is taken back
//!   within it, and a mail is written instead; it leaves fewer rows.
//! - *Places.* On the last place of a run, whoever books with somebody's address can see afterwards
//!   whether the place is still free. The rule that a known address takes no place brings that about.
//! - *Limits.* They count what was sent, not what came of it, and share one page.

use std::time::Duration;

use booking::calendar;
use booking::snapshot::Snapshot;
use booking::{
    Ask, Asked, BookingRecord, Cause, Change, Details, Refusal, Source, State, allocator, bookings,
};
use ids::{BookingId, PersonId, RunId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
};
use uuid::Uuid;

use super::answers::Answers;
use super::draft::{self, Draft, Kind, Receipt};
use crate::app::App;
use crate::entity::{draft as row, outbox_mail, person};
use crate::error::Error;
use crate::links::{self, Stopped};
use crate::notify::NOT_ME;
use crate::outbox::facts::Parameters;
use crate::outbox::{self, Kind as MailKind, Mail};
use crate::people::address::Address;
use crate::people::matching::{name_key, phone_key};
use crate::people::{self, Person};
use crate::public::find::write_links;
use crate::public::questions::{EmailQuestion, add_needs, add_someone};
use crate::tasks::{self, TaskKind};
use crate::work::Work;

/// The learning agreement that the check page asks for, by the day its words were agreed.
const AGREEMENT_VERSION: &str = "2026-11-20";
/// The privacy notice that the check page links to, by the day its words were agreed.
const PRIVACY_VERSION: &str = "2026-11-20";

/// What an operation of this form leads to; where that is follows from the form's link.
const DONE: &str = "done";

/// What would happen if a stranger asked for this now: the run afterwards, or why not.
pub(super) fn would(snapshot: &Snapshot, kind: Kind, now: Ts) -> Result<(Snapshot, BookingId), Refusal> {
    let mut after = snapshot.clone();
    let stranger = ask(BookingId(Uuid::nil()), PersonId(Uuid::nil()));
    change(kind, stranger).apply(&mut after, now, &Cause::person())?;
    Ok((after, stranger.booking))
}

fn ask(booking: BookingId, person: PersonId) -> Ask {
    Ask {
        booking,
        person,
        proven: false,
        priority: false,
    }
}

fn change(kind: Kind, ask: Ask) -> Change {
    match kind {
        Kind::Book => Change::Book(ask),
        Kind::Wait => Change::Join(ask),
    }
}

/// A form as it is sent.
#[derive(Clone, Debug)]
struct Sending {
    draft: Uuid,
    run: RunId,
    kind: Kind,
    answers: Answers,
    /// Sent again with another address, after the mailbox of the first one was told.
    again: bool,
}

impl Sending {
    fn of(draft: &Draft) -> Self {
        let answers = draft.answers.clone();
        Self {
            draft: draft.id,
            run: draft.run.id,
            kind: draft.kind,
            answers,
            again: false,
        }
    }
}

/// Sends a form: a booking, or a mail to a mailbox that has one.
pub(super) async fn send(app: &App, draft: &Draft, op: Option<&str>, content: &str) -> Result<(), Error> {
    deliver(app, &Sending::of(draft), op, content).await
}

async fn deliver(app: &App, sending: &Sending, op: Option<&str>, content: &str) -> Result<(), Error> {
    let made = app
        .change(async |work| work.once(op, content, book_or_tell(&work, sending)).await)
        .await;
    one_page(made.map(|_| ()))
}

/// Makes the booking; or tells the mailbox, if it turns out that the address is known.
async fn book_or_tell(work: &Work, sending: &Sending) -> Result<String, Error> {
    match work.attempt(async |part| book(&part, sending).await).await {
        Err(Error::Refused(Refusal::Booked)) => tell(work, sending).await,
        other => other,
    }
}

/// All limits of booking share one page (T-36).
fn one_page(sent: Result<(), Error>) -> Result<(), Error> {
    match sent {
        Err(Error::Refused(Refusal::TooManyHolds)) => Err(Error::TooMany(Duration::from_hours(1))),
        other => other,
    }
}

/// Makes the booking and everything that belongs to it. Refused as booked if the address turns out to
/// be known: then nothing of it stays.
async fn book(work: &Work, sending: &Sending) -> Result<String, Error> {
    let Some(row) = to_send(work, sending).await? else {
        return Ok(DONE.to_owned());
    };
    let answers = &sending.answers;
    let person = people::add(work, answers.person()).await?;
    if let Some(address) = answers.post_address() {
        let row = person::ActiveModel {
            id: Set(person),
            post_address: Set(Some(address)),
            ..Default::default()
        };
        row.update(work.tx()).await?;
    }
    let booking = BookingId(work.fresh_id());
    let reference = match told(&row)? {
        Some(receipt) => receipt.reference,
        None => fresh_reference(work).await?,
    };
    let details = details(answers, reference.clone(), Source::Web);
    let asked = Asked {
        change: change(sending.kind, ask(booking, person)),
        cause: Cause::person(),
        details: Some(details),
    };
    let outcome = work.allocate(sending.run, asked).await?;
    let run = calendar::run_dates(work.tx(), outcome.run)
        .await?
        .ok_or(Error::NotFound)?;
    let first_day = run.sessions.first().ok_or(Error::NotFound)?.date;
    add_needs(work, booking, first_day, &answers.support.wanted()).await?;
    if let Some(someone) = answers.support.someone() {
        add_someone(work, booking, someone).await?;
    }
    look_around(work, sending, booking).await?;
    let snapshot = allocator::snapshot(work.tx(), sending.run)
        .await?
        .ok_or(Error::NotFound)?;
    let receipt = Receipt::of(&snapshot, booking, reference);
    finish(work, row, sending, Some(booking), Some(&receipt)).await
}

/// The form's row, unless it was sent already: then its result stands, and nothing more is done (U-05).
async fn to_send(work: &Work, sending: &Sending) -> Result<Option<row::Model>, Error> {
    let row = draft::locked(work.tx(), sending.draft)
        .await?
        .ok_or(Error::LinkOver)?;
    let told = row.outcome.is_some() && row.booking.is_none();
    Ok(if row.outcome.is_none() || (sending.again && told) {
        Some(row)
    } else {
        None
    })
}

/// What the sender of the form was told, if it was sent before.
fn told(row: &row::Model) -> Result<Option<Receipt>, Error> {
    let receipt = row.outcome.as_deref().map(serde_json::from_str).transpose();
    receipt.map_err(Error::fault)
}

/// Notes on the form what came of it; a receipt that stands stays.
async fn finish(
    work: &Work,
    row: row::Model,
    sending: &Sending,
    booking: Option<BookingId>,
    receipt: Option<&Receipt>,
) -> Result<String, Error> {
    let is_new = row.outcome.is_none();
    let mut row = row.into_active_model();
    row.booking = Set(booking);
    row.kind = Set(sending.kind.name().to_owned());
    row.answers = Set(serde_json::to_value(&sending.answers).map_err(Error::fault)?);
    if let Some(receipt) = receipt.filter(|_| is_new) {
        row.outcome = Set(Some(serde_json::to_string(receipt).map_err(Error::fault)?));
    }
    row.update(work.tx()).await?;
    Ok(DONE.to_owned())
}

/// What a booking stores of the answers.
pub(crate) fn details(answers: &Answers, reference: String, source: Source) -> Details {
    let support = &answers.support;
    Details {
        reference,
        source,
        agreement_version: AGREEMENT_VERSION.to_owned(),
        privacy_version: PRIVACY_VERSION.to_owned(),
        over_18: true,
        hopes: support.hopes.given(),
        call_wanted: support.call_first,
        booked_by: support.booked_by.given(),
        booked_by_contact: support.booked_by_contact.given(),
        copy_permission: support.copies,
    }
}

/// A reference that no booking has.
async fn fresh_reference(work: &Work) -> Result<String, Error> {
    loop {
        let reference = work.secrets().reference();
        if bookings::with_reference(work.tx(), &reference).await?.is_none() {
            return Ok(reference);
        }
    }
}

/// Refuses what the address has too much of: more holds than it may have on other dates, or a booking
/// on these (B-13). Looked at after the run was locked, so that of two forms sent at once one sees the
/// other; holds on two runs taken at the same moment may exceed the limit by one on `PostgreSQL`.
async fn look_around(work: &Work, sending: &Sending, own: BookingId) -> Result<(), Error> {
    let all = bookings_of(work.tx(), &sending.answers).await?;
    let others = all.iter().filter(|(it, _)| it.run != sending.run);
    let holds = others
        .filter(|(it, _)| matches!(it.state, State::Unconfirmed { .. }))
        .count();
    let (settings, _) = calendar::rules(work.tx()).await?;
    if sending.kind == Kind::Book && i64::try_from(holds).unwrap_or(i64::MAX) >= settings.holds_per_address {
        return Err(Refusal::TooManyHolds.into());
    }
    match known(all, sending, Some(own)) {
        Some(_) => Err(Refusal::Booked.into()),
        None => Ok(()),
    }
}

/// The live booking on this run that mail or a call should be about: the one that is furthest. People
/// who share a phone are told apart by their names; those who share a mailbox are not, for the page
/// must not tell whether it is known (T-36).
fn known(
    all: Vec<(BookingRecord, Person)>,
    sending: &Sending,
    but: Option<BookingId>,
) -> Option<(BookingRecord, Person)> {
    let name = name_key(&sending.answers.you.full_name.value);
    let by_phone = sending.answers.contact.address().is_none();
    let same = |person: &Person| !by_phone || name_key(&person.full_name) == name;
    let here = all.into_iter().filter(|(it, person)| {
        it.run == sending.run && Some(it.id) != but && it.state.is_live() && same(person)
    });
    here.min_by_key(|(it, _)| (matches!(it.state, State::Unconfirmed { .. }), it.id))
}

/// The bookings of everybody with this address, or without an address with this phone number (B-13).
/// An address whose owner told us that it was not they who booked says nothing about its owner (B-20).
async fn bookings_of(
    db: &impl ConnectionTrait,
    answers: &Answers,
) -> Result<Vec<(BookingRecord, Person)>, Error> {
    let everybody = person::Entity::find();
    let people = if let Some(address) = answers.contact.address() {
        everybody
            .filter(person::Column::Email.eq(address.to_string()))
            .filter(person::Column::EmailBad.eq(false))
            .all(db)
            .await?
    } else {
        let wanted = phone_key(&answers.contact.phone.value);
        let mut people = everybody
            .filter(person::Column::Email.is_null())
            .filter(person::Column::Phone.is_not_null())
            .all(db)
            .await?;
        people.retain(|it| it.phone.as_deref().is_some_and(|it| phone_key(it) == wanted));
        people
    };
    let records = bookings::of_people(db, people.iter().map(|it| it.id)).await?;
    let with_person = |it: BookingRecord| {
        let person = people.iter().find(|person| person.id == it.person)?.clone();
        Some((it, person))
    };
    Ok(records.into_iter().filter_map(with_person).collect())
}

/// Tells whoever has the address that it was used again; the form's result is what a stranger would
/// have seen.
async fn tell(work: &Work, sending: &Sending) -> Result<String, Error> {
    let Some(row) = to_send(work, sending).await? else {
        return Ok(DONE.to_owned());
    };
    let snapshot = allocator::snapshot(work.tx(), sending.run)
        .await?
        .ok_or(Error::NotFound)?;
    let (after, booking) = would(&snapshot, sending.kind, work.now())?;
    let receipt = Receipt::of(&after, booking, fresh_reference(work).await?);
    tell_the_known(work, sending).await?;
    finish(work, row, sending, None, Some(&receipt)).await
}

async fn tell_the_known(work: &Work, sending: &Sending) -> Result<(), Error> {
    let all = bookings_of(work.tx(), &sending.answers).await?;
    let Some((booking, person)) = known(all, sending, None) else {
        return Ok(());
    };
    match (booking.state, sending.answers.contact.address()) {
        (State::Unconfirmed { .. }, _) | (_, None) => {
            tell_again(work, &booking, &person).await?;
            Ok(())
        }
        (_, Some(address)) => {
            let parameters = Parameters {
                again: Some(sending.run),
                ..Parameters::default()
            };
            write_links(work, &address, parameters).await
        }
    }
}

/// Sends the first mail about a booking once more: to confirm it, or that it is on the list. At most
/// `confirm_resends_hour` an hour (B-13, B-22); says whether it did. Without a usable address it is one
/// open task for the team.
pub(crate) async fn tell_again(work: &Work, booking: &BookingRecord, person: &Person) -> Result<bool, Error> {
    let kind = if matches!(booking.state, State::Waiting) {
        MailKind::Waiting
    } else {
        MailKind::ConfirmEmail
    };
    let history = bookings::history(work.tx(), booking.id).await?;
    let entered = history
        .iter()
        .rev()
        .find(|it| it.to == booking.state.name() && it.from.as_ref() != Some(&it.to));
    let n = entered.map_or(1, |it| it.n);
    let Some(address) = person.usable_email() else {
        if !tasks::is_open(work.tx(), TaskKind::PhoneOrLetter, booking.id.0).await? {
            let occasion = format!("{}-ev{n}-{}", kind.name(), work.fresh_id());
            tasks::add(work, TaskKind::PhoneOrLetter, booking.id.0, &occasion, work.now()).await?;
        }
        return Ok(true);
    };
    let sent = outbox_mail::Entity::find()
        .filter(outbox_mail::Column::About.eq(booking.id.0))
        .filter(outbox_mail::Column::Kind.eq(kind.name()));
    let before = sent.clone().count(work.tx()).await?;
    let lately = sent.filter(outbox_mail::Column::CreatedAt.gt(work.now() - time::Duration::hours(1)));
    let (settings, _) = calendar::rules(work.tx()).await?;
    if i64::try_from(lately.count(work.tx()).await?).unwrap_or(i64::MAX) >= settings.confirm_resends_hour {
        return Ok(false);
    }
    let mail = Mail {
        kind,
        about: booking.id.0,
        recipient: address.to_owned(),
        occasion: format!("ev{n}-again{before}"),
        due_at: work.now(),
        parameters: Parameters {
            event: Some(n),
            ..Parameters::default()
        }
        .into_value(),
    };
    outbox::write(work, mail).await?;
    Ok(true)
}

/// Sends a form's mail to another address. The links of the old mail die (T-23). The old address is not
/// told: it was never proven, so it is nobody's we know.
pub(super) async fn correct(
    app: &App,
    draft: &Draft,
    address: &Address,
    op: Option<&str>,
    content: &str,
) -> Result<(), Error> {
    let mut sending = Sending::of(draft);
    sending.answers.contact.email = EmailQuestion::settled(address);
    app.limits.correction(draft.id).map_err(Error::TooMany)?;
    let Some(booking) = draft.booking else {
        sending.again = true;
        return deliver(app, &sending, op, content).await;
    };
    let sending = &sending;
    let made = app
        .change(async |work| {
            let corrected = redirect_or_give_up(&work, sending, booking, address);
            work.once(op, content, corrected).await
        })
        .await;
    one_page(made.map(|_| ()))
}

async fn redirect_or_give_up(
    work: &Work,
    sending: &Sending,
    id: BookingId,
    to: &Address,
) -> Result<String, Error> {
    match work
        .attempt(async |part| redirect(&part, sending, id, to).await)
        .await
    {
        Err(Error::Refused(Refusal::Booked)) => give_up(work, sending, id).await,
        other => other,
    }
}

/// Gives an unproven booking its right address.
async fn redirect(work: &Work, sending: &Sending, id: BookingId, to: &Address) -> Result<String, Error> {
    let (row, booking, person) = unproven(work, sending, id).await?;
    let old = person.email.clone().unwrap_or_default();
    if old != to.to_string() {
        look_around(work, sending, id).await?;
        let mut changed = person.into_active_model();
        changed.email = Set(Some(to.to_string()));
        changed.email_bad = Set(false);
        changed.update(work.tx()).await?;
        links::renew_all(work, id, Stopped::Corrected).await?;
        remind(work, id, &old, to).await?;
    }
    let person = people::find(work.tx(), booking.person)
        .await?
        .ok_or(Error::NotFound)?;
    tell_again(work, &booking, &person).await?;
    finish(work, row, sending, Some(id), None).await
}

/// The new address has a booking on these dates: this one gives its place back, nobody is written to
/// about it, and the mailbox is told of the other one.
async fn give_up(work: &Work, sending: &Sending, id: BookingId) -> Result<String, Error> {
    let (row, ..) = unproven(work, sending, id).await?;
    let cause = Cause {
        reason: Some(NOT_ME.to_owned()),
        ..Cause::person()
    };
    let asked = Asked {
        change: Change::Cancel(id),
        cause,
        details: None,
    };
    let _ = work.allocate(sending.run, asked).await?;
    // What the page says stays: a booking that the form may still lead to is called by this reference.
    allocator::refer(work.tx(), id, fresh_reference(work).await?).await?;
    links::stop_all(work, id, Stopped::Corrected).await?;
    tell_the_known(work, sending).await?;
    finish(work, row, sending, None, None).await
}

/// The form's booking while its address can still be mended here: nobody has answered through it, and
/// no offer is under way.
async fn unproven(
    work: &Work,
    sending: &Sending,
    id: BookingId,
) -> Result<(row::Model, BookingRecord, Person), Error> {
    let row = draft::locked(work.tx(), sending.draft)
        .await?
        .ok_or(Error::LinkOver)?;
    let booking = bookings::find(work.tx(), id).await?.ok_or(Error::NotFound)?;
    let person = people::find(work.tx(), booking.person)
        .await?
        .ok_or(Error::NotFound)?;
    let open = matches!(booking.state, State::Unconfirmed { .. } | State::Waiting);
    if row.booking != Some(id) || !open || person.is_proven() {
        Err(Refusal::NotDue.into())
    } else {
        Ok((row, booking, person))
    }
}

/// Whoever gets the new address is reminded as the old one would have been; what still waits for the
/// old one is not sent any more (T-56).
async fn remind(work: &Work, booking: BookingId, old: &str, to: &Address) -> Result<(), Error> {
    let waiting = outbox_mail::Entity::find()
        .filter(outbox_mail::Column::About.eq(booking.0))
        .filter(outbox_mail::Column::Kind.eq(MailKind::ConfirmReminder.name()))
        .filter(outbox_mail::Column::Recipient.eq(old))
        .filter(outbox_mail::Column::State.eq("queued"))
        .all(work.tx())
        .await?;
    for it in waiting {
        let mail = Mail {
            kind: MailKind::ConfirmReminder,
            about: it.about,
            recipient: to.to_string(),
            occasion: it.occasion,
            due_at: it.due_at,
            parameters: it.parameters,
        };
        outbox::write(work, mail).await?;
    }
    Ok(())
}

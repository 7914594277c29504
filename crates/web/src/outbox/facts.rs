//! What is so at the moment a mail leaves, and whether the mail is still worth sending (T-56, B-101).

use booking::attendance::outcome;
use booking::bookings::HistoryLine;
use booking::calendar::{Before, Meeting, RunDates};
use booking::deadlines::{WorkingDays, interest_over_since};
use booking::evaluation::{self, Asking, Phase};
use booking::queue::{Band, band};
use booking::reminders::booked_on;
use booking::{BookingRecord, By, Settings, State, allocator, bookings, calendar, catch_up, london};
use ids::{BookingId, RunId, SessionId, Ts};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::Date;

use super::Kind;
use super::trial::{self, Trial, Tried};
use crate::entity::{access_need, calendar_entry, draft, interest_registration, outbox_mail, person};
use crate::error::Error;
use crate::links::{self, Purpose};
use crate::people::{self, Person};
use crate::public::manage::keep::KEPT_OTHER;
use crate::secrets::Secrets;
use crate::team_mail::{self, facts::OfTeam};
use crate::texts::{self, OwnWords};
use crate::{sign_in, site};

/// What only one mail knows, as its row keeps it. Each kind uses some.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Parameters {
    /// The number of the event in the booking's history that the mail tells of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<i32>,
    /// The booking that was replaced (M16).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replaces: Option<BookingId>,
    /// Why, in the words of the team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Whether this is the copy for whoever booked for the person (B-105).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) copy: bool,
    /// The number of the change of dates (M12).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) change: Option<i32>,
    /// The dates and the place that the person knows (M12).
    #[serde(skip_serializing_if = "Before::is_empty")]
    pub(crate) before: Before,
    /// The dates to tell of (M20); all dates that can be booked, if none are named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<RunId>,
    /// The dates that were booked again with an address that has a booking there (M21, T-36).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) again: Option<RunId>,
    /// The catch-up that the mail tells of (M22).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) catch_up: Option<uuid::Uuid>,
    /// Whether it was arranged; else it ended.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) made: bool,
    /// The words that a test is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tried: Option<Tried>,
    /// The day that the mail is about (M10, M11, M17, F02, F03).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<SessionId>,
    /// The date that it had when the mail was written (M10, M11, F02).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) date: Option<Date>,
    /// Written by the sender: what the mail asks a calendar to show.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) calendar: Vec<Shown>,
}

/// What a mail asked a calendar to show of one booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shown {
    /// The booking.
    pub(crate) booking: BookingId,
    /// The day that is caught up elsewhere, if it is about that one; else the booking's own days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<SessionId>,
    /// Put in (or replace), else take out.
    pub(crate) request: bool,
    /// The SEQUENCE of its entries.
    pub(crate) sequence: i32,
}

impl Parameters {
    /// From a row. What makes no sense counts as not said.
    pub(crate) fn of(value: &Value) -> Self {
        Self::deserialize(value).unwrap_or_default()
    }

    /// For a row.
    pub(crate) fn into_value(self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// What is so now.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) now: Ts,
    pub(crate) settings: Settings,
    pub(crate) days: WorkingDays,
    pub(crate) site: site::Site,
    pub(crate) parameters: Parameters,
    /// What the team says in mails of this kind (T-39).
    pub(crate) own: OwnWords,
    pub(crate) subject: Subject,
}

/// What the mail is about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// One booking.
    Booking(Box<OfBooking>),
    /// The live bookings of an address, each with the token of its page.
    Links(Vec<Linked>),
    /// A form on its way, and the token that opens it.
    Draft(Box<draft::Model>, Option<String>),
    /// An entry of the new-dates list.
    Interest(Box<OfInterest>),
    /// Somebody's account, or a way into it.
    Account(Box<sign_in::mail::About>),
    /// A test of somebody of the team.
    Trial(Trial),
    /// Work of the team.
    Team(Box<OfTeam>),
    /// What the mail was about is not there any more.
    Gone,
}

/// A booking in the mail of links.
#[derive(Clone, Debug)]
pub(crate) struct Linked {
    pub(crate) record: BookingRecord,
    pub(crate) run: RunDates,
    pub(crate) token: String,
}

/// What a mail about the new-dates list needs.
#[derive(Clone, Debug)]
pub(crate) struct OfInterest {
    pub(crate) entry: interest_registration::Model,
    pub(crate) token: Option<String>,
    pub(crate) dates: Vec<RunDates>,
}

/// What a mail about a booking needs.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question that one kind of mail asks, answered yes or no"
)]
pub(crate) struct OfBooking {
    pub(crate) record: BookingRecord,
    pub(crate) person: Person,
    pub(crate) run: RunDates,
    pub(crate) reader: Reader,
    /// The number of the event that led to the state it is in.
    pub(crate) since: Option<i32>,
    /// The token of its page.
    pub(crate) token: Option<String>,
    /// The token of the offer that stands.
    pub(crate) offer: Option<String>,
    /// The token to confirm a new address.
    pub(crate) new_address: Option<String>,
    /// M04: the address has another live booking on these dates.
    pub(crate) booked_there: bool,
    /// M19: nothing is left to ask, because the person answered or the days for it are over.
    pub(crate) has_answered: bool,
    /// M04, M14, M15: how it ended, where that reads differently.
    pub(crate) ended: &'static str,
    /// M05, M16: where in the queue.
    pub(crate) band: Option<Band>,
    /// M16: the dates that were replaced.
    pub(crate) old: Option<RunDates>,
    pub(crate) needs_noted: bool,
    /// M18: every session attended.
    pub(crate) completed: bool,
    /// M22: the day on other dates.
    pub(crate) catch_up: Option<OfCatchUp>,
    /// M09, M13: other dates that can be booked.
    pub(crate) next: Vec<RunDates>,
    /// M10, M11, M17: the day that the mail is about, while the booking has a place there: its own, or one to
    /// catch up (B-70).
    pub(crate) meeting: Option<Meeting>,
    /// The word of the mark that counts for that day.
    pub(crate) marked: Option<String>,
    /// The entries in the recipient's calendar: of this booking, then of those it replaced.
    pub(crate) calendars: Vec<OfCalendar>,
}

/// Who reads the mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The person, at their address.
    Owner {
        /// Whether we know that it is theirs (B-21).
        proven: bool,
    },
    /// Whoever has the address that the person wants to use from now on (T-26).
    Newcomer,
    /// Whoever booked for them (B-105).
    Copy,
    /// The same, when the person no longer wants it.
    NoMore,
    /// Whoever has an address that was the person's; they are now at another one, or at none.
    Former(Option<String>),
}

/// A day that is caught up on other dates.
#[derive(Clone, Debug)]
pub(crate) struct OfCatchUp {
    pub(crate) run: RunDates,
    pub(crate) session: SessionId,
    /// Whether it was not called off.
    pub(crate) stands: bool,
}

/// What a recipient's calendar shows of one booking.
#[derive(Clone, Debug)]
pub(crate) struct OfCalendar {
    pub(crate) booking: BookingId,
    /// The day that is caught up elsewhere, if it is about that one.
    pub(crate) session: Option<SessionId>,
    pub(crate) run: RunDates,
    pub(crate) entries: Vec<calendar_entry::Model>,
    /// Whether a mail that was really sent put it in, and none took it out since.
    pub(crate) shown: bool,
    /// The highest SEQUENCE that any mail to this recipient used.
    pub(crate) used: Option<i32>,
}

impl OfCalendar {
    /// Whether this is what was asked to be shown.
    pub(crate) fn is(&self, shown: &Shown) -> bool {
        (self.booking, self.session) == (shown.booking, shown.session)
    }
}

impl OfBooking {
    /// Whether the mail may name person and course (B-21): to the person, at an address that is theirs.
    pub(crate) fn is_trusted(&self) -> bool {
        self.reader == Reader::Owner { proven: true }
    }

    /// Whether links that act on the booking may be in the mail.
    pub(crate) fn has_links(&self) -> bool {
        matches!(self.reader, Reader::Owner { .. })
    }
}

/// Whether a mail is still worth sending, or why not. One rule for each kind, without a database.
pub(crate) fn still_true(kind: Kind, facts: &Facts) -> Result<(), &'static str> {
    match kind {
        Kind::YourLinks => {
            let found = matches!(&facts.subject, Subject::Links(found) if !found.is_empty());
            if found { Ok(()) } else { Err("nothing to tell") }
        }
        Kind::ResumeDraft => {
            let open = |it: &draft::Model| it.ends_at > facts.now && it.booking.is_none();
            let open = matches!(&facts.subject, Subject::Draft(it, _) if open(it));
            if open {
                Ok(())
            } else {
                Err("the form is sent or over")
            }
        }
        Kind::LogInCode | Kind::Invited | Kind::NewLogIn | Kind::SecondStepReset | Kind::AccessChanged => {
            let Subject::Account(it) = &facts.subject else {
                return Err("the account is gone");
            };
            sign_in::mail::still_true(it, facts.now)
        }
        Kind::Trial if matches!(facts.subject, Subject::Trial(_)) => Ok(()),
        Kind::Trial => Err("whoever asked for it is gone"),
        Kind::Facilitation
        | Kind::RegisterSoon
        | Kind::RegisterLate
        | Kind::TodaysList
        | Kind::PhoneToday
        | Kind::CalledOff => {
            let Subject::Team(it) = &facts.subject else {
                return Err("what it was about is gone");
            };
            team_mail::facts::still_true(it, facts)
        }
        Kind::ConfirmNewDates | Kind::NewDates => {
            let Subject::Interest(it) = &facts.subject else {
                return Err("not on the list any more");
            };
            new_dates(kind, it, facts)
        }
        Kind::ConfirmEmail
        | Kind::ConfirmAddress
        | Kind::ConfirmReminder
        | Kind::Booked
        | Kind::Lapsed
        | Kind::Waiting
        | Kind::Offer
        | Kind::OfferOver
        | Kind::StillInterested
        | Kind::ListClosed
        | Kind::NextWeek
        | Kind::Tomorrow
        | Kind::RunChanged
        | Kind::NewJoiningLink
        | Kind::RunCancelled
        | Kind::Cancelled
        | Kind::CancelledByTeam
        | Kind::Moved
        | Kind::Completed
        | Kind::CatchUp
        | Kind::Missed
        | Kind::Feedback
        | Kind::BookingDetailsChanged => {
            let Subject::Booking(it) = &facts.subject else {
                return Err("the booking is gone");
            };
            about_booking(kind, it, facts)
        }
    }
}

fn new_dates(kind: Kind, it: &OfInterest, facts: &Facts) -> Result<(), &'static str> {
    let over_since = interest_over_since(&facts.settings, facts.now);
    let proven = it.entry.proven_at.is_some();
    if it.entry.ended_at.is_some() {
        Err("the person stopped it")
    } else if kind == Kind::ConfirmNewDates {
        if proven {
            Err("the address is confirmed")
        } else {
            Ok(())
        }
    } else if !proven {
        Err("the address is not confirmed")
    } else if it.entry.since <= over_since {
        Err("the person asked too long ago")
    } else if it.dates.is_empty() {
        Err("there are no dates to book")
    } else {
        Ok(())
    }
}

fn about_booking(kind: Kind, it: &OfBooking, facts: &Facts) -> Result<(), &'static str> {
    match &it.reader {
        Reader::NoMore if kind == Kind::ConfirmAddress => return Err("the address is settled"),
        Reader::NoMore => return Err("the person ended the permission for copies"),
        Reader::Newcomer if kind != Kind::ConfirmAddress => return Err("the address was changed"),
        // The old address is told that details changed, and nothing else (T-26).
        Reader::Former(_) if kind != Kind::BookingDetailsChanged => return Err("the address was changed"),
        Reader::Former(_) | Reader::Owner { .. } | Reader::Newcomer | Reader::Copy => {}
    }
    let state = it.record.state;
    let overtaken = Err("something else happened since");
    // Of two times in the same state, only the mail about the present one is true.
    let present = facts.parameters.event.is_none_or(|n| it.since == Some(n));
    let is = |so: bool| if so && present { Ok(()) } else { overtaken };
    match kind {
        Kind::ConfirmEmail => is(matches!(state, State::Unconfirmed { .. })),
        Kind::ConfirmAddress if it.reader == Reader::Newcomer => Ok(()),
        Kind::ConfirmAddress => Err("the address is settled"),
        Kind::ConfirmReminder if matches!(state, State::Unconfirmed { until } if until <= facts.now) => {
            Err("it is too late for a reminder")
        }
        Kind::ConfirmReminder => is(matches!(state, State::Unconfirmed { .. })),
        Kind::Booked => is(state == State::Booked),
        Kind::Lapsed if it.booked_there => Err("the address is booked there"),
        Kind::Lapsed => is(state == State::Lapsed),
        Kind::Waiting => is(state == State::Waiting),
        Kind::Offer => is(matches!(state, State::Offered { .. })),
        Kind::OfferOver => is(state == State::Waiting && !it.record.paused),
        Kind::StillInterested => is(state == State::Waiting && it.record.paused),
        Kind::ListClosed => is(state == State::Closed),
        Kind::RunChanged if facts.parameters.change.is_some_and(|no| no < it.run.change_no) => {
            Err("a newer change is told instead")
        }
        Kind::RunChanged | Kind::Moved => is(state.is_live()),
        Kind::NextWeek | Kind::Tomorrow => reminds_in_time(kind, it, facts).and(is(state == State::Booked)),
        Kind::NewJoiningLink if it.run.sessions.last().is_none_or(|it| it.ends_at <= facts.now) => {
            Err("the course is over")
        }
        Kind::NewJoiningLink => is(state == State::Booked),
        Kind::Missed if it.marked.as_deref() != Some("absent") => Err("the register was corrected"),
        Kind::Missed => is(state == State::Booked),
        Kind::RunCancelled => is(state == State::Cancelled { by: By::RunCancelled }),
        Kind::Cancelled => is(state == State::Cancelled { by: By::Person }),
        Kind::CancelledByTeam => is(state == State::Cancelled { by: By::Team }),
        Kind::Completed => is(state == State::Booked && it.completed),
        Kind::CatchUp => {
            let stands = state == State::Booked && it.catch_up.as_ref().is_some_and(|it| it.stands);
            let told = it.catch_up.is_some() && stands == facts.parameters.made;
            if told { Ok(()) } else { overtaken }
        }
        Kind::Feedback if it.has_answered => Err("the feedback is given or over"),
        Kind::Feedback => is(state == State::Booked),
        Kind::BookingDetailsChanged => Ok(()),
        Kind::NewDates
        | Kind::YourLinks
        | Kind::ConfirmNewDates
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
        | Kind::CalledOff => overtaken,
    }
}

/// Whether a reminder still says what is so (B-103): the day is as it was, still to come, and the person has
/// not said that they cannot come. Once the reminder of the day before is due, it is too late for a guide.
fn reminds_in_time(kind: Kind, it: &OfBooking, facts: &Facts) -> Result<(), &'static str> {
    let Some(day) = &it.meeting else {
        return Err("they have no place on that day any more");
    };
    let (today, _) = london::local(facts.now);
    let eve = facts.settings.reminder.last().copied().unwrap_or_default();
    let last = if kind == Kind::NextWeek {
        day.date.saturating_sub(time::Duration::days(eve))
    } else {
        day.date
    };
    if facts.parameters.date != Some(day.date) {
        Err("the dates changed")
    } else if it.marked.as_deref() == Some("apologies") {
        Err("they told us that they cannot come")
    } else if today >= last {
        Err("it is too late for a reminder")
    } else {
        Ok(())
    }
}

/// Reads what is so now.
pub(crate) async fn load(
    db: &impl ConnectionTrait,
    secrets: &Secrets,
    now: Ts,
    kind: Kind,
    row: &outbox_mail::Model,
) -> Result<Facts, Error> {
    let (settings, days) = calendar::rules(db).await?;
    let site = site::Site::of(&site::organisation(db).await?, String::new());
    let parameters = Parameters::of(&row.parameters);
    let subject = match kind {
        Kind::YourLinks => links_of(db, secrets, now, row).await?,
        Kind::ResumeDraft => match draft::Entity::find_by_id(row.about).one(db).await? {
            Some(it) => {
                let token = links::token(db, secrets, Purpose::Draft, it.id).await?;
                Subject::Draft(Box::new(it), token)
            }
            None => Subject::Gone,
        },
        Kind::NewDates | Kind::ConfirmNewDates => interest(db, secrets, now, row, &parameters).await?,
        Kind::LogInCode | Kind::Invited | Kind::NewLogIn | Kind::SecondStepReset | Kind::AccessChanged => {
            match sign_in::mail::load(db, secrets, now, kind, row).await? {
                Some(it) => Subject::Account(Box::new(it)),
                None => Subject::Gone,
            }
        }
        Kind::Trial => trial::load(db, row, &parameters)
            .await?
            .map_or(Subject::Gone, Subject::Trial),
        Kind::Facilitation
        | Kind::RegisterSoon
        | Kind::RegisterLate
        | Kind::TodaysList
        | Kind::PhoneToday
        | Kind::CalledOff => match team_mail::facts::load(db, now, kind, row, &parameters).await? {
            Some(it) => Subject::Team(Box::new(it)),
            None => Subject::Gone,
        },
        Kind::ConfirmEmail
        | Kind::ConfirmAddress
        | Kind::ConfirmReminder
        | Kind::Booked
        | Kind::Lapsed
        | Kind::Waiting
        | Kind::Offer
        | Kind::OfferOver
        | Kind::StillInterested
        | Kind::ListClosed
        | Kind::NextWeek
        | Kind::Tomorrow
        | Kind::RunChanged
        | Kind::NewJoiningLink
        | Kind::RunCancelled
        | Kind::Cancelled
        | Kind::CancelledByTeam
        | Kind::Moved
        | Kind::Completed
        | Kind::CatchUp
        | Kind::Missed
        | Kind::Feedback
        | Kind::BookingDetailsChanged => of_booking(db, secrets, now, kind, row, &parameters).await?,
    };
    Ok(Facts {
        now,
        settings,
        days,
        site,
        parameters,
        own: texts::of_mail(db, kind).await?,
        subject,
    })
}

async fn interest(
    db: &impl ConnectionTrait,
    secrets: &Secrets,
    now: Ts,
    row: &outbox_mail::Model,
    parameters: &Parameters,
) -> Result<Subject, Error> {
    let Some(entry) = interest_registration::Entity::find_by_id(row.about)
        .one(db)
        .await?
    else {
        return Ok(Subject::Gone);
    };
    let token = links::token(db, secrets, Purpose::NewDates, entry.id).await?;
    let mut dates = bookable(calendar::upcoming(db, Some(entry.course), now).await?, now);
    dates.retain(|it| parameters.run.is_none_or(|run| it.id == run));
    Ok(Subject::Interest(Box::new(OfInterest { entry, token, dates })))
}

/// Dates that somebody can book or wait for now.
fn bookable(dates: Vec<RunDates>, now: Ts) -> Vec<RunDates> {
    let open = |it: &RunDates| it.cancelled_at.is_none() && it.opens_at <= now && now < it.closes_at;
    dates.into_iter().filter(open).collect()
}

/// The live bookings of everybody who has this address, and the one from whose page it was asked.
async fn links_of(
    db: &impl ConnectionTrait,
    secrets: &Secrets,
    now: Ts,
    row: &outbox_mail::Model,
) -> Result<Subject, Error> {
    let people = person::Entity::find()
        .filter(person::Column::Email.eq(&row.recipient))
        // Whose owner told us that the bookings are not theirs gets no link to them (B-20).
        .filter(person::Column::EmailBad.eq(false))
        .all(db)
        .await?;
    let all = bookings::of_people(db, people.iter().map(|it| it.id)).await?;
    let mut found = Vec::new();
    for record in all {
        let Some(run) = calendar::run_dates(db, record.run).await? else {
            continue;
        };
        let goes_on = record.state.is_live() && run.sessions.last().is_some_and(|it| it.ends_at > now);
        if !goes_on && record.id.0 != row.about {
            continue;
        }
        if let Some(token) = links::token(db, secrets, Purpose::Booking, record.id.0).await? {
            found.push(Linked { record, run, token });
        }
    }
    found.sort_by_key(|it| it.run.sessions.first().map(|it| it.starts_at));
    Ok(Subject::Links(found))
}

async fn of_booking(
    db: &impl ConnectionTrait,
    secrets: &Secrets,
    now: Ts,
    kind: Kind,
    row: &outbox_mail::Model,
    parameters: &Parameters,
) -> Result<Subject, Error> {
    let id = BookingId(row.about);
    let Some(record) = bookings::find(db, id).await? else {
        return Ok(Subject::Gone);
    };
    let Some(person) = people::find(db, record.person).await? else {
        return Ok(Subject::Gone);
    };
    // Whoever catches up is reminded of a day of other dates than their own (B-70).
    let dates = parameters.run.filter(|_| kind == Kind::Tomorrow);
    let Some(run) = calendar::run_dates(db, dates.unwrap_or(record.run)).await? else {
        return Ok(Subject::Gone);
    };
    let day = run.sessions.iter().find(|it| Some(it.id) == parameters.session);
    let (mut meeting, mut marked) = (None, None);
    if let Some(day) = day.copied() {
        marked = bookings::last_code(db, id, day.id).await?;
        let has_place = booked_on(db, day.id).await?.contains(&id);
        meeting = has_place.then_some(day);
    }
    let history = bookings::history(db, id).await?;
    let since = since(&history);
    let offered = matches!(record.state, State::Offered { .. })
        .then_some(since)
        .flatten();
    let others = || async {
        let dates = calendar::upcoming(db, Some(run.course), now).await?;
        Ok::<_, Error>(
            bookable(dates, now)
                .into_iter()
                .filter(|it| it.id != run.id)
                .collect(),
        )
    };
    let needs = access_need::Entity::find()
        .filter(access_need::Column::Booking.eq(id))
        .count(db)
        .await?;
    let old = match parameters.replaces {
        Some(old) if kind == Kind::Moved => match bookings::find(db, old).await? {
            Some(old) => calendar::run_dates(db, old.run).await?,
            None => None,
        },
        _ => None,
    };
    let catch_up = match parameters.catch_up {
        Some(id) => of_catch_up(db, id).await?,
        None => None,
    };
    let in_queue = matches!(kind, Kind::Waiting | Kind::Moved) && record.state == State::Waiting;
    Ok(Subject::Booking(Box::new(OfBooking {
        reader: reader(kind, &record, &person, parameters.copy, &row.recipient),
        since,
        token: links::token(db, secrets, Purpose::Booking, id.0).await?,
        offer: match offered {
            Some(_) => links::token(db, secrets, Purpose::Offer, id.0).await?,
            None => None,
        },
        new_address: if kind == Kind::ConfirmAddress {
            links::token(db, secrets, Purpose::NewAddress, id.0).await?
        } else {
            None
        },
        booked_there: kind == Kind::Lapsed && has_live_booking(db, &row.recipient, &record).await?,
        has_answered: matches!(kind, Kind::Feedback | Kind::Completed)
            && has_answered(db, now, &record).await?,
        ended: ended(&history, since),
        band: if in_queue {
            band_of(db, &record).await?
        } else {
            None
        },
        old,
        needs_noted: needs > 0,
        completed: kind == Kind::Completed
            && outcome::of_booking(db, id).await? == Some(outcome::Outcome::Completed),
        next: if matches!(kind, Kind::ListClosed | Kind::RunCancelled) {
            others().await?
        } else {
            Vec::new()
        },
        calendars: if shows_calendar(kind) {
            calendars(db, row, &record, catch_up.as_ref()).await?
        } else {
            Vec::new()
        },
        catch_up,
        meeting,
        marked,
        record,
        person,
        run,
    })))
}

async fn of_catch_up(db: &impl ConnectionTrait, id: uuid::Uuid) -> Result<Option<OfCatchUp>, Error> {
    let Some(found) = catch_up::find(db, id).await? else {
        return Ok(None);
    };
    let run = calendar::run_dates(db, found.run).await?;
    Ok(run.map(|run| OfCatchUp {
        run,
        session: found.target,
        stands: found.cancelled_at.is_none(),
    }))
}

fn reader(kind: Kind, record: &BookingRecord, person: &Person, copy: bool, recipient: &str) -> Reader {
    if copy {
        let contact = record
            .booked_by_contact
            .as_deref()
            .and_then(|it| it.parse::<people::address::Address>().ok());
        let still = record.copy_permission && contact.is_some_and(|it| it.to_string() == recipient);
        return if still { Reader::Copy } else { Reader::NoMore };
    }
    if kind == Kind::ConfirmAddress {
        return if person.new_email.as_deref() == Some(recipient) {
            Reader::Newcomer
        } else {
            Reader::NoMore
        };
    }
    let address = person.email.clone().filter(|_| !person.email_bad);
    if address.as_deref() == Some(recipient) {
        Reader::Owner {
            proven: person.is_proven(),
        }
    } else {
        Reader::Former(address)
    }
}

/// How a booking ended, where that is not the usual way: with the start of the course, as an entry of the
/// list, or as the one of two that the person did not keep (B-26).
fn ended(history: &[HistoryLine], since: Option<i32>) -> &'static str {
    let Some(last) = history.iter().find(|it| Some(it.n) == since) else {
        return "";
    };
    match (last.event.as_str(), last.reason.as_deref(), last.from.as_deref()) {
        ("run_began", ..) => "start",
        ("cancel", Some(KEPT_OTHER), _) => "other",
        ("cancel", _, Some("waiting" | "offered")) => "list",
        _ => "",
    }
}

/// The number of the event that led to the state a booking is in.
pub(crate) fn since(history: &[HistoryLine]) -> Option<i32> {
    history
        .iter()
        .rev()
        .find(|it| it.from.as_deref() != Some(it.to.as_str()))
        .map(|it| it.n)
}

/// Whether somebody with this address has another live booking on the same dates.
async fn has_live_booking(
    db: &impl ConnectionTrait,
    address: &str,
    than: &BookingRecord,
) -> Result<bool, Error> {
    let people = person::Entity::find()
        .filter(person::Column::Email.eq(address))
        .all(db)
        .await?;
    let all = bookings::of_people(db, people.iter().map(|it| it.id)).await?;
    Ok(all
        .iter()
        .any(|it| it.run == than.run && it.id != than.id && it.state.is_live()))
}

/// Whether there is no feedback to ask for (B-80).
async fn has_answered(db: &impl ConnectionTrait, now: Ts, record: &BookingRecord) -> Result<bool, Error> {
    let (settings, _) = calendar::rules(db).await?;
    let run = calendar::run_dates(db, record.run)
        .await?
        .ok_or(Error::NotFound)?;
    let asking = evaluation::asking(&settings, now, &run.sessions);
    if !matches!(asking, Asking::Open(Phase::After, _)) {
        return Ok(true);
    }
    Ok(evaluation::has_answered(db, record.id, Phase::After).await?)
}

async fn band_of(db: &impl ConnectionTrait, record: &BookingRecord) -> Result<Option<Band>, Error> {
    let snapshot = allocator::snapshot(db, record.run).await?;
    Ok(snapshot.and_then(|it| it.booking(record.id).map(|entry| band(&it, entry))))
}

/// The kinds of mail with entries for a calendar (booking.md section 5).
pub(crate) fn shows_calendar(kind: Kind) -> bool {
    match kind {
        Kind::Booked
        | Kind::RunChanged
        | Kind::RunCancelled
        | Kind::Cancelled
        | Kind::CancelledByTeam
        | Kind::CatchUp
        | Kind::Moved => true,
        Kind::ConfirmEmail
        | Kind::ConfirmAddress
        | Kind::ConfirmReminder
        | Kind::Lapsed
        | Kind::Waiting
        | Kind::Offer
        | Kind::OfferOver
        | Kind::StillInterested
        | Kind::ListClosed
        | Kind::Completed
        | Kind::NextWeek
        | Kind::Tomorrow
        // The entries lead to our joining page, which shows the new link.
        | Kind::NewJoiningLink
        | Kind::Missed
        | Kind::Feedback
        | Kind::NewDates
        | Kind::YourLinks
        | Kind::ConfirmNewDates
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

/// What the recipient's calendar shows of the booking and of those it replaced, by the mails that were
/// really sent there: whoever moved on before a mail could leave must still lose the old entries.
async fn calendars(
    db: &impl ConnectionTrait,
    row: &outbox_mail::Model,
    record: &BookingRecord,
    catch_up: Option<&OfCatchUp>,
) -> Result<Vec<OfCalendar>, Error> {
    let of_person = bookings::of_person(db, record.person).await?;
    let mut chain = vec![(record.id, record.run)];
    let mut at = 0;
    while let Some(&(to, _)) = chain.get(at) {
        let moved_here = of_person.iter().filter(|it| it.state == State::Moved { to });
        let new = moved_here
            .map(|it| (it.id, it.run))
            .filter(|it| !chain.contains(it))
            .collect::<Vec<_>>();
        chain.extend(new);
        at += 1;
    }
    let mails: Vec<(String, Value)> = outbox_mail::Entity::find()
        .select_only()
        .columns([outbox_mail::Column::State, outbox_mail::Column::Parameters])
        .filter(outbox_mail::Column::About.is_in(chain.iter().map(|it| it.0.0)))
        .filter(outbox_mail::Column::Recipient.eq(&row.recipient))
        .filter(outbox_mail::Column::Seq.ne(row.seq))
        .order_by_asc(outbox_mail::Column::Seq)
        .into_tuple()
        .all(db)
        .await?;
    let mails: Vec<(bool, Vec<Shown>)> = mails
        .iter()
        .map(|(state, it)| (state == "sent", Parameters::of(it).calendar))
        .collect();
    let mut found = Vec::new();
    // A mail about a catch-up shows that day, every other one the booking's own days.
    let mut wanted = Vec::new();
    if let Some(it) = catch_up {
        wanted.push((record.id, it.run.clone(), Some(it.session)));
    } else {
        for (booking, run) in chain {
            let run = calendar::run_dates(db, run).await?;
            wanted.extend(run.map(|run| (booking, run, None)));
        }
    }
    for (booking, run, session) in wanted {
        let mut entries = calendar_entry::Entity::find()
            .filter(calendar_entry::Column::Booking.eq(booking))
            .all(db)
            .await?;
        entries.retain(|it| match session {
            Some(session) => it.session == session,
            None => run.sessions.iter().any(|own| own.id == it.session),
        });
        let of_this = |it: &&Shown| (it.booking, it.session) == (booking, session);
        let mut sent = mails
            .iter()
            .filter(|it| it.0)
            .flat_map(|it| &it.1)
            .filter(of_this);
        found.push(OfCalendar {
            booking,
            session,
            run,
            entries,
            shown: sent.next_back().is_some_and(|it| it.request),
            used: mails
                .iter()
                .flat_map(|it| &it.1)
                .filter(of_this)
                .map(|it| it.sequence)
                .max(),
        });
    }
    Ok(found)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ids::{CourseId, PersonId};
    use std::fmt::Write as _;
    use time::Duration;
    use time::macros::{date, datetime, time};
    use uuid::Uuid;

    fn now() -> Ts {
        Ts::new(datetime!(2027-05-11 13:00 UTC))
    }

    fn facts(subject: Subject) -> Facts {
        let values = site::ORGANISATION
            .iter()
            .map(|(name, value, _)| ((*name).to_owned(), (*value).to_owned()));
        Facts {
            now: now(),
            settings: Settings::default(),
            days: WorkingDays::default(),
            site: site::Site::of(&values.collect(), String::new()),
            parameters: Parameters {
                event: Some(2),
                date: Some(date!(2027 - 06 - 08)),
                ..Parameters::default()
            },
            own: OwnWords::default(),
            subject,
        }
    }

    fn run() -> RunDates {
        let session = Meeting {
            id: SessionId(Uuid::nil()),
            idx: 1,
            date: date!(2027 - 06 - 08),
            start: time!(10:00),
            end: time!(13:15),
            starts_at: Ts::new(datetime!(2027-06-08 09:00 UTC)),
            ends_at: Ts::new(datetime!(2027-06-08 12:15 UTC)),
            break_minutes: 15,
        };
        RunDates {
            id: RunId(Uuid::nil()),
            course: CourseId(Uuid::nil()),
            course_code: "intro".to_owned(),
            course_title: "Introduction".to_owned(),
            slug: "june".to_owned(),
            label: String::new(),
            delivery: calendar::Delivery::Online,
            venue: None,
            join_url: None,
            opens_at: now(),
            closes_at: now(),
            change_no: 1,
            cancel_reason: None,
            cancelled_at: None,
            sessions: vec![session],
            before_change: calendar::Before::default(),
        }
    }

    /// A booking in this state, read by its owner, who has proven nothing yet.
    pub(crate) fn of_booking(state: State) -> OfBooking {
        let record = BookingRecord {
            id: BookingId(Uuid::nil()),
            reference: "4827 KX".to_owned(),
            run: RunId(Uuid::nil()),
            person: PersonId(Uuid::nil()),
            state,
            joined_seq: None,
            priority: false,
            paused: false,
            clock_from: None,
            window_minutes: None,
            hopes: None,
            call_wanted: false,
            booked_by: None,
            booked_by_contact: None,
            copy_permission: false,
            created_at: now(),
        };
        let person = Person {
            id: PersonId(Uuid::nil()),
            full_name: "Sam Taylor".to_owned(),
            called_name: None,
            certificate_name: None,
            pronouns: None,
            email: Some("sam@example.com".to_owned()),
            email_proven_at: None,
            email_bad: false,
            new_email: None,
            phone: None,
            post_address: None,
            prefers: "email".to_owned(),
            info_format: "standard".to_owned(),
            merged_into: None,
            created_at: now(),
        };
        OfBooking {
            reader: Reader::Owner { proven: false },
            since: Some(2),
            token: None,
            offer: None,
            new_address: None,
            booked_there: false,
            has_answered: false,
            ended: "",
            band: None,
            old: None,
            needs_noted: false,
            completed: true,
            catch_up: None,
            next: Vec::new(),
            calendars: Vec::new(),
            meeting: run().sessions.pop(),
            marked: None,
            record,
            person,
            run: run(),
        }
    }

    pub(crate) fn about(it: OfBooking) -> Facts {
        facts(Subject::Booking(Box::new(it)))
    }

    /// Every kind of mail about a booking against every state it can be in when the mail leaves.
    #[test]
    fn what_is_still_true() {
        let until = now() + Duration::HOUR;
        let cancelled = |by| State::Cancelled { by };
        let states = [
            ("held", State::Unconfirmed { until }),
            ("booked", State::Booked),
            ("waiting", State::Waiting),
            ("offered", State::Offered { until }),
            ("by person", cancelled(By::Person)),
            ("by team", cancelled(By::Team)),
            ("run off", cancelled(By::RunCancelled)),
            ("lapsed", State::Lapsed),
            (
                "moved",
                State::Moved {
                    to: BookingId(Uuid::nil()),
                },
            ),
            ("closed", State::Closed),
        ];
        let others = [
            Kind::NewDates,
            Kind::YourLinks,
            Kind::ConfirmNewDates,
            Kind::ConfirmAddress,
            Kind::ResumeDraft,
            Kind::LogInCode,
            Kind::Invited,
            Kind::NewLogIn,
            Kind::SecondStepReset,
            Kind::Trial,
            Kind::AccessChanged,
            Kind::Facilitation,
            Kind::RegisterSoon,
            Kind::RegisterLate,
            Kind::TodaysList,
            Kind::PhoneToday,
            Kind::CalledOff,
        ];
        let of_booking = |kind, state| OfBooking {
            marked: (kind == Kind::Missed).then(|| "absent".to_owned()),
            ..of_booking(state)
        };
        let mut table = String::new();
        for kind in Kind::ALL.into_iter().filter(|it| !others.contains(it)) {
            let true_in: Vec<&str> = states
                .into_iter()
                .filter(|(_, state)| still_true(kind, &about(of_booking(kind, *state))).is_ok())
                .map(|(name, _)| name)
                .collect();
            writeln!(table, "{:<24} {}", kind.name(), true_in.join(", ")).unwrap();
            for (_, state) in states {
                let elsewhere = OfBooking {
                    since: Some(4),
                    ..of_booking(kind, state)
                };
                let always = kind == Kind::BookingDetailsChanged;
                assert_eq!(
                    still_true(kind, &about(elsewhere)).is_ok(),
                    always,
                    "{kind:?} about an earlier time"
                );
            }
            for subject in [Subject::Gone, Subject::Links(Vec::new())] {
                assert_eq!(still_true(kind, &facts(subject)), Err("the booking is gone"));
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn who_reads_it_decides_too() {
        let read_by = |reader, kind| {
            still_true(
                kind,
                &about(OfBooking {
                    reader,
                    ..of_booking(State::Booked)
                }),
            )
        };
        assert_eq!(read_by(Reader::Copy, Kind::Booked), Ok(()));
        assert_eq!(
            read_by(Reader::NoMore, Kind::Booked),
            Err("the person ended the permission for copies")
        );
        assert_eq!(
            read_by(Reader::Former(None), Kind::Booked),
            Err("the address was changed")
        );
        assert_eq!(read_by(Reader::Former(None), Kind::BookingDetailsChanged), Ok(()));
    }

    #[test]
    fn what_only_some_kinds_ask() {
        let lapsed = of_booking(State::Lapsed);
        let booked_there = about(OfBooking {
            booked_there: true,
            ..lapsed
        });
        assert_eq!(
            still_true(Kind::Lapsed, &booked_there),
            Err("the address is booked there")
        );
        let late = about(of_booking(State::Unconfirmed { until: now() }));
        assert_eq!(
            still_true(Kind::ConfirmReminder, &late),
            Err("it is too late for a reminder")
        );
        assert_eq!(
            still_true(Kind::ConfirmEmail, &late),
            Ok(()),
            "nothing ends before the person could know"
        );
        let answered = about(OfBooking {
            has_answered: true,
            ..of_booking(State::Booked)
        });
        assert_eq!(
            still_true(Kind::Feedback, &answered),
            Err("the feedback is given or over")
        );
        let mut paused = of_booking(State::Waiting);
        paused.record.paused = true;
        assert_eq!(still_true(Kind::StillInterested, &about(paused.clone())), Ok(()));
        assert!(still_true(Kind::OfferOver, &about(paused)).is_err());
        let mut changed = about(of_booking(State::Waiting));
        changed.parameters = Parameters {
            change: Some(1),
            ..Parameters::default()
        };
        assert_eq!(still_true(Kind::RunChanged, &changed), Ok(()));
        changed.parameters.change = Some(0);
        assert_eq!(
            still_true(Kind::RunChanged, &changed),
            Err("a newer change is told instead")
        );
    }

    /// B-101, B-103: what a reminder says is so when it leaves.
    #[test]
    fn a_reminder_is_sent_while_it_helps() {
        let facts = |change: &dyn Fn(&mut Facts)| {
            let mut it = about(of_booking(State::Booked));
            change(&mut it);
            [Kind::NextWeek, Kind::Tomorrow].map(|kind| still_true(kind, &it))
        };
        let booking = |change: &dyn Fn(&mut OfBooking)| {
            let mut it = of_booking(State::Booked);
            change(&mut it);
            still_true(Kind::Tomorrow, &about(it))
        };
        assert_eq!(facts(&|_| {}), [Ok(()), Ok(())]);
        let late = "it is too late for a reminder";
        let at = |moment| facts(&|it: &mut Facts| it.now = Ts::new(moment));
        assert_eq!(at(datetime!(2027-06-06 22:59 UTC)), [Ok(()), Ok(())]);
        assert_eq!(at(datetime!(2027-06-06 23:00 UTC)), [Err(late), Ok(())]);
        assert_eq!(at(datetime!(2027-06-07 23:00 UTC)), [Err(late), Err(late)]);
        let moved = facts(&|it| it.parameters.date = Some(date!(2027 - 06 - 09)));
        assert_eq!(moved, [Err("the dates changed"); 2]);
        assert_eq!(
            booking(&|it| it.meeting = None),
            Err("they have no place on that day any more")
        );
        let apologies = |it: &mut OfBooking| it.marked = Some("apologies".to_owned());
        assert_eq!(booking(&apologies), Err("they told us that they cannot come"));
    }

    #[test]
    fn a_new_address_is_asked_while_it_is_wanted() {
        let mut it = of_booking(State::Booked);
        for (new_email, wanted) in [
            (Some("new@example.com"), true),
            (Some("newer@example.com"), false),
            (None, false),
        ] {
            it.person.new_email = new_email.map(str::to_owned);
            it.reader = reader(
                Kind::ConfirmAddress,
                &it.record,
                &it.person,
                false,
                "new@example.com",
            );
            assert_eq!(
                still_true(Kind::ConfirmAddress, &about(it.clone())).is_ok(),
                wanted
            );
        }
        it.reader = Reader::Newcomer;
        assert!(
            !it.is_trusted() && !it.has_links(),
            "the booking is not theirs yet"
        );
    }

    #[test]
    fn the_new_dates_list_is_told_as_long_as_it_wants() {
        let entry = interest_registration::Model {
            id: Uuid::nil(),
            course: CourseId(Uuid::nil()),
            email: Some("sam@example.com".to_owned()),
            phone: None,
            proven_at: None,
            since: now(),
            ended_at: None,
        };
        let with = |kind, change: &dyn Fn(&mut interest_registration::Model), dates: Vec<RunDates>| {
            let mut entry = entry.clone();
            change(&mut entry);
            still_true(
                kind,
                &facts(Subject::Interest(Box::new(OfInterest {
                    entry,
                    token: None,
                    dates,
                }))),
            )
        };
        let proven = |it: &mut interest_registration::Model| it.proven_at = Some(now());
        assert_eq!(with(Kind::ConfirmNewDates, &|_| {}, Vec::new()), Ok(()));
        assert_eq!(
            with(Kind::ConfirmNewDates, &proven, Vec::new()),
            Err("the address is confirmed")
        );
        assert_eq!(
            with(Kind::NewDates, &|_| {}, vec![run()]),
            Err("the address is not confirmed")
        );
        assert_eq!(with(Kind::NewDates, &proven, vec![run()]), Ok(()));
        assert_eq!(
            with(Kind::NewDates, &proven, Vec::new()),
            Err("there are no dates to book")
        );
        let stopped = |it: &mut interest_registration::Model| it.ended_at = Some(now());
        assert_eq!(
            with(Kind::NewDates, &stopped, vec![run()]),
            Err("the person stopped it")
        );
        let old = |it: &mut interest_registration::Model| {
            (it.proven_at, it.since) = (Some(now()), now() - Duration::days(365));
        };
        assert_eq!(
            with(Kind::NewDates, &old, vec![run()]),
            Err("the person asked too long ago")
        );
        // Months are those of the calendar, as on the page behind the link: a leap year is a year.
        let leap = |moment, before: Duration| {
            let mut facts = facts(Subject::Interest(Box::new(OfInterest {
                entry: interest_registration::Model {
                    proven_at: Some(now()),
                    since: Ts::new(datetime!(2027-05-11 13:00 UTC)),
                    ..entry.clone()
                },
                token: None,
                dates: vec![run()],
            })));
            facts.now = Ts::new(moment) - before;
            still_true(Kind::NewDates, &facts)
        };
        let a_year_later = datetime!(2028-05-11 13:00 UTC);
        assert_eq!(leap(a_year_later, Duration::SECOND), Ok(()));
        assert!(leap(a_year_later, Duration::ZERO).is_err());
    }

    #[test]
    fn parameters_that_make_no_sense_count_as_not_said() {
        let all = Parameters {
            event: Some(3),
            copy: true,
            ..Parameters::default()
        };
        assert_eq!(Parameters::of(&all.clone().into_value()), all);
        assert_eq!(Parameters::default().into_value(), serde_json::json!({}));
        // A mail written before the place was kept.
        let old = serde_json::json!({ "change": 2, "before": run().sessions });
        let read = Parameters::of(&old);
        assert_eq!((read.change, read.before.sessions), (Some(2), run().sessions));
        for value in [
            Value::Null,
            serde_json::json!({ "event": "x" }),
            serde_json::json!([]),
        ] {
            assert_eq!(Parameters::of(&value), Parameters::default());
        }
    }
}

//! Rows and values: the only reader and the only writer of what is stored about bookings.

use ids::{BookingId, CourseId, PersonId, RunId, Ts};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ConnectionTrait, DerivePartialModel, EntityTrait};
use time::Duration;
use uuid::Uuid;

use crate::entity;
use crate::error::{Corrupt, Error};
use crate::snapshot::{Actor, Booking, Channel, Place, Run, RunState, Session, Transition};
use crate::state::{By, Refusal, State};

/// The states that are live, as stored.
pub(crate) const LIVE: [&str; 4] = ["unconfirmed", "booked", "waiting", "offered"];

/// What a booking stores beside its state (B-10): the answers that no rule about places reads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
pub struct Details {
    /// What people say on the phone; unique.
    pub reference: String,
    pub source: Source,
    pub agreement_version: String,
    pub privacy_version: String,
    pub over_18: bool,
    pub hopes: Option<String>,
    pub call_wanted: bool,
    pub booked_by: Option<String>,
    pub booked_by_contact: Option<String>,
    pub copy_permission: bool,
}

/// How a booking came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Source {
    Web,
    Phone,
    Email,
    Other,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Other => "other",
        }
    }
}

pub(crate) fn run(row: entity::run::Model, one_live: bool) -> Result<Run, Corrupt> {
    let state = match row.state.as_str() {
        "draft" => RunState::Draft,
        "published" => RunState::Published,
        "cancelled" => RunState::Cancelled,
        other => {
            return Err(Corrupt {
                table: "run",
                id: row.id.to_string(),
                why: format!("unknown state {other:?}"),
            });
        }
    };
    Ok(Run {
        id: row.id,
        course: row.course,
        one_live,
        state,
        capacity: row.capacity,
        opens_at: row.opens_at,
        closes_at: row.closes_at,
        waiting_list: row.waiting_list,
        offers_paused: row.offers_paused,
        rev: row.rev,
        round: row.round,
        next_seq: row.next_seq,
        change_no: row.change_no,
        capacity_lowered_rev: row.capacity_lowered_rev,
        cancel_reason: row.cancel_reason,
    })
}

pub(crate) fn session(row: &entity::session::Model) -> Session {
    Session {
        id: row.id,
        idx: row.idx,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
    }
}

pub(crate) fn place(row: &entity::place::Model) -> Place {
    Place {
        session: row.session,
        seat_no: row.seat_no,
        booking: row.booking,
        since_rev: row.since_rev,
    }
}

/// The columns that say where a booking is; the rules read no others.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "entity::booking::Entity")]
pub(crate) struct Stored {
    pub(crate) id: BookingId,
    pub(crate) run: RunId,
    pub(crate) person: PersonId,
    pub(crate) state: String,
    pub(crate) until: Option<Ts>,
    pub(crate) cancelled_by: Option<String>,
    pub(crate) moved_to: Option<BookingId>,
    pub(crate) one_live_course: Option<CourseId>,
    pub(crate) joined_seq: Option<i64>,
    pub(crate) priority: bool,
    pub(crate) asked_round: i32,
    pub(crate) paused: bool,
    pub(crate) window_minutes: Option<i32>,
    pub(crate) clock_from: Option<Ts>,
}

impl Stored {
    /// The state that the row says, or why it makes no sense.
    pub(crate) fn state(&self) -> Result<State, Corrupt> {
        state(
            self.id,
            &self.state,
            self.until,
            self.cancelled_by.as_deref(),
            self.moved_to,
        )
    }
}

/// The state in a row's words, or why they make no sense.
pub(crate) fn state(
    id: BookingId,
    name: &str,
    until: Option<Ts>,
    cancelled_by: Option<&str>,
    moved_to: Option<BookingId>,
) -> Result<State, Corrupt> {
    let corrupt = |why: &str| Corrupt {
        table: "booking",
        id: id.to_string(),
        why: why.to_owned(),
    };
    let until = || until.ok_or_else(|| corrupt("has no deadline"));
    Ok(match name {
        "unconfirmed" => State::Unconfirmed { until: until()? },
        "booked" => State::Booked,
        "waiting" => State::Waiting,
        "offered" => State::Offered { until: until()? },
        "cancelled" => State::Cancelled {
            by: match cancelled_by {
                Some("person") => By::Person,
                Some("team") => By::Team,
                Some("run_cancelled") => By::RunCancelled,
                _ => return Err(corrupt("is cancelled by nobody we know")),
            },
        },
        "moved" => State::Moved {
            to: moved_to.ok_or_else(|| corrupt("moved nowhere"))?,
        },
        "lapsed" => State::Lapsed,
        "closed" => State::Closed,
        _ => return Err(corrupt("is in a state we do not know")),
    })
}

/// What the rules need to know of one line of a booking's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Past {
    pub(crate) n: i32,
    pub(crate) event: String,
    pub(crate) from: Option<String>,
}

/// A booking from its row and its history, first to last.
pub(crate) fn booking(row: &Stored, history: &[Past]) -> Result<Booking, Corrupt> {
    Ok(Booking {
        id: row.id,
        person: row.person,
        state: row.state()?,
        joined_seq: row.joined_seq,
        priority: row.priority,
        asked_round: row.asked_round,
        paused: row.paused,
        window: row.window_minutes.map(|it| Duration::minutes(it.into())),
        clock_from: row.clock_from,
        expiries: expiries(history),
        events: history.last().map_or(0, |it| it.n),
    })
}

/// Offers that ended in silence since the person last answered anything.
fn expiries(history: &[Past]) -> u32 {
    let answers = [
        "book", "join", "confirm", "accept", "decline", "keep", "coming", "call_me", "resume",
    ];
    let since = history
        .iter()
        .rev()
        .take_while(|it| !answers.contains(&it.event.as_str()));
    let silent = since.filter(|it| it.event == "expire" && it.from.as_deref() == Some("offered"));
    u32::try_from(silent.count()).unwrap_or(u32::MAX)
}

/// The columns that say where a booking is; its answers stay as they are. `over` is said of the run.
pub(crate) fn row(run: &Run, it: &Booking, over: bool) -> entity::booking::ActiveModel {
    let (cancelled_by, moved_to) = match it.state {
        State::Cancelled { by } => (Some(by.name().to_owned()), None),
        State::Moved { to } => (None, Some(to)),
        State::Unconfirmed { .. }
        | State::Booked
        | State::Waiting
        | State::Offered { .. }
        | State::Lapsed
        | State::Closed => (None, None),
    };
    let window = it
        .state
        .deadline()
        .and(it.window)
        .unwrap_or(Duration::ZERO)
        .whole_minutes();
    let course: Option<CourseId> = (run.one_live && it.state.is_live() && !over).then_some(run.course);
    entity::booking::ActiveModel {
        id: Set(it.id),
        run: Set(run.id),
        person: Set(it.person),
        state: Set(it.state.name().to_owned()),
        until: Set(it.state.deadline()),
        cancelled_by: Set(cancelled_by),
        moved_to: Set(moved_to),
        one_live_course: Set(course),
        joined_seq: Set(it.joined_seq),
        priority: Set(it.priority),
        asked_round: Set(it.asked_round),
        paused: Set(it.paused),
        window_minutes: Set(it
            .state
            .deadline()
            .map(|_| i32::try_from(window).unwrap_or(i32::MAX))),
        clock_from: Set(it.state.deadline().and(it.clock_from)),
        reference: NotSet,
        source: NotSet,
        agreement_version: NotSet,
        privacy_version: NotSet,
        over_18: NotSet,
        hopes: NotSet,
        call_wanted: NotSet,
        booked_by: NotSet,
        booked_by_contact: NotSet,
        copy_permission: NotSet,
        evaluation_answered: NotSet,
        confidence_answered: NotSet,
        created_at: NotSet,
    }
}

/// Adds the answers to a row. A new booking gets its reference too; one that is taken up again keeps
/// the one it had, and what was agreed to then gives way to what was agreed to now.
pub(crate) fn add_details(row: &mut entity::booking::ActiveModel, details: &Details, new_at: Option<Ts>) {
    if let Some(now) = new_at {
        row.reference = Set(details.reference.clone());
        row.evaluation_answered = Set(false);
        row.confidence_answered = Set(false);
        row.created_at = Set(now);
    }
    row.source = Set(details.source.name().to_owned());
    row.agreement_version = Set(details.agreement_version.clone());
    row.privacy_version = Set(details.privacy_version.clone());
    row.over_18 = Set(details.over_18);
    row.hopes = Set(details.hopes.clone());
    row.call_wanted = Set(details.call_wanted);
    row.booked_by = Set(details.booked_by.clone());
    row.booked_by_contact = Set(details.booked_by_contact.clone());
    row.copy_permission = Set(details.copy_permission);
}

/// The answers of a booking, to go with it when it moves.
pub(crate) async fn details_of(db: &impl ConnectionTrait, id: BookingId) -> Result<Details, Error> {
    let row = entity::booking::Entity::find_by_id(id)
        .one(db)
        .await?
        .ok_or(Refusal::NotFound)?;
    let source = match row.source.as_str() {
        "web" => Source::Web,
        "phone" => Source::Phone,
        "email" => Source::Email,
        _ => Source::Other,
    };
    Ok(Details {
        reference: row.reference,
        source,
        agreement_version: row.agreement_version,
        privacy_version: row.privacy_version,
        over_18: row.over_18,
        hopes: row.hopes,
        call_wanted: row.call_wanted,
        booked_by: row.booked_by,
        booked_by_contact: row.booked_by_contact,
        copy_permission: row.copy_permission,
    })
}

pub(crate) fn event_row(
    id: Uuid,
    it: &Transition,
    run_rev: i64,
    now: Ts,
) -> entity::booking_event::ActiveModel {
    let (actor, actor_person) = match it.cause.actor {
        Actor::Person => ("person", None),
        Actor::Team(who) => ("team", who),
        Actor::System => ("system", None),
    };
    let channel = match it.cause.channel {
        Channel::Web => "web",
        Channel::Phone => "phone",
        Channel::Email => "email",
        Channel::System => "system",
    };
    entity::booking_event::ActiveModel {
        id: Set(id),
        booking: Set(it.booking),
        n: Set(it.n),
        at: Set(now),
        event: Set(it.event.name().to_owned()),
        from_state: Set(it.from.map(|state| state.name().to_owned())),
        to_state: Set(it.to.name().to_owned()),
        actor: Set(actor.to_owned()),
        actor_person: Set(actor_person),
        channel: Set(channel.to_owned()),
        reason: Set(it.cause.reason.clone()),
        round: Set(it.round),
        run_rev: Set(run_rev),
    }
}

pub(crate) fn place_row(id: Uuid, it: &Place) -> entity::place::ActiveModel {
    entity::place::ActiveModel {
        id: Set(id),
        session: Set(it.session),
        seat_no: Set(it.seat_no),
        booking: Set(it.booking),
        since_rev: Set(it.since_rev),
    }
}

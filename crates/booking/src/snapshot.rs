//! A run as the rules see it: values only, no database, no clock.

use std::sync::Arc;

use ids::{BookingId, CourseId, PersonId, RunId, SessionId, Ts};
use time::Duration;

use crate::deadlines::{WorkingDays, by_day};
use crate::settings::Settings;
use crate::state::{Event, Refusal, State, Step, transition};

/// One run with everything that decides about its places.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The run itself.
    pub run: Run,
    /// Its sessions, first to last.
    pub sessions: Vec<Session>,
    /// Every place held in one of its sessions, catch-ups of other runs included.
    pub places: Vec<Place>,
    /// Its live bookings, and the one that is asked about, whatever its state.
    pub bookings: Vec<Booking>,
    /// Live bookings in other runs of the course of the person who asks, if the course allows one (INV-9).
    pub elsewhere: Vec<(PersonId, BookingId)>,
    /// The numbers of the rules.
    pub settings: Arc<Settings>,
    /// The calendar of the rules.
    pub days: Arc<WorkingDays>,
}

/// What the rules need to know of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
pub struct Run {
    pub id: RunId,
    pub course: CourseId,
    pub one_live: bool,
    pub state: RunState,
    pub capacity: i32,
    pub opens_at: Ts,
    pub closes_at: Ts,
    pub waiting_list: bool,
    pub offers_paused: bool,
    /// Rises by one with every commit that changes anything of the run.
    pub rev: i64,
    /// Rises when a place comes free that was not held by an offer.
    pub round: i32,
    pub next_seq: i64,
    pub change_no: i32,
    pub capacity_lowered_rev: Option<i64>,
    pub cancel_reason: Option<String>,
}

/// Where a run is in its life; whether it is over follows from the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words are those of the rules")]
pub enum RunState {
    Draft,
    Published,
    Cancelled,
}

/// A dated meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
pub struct Session {
    pub id: SessionId,
    pub idx: i32,
    pub starts_at: Ts,
    pub ends_at: Ts,
}

/// A seat taken in one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where.
    pub session: SessionId,
    /// From 1; unique in the session.
    pub seat_no: i32,
    /// By whom.
    pub booking: BookingId,
    /// The run's revision that took it.
    pub since_rev: i64,
}

/// What the rules need to know of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booking {
    /// Its name.
    pub id: BookingId,
    /// Whose it is.
    pub person: PersonId,
    /// Where it is in its life.
    pub state: State,
    /// Its number in the queue, from when it first joined.
    pub joined_seq: Option<i64>,
    /// Goes before entries without priority (B-53).
    pub priority: bool,
    /// The last round in which it was asked.
    pub asked_round: i32,
    /// Gets no offers until somebody says go on.
    pub paused: bool,
    /// How long the hold or offer lasts, fixed when it was made.
    pub window: Option<Duration>,
    /// Since when the person could know of the hold or offer; before, nothing expires.
    pub clock_from: Option<Ts>,
    /// Offers that ended without an answer since the person last answered.
    pub expiries: u32,
    /// The number of its last event.
    pub events: i32,
}

impl Booking {
    /// Whether the entry can be offered a place in this round.
    pub fn is_eligible(&self, run: &Run) -> bool {
        self.state == State::Waiting && !self.paused && self.asked_round < run.round
    }
}

/// Who caused an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The person whose booking it is.
    Person,
    /// Somebody of the team; nobody by name when it was done on the command line.
    Team(Option<PersonId>),
    /// Nobody: time passed, or it follows from something else.
    System,
}

/// By which way an event came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Channel {
    Web,
    Phone,
    Email,
    System,
}

/// Who caused an event, by which way, and why if a reason was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Who.
    pub actor: Actor,
    /// By which way.
    pub channel: Channel,
    /// Why, in the words given.
    pub reason: Option<String>,
}

impl Cause {
    /// The person themselves, on a page.
    pub fn person() -> Self {
        Self {
            actor: Actor::Person,
            channel: Channel::Web,
            reason: None,
        }
    }

    /// What follows by itself.
    pub fn system() -> Self {
        Self {
            actor: Actor::System,
            channel: Channel::System,
            reason: None,
        }
    }

    pub(crate) fn is_person(&self) -> bool {
        self.actor == Actor::Person
    }

    /// Whether a reason was given; an empty one is none.
    pub(crate) fn has_reason(&self) -> bool {
        self.reason.as_ref().is_some_and(|it| !it.trim().is_empty())
    }
}

/// One step of one booking, as its history keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Which booking.
    pub booking: BookingId,
    /// Whose.
    pub person: PersonId,
    /// The number of the event in the booking's history.
    pub n: i32,
    /// What happened.
    pub event: Event,
    /// The state before; none for a first booking.
    pub from: Option<State>,
    /// The state after.
    pub to: State,
    /// Who caused it.
    pub cause: Cause,
    /// The run's round at that moment.
    pub round: i32,
    /// The booking that this one replaces, when it came from a move (M16 instead of M03).
    pub replaces: Option<BookingId>,
    /// When mail about it should leave (B-102).
    pub mail_due: Ts,
}

impl Snapshot {
    /// The start of session 1; a run without sessions never begins.
    pub fn first_start(&self) -> Option<Ts> {
        self.sessions.iter().map(|it| it.starts_at).min()
    }

    /// The end of the last session.
    pub fn last_end(&self) -> Option<Ts> {
        self.sessions.iter().map(|it| it.ends_at).max()
    }

    /// Whether session 1 has begun.
    pub fn has_begun(&self, now: Ts) -> bool {
        self.first_start().is_some_and(|start| start <= now)
    }

    /// Whether the last session has ended. A booking there has done what it was for, so it stands in
    /// the way of no other one (B-26, INV-9).
    pub fn is_over(&self, now: Ts) -> bool {
        self.last_end().is_some_and(|end| end <= now)
    }

    /// Places left in one session.
    pub fn free(&self, session: SessionId) -> i64 {
        let taken = self.places.iter().filter(|it| it.session == session).count();
        let taken = i64::try_from(taken).unwrap_or(i64::MAX);
        (i64::from(self.run.capacity) - taken).max(0)
    }

    /// Places left for the whole run: the least of its sessions.
    pub fn free_places(&self) -> i64 {
        self.sessions.iter().map(|it| self.free(it.id)).min().unwrap_or(0)
    }

    /// Places that anybody may book: none while an entry of the queue could still be offered one.
    pub fn public_free(&self, now: Ts) -> i64 {
        let open = self.run.state == RunState::Published
            && self.run.opens_at <= now
            && now < self.run.closes_at
            && !self.has_begun(now)
            && !self.bookings.iter().any(|it| it.is_eligible(&self.run));
        if open { self.free_places() } else { 0 }
    }

    /// A booking of this run.
    pub fn booking(&self, id: BookingId) -> Option<&Booking> {
        self.bookings.iter().find(|it| it.id == id)
    }

    pub(crate) fn booking_mut(&mut self, id: BookingId) -> Option<&mut Booking> {
        self.bookings.iter_mut().find(|it| it.id == id)
    }

    /// Lets `event` happen to a booking: its state, its places, the round, its place in history.
    /// `None` if it is so already.
    pub(crate) fn happen(
        &mut self,
        id: BookingId,
        event: Event,
        now: Ts,
        cause: Cause,
    ) -> Result<Option<Transition>, Refusal> {
        let booking = *self.booking(id).ok_or(Refusal::NotFound)?;
        let known = (booking.events > 0).then_some(booking.state);
        let Step::To(to) = transition(known, event)? else {
            return Ok(None);
        };
        let held = known.is_some_and(State::holds_a_place);
        if held && !to.holds_a_place() {
            self.release(id);
            if !matches!(booking.state, State::Offered { .. }) {
                self.run.round += 1;
            }
        }
        if !held && to.holds_a_place() {
            self.take(id);
        }
        let seq = self.run.next_seq;
        let round = self.run.round;
        let mail_due = if matches!(event, Event::Offer { .. }) {
            by_day(&self.settings, now)
        } else {
            now
        };
        let joins = event == Event::Join;
        self.run.next_seq += i64::from(joins);
        let Some(it) = self.booking_mut(id) else {
            return Err(Refusal::NotFound);
        };
        it.state = to;
        it.events += 1;
        if to.deadline().is_none() {
            it.window = None;
            it.clock_from = None;
        }
        match event {
            Event::Join => {
                it.joined_seq = Some(seq);
                it.paused = false;
                it.expiries = 0;
            }
            Event::Offer { .. } | Event::NoteAsked => it.asked_round = round,
            Event::Decline => {
                it.asked_round = round;
                it.expiries = 0;
            }
            Event::Expire => {
                it.asked_round = round;
                it.expiries += u32::from(to == State::Waiting);
            }
            Event::Pause => it.paused = true,
            Event::Resume => {
                it.paused = false;
                it.expiries = 0;
            }
            Event::Book { .. } | Event::Confirm | Event::Accept | Event::Say(_) => it.expiries = 0,
            Event::Cancel { .. }
            | Event::Move { .. }
            | Event::RunCancelled
            | Event::RunBegan
            | Event::Reorder => {}
        }
        Ok(Some(Transition {
            booking: id,
            person: it.person,
            n: it.events,
            event,
            from: known,
            to,
            cause,
            round,
            replaces: None,
            mail_due,
        }))
    }

    /// Gives a booking the lowest free seat of every session.
    fn take(&mut self, booking: BookingId) {
        for session in self.sessions.iter().map(|it| it.id).collect::<Vec<_>>() {
            self.take_in(session, booking);
        }
    }

    /// Gives a booking, of this run or of another, the lowest free seat of one session.
    pub(crate) fn take_in(&mut self, session: SessionId, booking: BookingId) {
        let taken = |seat| {
            self.places
                .iter()
                .any(|it| it.session == session && it.seat_no == seat)
        };
        let seat_no = (1..=i32::MAX).find(|seat| !taken(*seat)).unwrap_or(i32::MAX);
        self.places.push(Place {
            session,
            seat_no,
            booking,
            since_rev: self.run.rev,
        });
    }

    /// Takes back the seat of a catch-up; the place goes on to the queue.
    pub(crate) fn leave(&mut self, session: SessionId, booking: BookingId) {
        let theirs = |it: &Place| it.session == session && it.booking == booking;
        if self.places.iter().any(theirs) {
            self.places.retain(|it| !theirs(it));
            self.run.round += 1;
        }
    }

    /// Takes a booking's seats back.
    fn release(&mut self, booking: BookingId) {
        self.places.retain(|it| it.booking != booking);
    }
}

//! What people and staff can ask for, and the guards of section 2.

use ids::{BookingId, PersonId, Ts};
use time::Duration;

use crate::deadlines::{confirm_window, offer_ends};
use crate::queue::{next_in_queue, order};
use crate::snapshot::{Booking, Cause, RunState, Snapshot, Transition};
use crate::state::{By, Event, Note, Refusal, State, Step, transition};

/// The complete list of what can happen to the places of one run because somebody or something asked.
/// A move concerns two runs and is [`move_between`].
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Book a place.
    Book(Ask),
    /// Join the waiting list.
    Join(Ask),
    /// "Yes, I made this booking"; `replacing` names the older booking that gives way (B-26).
    Confirm(BookingId, Replacing),
    /// Yes to an offer.
    Accept(BookingId, Replacing),
    /// No to an offer, and stay on the list.
    Decline(BookingId),
    /// End a booking.
    Cancel(BookingId),
    /// Give way to a newer booking of the same person (B-26).
    GiveWay {
        /// The older one.
        booking: BookingId,
        /// The newer one.
        to: BookingId,
    },
    /// Say something that changes no place.
    Say(BookingId, Note),
    /// Stop offers to one entry.
    Pause(BookingId),
    /// Start them again.
    Resume(BookingId),
    /// The entry was asked by phone (B-42).
    NoteAsked(BookingId),
    /// Put an entry directly in front of another (B-40).
    Reorder {
        /// The entry.
        booking: BookingId,
        /// The one it should stand in front of.
        ahead_of: BookingId,
    },
    /// The relay took, or finally refused, the mail about a hold or offer, or the first call was tried.
    StartClock(BookingId),
    /// Everybody left on the list counts as asked: the place goes public (B-42).
    Release,
    /// More or fewer places.
    SetCapacity(i32),
    /// Stop or start offers of the whole run.
    PauseOffers(bool),
    /// Call the run off, with a reason that everybody may read (B-52).
    CancelRun(String),
    /// Dates, times, venue or delivery changed (B-50); the sessions themselves are written by
    /// [`crate::calendar`].
    RunChanged,
    /// Nothing: let time pass.
    Tick,
}

/// The older booking that a confirmed one replaces, if there is one.
pub type Replacing = Option<BookingId>;

/// Who asks for a place or a place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The booking: a record that exists, or the name for a new one.
    pub booking: BookingId,
    /// Whose it is.
    pub person: PersonId,
    /// Whether the person's address is proven; without that, a web booking is held until confirmed.
    pub proven: bool,
    /// Whether the person goes before others on the list (B-53).
    pub priority: bool,
}

impl Ask {
    /// A person has one record on a run (INV-9): the one there is counts, even if somebody brought a
    /// new name because it was not there a moment ago.
    fn on(self, snapshot: &Snapshot) -> Self {
        if known(snapshot, self.booking).is_some() {
            return self;
        }
        let own = snapshot.bookings.iter().find(|it| it.person == self.person && it.events > 0);
        Self { booking: own.map_or(self.booking, |it| it.id), ..self }
    }
}

impl Change {
    /// Applies what was asked, or says why not; the caller settles afterwards.
    pub fn apply(self, snapshot: &mut Snapshot, now: Ts, cause: &Cause) -> Result<Vec<Transition>, Refusal> {
        match self {
            Self::Book(ask) => book(snapshot, ask, now, cause, None),
            Self::Join(ask) => join(snapshot, ask, now, cause, None),
            Self::Confirm(id, replacing) => confirm(snapshot, id, replacing, now, cause),
            Self::Accept(id, replacing) => accept(snapshot, id, replacing, now, cause),
            Self::Decline(id) => answer(snapshot, id, Event::Decline, now, cause, Guard::None),
            Self::Cancel(id) => {
                let by = if cause.is_person() { By::Person } else { By::Team };
                answer(snapshot, id, Event::Cancel { by }, now, cause, Guard::Open)
            }
            Self::GiveWay { booking, to } => {
                answer(snapshot, booking, Event::Move { to }, now, cause, Guard::None)
            }
            Self::Say(id, note) => answer(snapshot, id, Event::Say(note), now, cause, Guard::None),
            Self::Pause(id) => answer(snapshot, id, Event::Pause, now, cause, Guard::None),
            Self::Resume(id) => answer(snapshot, id, Event::Resume, now, cause, Guard::None),
            Self::NoteAsked(id) => answer(snapshot, id, Event::NoteAsked, now, cause, Guard::None),
            Self::Reorder { booking, ahead_of } => reorder(snapshot, booking, ahead_of, now, cause),
            Self::StartClock(id) => {
                start_clock(snapshot, id, now);
                Ok(Vec::new())
            }
            Self::Release => release(snapshot, now, cause),
            Self::SetCapacity(capacity) => {
                set_capacity(snapshot, capacity);
                Ok(Vec::new())
            }
            Self::PauseOffers(paused) => {
                snapshot.run.offers_paused = paused;
                Ok(Vec::new())
            }
            Self::CancelRun(reason) => cancel_run(snapshot, reason, now),
            Self::RunChanged => {
                snapshot.run.change_no += 1;
                Ok(Vec::new())
            }
            Self::Tick => Ok(Vec::new()),
        }
    }
}

/// Moves a booking to another run (guard 4): the place there is taken and the one here given back
/// together, or nothing changes. From the queue, the queue is as good as a place.
///
/// `from` and `to` are different runs of one course, locked together.
pub fn move_between(
    from: &mut Snapshot,
    to: &mut Snapshot,
    booking: BookingId,
    ask: Ask,
    now: Ts,
    cause: &Cause,
) -> Result<(Vec<Transition>, Vec<Transition>), Refusal> {
    let old = *known(from, booking).ok_or(Refusal::NotFound)?;
    let ask = ask.on(to);
    transition(Some(old.state), Event::Move { to: ask.booking })?;
    published(from)?;
    let over = if cause.is_person() { Some(from.run.closes_at) } else { from.last_end() };
    if over.is_some_and(|over| now >= over) {
        return Err(if from.has_begun(now) { Refusal::RunStarted } else { Refusal::BookingClosed });
    }
    let queued = !matches!(old.state, State::Booked | State::Unconfirmed { .. });
    let mut target = to.clone();
    let mut arrived = book(&mut target, ask, now, cause, Some(booking));
    if queued && arrived.is_err() {
        target = to.clone();
        arrived = join(&mut target, ask, now, cause, Some(booking));
    }
    let arrived = arrived?;
    let left = from.happen(booking, Event::Move { to: ask.booking }, now, cause.clone())?;
    *to = target;
    Ok((left.into_iter().collect(), arrived))
}

fn book(
    snapshot: &mut Snapshot,
    ask: Ask,
    now: Ts,
    cause: &Cause,
    replacing: Replacing,
) -> Result<Vec<Transition>, Refusal> {
    let ask = ask.on(snapshot);
    let state = known(snapshot, ask.booking).map(|it| it.state);
    let held = cause.is_person() && !ask.proven;
    let window = snapshot.first_start().map(|start| confirm_window(&snapshot.settings, now, start));
    let hold_until = window.filter(|_| held).map(|window| now + window);
    transition(state, Event::Book { hold_until })?;
    if matches!(state, Some(State::Offered { .. })) {
        open(snapshot, now)?;
    } else {
        may_book(snapshot, Some(ask.booking), ask.person, now, cause, replacing)?;
    }
    let made = enter(snapshot, ask, Event::Book { hold_until }, now, cause, replacing)?;
    if let Some(it) = snapshot.booking_mut(ask.booking).filter(|it| it.state.deadline().is_some()) {
        it.window = window;
        it.clock_from = None;
    }
    Ok(made)
}

fn join(
    snapshot: &mut Snapshot,
    ask: Ask,
    now: Ts,
    cause: &Cause,
    replacing: Replacing,
) -> Result<Vec<Transition>, Refusal> {
    let ask = ask.on(snapshot);
    transition(known(snapshot, ask.booking).map(|it| it.state), Event::Join)?;
    open(snapshot, now)?;
    public_hours(snapshot, now, cause)?;
    if !snapshot.run.waiting_list {
        return Err(Refusal::ListOff);
    }
    if snapshot.public_free(now) > 0 {
        return Err(Refusal::PlacesFree);
    }
    only_one(snapshot, ask.person, replacing)?;
    let made = enter(snapshot, ask, Event::Join, now, cause, replacing)?;
    if let Some(it) = snapshot.booking_mut(ask.booking) {
        it.priority = ask.priority;
    }
    Ok(made)
}

fn confirm(
    snapshot: &mut Snapshot,
    id: BookingId,
    replacing: Replacing,
    now: Ts,
    cause: &Cause,
) -> Result<Vec<Transition>, Refusal> {
    let booking = *known(snapshot, id).ok_or(Refusal::NotFound)?;
    if transition(Some(booking.state), Event::Confirm)? == Step::Already {
        return Ok(Vec::new());
    }
    if booking.state == State::Lapsed {
        may_book(snapshot, Some(id), booking.person, now, cause, replacing)?;
    } else {
        open(snapshot, now)?;
    }
    answered(snapshot, id, Event::Confirm, replacing, now, cause)
}

fn accept(
    snapshot: &mut Snapshot,
    id: BookingId,
    replacing: Replacing,
    now: Ts,
    cause: &Cause,
) -> Result<Vec<Transition>, Refusal> {
    let booking = *known(snapshot, id).ok_or(Refusal::NotFound)?;
    if transition(Some(booking.state), Event::Accept)? == Step::Already {
        return Ok(Vec::new());
    }
    open(snapshot, now)?;
    if booking.state == State::Waiting {
        may_book(snapshot, Some(id), booking.person, now, cause, replacing).map_err(|it| match it {
            Refusal::OtherBooking => it,
            _ => Refusal::OfferOver,
        })?;
    }
    answered(snapshot, id, Event::Accept, replacing, now, cause)
}

fn answered(
    snapshot: &mut Snapshot,
    id: BookingId,
    event: Event,
    replacing: Replacing,
    now: Ts,
    cause: &Cause,
) -> Result<Vec<Transition>, Refusal> {
    let mut made = snapshot.happen(id, event, now, cause.clone())?;
    if let Some(it) = &mut made {
        it.replaces = replacing;
    }
    Ok(made.into_iter().collect())
}

enum Guard {
    /// The state machine decides alone.
    None,
    /// Guard 3.
    Open,
}

fn answer(
    snapshot: &mut Snapshot,
    id: BookingId,
    event: Event,
    now: Ts,
    cause: &Cause,
    guard: Guard,
) -> Result<Vec<Transition>, Refusal> {
    let booking = *known(snapshot, id).ok_or(Refusal::NotFound)?;
    if transition(Some(booking.state), event)? == Step::Already {
        return Ok(Vec::new());
    }
    if matches!(guard, Guard::Open) {
        open(snapshot, now)?;
    }
    Ok(snapshot.happen(id, event, now, cause.clone())?.into_iter().collect())
}

/// Adds a record for a new booking, or takes up the old one.
fn enter(
    snapshot: &mut Snapshot,
    ask: Ask,
    event: Event,
    now: Ts,
    cause: &Cause,
    replacing: Replacing,
) -> Result<Vec<Transition>, Refusal> {
    if known(snapshot, ask.booking).is_none() {
        snapshot.bookings.push(Booking {
            id: ask.booking,
            person: ask.person,
            state: State::Waiting,
            joined_seq: None,
            priority: ask.priority,
            asked_round: 0,
            paused: false,
            window: None,
            clock_from: None,
            expiries: 0,
            events: 0,
        });
    }
    answered(snapshot, ask.booking, event, replacing, now, cause)
}

fn reorder(
    snapshot: &mut Snapshot,
    booking: BookingId,
    ahead_of: BookingId,
    now: Ts,
    cause: &Cause,
) -> Result<Vec<Transition>, Refusal> {
    if !cause.has_reason() {
        return Err(Refusal::NeedsReason);
    }
    for id in [booking, ahead_of] {
        let entry = known(snapshot, id).ok_or(Refusal::NotFound)?;
        transition(Some(entry.state), Event::Reorder)?;
    }
    let (Some(&moved), Some(&target)) = (snapshot.booking(booking), snapshot.booking(ahead_of)) else {
        return Err(Refusal::NotFound);
    };
    if booking == ahead_of {
        return Ok(Vec::new());
    }
    // The entry goes over to the line of the other, those with priority or those without, and the
    // entries of that line deal their numbers out again. Nobody else's place or priority changes.
    let waiting = snapshot.bookings.iter().filter(|it| it.state == State::Waiting && it.id != booking);
    let mut line: Vec<Booking> = waiting.filter(|it| it.priority == target.priority).copied().collect();
    line.sort_by_key(order);
    let at = line.iter().position(|it| it.id == ahead_of).unwrap_or(line.len());
    line.insert(at, moved);
    let mut numbers: Vec<Option<i64>> = line.iter().map(|it| it.joined_seq).collect();
    numbers.sort_unstable();
    let mut made = Vec::new();
    for (entry, joined_seq) in line.into_iter().zip(numbers) {
        if (entry.priority, entry.joined_seq) == (target.priority, joined_seq) {
            continue;
        }
        made.extend(snapshot.happen(entry.id, Event::Reorder, now, cause.clone())?);
        if let Some(it) = snapshot.booking_mut(entry.id) {
            (it.priority, it.joined_seq) = (target.priority, joined_seq);
        }
    }
    Ok(made)
}

/// The person can know now: the window counts from here, and the end only ever moves later.
fn start_clock(snapshot: &mut Snapshot, id: BookingId, now: Ts) {
    let (settings, days, start) = (snapshot.settings.clone(), snapshot.days.clone(), snapshot.first_start());
    let Some(it) = snapshot.booking_mut(id).filter(|it| it.clock_from.is_none()) else { return };
    let window = it.window.unwrap_or(Duration::ZERO);
    it.state = match it.state {
        State::Unconfirmed { until } => State::Unconfirmed { until: until.max(now + window) },
        State::Offered { until } => {
            let ends = start.map_or(until, |start| offer_ends(&settings, &days, now, window, start));
            State::Offered { until: until.max(ends) }
        }
        State::Booked
        | State::Waiting
        | State::Cancelled { .. }
        | State::Moved { .. }
        | State::Lapsed
        | State::Closed => return,
    };
    it.clock_from = Some(now);
}

fn release(snapshot: &mut Snapshot, now: Ts, cause: &Cause) -> Result<Vec<Transition>, Refusal> {
    let mut made = Vec::new();
    while let Some(id) = next_in_queue(snapshot).map(|it| it.id) {
        made.extend(snapshot.happen(id, Event::NoteAsked, now, cause.clone())?);
    }
    Ok(made)
}

fn set_capacity(snapshot: &mut Snapshot, capacity: i32) {
    if capacity > snapshot.run.capacity {
        snapshot.run.round += 1;
    }
    if capacity < snapshot.run.capacity {
        snapshot.run.capacity_lowered_rev = Some(snapshot.run.rev);
    }
    snapshot.run.capacity = capacity;
}

fn cancel_run(snapshot: &mut Snapshot, reason: String, now: Ts) -> Result<Vec<Transition>, Refusal> {
    published(snapshot)?;
    if snapshot.last_end().is_some_and(|end| end <= now) {
        return Err(Refusal::RunStarted);
    }
    if reason.trim().is_empty() {
        return Err(Refusal::NeedsReason);
    }
    snapshot.run.state = RunState::Cancelled;
    snapshot.run.cancel_reason = Some(reason);
    Ok(Vec::new())
}

fn known(snapshot: &Snapshot, id: BookingId) -> Option<&Booking> {
    snapshot.booking(id).filter(|it| it.events > 0)
}

fn published(snapshot: &Snapshot) -> Result<(), Refusal> {
    match snapshot.run.state {
        RunState::Published => Ok(()),
        RunState::Draft => Err(Refusal::NotPublished),
        RunState::Cancelled => Err(Refusal::RunCancelled),
    }
}

/// Guard 3: published, and before session 1.
fn open(snapshot: &Snapshot, now: Ts) -> Result<(), Refusal> {
    published(snapshot)?;
    if snapshot.has_begun(now) { Err(Refusal::RunStarted) } else { Ok(()) }
}

/// The booking hours, which bind people and not staff.
fn public_hours(snapshot: &Snapshot, now: Ts, cause: &Cause) -> Result<(), Refusal> {
    if cause.is_person() && now < snapshot.run.opens_at {
        return Err(Refusal::NotOpen);
    }
    if cause.is_person() && now >= snapshot.run.closes_at {
        return Err(Refusal::BookingClosed);
    }
    Ok(())
}

/// One live booking a person, where the course wants it so.
fn only_one(snapshot: &Snapshot, person: PersonId, replacing: Replacing) -> Result<(), Refusal> {
    let other = snapshot.elsewhere.iter().any(|(who, which)| *who == person && Some(*which) != replacing);
    if other { Err(Refusal::OtherBooking) } else { Ok(()) }
}

/// Guard 1.
fn may_book(
    snapshot: &Snapshot,
    booking: Option<BookingId>,
    person: PersonId,
    now: Ts,
    cause: &Cause,
    replacing: Replacing,
) -> Result<(), Refusal> {
    open(snapshot, now)?;
    public_hours(snapshot, now, cause)?;
    if cause.is_person() {
        if snapshot.public_free(now) < 1 {
            return Err(Refusal::NoPlace);
        }
    } else {
        if snapshot.free_places() < 1 {
            return Err(Refusal::NoPlace);
        }
        // Only who stands in the queue can stand in front of somebody there.
        let own = booking.and_then(|id| known(snapshot, id)).filter(|it| it.state == State::Waiting).map(order);
        let ahead = next_in_queue(snapshot).is_some_and(|it| own.is_none_or(|own| order(it) < own));
        if ahead && !cause.has_reason() {
            return Err(Refusal::NeedsReason);
        }
    }
    only_one(snapshot, person, replacing)
}

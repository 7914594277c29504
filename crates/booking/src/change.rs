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
        let own = snapshot
            .bookings
            .iter()
            .find(|it| it.person == self.person && it.events > 0);
        Self {
            booking: own.map_or(self.booking, |it| it.id),
            ..self
        }
    }
}

impl Change {
    /// The word for what concerns the whole run and not one booking; every booking has its own history.
    pub fn on_run(&self) -> Option<&'static str> {
        match self {
            Self::Release => Some("release"),
            Self::SetCapacity(_) => Some("capacity"),
            Self::PauseOffers(true) => Some("offers_stopped"),
            Self::PauseOffers(false) => Some("offers_started"),
            Self::CancelRun(_) => Some("run_cancelled"),
            Self::RunChanged => Some("run_changed"),
            Self::Book(_)
            | Self::Join(_)
            | Self::Confirm(..)
            | Self::Accept(..)
            | Self::Decline(_)
            | Self::Cancel(_)
            | Self::GiveWay { .. }
            | Self::Say(..)
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::NoteAsked(_)
            | Self::Reorder { .. }
            | Self::StartClock(_)
            | Self::Tick => None,
        }
    }

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
                answer(snapshot, booking, Event::Move { to }, now, cause, Guard::MayLeave)
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
    may_leave(from, now, cause)?;
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
    let window = snapshot
        .first_start()
        .map(|start| confirm_window(&snapshot.settings, now, start));
    let hold_until = window.filter(|_| held).map(|window| now + window);
    transition(state, Event::Book { hold_until })?;
    if matches!(state, Some(State::Offered { .. })) {
        open(snapshot, now)?;
    } else {
        may_book(snapshot, Some(ask.booking), ask.person, now, cause, replacing)?;
    }
    let made = enter(snapshot, ask, Event::Book { hold_until }, now, cause, replacing)?;
    if let Some(it) = snapshot
        .booking_mut(ask.booking)
        .filter(|it| it.state.deadline().is_some())
    {
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
        let other = |it| {
            if it == Refusal::OtherBooking {
                it
            } else {
                Refusal::OfferOver
            }
        };
        may_book(snapshot, Some(id), booking.person, now, cause, replacing).map_err(other)?;
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

#[derive(Clone, Copy)]
enum Guard {
    /// The state machine decides alone.
    None,
    /// Guard 3.
    Open,
    /// Guard 4.
    MayLeave,
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
    match guard {
        Guard::None => {}
        Guard::Open => open(snapshot, now)?,
        Guard::MayLeave => may_leave(snapshot, now, cause)?,
    }
    Ok(snapshot
        .happen(id, event, now, cause.clone())?
        .into_iter()
        .collect())
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
    let waiting = snapshot
        .bookings
        .iter()
        .filter(|it| it.state == State::Waiting && it.id != booking);
    let mut line: Vec<Booking> = waiting
        .filter(|it| it.priority == target.priority)
        .copied()
        .collect();
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
    let (settings, days, start) = (
        snapshot.settings.clone(),
        snapshot.days.clone(),
        snapshot.first_start(),
    );
    let Some(it) = snapshot.booking_mut(id).filter(|it| it.clock_from.is_none()) else {
        return;
    };
    let window = it.window.unwrap_or(Duration::ZERO);
    it.state = match it.state {
        State::Unconfirmed { until } => State::Unconfirmed {
            until: until.max(now + window),
        },
        State::Offered { until } => {
            let ends = start.map_or(until, |start| offer_ends(&settings, &days, now, window, start));
            State::Offered {
                until: until.max(ends),
            }
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
    if snapshot.has_begun(now) {
        Err(Refusal::RunStarted)
    } else {
        Ok(())
    }
}

/// Guard 4: whether a booking may be left for another one.
fn may_leave(snapshot: &Snapshot, now: Ts, cause: &Cause) -> Result<(), Refusal> {
    published(snapshot)?;
    let until = if cause.is_person() {
        Some(snapshot.run.closes_at)
    } else {
        snapshot.last_end()
    };
    match until {
        Some(until) if now >= until && snapshot.has_begun(now) => Err(Refusal::RunStarted),
        Some(until) if now >= until => Err(Refusal::BookingClosed),
        Some(_) | None => Ok(()),
    }
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
    let other = snapshot
        .elsewhere
        .iter()
        .any(|(who, which)| *who == person && Some(*which) != replacing);
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
        let own = booking
            .and_then(|id| known(snapshot, id))
            .filter(|it| it.state == State::Waiting)
            .map(order);
        let ahead = next_in_queue(snapshot).is_some_and(|it| own.is_none_or(|own| order(it) < own));
        if ahead && !cause.has_reason() {
            return Err(Refusal::NeedsReason);
        }
    }
    only_one(snapshot, person, replacing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{RunR, id, team, team_because};
    use crate::snapshot::Place;
    use time::macros::date;

    fn person() -> Cause {
        Cause::person()
    }

    fn book(name: &str) -> Change {
        Change::Book(RunR::asks(name))
    }

    fn join(name: &str) -> Change {
        Change::Join(RunR::asks(name))
    }

    #[test]
    fn guards_speak_in_the_order_of_the_rules() {
        let mut r = RunR::full();
        r.snapshot.elsewhere = vec![(RunR::asks("G").person, id("old"))];
        r.wait_until("Tue 8 June 10:00");
        r.snapshot.run.state = RunState::Draft;
        assert_eq!(r.ask(book("G"), &person()), Err(Refusal::NotPublished));
        r.snapshot.run.state = RunState::Published;
        assert_eq!(r.ask(book("G"), &person()), Err(Refusal::RunStarted));
        r.now = r.snapshot.run.opens_at - Duration::SECOND;
        assert_eq!(r.ask(book("G"), &person()), Err(Refusal::NotOpen));
        r.now = r.snapshot.run.closes_at;
        assert_eq!(r.ask(book("G"), &person()), Err(Refusal::BookingClosed));
        assert_eq!(r.ask(book("G"), &team()), Err(Refusal::NoPlace));
        r.now = r.snapshot.run.closes_at - Duration::SECOND;
        assert_eq!(r.ask(book("G"), &person()), Err(Refusal::NoPlace));
        r.snapshot.run.waiting_list = false;
        assert_eq!(r.ask(join("G"), &person()), Err(Refusal::ListOff));
        r.snapshot.run.waiting_list = true;
        assert_eq!(r.ask(join("G"), &person()), Err(Refusal::OtherBooking));
        r.snapshot.run.capacity = 13;
        assert_eq!(r.ask(join("G"), &person()), Err(Refusal::PlacesFree));
        assert_eq!(r.ask(book("G"), &person()), Err(Refusal::OtherBooking));
        r.snapshot.elsewhere.clear();
        assert_eq!(r.ask(book("G"), &person()), Ok(()));
    }

    #[test]
    fn the_team_needs_a_reason_to_go_past_an_entry_that_could_be_asked() {
        let mut r = RunR::full();
        r.ask(Change::PauseOffers(true), &team()).unwrap();
        r.wait_until("Tue 25 May 10:00").cancel("A1");
        // Ended bookings keep their old number, and a lapsed hold never had one: neither is in front.
        r.cancel("D");
        for name in ["G", "D", "A1", "F"] {
            assert_eq!(
                r.clone().ask(book(name), &team()),
                Err(Refusal::NeedsReason),
                "{name}"
            );
            assert_eq!(
                r.clone().ask(book(name), &team_because("  ")),
                Err(Refusal::NeedsReason),
                "{name}"
            );
            assert_eq!(
                r.clone().ask(book(name), &team_because("agreed by phone")),
                Ok(()),
                "{name}"
            );
        }
        assert_eq!(
            r.clone().ask(book("E"), &team()),
            Ok(()),
            "nobody stands in front of the first"
        );
        r.ask(Change::Pause(id("E")), &team()).unwrap();
        assert_eq!(
            r.clone().ask(book("F"), &team()),
            Ok(()),
            "who is paused could not be asked"
        );
        assert_eq!(r.clone().ask(book("E"), &team()), Ok(()));
    }

    #[test]
    fn the_public_gets_no_place_that_an_entry_could_still_be_offered() {
        let mut r = RunR::full();
        r.ask(Change::PauseOffers(true), &team()).unwrap();
        r.wait_until("Tue 25 May 10:00").cancel("A1");
        assert_eq!(r.book("G"), Err(Refusal::NoPlace));
        assert_eq!(r.join("G"), Ok(()));
    }

    #[test]
    fn only_a_person_with_an_unproven_address_is_held() {
        let unproven = |name| {
            Change::Book(Ask {
                proven: false,
                ..RunR::asks(name)
            })
        };
        let mut r = RunR::with(&[]);
        r.ask(unproven("D"), &person()).unwrap();
        r.ask(unproven("E"), &team()).unwrap();
        r.book("F").unwrap();
        let states = ["D", "E", "F"].map(|it| r.booking(it).state.name());
        assert_eq!(states, ["unconfirmed", "booked", "booked"]);
        assert_eq!(r.state("D"), "unconfirmed until Tue 4 May 09:00");
        r.wait_until("Sat 5 June 10:00").hold("G").unwrap();
        assert_eq!(r.state("G"), "unconfirmed until Sun 6 June 10:00");
        r.wait_until("Sat 5 June 10:01").hold("H").unwrap();
        assert_eq!(r.state("H"), "unconfirmed until Sat 5 June 12:01");
    }

    #[test]
    fn an_answer_counts_while_the_state_stands_even_past_the_deadline() {
        let mut r = RunR::with(&["A1"]);
        r.hold("G").unwrap();
        r.now = r.now + Duration::hours(25);
        r.ask(Change::Confirm(id("G"), None), &person()).unwrap();
        assert_eq!(r.state("G"), "booked");

        let mut r = RunR::full();
        r.wait_until("Tue 25 May 10:00").cancel("A1");
        r.ask(Change::StartClock(id("D")), &Cause::system()).unwrap();
        r.now = r.now + Duration::hours(49);
        r.ask(Change::Accept(id("D"), None), &person()).unwrap();
        assert_eq!(r.state("D"), "booked");
    }

    #[test]
    fn a_late_answer_gets_a_place_if_one_is_free_for_everybody() {
        let mut r = RunR::with(&["A1"]);
        r.hold("G").unwrap();
        r.wait_until("Wed 5 May 09:00");
        assert_eq!(r.state("G"), "lapsed");
        r.ask(Change::Confirm(id("G"), None), &person()).unwrap();
        assert_eq!(r.state("G"), "booked");

        let mut r = RunR::full();
        r.wait_until("Tue 25 May 10:00").cancel("A1");
        for name in ["D", "E"] {
            r.decline(name);
        }
        let late = Change::Accept(id("D"), None);
        assert_eq!(r.ask(late.clone(), &person()), Err(Refusal::OfferOver));
        r.decline("F");
        assert_eq!(r.ask(late, &person()), Ok(()));
        assert_eq!((r.state("D").as_str(), r.snapshot.free_places()), ("booked", 0));
    }

    #[test]
    fn a_person_has_one_record_on_a_run_whatever_name_is_brought() {
        let mut r = RunR::with(&["D"]);
        let twice = Ask {
            booking: id("twin"),
            ..RunR::asks("D")
        };
        assert_eq!(r.ask(Change::Book(twice), &person()), Err(Refusal::Booked));
        r.cancel("D");
        r.ask(Change::Book(twice), &person()).unwrap();
        assert_eq!((r.state("D").as_str(), r.snapshot.bookings.len()), ("booked", 1));
        let mut other = RunR::with(&["D"]);
        other.snapshot.run.one_live = false;
        let moved = move_between(
            &mut other.snapshot,
            &mut r.snapshot,
            id("D"),
            twice,
            r.now,
            &person(),
        );
        assert_eq!(moved, Err(Refusal::Booked));
    }

    #[test]
    fn places_of_catch_ups_are_not_free() {
        let mut r = RunR::with(&["A1"]);
        r.snapshot.run.capacity = 2;
        let session = r.snapshot.sessions[1].id;
        r.snapshot.places.push(Place {
            session,
            seat_no: 2,
            booking: id("guest"),
            since_rev: 1,
        });
        assert_eq!((r.snapshot.free_places(), r.snapshot.free(session)), (0, 0));
        assert_eq!(r.book("G"), Err(Refusal::NoPlace));
        assert_eq!(r.join("G"), Ok(()));
        r.cancel("A1");
        assert_eq!(r.booking("G").state.name(), "offered");
        assert!(r.snapshot.places.iter().any(|it| it.booking == id("guest")));
    }

    #[test]
    fn a_new_order_needs_a_reason_and_changes_nothing_else() {
        let mut r = RunR::full();
        r.ask(
            Change::Join(Ask {
                priority: true,
                ..RunR::asks("P")
            }),
            &person(),
        )
        .unwrap();
        let line = |r: &RunR| {
            let mut line: Vec<_> = ["D", "E", "F", "P"].map(|it| (order(r.booking(it)), it)).to_vec();
            line.sort_unstable();
            line.into_iter()
                .map(|(order, name)| (name, !order.0))
                .collect::<Vec<_>>()
        };
        let put = |a, b| Change::Reorder {
            booking: id(a),
            ahead_of: id(b),
        };
        let because = team_because("moved house");
        assert_eq!(line(&r), [("P", true), ("D", false), ("E", false), ("F", false)]);
        assert_eq!(r.ask(put("F", "D"), &team()), Err(Refusal::NeedsReason));
        assert_eq!(r.ask(put("F", "A1"), &because), Err(Refusal::NotWaiting));
        r.ask(put("F", "F"), &because).unwrap();
        assert_eq!((line(&r)[3].0, r.last.len()), ("F", 0));
        r.ask(put("F", "D"), &because).unwrap();
        assert_eq!(line(&r), [("P", true), ("F", false), ("D", false), ("E", false)]);
        r.ask(put("E", "P"), &because).unwrap();
        assert_eq!(line(&r), [("E", true), ("P", true), ("F", false), ("D", false)]);
        assert!(
            r.last
                .iter()
                .all(|it| it.event == Event::Reorder && it.cause == because)
        );
    }

    #[test]
    fn calling_a_run_off_needs_words_and_ends_every_booking() {
        let mut r = RunR::full();
        assert_eq!(
            r.ask(Change::CancelRun(" ".to_owned()), &team()),
            Err(Refusal::NeedsReason)
        );
        r.ask(Change::CancelRun("The trainer is ill.".to_owned()), &team())
            .unwrap();
        assert!(
            r.snapshot
                .bookings
                .iter()
                .all(|it| it.state == State::Cancelled { by: By::RunCancelled })
        );
        assert!(r.snapshot.places.is_empty());
        assert_eq!(r.ask(book("G"), &person()), Err(Refusal::RunCancelled));
    }

    #[test]
    fn the_clock_starts_once_and_an_end_only_moves_later() {
        let mut r = RunR::with(&[]);
        r.ask(
            Change::Book(Ask {
                proven: false,
                ..RunR::asks("G")
            }),
            &person(),
        )
        .unwrap();
        assert_eq!(r.booking("G").clock_from, None);
        r.wait_until("Fri 7 May 09:00");
        assert_eq!(
            r.state("G"),
            "unconfirmed until Tue 4 May 09:00",
            "nothing expires before the clock starts"
        );
        r.ask(Change::StartClock(id("G")), &Cause::system()).unwrap();
        assert_eq!(r.state("G"), "unconfirmed until Sat 8 May 09:00");
        r.wait_until("Fri 7 May 12:00")
            .ask(Change::StartClock(id("G")), &Cause::system())
            .unwrap();
        assert_eq!(r.state("G"), "unconfirmed until Sat 8 May 09:00");
    }

    #[test]
    fn nobody_is_cut_off_before_the_time_that_the_mail_told_them() {
        let mut r = RunR::full();
        r.wait_until("Thu 27 May 14:00").cancel("A1");
        assert_eq!(r.state("D"), "offered until Tue 1 June 12:00");
        // The relay takes the mail, which says midday, when 48 hours end at 9am that day.
        r.wait_until("Sun 30 May 09:00");
        r.ask(Change::StartClock(id("D")), &Cause::system()).unwrap();
        assert_eq!(r.state("D"), "offered until Tue 1 June 12:00");
    }

    /// R, and a later run of the course with `booked`, at the same moment.
    fn two_runs(r: &RunR, booked: &[&str]) -> RunR {
        let mut later = RunR::on(
            [date!(2027 - 07 - 06), date!(2027 - 07 - 13)],
            booked,
            "Mon 3 May 09:00",
        );
        later.now = r.now;
        later.snapshot.elsewhere = vec![(RunR::asks("M").person, id("M"))];
        later
    }

    fn go(r: &mut RunR, later: &mut RunR, cause: &Cause) -> Result<(), Refusal> {
        let ask = Ask {
            booking: id("M2"),
            ..RunR::asks("M")
        };
        let before = (r.snapshot.clone(), later.snapshot.clone());
        let moved = move_between(&mut r.snapshot, &mut later.snapshot, id("M"), ask, r.now, cause);
        if moved.is_err() {
            assert_eq!(
                (&r.snapshot, &later.snapshot),
                (&before.0, &before.1),
                "refused, so nothing changed"
            );
        }
        moved.map(|_| ())
    }

    #[test]
    fn a_move_takes_the_new_place_and_gives_the_old_one_back_together() {
        let mut r = RunR::with(&["A1", "M"]);
        let mut later = two_runs(&r, &["A1"]);
        go(&mut r, &mut later, &person()).unwrap();
        assert_eq!(r.booking("M").state, State::Moved { to: id("M2") });
        assert_eq!(later.booking("M2").state, State::Booked);
        assert_eq!(
            (
                r.snapshot.places.len(),
                later.snapshot.places.len(),
                r.snapshot.run.round
            ),
            (2, 4, 2)
        );
    }

    #[test]
    fn a_booked_person_moves_to_a_place_only_and_a_waiting_one_to_the_queue_as_well() {
        let mut r = RunR::with(&["M"]);
        let mut later = two_runs(&r, &["A1"]);
        later.snapshot.run.capacity = 1;
        assert_eq!(go(&mut r, &mut later, &person()), Err(Refusal::NoPlace));
        let mut r = RunR::full();
        r.join("M").unwrap();
        go(&mut r, &mut later, &person()).unwrap();
        assert_eq!(later.booking("M2").state, State::Waiting);
        assert_eq!(r.snapshot.run.round, 1, "nothing came free");
    }

    #[test]
    fn a_person_moves_until_booking_closes_and_the_team_until_the_last_session_ends() {
        let moves = |words: &str, cause: Cause| {
            let mut r = RunR::with(&["M"]);
            r.wait_until(words);
            let mut later = two_runs(&r, &[]);
            go(&mut r, &mut later, &cause)
        };
        assert_eq!(moves("Mon 7 June 11:59", person()), Ok(()));
        assert_eq!(moves("Mon 7 June 12:00", person()), Err(Refusal::BookingClosed));
        assert_eq!(moves("Tue 8 June 10:00", person()), Err(Refusal::RunStarted));
        assert_eq!(moves("Tue 15 June 13:14", team()), Ok(()));
        assert_eq!(moves("Tue 15 June 13:15", team()), Err(Refusal::RunStarted));
    }
}

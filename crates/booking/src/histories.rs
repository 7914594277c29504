//! Random histories of two runs of a course, played the way the allocator plays them: after every
//! step the invariants of section 6 hold, and a second account of the same events, in plain words and
//! without rounds or deadlines, agrees who gets the freed place and how many are left.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ids::{BookingId, PersonId, SessionId, Ts};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use time::macros::{date, datetime};
use time::{Date, Duration};
use uuid::Uuid;

use crate::change::{Ask, Change, move_between};
use crate::examples::{RunR, team, team_because};
use crate::queue::order;
use crate::snapshot::{Cause, Place, RunState, Snapshot, Transition};
use crate::state::{Event, Note, Refusal, State, Step, transition};

const PEOPLE: u8 = 6;

/// One step: some hours pass, then somebody does something.
#[derive(Clone, Debug)]
struct Act {
    hours: i64,
    run: usize,
    who: u8,
    by: Who,
    deed: Deed,
}

#[derive(Clone, Copy, Debug)]
enum Who {
    Person,
    Team,
    TeamWithReason,
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Book {
        proven: bool,
    },
    Join {
        priority: bool,
    },
    Confirm,
    Accept,
    Decline,
    Cancel,
    Say(Note),
    Pause,
    Resume,
    NoteAsked,
    PutAheadOf(u8),
    Release,
    Capacity(i32),
    PauseOffers(bool),
    StartClock,
    StartAllClocks,
    Move {
        proven: bool,
    },
    /// Keeps the booking here instead of the one in the other run (B-26).
    KeepNew {
        accepting: bool,
    },
    Tick,
    CancelRun,
}

/// The circumstances in which a history begins.
#[derive(Clone, Debug)]
struct Circumstances {
    one_live: bool,
    waiting_list: bool,
    capacity: i32,
    /// People of other runs who catch up the second session.
    guests: u8,
    /// The first session is this far off.
    hours_ahead: i64,
    expiries_to_pause: i64,
    near_start: i64,
}

fn circumstances() -> impl Strategy<Value = Circumstances> {
    (
        any::<bool>(),
        prop::bool::weighted(0.9),
        0..4_i32,
        0..2_u8,
        48..600_i64,
        1..4_i64,
        24..100_i64,
    )
        .prop_map(
            |(one_live, waiting_list, capacity, guests, hours_ahead, expiries_to_pause, near_start)| {
                Circumstances {
                    one_live,
                    waiting_list,
                    capacity,
                    guests,
                    hours_ahead,
                    expiries_to_pause,
                    near_start,
                }
            },
        )
}

/// A deed by its number; the plainer ones come first, so that failures shrink to them.
fn deed(number: u8, extra: u8) -> Deed {
    match number {
        0..4 => Deed::Tick,
        4..13 => Deed::Join { priority: extra == 1 },
        13..18 => Deed::Book {
            proven: extra.is_multiple_of(2),
        },
        18..23 => Deed::Cancel,
        23..26 => Deed::Decline,
        26..29 => Deed::Accept,
        29..31 => Deed::Confirm,
        31..34 => Deed::StartClock,
        34..37 => Deed::StartAllClocks,
        37..39 => Deed::Capacity(i32::from(extra)),
        39..43 => Deed::PutAheadOf(extra),
        43..45 => Deed::Move {
            proven: extra.is_multiple_of(2),
        },
        45 => Deed::Say([Note::Keep, Note::Coming, Note::CallMe][usize::from(extra % 3)]),
        46 => Deed::Pause,
        47 => Deed::Resume,
        48 => Deed::NoteAsked,
        49 => Deed::Release,
        50 => Deed::PauseOffers(extra < 2),
        51..54 => Deed::KeepNew {
            accepting: extra.is_multiple_of(2),
        },
        _ if extra == 1 => Deed::CancelRun,
        _ => Deed::Tick,
    }
}

fn act() -> impl Strategy<Value = Act> {
    (0..9_usize, 0..4_u8, 0..PEOPLE, 0..5_u8, 0..55_u8, 0..PEOPLE).prop_map(
        |(hours, run, who, by, number, extra)| Act {
            hours: [0, 0, 0, 0, 1, 1, 5, 13, 29][hours],
            run: usize::from(run == 3),
            who,
            by: [
                Who::Person,
                Who::Person,
                Who::Person,
                Who::Team,
                Who::TeamWithReason,
            ][usize::from(by)],
            deed: deed(number, extra),
        },
    )
}

/// The plainest dice: without an optimiser, the default ones cost more than the histories.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 8_000,
        rng_algorithm: RngAlgorithm::XorShift,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_history_keeps_the_invariants_and_agrees_with_the_plain_account(
        circumstances in circumstances(),
        acts in prop::collection::vec(act(), 1..50),
    ) {
        let mut world = World::new(&circumstances);
        for act in acts {
            world.play(&act);
        }
    }
}

// The plain account.

/// Who has a place and who waits, as somebody would tell it.
#[derive(Clone, Debug, Default)]
struct Account {
    places: i64,
    guests: i64,
    tickets: i64,
    people: BTreeMap<BookingId, Told>,
}

#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "told, not encoded")]
struct Told {
    has_a_place: bool,
    was_offered_it: bool,
    /// Their number in the queue, while they stand in it.
    ticket: Option<i64>,
    priority: bool,
    paused: bool,
    /// Whether they were asked about the places that are free now.
    asked: bool,
}

impl Account {
    fn free(&self) -> i64 {
        let taken = self.people.values().filter(|it| it.has_a_place).count();
        (self.places - self.guests - i64::try_from(taken).unwrap()).max(0)
    }

    fn next(&self) -> Option<BookingId> {
        let may = |it: &Told| it.ticket.is_some() && !it.has_a_place && !it.paused && !it.asked;
        let waiting = self.people.iter().filter(|(_, it)| may(it));
        let first = waiting.min_by_key(|(_, it)| (!it.priority, it.ticket));
        first.map(|(who, _)| *who)
    }

    fn hear(&mut self, who: BookingId, event: Event, priority: bool) {
        let it = self.people.entry(who).or_default();
        match event {
            Event::Book { .. } | Event::Confirm | Event::Accept => {
                (it.has_a_place, it.was_offered_it, it.ticket) = (true, false, None);
            }
            Event::Join => {
                self.tickets += 1;
                (it.ticket, it.priority, it.paused) = (Some(self.tickets), priority, false);
            }
            Event::Offer { .. } => (it.has_a_place, it.was_offered_it, it.asked) = (true, true, true),
            Event::Decline | Event::Expire if it.was_offered_it => {
                (it.has_a_place, it.was_offered_it, it.asked) = (false, false, true);
            }
            Event::Cancel { .. }
            | Event::Move { .. }
            | Event::RunCancelled
            | Event::RunBegan
            | Event::Expire => {
                let comes_free = it.has_a_place && !it.was_offered_it;
                (it.has_a_place, it.was_offered_it, it.ticket) = (false, false, None);
                if comes_free {
                    self.everybody_can_be_asked();
                }
                self.people.entry(who).or_default().asked |= event == Event::Expire;
            }
            Event::Pause => it.paused = true,
            Event::Resume => it.paused = false,
            Event::NoteAsked => it.asked = true,
            Event::Decline | Event::Say(_) | Event::Reorder => {}
        }
    }

    fn everybody_can_be_asked(&mut self) {
        self.people.values_mut().for_each(|it| it.asked = false);
    }

    fn change_places(&mut self, places: i64) {
        if places > self.places {
            self.everybody_can_be_asked();
        }
        self.places = places;
    }

    /// Those of one line who wait deal their tickets out again, in the new order.
    fn put_ahead(&mut self, who: BookingId, of: BookingId) {
        let priority = self.people[&of].priority;
        let in_line = |it: &Told| it.ticket.is_some() && !it.has_a_place && it.priority == priority;
        let (mut line, mut tickets) = (Vec::new(), Vec::new());
        for (id, it) in self.people.iter().filter(|(id, it)| **id == who || in_line(it)) {
            tickets.push(it.ticket);
            line.push((*id != who, it.ticket, *id));
        }
        tickets.sort_unstable();
        line.sort_unstable();
        let (_, _, moved) = line.remove(0);
        let at = line.iter().position(|it| it.2 == of).unwrap();
        line.insert(at, (true, None, moved));
        for ((_, _, id), ticket) in line.into_iter().zip(tickets) {
            let it = self.people.get_mut(&id).unwrap();
            (it.ticket, it.priority) = (ticket, priority);
        }
    }
}

// The world in which histories are played.

struct World {
    now: Ts,
    runs: [Snapshot; 2],
    accounts: [Account; 2],
    /// What every history said last: its number, the state, and the round of the last offer.
    told: BTreeMap<BookingId, (i32, State, i32)>,
    events: BTreeSet<&'static str>,
    refusals: BTreeSet<Refusal>,
    /// How often a newer booking was kept instead of an older one.
    kept_new: usize,
}

fn booking(run: usize, who: u8) -> BookingId {
    BookingId(Uuid::from_bytes([
        u8::try_from(run).unwrap() + 1,
        who,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ]))
}

fn person(who: u8) -> PersonId {
    PersonId(Uuid::from_bytes([who; 16]))
}

fn days_later(days: [Date; 2], by: i64) -> [Date; 2] {
    days.map(|it| it + Duration::days(by))
}

impl World {
    fn new(it: &Circumstances) -> Self {
        let first = [date!(2027 - 06 - 08), date!(2027 - 06 - 15)];
        let mut runs =
            [first, days_later(first, 7)].map(|days| RunR::on(days, &[], "Mon 3 May 09:00").snapshot);
        let settings = Arc::make_mut(&mut runs[0].settings);
        settings.expiries_to_pause = it.expiries_to_pause;
        settings.near_start = it.near_start;
        let settings = runs[0].settings.clone();
        for (at, run) in runs.iter_mut().enumerate() {
            run.run.id = ids::RunId(Uuid::from_bytes([u8::try_from(at).unwrap() + 100; 16]));
            run.run.one_live = it.one_live;
            run.run.waiting_list = it.waiting_list;
            run.run.capacity = it.capacity + 1;
            run.settings = settings.clone();
            for (idx, session) in (1_u8..).zip(run.sessions.iter_mut()) {
                session.id = SessionId(Uuid::from_bytes([u8::try_from(at).unwrap() + 10 * idx; 16]));
            }
        }
        let session = runs[0].sessions[1].id;
        let guest = |seat_no: i32| {
            let booking = booking(8, u8::try_from(seat_no).unwrap());
            Place {
                session,
                seat_no,
                booking,
                since_rev: 0,
            }
        };
        runs[0].places.extend((1..=i32::from(it.guests)).map(guest));
        let now = Ts::new(datetime!(2027-06-08 09:00 UTC)) - Duration::hours(it.hours_ahead);
        let account = |places: i32| Account {
            places: places.into(),
            ..Account::default()
        };
        let mut accounts = [account(it.capacity + 1), account(it.capacity + 1)];
        accounts[0].guests = it.guests.into();
        Self {
            now,
            runs,
            accounts,
            told: BTreeMap::new(),
            events: BTreeSet::new(),
            refusals: BTreeSet::new(),
            kept_new: 0,
        }
    }

    fn play(&mut self, act: &Act) {
        self.now = self.now + Duration::hours(act.hours);
        let (run, id) = (act.run, booking(act.run, act.who));
        let cause = match (act.by, act.deed) {
            (Who::Person, _) => Cause::person(),
            (Who::TeamWithReason, _) | (Who::Team, Deed::PutAheadOf(_)) => team_because("a reason"),
            (Who::Team, _) => team(),
        };
        let ask = |proven, priority| Ask {
            booking: id,
            person: person(act.who),
            proven,
            priority,
        };
        for at in [0, 1] {
            let live = |it: &&crate::Booking| it.state.is_live() && it.person == person(act.who);
            let other = self.runs[1 - at]
                .bookings
                .iter()
                .filter(live)
                .map(|it| (it.person, it.id));
            let other = other.filter(|_| self.runs[at].run.one_live).collect();
            self.runs[at].elsewhere = other;
        }
        let change = match act.deed {
            Deed::Book { proven } => Change::Book(ask(proven, false)),
            Deed::Join { priority } => Change::Join(ask(true, priority)),
            Deed::Confirm => Change::Confirm(id, None),
            Deed::Accept => Change::Accept(id, None),
            Deed::Decline => Change::Decline(id),
            Deed::Cancel => Change::Cancel(id),
            Deed::Say(note) => Change::Say(id, note),
            Deed::Pause => Change::Pause(id),
            Deed::Resume => Change::Resume(id),
            Deed::NoteAsked => Change::NoteAsked(id),
            Deed::PutAheadOf(other) => Change::Reorder {
                booking: id,
                ahead_of: booking(run, other),
            },
            Deed::Release => Change::Release,
            Deed::Capacity(places) => Change::SetCapacity(places),
            Deed::PauseOffers(paused) => Change::PauseOffers(paused),
            Deed::StartClock => Change::StartClock(id),
            Deed::StartAllClocks => {
                for who in 0..PEOPLE {
                    self.change(run, &Change::StartClock(booking(run, who)), &Cause::system());
                }
                return;
            }
            Deed::Move { proven } => {
                let there = Ask {
                    booking: booking(1 - run, act.who),
                    ..ask(proven, false)
                };
                return self.moves(run, id, there, &cause);
            }
            Deed::KeepNew { accepting } => {
                let who = self.with_two_live(act.who);
                let (older, newer) = (booking(1 - run, who), booking(run, who));
                let change = if accepting {
                    Change::Accept(newer, Some(older))
                } else {
                    Change::Confirm(newer, Some(older))
                };
                return self.keeps(run, &change, older, newer);
            }
            Deed::Tick => Change::Tick,
            Deed::CancelRun => Change::CancelRun("called off".to_owned()),
        };
        self.change(run, &change, &cause);
    }

    /// As the allocator does it.
    fn change(&mut self, run: usize, change: &Change, cause: &Cause) {
        let mut after = self.runs[run].clone();
        after.run.rev += 1;
        let before = after.clone();
        match change.clone().apply(&mut after, self.now, cause) {
            Ok(mut made) => {
                if let Change::SetCapacity(places) = change {
                    self.accounts[run].change_places((*places).into());
                }
                if let Change::Reorder { booking, ahead_of } = change
                    && booking != ahead_of
                {
                    self.accounts[run].put_ahead(*booking, *ahead_of);
                }
                made.extend(after.settle(self.now).transitions);
                self.commit(run, after, &made);
            }
            Err(refusal) => {
                assert_eq!(after, before, "a refused {change:?} altered something");
                self.refusals.insert(refusal);
            }
        }
    }

    fn moves(&mut self, from: usize, id: BookingId, there: Ask, cause: &Cause) {
        let (mut left, mut right) = (self.runs[from].clone(), self.runs[1 - from].clone());
        left.run.rev += 1;
        right.run.rev += 1;
        let before = (left.clone(), right.clone());
        match move_between(&mut left, &mut right, id, there, self.now, cause) {
            Ok((mut gone, mut arrived)) => {
                gone.extend(left.settle(self.now).transitions);
                arrived.extend(right.settle(self.now).transitions);
                self.commit_both(from, (left, &gone), (right, &arrived));
            }
            Err(_) => assert_eq!((left, right), before, "a refused move altered something"),
        }
    }

    /// Somebody with a live booking in each run, from `who` on, if there is one.
    fn with_two_live(&self, who: u8) -> u8 {
        let live = |run: usize, who| {
            let found = self.runs[run].booking(booking(run, who));
            found.is_some_and(|it| it.state.is_live())
        };
        let mut from_there = (who..PEOPLE).chain(0..who);
        from_there.find(|it| live(0, *it) && live(1, *it)).unwrap_or(who)
    }

    /// As the allocator does it: the older booking gives way, the newer one is confirmed or accepted, both
    /// or neither.
    fn keeps(&mut self, run: usize, newer: &Change, older: BookingId, to: BookingId) {
        let (mut left, mut right) = (self.runs[1 - run].clone(), self.runs[run].clone());
        left.run.rev += 1;
        right.run.rev += 1;
        let gives_way = Change::GiveWay { booking: older, to };
        let cause = Cause::person();
        let Ok(mut gone) = gives_way.apply(&mut left, self.now, &cause) else {
            return;
        };
        let Ok(mut kept) = newer.clone().apply(&mut right, self.now, &cause) else {
            return;
        };
        gone.extend(left.settle(self.now).transitions);
        kept.extend(right.settle(self.now).transitions);
        self.commit_both(1 - run, (left, &gone), (right, &kept));
        self.kept_new += 1;
    }

    /// Together: who has one live booking may have two between the lines.
    fn commit_both(
        &mut self,
        from: usize,
        (left, gone): (Snapshot, &[Transition]),
        (right, arrived): (Snapshot, &[Transition]),
    ) {
        let other = self.runs[1 - from].clone();
        self.runs[1 - from] = right.clone();
        self.commit(from, left, gone);
        self.runs[1 - from] = other;
        self.commit(1 - from, right, arrived);
    }

    fn commit(&mut self, run: usize, mut after: Snapshot, made: &[Transition]) {
        after.run.rev -= 1;
        if after == self.runs[run] {
            assert!(made.is_empty());
            return;
        }
        after.run.rev += 1;
        let before = std::mem::replace(&mut self.runs[run], after);
        self.agree(run, made);
        self.histories_fold(run, made);
        self.places_are_right(&before, run);
        self.queue_is_right(&before, run, made);
        self.nothing_is_left_to_do(run);
        self.one_record_each();
    }

    /// The plain account: INV-6, and the number of free places.
    fn agree(&mut self, run: usize, made: &[Transition]) {
        let (after, account) = (&self.runs[run], &mut self.accounts[run]);
        let near = after.sessions[0].starts_at - self.now < Duration::hours(after.settings.near_start);
        let offers_stop = near || after.run.offers_paused || after.run.state != RunState::Published;
        for it in made {
            let (next, free) = (account.next(), account.free());
            if matches!(it.event, Event::Offer { .. }) {
                assert!(!offers_stop && free >= 1, "{it:?} with {free} free");
                assert_eq!(Some(it.booking), next, "the place went to the wrong person");
            }
            let begins = !it.from.is_some_and(State::holds_a_place) && it.to.holds_a_place();
            if begins && it.cause == Cause::person() {
                assert!(
                    free >= 1 && next.is_none(),
                    "{it:?} with {free} free and {next:?} in front"
                );
            }
            let priority = after.booking(it.booking).is_some_and(|it| it.priority);
            account.hear(it.booking, it.event, priority);
        }
        assert_eq!(account.free(), after.free_places());
        if !offers_stop {
            assert!(
                account.free() == 0 || account.next().is_none(),
                "INV-4: a place is free and somebody unasked"
            );
        }
        let public = if account.next().is_none() {
            account.free()
        } else {
            0
        };
        let open = after.run.state == RunState::Published && self.now < after.run.closes_at;
        assert_eq!(after.public_free(self.now), if open { public } else { 0 });
    }

    /// INV-7 and INV-8.
    fn histories_fold(&mut self, run: usize, made: &[Transition]) {
        for it in made {
            let known = self.told.get(&it.booking).copied();
            let (n, state, last_offer) =
                known.map_or((0, None, 0), |(n, state, round)| (n, Some(state), round));
            assert_eq!(it.n, n + 1);
            assert_eq!(it.from.map(State::name), state.map(State::name));
            // A clock that started moved the end meanwhile, without an event.
            let Ok(Step::To(to)) = transition(it.from, it.event) else {
                panic!("{it:?}")
            };
            assert_eq!(to, it.to);
            self.events.insert(it.event.name());
            let offer = matches!(it.event, Event::Offer { .. });
            assert!(!offer || it.round > last_offer, "INV-7: {it:?}");
            self.told.insert(
                it.booking,
                (it.n, it.to, if offer { it.round } else { last_offer }),
            );
        }
        for it in &self.runs[run].bookings {
            let (n, state, _) = self.told[&it.id];
            let moved = |state| {
                if let State::Moved { to } = state {
                    Some(to)
                } else {
                    None
                }
            };
            assert_eq!((it.events, it.state.name()), (n, state.name()));
            assert_eq!(moved(it.state), moved(state));
        }
    }

    /// INV-1 and INV-2, and that no seat is taken twice.
    fn places_are_right(&self, before: &Snapshot, run: usize) {
        let after = &self.runs[run];
        for session in &after.sessions {
            let here: Vec<&Place> = after
                .places
                .iter()
                .filter(|it| it.session == session.id)
                .collect();
            let fits = i64::try_from(here.len()).unwrap() <= i64::from(after.run.capacity);
            let older = |it: &&Place| Some(it.since_rev) < after.run.capacity_lowered_rev;
            assert!(fits || here.iter().all(older), "INV-1");
            let mut seats: Vec<i32> = here.iter().map(|it| it.seat_no).collect();
            seats.sort_unstable();
            seats.dedup();
            assert_eq!(seats.len(), here.len(), "a seat is taken twice");
            for it in &after.bookings {
                let held = here.iter().filter(|place| place.booking == it.id).count();
                assert_eq!(held, usize::from(it.state.holds_a_place()), "INV-2: {it:?}");
            }
        }
        let guests = |it: &Snapshot| {
            it.places
                .iter()
                .filter(|p| it.booking(p.booking).is_none())
                .count()
        };
        assert_eq!(
            guests(after),
            guests(before),
            "INV-3: nobody touches the places of catch-ups"
        );
    }

    /// INV-10 and INV-11.
    fn queue_is_right(&self, before: &Snapshot, run: usize, made: &[Transition]) {
        let after = &self.runs[run];
        let mut numbers: Vec<i64> = after.bookings.iter().filter_map(|it| it.joined_seq).collect();
        let count = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), count, "INV-10: a number is shared");
        for it in &after.bookings {
            let queues = matches!(it.state, State::Waiting | State::Offered { .. });
            assert!(!queues || it.joined_seq.is_some(), "INV-10: {it:?}");
            let old = before.booking(it.id).map(order);
            let dealt = made
                .iter()
                .any(|made| made.booking == it.id && matches!(made.event, Event::Join | Event::Reorder));
            assert!(
                dealt || old.is_none_or(|old| old == order(it)),
                "INV-10: moved in the queue by nobody"
            );
            let waits = matches!(it.state, State::Unconfirmed { .. } | State::Offered { .. });
            assert_eq!(it.state.deadline().is_some(), waits, "INV-11: {it:?}");
            assert_eq!(it.window.is_some(), waits);
            assert!(waits || it.clock_from.is_none());
        }
    }

    /// INV-5 and INV-12.
    fn nothing_is_left_to_do(&self, run: usize) {
        let after = &self.runs[run];
        let mut again = after.clone();
        assert_eq!(again.settle(self.now).transitions, [], "INV-5");
        assert_eq!(&again, after, "INV-5");
        let mut live = after.bookings.iter().filter(|it| it.state.is_live());
        match after.run.state {
            RunState::Cancelled => assert_eq!(live.next(), None, "INV-12"),
            RunState::Draft | RunState::Published => {
                let begun = after.has_begun(self.now);
                assert!(!begun || live.all(|it| it.state == State::Booked), "INV-12");
            }
        }
    }

    /// INV-9 and INV-13.
    fn one_record_each(&self) {
        for who in 0..PEOPLE {
            let own = |run: &Snapshot| run.bookings.iter().filter(|it| it.person == person(who)).count();
            assert!(self.runs.iter().all(|run| own(run) <= 1), "INV-9");
            let all = || {
                self.runs
                    .iter()
                    .flat_map(|it| &it.bookings)
                    .filter(|it| it.person == person(who))
            };
            let live = all().filter(|it| it.state.is_live()).count();
            assert!(live <= 1 || !self.runs[0].run.one_live, "INV-9: {who} has two");
            for mut it in all() {
                let mut steps = 0;
                while let State::Moved { to } = it.state {
                    it = all()
                        .find(|other| other.id == to)
                        .expect("INV-13: moved to somebody else");
                    steps += 1;
                    assert!(steps < 9, "INV-13: round and round");
                }
            }
        }
    }
}

/// Not about the rules: it keeps the generator honest.
#[test]
fn histories_reach_every_state_every_event_and_most_refusals() {
    let dice = TestRng::deterministic_rng(RngAlgorithm::XorShift);
    let mut runner = TestRunner::new_with_rng(config(), dice);
    let histories = (circumstances(), prop::collection::vec(act(), 40..50));
    let (mut events, mut states, mut refusals) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut kept_new = 0;
    for _ in 0..200 {
        let (circumstances, acts) = histories.new_tree(&mut runner).unwrap().current();
        let mut world = World::new(&circumstances);
        for act in &acts {
            world.play(act);
        }
        events.append(&mut world.events);
        refusals.append(&mut world.refusals);
        kept_new += world.kept_new;
        states.extend(
            world
                .runs
                .iter()
                .flat_map(|it| &it.bookings)
                .map(|it| it.state.name()),
        );
    }
    assert_eq!((states.len(), events.len()), (8, 18), "{states:?} {events:?}");
    assert_eq!(refusals.len(), 19, "{refusals:?}");
    assert!(kept_new >= 10, "{kept_new}");
}

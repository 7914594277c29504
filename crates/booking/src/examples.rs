//! The worked examples of section 3 of the booking rules, with their dates and figures.
//!
//! Run R: Tuesday 8 and 15 June 2027, 10am to 1:15pm, 12 places, full; D, E and F wait with the
//! numbers 1, 2 and 3. Monday 31 May is a bank holiday. Times are London's, as the rules write them.

use std::sync::Arc;

use ids::{BookingId, CourseId, PersonId, RunId, SessionId, Ts};
use time::macros::{date, time};
use time::{Date, Duration, Month, Time};
use uuid::Uuid;

use crate::change::{Ask, Change};
use crate::deadlines::{WorkingDays, booking_closes};
use crate::london;
use crate::settings::Settings;
use crate::settle::Settled;
use crate::snapshot::{Actor, Booking, Cause, Channel, Run, RunState, Session, Snapshot, Transition};
use crate::state::{Event, Refusal, State};

/// The moment at which it is, for example, "Thu 27 May 10:00" in London in 2027.
pub(crate) fn at(words: &str) -> Ts {
    let words: Vec<&str> = words.split(' ').collect();
    let [weekday, day, month, clock] = words[..] else {
        panic!("not a moment: {words:?}")
    };
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec",
    ];
    let month = months.iter().position(|it| *it == month).expect("a month") + 1;
    let month = Month::try_from(u8::try_from(month).unwrap()).unwrap();
    let date = Date::from_calendar_date(2027, month, day.parse().expect("a day")).expect("a date");
    assert!(
        date.weekday().to_string().starts_with(weekday),
        "{date} is no {weekday}"
    );
    let (hour, minute) = clock.split_once(':').expect("a time");
    let time = Time::from_hms(hour.parse().unwrap(), minute.parse().unwrap(), 0).expect("a time");
    london::moment(date, time).expect("one moment")
}

/// A moment in those words.
pub(crate) fn said(moment: Ts) -> String {
    let (date, time) = london::local(moment);
    let first_three = |it: String| it.chars().take(3).collect::<String>();
    let month = date.month().to_string();
    let month = if month.len() > 4 {
        first_three(month)
    } else {
        month
    };
    let weekday = first_three(date.weekday().to_string());
    format!(
        "{weekday} {} {month} {:02}:{:02}",
        date.day(),
        time.hour(),
        time.minute()
    )
}

/// The team on the phone, without a reason and with one.
pub(crate) fn team() -> Cause {
    Cause {
        actor: Actor::Team(None),
        channel: Channel::Phone,
        reason: None,
    }
}

pub(crate) fn team_because(reason: &str) -> Cause {
    Cause {
        reason: Some(reason.to_owned()),
        ..team()
    }
}

/// The booking of somebody with a short name.
pub(crate) fn id(name: &str) -> BookingId {
    BookingId(named(1, name))
}

fn named(kind: u8, name: &str) -> Uuid {
    assert!(name.len() <= 14, "{name} is too long a name");
    let mut bytes = [0; 16];
    bytes[0] = kind;
    bytes[1..=name.len()].copy_from_slice(name.as_bytes());
    Uuid::from_bytes(bytes)
}

/// Run R, and a clock on the wall.
#[derive(Clone, Debug)]
pub(crate) struct RunR {
    pub(crate) snapshot: Snapshot,
    pub(crate) now: Ts,
    /// What the last step led to.
    pub(crate) last: Vec<Transition>,
    /// Whether it calls for the team's phone list.
    pub(crate) phone_list: bool,
}

impl RunR {
    /// With these people booked, nobody waiting, published long ago.
    pub(crate) fn with(booked: &[&str]) -> Self {
        let days = [date!(2027 - 06 - 08), date!(2027 - 06 - 15)];
        Self::on(days, booked, "Mon 3 May 09:00")
    }

    /// On other days than R's.
    pub(crate) fn on(days: [Date; 2], booked: &[&str], now: &str) -> Self {
        let settings = Settings::default();
        let working = WorkingDays::without([date!(2027 - 05 - 31)]);
        let session = |(idx, day): (i32, Date)| Session {
            id: SessionId(named(2, &day.to_string())),
            idx,
            starts_at: london::in_london(day, time!(10:00)),
            ends_at: london::in_london(day, time!(13:15)),
        };
        let run = Run {
            id: RunId(named(3, "R")),
            course: CourseId(named(4, "course")),
            one_live: true,
            state: RunState::Published,
            capacity: 12,
            opens_at: at("Mon 3 May 08:00"),
            closes_at: booking_closes(&settings, &working, days[0]),
            waiting_list: true,
            offers_paused: false,
            rev: 0,
            round: 1,
            next_seq: 1,
            change_no: 0,
            capacity_lowered_rev: None,
            cancel_reason: None,
        };
        let snapshot = Snapshot {
            run,
            sessions: (1..).zip(days).map(session).collect(),
            places: Vec::new(),
            bookings: Vec::new(),
            elsewhere: Vec::new(),
            settings: Arc::new(settings),
            days: Arc::new(working),
        };
        let mut run = Self {
            snapshot,
            now: at(now),
            last: Vec::new(),
            phone_list: false,
        };
        for name in booked {
            run.book(name).unwrap();
        }
        run
    }

    /// Twelve booked, called A1 to A12; D, E and F wait.
    pub(crate) fn full() -> Self {
        let mut run = Self::with(&TWELVE);
        for name in ["D", "E", "F"] {
            run.join(name).unwrap();
        }
        run
    }

    /// Lets time pass; what falls due on the way happens when it falls due, as the rounds see to.
    pub(crate) fn wait_until(&mut self, words: &str) -> &mut Self {
        let then = at(words);
        assert!(then >= self.now, "time goes forward");
        loop {
            let started = self.snapshot.bookings.iter().filter(|it| it.clock_from.is_some());
            let due = started.filter_map(|it| it.state.deadline()).min();
            let Some(due) = due.filter(|it| *it < then) else {
                break;
            };
            self.now = due;
            self.tick();
        }
        self.now = then;
        self.tick();
        self
    }

    /// What anybody asks for goes the way the allocator goes: apply, settle, and all or nothing.
    pub(crate) fn ask(&mut self, change: Change, cause: &Cause) -> Result<(), Refusal> {
        let mut after = self.snapshot.clone();
        after.run.rev += 1;
        let mut made = change.apply(&mut after, self.now, cause)?;
        let Settled {
            transitions,
            phone_list,
        } = after.settle(self.now);
        made.extend(transitions);
        self.last = made;
        self.phone_list = phone_list;
        after.run.rev = self.snapshot.run.rev;
        if after != self.snapshot {
            after.run.rev += 1;
            self.snapshot = after;
        }
        Ok(())
    }

    pub(crate) fn tick(&mut self) {
        self.ask(Change::Tick, &Cause::system()).unwrap();
    }

    pub(crate) fn asks(name: &str) -> Ask {
        let person = PersonId(named(5, name));
        Ask {
            booking: id(name),
            person,
            proven: true,
            priority: false,
        }
    }

    pub(crate) fn book(&mut self, name: &str) -> Result<(), Refusal> {
        self.ask(Change::Book(Self::asks(name)), &Cause::person())
    }

    /// Somebody whose address is not proven, who is mailed at once.
    pub(crate) fn hold(&mut self, name: &str) -> Result<(), Refusal> {
        self.ask(
            Change::Book(Ask {
                proven: false,
                ..Self::asks(name)
            }),
            &Cause::person(),
        )?;
        self.ask(Change::StartClock(id(name)), &Cause::system())
    }

    pub(crate) fn join(&mut self, name: &str) -> Result<(), Refusal> {
        self.ask(Change::Join(Self::asks(name)), &Cause::person())
    }

    pub(crate) fn cancel(&mut self, name: &str) {
        self.ask(Change::Cancel(id(name)), &Cause::person()).unwrap();
    }

    pub(crate) fn decline(&mut self, name: &str) {
        self.ask(Change::Decline(id(name)), &Cause::person()).unwrap();
    }

    /// The relay takes the mail about a hold or an offer.
    fn mail_taken(&mut self, name: &str) {
        self.ask(Change::StartClock(id(name)), &Cause::system()).unwrap();
    }

    pub(crate) fn booking(&self, name: &str) -> &Booking {
        self.snapshot.booking(id(name)).expect("a booking")
    }

    /// Where somebody stands, and until when.
    pub(crate) fn state(&self, name: &str) -> String {
        let state = self.booking(name).state;
        let until = state
            .deadline()
            .map(|it| format!(" until {}", said(it)))
            .unwrap_or_default();
        format!("{}{until}", state.name())
    }

    /// Who was offered a place in the last step.
    fn offered(&self) -> Vec<BookingId> {
        let offers = self
            .last
            .iter()
            .filter(|it| matches!(it.event, Event::Offer { .. }));
        offers.map(|it| it.booking).collect()
    }

    fn public_free(&self) -> i64 {
        self.snapshot.public_free(self.now)
    }
}

const TWELVE: [&str; 12] = [
    "A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10", "A11", "A12",
];

/// X1: a booked person cancels Tue 25 May 10:00.
fn x1() -> RunR {
    let mut r = RunR::full();
    r.wait_until("Tue 25 May 10:00").cancel("A1");
    r
}

#[test]
fn x1_a_cancelled_place_is_offered_to_the_first_in_the_queue_for_48_hours() {
    let mut r = x1();
    assert_eq!(r.snapshot.run.round, 2);
    assert_eq!(r.offered(), [id("D")]);
    assert_eq!(r.state("D"), "offered until Thu 27 May 10:00");
    r.mail_taken("D");
    assert_eq!(r.state("D"), "offered until Thu 27 May 10:00");
    assert_eq!(r.public_free(), 0);
}

#[test]
fn x2_silence_passes_the_place_on_and_leaves_the_number_in_the_queue() {
    let mut r = x1();
    r.mail_taken("D");
    r.wait_until("Thu 27 May 09:59");
    assert_eq!(r.state("D"), "offered until Thu 27 May 10:00");
    r.wait_until("Thu 27 May 10:00");
    assert_eq!(r.state("D"), "waiting");
    assert_eq!(r.booking("D").joined_seq, Some(1));
    assert_eq!(r.offered(), [id("E")]);
    assert_eq!(r.state("E"), "offered until Tue 1 June 12:00");
    assert_eq!(
        r.snapshot.run.round, 2,
        "a place that an offer held raises no round"
    );
}

#[test]
fn x3_more_capacity_asks_each_entry_once_and_then_goes_public() {
    let mut r = RunR::full();
    r.wait_until("Thu 20 May 15:00");
    r.ask(Change::SetCapacity(14), &team()).unwrap();
    assert_eq!(r.offered(), [id("D"), id("E")]);
    for name in ["D", "E"] {
        assert_eq!(r.state(name), "offered until Mon 24 May 12:00");
    }
    r.decline("D");
    assert_eq!(r.offered(), [id("F")]);
    assert_eq!(r.state("D"), "waiting");
    assert_eq!(r.public_free(), 0);
    r.decline("F");
    assert_eq!(r.offered(), []);
    assert_eq!(r.public_free(), 1);
    assert_eq!(r.state("E"), "offered until Mon 24 May 12:00");
}

#[test]
fn x4_an_offer_made_at_night_less_than_a_week_ahead_stands_24_hours_from_8am() {
    let mut r = RunR::full();
    r.wait_until("Tue 1 June 23:10").cancel("A1");
    assert_eq!(r.state("D"), "offered until Thu 3 June 08:00");
    assert_eq!(r.last.last().unwrap().mail_due, at("Wed 2 June 08:00"));
    r.wait_until("Wed 2 June 08:00").mail_taken("D");
    assert_eq!(r.state("D"), "offered until Thu 3 June 08:00");
}

#[test]
fn x5_an_offer_is_not_stretched_into_the_last_two_days_and_then_the_team_phones() {
    let mut r = RunR::full();
    r.wait_until("Fri 4 June 16:00").cancel("A1");
    assert_eq!(r.state("D"), "offered until Sat 5 June 16:00");
    r.mail_taken("D");
    r.wait_until("Sat 5 June 16:00");
    assert_eq!(r.state("D"), "waiting");
    assert_eq!(r.offered(), []);
    assert!(r.phone_list);
    assert_eq!(r.public_free(), 0);
}

#[test]
fn x6_an_offer_counts_from_when_the_relay_took_the_mail() {
    let mut r = RunR::full();
    r.wait_until("Thu 3 June 14:00").cancel("A1");
    r.wait_until("Fri 4 June 09:00").mail_taken("D");
    assert_eq!(r.state("D"), "offered until Sat 5 June 09:00");
}

#[test]
fn x7_within_72_hours_nobody_is_offered_and_release_makes_the_place_public() {
    let mut r = RunR::full();
    r.wait_until("Sat 5 June 11:00").cancel("A1");
    assert_eq!(r.offered(), []);
    assert!(r.phone_list);
    assert_eq!(r.public_free(), 0);
    r.ask(Change::Release, &team_because("nobody answered")).unwrap();
    assert_eq!(r.public_free(), 1);
    assert!(!r.phone_list);
}

#[test]
fn x8_after_capacity_was_lowered_nobody_is_offered_until_a_place_is_free() {
    let mut r = RunR::with(&TWELVE[..10]);
    r.ask(Change::SetCapacity(8), &team()).unwrap();
    assert_eq!(r.snapshot.places.len(), 20, "nobody is removed");
    r.join("D").unwrap();
    r.join("E").unwrap();
    for (name, left) in [("A1", 9), ("A2", 8)] {
        r.cancel(name);
        assert_eq!((r.offered(), r.snapshot.places.len()), (vec![], 2 * left));
    }
    r.cancel("A3");
    assert_eq!(r.offered(), [id("D")]);
    assert_eq!(
        (r.booking("E").state, r.snapshot.places.len()),
        (State::Waiting, 2 * 8)
    );
}

#[test]
fn x9_a_hold_that_lapses_is_offered_on_in_the_same_commit() {
    let mut r = RunR::with(&TWELVE[..11]);
    r.wait_until("Thu 27 May 15:00").hold("G").unwrap();
    for name in ["D", "E", "F"] {
        r.join(name).unwrap();
    }
    assert_eq!(r.state("G"), "unconfirmed until Fri 28 May 15:00");
    r.wait_until("Fri 28 May 15:00");
    let happened: Vec<_> = r
        .last
        .iter()
        .map(|it| (it.booking, it.event.name(), it.round))
        .collect();
    assert_eq!(happened, [(id("G"), "expire", 2), (id("D"), "offer", 2)]);
    assert_eq!(r.state("G"), "lapsed");
    assert_eq!(r.state("D"), "offered until Tue 1 June 12:00");
}

#[test]
fn x10_windows_are_elapsed_hours_across_the_clock_change() {
    let days = [date!(2027 - 11 - 08), date!(2027 - 11 - 15)];
    let mut r = RunR::on(days, &TWELVE, "Mon 4 Oct 09:00");
    r.join("D").unwrap();
    r.wait_until("Fri 29 Oct 15:00").cancel("A1");
    assert_eq!(r.state("D"), "offered until Mon 1 Nov 12:00");
    // Before it moved to a working day it ended 48 hours on, when the clocks had gone back.
    assert_eq!(r.booking("D").window, Some(Duration::hours(48)));
    assert_eq!(said(r.now + Duration::hours(48)), "Sun 31 Oct 14:00");
}

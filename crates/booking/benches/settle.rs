//! What settling one run costs: 12 places, 200 people waiting. The goal is 50 microseconds.
//!
//! `cargo bench -p booking --profile bench-fast`

use std::hint::black_box;
use std::sync::Arc;

use booking::deadlines::{WorkingDays, booking_closes};
use booking::snapshot::{Run, RunState, Session};
use booking::{Actor, Ask, Cause, Change, Channel, Settings, Snapshot, State, london};
use criterion::{BatchSize, Criterion};
use ids::{BookingId, CourseId, PersonId, RunId, SessionId, Ts};
use time::Duration;
use time::macros::{date, datetime, time};
use uuid::Uuid;

const PLACES: i32 = 12;
const WAITING: u128 = 200;

/// Tuesday 11 May 2027, 2pm in London: four weeks before the first day, and working time.
const NOW: time::OffsetDateTime = datetime!(2027-05-11 13:00 UTC);

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    settle(&mut criterion);
    criterion.final_summary();
}

fn settle(criterion: &mut Criterion) {
    let now = Ts::new(NOW);
    let full = full(now);
    let mut freed = full.clone();
    ask(&mut freed, Change::Cancel(booking(1)), &Cause::person(), now);
    let mut doubled = full.clone();
    ask(&mut doubled, Change::SetCapacity(2 * PLACES), &team(), now);
    let (silent, later) = silent(doubled.clone(), now);
    let began = full.sessions[0].starts_at;

    let cases = [
        ("nothing to do", full.clone(), now, 0),
        ("one place freed, one offer", freed, now, 1),
        ("twelve places more, twelve offers", doubled, now, 12),
        ("twelve offers over, twelve new ones", silent, later, 24),
        ("the course begins, the list closes", full, began, 200),
    ];
    let mut group = criterion.benchmark_group("settle 12 places, 200 waiting");
    for (name, snapshot, now, transitions) in cases {
        let made = snapshot.clone().settle(now).transitions.len();
        assert_eq!(made, transitions, "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || snapshot.clone(),
                |snapshot| black_box(snapshot.settle(black_box(now))),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// Twelve have a place, two hundred wait.
fn full(now: Ts) -> Snapshot {
    let settings = Settings::default();
    let days = WorkingDays::without([date!(2027 - 05 - 31)]);
    let dates = [date!(2027 - 06 - 08), date!(2027 - 06 - 15)];
    let session = |(idx, day): (i32, _)| Session {
        id: SessionId(Uuid::from_u128(u128::from(idx.unsigned_abs()))),
        idx,
        starts_at: london::in_london(day, time!(10:00)),
        ends_at: london::in_london(day, time!(13:15)),
    };
    let run = Run {
        id: RunId(Uuid::from_u128(1)),
        course: CourseId(Uuid::from_u128(1)),
        one_live: true,
        state: RunState::Published,
        capacity: PLACES,
        opens_at: now - Duration::days(30),
        closes_at: booking_closes(&settings, &days, dates[0]),
        waiting_list: true,
        offers_paused: false,
        rev: 0,
        round: 1,
        next_seq: 1,
        change_no: 0,
        capacity_lowered_rev: None,
        cancel_reason: None,
    };
    let mut snapshot = Snapshot {
        run,
        sessions: (1..).zip(dates).map(session).collect(),
        places: Vec::new(),
        bookings: Vec::new(),
        elsewhere: Vec::new(),
        settings: Arc::new(settings),
        days: Arc::new(days),
    };
    for number in 1..=u128::from(PLACES.unsigned_abs()) {
        ask(&mut snapshot, Change::Book(who(number)), &Cause::person(), now);
    }
    for number in 1001..=1000 + WAITING {
        ask(&mut snapshot, Change::Join(who(number)), &Cause::person(), now);
    }
    snapshot
}

/// Everybody who has an offer says nothing until it is over.
fn silent(mut snapshot: Snapshot, now: Ts) -> (Snapshot, Ts) {
    let _ = snapshot.settle(now);
    let offered = snapshot
        .bookings
        .iter()
        .filter(|it| matches!(it.state, State::Offered { .. }));
    for id in offered.map(|it| it.id).collect::<Vec<_>>() {
        ask(&mut snapshot, Change::StartClock(id), &Cause::system(), now);
    }
    (snapshot, now + Duration::days(5))
}

fn who(number: u128) -> Ask {
    Ask {
        booking: booking(number),
        person: PersonId(Uuid::from_u128(number)),
        proven: true,
        priority: false,
    }
}

fn booking(number: u128) -> BookingId {
    BookingId(Uuid::from_u128(number))
}

fn team() -> Cause {
    Cause {
        actor: Actor::Team(None),
        channel: Channel::Phone,
        reason: Some("a larger room".to_owned()),
    }
}

fn ask(snapshot: &mut Snapshot, change: Change, cause: &Cause, now: Ts) {
    let made = change.apply(snapshot, now, cause);
    assert!(made.is_ok(), "{made:?}");
}

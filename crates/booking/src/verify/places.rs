//! Places and people: INV-1, 2, 3, 9, 11 and 13.

use std::collections::{BTreeMap, BTreeSet};

use ids::{BookingId, CourseId, PersonId, RunId, SessionId, Ts};

use super::Finding;
use super::records::{Records, Told};
use crate::record::{LIVE, Stored};

pub(super) fn check(records: &Records, now: Ts, found: &mut Vec<Finding>) {
    sessions_are_not_overbooked(records, found);
    holders_have_their_places(records, found);
    guests_catch_up(records, found);
    one_booking_each(records, now, found);
    deadlines_belong(records, found);
    moves_arrive(records, found);
}

/// Whether the stored word is that of a state that holds a place.
fn holds(row: &Stored) -> bool {
    ["unconfirmed", "booked", "offered"].contains(&row.state.as_str())
}

fn is_live(row: &Stored) -> bool {
    LIVE.contains(&row.state.as_str())
}

fn about(it: &Stored, rule: &'static str, why: impl Into<String>) -> Finding {
    Finding {
        rule,
        table: "booking",
        row: it.id.to_string(),
        why: why.into(),
    }
}

/// INV-1.
fn sessions_are_not_overbooked(records: &Records, found: &mut Vec<Finding>) {
    for (run, sessions) in &records.sessions {
        let Some(run) = records.runs.get(run) else {
            continue;
        };
        for session in sessions {
            let places = records.places.get(&session.id).map_or(&[][..], Vec::as_slice);
            let fits = i64::try_from(places.len()).unwrap_or(i64::MAX) <= i64::from(run.capacity);
            let younger = places
                .iter()
                .filter(|it| Some(it.since_rev) >= run.capacity_lowered_rev)
                .count();
            if !fits && younger > 0 {
                let why = format!(
                    "{} places for {}, {younger} of them new",
                    places.len(),
                    run.capacity
                );
                found.push(Finding {
                    rule: "INV-1",
                    table: "session",
                    row: session.id.to_string(),
                    why,
                });
            }
        }
    }
}

/// INV-2.
fn holders_have_their_places(records: &Records, found: &mut Vec<Finding>) {
    for (run, bookings) in &records.bookings {
        let sessions = records.sessions.get(run).map_or(&[][..], Vec::as_slice);
        let mut held: BTreeMap<BookingId, Vec<SessionId>> = BTreeMap::new();
        for place in sessions
            .iter()
            .filter_map(|it| records.places.get(&it.id))
            .flatten()
        {
            held.entry(place.booking).or_default().push(place.session);
        }
        for Told { row, .. } in bookings {
            let mut here = held.remove(&row.id).unwrap_or_default();
            let count = here.len();
            here.sort_unstable();
            here.dedup();
            let wanted = if holds(row) { sessions.len() } else { 0 };
            if here.len() != wanted || here.len() != count {
                let why = format!(
                    "is {} and has {count} places in {} sessions",
                    row.state,
                    sessions.len()
                );
                found.push(about(row, "INV-2", why));
            }
        }
    }
}

/// INV-3.
fn guests_catch_up(records: &Records, found: &mut Vec<Finding>) {
    let runs: BTreeMap<SessionId, RunId> = records
        .sessions
        .iter()
        .flat_map(|(run, it)| it.iter().map(|it| (it.id, *run)))
        .collect();
    let homes: BTreeMap<BookingId, RunId> =
        records.all_bookings().map(|it| (it.row.id, it.row.run)).collect();
    let mut due: BTreeMap<(BookingId, SessionId), String> = BTreeMap::new();
    for it in records.catch_ups.iter().filter(|it| it.cancelled_at.is_none()) {
        due.insert((it.booking, it.target_session), it.id.to_string());
    }
    for place in records.places.values().flatten() {
        let home = homes.get(&place.booking);
        if home.is_some() && home == runs.get(&place.session) {
            continue;
        }
        if due.remove(&(place.booking, place.session)).is_none() {
            let why = format!(
                "booking {} of another run has it without a catch-up",
                place.booking
            );
            found.push(Finding {
                rule: "INV-3",
                table: "place",
                row: place.id.to_string(),
                why,
            });
        }
    }
    for ((booking, session), row) in due {
        let why = format!("booking {booking} has no place in session {session} of another run");
        found.push(Finding {
            rule: "INV-3",
            table: "catch_up",
            row,
            why,
        });
    }
}

/// Whether the run's last session has ended; the rounds may be about to note it.
fn is_over(records: &Records, run: RunId, now: Ts) -> bool {
    let sessions = records.sessions.get(&run).map_or(&[][..], Vec::as_slice);
    let end = sessions.iter().map(|it| it.ends_at).max();
    end.is_some_and(|end| end <= now)
}

/// INV-9. A booking on a run that is over stands in nobody's way.
fn one_booking_each(records: &Records, now: Ts, found: &mut Vec<Finding>) {
    let mut on_run: BTreeMap<(RunId, PersonId), Vec<&Stored>> = BTreeMap::new();
    let mut live: BTreeMap<(CourseId, PersonId), Vec<&Stored>> = BTreeMap::new();
    for Told { row, .. } in records.all_bookings() {
        on_run.entry((row.run, row.person)).or_default().push(row);
        let course = records.runs.get(&row.run).map(|it| it.course);
        let one_live = course.filter(|it| records.courses.get(it).is_some_and(|it| it.one_live));
        let over = is_over(records, row.run, now);
        let counts = one_live.filter(|_| is_live(row) && !over);
        if let Some(course) = counts {
            live.entry((course, records.who(row.person)))
                .or_default()
                .push(row);
        }
        if row.one_live_course != counts && !(over && row.one_live_course == one_live) {
            found.push(about(
                row,
                "INV-9",
                "says the wrong course for its one live booking",
            ));
        }
    }
    let twice = |it: &&Vec<&Stored>| it.len() > 1;
    let second_on_run = on_run
        .values()
        .filter(twice)
        .flatten()
        .map(|it| (it, "is not the person's only one on the run"));
    let second_live = live
        .values()
        .filter(twice)
        .flatten()
        .map(|it| (it, "is not the person's only live one"));
    found.extend(
        second_on_run
            .chain(second_live)
            .map(|(it, why)| about(it, "INV-9", why)),
    );
}

/// INV-11.
fn deadlines_belong(records: &Records, found: &mut Vec<Finding>) {
    for Told { row, .. } in records.all_bookings() {
        let waits = ["unconfirmed", "offered"].contains(&row.state.as_str());
        if row.until.is_some() != waits || row.window_minutes.is_some() != waits {
            let has = if row.until.is_some() { "a" } else { "no" };
            let window = if row.window_minutes.is_some() { "a" } else { "no" };
            found.push(about(
                row,
                "INV-11",
                format!("is {} with {has} deadline and {window} window", row.state),
            ));
        }
    }
}

/// INV-13.
fn moves_arrive(records: &Records, found: &mut Vec<Finding>) {
    let by_id: BTreeMap<BookingId, &Stored> = records.all_bookings().map(|it| (it.row.id, &it.row)).collect();
    let course = |it: &Stored| records.runs.get(&it.run).map(|it| it.course);
    for first in by_id.values().filter(|it| it.state == "moved") {
        let (mut last, mut seen) = (*first, BTreeSet::from([first.id]));
        let why = loop {
            let Some(next) = last.moved_to.and_then(|it| by_id.get(&it)) else {
                break Some("leads to no booking");
            };
            last = next;
            if !seen.insert(last.id) {
                break Some("leads back to where it came from");
            }
            if last.state != "moved" {
                let same =
                    records.who(last.person) == records.who(first.person) && course(last) == course(first);
                break (!same).then_some("leads to another person or course");
            }
        };
        if let Some(why) = why {
            found.push(about(first, "INV-13", why));
        }
    }
}

//! Runs and their dates: INV-4, 5, 12, 18 and 19.

use ids::{RunId, Ts};

use super::Finding;
use super::records::{Records, Told, UNREADABLE};
use crate::calendar::well_staffed;
use crate::entity::session;
use crate::london;
use crate::queue::{next_in_queue, stopped};
use crate::record::{self, Past};
use crate::snapshot::{RunState, Snapshot};
use crate::state::{Event, State};

pub(super) fn check(records: &Records, now: Ts, found: &mut Vec<Finding>) {
    for session in records.sessions.values().flatten() {
        times_agree(session, found);
    }
    for run in records.runs.keys() {
        staffed_when_published(records, *run, found);
        let Some(snapshot) = snapshot(records, *run, found) else {
            continue;
        };
        if snapshot.bookings.is_empty() {
            continue;
        }
        let last = records.last_commit.get(run).copied().unwrap_or(now);
        ended_when_it_should(&snapshot, last, found);
        settled(records, snapshot, last, now, found);
    }
}

fn about(run: RunId, rule: &'static str, why: impl Into<String>) -> Finding {
    Finding {
        rule,
        table: "run",
        row: run.to_string(),
        why: why.into(),
    }
}

/// INV-18.
fn times_agree(it: &session::Model, found: &mut Vec<Finding>) {
    let agree = |time, moment| london::moment(it.local_date, time) == Ok(moment);
    let why = if it.ends_at <= it.starts_at {
        "ends before it starts"
    } else if !agree(it.local_start, it.starts_at) {
        "does not start at its local time"
    } else if !agree(it.local_end, it.ends_at) {
        "does not end at its local time"
    } else {
        return;
    };
    found.push(Finding {
        rule: "INV-18",
        table: "session",
        row: it.id.to_string(),
        why: why.to_owned(),
    });
}

/// INV-19.
fn staffed_when_published(records: &Records, run: RunId, found: &mut Vec<Finding>) {
    let published = records.runs.get(&run).filter(|it| it.state == "published");
    if published.is_none_or(|it| it.facilitators_override.is_some()) {
        return;
    }
    let parts = records.facilitators.get(&run).map_or(&[][..], Vec::as_slice);
    let parts: Vec<&str> = parts
        .iter()
        .filter(|it| it.confirmed_at.is_some())
        .map(|it| it.part.as_str())
        .collect();
    if !well_staffed(&parts) {
        found.push(about(
            run,
            "INV-19",
            "is published without a peer trainer and one other, and without a reason",
        ));
    }
}

/// The run with its live bookings, as the rules see it.
fn snapshot(records: &Records, id: RunId, found: &mut Vec<Finding>) -> Option<Snapshot> {
    let row = records.runs.get(&id)?;
    let one_live = records.courses.get(&row.course).is_some_and(|it| it.one_live);
    let run = record::run(row.clone(), one_live).map_err(|it| {
        found.push(Finding {
            rule: UNREADABLE,
            table: it.table,
            row: it.id,
            why: it.why,
        });
    });
    let sessions = records.sessions.get(&id).map_or(&[][..], Vec::as_slice);
    let places = sessions
        .iter()
        .filter_map(|it| records.places.get(&it.id))
        .flatten();
    let bookings = records.bookings.get(&id).map_or(&[][..], Vec::as_slice).iter();
    let history = |it: &Told| -> Vec<Past> {
        let past = it.lines.iter();
        past.map(|it| Past {
            n: it.n,
            event: it.event.clone(),
            from: it.from_state.clone(),
        })
        .collect()
    };
    // A booking whose row makes no sense is named by INV-8 and INV-11.
    let bookings = bookings.filter_map(|it| record::booking(&it.row, &history(it)).ok());
    Some(Snapshot {
        run: run.ok()?,
        sessions: sessions.iter().map(record::session).collect(),
        places: places.map(record::place).collect(),
        bookings: bookings.filter(|it| it.state.is_live()).collect(),
        elsewhere: Vec::new(),
        settings: records.settings.clone(),
        days: records.days.clone(),
    })
}

/// INV-12.
fn ended_when_it_should(run: &Snapshot, last: Ts, found: &mut Vec<Finding>) {
    for it in &run.bookings {
        let why = if run.run.state == RunState::Cancelled {
            "is live in a run that was called off"
        } else if run.has_begun(last) && it.state != State::Booked {
            "waits in a run that has begun"
        } else {
            continue;
        };
        let row = it.id.to_string();
        found.push(Finding {
            rule: "INV-12",
            table: "booking",
            row,
            why: why.to_owned(),
        });
    }
}

/// INV-4 and INV-5.
///
/// A commit that changed the run without an event, more capacity say, came some time after the last
/// event and before `now`. What only time stops (the course starts too soon for offers) is then judged
/// at `now`: if it is not stopped now, it was not stopped then.
fn settled(records: &Records, mut run: Snapshot, last: Ts, now: Ts, found: &mut Vec<Finding>) {
    let id = run.run.id;
    let lines = records
        .bookings
        .get(&id)
        .into_iter()
        .flatten()
        .flat_map(|it| &it.lines);
    let told = lines.map(|it| it.run_rev).max() == Some(run.run.rev);
    let offers_at = if told { last } else { now };
    let offers_due = stopped(&run, offers_at).is_none();
    if offers_due && run.free_places() >= 1 && next_in_queue(&run).is_some() {
        found.push(about(
            id,
            "INV-4",
            "a place is free, and somebody waits who was not asked",
        ));
    }
    let due = run.settle(last).transitions;
    let due = due
        .iter()
        .filter(|it| offers_due || !matches!(it.event, Event::Offer { .. }));
    let due: Vec<String> = due
        .map(|it| format!("{} of {}", it.event.name(), it.booking))
        .collect();
    if !due.is_empty() {
        found.push(about(
            id,
            "INV-5",
            format!("was left with things to do: {}", due.join(", ")),
        ));
    }
}

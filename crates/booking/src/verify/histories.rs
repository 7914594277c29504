//! Histories: INV-6, 7, 8 and 10.

use std::collections::BTreeMap;

use ids::{BookingId, Ts};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Finding;
use super::records::{Line, Records, Told, numbered};
use crate::state::{By, Event, Note, State, Step, transition};

pub(super) fn check(records: &Records, found: &mut Vec<Finding>) {
    for it in records.all_bookings() {
        offers_rise(it, found);
        history_gives_the_state(it, found);
    }
    for (run, bookings) in &records.bookings {
        let next_seq = records.runs.get(run).map_or(i64::MAX, |it| it.next_seq);
        numbers_were_given(bookings, next_seq, found);
        nobody_was_passed_over(bookings, found);
    }
}

fn about(it: &Told, rule: &'static str, why: impl Into<String>) -> Finding {
    Finding {
        rule,
        table: "booking",
        row: it.row.id.to_string(),
        why: why.into(),
    }
}

/// INV-7.
fn offers_rise(it: &Told, found: &mut Vec<Finding>) {
    let offers: Vec<&Line> = it.lines.iter().filter(|it| it.event == "offer").collect();
    for (before, after) in offers.iter().zip(offers.iter().skip(1)) {
        if after.round <= before.round {
            let why = format!(
                "was offered a place in round {} and again in {}",
                before.round, after.round
            );
            let row = numbered(&it.row.id, after.n);
            found.push(Finding {
                rule: "INV-7",
                table: "booking_event",
                row,
                why,
            });
        }
    }
}

/// What the fold of a history knows.
#[derive(Clone, Copy, Debug, Default)]
struct Fold {
    state: Option<State>,
    asked_round: i32,
    paused: bool,
}

impl Fold {
    fn hear(&mut self, line: &Line, moved_to: Option<BookingId>) -> Result<(), String> {
        let event = event(line, moved_to).ok_or_else(|| format!("{:?} is no event", line.event))?;
        let before = self.state.map(State::name);
        if line.from_state.as_deref() != before {
            let from = line.from_state.as_deref().unwrap_or("nothing");
            return Err(format!(
                "it says from {from}, and the booking was {}",
                before.unwrap_or("nothing")
            ));
        }
        match transition(self.state, event) {
            Ok(Step::To(to)) if to.name() == line.to_state => self.state = Some(to),
            Ok(Step::To(to)) => {
                return Err(format!(
                    "it says to {}, and leads to {}",
                    line.to_state,
                    to.name()
                ));
            }
            Ok(Step::Already) => return Err("it changes nothing, so it should not be there".to_owned()),
            Err(refusal) => return Err(format!("it could not happen: {refusal}")),
        }
        match event {
            Event::Offer { .. } | Event::NoteAsked | Event::Decline | Event::Expire => {
                self.asked_round = line.round;
            }
            Event::Pause => self.paused = true,
            Event::Resume | Event::Join => self.paused = false,
            Event::Book { .. }
            | Event::Confirm
            | Event::Accept
            | Event::Cancel { .. }
            | Event::Move { .. }
            | Event::RunCancelled
            | Event::RunBegan
            | Event::Say(_)
            | Event::Reorder => {}
        }
        Ok(())
    }

    fn is_eligible(&self, round: i32) -> bool {
        self.state == Some(State::Waiting) && !self.paused && self.asked_round < round
    }
}

/// The event that a line tells of. Deadlines are not told, and no step depends on them.
fn event(line: &Line, moved_to: Option<BookingId>) -> Option<Event> {
    let until = Ts::new(OffsetDateTime::UNIX_EPOCH);
    Some(match line.event.as_str() {
        "book" => Event::Book {
            hold_until: (line.to_state == "unconfirmed").then_some(until),
        },
        "join" => Event::Join,
        "confirm" => Event::Confirm,
        "accept" => Event::Accept,
        "decline" => Event::Decline,
        "cancel" => Event::Cancel {
            by: if line.actor == "person" {
                By::Person
            } else {
                By::Team
            },
        },
        "move" => Event::Move {
            to: moved_to.unwrap_or(BookingId(Uuid::nil())),
        },
        "run_cancelled" => Event::RunCancelled,
        "run_began" => Event::RunBegan,
        "keep" => Event::Say(Note::Keep),
        "coming" => Event::Say(Note::Coming),
        "call_me" => Event::Say(Note::CallMe),
        "offer" => Event::Offer { until },
        "expire" => Event::Expire,
        "pause" => Event::Pause,
        "resume" => Event::Resume,
        "note_asked" => Event::NoteAsked,
        "reorder" => Event::Reorder,
        _ => return None,
    })
}

/// INV-8.
fn history_gives_the_state(it: &Told, found: &mut Vec<Finding>) {
    let mut fold = Fold::default();
    for (n, line) in (1..).zip(&it.lines) {
        let heard = if line.n == n {
            fold.hear(line, it.row.moved_to)
        } else {
            Err(format!("number {n} is missing"))
        };
        if let Err(why) = heard {
            let row = numbered(&it.row.id, line.n);
            found.push(Finding {
                rule: "INV-8",
                table: "booking_event",
                row,
                why,
            });
            return;
        }
    }
    let by = if let Some(State::Cancelled { by }) = fold.state {
        Some(by.name())
    } else {
        None
    };
    let words = |state: &str, by: Option<&str>| by.map_or(state.to_owned(), |by| format!("{state} by {by}"));
    let stored = words(&it.row.state, it.row.cancelled_by.as_deref());
    let told = words(fold.state.map_or("nothing", State::name), by);
    if stored != told {
        found.push(about(
            it,
            "INV-8",
            format!("is {stored}, and its history says {told}"),
        ));
    }
    if (it.row.paused, it.row.asked_round) != (fold.paused, fold.asked_round) {
        let said = |paused, round| format!("paused: {paused}, asked in round {round}");
        let (is, told) = (
            said(it.row.paused, it.row.asked_round),
            said(fold.paused, fold.asked_round),
        );
        found.push(about(it, "INV-8", format!("is {is}; its history says {told}")));
    }
}

fn is_dealt_a_number(line: &Line) -> bool {
    line.event == "join" || line.event == "reorder"
}

/// INV-10: everybody in the queue has a number, nobody else's, and numbers rise with joining.
fn numbers_were_given(bookings: &[Told], next_seq: i64, found: &mut Vec<Finding>) {
    let mut holders: BTreeMap<i64, usize> = BTreeMap::new();
    for seq in bookings.iter().filter_map(|it| it.row.joined_seq) {
        *holders.entry(seq).or_default() += 1;
    }
    let mut as_joined = Vec::new();
    for it in bookings {
        let queues = ["waiting", "offered"].contains(&it.row.state.as_str());
        let dealt = it.lines.iter().rfind(|line| is_dealt_a_number(line));
        let why = match (it.row.joined_seq, dealt) {
            (None, None) if !queues => None,
            (None, _) => Some("has no number in the queue"),
            (Some(_), None) => Some("has a number that no event gave"),
            (Some(seq), Some(_)) if holders.get(&seq) > Some(&1) => Some("shares its number in the queue"),
            (Some(seq), Some(_)) if seq < 1 || seq >= next_seq => {
                Some("has a number that was not given out yet")
            }
            (Some(seq), Some(line)) => {
                let reordered = it.lines.iter().any(|line| line.event == "reorder");
                as_joined.extend((!reordered).then_some((line.run_rev, seq, it)));
                None
            }
        };
        found.extend(why.map(|why| about(it, "INV-10", why)));
    }
    as_joined.sort_by_key(|(rev, ..)| *rev);
    for (before, after) in as_joined.iter().zip(as_joined.iter().skip(1)) {
        if after.1 < before.1 {
            let why = format!("joined after {} and has the lower number", before.2.row.id);
            found.push(about(after.2, "INV-10", why));
        }
    }
}

/// INV-6, as far as the records can tell: where somebody stood is known since they joined or were put
/// there last.
fn nobody_was_passed_over(bookings: &[Told], found: &mut Vec<Finding>) {
    let mut commits: BTreeMap<i64, Vec<(usize, &Line)>> = BTreeMap::new();
    if !bookings
        .iter()
        .any(|it| it.lines.iter().any(|line| line.event == "offer"))
    {
        return;
    }
    for (at, it) in bookings.iter().enumerate() {
        for line in &it.lines {
            commits.entry(line.run_rev).or_default().push((at, line));
        }
    }
    let stood_since = |it: &Told| {
        it.lines
            .iter()
            .rfind(|line| is_dealt_a_number(line))
            .map(|line| line.run_rev)
    };
    let stood_since = |it: &Told| it.row.joined_seq.and(stood_since(it)).unwrap_or(i64::MAX);
    let since: Vec<i64> = bookings.iter().map(stood_since).collect();
    let order = |at: usize| bookings.get(at).map(|it| (!it.row.priority, it.row.joined_seq));
    let mut folds = vec![Fold::default(); bookings.len()];
    for (rev, lines) in commits {
        // In one commit offers come last, so whoever is eligible after it was so when they were made.
        for (at, line) in &lines {
            if let (Some(fold), Some(it)) = (folds.get_mut(*at), bookings.get(*at)) {
                // A history that does not fold is named by INV-8.
                let _ = fold.hear(line, it.row.moved_to);
            }
        }
        let known = |at: usize| since.get(at).is_some_and(|it| *it <= rev);
        for (at, line) in lines
            .iter()
            .filter(|(at, line)| line.event == "offer" && known(*at))
        {
            let eligible = (0..)
                .zip(&folds)
                .filter(|(other, fold)| known(*other) && fold.is_eligible(line.round));
            let first = eligible.map(|(other, _)| other).min_by_key(|other| order(*other));
            if let Some(first) = first.filter(|first| order(*first) < order(*at))
                && let (Some(it), Some(first)) = (bookings.get(*at), bookings.get(first))
            {
                let why = format!(
                    "{} stood before them and could have been offered the place",
                    first.row.id
                );
                let row = numbered(&it.row.id, line.n);
                found.push(Finding {
                    rule: "INV-6",
                    table: "booking_event",
                    row,
                    why,
                });
            }
        }
    }
}

//! Who gets a freed place.
//!
//! The entry with priority, then the one that joined first, among those that were not yet asked in
//! this round and are not paused. Nobody overtakes: an offer that ends without an answer leaves the
//! entry where it was, and the place goes to the next; when a new place comes free, the round rises
//! and everybody can be asked again.

use ids::Ts;

use crate::settings::Settings;
use crate::snapshot::{Booking, RunState, Snapshot};

/// The entry that should be offered the next free place, if any can be.
pub fn next_in_queue(snapshot: &Snapshot) -> Option<&Booking> {
    let eligible = snapshot
        .bookings
        .iter()
        .filter(|it| it.is_eligible(&snapshot.run));
    eligible.min_by_key(|it| order(it))
}

/// The order of the queue: priority first, then by the number taken when joining.
pub fn order(entry: &Booking) -> (bool, Option<i64>) {
    (!entry.priority, entry.joined_seq)
}

/// Why no offers are made at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The run is not published.
    NotPublished,
    /// The team paused offers.
    OffersPaused,
    /// The course starts too soon for mail: the team phones down the list (B-42).
    NearStart,
}

/// The rule that stops offers now, if one does.
pub fn stopped(snapshot: &Snapshot, now: Ts) -> Option<Stop> {
    let near = Settings::hours(snapshot.settings.near_start);
    if snapshot.run.state != RunState::Published {
        Some(Stop::NotPublished)
    } else if snapshot.run.offers_paused {
        Some(Stop::OffersPaused)
    } else if snapshot.first_start().is_some_and(|start| start - now < near) {
        Some(Stop::NearStart)
    } else {
        None
    }
}

/// What people may know of their place in the queue (B-40).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// Nobody is in front.
    Next,
    /// Among the next five.
    NextFew,
    /// Behind them.
    FurtherDown,
}

/// The band of an entry of the queue; entries with an offer stand in it too.
pub fn band(snapshot: &Snapshot, entry: &Booking) -> Band {
    let in_front = snapshot
        .bookings
        .iter()
        .filter(|it| it.state == crate::State::Waiting || matches!(it.state, crate::State::Offered { .. }))
        .filter(|it| order(it) < order(entry))
        .count();
    match in_front {
        0 => Band::Next,
        1..=4 => Band::NextFew,
        _ => Band::FurtherDown,
    }
}

/// Why an entry has no offer at this moment, for the team (section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A rule stops all offers.
    Stopped(Stop),
    /// No place is free.
    Full,
    /// It was asked in this round.
    Asked,
    /// It is paused.
    Paused,
}

/// The one reason why `entry` waits without an offer.
pub fn why(snapshot: &Snapshot, entry: &Booking, now: Ts) -> Why {
    if entry.paused {
        Why::Paused
    } else if entry.asked_round >= snapshot.run.round {
        Why::Asked
    } else if let Some(stop) = stopped(snapshot, now) {
        Why::Stopped(stop)
    } else {
        Why::Full
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Change;
    use crate::examples::{RunR, id, team};

    #[test]
    fn people_see_a_band_and_not_a_number() {
        let mut r = RunR::full();
        for name in ["G", "H", "I"] {
            r.join(name).unwrap();
        }
        let bands = ["D", "E", "H", "I"].map(|it| band(&r.snapshot, r.booking(it)));
        assert_eq!(
            bands,
            [Band::Next, Band::NextFew, Band::NextFew, Band::FurtherDown]
        );
    }

    #[test]
    fn the_team_sees_why_each_entry_waits() {
        let mut r = RunR::full();
        let whys = |r: &RunR| ["D", "E", "F"].map(|it| why(&r.snapshot, r.booking(it), r.now));
        assert_eq!(whys(&r), [Why::Full; 3]);
        r.ask(Change::Pause(id("E")), &team()).unwrap();
        r.ask(Change::NoteAsked(id("F")), &team()).unwrap();
        assert_eq!(whys(&r), [Why::Full, Why::Paused, Why::Asked]);
        r.wait_until("Sat 5 June 11:00");
        assert_eq!(whys(&r)[0], Why::Stopped(Stop::NearStart));
        r.ask(Change::PauseOffers(true), &team()).unwrap();
        assert_eq!(whys(&r)[0], Why::Stopped(Stop::OffersPaused));
    }
}

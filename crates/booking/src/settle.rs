//! What follows when time passes or a place changes hands.

use ids::{BookingId, Ts};

use crate::deadlines::{by_day, offer_ends, offer_window};
use crate::queue::{Stop, next_in_queue, stopped};
use crate::snapshot::{Cause, RunState, Snapshot, Transition};
use crate::state::{Event, State};

/// What settling a run led to.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Settled {
    /// What happened to bookings, in order.
    pub transitions: Vec<Transition>,
    /// A place is free, somebody waits, and the course starts too soon for an offer: the team should
    /// have one open task to phone down the list (B-42).
    pub phone_list: bool,
}

impl Snapshot {
    /// Ends what is over or past its deadline, then offers the free places to the queue (section 3).
    /// Settling twice at the same moment does nothing the second time (INV-5).
    pub fn settle(&mut self, now: Ts) -> Settled {
        let mut settled = Settled::default();
        if self.run.state == RunState::Cancelled {
            settled.transitions = self.end_all(Event::RunCancelled, now);
            return settled;
        }
        if self.has_begun(now) {
            settled.transitions = self.end_all(Event::RunBegan, now);
            return settled;
        }
        while let Some(id) = self.overdue(now) {
            settled.transitions.extend(self.follow(id, Event::Expire, now));
            let limit = self.settings.expiries_to_pause;
            let silent = self.booking(id).is_some_and(|it| {
                it.state == State::Waiting && i64::from(it.expiries) >= limit && !it.paused
            });
            if silent {
                settled.transitions.extend(self.follow(id, Event::Pause, now));
            }
        }
        while self.free_places() >= 1 {
            let Some(id) = next_in_queue(self).map(|it| it.id) else { break };
            match stopped(self, now) {
                None => settled.transitions.extend(self.offer(id, now)),
                Some(stop) => {
                    settled.phone_list = stop == Stop::NearStart;
                    break;
                }
            }
        }
        settled
    }

    /// The unconfirmed booking, else the offer, that is longest past its deadline. Only those whose
    /// person could know: until the clock has started, nothing expires.
    fn overdue(&self, now: Ts) -> Option<BookingId> {
        let due = self.bookings.iter().filter(|it| {
            it.clock_from.is_some() && it.state.deadline().is_some_and(|until| until <= now)
        });
        let first = due.min_by_key(|it| {
            let offered = matches!(it.state, State::Offered { .. });
            (offered, it.state.deadline(), it.joined_seq, it.id)
        });
        first.map(|it| it.id)
    }

    /// Holds a place for an entry until the end of its window.
    fn offer(&mut self, id: BookingId, now: Ts) -> Option<Transition> {
        let start = self.first_start()?;
        let window = offer_window(&self.settings, now, start);
        let until = offer_ends(&self.settings, &self.days, by_day(&self.settings, now), window, start);
        let offered = self.follow(id, Event::Offer { until }, now);
        if let Some(it) = self.booking_mut(id) {
            it.window = Some(window);
            it.clock_from = None;
        }
        offered
    }

    fn end_all(&mut self, event: Event, now: Ts) -> Vec<Transition> {
        let live = self.bookings.iter().filter(|it| it.state.is_live()).map(|it| it.id).collect::<Vec<_>>();
        live.into_iter().filter_map(|id| self.follow(id, event, now)).collect()
    }

    /// Lets something happen that follows by itself; the state machine allows it here by construction.
    fn follow(&mut self, id: BookingId, event: Event, now: Ts) -> Option<Transition> {
        self.happen(id, event, now, Cause::system()).ok().flatten()
    }
}

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
            let Some(id) = next_in_queue(self).map(|it| it.id) else {
                break;
            };
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
        let due = self
            .bookings
            .iter()
            .filter(|it| it.clock_from.is_some() && it.state.deadline().is_some_and(|until| until <= now));
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
        let until = offer_ends(
            &self.settings,
            &self.days,
            by_day(&self.settings, now),
            window,
            start,
        );
        let offered = self.follow(id, Event::Offer { until }, now);
        if let Some(it) = self.booking_mut(id) {
            it.window = Some(window);
            it.clock_from = None;
        }
        offered
    }

    fn end_all(&mut self, event: Event, now: Ts) -> Vec<Transition> {
        let live = self
            .bookings
            .iter()
            .filter(|it| it.state.is_live())
            .map(|it| it.id)
            .collect::<Vec<_>>();
        live.into_iter()
            .filter_map(|id| self.follow(id, event, now))
            .collect()
    }

    /// Lets something happen that follows by itself; the state machine allows it here by construction.
    fn follow(&mut self, id: BookingId, event: Event, now: Ts) -> Option<Transition> {
        self.happen(id, event, now, Cause::system()).ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use crate::change::{Ask, Change};
    use crate::examples::{RunR, at, id, team};
    use crate::snapshot::{Cause, RunState};
    use crate::state::{Note, State};

    fn start_clocks(r: &mut RunR) {
        let open = r
            .snapshot
            .bookings
            .iter()
            .filter(|it| it.state.deadline().is_some());
        for it in open.map(|it| it.id).collect::<Vec<_>>() {
            r.ask(Change::StartClock(it), &Cause::system()).unwrap();
        }
    }

    /// One more place comes free, is offered to D alone, and D says nothing.
    fn silence(r: &mut RunR, day: &str, until: &str) {
        let capacity = r.snapshot.run.capacity + 1;
        r.wait_until(day)
            .ask(Change::SetCapacity(capacity), &team())
            .unwrap();
        start_clocks(r);
        r.wait_until(until);
        r.ask(Change::SetCapacity(capacity - 1), &team()).unwrap();
    }

    fn only_d_waits() -> RunR {
        let mut r = RunR::full();
        r.cancel("E");
        r.cancel("F");
        r
    }

    #[test]
    fn the_second_silence_in_a_row_pauses() {
        let mut r = only_d_waits();
        silence(&mut r, "Mon 10 May 10:00", "Wed 12 May 10:00");
        assert_eq!((r.booking("D").expiries, r.booking("D").paused), (1, false));
        silence(&mut r, "Mon 17 May 10:00", "Wed 19 May 10:00");
        assert_eq!((r.booking("D").expiries, r.booking("D").paused), (2, true));
        r.ask(Change::Resume(id("D")), &Cause::person()).unwrap();
        assert_eq!((r.booking("D").expiries, r.booking("D").paused), (0, false));
    }

    #[test]
    fn anything_the_person_says_begins_the_count_again() {
        let mut r = only_d_waits();
        silence(&mut r, "Mon 10 May 10:00", "Wed 12 May 10:00");
        r.ask(Change::Say(id("D"), Note::Keep), &Cause::person()).unwrap();
        silence(&mut r, "Mon 17 May 10:00", "Wed 19 May 10:00");
        assert_eq!((r.booking("D").expiries, r.booking("D").paused), (1, false));
    }

    #[test]
    fn priority_goes_first_and_then_the_number() {
        let mut r = RunR::full();
        r.ask(
            Change::Join(Ask {
                priority: true,
                ..RunR::asks("P")
            }),
            &Cause::person(),
        )
        .unwrap();
        r.ask(Change::SetCapacity(14), &team()).unwrap();
        assert_eq!(
            ["P", "D", "E"].map(|it| r.booking(it).state.name()),
            ["offered", "offered", "waiting"]
        );
    }

    #[test]
    fn holds_end_before_offers_and_each_in_the_order_of_their_deadlines() {
        let mut r = RunR::with(&["A1"]);
        r.snapshot.run.capacity = 4;
        r.hold("H2").unwrap();
        r.wait_until("Mon 3 May 10:00").hold("H1").unwrap();
        r.ask(Change::SetCapacity(3), &team()).unwrap();
        r.join("D").unwrap();
        r.ask(Change::SetCapacity(4), &team()).unwrap();
        start_clocks(&mut r);
        r.now = at("Mon 10 May 10:00");
        r.tick();
        let ended: Vec<_> = r
            .last
            .iter()
            .filter(|it| it.event.name() == "expire")
            .map(|it| it.booking)
            .collect();
        assert_eq!(ended, [id("H2"), id("H1"), id("D")]);
        assert_eq!(
            r.booking("D").state,
            State::Waiting,
            "the places of this round were asked about"
        );
    }

    #[test]
    fn when_the_course_begins_holds_lapse_the_queue_closes_and_the_booked_stay() {
        let mut r = RunR::full();
        r.wait_until("Sat 5 June 11:00").cancel("A1");
        r.wait_until("Tue 8 June 10:00");
        assert_eq!(
            ["A2", "D", "E"].map(|it| r.booking(it).state.name()),
            ["booked", "closed", "closed"]
        );
        assert!(!r.phone_list);
    }

    #[test]
    fn nothing_is_offered_while_offers_are_paused_or_the_run_is_not_published() {
        let mut r = RunR::full();
        r.ask(Change::PauseOffers(true), &team()).unwrap();
        r.cancel("A1");
        assert_eq!(r.last.len(), 1);
        assert!(!r.phone_list);
        let mut draft = r.clone();
        draft.snapshot.run.state = RunState::Draft;
        draft.ask(Change::PauseOffers(false), &team()).unwrap();
        assert_eq!(draft.last, []);
        r.ask(Change::PauseOffers(false), &team()).unwrap();
        assert_eq!(r.booking("D").state.name(), "offered");
    }
}

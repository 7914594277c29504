//! What a visitor is told about the places of a run (B-06).

use ids::Ts;

use crate::snapshot::{RunState, Snapshot};

/// One of the things a visitor can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Booking opens later.
    OpensSoon(Ts),
    /// Places are free.
    Open,
    /// So few places are free that they are counted.
    Few(i64),
    /// No place can be booked now.
    Full {
        /// Whether one can join the waiting list.
        waiting_list: bool,
    },
    /// Booking has closed.
    Closed,
    /// The run was called off.
    Cancelled,
    /// The last session is over.
    Finished,
}

impl Snapshot {
    /// What a visitor is told now.
    pub fn availability(&self, now: Ts) -> Availability {
        if self.run.state == RunState::Cancelled {
            return Availability::Cancelled;
        }
        if self.last_end().is_some_and(|end| end <= now) {
            return Availability::Finished;
        }
        if now >= self.run.closes_at || self.has_begun(now) {
            return Availability::Closed;
        }
        if now < self.run.opens_at {
            return Availability::OpensSoon(self.run.opens_at);
        }
        match self.public_free(now) {
            0 => Availability::Full { waiting_list: self.run.waiting_list },
            few if few <= self.settings.show_exact_up_to => Availability::Few(few),
            _ => Availability::Open,
        }
    }
}

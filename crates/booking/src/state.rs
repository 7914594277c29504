//! Which state may follow which.
//!
//! `transition` is the whole of the table in section 2 of the booking rules, and total: every pair of
//! state and event has an answer. Whether an event may happen *now* (dates, places, other bookings)
//! is decided before, in [`crate::change`].

use ids::{BookingId, Ts};
use thiserror::Error;

/// Where a booking is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Holds a place until the person confirms the address.
    Unconfirmed {
        /// The moment the hold ends, if the person was told in time.
        until: Ts,
    },
    /// Has a place.
    Booked,
    /// In the queue.
    Waiting,
    /// In the queue, and a place is held for an answer.
    Offered {
        /// The moment the offer ends, if the person was told in time.
        until: Ts,
    },
    /// Ended by somebody.
    Cancelled {
        /// Who ended it.
        by: By,
    },
    /// Replaced by a booking on other dates.
    Moved {
        /// The booking that replaced it.
        to: BookingId,
    },
    /// Never confirmed.
    Lapsed,
    /// The run began while the person was waiting.
    Closed,
}

/// Who ended a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The person who booked.
    Person,
    /// The team, for this person alone.
    Team,
    /// The whole run was cancelled.
    RunCancelled,
}

impl State {
    /// Whether the booking holds a place in every session of its run (INV-2).
    pub fn holds_a_place(self) -> bool {
        match self {
            Self::Unconfirmed { .. } | Self::Booked | Self::Offered { .. } => true,
            Self::Waiting | Self::Cancelled { .. } | Self::Moved { .. } | Self::Lapsed | Self::Closed => {
                false
            }
        }
    }

    /// Whether the booking has not ended.
    pub fn is_live(self) -> bool {
        match self {
            Self::Unconfirmed { .. } | Self::Booked | Self::Waiting | Self::Offered { .. } => true,
            Self::Cancelled { .. } | Self::Moved { .. } | Self::Lapsed | Self::Closed => false,
        }
    }

    /// When the state ends by itself; exactly unconfirmed and offered bookings have this (INV-11).
    pub fn deadline(self) -> Option<Ts> {
        match self {
            Self::Unconfirmed { until } | Self::Offered { until } => Some(until),
            Self::Booked
            | Self::Waiting
            | Self::Cancelled { .. }
            | Self::Moved { .. }
            | Self::Lapsed
            | Self::Closed => None,
        }
    }

    /// The word for the state in records, routes and history.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::Booked => "booked",
            Self::Waiting => "waiting",
            Self::Offered { .. } => "offered",
            Self::Cancelled { .. } => "cancelled",
            Self::Moved { .. } => "moved",
            Self::Lapsed => "lapsed",
            Self::Closed => "closed",
        }
    }
}

impl By {
    /// The word in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Team => "team",
            Self::RunCancelled => "run_cancelled",
        }
    }
}

/// What happens to one booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A place was asked for; `hold_until` is set when the address is still to be confirmed.
    Book {
        /// The end of the hold, for an unproven address.
        hold_until: Option<Ts>,
    },
    /// The waiting list was asked for.
    Join,
    /// The person said that it was they who booked.
    Confirm,
    /// The person said yes to an offer.
    Accept,
    /// The person said no to an offer and stays on the list.
    Decline,
    /// Somebody ended the booking.
    Cancel {
        /// Who.
        by: By,
    },
    /// The booking goes on as another one, on other dates.
    Move {
        /// The other one.
        to: BookingId,
    },
    /// The whole run was cancelled.
    RunCancelled,
    /// The first session began.
    RunBegan,
    /// The person told us something that changes no place.
    Say(Note),
    /// A place is held for this entry.
    Offer {
        /// When the offer ends.
        until: Ts,
    },
    /// The hold or offer ended without an answer.
    Expire,
    /// The entry gets no offers for now.
    Pause,
    /// The entry gets offers again.
    Resume,
    /// The entry was asked about the place in another way.
    NoteAsked,
    /// The team gave the entry another place in the queue.
    Reorder,
}

/// What a person can tell us without a place changing hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// They keep the booking after a change.
    Keep,
    /// They are coming.
    Coming,
    /// They would like a call.
    CallMe,
}

impl Event {
    /// The word in the history of a booking.
    pub fn name(self) -> &'static str {
        match self {
            Self::Book { .. } => "book",
            Self::Join => "join",
            Self::Confirm => "confirm",
            Self::Accept => "accept",
            Self::Decline => "decline",
            Self::Cancel { .. } => "cancel",
            Self::Move { .. } => "move",
            Self::RunCancelled => "run_cancelled",
            Self::RunBegan => "run_began",
            Self::Say(Note::Keep) => "keep",
            Self::Say(Note::Coming) => "coming",
            Self::Say(Note::CallMe) => "call_me",
            Self::Offer { .. } => "offer",
            Self::Expire => "expire",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::NoteAsked => "note_asked",
            Self::Reorder => "reorder",
        }
    }
}

/// What an event leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The booking is in this state now, and its history says so.
    To(State),
    /// It is so already: success, nothing is written.
    Already,
}

/// Why something asked for did not happen: the `!Names` of the booking rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Error)]
#[expect(
    missing_docs,
    reason = "the names are those of the rules, and their messages say what they mean"
)]
pub enum Refusal {
    #[error("no such booking")]
    NotFound,
    #[error("has a place already")]
    Booked,
    #[error("is on the list already")]
    Waiting,
    #[error("has an offer to answer")]
    Offered,
    #[error("an offer is accepted, not confirmed")]
    UseAccept,
    #[error("a hold is confirmed, not accepted")]
    UseConfirm,
    #[error("a place is given back by cancelling")]
    UseCancel,
    #[error("the offer is over and no place is free")]
    OfferOver,
    #[error("the booking has ended")]
    Ended,
    #[error("the booking moved to other dates")]
    Moved,
    #[error("the course has begun")]
    RunStarted,
    #[error("is not on the list")]
    NotWaiting,
    #[error("nothing is due")]
    NotDue,
    #[error("the dates are not published")]
    NotPublished,
    #[error("the dates are cancelled")]
    RunCancelled,
    #[error("booking has not opened")]
    NotOpen,
    #[error("booking has closed")]
    BookingClosed,
    #[error("no place is free")]
    NoPlace,
    #[error("somebody waits in front, so a reason is needed")]
    NeedsReason,
    #[error("the person has another booking for this course")]
    OtherBooking,
    #[error("the dates have no waiting list")]
    ListOff,
    #[error("places are free, so nobody needs to wait")]
    PlacesFree,
    #[error("too many places are held for this address")]
    TooManyHolds,
}

/// The state after `event`; `None` is a person without a record on this run.
#[expect(
    clippy::match_same_arms,
    reason = "read row by row, as the table of the rules is"
)]
pub fn transition(state: Option<State>, event: Event) -> Result<Step, Refusal> {
    use State::{Booked, Cancelled, Closed, Lapsed, Moved, Offered, Unconfirmed, Waiting};
    let Some(state) = state else {
        return without_record(event);
    };
    let to = |state| Ok(Step::To(state));
    match (event, state) {
        (Event::Book { .. }, Unconfirmed { .. } | Booked) => Err(Refusal::Booked),
        (Event::Book { .. }, Waiting | Offered { .. }) => to(Booked),
        (Event::Book { hold_until }, Cancelled { .. } | Lapsed | Moved { .. }) => {
            to(hold_until.map_or(Booked, |until| Unconfirmed { until }))
        }
        (Event::Join, Unconfirmed { .. } | Booked) => Err(Refusal::Booked),
        (Event::Join, Waiting) => Err(Refusal::Waiting),
        (Event::Join, Offered { .. }) => Err(Refusal::Offered),
        (Event::Join, Cancelled { .. } | Lapsed | Moved { .. }) => to(Waiting),
        (Event::Book { .. } | Event::Join | Event::Confirm | Event::Accept | Event::Move { .. }, Closed) => {
            Err(Refusal::RunStarted)
        }

        (Event::Confirm, Unconfirmed { .. } | Lapsed) => to(Booked),
        (Event::Confirm, Booked | Waiting) => Ok(Step::Already),
        (Event::Confirm, Offered { .. }) => Err(Refusal::UseAccept),
        (Event::Confirm | Event::Move { .. }, Cancelled { .. }) => Err(Refusal::Ended),
        (Event::Accept, Unconfirmed { .. }) => Err(Refusal::UseConfirm),
        (Event::Accept, Booked) => Ok(Step::Already),
        (Event::Accept, Waiting | Offered { .. }) => to(Booked),
        (Event::Accept, Cancelled { .. } | Lapsed) | (Event::Move { .. }, Lapsed) => Err(Refusal::Ended),
        (Event::Decline, Unconfirmed { .. } | Booked) => Err(Refusal::UseCancel),
        (Event::Decline, Offered { .. }) => to(Waiting),
        (Event::Decline, Waiting | Cancelled { .. } | Lapsed | Closed) => Ok(Step::Already),
        (Event::Cancel { by }, Unconfirmed { .. } | Booked | Waiting | Offered { .. }) => {
            to(Cancelled { by })
        }
        (Event::Cancel { .. }, Cancelled { .. } | Lapsed | Closed) => Ok(Step::Already),
        (Event::Move { to: other }, Unconfirmed { .. } | Booked | Waiting | Offered { .. }) => {
            to(Moved { to: other })
        }
        (
            Event::Confirm | Event::Accept | Event::Decline | Event::Cancel { .. } | Event::Move { .. },
            Moved { .. },
        ) => Err(Refusal::Moved),

        (Event::RunCancelled, Unconfirmed { .. } | Booked | Waiting | Offered { .. }) => {
            to(Cancelled { by: By::RunCancelled })
        }
        (Event::RunBegan, Unconfirmed { .. }) => to(Lapsed),
        (Event::RunBegan, Waiting | Offered { .. }) => to(Closed),
        (Event::RunBegan, Booked) => Ok(Step::Already),
        (Event::Say(_), Unconfirmed { .. } | Booked | Waiting | Offered { .. }) => to(state),
        (
            Event::RunCancelled | Event::RunBegan | Event::Say(_),
            Cancelled { .. } | Lapsed | Moved { .. } | Closed,
        ) => Ok(Step::Already),

        (Event::Offer { until }, Waiting) => to(Offered { until }),
        (Event::Expire, Unconfirmed { .. }) => to(Lapsed),
        (Event::Expire, Offered { .. }) => to(Waiting),
        (Event::Pause | Event::Resume | Event::NoteAsked | Event::Reorder, Waiting) => to(Waiting),
        (Event::Expire, Booked | Waiting | Cancelled { .. } | Lapsed | Moved { .. } | Closed) => {
            Err(Refusal::NotDue)
        }
        (
            Event::Offer { .. } | Event::Pause | Event::Resume | Event::NoteAsked | Event::Reorder,
            Unconfirmed { .. } | Booked | Offered { .. } | Cancelled { .. } | Lapsed | Moved { .. } | Closed,
        ) => Err(Refusal::NotWaiting),
    }
}

/// A first booking or a first place in the queue; everything else needs a record.
fn without_record(event: Event) -> Result<Step, Refusal> {
    match event {
        Event::Book { hold_until } => Ok(Step::To(
            hold_until.map_or(State::Booked, |until| State::Unconfirmed { until }),
        )),
        Event::Join => Ok(Step::To(State::Waiting)),
        Event::Confirm
        | Event::Accept
        | Event::Decline
        | Event::Cancel { .. }
        | Event::Move { .. }
        | Event::RunCancelled
        | Event::RunBegan
        | Event::Say(_)
        | Event::Offer { .. }
        | Event::Expire
        | Event::Pause
        | Event::Resume
        | Event::NoteAsked
        | Event::Reorder => Err(Refusal::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;
    use time::macros::datetime;
    use uuid::Uuid;

    /// Every state against every event: this table is the documentation, row by row as in the rules.
    #[test]
    fn the_whole_table() {
        let until = Ts::new(datetime!(2027-06-01 12:00 UTC));
        let other = BookingId(Uuid::nil());
        let states = [
            None,
            Some(State::Unconfirmed { until }),
            Some(State::Booked),
            Some(State::Waiting),
            Some(State::Offered { until }),
            Some(State::Cancelled { by: By::Team }),
            Some(State::Lapsed),
            Some(State::Moved { to: other }),
            Some(State::Closed),
        ];
        let events = [
            Event::Book { hold_until: None },
            Event::Book {
                hold_until: Some(until),
            },
            Event::Join,
            Event::Confirm,
            Event::Accept,
            Event::Decline,
            Event::Cancel { by: By::Person },
            Event::Move { to: other },
            Event::RunCancelled,
            Event::RunBegan,
            Event::Say(Note::Keep),
            Event::Say(Note::Coming),
            Event::Say(Note::CallMe),
            Event::Offer { until },
            Event::Expire,
            Event::Pause,
            Event::Resume,
            Event::NoteAsked,
            Event::Reorder,
        ];
        let mut table = String::new();
        for event in events {
            let held = matches!(event, Event::Book { hold_until: Some(_) });
            let row = if held {
                format!("{} (held)", event.name())
            } else {
                event.name().to_owned()
            };
            write!(table, "{row:<13}").unwrap();
            for state in states {
                let cell = match transition(state, event) {
                    Ok(Step::To(to)) => to.name().to_owned(),
                    Ok(Step::Already) => "=".to_owned(),
                    Err(refusal) => format!("!{refusal:?}"),
                };
                write!(table, " {cell:<12}").unwrap();
            }
            table = table.trim_end().to_owned() + "\n";
        }
        insta::assert_snapshot!(table);
    }
}

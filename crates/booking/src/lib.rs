//! Booking: who has a place on which dates.
//!
//! The rules are arithmetic on a [`Snapshot`] of one run: no database, no clock, no page. One door,
//! [`allocator`], locks a run, loads the snapshot, applies a [`Change`], settles and writes.
//!
//! | Where is the rule for ...? | File |
//! |---|---|
//! | who gets a freed place | `queue.rs` |
//! | what follows when time passes or a place comes free | `settle.rs` |
//! | which state may follow which | `state.rs` |
//! | what people and staff may ask for, and when it is refused | `change.rs` |
//! | how long a hold or offer lasts, what a working day is | `deadlines.rs` |
//! | what a visitor is told about places | `availability.rs` |
//! | who writes, under which lock | `allocator.rs` |
//! | looking bookings up | `bookings.rs`, `search.rs` |
//! | planning, publishing and changing dates | `calendar.rs`, `before.rs` |
//! | versions of a course: drafts, approval | `courses.rs` |
//! | dates as the team plans them; who teaches; what to look at twice | `plan.rs` |
//! | local time and clock changes | `london.rs` |
//! | the numbers a team may choose | `settings.rs` |
//! | who was there, and how a course went for somebody | `attendance.rs` and its folder |
//! | certificates: when one is issued, replaced, withdrawn | `certificate.rs` and its folder |
//! | who catches up a missed day on other dates | `catch_up.rs` and its folder |
//! | who runs which dates | `facilitators.rs` |
//! | when people are reminded, and called about a change | `reminders.rs` |
//! | how confident people are before and after, and what they say | `evaluation.rs` |
//! | looking back at a course with a peer | `review.rs` |
//! | what the team wants to know about a year | `reports.rs` and its folder |
//! | what must always hold | `verify.rs` |

// An index that is not there would be a panic (T-65). Tests may.
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::string_slice))]

pub mod allocator;
pub mod attendance;
pub mod availability;
mod before;
pub mod bookings;
pub mod calendar;
pub mod catch_up;
pub mod certificate;
pub mod change;
pub mod courses;
pub mod deadlines;
#[expect(
    unreachable_pub,
    reason = "the derive of sea-orm wants public types in these private modules"
)]
pub(crate) mod entity;
mod error;
pub mod evaluation;
#[cfg(test)]
mod examples;
pub mod facilitators;
#[cfg(test)]
mod histories;
pub mod london;
pub mod plan;
pub mod queue;
mod record;
pub mod reminders;
pub mod reports;
pub mod review;
pub mod search;
pub mod settings;
pub mod settle;
pub mod snapshot;
pub mod state;
pub mod verify;

pub use allocator::{Asked, Fresh, Outcome, allocate};
pub use availability::Availability;
pub use bookings::BookingRecord;
pub use change::{Ask, Change};
pub use error::{Corrupt, Error};
pub use record::{Details, Source};
pub use settings::Settings;
pub use snapshot::{Actor, Booking, Cause, Channel, Snapshot, Transition};
pub use state::{By, Event, Note, Refusal, State};
pub use verify::{Finding, verify};

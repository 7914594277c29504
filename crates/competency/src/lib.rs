//! Competency: the booklet in which a trainee shows that the competencies are met.
//!
//! The rules are arithmetic on what stands in a booklet: no clock, no page. Days are those of London and
//! are handed in.
//!
//! | Where is the rule for ...? | File |
//! |---|---|
//! | which state of an item may follow which | `item.rs` |
//! | which state of a booklet may follow which, and what it needs | `booklet.rs` |
//! | who may decide, countersign and be named | `sign_off.rs` |
//! | what a framework holds, and what its versions may become | `framework.rs` and its folder |
//! | what counts as evidence | `evidence.rs` |
//! | what is still missing | `complete.rs` |
//! | what a decision must say | `words.rs` |
//! | who may read a reflection; what gives somebody away in one | `rings.rs`, `identifying.rs` |
//! | active weeks, pauses, windows of reviews, hours | `weeks.rs` |
//! | working days | `days.rs` |
//! | the numbers that come with a template | `template.rs` |
//! | the numbers that a team may choose | `settings.rs` |
//! | what must always hold | `verify.rs` |

// An index that is not there would be a panic (T-65). Tests may.
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::string_slice))]

pub mod booklet;
pub mod complete;
pub mod days;
#[expect(
    unreachable_pub,
    reason = "the derive of sea-orm wants public types in these private modules"
)]
pub(crate) mod entity;
mod error;
pub mod evidence;
pub mod framework;
pub mod identifying;
pub mod item;
pub mod rings;
pub mod settings;
pub mod sign_off;
pub mod template;
pub mod verify;
pub mod weeks;
pub mod words;

pub use chain::event::Role;
pub use complete::{Gap, Snapshot, missing};
pub use days::WorkingDays;
pub use error::{Corrupt, Error, Refusal};
pub use settings::Settings;
pub use template::Rules;
pub use verify::{Finding, verify};

//! The chain of decisions about a booklet: what was recorded and when, so that nobody can alter it
//! unseen (section 5 of the competency rules).
//!
//! Bytes, hashes and signatures alone: no database, no clock, no dice, so that a stranger can check a
//! bundle with it. What may be decided is the business of `competency`.
//!
//! | Where is the rule for ...? | File |
//! |---|---|
//! | which bytes are hashed | `canonical.rs` |
//! | how content is bound without being shown | `commitment.rs` |
//! | which fields an event has | `event.rs` |
//! | how an event names the one before it, and who signs it | `link.rs`, `key.rs` |
//! | whether a chain was altered | `verify.rs` |

// An index that is not there would be a panic (T-65). Tests may.
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::string_slice))]

pub mod canonical;
pub mod commitment;
mod digest;
pub mod event;
mod key;
pub mod link;
pub mod verify;

pub use canonical::{NotCanonical, canonical};
pub use commitment::{Salt, commitment};
pub use digest::{Digest, NotHex, digest};
pub use event::Event;
pub use key::{InstanceKey, PublicKey, Signature};
pub use link::{Link, append, hash};

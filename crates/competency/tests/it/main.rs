//! The records of competency on real, migrated databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod database;
mod frameworks;

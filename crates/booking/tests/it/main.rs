//! The door and its readers on real, migrated databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod attendance;
mod courses;
mod database;
mod door;
mod readers;
mod records;

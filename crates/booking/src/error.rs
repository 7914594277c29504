//! What a caller must tell apart, and no more.

use sea_orm::DbErr;
use thiserror::Error;

use crate::state::Refusal;

/// Why a change or a reading did not succeed.
#[derive(Debug, Error)]
pub enum Error {
    /// A rule says no; nothing was written.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// A new run or new dates break a rule of publishing (B-01 to B-04, B-95).
    #[error("dates refused: {0}")]
    Dates(#[from] crate::calendar::DatesRefused),
    /// A register was not saved (B-60 to B-62); nothing was written.
    #[error("not recorded: {0}")]
    NotRecorded(#[from] crate::attendance::NotRecorded),
    /// A missed day cannot be caught up there (B-70, B-71); nothing was written.
    #[error("not caught up: {0}")]
    NoCatchUp(#[from] crate::catch_up::NoCatchUp),
    /// The database failed.
    #[error("storage: {0}")]
    Storage(#[from] DbErr),
    /// A row makes no sense.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}

/// A row that makes no sense: which, and why.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{table} {id}: {why}")]
pub struct Corrupt {
    /// The table.
    pub table: &'static str,
    /// The row.
    pub id: String,
    /// What is wrong with it.
    pub why: String,
}

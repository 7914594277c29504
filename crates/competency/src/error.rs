//! What a caller must tell apart, and no more.

use chain::NotCanonical;
use sea_orm::DbErr;
use thiserror::Error;

/// Why a change or a reading did not succeed.
#[derive(Debug, Error)]
pub enum Error {
    /// A rule says no; nothing was written.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// Something holds what cannot be hashed.
    #[error("not to be hashed: {0}")]
    NotCanonical(#[from] NotCanonical),
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

/// Why something asked for did not happen; nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Refusal {
    #[error("no such record")]
    NotFound,
    #[error("this role does not do that")]
    NotTheirs,
    #[error("nobody decides in a booklet of their own")]
    OwnBooklet,
    #[error("this does not follow from the state it is in")]
    NotNow,
    #[error("the booklet is not active")]
    NotActive,
    #[error("after a reassessment an item is achieved or not")]
    NotInThisAttempt,
    #[error("every reassessment was used")]
    NoAttemptLeft,
    #[error("a required competency always applies")]
    Required,
    #[error("the final review comes first")]
    BeforeFinalReview,
    #[error("some words are missing or too short")]
    Words,
    #[error("an action plan goes with it")]
    NoPlan,
    #[error("this kind of evidence does not count here")]
    KindNotAllowed,
    #[error("evidence of this kind is written by others")]
    NotTheAuthor,
    #[error("a piece of evidence comes first")]
    NoEvidence,
    #[error("something is still missing")]
    Incomplete,
    #[error("the day is to come")]
    InTheFuture,
    #[error("no placement was running on that day")]
    OutsidePlacements,
    #[error("the booklet was paused on that day")]
    Paused,
    #[error("after so long a pause only a lead resumes")]
    LongPause,
    #[error("the pause cannot end before it began")]
    BeforeThePause,
    #[error("an assessor, a line supervisor and the trainee's ticks come first")]
    NotReadyToOpen,
    #[error("the declaration is not ticked")]
    NotDeclared,
    #[error("a request is open already")]
    RequestOpen,
    #[error("nothing calls for a referral")]
    NoReasonToRefer,
    #[error("a reassessment is still possible")]
    ReassessmentLeft,
    #[error("an assessor of a placement is not its supervisor")]
    AssessorSupervises,
    #[error("this person signs for the booklet no more, or not yet")]
    NotCurrent,
    #[error("the assessor was not prepared in time")]
    NotPrepared,
    #[error("the assessor declares a conflict of interest")]
    Conflict,
    #[error("whoever countersigns took no part")]
    TookPart,
    #[error("what was published never changes")]
    Published,
}

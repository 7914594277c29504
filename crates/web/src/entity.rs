//! Rows as they are stored, of the tables that belong to this crate.

pub(crate) mod access_need;
pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod calendar_entry;
pub(crate) mod draft;
pub(crate) mod emergency_contact;
pub(crate) mod equality_counter;
pub(crate) mod factor;
pub(crate) mod interest_registration;
pub(crate) mod link;
pub(crate) mod mark;
pub(crate) mod operation;
pub(crate) mod outbox_mail;
pub(crate) mod person;
pub(crate) mod role;
pub(crate) mod setting;
pub(crate) mod sign_in;
pub(crate) mod sign_in_attempt;
pub(crate) mod stash;
pub(crate) mod task_outcome;
pub(crate) mod team_task;
pub(crate) mod text_version;

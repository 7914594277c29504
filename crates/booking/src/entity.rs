//! Rows as they are stored; nobody outside this crate sees them.

pub(crate) mod attendance;
pub(crate) mod bank_holiday;
pub(crate) mod booking;
pub(crate) mod booking_event;
pub(crate) mod catch_up;
pub(crate) mod course;
pub(crate) mod course_review;
pub(crate) mod course_version;
pub(crate) mod evaluation;
pub(crate) mod facilitator;
pub(crate) mod let_in;
pub(crate) mod place;
pub(crate) mod run;
pub(crate) mod session;
pub(crate) mod setting;

//! Promises, each in a file named after it, kept through the pages that people use.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod architecture;
mod booking;
mod command_line;
mod course_dates;
mod database_away;
mod leaves_no_trace;
mod lost_links;
mod new_dates;
mod waiting_list;

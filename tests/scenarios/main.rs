//! Promises, each in a file named after it, kept through the pages that people use.

mod architecture;
mod booking;
mod course_dates;
mod leaves_no_trace;
mod lost_links;
mod new_dates;
mod waiting_list;

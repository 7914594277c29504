//! What scenarios are written with: a whole service in one process, a browser that finds fields by
//! their labels, and a clock that is moved by hand.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

mod app;
mod browser;
mod database;
mod every_answer;
mod journey;
mod program;
mod proxy;
mod sink;
mod team;

pub use app::{TestApp, london};
pub use browser::{Browser, Form, PageView};
pub use database::TestDatabase;
pub use journey::Applicant;
pub use program::{Installation, NO_ANSWER, Served, program};
pub use proxy::Proxy;
pub use sink::{Kept, Sink};
pub use team::Member;

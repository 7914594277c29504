//! The applicant's booking journey, from the first question to the page that says how it went.
//!
//! The answers live in a draft, which only its link opens; a booking is made when the last page is
//! sent, all at once. Files: `start` opens a draft, `question` asks, `answers` reads and judges,
//! `check` shows everything and asks for the statements, `send` books, `done` says how it went,
//! `address` mends a mistyped one, `dates` helps on when a place is gone, `resume` saves for later.

mod address;
pub(crate) mod answers;
mod check;
mod dates;
mod done;
mod draft;
mod question;
mod resume;
pub(crate) mod send;
mod start;

use axum::extract::State;
use axum::response::Response;
use axum_extra::routing::TypedPath;
use serde::Deserialize;

use crate::app::App;
use crate::error::Error;
use crate::forms::Fields;
use crate::routes::{Routes, Who};
use crate::visitor::Visitor;
use answers::{Contact, Post, Support, You};
use draft::Kind;

/// `/courses/{course}/{run}/book`
#[derive(TypedPath, Deserialize)]
#[typed_path("/courses/{course}/{run}/book")]
pub(crate) struct BookPath {
    pub course: String,
    pub run: String,
}

/// `/courses/{course}/{run}/wait`
#[derive(TypedPath, Deserialize)]
#[typed_path("/courses/{course}/{run}/wait")]
pub(crate) struct WaitPath {
    pub course: String,
    pub run: String,
}

/// `/book/{draft}/you`
#[derive(TypedPath, Deserialize)]
#[typed_path("/book/{draft}/you")]
pub(crate) struct YouPath {
    pub draft: String,
}

/// `/book/{draft}/contact`
#[derive(TypedPath, Deserialize)]
#[typed_path("/book/{draft}/contact")]
pub(crate) struct ContactPath {
    pub draft: String,
}

/// `/book/{draft}/post`
#[derive(TypedPath, Deserialize)]
#[typed_path("/book/{draft}/post")]
pub(crate) struct PostPath {
    pub draft: String,
}

/// `/book/{draft}/support`
#[derive(TypedPath, Deserialize)]
#[typed_path("/book/{draft}/support")]
pub(crate) struct SupportPath {
    pub draft: String,
}

/// `/book/{draft}/check`
#[derive(TypedPath, Deserialize)]
#[typed_path("/book/{draft}/check")]
pub(crate) struct CheckPath {
    pub draft: String,
}

/// `/book/{draft}/dates`
#[derive(TypedPath, Deserialize)]
#[typed_path("/book/{draft}/dates")]
pub(crate) struct DatesPath {
    pub draft: String,
}

/// `/book/{draft}/done`
#[derive(TypedPath, Deserialize)]
#[typed_path("/book/{draft}/done")]
pub(crate) struct DonePath {
    pub draft: String,
}

/// `/book/{draft}/address`
#[derive(TypedPath, Deserialize)]
#[typed_path("/book/{draft}/address")]
pub(crate) struct AddressPath {
    pub draft: String,
}

/// `/book/{draft}/saved`
#[derive(TypedPath, Deserialize)]
#[typed_path("/book/{draft}/saved")]
pub(crate) struct SavedPath {
    pub draft: String,
}

/// `/d/{token}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/d/{token}")]
pub(crate) struct ResumePath {
    pub token: String,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<BookPath, _, _>(Who::Anyone, show_book)
        .post::<BookPath, _, _>(Who::Anyone, begin_book)
        .get::<WaitPath, _, _>(Who::Anyone, show_wait)
        .post::<WaitPath, _, _>(Who::Anyone, begin_wait)
        .get::<YouPath, _, _>(Who::LinkHolder, show_you)
        .post::<YouPath, _, _>(Who::LinkHolder, take_you)
        .get::<ContactPath, _, _>(Who::LinkHolder, show_contact)
        .post::<ContactPath, _, _>(Who::LinkHolder, take_contact)
        .get::<PostPath, _, _>(Who::LinkHolder, show_post)
        .post::<PostPath, _, _>(Who::LinkHolder, take_post)
        .get::<SupportPath, _, _>(Who::LinkHolder, show_support)
        .post::<SupportPath, _, _>(Who::LinkHolder, take_support)
        .get::<CheckPath, _, _>(Who::LinkHolder, check::show)
        .post::<CheckPath, _, _>(Who::LinkHolder, check::take)
        .get::<DatesPath, _, _>(Who::LinkHolder, dates::show)
        .post::<DatesPath, _, _>(Who::LinkHolder, dates::take)
        .get::<DonePath, _, _>(Who::LinkHolder, done::show)
        .get::<AddressPath, _, _>(Who::LinkHolder, address::show)
        .post::<AddressPath, _, _>(Who::LinkHolder, address::take)
        .get::<SavedPath, _, _>(Who::LinkHolder, resume::saved)
        .get::<ResumePath, _, _>(Who::LinkHolder, resume::show)
}

async fn show_book(it: BookPath, State(app): State<App>) -> Result<Response, Error> {
    start::show(&app, Kind::Book, &it.course, &it.run).await
}

async fn begin_book(it: BookPath, State(app): State<App>, fields: Fields) -> Result<Response, Error> {
    start::take(&app, Kind::Book, &it.course, &it.run, fields).await
}

async fn show_wait(it: WaitPath, State(app): State<App>) -> Result<Response, Error> {
    start::show(&app, Kind::Wait, &it.course, &it.run).await
}

async fn begin_wait(it: WaitPath, State(app): State<App>, fields: Fields) -> Result<Response, Error> {
    start::take(&app, Kind::Wait, &it.course, &it.run, fields).await
}

async fn show_you(it: YouPath, State(app): State<App>, visitor: Visitor) -> Result<Response, Error> {
    question::show::<You>(&app, visitor, &it.draft).await
}

async fn take_you(
    it: YouPath,
    State(app): State<App>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Error> {
    question::take::<You>(&app, visitor, &it.draft, fields).await
}

async fn show_contact(it: ContactPath, State(app): State<App>, visitor: Visitor) -> Result<Response, Error> {
    question::show::<Contact>(&app, visitor, &it.draft).await
}

async fn take_contact(
    it: ContactPath,
    State(app): State<App>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Error> {
    question::take::<Contact>(&app, visitor, &it.draft, fields).await
}

async fn show_post(it: PostPath, State(app): State<App>, visitor: Visitor) -> Result<Response, Error> {
    question::show::<Post>(&app, visitor, &it.draft).await
}

async fn take_post(
    it: PostPath,
    State(app): State<App>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Error> {
    question::take::<Post>(&app, visitor, &it.draft, fields).await
}

async fn show_support(it: SupportPath, State(app): State<App>, visitor: Visitor) -> Result<Response, Error> {
    question::show::<Support>(&app, visitor, &it.draft).await
}

async fn take_support(
    it: SupportPath,
    State(app): State<App>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Error> {
    question::take::<Support>(&app, visitor, &it.draft, fields).await
}

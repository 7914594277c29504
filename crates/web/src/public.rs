//! Pages for visitors, and pages behind a link in a mail.

use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::Error;
use crate::routes::Routes;
use crate::site;

pub(crate) mod book;
pub(crate) mod check_certificate;
pub(crate) mod courses;
#[cfg_attr(
    not(test),
    expect(
        clippy::indexing_slicing,
        reason = "the index is at most that of the last question"
    )
)]
pub(crate) mod equality;
pub(crate) mod find;
pub(crate) mod manage;
pub(crate) mod new_dates;
pub(crate) mod offer;
pub(crate) mod questions;
pub(crate) mod self_check;
pub(crate) mod texts;

/// All of them.
pub(crate) fn routes() -> Routes {
    courses::routes()
        .and(book::routes())
        .and(manage::routes())
        .and(offer::routes())
        .and(find::routes())
        .and(new_dates::routes())
        .and(equality::routes())
        .and(self_check::routes())
        .and(check_certificate::routes())
        .and(texts::routes())
}

/// What is no route: the stylesheet of the look, or nothing.
pub(crate) async fn other(State(app): State<App>, uri: Uri) -> Response {
    if uri.path().starts_with("/theme-") {
        return match site::organisation(app.reader()).await {
            Ok(values) => {
                let theme = site::theme(&values);
                if theme.path() == uri.path() {
                    theme.answer()
                } else {
                    Error::NotFound.into_response()
                }
            }
            Err(error) => error.into_response(),
        };
    }
    Error::NotFound.into_response()
}

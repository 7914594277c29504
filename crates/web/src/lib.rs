//! Alongside on the web: pages, mail, and the program that serves them.
//!
//! Handlers open a change, walk through the door of a domain, and the mail that follows is written in
//! the same change. They decide nothing themselves and cannot send mail.

// An index that is not there would be a panic (T-65). Tests may.
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::string_slice))]

mod account;
mod again;
mod app;
mod assets;
mod audit;
mod calls;
mod certificate;
pub mod cli;
mod clock;
mod config;
mod csv;
pub mod database;
mod disk;
#[expect(
    unreachable_pub,
    reason = "the derive of sea-orm wants public types in these private modules"
)]
mod entity;
mod error;
mod forms;
mod guard;
mod import;
mod kept;
mod limits;
mod links;
mod mailer;
mod needs;
mod notify;
mod nudge;
mod outbox;
#[cfg(any(test, fuzzing))]
pub mod outside_bytes;
mod pages;
mod people;
mod plain_text;
mod public;
mod reference;
mod rehearsal;
mod reminders;
mod rounds;
mod routes;
mod same_origin;
mod secrets;
mod serve;
mod settings;
mod sign_in;
mod site;
mod staff;
mod tasks;
mod team_mail;
mod texts;
mod theme;
pub mod verify;
mod visitor;
mod words;
mod work;

#[cfg(test)]
mod components_test;
#[cfg(test)]
mod pages_test;

pub use app::{App, Setup};
pub use clock::Clock;
pub use error::Error;
pub use mailer::{Mailer, Sent};
pub use pages::BadTemplate;
pub use rounds::rounds;
pub use routes::{Route, Who};
pub use secrets::{Keys, Secrets};
pub use sign_in::invite::{Invited, NotInvited};
pub use sign_in::role::Role;
pub use work::Work;

use axum::Router;
use axum::middleware;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

/// The whole service.
pub fn router(app: App) -> Router {
    let app = app.for_visitors();
    let routes = all_routes(app.setup().rehearsal)
        .guarded(&app)
        .route("/static/{*path}", axum::routing::get(assets::serve))
        .fallback(public::other);
    dressed(routes, app)
}

/// Routes with all that stands between them and a visitor.
fn dressed(routes: Router<App>, app: App) -> Router {
    let routes = routes
        .layer(CatchPanicLayer::custom(error::after_panic))
        .layer(middleware::from_fn(finish_what_was_begun))
        .layer(middleware::from_fn(again::keep_form))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            same_origin::only_ours,
        ))
        .layer(middleware::from_fn_with_state(app.clone(), error::show));
    framed(routes.with_state(app.clone()), app)
}

/// What every answer has: a reference, the headers of T-29, and an end even where a page for an error
/// could not be made (T-65).
fn framed(router: Router, app: App) -> Router {
    router
        .layer(CatchPanicLayer::custom(error::bare))
        .layer(middleware::from_fn_with_state(app, same_origin::speak_plainly))
        .layer(middleware::from_fn(reference::give))
}

/// The table of routes, as `alongside routes` prints it.
pub fn route_table(rehearsal: bool) -> Vec<Route> {
    all_routes(rehearsal).into_table()
}

fn all_routes(rehearsal: bool) -> routes::Routes {
    let routes = public::routes()
        .and(sign_in::routes())
        .and(account::routes())
        .and(staff::routes());
    if rehearsal {
        routes.and(rehearsal::routes())
    } else {
        routes
    }
}

/// How long a page may take that only shows something.
const READ_TIME: std::time::Duration = std::time::Duration::from_secs(4);

/// A change goes on to its end even when the visitor has gone: half-way answers help nobody, and the
/// number of the form tells a repeat (T-35).
async fn finish_what_was_begun(
    request: axum::extract::Request,
    next: middleware::Next,
) -> axum::response::Response {
    use axum::response::IntoResponse;
    if request.method().is_safe() {
        // Whoever only looks learns soon that the records are away (T-64).
        let page = tokio::time::timeout(READ_TIME, next.run(request)).await;
        return page.unwrap_or_else(|_| Error::late("the page took too long").into_response());
    }
    let answer = tokio::spawn(reference::carried(next.run(request)).in_current_span()).await;
    // The words of a panic stay out of the log (T-45).
    answer.unwrap_or_else(|_| error::after_panic(Box::new(())))
}

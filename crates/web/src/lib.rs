//! Alongside on the web: pages, mail, and the program that serves them.
//!
//! Handlers open a change, walk through the door of a domain, and the mail that follows is written in
//! the same change. They decide nothing themselves and cannot send mail.

mod account;
mod app;
mod assets;
pub mod cli;
mod clock;
mod config;
pub mod database;
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
mod notify;
mod outbox;
mod pages;
mod people;
mod plain_text;
mod public;
mod rehearsal;
mod rounds;
mod routes;
mod same_origin;
mod secrets;
mod serve;
mod sign_in;
mod site;
mod staff;
mod tasks;
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

/// The whole service.
pub fn router(app: App) -> Router {
    all_routes(app.setup().rehearsal)
        .guarded(&app)
        .route("/static/{*path}", axum::routing::get(assets::serve))
        .fallback(public::other)
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn(finish_what_was_begun))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            same_origin::only_ours,
        ))
        .layer(middleware::from_fn_with_state(app.clone(), error::show))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            same_origin::speak_plainly,
        ))
        .with_state(app)
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

/// A change goes on to its end even when the visitor has gone: half-way answers help nobody, and the
/// number of the form tells a repeat (T-35).
async fn finish_what_was_begun(
    request: axum::extract::Request,
    next: middleware::Next,
) -> axum::response::Response {
    use axum::response::IntoResponse;
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => Error::fault(error).into_response(),
    }
}

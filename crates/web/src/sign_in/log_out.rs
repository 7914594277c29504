//! Logging out: the log in ends, and the browser forgets what it kept of us (T-17).

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use serde::{Deserialize, Serialize};

use super::ask::LogInPath;
use super::cookies::Cookie;
use super::{Found, end};
use crate::app::App;
use crate::error::Error;
use crate::forms::Fields;
use crate::pages::Page;
use crate::public::courses::CoursesPath;
use crate::routes::{Routes, Who};

/// `/logout`
#[derive(TypedPath, Deserialize)]
#[typed_path("/logout")]
pub(crate) struct LogOutPath;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<LogOutPath, _, _>(Who::Anyone, show)
        .press::<LogOutPath, _, _>(Who::Anyone, log_out)
}

/// Tells the browser to forget pages, cookies and whatever else it kept.
pub(crate) const CLEAR: (HeaderName, &str) = (
    HeaderName::from_static("clear-site-data"),
    "\"cache\",\"cookies\",\"storage\"",
);

async fn show(_: LogOutPath, State(app): State<App>, headers: HeaderMap) -> Result<Response, Error> {
    let found = super::find(&app, &headers).await?;
    app.page(&LogOutPage::of(
        matches!(found, Found::Now(_)),
        app.secrets().op(),
    ))
    .await
}

async fn log_out(
    _: LogOutPath,
    State(app): State<App>,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Error> {
    fields.op()?;
    fields.done()?;
    if let Found::Now(me) = super::find(&app, &headers).await? {
        app.change(async |work| end(&work, me.id, "log out").await)
            .await?;
    }
    let gone = Redirect::to(&LogOutPath.to_string()).into_response();
    let mut gone = Cookie::SignIn.take(app.setup())?.on(gone);
    let (name, value) = CLEAR;
    gone.headers_mut().insert(name, HeaderValue::from_static(value));
    Ok(gone)
}

/// Whether somebody is logged out, or can be.
#[derive(Clone, Debug, Serialize)]
struct LogOutPage {
    is_in: bool,
    op: String,
    action: String,
    log_in_url: String,
    courses_url: String,
}

impl LogOutPage {
    fn of(is_in: bool, op: String) -> Self {
        Self {
            is_in,
            op,
            action: LogOutPath.to_string(),
            log_in_url: LogInPath.to_string(),
            courses_url: CoursesPath.to_string(),
        }
    }
}

impl Page for LogOutPage {
    const TEMPLATE: &'static str = "pages/sign_in/log_out.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        [true, false].map(|it| Self::of(it, "0".repeat(32))).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<LogOutPage>();
    }
}

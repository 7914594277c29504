//! Pages of `alongside demo` alone: the clock is moved by hand, every mail can be read, and anybody can be
//! any invented person (T-51).

mod clock;
mod log_in;
mod mail;
mod overview;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum_extra::routing::TypedPath;
use ids::MailId;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::app::App;
use crate::error::Error;
use crate::mailer::Mailer;
use crate::routes::{Routes, Who};

pub(crate) use clock::until;

/// `/rehearsal`
#[derive(TypedPath, Deserialize)]
#[typed_path("/rehearsal")]
struct RehearsalPath;

/// `/rehearsal/clock`
#[derive(TypedPath, Deserialize)]
#[typed_path("/rehearsal/clock")]
struct ClockPath;

/// `/rehearsal/log-in`: as anybody of the invented team.
#[derive(TypedPath, Deserialize)]
#[typed_path("/rehearsal/log-in")]
struct LogInAsPath;

/// `/rehearsal/mail/{mail}`: the mail in words, or with `.eml` after its id the file itself.
#[derive(TypedPath, Deserialize)]
#[typed_path("/rehearsal/mail/{mail}")]
struct MailPath {
    mail: String,
}

/// `/rehearsal/mail/{mail}/html`: the mail as a mail program shows it.
#[derive(TypedPath, Deserialize)]
#[typed_path("/rehearsal/mail/{mail}/html")]
struct HtmlPath {
    mail: MailId,
}

pub(crate) fn routes() -> Routes {
    let who = Who::Rehearsal;
    Routes::default()
        .get::<RehearsalPath, _, _>(who, overview::show)
        .post::<ClockPath, _, _>(who, clock::turn)
        .press::<LogInAsPath, _, _>(who, log_in::log_in)
        .get::<MailPath, _, _>(who, mail::show)
        .get::<HtmlPath, _, _>(who, mail::show_html)
}

/// One round at a time, so that whoever waits for a round finds all mail in its place afterwards.
static ONE_ROUND: Mutex<()> = Mutex::const_new(());

/// Does what falls due now; mail goes into the folder of the rehearsal.
pub(crate) async fn rounds(app: &App) -> Result<(), Error> {
    let Some(folder) = app.setup().mail_folder.clone() else {
        return Ok(());
    };
    let _alone = ONE_ROUND.lock().await;
    crate::rounds(app, &Mailer::folder(folder)).await
}

/// In a rehearsal the post leaves with the page that caused it, so that it can be read at once.
pub(crate) async fn post_at_once(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_form = !request.method().is_safe();
    let response = next.run(request).await;
    if is_form && let Err(error) = rounds(&app).await {
        tracing::error!(event = "rounds", %error);
    }
    response
}

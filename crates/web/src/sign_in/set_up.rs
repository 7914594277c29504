//! Setting up the app of the second step; for the team, before anything else is shown (T-15).

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use data_encoding::BASE32_NOPAD;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use serde::{Deserialize, Serialize};

use super::ask::LogInPath;
use super::recovery::CodesPath;
use super::second::{Proof, SecondPath, Typed, judge};
use super::{SignedIn, factor};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::site::Site;
use crate::staff;

/// `/login/set-up`
#[derive(TypedPath, Deserialize)]
#[typed_path("/login/set-up")]
pub(crate) struct SetUpPath;

/// `/login/set-up/square.svg`: what a camera reads.
#[derive(TypedPath, Deserialize)]
#[typed_path("/login/set-up/square.svg")]
pub(crate) struct SquarePath;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<SetUpPath, _, _>(Who::Arriving, form)
        .press::<SetUpPath, _, _>(Who::Arriving, type_code)
        .get::<SquarePath, _, _>(Who::Arriving, square)
}

/// Where somebody goes who has nothing to set up here.
async fn elsewhere(app: &App, me: &SignedIn) -> Result<Option<Response>, Error> {
    let path = if me.is_complete() {
        staff::after_log_in(me, None)
    } else if factor::has_app(app.reader(), me.person).await? {
        SecondPath.to_string()
    } else {
        return Ok(None);
    };
    Ok(Some(Redirect::to(&path).into_response()))
}

async fn form(_: SetUpPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    if let Some(answer) = elsewhere(&app, &me).await? {
        return Ok(answer);
    }
    app.page(&SetUpPage::load(&app, &me, Answer::default(), false).await?)
        .await
}

async fn type_code(
    _: SetUpPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    fields.op()?;
    let typed = fields.line("code")?;
    fields.done()?;
    if let Some(answer) = elsewhere(&app, &me).await? {
        return Ok(answer);
    }
    let said = [
        "Enter the code that the app shows",
        "That is not the code. Check the key in the app, wait for the next code and enter it",
    ];
    match judge(&app, &me, Proof::NewApp(&typed), &CodesPath.to_string(), said).await? {
        Typed::Right(answer) => Ok(answer),
        Typed::Again(code, is_over) => {
            app.page_with(AGAIN, &SetUpPage::load(&app, &me, code, is_over).await?)
                .await
        }
    }
}

async fn square(_: SquarePath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    if elsewhere(&app, &me).await?.is_some() {
        return Err(Error::NotFound);
    }
    let site = Site::load(&app).await?;
    let seed = factor::offered(app.secrets(), &me);
    let code =
        QrCode::with_error_correction_level(link(&site.neutral_name, &me.email, &key(&seed)), EcLevel::M);
    let image = code
        .map_err(Error::fault)?
        .render::<svg::Color<'_>>()
        .min_dimensions(240, 240)
        .build();
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], image).into_response())
}

/// The seed as people type it.
fn key(seed: &factor::Seed) -> String {
    BASE32_NOPAD.encode(seed)
}

/// The seed as an app on this very device takes it.
fn link(issuer: &str, account: &str, key: &str) -> String {
    let label = encoded(&format!("{}:{account}", issuer.replace(':', " ")));
    format!(
        "otpauth://totp/{label}?secret={key}&issuer={}",
        encoded(&issuer.replace(':', " "))
    )
}

/// Percent-encoded, spaces too.
fn encoded(text: &str) -> String {
    let plain: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    plain.replace('+', "%20")
}

/// How to set up the app.
#[derive(Clone, Debug, Serialize)]
struct SetUpPage {
    code: Answer,
    errors: Vec<Problem>,
    is_over: bool,
    /// The key in groups of four.
    key: String,
    app_link: String,
    square_url: String,
    account: String,
    rehearsed: Option<String>,
    op: String,
    action: String,
    log_in_url: String,
}

impl SetUpPage {
    async fn load(app: &App, me: &SignedIn, code: Answer, is_over: bool) -> Result<Self, Error> {
        let site = Site::load(app).await?;
        let seed = factor::offered(app.secrets(), me);
        let rehearsed = factor::rehearsed(app, me).await?;
        let page = Self::of(&site.neutral_name, &me.email, &seed, app.secrets().op());
        Ok(Self {
            errors: problems([("code", &code)]),
            code,
            is_over,
            rehearsed,
            ..page
        })
    }

    fn of(issuer: &str, account: &str, seed: &factor::Seed, op: String) -> Self {
        let key = key(seed);
        let letters: Vec<char> = key.chars().collect();
        let groups: Vec<String> = letters.chunks(4).map(|it| it.iter().collect()).collect();
        Self {
            code: Answer::default(),
            errors: Vec::new(),
            is_over: false,
            key: groups.join(" "),
            app_link: link(issuer, account, &key),
            square_url: SquarePath.to_string(),
            account: account.to_owned(),
            rehearsed: None,
            op,
            action: SetUpPath.to_string(),
            log_in_url: LogInPath.to_string(),
        }
    }
}

impl Page for SetUpPage {
    const TEMPLATE: &'static str = "pages/sign_in/set_up.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let fresh = Self::of("Courses at Anytown", "sam@example.org", &[7; 20], "0".repeat(32));
        let mut wrong = fresh.clone();
        wrong.code.refuse("Enter the code that the app shows");
        wrong.errors = problems([("code", &wrong.code)]);
        let rehearsed = Self {
            rehearsed: Some("123456".to_owned()),
            ..fresh.clone()
        };
        let over = Self {
            is_over: true,
            ..fresh.clone()
        };
        vec![fresh, wrong, rehearsed, over]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<SetUpPage>();
    }

    #[test]
    fn an_app_takes_the_link() {
        assert_eq!(
            link("Courses: Anytown & more", "sam+x@example.org", "ABCD"),
            "otpauth://totp/Courses%20%20Anytown%20%26%20more%3Asam%2Bx%40example.org?secret=ABCD\
             &issuer=Courses%20%20Anytown%20%26%20more"
        );
    }
}

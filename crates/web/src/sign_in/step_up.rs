//! Before important acts: the code of the app once more, good for some minutes (T-18). People without an
//! app get a new code by email.

use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use serde::{Deserialize, Serialize};

use super::ask::LogInPath;
use super::log_out::LogOutPath;
use super::numbers::Numbers;
use super::second::{Proof, Proven, go_on, prove};
use super::{Rise, SignedIn, factor, next};
use crate::account::AccountPath;
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::staff::Shell;

/// `/step-up`
#[derive(TypedPath, Deserialize)]
#[typed_path("/step-up")]
pub(crate) struct StepUpPath;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<StepUpPath, _, _>(Who::SignedIn, form)
        .press::<StepUpPath, _, _>(Who::SignedIn, type_code)
}

/// Where to go when nothing else was said.
fn usual() -> String {
    AccountPath.to_string()
}

async fn form(_: StepUpPath, State(app): State<App>, me: SignedIn, uri: Uri) -> Result<Response, Error> {
    let on = next::asked(&uri).unwrap_or_else(usual);
    if me.is_stepped_up(&Numbers::load(app.reader()).await?, app.now()) {
        return Ok(Redirect::to(&on).into_response());
    }
    let page = StepUpPage::load(&app, &me, on, Answer::default()).await?;
    app.page(&page).await
}

async fn type_code(
    _: StepUpPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    fields.op()?;
    let typed = fields.line("code")?;
    let on = next::read(&fields.line("next")?).unwrap_or_else(usual);
    fields.done()?;
    if !factor::has_app(app.reader(), me.person).await? {
        return Ok(Redirect::to(&next::with(&StepUpPath.to_string(), Some(&on))).into_response());
    }
    let mut code = Answer::new("");
    if typed.is_empty() {
        code.refuse("Enter the code from your app");
    } else {
        match prove(&app, &me, Proof::App(&typed), Rise::StepUp).await? {
            Proven::Yes(handle) => return go_on(&app, &handle, &on),
            Proven::No => code.refuse("That is not the code. Wait for the next one and enter it"),
            Proven::Over => {
                let path = next::with(&LogInPath.to_string(), Some(&on));
                return Ok(Redirect::to(&path).into_response());
            }
        }
    }
    app.page_with(AGAIN, &StepUpPage::load(&app, &me, on, code).await?)
        .await
}

/// The question for one more code.
#[derive(Clone, Debug, Serialize)]
struct StepUpPage {
    code: Answer,
    errors: Vec<Problem>,
    /// Whether they have an app; else a new log in is what counts.
    has_app: bool,
    rehearsed: Option<String>,
    minutes: i64,
    next: String,
    op: String,
    action: String,
    log_out_url: String,
    shell: Shell,
}

impl StepUpPage {
    async fn load(app: &App, me: &SignedIn, next: String, code: Answer) -> Result<Self, Error> {
        let numbers = Numbers::load(app.reader()).await?;
        Ok(Self {
            errors: problems([("code", &code)]),
            code,
            has_app: factor::has_app(app.reader(), me.person).await?,
            rehearsed: factor::rehearsed(app, me).await?,
            minutes: numbers.step_up_fresh().whole_minutes(),
            next,
            op: app.secrets().op(),
            action: StepUpPath.to_string(),
            log_out_url: LogOutPath.to_string(),
            shell: Shell::of(app, me, "").await?,
        })
    }
}

impl Page for StepUpPage {
    const TEMPLATE: &'static str = "pages/sign_in/step_up.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let fresh = Self {
            code: Answer::default(),
            errors: Vec::new(),
            has_app: true,
            rehearsed: Some("123456".to_owned()),
            minutes: 5,
            next: "/account".to_owned(),
            op: "0".repeat(32),
            action: "/step-up".to_owned(),
            log_out_url: "/logout".to_owned(),
            shell: Shell::sample(),
        };
        let mut wrong = fresh.clone();
        wrong.code.refuse("Enter the code from your app");
        wrong.errors = problems([("code", &wrong.code)]);
        let without = Self {
            has_app: false,
            rehearsed: None,
            ..fresh.clone()
        };
        vec![fresh, wrong, without]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<StepUpPage>();
    }
}

//! When the phone is lost: one of the recovery codes instead of the code of the app (T-15); and the page
//! that shows new ones, once.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use serde::{Deserialize, Serialize};

use super::ask::LogInPath;
use super::numbers::Numbers;
use super::second::{Proof, SecondPath, Typed, judge};
use super::step_up::StepUpPath;
use super::{SignedIn, factor, next};
use crate::account::AccountPath;
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::staff::{self, Shell};

/// `/login/recovery`
#[derive(TypedPath, Deserialize)]
#[typed_path("/login/recovery")]
pub(crate) struct RecoveryPath;

/// `/account/recovery-codes`
#[derive(TypedPath, Deserialize)]
#[typed_path("/account/recovery-codes")]
pub(crate) struct CodesPath;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<RecoveryPath, _, _>(Who::Arriving, form)
        .press::<RecoveryPath, _, _>(Who::Arriving, type_code)
        .get::<CodesPath, _, _>(Who::SignedIn, show_new)
        .press::<CodesPath, _, _>(Who::SignedIn, make_new)
}

async fn form(_: RecoveryPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    if me.is_complete() {
        return Ok(Redirect::to(&staff::after_log_in(&me, None)).into_response());
    }
    app.page(&RecoveryPage::of(Answer::default(), false, app.secrets().op()))
        .await
}

async fn type_code(
    _: RecoveryPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    fields.op()?;
    let typed = fields.line("code")?;
    fields.done()?;
    if me.is_complete() {
        return Ok(Redirect::to(&staff::after_log_in(&me, None)).into_response());
    }
    let said = [
        "Enter one of your recovery codes",
        "That is not one of your codes, or it was used before",
    ];
    match judge(&app, &me, Proof::Recovery(&typed), &staff::destination(&me), said).await? {
        Typed::Right(answer) => Ok(answer),
        Typed::Again(code, is_over) => {
            app.page_with(AGAIN, &RecoveryPage::of(code, is_over, app.secrets().op()))
                .await
        }
    }
}

async fn show_new(_: CodesPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let page = CodesPage {
        codes: factor::new_recovery_codes(&app, &me).await?,
        account_url: AccountPath.to_string(),
        on_url: staff::destination(&me),
        shell: Shell::of(&app, &me, "").await?,
    };
    app.page(&page).await
}

async fn make_new(
    _: CodesPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let op = fields.op()?;
    fields.done()?;
    if !factor::has_app(app.reader(), me.person).await? {
        return Err(Error::NotFound);
    }
    if !me.is_stepped_up(&Numbers::load(app.reader()).await?, app.now()) {
        let path = next::with(&StepUpPath.to_string(), Some(&AccountPath.to_string()));
        return Ok(Redirect::to(&path).into_response());
    }
    let (op, content, me) = (op.as_deref(), fields.content(), &me);
    let path = app
        .change(|work| async move {
            let make = async {
                factor::make_recovery_codes(&work, me).await?;
                Ok(CodesPath.to_string())
            };
            work.once(op, content, make).await
        })
        .await?;
    Ok(Redirect::to(&path).into_response())
}

/// The question for a recovery code.
#[derive(Clone, Debug, Serialize)]
struct RecoveryPage {
    code: Answer,
    errors: Vec<Problem>,
    is_over: bool,
    op: String,
    action: String,
    back_url: String,
    log_in_url: String,
}

impl RecoveryPage {
    fn of(code: Answer, is_over: bool, op: String) -> Self {
        Self {
            errors: problems([("code", &code)]),
            code,
            is_over,
            op,
            action: RecoveryPath.to_string(),
            back_url: SecondPath.to_string(),
            log_in_url: LogInPath.to_string(),
        }
    }
}

/// New recovery codes; empty when it is too late to look at them.
#[derive(Clone, Debug, Serialize)]
struct CodesPage {
    codes: Vec<String>,
    account_url: String,
    on_url: String,
    shell: Shell,
}

impl Page for RecoveryPage {
    const TEMPLATE: &'static str = "pages/sign_in/recovery.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let mut wrong = Answer::default();
        wrong.refuse("That is not one of your codes, or it was used before");
        let op = || "0".repeat(32);
        vec![
            Self::of(Answer::default(), false, op()),
            Self::of(wrong, false, op()),
            Self::of(Answer::default(), true, op()),
        ]
    }
}

impl Page for CodesPage {
    const TEMPLATE: &'static str = "pages/sign_in/recovery_codes.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page = |codes: Vec<String>| Self {
            codes,
            account_url: "/account".to_owned(),
            on_url: "/team".to_owned(),
            shell: Shell::sample(),
        };
        let code = |it: usize| format!("{it}000-1111-2222-3333-4444-ZZZZ");
        vec![page((1..=8).map(code).collect()), page(Vec::new())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<RecoveryPage>();
        crate::pages_test::check::<CodesPage>();
    }
}

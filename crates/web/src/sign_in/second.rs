//! The second step of the team: the code of an app (T-15).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use sea_orm::{EntityTrait, QuerySelect};
use serde::{Deserialize, Serialize};

use super::ask::LogInPath;
use super::cookies::Cookie;
use super::recovery::RecoveryPath;
use super::set_up::SetUpPath;
use super::{Rise, SignedIn, count_wrong, factor, raise};
use crate::app::App;
use crate::entity::sign_in;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::staff;

/// `/login/totp`
#[derive(TypedPath, Deserialize)]
#[typed_path("/login/totp")]
pub(crate) struct SecondPath;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<SecondPath, _, _>(Who::Arriving, form)
        .press::<SecondPath, _, _>(Who::Arriving, type_code)
}

/// What somebody proves themselves with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Proof<'a> {
    /// The code of their app.
    App(&'a str),
    /// A recovery code.
    Recovery(&'a str),
    /// The first code of a new app.
    NewApp(&'a str),
}

impl Proof<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::App(typed) | Self::Recovery(typed) | Self::NewApp(typed) => typed.is_empty(),
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proven {
    /// It was right: the new value of the cookie.
    Yes(String),
    /// It was not.
    No,
    /// Nor was it before, too often: the log in has ended.
    Over,
}

/// Judges a proof; right, it gives more rights and another cookie.
pub(crate) async fn prove(app: &App, me: &SignedIn, proof: Proof<'_>, rise: Rise) -> Result<Proven, Error> {
    app.change(|work| async move {
        // One try after the other, so that many at once are counted like many in a row.
        let row = sign_in::Entity::find_by_id(me.id)
            .lock_exclusive()
            .one(work.tx())
            .await?;
        if row.is_none_or(|it| it.ended_at.is_some()) {
            return Ok(Proven::Over);
        }
        let is_right = match proof {
            Proof::App(typed) => factor::use_app(&work, me.person, typed).await?,
            Proof::Recovery(typed) => factor::use_recovery_code(&work, me.person, typed).await?,
            Proof::NewApp(typed) => {
                !factor::has_app(work.tx(), me.person).await? && factor::take_app(&work, me, typed).await?
            }
        };
        if is_right {
            return Ok(Proven::Yes(raise(&work, me.id, rise).await?));
        }
        let is_last = count_wrong(&work, me.id).await?;
        Ok(if is_last { Proven::Over } else { Proven::No })
    })
    .await
}

/// What came of a code that somebody typed.
pub(crate) enum Typed {
    /// It was right.
    Right(Response),
    /// The field again, with why, and whether the log in has ended.
    Again(Answer, bool),
}

/// Judges what was typed to be let in; `on` is where to go then, `missing` and `wrong` are what is said.
pub(crate) async fn judge(
    app: &App,
    me: &SignedIn,
    proof: Proof<'_>,
    on: &str,
    [missing, wrong]: [&'static str; 2],
) -> Result<Typed, Error> {
    let mut code = Answer::new("");
    if proof.is_empty() {
        code.refuse(missing);
        return Ok(Typed::Again(code, false));
    }
    Ok(match prove(app, me, proof, Rise::Second).await? {
        Proven::Yes(handle) => Typed::Right(go_on(app, &handle, on)?),
        Proven::No => {
            code.refuse(wrong);
            Typed::Again(code, false)
        }
        Proven::Over => Typed::Again(code, true),
    })
}

/// Sends somebody on with their new cookie.
pub(crate) fn go_on(app: &App, handle: &str, path: &str) -> Result<Response, Error> {
    Ok(Cookie::SignIn.give(app.setup(), handle)?.on(Redirect::to(path)))
}

async fn form(_: SecondPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    if me.is_complete() {
        return Ok(Redirect::to(&staff::after_log_in(&me, None)).into_response());
    }
    if !factor::has_app(app.reader(), me.person).await? {
        return Ok(Redirect::to(&SetUpPath.to_string()).into_response());
    }
    app.page(&SecondPage::load(&app, &me, Answer::default(), false).await?)
        .await
}

async fn type_code(
    _: SecondPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    fields.op()?;
    let typed = fields.line("code")?;
    fields.done()?;
    // Who presses twice is in already.
    if me.is_complete() {
        return Ok(Redirect::to(&staff::after_log_in(&me, None)).into_response());
    }
    let said = [
        "Enter the code from your app",
        "That is not the code. Wait for the next one and enter it",
    ];
    match judge(&app, &me, Proof::App(&typed), &staff::destination(&me), said).await? {
        Typed::Right(answer) => Ok(answer),
        Typed::Again(code, is_over) => {
            app.page_with(AGAIN, &SecondPage::load(&app, &me, code, is_over).await?)
                .await
        }
    }
}

/// The question for the code of the app.
#[derive(Clone, Debug, Serialize)]
struct SecondPage {
    code: Answer,
    errors: Vec<Problem>,
    /// Too many wrong codes: the log in has ended.
    is_over: bool,
    /// The code, in a rehearsal.
    rehearsed: Option<String>,
    op: String,
    action: String,
    recovery_url: String,
    log_in_url: String,
}

impl SecondPage {
    async fn load(app: &App, me: &SignedIn, code: Answer, is_over: bool) -> Result<Self, Error> {
        let rehearsed = factor::rehearsed(app, me).await?;
        Ok(Self::of(code, is_over, rehearsed, app.secrets().op()))
    }

    fn of(code: Answer, is_over: bool, rehearsed: Option<String>, op: String) -> Self {
        Self {
            errors: problems([("code", &code)]),
            code,
            is_over,
            rehearsed,
            op,
            action: SecondPath.to_string(),
            recovery_url: RecoveryPath.to_string(),
            log_in_url: LogInPath.to_string(),
        }
    }
}

impl Page for SecondPage {
    const TEMPLATE: &'static str = "pages/sign_in/second.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let mut wrong = Answer::default();
        wrong.refuse("That is not the code. Wait for the next one and enter it");
        let op = || "0".repeat(32);
        vec![
            Self::of(Answer::default(), false, Some("123456".to_owned()), op()),
            Self::of(wrong, false, None, op()),
            Self::of(Answer::default(), true, None, op()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<SecondPage>();
    }
}

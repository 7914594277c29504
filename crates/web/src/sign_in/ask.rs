//! The first step: an address, and a code to its mailbox (T-12 to T-14).
//!
//! The answer and what is written are the same for every address. Whether there is an account, and
//! whether it had too many codes, is found out when the mail is claimed for sending (T-36).

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};

use super::code::CodePath;
use super::cookies::Cookie;
use super::numbers::Numbers;
use super::{Found, next};
use crate::app::App;
use crate::entity::sign_in_attempt as attempt;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::links::{self, Purpose};
use crate::outbox::{self, Kind, Mail};
use crate::pages::Page;
use crate::people::address::Address;
use crate::public::find::read_address;
use crate::routes::{Routes, Who};
use crate::secrets::token_hash;
use crate::staff;
use crate::visitor::Visitor;
use crate::work::Work;

/// `/login`
#[derive(TypedPath, Deserialize)]
#[typed_path("/login")]
pub(crate) struct LogInPath;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<LogInPath, _, _>(Who::Anyone, form)
        .press::<LogInPath, _, _>(Who::Anyone, ask)
}

async fn form(_: LogInPath, State(app): State<App>, headers: HeaderMap, uri: Uri) -> Result<Response, Error> {
    let next = next::asked(&uri);
    if let Found::Now(me) = super::find(&app, &headers).await? {
        return Ok(Redirect::to(&staff::after_log_in(&me, next)).into_response());
    }
    let page = LogInPage::of(Answer::default(), next, app.secrets().op());
    let answer = app.page(&page).await?;
    // The browser has its cookie before it asks, so that a second press asks in the same name.
    match Cookie::Ask.read(app.setup(), &headers) {
        Some(_) => Ok(answer),
        None => Ok(Cookie::Ask.give(app.setup(), &app.secrets().handle())?.on(answer)),
    }
}

async fn ask(
    _: LogInPath,
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Error> {
    let op = fields.op()?;
    let mut email = Answer::new(fields.line("email")?);
    let next = next::read(&fields.line("next")?);
    fields.done()?;
    let Some(address) = read_address(&mut email) else {
        let page = LogInPage::of(email, next, app.secrets().op());
        return app.page_with(AGAIN, &page).await;
    };
    app.limits.log_in(visitor.0).map_err(Error::TooMany)?;
    let known = Cookie::Ask.read(app.setup(), &headers);
    // Without a cookie a second press cannot be in the name of the first: it counts once more.
    let op = op.filter(|_| known.is_some());
    let browser = known.unwrap_or_else(|| app.secrets().handle());
    let asked = &Asked {
        address,
        browser: token_hash(&browser),
        next,
    };
    let (op, content) = (op.as_deref(), fields.content());
    let path = app
        .change(|work| async move { work.once(op, content, write(&work, asked)).await })
        .await?;
    Ok(Cookie::Ask.give(app.setup(), &browser)?.on(Redirect::to(&path)))
}

/// A code that somebody asks for.
#[derive(Clone, Debug)]
struct Asked {
    address: Address,
    /// The hash of the browser's cookie.
    browser: String,
    next: Option<String>,
}

/// Writes down that a code was asked for: one row, one link, one mail, whoever asks for whom.
async fn write(work: &Work, asked: &Asked) -> Result<String, Error> {
    let numbers = Numbers::load(work.tx()).await?;
    let (id, ends_at) = (work.fresh_id(), work.now() + numbers.code_life());
    let replaced = attempt::ActiveModel {
        state: Set("replaced".to_owned()),
        ..Default::default()
    };
    attempt::Entity::update_many()
        .set(replaced)
        .filter(attempt::Column::Browser.eq(&asked.browser))
        .filter(attempt::Column::State.is_in(["open", "spent"]))
        .exec(work.tx())
        .await?;
    let row = attempt::ActiveModel {
        id: Set(id),
        address: Set(asked.address.to_string()),
        browser: Set(asked.browser.clone()),
        code_hash: Set(None),
        tries: Set(0),
        state: Set("open".to_owned()),
        next: Set(asked.next.clone()),
        created_at: Set(work.now()),
        ends_at: Set(ends_at),
    };
    row.insert(work.tx()).await?;
    links::make(work, Purpose::LogIn, id, 0, Some(ends_at)).await?;
    let mail = Mail {
        kind: Kind::LogInCode,
        about: id,
        recipient: asked.address.to_string(),
        occasion: "asked".to_owned(),
        due_at: work.now(),
        parameters: serde_json::json!({}),
    };
    outbox::write(work, mail).await?;
    Ok(CodePath.to_string())
}

/// The question for an address.
#[derive(Clone, Debug, Serialize)]
struct LogInPage {
    email: Answer,
    errors: Vec<Problem>,
    next: String,
    op: String,
    action: String,
}

impl LogInPage {
    fn of(email: Answer, next: Option<String>, op: String) -> Self {
        Self {
            errors: problems([("email", &email)]),
            email,
            next: next.unwrap_or_default(),
            op,
            action: LogInPath.to_string(),
        }
    }
}

impl Page for LogInPage {
    const TEMPLATE: &'static str = "pages/sign_in/log_in.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let mut wrong = Answer::new("sam at example");
        assert_eq!(read_address(&mut wrong), None);
        let op = || "0".repeat(32);
        vec![
            Self::of(Answer::default(), None, op()),
            Self::of(wrong, Some("/team".to_owned()), op()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<LogInPage>();
    }
}

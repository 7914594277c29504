//! The code from the mailbox: made when its mail leaves, good once, for the browser that asked (T-12,
//! T-13). The link in the same mail does the same with one press.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use ids::Ts;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ask::LogInPath;
use super::cookies::Cookie;
use super::numbers::Numbers;
use super::second::SecondPath;
use super::{Beginning, Begun, Found, account_of, browser_words};
use crate::app::App;
use crate::entity::sign_in_attempt as attempt;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::links::{self, Purpose};
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::secrets::{token_hash, typed_code};
use crate::staff;
use crate::visitor::Visitor;
use crate::work::Work;

/// `/login/code`
#[derive(TypedPath, Deserialize)]
#[typed_path("/login/code")]
pub(crate) struct CodePath;

/// `/login/link/{token}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/login/link/{token}")]
pub(crate) struct LinkPath {
    pub token: String,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<CodePath, _, _>(Who::Anyone, form)
        .press::<CodePath, _, _>(Who::Anyone, type_code)
        .get::<LinkPath, _, _>(Who::LinkHolder, show_link)
        .press::<LinkPath, _, _>(Who::LinkHolder, press_link)
}

/// Makes the code of an attempt and keeps what tells it from others; older codes of the address end.
/// Called when the mail with it is written, so that a code that never left opens nothing.
pub(crate) async fn issue(work: &Work, id: Uuid) -> Result<String, Error> {
    let row = attempt::Entity::find_by_id(id).one(work.tx()).await?;
    let row = row.ok_or(Error::NotFound)?;
    // Like a code for an address that we do not know: whoever asked elsewhere sees no difference (T-36).
    let older = attempt::ActiveModel {
        code_hash: Set(None),
        ..Default::default()
    };
    attempt::Entity::update_many()
        .set(older)
        .filter(attempt::Column::Address.eq(&row.address))
        .filter(attempt::Column::Id.ne(id))
        .filter(attempt::Column::CodeHash.is_not_null())
        .exec(work.tx())
        .await?;
    let code = work.secrets().code();
    let issued = attempt::ActiveModel {
        id: Set(id),
        code_hash: Set(Some(work.secrets().code_hash(id, &code))),
        ..Default::default()
    };
    issued.update(work.tx()).await?;
    Ok(code)
}

/// The newest code that this browser asked for.
async fn asked_here(app: &App, headers: &HeaderMap) -> Result<Option<attempt::Model>, Error> {
    let Some(browser) = Cookie::Ask.read(app.setup(), headers) else {
        return Ok(None);
    };
    Ok(attempt::Entity::find()
        .filter(attempt::Column::Browser.eq(token_hash(&browser)))
        .filter(attempt::Column::State.ne("replaced"))
        .order_by_desc(attempt::Column::CreatedAt)
        .order_by_desc(attempt::Column::Id)
        .one(app.reader())
        .await?)
}

/// What came of a try.
#[derive(Clone, Debug)]
enum Tried {
    /// It was right, and a log in has begun.
    Right(Box<(Begun, Option<String>)>),
    /// It was wrong; so many tries are left.
    Wrong(i32),
    /// There is nothing to try any more: used, replaced, too old or tried too often.
    Over,
}

/// Tries a code. Every try is counted before it is judged, so that none is free.
async fn try_code(work: &Work, id: Uuid, typed: &str, browser: &str) -> Result<Tried, Error> {
    let numbers = Numbers::load(work.tx()).await?;
    let counted = attempt::Entity::update_many()
        .col_expr(attempt::Column::Tries, Expr::col(attempt::Column::Tries).add(1))
        .filter(attempt::Column::Id.eq(id))
        .filter(attempt::Column::State.eq("open"))
        .filter(attempt::Column::EndsAt.gt(work.now()))
        .exec(work.tx())
        .await?;
    let row = attempt::Entity::find_by_id(id).one(work.tx()).await?;
    let row = row.ok_or(Error::NotFound)?;
    let hash = work.secrets().code_hash(id, &typed_code(typed));
    if counted.rows_affected == 1 && row.code_hash == Some(hash) {
        return use_up(work, row, browser, "code").await;
    }
    tracing::warn!(event = "sign_in", outcome = "failed", step = "code", attempt = %id);
    if counted.rows_affected == 0 {
        return Ok(Tried::Over);
    }
    let left = numbers.code_tries() - row.tries;
    if left <= 0 {
        let mut spent: attempt::ActiveModel = row.into();
        spent.state = Set("spent".to_owned());
        spent.update(work.tx()).await?;
        return Ok(Tried::Over);
    }
    Ok(Tried::Wrong(left))
}

/// Uses an attempt up, once, and begins the log in that it is for.
async fn use_up(work: &Work, row: attempt::Model, browser: &str, how: &str) -> Result<Tried, Error> {
    let used = attempt::ActiveModel {
        state: Set("used".to_owned()),
        ..Default::default()
    };
    let taken = attempt::Entity::update_many()
        .set(used)
        .filter(attempt::Column::Id.eq(row.id))
        .filter(attempt::Column::State.eq("open"))
        .filter(attempt::Column::EndsAt.gt(work.now()))
        .filter(attempt::Column::CodeHash.is_not_null())
        .exec(work.tx())
        .await?;
    // The account may have been closed since the mail left.
    let account = account_of(work.tx(), &row.address).await?;
    let (1, Some(account)) = (taken.rows_affected, account) else {
        return Ok(Tried::Over);
    };
    tracing::info!(event = "sign_in", outcome = "ok", step = how, attempt = %row.id);
    let beginning = Beginning {
        person: account.person,
        browser: row.browser,
        browser_words: browser.to_owned(),
        next: row.next.clone(),
    };
    let begun = super::begin(work, beginning).await?;
    Ok(Tried::Right(Box::new((begun, row.next))))
}

/// Lets somebody in whose code was right, as far as it goes.
fn let_in(app: &App, begun: &Begun, next: Option<String>) -> Result<Response, Error> {
    let path = if begun.is_complete {
        next.unwrap_or_else(|| staff::start(&[]))
    } else {
        SecondPath.to_string()
    };
    Ok(Cookie::SignIn
        .give(app.setup(), &begun.handle)?
        .on(Redirect::to(&path)))
}

async fn form(_: CodePath, State(app): State<App>, headers: HeaderMap) -> Result<Response, Error> {
    match asked_here(&app, &headers).await? {
        Some(row) if row.state == "open" || row.state == "spent" => {
            let step = if can_be_tried(&row, app.now()) {
                Step::Ask
            } else {
                Step::Over
            };
            app.page(&CodePage::of(&row, step, Answer::default(), app.secrets().op()))
                .await
        }
        _ => Ok(Redirect::to(&LogInPath.to_string()).into_response()),
    }
}

fn can_be_tried(row: &attempt::Model, now: Ts) -> bool {
    row.state == "open" && now < row.ends_at
}

async fn type_code(
    _: CodePath,
    State(app): State<App>,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Error> {
    let typed = fields.line("code")?;
    fields.op()?;
    fields.done()?;
    // Who presses twice is in already.
    if let Found::Now(me) = super::find(&app, &headers).await? {
        return Ok(Redirect::to(&staff::after_log_in(&me, None)).into_response());
    }
    let Some(row) = asked_here(&app, &headers).await? else {
        return Ok(Redirect::to(&LogInPath.to_string()).into_response());
    };
    let mut code = Answer::new("");
    if typed.is_empty() {
        code.refuse("Enter the code from our email");
        let page = CodePage::of(&row, Step::Ask, code, app.secrets().op());
        return app.page_with(AGAIN, &page).await;
    }
    let (id, typed, browser) = (row.id, &typed, &browser_words(&headers));
    let tried = app
        .change(|work| async move { try_code(&work, id, typed, browser).await })
        .await?;
    let step = match tried {
        Tried::Right(it) => return let_in(&app, &it.0, it.1),
        Tried::Wrong(left) => {
            let more = if left == 1 {
                "1 more try"
            } else {
                &format!("{left} more tries")
            };
            code.refuse(format!(
                "That is not the code. Check our newest email. You have {more}"
            ));
            Step::Ask
        }
        Tried::Over => Step::Over,
    };
    let page = CodePage::of(&row, step, code, app.secrets().op());
    app.page_with(AGAIN, &page).await
}

/// What the page of the code can still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Ask,
    Over,
}

/// The question for the code.
#[derive(Clone, Debug, Serialize)]
struct CodePage {
    /// As it was typed; the page says nothing about whether we know it.
    address: String,
    /// The code can be tried; else only a new one helps.
    is_open: bool,
    code: Answer,
    errors: Vec<Problem>,
    minutes: i64,
    next: String,
    op: String,
    action: String,
    ask_url: String,
}

impl CodePage {
    fn of(row: &attempt::Model, step: Step, code: Answer, op: String) -> Self {
        Self {
            address: row.address.clone(),
            is_open: step == Step::Ask,
            errors: problems([("code", &code)]),
            code,
            minutes: (row.ends_at - row.created_at).whole_minutes(),
            next: row.next.clone().unwrap_or_default(),
            op,
            action: CodePath.to_string(),
            ask_url: LogInPath.to_string(),
        }
    }
}

/// What a link opens for this browser.
async fn opened(app: &App, visitor: Visitor, token: &str) -> Result<Option<attempt::Model>, Error> {
    match links::open(app.reader(), app.now(), Purpose::LogIn, token).await {
        Ok(it) => {
            let row = attempt::Entity::find_by_id(it.about).one(app.reader()).await?;
            Ok(row.filter(|it| can_be_tried(it, app.now())))
        }
        Err(Error::LinkOver) => Ok(None),
        Err(Error::NotFound) => {
            app.limits.link_miss(visitor.0).map_err(Error::TooMany)?;
            Err(Error::NotFound)
        }
        Err(other) => Err(other),
    }
}

/// Whether the code was asked for in this browser (T-13).
fn is_here(app: &App, headers: &HeaderMap, row: &attempt::Model) -> bool {
    let browser = Cookie::Ask.read(app.setup(), headers);
    browser.is_some_and(|it| token_hash(&it) == row.browser)
}

async fn show_link(
    LinkPath { token }: LinkPath,
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Response, Error> {
    match opened(&app, visitor, &token).await? {
        None => {
            app.page_with(StatusCode::GONE, &LinkPage::of(&token, Link::Over))
                .await
        }
        Some(row) if is_here(&app, &headers, &row) => app.page(&LinkPage::of(&token, Link::Here)).await,
        Some(_) => app.page(&LinkPage::of(&token, Link::Elsewhere)).await,
    }
}

async fn press_link(
    LinkPath { token }: LinkPath,
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Error> {
    fields.op()?;
    fields.done()?;
    let Some(row) = opened(&app, visitor, &token).await? else {
        return app
            .page_with(StatusCode::GONE, &LinkPage::of(&token, Link::Over))
            .await;
    };
    if !is_here(&app, &headers, &row) {
        tracing::warn!(event = "sign_in", outcome = "failed", step = "link", attempt = %row.id);
        return app
            .page_with(StatusCode::FORBIDDEN, &LinkPage::of(&token, Link::Elsewhere))
            .await;
    }
    let (row, browser) = (&row, &browser_words(&headers));
    let used = app
        .change(|work| async move { use_up(&work, row.clone(), browser, "link").await })
        .await?;
    match used {
        Tried::Right(it) => let_in(&app, &it.0, it.1),
        Tried::Wrong(_) | Tried::Over => {
            app.page_with(StatusCode::GONE, &LinkPage::of(&token, Link::Over))
                .await
        }
    }
}

/// What the link of a mail can do here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Link {
    Here,
    Elsewhere,
    Over,
}

/// The page behind the link of a mail with a code.
#[derive(Clone, Debug, Serialize)]
struct LinkPage {
    found: Link,
    action: String,
    log_in_url: String,
}

impl LinkPage {
    fn of(token: &str, found: Link) -> Self {
        Self {
            found,
            action: LinkPath {
                token: token.to_owned(),
            }
            .to_string(),
            log_in_url: LogInPath.to_string(),
        }
    }
}

impl Page for CodePage {
    const TEMPLATE: &'static str = "pages/sign_in/code.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use time::macros::datetime;
        let now = Ts::new(datetime!(2027-05-11 13:00 UTC));
        let row = attempt::Model {
            id: Uuid::nil(),
            address: "sam@example.org".to_owned(),
            browser: String::new(),
            code_hash: None,
            tries: 0,
            state: "open".to_owned(),
            next: None,
            created_at: now,
            ends_at: now + time::Duration::minutes(10),
        };
        let mut wrong = Answer::new("");
        wrong.refuse("That is not the code. Check our newest email. You have 4 more tries");
        let op = || "0".repeat(32);
        vec![
            Self::of(&row, Step::Ask, Answer::default(), op()),
            Self::of(&row, Step::Ask, wrong, op()),
            Self::of(&row, Step::Over, Answer::default(), op()),
        ]
    }
}

impl Page for LinkPage {
    const TEMPLATE: &'static str = "pages/sign_in/link.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        [Link::Here, Link::Elsewhere, Link::Over]
            .map(|it| Self::of("x", it))
            .to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<CodePage>();
        crate::pages_test::check::<LinkPage>();
    }
}

//! The settings, a page for each kind (T-48). Whoever saves over somebody else's change sees both first (U-12).

mod field;
mod page;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use ids::PersonId;
use serde::Deserialize;

use super::sheets::{SHEETS, Sheet};
use crate::app::App;
use crate::audit::Doer;
use crate::error::Error;
use crate::forms::{AGAIN, Fields};
use crate::routes::{Routes, Who};
use crate::settings::{self, Misfit, Values};
use crate::sign_in::numbers::Numbers;
use crate::sign_in::role::ADMINISTRATORS;
use crate::sign_in::step_up::StepUpPath;
use crate::sign_in::{SignedIn, next};
use crate::work::Work;
use field::Sent;
use page::{ListPage, SheetPage};

/// `/admin/settings`
#[derive(TypedPath, Deserialize)]
#[typed_path("/admin/settings")]
pub(crate) struct SettingsPath;

/// `/admin/settings/{sheet}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/admin/settings/{sheet}")]
struct SheetPath {
    sheet: String,
}

impl SheetPath {
    fn of(sheet: &Sheet) -> Self {
        Self {
            sheet: sheet.slug.to_owned(),
        }
    }
}

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<SettingsPath, _, _>(Who::Roles(ADMINISTRATORS), list)
        .get::<SheetPath, _, _>(Who::Roles(ADMINISTRATORS), show)
        .post::<SheetPath, _, _>(Who::Roles(ADMINISTRATORS), save)
}

async fn list(_: SettingsPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    app.page(&ListPage::load(&app, &me).await?).await
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    saved: String,
}

async fn show(
    it: SheetPath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let sheet = Sheet::named(&it.sheet).ok_or(Error::NotFound)?;
    if let Some(elsewhere) = step_up(&app, &me, sheet).await? {
        return Ok(elsewhere);
    }
    let now = Values::load(app.reader()).await?;
    let mut page = SheetPage::load(&app, &me, sheet, &Sent::unchanged(sheet, &now)).await?;
    page.is_saved = !asked.saved.is_empty();
    app.page(&page).await
}

/// Who weakens logging in has just shown once more that it is them.
async fn step_up(app: &App, me: &SignedIn, sheet: &Sheet) -> Result<Option<Response>, Error> {
    if sheet.slug != "security" || me.is_stepped_up(&Numbers::load(app.reader()).await?, app.now()) {
        return Ok(None);
    }
    let back = SheetPath::of(sheet).to_string();
    let path = next::with(&StepUpPath.to_string(), Some(&back));
    Ok(Some(Redirect::to(&path).into_response()))
}

/// What became of a form.
enum Done {
    At(String),
    /// Somebody changed a setting of the page meanwhile; these are the values now.
    Changed(Box<Values>),
    /// Something does not fit.
    Refused(BTreeMap<String, Misfit>),
}

async fn save(
    it: SheetPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let sheet = Sheet::named(&it.sheet).ok_or(Error::NotFound)?;
    if let Some(elsewhere) = step_up(&app, &me, sheet).await? {
        return Ok(elsewhere);
    }
    let op = fields.op()?;
    let is_preview = fields.line("action")? == "preview";
    let sent = Sent::read(sheet, &mut fields)?;
    fields.done()?;
    let content = fields.content().to_owned();
    if is_preview {
        return preview(&app, &me, sheet, &sent).await;
    }
    let once = Once { op, content };
    let done = app
        .change(|work| change(work, sheet, me.person, &sent, &once))
        .await?;
    match done {
        Done::At(path) => Ok(Redirect::to(&path).into_response()),
        Done::Changed(now) => {
            let mut page = SheetPage::load(&app, &me, sheet, &sent.after(&now)).await?;
            page.others = sent.both(&app, &now).await?;
            app.page_with(StatusCode::CONFLICT, &page).await
        }
        Done::Refused(refused) => {
            let page = SheetPage::load(&app, &me, sheet, &sent.refused(&refused)).await?;
            app.page_with(AGAIN, &page).await
        }
    }
}

/// What tells a second press of one form from another form (T-35).
struct Once {
    op: Option<String>,
    content: String,
}

/// All of the form, or nothing of it.
async fn change(
    work: Arc<Work>,
    sheet: &Sheet,
    who: PersonId,
    sent: &Sent,
    once: &Once,
) -> Result<Done, Error> {
    work.take_turns().await?;
    let now = Values::load(work.tx()).await?;
    let op = once.op.as_deref();
    if !work.is_done(op, &once.content).await? {
        if sent.is_overtaken(&now) {
            return Ok(Done::Changed(Box::new(now)));
        }
        let refused = now.clone().set_all(&sent.changes(&now));
        if !refused.is_empty() {
            return Ok(Done::Refused(refused));
        }
    }
    let act = write(&work, who, sent, &now, sheet);
    work.once(op, &once.content, act).await.map(Done::At)
}

async fn write(
    work: &Work,
    who: PersonId,
    sent: &Sent,
    now: &Values,
    sheet: &Sheet,
) -> Result<String, Error> {
    let mut then = now.clone();
    then.set_all(&sent.changes(now));
    for asked in sheet.settings() {
        let (from, to) = (now.get(asked.name), then.get(asked.name));
        if let (Some(from), Some(to)) = (from, to)
            && from != to
        {
            settings::store(work, Doer::Member(who), asked.name, &from, &to).await?;
        }
    }
    Ok(format!("{}?saved=yes", SheetPath::of(sheet)))
}

/// How the colours would look; nothing is saved.
async fn preview(app: &App, me: &SignedIn, sheet: &'static Sheet, sent: &Sent) -> Result<Response, Error> {
    let mut then = Values::load(app.reader()).await?;
    let refused = then.set_all(&sent.changes(&then));
    let status = if refused.is_empty() { StatusCode::OK } else { AGAIN };
    let mut page = SheetPage::load(app, me, sheet, &sent.refused(&refused)).await?;
    page.preview = Some(page::Look::of(&sent.over(then)));
    app.page_with(status, &page).await
}

//! A form that came after its sender was logged out: sealed, kept for them for a while, and shown
//! filled in once they are back. It is never sent by itself (T-19).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use ids::PersonId;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::SignedIn;
use super::numbers::Numbers;
use crate::account::AccountPath;
use crate::app::App;
use crate::entity::stash;
use crate::error::Error;
use crate::forms::{FIELDS_INSIDE, Fields};
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::staff::{self, Shell};
use crate::words;

/// `/stash/{id}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/stash/{id}")]
pub(crate) struct StashPath {
    pub id: Uuid,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<StashPath, _, _>(Who::SignedIn, show)
        .press::<StashPath, _, _>(Who::SignedIn, forget)
}

/// More forms than anybody sends within the time: a cookie that is over must not fill the disk.
const MOST: u64 = 20;
/// Fields that a page puts there by itself.
const OF_THE_PAGE: [&str; 2] = ["op", "version"];

/// Whether a field is the page's own, and nothing that somebody wrote.
fn is_of_the_page(name: &str) -> bool {
    OF_THE_PAGE.contains(&name) || name.starts_with("was_") || name.ends_with("_code")
}

/// What a sealed form is about: it opens for nobody else and nowhere else.
fn sealed_for(id: Uuid, person: PersonId, path: &str) -> String {
    format!("stash|{id}|{}|{path}", person.0)
}

/// Keeps a form for a person; nothing if it is no form of ours, or they have too many.
pub(crate) async fn keep(
    app: &App,
    person: PersonId,
    path: &str,
    body: &[u8],
) -> Result<Option<StashPath>, Error> {
    if Fields::parse_up_to(FIELDS_INSIDE, path, body)?
        .all()
        .iter()
        .all(|(name, _)| is_of_the_page(name))
    {
        return Ok(None);
    }
    app.change(|work| async move {
        let kept = stash::Entity::find()
            .filter(stash::Column::Person.eq(person))
            .filter(stash::Column::EndsAt.gt(work.now()));
        let id = work.fresh_id();
        let sealed = work.secrets().seal(&sealed_for(id, person, path), body);
        let Some(sealed) = sealed else {
            return Ok(None);
        };
        if kept.count(work.tx()).await? >= MOST {
            return Ok(None);
        }
        let numbers = Numbers::load(work.tx()).await?;
        let row = stash::ActiveModel {
            id: Set(id),
            person: Set(person),
            path: Set(path.to_owned()),
            sealed: Set(sealed),
            created_at: Set(work.now()),
            ends_at: Set(work.now() + numbers.stash_kept()),
        };
        row.insert(work.tx()).await?;
        Ok(Some(StashPath { id }))
    })
    .await
}

/// The form, if it is theirs and there is still time.
async fn theirs(app: &App, me: &SignedIn, id: Uuid) -> Result<(stash::Model, Fields), Error> {
    let row = stash::Entity::find_by_id(id)
        .filter(stash::Column::Person.eq(me.person))
        .filter(stash::Column::EndsAt.gt(app.now()))
        .one(app.reader())
        .await?
        .ok_or(Error::NotFound)?;
    let about = sealed_for(row.id, row.person, &row.path);
    let body = app.secrets().unseal(&about, &row.sealed).ok_or(Error::NotFound)?;
    let fields = Fields::parse_up_to(FIELDS_INSIDE, &row.path, &body)?;
    Ok((row, fields))
}

async fn show(StashPath { id }: StashPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let (row, fields) = theirs(&app, &me, id).await?;
    let shell = Shell::of(&app, &me, "").await?;
    app.page(&StashPage::of(&row, fields.all(), app.secrets().op(), shell))
        .await
}

async fn forget(
    StashPath { id }: StashPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    fields.op()?;
    fields.done()?;
    theirs(&app, &me, id).await?;
    app.change(async |work| {
        stash::Entity::delete_by_id(id).exec(work.tx()).await?;
        Ok(())
    })
    .await?;
    Ok(Redirect::to(&AccountPath.to_string()).into_response())
}

/// One field as it was sent.
#[derive(Clone, Debug, Serialize)]
struct Written {
    id: String,
    name: String,
    label: String,
    value: String,
    is_long: bool,
}

/// What was written, filled in again.
#[derive(Clone, Debug, Serialize)]
struct StashPage {
    written: Vec<Written>,
    hidden: Vec<(String, String)>,
    /// Until when it is kept.
    until: String,
    /// Where it was on its way.
    action: String,
    op: String,
    forget_url: String,
    shell: Shell,
}

/// A value longer than this, or of several lines, gets a large field.
const LONG: usize = 60;

impl StashPage {
    fn of(row: &stash::Model, fields: Vec<(String, String)>, op: String, shell: Shell) -> Self {
        let (hidden, shown): (Vec<_>, Vec<_>) =
            fields.into_iter().partition(|(name, _)| is_of_the_page(name));
        let written = shown.into_iter().enumerate().map(|(at, (name, value))| Written {
            id: format!("field-{}", at + 1),
            label: label(&name),
            is_long: value.contains('\n') || value.chars().count() > LONG,
            name,
            value,
        });
        Self {
            written: written.collect(),
            hidden,
            until: words::date_time(row.ends_at),
            action: row.path.clone(),
            op,
            forget_url: StashPath { id: row.id }.to_string(),
            shell,
        }
    }
}

/// What a field is called: a setting as on its page, any other by its name.
fn label(name: &str) -> String {
    if let Some(called) = staff::setting_called(name) {
        return called.to_owned();
    }
    let mut letters = name.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    first
        .into_iter()
        .chain(letters)
        .collect::<String>()
        .replace('_', " ")
}

impl Page for StashPage {
    const TEMPLATE: &'static str = "pages/sign_in/stash.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use ids::Ts;
        use time::macros::datetime;
        let now = Ts::new(datetime!(2027-05-11 13:00 UTC));
        let row = stash::Model {
            id: Uuid::nil(),
            person: PersonId(Uuid::nil()),
            path: "/account".to_owned(),
            sealed: String::new(),
            created_at: now,
            ends_at: now,
        };
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = vec![
            field("op", "0"),
            field("full_name", "Sam Taylor"),
            field("note", "One line\nand another"),
            field("full_name", "<b>"),
        ];
        vec![Self::of(&row, fields, "1".repeat(32), Shell::sample())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<StashPage>();
    }

    #[test]
    fn a_field_is_named_in_words() {
        assert_eq!(label("full_name"), "Full name");
        assert_eq!(label(""), "");
    }
}

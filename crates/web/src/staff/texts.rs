//! The texts that the team can edit (T-39): which there are, who changed them last, and when they should be
//! read through again.

mod one;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use axum_extra::routing::TypedPath;
use booking::{calendar, london};
use ids::{PersonId, Ts};
use serde::{Deserialize, Serialize};
use time::{Date, Time};

use super::Shell;
use crate::app::App;
use crate::entity::text_version::Model;
use crate::error::Error;
use crate::pages::Page;
use crate::public::texts::FIRST_TEXTS_REVIEWED;
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::TEAM;
use crate::texts::{self, Text};
use crate::{people, words};
use one::OnePath;

/// `/team/texts`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/texts")]
pub(crate) struct TextsPath;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<TextsPath, _, _>(Who::Roles(TEAM), list)
        .and(one::routes())
}

async fn list(_: TextsPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let newest = texts::all_newest(app.reader()).await?;
    let who: Vec<PersonId> = newest.values().map(|it| it.by_person).collect();
    let names = people::several(app.reader(), who).await?;
    let names: Names = names.into_iter().map(|it| (it.id, it.full_name)).collect();
    let months = calendar::rules(app.reader()).await?.0.version_review;
    let row = |it: Text| Row::of(it, newest.get(&it.key()), &names, months, app.now());
    let (pages, mails): (Vec<Text>, Vec<Text>) = Text::all().partition(|it| matches!(it, Text::Page(_)));
    app.page(&ListPage {
        pages: pages.into_iter().map(row).collect(),
        mails: mails.into_iter().map(row).collect(),
        shell: Shell::of(&app, &me, TextsPath::PATH).await?,
    })
    .await
}

type Names = BTreeMap<PersonId, String>;

/// One text in the list.
#[derive(Clone, Debug, Serialize)]
struct Row {
    title: String,
    href: String,
    /// "Kim Lee, Tuesday 11 May 2027 at 2pm".
    changed: String,
    /// By when somebody should read it through again; empty where nothing is said.
    review: String,
    is_late: bool,
}

impl Row {
    fn of(text: Text, newest: Option<&Model>, names: &Names, months: i64, now: Ts) -> Self {
        let is_empty = newest.map_or(text.first().is_empty(), |it| is_empty(text, it));
        let reviewed = newest.map_or(FIRST_TEXTS_REVIEWED, |it| london::local(it.at).0);
        let due = review_due(reviewed, months);
        Self {
            title: text.title(),
            href: OnePath::of(text).to_string(),
            changed: newest.map_or_else(|| nobody(text), |it| changed(it, names)),
            review: if is_empty { String::new() } else { words::date(due) },
            is_late: !is_empty && due < london::local(now).0,
        }
    }
}

fn is_empty(text: Text, it: &Model) -> bool {
    it.source.as_deref().unwrap_or(text.first()).is_empty()
}

fn nobody(text: Text) -> String {
    let nothing = if text.first().is_empty() {
        "Nothing is said yet"
    } else {
        "The first text"
    };
    nothing.to_owned()
}

/// Who changed a text, and when.
fn changed(it: &Model, names: &Names) -> String {
    let name = names.get(&it.by_person).map_or("Somebody", String::as_str);
    format!("{name}, {}", words::date_time(it.at))
}

/// When a text that was read through on this day should be read again.
fn review_due(reviewed: Date, months: i64) -> Date {
    let from = london::in_london(reviewed, Time::MIDNIGHT);
    london::local(london::months_from(from, months)).0
}

/// All texts.
#[derive(Clone, Debug, Serialize)]
struct ListPage {
    pages: Vec<Row>,
    mails: Vec<Row>,
    shell: Shell,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "pages/staff/texts/list.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let now = Ts::new(time::macros::datetime!(2028-05-11 13:00 UTC));
        let model = one::sample_version();
        let names = Names::from([(model.by_person, "Kim Lee".to_owned())]);
        let row = |it: Text| {
            let newest = Some(&model).filter(|of| of.key == it.key());
            Row::of(it, newest, &names, 12, now)
        };
        let (pages, mails): (Vec<Text>, Vec<Text>) = Text::all().partition(|it| matches!(it, Text::Page(_)));
        vec![Self {
            pages: pages.into_iter().map(row).collect(),
            mails: mails.into_iter().map(row).collect(),
            shell: Shell::sample(),
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<ListPage>();
    }

    #[test]
    fn a_text_is_read_again_after_some_months() {
        assert_eq!(review_due(date!(2026 - 11 - 20), 12), date!(2027 - 11 - 20));
        assert_eq!(review_due(date!(2027 - 03 - 31), 6), date!(2027 - 09 - 30));
    }
}

//! One's own account: name, where one is logged in, recovery codes.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use ids::Ts;
use sea_orm::ActiveModelTrait;
use sea_orm::ActiveValue::Set;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;
use crate::audit;
use crate::entity::person;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::people;
use crate::routes::{Routes, Who};
use crate::sign_in::mail::roles_in_words;
use crate::sign_in::numbers::Numbers;
use crate::sign_in::recovery::CodesPath;
use crate::sign_in::{self, SignedIn, factor};
use crate::staff::Shell;
use crate::words;

/// `/account`
#[derive(TypedPath, Deserialize)]
#[typed_path("/account")]
pub(crate) struct AccountPath;

/// `/account/end`: one log in, or all others.
#[derive(TypedPath, Deserialize)]
#[typed_path("/account/end")]
pub(crate) struct EndPath;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<AccountPath, _, _>(Who::SignedIn, show)
        .post::<AccountPath, _, _>(Who::SignedIn, rename)
        .press::<EndPath, _, _>(Who::SignedIn, end)
}

async fn show(_: AccountPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let person = people::find(app.reader(), me.person)
        .await?
        .ok_or(Error::NotFound)?;
    let names = Names {
        full: Answer::new(person.full_name),
        called: Answer::new(person.called_name.unwrap_or_default()),
    };
    app.page(&AccountPage::load(&app, &me, names).await?).await
}

/// The form of names.
#[derive(Clone, Debug, Default)]
struct Names {
    full: Answer,
    called: Answer,
}

async fn rename(
    _: AccountPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    fields.op()?;
    let mut names = Names {
        full: Answer::new(fields.line("full_name")?),
        called: Answer::new(fields.line("called_name")?),
    };
    fields.done()?;
    if names.full.value.is_empty() {
        names.full.refuse("Enter your full name");
    }
    names.full.at_most(120, "Your name");
    names.called.at_most(120, "The name we call you");
    if names.full.is_wrong() || names.called.is_wrong() {
        return app
            .page_with(AGAIN, &AccountPage::load(&app, &me, names).await?)
            .await;
    }
    let (id, names) = (me.person, &names);
    app.change(|work| async move {
        let row = person::ActiveModel {
            id: Set(id),
            full_name: Set(names.full.value.clone()),
            called_name: Set(names.called.given()),
            ..Default::default()
        };
        row.update(work.tx()).await?;
        Ok(())
    })
    .await?;
    Ok(Redirect::to(&AccountPath.to_string()).into_response())
}

async fn end(
    _: EndPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    fields.op()?;
    let which = fields.line("which")?;
    fields.done()?;
    let theirs = live(&app, &me)
        .await?
        .into_iter()
        .map(|it| it.id)
        .filter(|it| *it != me.id);
    let chosen: Vec<Uuid> = match which.as_str() {
        "others" => theirs.collect(),
        one => theirs.filter(|it| it.to_string() == one).collect(),
    };
    if chosen.is_empty() && which != "others" {
        return Err(Error::NotFound);
    }
    let chosen = &chosen;
    app.change(|work| async move {
        for id in chosen {
            sign_in::end(&work, *id, "ended by the owner").await?;
        }
        Ok(())
    })
    .await?;
    Ok(Redirect::to(&AccountPath.to_string()).into_response())
}

async fn live(app: &App, me: &SignedIn) -> Result<Vec<crate::entity::sign_in::Model>, Error> {
    let numbers = Numbers::load(app.reader()).await?;
    let is_staff = !me.roles.is_empty();
    sign_in::live(app.reader(), &numbers, is_staff, me.person, app.now()).await
}

/// One place where the owner is logged in.
#[derive(Clone, Debug, Serialize)]
struct Place {
    which: String,
    browser: String,
    began: String,
    seen: String,
    is_this: bool,
}

impl Place {
    fn of(row: crate::entity::sign_in::Model, me: Uuid) -> Self {
        Self {
            which: row.id.to_string(),
            browser: row.browser_words,
            began: words::date_time(row.began_at),
            seen: words::date_time(row.seen_at),
            is_this: row.id == me,
        }
    }
}

/// Somebody else's look at what the owner told us, in words (T-47).
#[derive(Clone, Debug, Serialize)]
struct Look {
    at: String,
    who: String,
    what: &'static str,
}

/// How many of them the page shows.
const LOOKS: u64 = 50;

async fn looks(app: &App, me: &SignedIn) -> Result<Vec<Look>, Error> {
    let mut found = Vec::new();
    for it in audit::looks(app.reader(), me.person, LOOKS).await? {
        let who = match it.who {
            Some(who) => people::find(app.reader(), who).await?,
            None => None,
        };
        found.push(Look {
            at: words::date_time(it.at),
            who: who.map_or_else(|| "Somebody of the team".to_owned(), |it| it.full_name),
            what: match it.act.as_str() {
                audit::SAW_EMERGENCY => "whom to call in an emergency",
                audit::OPENED => "your record",
                audit::SAW_CALLS => "what was noted about calls to you",
                _ => "what helps you to take part",
            },
        });
    }
    Ok(found)
}

/// One's own account.
#[derive(Clone, Debug, Serialize)]
struct AccountPage {
    full_name: Answer,
    called_name: Answer,
    errors: Vec<Problem>,
    email: String,
    /// "a coordinator and a lead"; empty for whoever is none.
    roles: String,
    places: Vec<Place>,
    has_others: bool,
    ends: String,
    looks: Vec<Look>,
    has_app: bool,
    codes_left: usize,
    op: String,
    action: String,
    end_url: String,
    codes_url: String,
    shell: Shell,
}

impl AccountPage {
    async fn load(app: &App, me: &SignedIn, names: Names) -> Result<Self, Error> {
        let places: Vec<Place> = live(app, me)
            .await?
            .into_iter()
            .map(|it| Place::of(it, me.id))
            .collect();
        let shell = Shell::of(app, me, AccountPath::PATH).await?;
        Ok(Self {
            email: me.email.clone(),
            roles: roles_in_words(&me.roles),
            has_others: places.len() > 1,
            places,
            looks: looks(app, me).await?,
            has_app: factor::has_app(app.reader(), me.person).await?,
            codes_left: factor::recovery_codes_left(app.reader(), me.person).await?,
            op: app.secrets().op(),
            ..Self::of(names, me.ends_if_seen, shell)
        })
    }

    fn of(names: Names, ends: Ts, shell: Shell) -> Self {
        Self {
            errors: problems([("full_name", &names.full), ("called_name", &names.called)]),
            full_name: names.full,
            called_name: names.called,
            email: String::new(),
            roles: String::new(),
            places: Vec::new(),
            has_others: false,
            ends: words::date_time(ends),
            looks: Vec::new(),
            has_app: false,
            codes_left: 0,
            op: String::new(),
            action: AccountPath.to_string(),
            end_url: EndPath.to_string(),
            codes_url: CodesPath.to_string(),
            shell,
        }
    }
}

impl Page for AccountPage {
    const TEMPLATE: &'static str = "pages/account/account.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use time::macros::datetime;
        let ends = Ts::new(datetime!(2027-05-11 13:30 UTC));
        let place = |which: &str, browser: &str, is_this| Place {
            which: which.to_owned(),
            browser: browser.to_owned(),
            began: "Tuesday 11 May 2027 at 1pm".to_owned(),
            seen: "Tuesday 11 May 2027 at 2pm".to_owned(),
            is_this,
        };
        let names = Names {
            full: Answer::new("Sam Taylor"),
            called: Answer::new(""),
        };
        let plain = Self {
            email: "sam@example.org".to_owned(),
            places: vec![place("1", "Firefox on Windows", true)],
            op: "0".repeat(32),
            ..Self::of(names, ends, Shell::sample())
        };
        let many = Self {
            roles: "a lead".to_owned(),
            places: vec![
                place("1", "Firefox on Windows", true),
                place("2", "Safari on an iPhone", false),
            ],
            has_others: true,
            looks: vec![Look {
                at: "Tuesday 11 May 2027, 2pm".to_owned(),
                who: "Kim Lee".to_owned(),
                what: "what helps you to take part",
            }],
            has_app: true,
            codes_left: 1,
            ..plain.clone()
        };
        let mut wrong = many.clone();
        wrong.codes_left = 8;
        wrong.full_name = Answer::default();
        wrong.full_name.refuse("Enter your full name");
        wrong.errors = problems([("full_name", &wrong.full_name)]);
        vec![plain, many, wrong]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<AccountPage>();
    }
}

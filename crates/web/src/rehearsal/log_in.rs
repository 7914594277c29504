//! Being somebody of the invented team, without their mailbox and their phone.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{Redirect, Response};
use sea_orm::EntityTrait;

use super::LogInAsPath;
use crate::app::App;
use crate::entity::account;
use crate::error::Error;
use crate::forms::Fields;
use crate::people;
use crate::sign_in::cookies::Cookie;
use crate::sign_in::mail::roles_in_words;
use crate::sign_in::role::{self, Role};
use crate::sign_in::{self, Beginning, Rise};
use crate::staff;

/// Somebody of the team.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub name: String,
    pub email: String,
    /// "a coordinator and a lead"
    pub roles: String,
}

/// Everybody with a role.
pub(super) async fn team(app: &App) -> Result<Vec<Member>, Error> {
    let mut team = Vec::new();
    for account in account::Entity::find().all(app.reader()).await? {
        let roles = role::of(app.reader(), account.person).await?;
        let person = people::find(app.reader(), account.person).await?;
        let (Some(person), Some(first)) = (person, roles.first()) else {
            continue;
        };
        team.push((
            Role::ALL.iter().position(|it| it == first),
            Member {
                name: person.full_name,
                email: account.email,
                roles: roles_in_words(&roles),
            },
        ));
    }
    // Whoever may do most comes first.
    team.sort_by(|(one, a), (other, b)| other.cmp(one).then(a.name.cmp(&b.name)));
    Ok(team.into_iter().map(|(_, member)| member).collect())
}

pub(super) async fn log_in(
    _: LogInAsPath,
    State(app): State<App>,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, Error> {
    let email = fields.line("email")?;
    fields.done()?;
    let account = sign_in::account_of(app.reader(), &email)
        .await?
        .ok_or(Error::NotFound)?;
    let person = account.person;
    let browser_words = &sign_in::browser_words(&headers);
    let handle = app
        .change(|work| async move {
            let beginning = Beginning {
                person,
                browser: "rehearsal".to_owned(),
                browser_words: browser_words.clone(),
                next: None,
            };
            let begun = sign_in::begin(&work, beginning).await?;
            sign_in::raise(&work, begun.id, Rise::Second).await
        })
        .await?;
    let roles = role::of(app.reader(), person).await?;
    Ok(Cookie::SignIn
        .give(app.setup(), &handle)?
        .on(Redirect::to(&staff::start(&roles))))
}
